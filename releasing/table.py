"""The table of RELEASING.md, out of what the matrix proved."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from repository import ROOT, Refused

if TYPE_CHECKING:
    from matrix import Outcome

PAGE = ROOT / "RELEASING.md"
BEGIN, END = "<!-- matrix: written by nox -s matrix -->", "<!-- end of the matrix -->"


def write_table(outcomes: Sequence[Outcome]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise Refused(f"{PAGE.name}: the table stands between {BEGIN} and {END}: put both back")
    PAGE.write_text(f"{before}{BEGIN}\n\n{table(outcomes)}\n{END}{after}", encoding="utf-8")


def table(outcomes: Sequence[Outcome]) -> str:
    columns = list(dict.fromkeys(_column(outcome) for outcome in outcomes))
    lines = ["| who learns | wheels | " + " | ".join(columns) + " |"]
    lines += ["| --- " * (2 + len(columns)) + "|"]
    for (who, stand), cells in groupby(outcomes, key=_row):
        found = {_column(outcome): _word(outcome) for outcome in cells}
        lines.append(f"| {who} | {stand} | " + " | ".join(found[c] for c in columns) + " |")
    said = dict.fromkeys(outcome.said for outcome in outcomes if outcome.said)
    return "\n".join([*lines, *(f"\n```text\n{each}\n```" for each in said)]) + "\n"


def _row(outcome: Outcome) -> tuple[str, str]:
    cell = outcome.cell
    versions = [f"{n.removeprefix('tinytorch-')} {w.version}" for n, w in cell.stand.wheels.items()]
    return " + ".join(cell.configuration), f"{cell.stand.title} ({', '.join(versions)})"


def _column(outcome: Outcome) -> str:
    return f"{outcome.cell.python}, {outcome.cell.resolution}"


def _word(outcome: Outcome) -> str:
    if not outcome.passed:
        return "**fails**"
    return "refused" if outcome.said else "works"
