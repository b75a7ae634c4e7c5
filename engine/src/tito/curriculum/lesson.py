"""A module's source with everything an author may leave out filled in."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tito.curriculum.regions import SOLUTION, regions
from tito.curriculum.source import Cell, Source
from tito.model import Task

# https://nbgrader.readthedocs.io/en/stable/contributor_guide/metadata.html
SCHEMA_VERSION = 3


@dataclass(frozen=True, slots=True)
class Lesson:
    """The cells of module `number` with full nbgrader metadata, and its tasks by grade id."""

    number: int
    cells: tuple[Cell, ...]
    tasks: dict[str, Task]


def lesson(source: Source, number: int, task_titles: dict[str, str]) -> Lesson:
    """`task_titles` maps the grade ids of exercise cells to what their tasks are called."""
    cells = tuple(_with_defaults(cell) for cell in source.cells)
    exercises = [cell.grade_id for cell in cells if cell.is_solution]
    tasks = {
        grade_id: Task(grade_id, f"{number}.{n}", task_titles.get(grade_id, grade_id))
        for n, grade_id in enumerate(exercises, 1)
    }
    return Lesson(number, cells, tasks)


def _with_defaults(cell: Cell) -> Cell:
    """A cell with a solution region is a solution, a cell with points is a locked, graded test."""
    solution = cell.kind == "code" and any(r.kind == SOLUTION for r in regions(cell))
    unreadable = not isinstance(cell.metadata.get("nbgrader", {}), dict)
    if unreadable or not (cell.nbgrader or solution):
        return cell
    grade = "points" in cell.nbgrader
    defaults = {
        "grade": grade,
        "grade_id": "",
        "locked": grade and not solution,
        "schema_version": SCHEMA_VERSION,
        "solution": solution,
        "task": False,
    }
    return replace(cell, metadata={**cell.metadata, "nbgrader": {**defaults, **cell.nbgrader}})
