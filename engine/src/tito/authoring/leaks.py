"""What of an author's solutions a handed-out lesson shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tito.curriculum.regions import HIDDEN_TESTS, SOLUTION, regions
from tito.curriculum.source import Cell
from tito.model import Finding

MARKS = (f"### BEGIN {SOLUTION}", f"### BEGIN {HIDDEN_TESTS}")


def leaks(source: Sequence[Cell], handed_out: Iterable[Cell]) -> Iterator[Finding]:
    """Lines that stand only within solutions and hidden tests of the source, and were handed out."""
    secret = {line: cell for cell in source for line in _lines(cell, inside=True)}
    given = {line for cell in source for line in _lines(cell, inside=False)}
    for cell in handed_out:
        for line in map(str.strip, cell.text.split("\n")):
            if (line in secret and line not in given) or any(mark in line for mark in MARKS):
                where = str(secret[line].place()) if line in secret else str(cell.place())
                yield Finding(f"the handed-out lesson shows a line of a solution: {line}", where)


def _lines(cell: Cell, inside: bool) -> Iterator[str]:
    within = {n for region in regions(cell) for n in range(region.begin + 1, region.end)}
    for number, line in enumerate(cell.text.split("\n")):
        if line.strip() and (number in within) == inside:
            yield line.strip()
