"""The views of a lesson: each a short tuple of small cell transforms.

A transform takes a cell and its lesson, and returns the cell as the view shows it, or None to leave
it out. Order matters where it is noted.
"""

from __future__ import annotations

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


def drop_hidden_tests(cell: Cell, lesson: Lesson) -> Cell:
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
