"""A page about a class: who stands where, what most of it fails, what a person should look at.

One HTML file that needs nothing else and runs no script. Without names, students are numbered by
how much they have earned, so that nobody's place in the alphabet gives them away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape

from tito.grading.standing import Standing

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --pale: #667; --line: #d8dbe0; --back: #fff;
  --good: #1b7837; --bad: #b2182b; --bar: #2166ac; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --pale: #9aa; --line: #3a3f46;
  --back: #16191d; --good: #5fbf7a; --bad: #f08a7a; --bar: #6aa6e0; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back);
  max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 2.5rem; } .pale { color: var(--pale); }
.wide { overflow-x: auto; } table { border-collapse: collapse; min-width: 24rem; }
caption { text-align: left; color: var(--pale); padding-bottom: .4rem; }
th, td { text-align: left; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; } .n { text-align: right; font-variant-numeric: tabular-nums; }
.cell { text-align: right; padding: .25rem .8rem .25rem 0; font-variant-numeric: tabular-nums; }
.bar { display: inline-block; height: .7rem; background: var(--bar); vertical-align: middle; }
.bad { background: var(--bad); } code { font-size: .9em; }
"""
TOO_FEW = 3  # submissions: fewer say more about a person than about a task
MOST_TASKS = 15


@dataclass(frozen=True, slots=True)
class Look:
    """What the page is about. `titles` maps (assignment, grade id) to what a task is called."""

    course: str
    now: datetime
    titles: Mapping[tuple[str, str], str]
    named: bool = False


def page(standings: Sequence[Standing], look: Look) -> str:
    """The report as one HTML file."""
    people = _people(standings, look.named)
    parts = (
        _assignments(standings),
        _class(standings, people, look.now),
        _hardest(standings, look.titles),
        _flags(standings, people, look.titles),
    )
    graded = sum(standing.result is not None for standing in standings)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(look.course)}: the class</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escape(look.course)}</h1>\n"
        f'<p class="pale">{len(people)} students, {graded} of {len(standings)} submissions graded, '
        f"{look.now:%Y-%m-%d %H:%M}</p>\n{''.join(parts)}</body>\n</html>\n"
    )


def _people(standings: Iterable[Standing], named: bool) -> dict[str, str]:
    """Student → what the page calls them, from most points to fewest."""
    points: dict[str, float] = defaultdict(float)
    for standing in standings:
        points[standing.student] += standing.result.earned if standing.result else 0.0
    order = sorted(points, key=lambda student: (-points[student], student))
    return {student: student if named else f"student {n}" for n, student in enumerate(order, 1)}


def _assignments(standings: Iterable[Standing]) -> str:
    rows = []
    for name, group in _by_assignment(standings).items():
        results = [standing.result for standing in group if standing.result]
        shares = sorted(result.earned / (result.points or 1) for result in results)
        middle = f"{shares[len(shares) // 2]:.0%}" if shares else ""
        mean = f"{sum(shares) / len(shares):.0%}" if shares else ""
        by_hand = sum(any(score.manual for score in result.scores) for result in results)
        flagged = sum(bool(result.flags) for result in results)
        numbers = (len(group), len(results), mean, middle, by_hand or "", flagged or "")
        rows.append([f"<td>{escape(name)}</td>", *map(_number, numbers), _spread(shares)])
    heads = ("assignment", "submitted", "graded", "mean", "median", "by hand", "flagged", "points")
    return _section(
        "Assignments",
        heads,
        rows,
        "the last column: how many earned how much, 0 to 100 %",
        "nothing was handed in",
    )


def _spread(shares: Sequence[float]) -> str:
    """A small histogram in tenths."""
    counts = [0] * 10
    for share in shares:
        counts[min(max(int(share * 10), 0), 9)] += 1
    tallest = max(counts) or 1
    bars = "".join(
        f'<rect x="{8 * n}" y="{20 - 20 * count / tallest:.1f}" width="7"'
        f' height="{20 * count / tallest:.1f}" fill="var(--bar)"/>'
        for n, count in enumerate(counts)
    )
    said = ", ".join(f"{n}0 %: {count}" for n, count in enumerate(counts) if count)
    return f'<td><svg width="80" height="20" role="img" aria-label="{said}">{bars}</svg></td>'


def _class(standings: Sequence[Standing], people: Mapping[str, str], now: datetime) -> str:
    """A row for each student, a column for each assignment."""
    names = list(_by_assignment(standings))
    by_pair = {(standing.student, standing.assignment): standing for standing in standings}
    rows = []
    for student, called in people.items():
        theirs = [by_pair.get((student, name)) for name in names]
        last = max(standing.handed_in for standing in theirs if standing)
        cells = [_share(standing) for standing in theirs]
        rows.append([f"<td>{escape(called)}</td>", *cells, f"<td>{_ago(now - last)}</td>"])
    heads = ("student", *names, "last submission")
    return _section(
        "Who stands where", heads, rows, "points in percent; … waits to be graded", "nobody"
    )


def _share(standing: Standing | None) -> str:
    if standing is None:
        return '<td class="cell pale">–</td>'
    if standing.result is None:
        return '<td class="cell">…</td>'
    share = standing.result.earned / (standing.result.points or 1)
    flag = " ⚑" if standing.result.flags else ""
    color = f"color-mix(in srgb, var(--good) {share:.0%}, var(--bad))"
    return f'<td class="cell" style="box-shadow: inset 0 -3px {color}">{share:.0%}{flag}</td>'


def _ago(time: timedelta) -> str:
    """In the largest unit of which there is at least one: `3 days ago`."""
    units = ((86400, "day"), (3600, "hour"), (60, "minute"))
    for size, unit in units:
        if (count := int(time.total_seconds() // size)) >= 1:
            return f"{count} {unit}{'s' * (count > 1)} ago"
    return "just now"


def _tasks(standings: Iterable[Standing]) -> dict[tuple[str, str], list[float]]:
    """(assignment, grade id) → the share of its points that each graded submission earned."""
    earned: dict[tuple[str, str], list[float]] = defaultdict(list)
    for standing in standings:
        for score in standing.result.scores if standing.result else ():
            if score.points and not score.manual:
                earned[standing.assignment, score.id].append(score.earned / score.points)
    return earned


def _hardest(standings: Iterable[Standing], titles: Mapping[tuple[str, str], str]) -> str:
    """The tasks that the class earned least of, hardest first, and then all of them in order."""
    earned = _tasks(standings)
    missed = {key: 1 - sum(got) / len(got) for key, got in earned.items()}

    def row(key: tuple[str, str]) -> list[str]:
        bar = f'<span class="bar bad" style="width: {8 * missed[key]:.2f}rem"></span>'
        named = f"<td>{escape(key[0])}</td><td>{escape(titles.get(key, key[1]))}</td>"
        return [named, f"<td>{bar} {missed[key]:.0%}</td>", _number(len(earned[key]))]

    telling = [key for key in missed if missed[key] and len(earned[key]) >= TOO_FEW]
    worst = sorted(telling, key=lambda key: (-missed[key], key))[:MOST_TASKS]
    heads = ("assignment", "task", "points not earned", "submissions")
    nothing = f"no task was failed that at least {TOO_FEW} have handed in"
    return _section("What the class fails most", heads, map(row, worst), empty=nothing) + _section(
        "Every task", heads, map(row, earned), empty="nothing is graded yet"
    )


def _flags(
    standings: Iterable[Standing],
    people: Mapping[str, str],
    titles: Mapping[tuple[str, str], str],
) -> str:
    rows = [
        [
            f"<td>{escape(people[standing.student])}</td><td>{escape(standing.assignment)}</td>",
            f"<td>{escape(titles.get((standing.assignment, flag.cell), flag.cell))}</td>",
            f"<td>{escape(flag.text)}</td>",
        ]
        for standing in standings
        for flag in (standing.result.flags if standing.result else ())
    ]
    heads = ("student", "assignment", "task", "why a person should look")
    return _section("Flags", heads, rows, empty="nothing was flagged")


def _by_assignment(standings: Iterable[Standing]) -> dict[str, list[Standing]]:
    groups: dict[str, list[Standing]] = defaultdict(list)
    for standing in standings:
        groups[standing.assignment].append(standing)
    return dict(sorted(groups.items()))


def _number(value: object) -> str:
    return f'<td class="n">{value}</td>'


def _section(
    title: str, heads: Sequence[str], rows: Iterable[Sequence[str]], note: str = "", empty: str = ""
) -> str:
    """A table under its title; `note` explains it, `empty` says why there is none."""
    body = "\n".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    if not body:
        return f'<h2>{title}</h2>\n<p class="pale">{empty}</p>\n'
    top = "".join(f"<th>{escape(head)}</th>" for head in heads)
    return (
        f'<h2>{title}</h2>\n<div class="wide"><table>\n<caption>{note}</caption>\n'
        f"<thead><tr>{top}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>\n"
    )
