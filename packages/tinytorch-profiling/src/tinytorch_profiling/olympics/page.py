"""The leaderboard as one HTML file that needs nothing else and runs no script."""

from html import escape

from tinytorch_profiling.olympics.events import EVENTS, MAY_LOSE, MODELS
from tinytorch_profiling.olympics.picture import picture
from tinytorch_profiling.olympics.ranking import through_the_gate
from tinytorch_profiling.olympics.words import NAMES, bounds, of_figure, seconds

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --pale: #667; --line: #d8dbe0; --back: #fff;
  --bar: #2166ac; --bad: #b2182b; --first: #f3f6fa; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --pale: #9aa; --line: #3a3f46;
  --back: #16191d; --bar: #6aa6e0; --bad: #f08a7a; --first: #1f252c; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back);
  max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 3rem; } h3 { margin: 2rem 0 0; }
.pale { color: var(--pale); } .bad { color: var(--bad); } .wide { overflow-x: auto; }
table { border-collapse: collapse; min-width: 36rem; }
td.name { overflow-wrap: anywhere; min-width: 10rem; }
caption { text-align: left; color: var(--pale); padding-bottom: .4rem; }
th, td { text-align: left; padding: .25rem 1.2rem .25rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.first { background: var(--first); } tr.first td:first-child { font-weight: 600; }
.pictures { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
svg { width: 100%; height: auto; font-size: 13px; } svg text { fill: var(--pale); }
svg .mid { text-anchor: middle; } svg .end { text-anchor: end; } svg .grid { stroke: var(--line); }
svg .front { stroke: var(--bar); fill: none; stroke-dasharray: 5 4; }
svg .entry circle { fill: var(--bar); } svg .entry .bar { stroke: var(--bar); }
svg .entry text { fill: var(--ink); font-weight: 600; }
svg .reference circle { fill: none; stroke: var(--pale); } svg .reference .bar { stroke: var(--pale); }
code { font-size: .85em; }
"""
FLAG = "⚑"
MORE = ("bytes", "time", "accuracy")  # shown beside what decides


def page(standings):
    """`standings` are model → event → table."""
    parts = "".join(model(id, events) for id, events in standings.items())
    parts = parts or '<p class="pale">Nobody competes yet.</p>'
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>The Olympics of TinyTorch</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>The Olympics</h1>\n{rules()}{parts}</body>\n</html>\n"
    )


def rules():
    return (
        '<p class="pale">Every figure was measured by whoever verified the submission; what was claimed '
        "counts for nothing. Beside a figure stands between what it may well lie: 95 of 100 repetitions "
        "do. Your place is 1 + how many beat you, and somebody beats you whose figure is better even at "
        f"its worst than yours at its best. More than {100 * MAY_LOSE:.0f} points less accurate than "
        "the reference, and there is no place at all. Accuracy is measured on fresh images; time is a "
        "share of the reference’s.</p>\n"
    )


def model(id, events):
    results = [result for _, result in events["balanced"]]
    numbers = {result.submission: n for n, result in enumerate(results, 1)}
    tables = "".join(event(EVENTS[name], table, numbers) for name, table in events.items())
    return (
        f"<h2>{escape(MODELS[id].title)}</h2>\n"
        f"{pictures(results, numbers)}{tables}{measurements(results, numbers)}"
    )


def pictures(results, numbers):
    """Of those that have a place: one far below the others would push these into one line."""
    shown = [(numbers[each.submission], each) for each in results if through_the_gate(each)]
    if not shown:
        return ""
    time = picture(shown, "time", "time, as a share of the reference’s")
    return (
        f'<div class="pictures">{picture(shown, "bytes", "bytes")}{time}</div>\n<p class="pale">Up and '
        "to the left is better. Lines are spreads, the hollow circle is the reference, and nobody is "
        "beyond the dashed line. Who has no place is left out.</p>\n"
    )


def event(about, table, numbers):
    named = [NAMES[name] for name in (about.figure, *others(about))]
    heads = [("place", "n"), ("", "n"), ("", "name"), (named[0], "n"), ("spread", "n")]
    heads += [(name, "n") for name in named[1:]]
    rows = [row(about, place, result, numbers[result.submission]) for place, result in table]
    reference = getattr(table[0][1].reference, about.figure).value
    note = f"{about.rule}; the reference has {of_figure(about.figure, reference)}"
    return f"<h3>{about.title}</h3>\n" + listed(heads, rows, note)


def others(about):
    return [name for name in MORE if name != about.figure]


def row(about, place, result, number):
    figure = getattr(result.measured, about.figure)
    more = [
        cell(of_figure(name, getattr(result.measured, name).value), "n") for name in others(about)
    ]
    cells = [
        cell(place or "–", "n"),
        cell(number, "n pale"),
        cell(f"{result.name} {FLAG}" if result.flags else result.name, "name"),
        cell(of_figure(about.figure, figure.value), "n"),
        cell(bounds(about.figure, figure) or "exact", "n pale"),
        *more,
    ]
    first = ' class="first"' if place == 1 else ""
    return f"<tr{first}>{''.join(cells)}</tr>"


def measurements(results, numbers):
    """What else is known of each, and what was odd."""
    heads = [
        ("", "n"),
        ("", "name"),
        ("plain images", "n"),
        ("parameters", "n"),
        ("one image", "n"),
    ]
    heads += [("a batch", "n"), ("claimed", ""), ("verified", "")]
    rows = [
        "<tr>"
        + cell(numbers[result.submission], "n pale")
        + cell(result.name, "name")
        + cell(of_figure("accuracy", result.measured.plain.value), "n")
        + cell(f"{result.measured.parameters:,}", "n")
        + cell(seconds(result.measured.seconds_one), "n")
        + cell(seconds(result.measured.seconds_many), "n")
        + f"<td>{claims(result)}</td><td>{provenance(result)}</td></tr>"
        for result in results
    ]
    return "<h3>Measurements</h3>\n" + listed(heads, rows, "times with what asking costs")


def claims(result):
    said = [
        f'<span class="{"bad" if name in result.refuted else "pale"}">'
        f"{NAMES[name]} {escape(of_figure(name, value))}{' (refuted)' if name in result.refuted else ''}"
        "</span>"
        for name, value in result.claims.items()
    ]
    said += [f'<strong class="bad">{escape(flag)}</strong>' for flag in result.flags]
    return "<br>".join(said)


def provenance(result):
    by = result.verifier
    where = f"{by.date}, {by.machine}, Python {by.versions.get('python', '')}"
    return f'{escape(where)}<br><code class="pale">{escape(result.submission[:16])}</code>'


def cell(value, kind):
    return f'<td class="{kind}">{escape(str(value))}</td>'


def listed(heads, rows, note):
    top = "".join(f'<th class="{kind}">{escape(head)}</th>' for head, kind in heads)
    return (
        f'<div class="wide"><table>\n<caption>{escape(note)}</caption>\n'
        f"<thead><tr>{top}</tr></thead>\n<tbody>\n{''.join(rows)}\n</tbody>\n</table></div>\n"
    )
