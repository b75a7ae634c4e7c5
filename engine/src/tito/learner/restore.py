"""Puts back what a learner must not change, and keeps what is theirs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tito.curriculum.source import Cell, Source


def restore(own: Source, handed_out: Source) -> tuple[Cell, ...]:
    """The handed-out cells, with the learner's text in the exercise cells.

    Cells that the learner added follow the handed-out cell they stood behind.
    """
    theirs = own.by_grade_id
    added = _added(own, handed_out)
    cells: list[Cell] = [*added.get("", ())]
    for cell in handed_out.cells:
        mine = theirs.get(cell.grade_id) if cell.is_solution else None
        cells.append(_with_text_of(mine, cell) if mine else cell)
        cells += added.get(_key(cell), ())
    return tuple(cells)


def _with_text_of(mine: Cell, given: Cell) -> Cell:
    """The learner's code under the directives that the cell was handed out with."""
    gone = {directive.offset for directive in mine.directives()}
    kept = [line for offset, line in enumerate(mine.text.split("\n")) if offset not in gone]
    lines = given.text.split("\n")
    directives = [lines[directive.offset] for directive in given.directives()]
    return replace(given, text="\n".join([*directives, *kept]))


def _added(own: Source, handed_out: Source) -> dict[str, list[Cell]]:
    """The learner's own cells, by the key of the handed-out cell before them."""
    known = {_key(cell) for cell in handed_out.cells}
    added: dict[str, list[Cell]] = {}
    for anchor, cell in _anchored(own, known):
        added.setdefault(anchor, []).append(replace(cell, metadata=_ungraded(cell)))
    return added


def _anchored(own: Source, known: set[str]) -> Iterator[tuple[str, Cell]]:
    anchor = ""
    for cell in own.cells:
        if _key(cell) in known:
            anchor = _key(cell)
        else:
            yield anchor, cell


def _ungraded(cell: Cell) -> dict[str, object]:
    return {key: value for key, value in cell.metadata.items() if key != "nbgrader"}


def _key(cell: Cell) -> str:
    """What tells a handed-out cell again: its grade id, else its cell id, else its text."""
    return cell.grade_id or cell.id or cell.plain_text
