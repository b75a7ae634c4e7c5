"""A module's source as it is being compiled: what the rules look at."""

from __future__ import annotations

from dataclasses import dataclass

from tito.curriculum.config import ModuleConfig
from tito.curriculum.lesson import Lesson, lesson
from tito.curriculum.regions import SOLUTION, enclosing_function, regions
from tito.curriculum.source import Cell, Source


@dataclass(frozen=True, slots=True)
class Draft:
    """`file` and `config_file` are what messages call the source and its module.yaml."""

    id: str
    config: ModuleConfig
    config_file: str
    file: str
    lines: int
    lesson: Lesson

    @property
    def code(self) -> list[Cell]:
        return [cell for cell in self.lesson.cells if cell.kind == "code"]


def draft(
    module_id: str, number: int, config: ModuleConfig, config_file: str, source: Source, lines: int
) -> Draft:
    titles = {cell.grade_id: _task_title(cell) for cell in source.cells if cell.grade_id}
    made = lesson(source, number, titles)
    return Draft(module_id, config, config_file, source.file, lines, made)


def _task_title(cell: Cell) -> str:
    """An exercise is called like the function in which its first solution stands."""
    try:
        found = [r for r in regions(cell) if r.kind == SOLUTION]
        return enclosing_function(cell, found[0]) if found else ""
    except (SyntaxError, ValueError):
        return ""  # the rules say so
