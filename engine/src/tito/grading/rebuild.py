"""Rebuilds a submission on the instructor's cells: only what stands in answer cells is the student's.

Whatever else was done to the notebook is undone and noted: it costs nobody their work, and earns
nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tito.curriculum.source import Cell, Source
from tito.grading.assignment import Assignment
from tito.grading.result import Remark


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The assignment's cells with the student's answers, and what had to be restored."""

    cells: tuple[Cell, ...]
    notes: tuple[Remark, ...]


def rebuild(assignment: Assignment, submitted: Source) -> Rebuilt:
    """Of two cells with one grade id the last counts, as in nbgrader."""
    theirs = submitted.by_grade_id
    notes = tuple(_notes(assignment, submitted, theirs))
    return Rebuilt(with_answers(assignment, theirs), notes)


def with_answers(assignment: Assignment, theirs: dict[str, Cell]) -> tuple[Cell, ...]:
    """The assignment's cells with these texts in the answer cells, by grade id."""
    answers = assignment.answers
    return tuple(
        replace(cell, text=theirs[cell.grade_id].text)
        if cell.grade_id in answers and _same_kind(cell, theirs.get(cell.grade_id))
        else cell
        for cell in assignment.cells
    )


def _same_kind(given: Cell, cell: Cell | None) -> bool:
    return cell is not None and cell.kind == given.kind


def _notes(assignment: Assignment, submitted: Source, theirs: dict[str, Cell]) -> Iterator[Remark]:
    for given, plain in zip(assignment.cells, assignment.plain_texts, strict=True):
        text = assignment.handed_out.get(given.grade_id, plain)
        if given.grade_id and (text := _changed(given, text, theirs.get(given.grade_id))):
            yield Remark("note", given.grade_id, text)
    known = {cell.grade_id for cell in assignment.cells}
    counts = Counter(cell.grade_id for cell in submitted.cells if cell.grade_id)
    for grade_id, count in counts.items():
        if grade_id not in known:
            yield Remark("note", grade_id, "this cell is none of the assignment's: left out")
        elif count > 1:
            yield Remark("note", grade_id, f"there are {count} of this cell: the last one counts")
    given_texts = set(assignment.plain_texts)
    own = [c for c in submitted.cells if c.kind == "code" and not c.grade_id and c.text.strip()]
    own = [cell for cell in own if cell.text not in given_texts]
    if count := sum(cell.plain_text not in given_texts for cell in own):
        text = f"{count} code cells outside the exercises were added or changed: as handed out"
        yield Remark("note", "", text)


def _changed(given: Cell, text: str, cell: Cell | None) -> str:
    """What was done to a cell that was handed out with this text; empty if nothing that matters."""
    what = "exercise" if given.is_solution else "test" if given.is_test else "cell"
    restored = "nothing was handed in for it" if given.is_solution else "restored"
    if cell is None:
        return f"this {what} is gone: {restored}"
    if cell.kind != given.kind:
        return f"this {what} is a {cell.kind} cell now: {restored}"
    if not given.is_solution and cell.text != text and cell.plain_text != text:
        return f"this {what} was edited: restored"
    if cell.nbgrader.get("points") != given.nbgrader.get("points"):
        return f"the points of this {what} were changed: restored"
    return ""
