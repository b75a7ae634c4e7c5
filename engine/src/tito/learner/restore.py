"""Puts back what a learner must not change, and keeps what is theirs."""

from __future__ import annotations

from dataclasses import replace

from tito.curriculum.source import Cell, Source
from tito.learner.matching import alike, by_id, by_task, by_text, places

# Scripts have no cell ids, and Colab drops them.
STEPS = (by_task, by_id, by_text, alike("markdown"))


def restore(own: Source, handed_out: Source) -> tuple[Cell, ...]:
    """The handed-out cells, with the learner's text in the exercises and in the markdown.

    Cells that the learner added follow the handed-out cell they stood behind.
    """
    theirs, added = _sorted_out(own, handed_out)
    cells = added.get(-1, [])
    for place, given in enumerate(handed_out.cells):
        mine = theirs.get(place) if given.is_solution or given.kind == "markdown" else None
        cells.append(_with_text_of(mine, given) if mine else given)
        cells += added.get(place, ())
    return tuple(cells)


def _sorted_out(own: Source, handed_out: Source) -> tuple[dict[int, Cell], dict[int, list[Cell]]]:
    """The learner's version of each handed-out cell, by its place, and what they added behind it.

    A copy of a handed-out cell, as Jupyter pastes it, is a cell that the learner added.
    """
    found = places(own.cells, handed_out.cells, STEPS)
    theirs: dict[int, Cell] = {}
    added: dict[int, list[Cell]] = {}
    last = -1
    for cell, place in zip(own.cells, found, strict=True):
        if place is None:
            added.setdefault(last, []).append(replace(cell, metadata=ungraded(cell)))
        else:
            theirs[place] = cell
            last = place
    return theirs, added


def _with_text_of(mine: Cell, given: Cell) -> Cell:
    """The learner's code under the directives that the cell was handed out with."""
    gone = {directive.offset for directive in replace(mine, kind=given.kind).directives()}
    kept = [line for offset, line in enumerate(mine.text.split("\n")) if offset not in gone]
    lines = given.text.split("\n")
    directives = [lines[directive.offset] for directive in given.directives()]
    return replace(given, text="\n".join([*directives, *kept]))


def ungraded(cell: Cell) -> dict[str, object]:
    return {key: value for key, value in cell.metadata.items() if key != "nbgrader"}
