"""The views of a lesson: each a short tuple of small cell transforms.

A transform takes a cell and its lesson, and returns the cell as the view shows it, or None to leave
it out. Order matters where it is noted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

from tito.curriculum.lesson import Lesson
from tito.curriculum.regions import (
    HIDDEN_TESTS,
    SOLUTION,
    Region,
    enclosing_function,
    regions,
)
from tito.curriculum.source import Cell

Transform = Callable[[Cell, Lesson], Cell | None]


def drop_hidden_tests(cell: Cell, lesson: Lesson | None = None) -> Cell:
    return _replace_regions(cell, HIDDEN_TESTS, lambda region, lines: [])


def stub_solutions(cell: Cell, lesson: Lesson) -> Cell:
    """Each solution becomes one line that raises NotImplementedError and names its task."""

    def stub(region: Region, lines: list[str]) -> list[str]:
        mark = lines[region.begin]
        indent = mark[: len(mark) - len(mark.lstrip())]
        function = enclosing_function(cell, region)
        number = lesson.tasks[cell.grade_id].number
        return [f'{indent}raise NotImplementedError("Task {number}: {function}")']

    return _replace_regions(cell, SOLUTION, stub)


def strip_marks(cell: Cell, lesson: Lesson) -> Cell:
    """What stands in the solutions stays, without the lines that mark it."""
    return _replace_regions(cell, SOLUTION, lambda r, lines: lines[r.begin + 1 : r.end])


def only_exported(cell: Cell, lesson: Lesson) -> Cell | None:
    return cell if cell.is_exported else None


def stub_answers(cell: Cell, lesson: Lesson) -> Cell:
    """A question's answer cell as it is handed out; in the source it holds the rubric."""
    if cell.kind != "markdown" or not cell.is_solution:
        return cell
    return replace(cell, text=f"*Your answer to {cell.grade_id.replace('-', ' ')}.*")


def locked(cell: Cell, lesson: Lesson | None = None) -> Cell:
    """As nbgrader locks cells: an answer can't be deleted, a test can't be edited either."""
    if not cell.nbgrader:
        return cell
    keys = {"deletable": False} | ({} if cell.is_solution else {"editable": False})
    return replace(cell, metadata={**cell.metadata, **keys})


def with_checksum(cell: Cell, lesson: Lesson | None = None) -> Cell:
    """With nbgrader's checksum, by which it tells an answer from what was handed out."""
    if not cell.nbgrader:
        return cell
    nbgrader = {**cell.nbgrader, "cell_type": cell.kind, "checksum": checksum(cell)}
    return replace(cell, metadata={**cell.metadata, "nbgrader": nbgrader})


def checksum(cell: Cell) -> str:
    """What nbgrader.utils.compute_checksum gives."""
    grade = bool(cell.nbgrader.get("grade"))
    is_locked = not cell.is_solution and (grade or bool(cell.nbgrader.get("locked")))
    parts = [cell.text, cell.kind, str(grade), str(cell.is_solution), str(is_locked), cell.grade_id]
    if grade:
        parts.append(str(float(cell.nbgrader["points"])))
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest()


def _replace_regions(cell: Cell, kind: str, new: Callable[[Region, list[str]], list[str]]) -> Cell:
    """From the last region to the first, so that the offsets of the others stay true."""
    lines = cell.text.split("\n")
    for region in reversed(regions(cell)):
        if region.kind == kind:
            lines[region.begin : region.end + 1] = new(region, lines)
    return replace(cell, text="\n".join(lines))


# Stubs come first: the name of a stub is found in the cell as its author wrote it.
LEARNER: tuple[Transform, ...] = (stub_solutions, drop_hidden_tests)
SOLVED: tuple[Transform, ...] = (strip_marks, drop_hidden_tests)
REFERENCE: tuple[Transform, ...] = (only_exported, strip_marks)
# An assignment of nbgrader's: its source holds everything; and this is what is handed out.
NBGRADER_SOURCE: tuple[Transform, ...] = ()
NBGRADER_RELEASE: tuple[Transform, ...] = (*LEARNER, stub_answers, locked, with_checksum)


def view(lesson: Lesson, transforms: tuple[Transform, ...]) -> tuple[Cell, ...]:
    """The lesson's cells as the view shows them."""
    cells = []
    for cell in lesson.cells:
        shown: Cell | None = cell
        for transform in transforms:
            shown = transform(shown, lesson) if shown else None
        if shown:
            cells.append(shown)
    return tuple(cells)
