"""Puts back what a learner must not change, and keeps what is theirs."""

from __future__ import annotations

from dataclasses import replace

from tito.curriculum.source import Cell, Source


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
    places = _places(own, handed_out)
    theirs: dict[int, Cell] = {}
    added: dict[int, list[Cell]] = {}
    last = -1
    for cell, place in zip(own.cells, places, strict=True):
        if place is None:
            added.setdefault(last, []).append(replace(cell, metadata=_ungraded(cell)))
        else:
            theirs[place] = cell
            last = place
    return theirs, added


def _places(own: Source, handed_out: Source) -> list[int | None]:
    """For each of the learner's cells, the handed-out cell that it is; None for one they added.

    Nothing names the markdown of a script once it was edited: it is known by where it stands and
    by what is left of it.
    """
    places: list[int | None] = []
    for cell in own.cells:
        given = enumerate(handed_out.cells)
        places.append(next((n for n, g in given if n not in places and _is_same(cell, g)), None))
    for at, cell in enumerate(own.cells):
        if places[at] is None and cell.kind == "markdown":
            before = next((n for n in reversed(places[:at]) if n is not None), -1)
            after = next((n for n in places[at:] if n is not None), len(handed_out.cells))
            free = (n for n in range(before + 1, after) if n not in places)
            places[at] = next((n for n in free if _is_alike(cell, handed_out.cells[n])), None)
    return places


def _is_alike(mine: Cell, given: Cell) -> bool:
    """Whether one is the other, edited: most lines of the shorter one stand in both."""
    if given.kind != "markdown":
        return False
    lines = [{line for line in c.plain_text.splitlines() if line} for c in (mine, given)]
    shorter = min(map(len, lines))
    return shorter > 0 and 2 * len(lines[0] & lines[1]) >= shorter


def _is_same(mine: Cell, given: Cell) -> bool:
    """By grade id, else by cell id, else by text: scripts have no cell ids, and Colab drops them."""
    if mine.grade_id or given.grade_id:
        return mine.grade_id == given.grade_id
    if mine.id and mine.id == given.id:
        return True
    return (mine.kind, mine.plain_text) == (given.kind, given.plain_text)


def _with_text_of(mine: Cell, given: Cell) -> Cell:
    """The learner's code under the directives that the cell was handed out with."""
    gone = {directive.offset for directive in replace(mine, kind=given.kind).directives()}
    kept = [line for offset, line in enumerate(mine.text.split("\n")) if offset not in gone]
    lines = given.text.split("\n")
    directives = [lines[directive.offset] for directive in given.directives()]
    return replace(given, text="\n".join([*directives, *kept]))


def _ungraded(cell: Cell) -> dict[str, object]:
    return {key: value for key, value in cell.metadata.items() if key != "nbgrader"}
