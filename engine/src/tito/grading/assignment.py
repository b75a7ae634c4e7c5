"""An assignment as grading needs it: the instructor's cells, and the stubs students started from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property

from tito.curriculum.source import Cell, Unreadable, read_notebook
from tito.curriculum.views import locked, with_checksum
from tito.errors import CourseFolderError
from tito.grading.course import CourseFolder
from tito.model import Finding


@dataclass(frozen=True)
class Assignment:
    """`cells` are the source's, in order, with the stub in every cell that is the student's; so a
    submission is these cells with other texts in some. `module` is the id of the lesson's module;
    `digest` changes with anything that is in the source or was handed out; `handed_out` maps a
    grade id to its cell's plain text without hidden tests. `rubrics` say how a person grades the
    answers of these grade ids.
    """

    name: str
    module: str
    cells: tuple[Cell, ...]
    digest: str
    handed_out: dict[str, str] = field(default_factory=dict)
    rubrics: dict[str, str] = field(default_factory=dict)

    @cached_property
    def graded(self) -> tuple[Cell, ...]:
        """The cells that are worth points, those that a person grades included."""
        return tuple(cell for cell in self.cells if cell.nbgrader.get("grade"))

    @property
    def master(self) -> tuple[Cell, ...]:
        """The cells as nbgrader's gradebook keeps them: locked, each with its checksum."""
        return tuple(with_checksum(locked(cell)) for cell in self.cells)

    @cached_property
    def plain_texts(self) -> tuple[str, ...]:
        return tuple(cell.plain_text for cell in self.cells)

    @cached_property
    def answers(self) -> dict[str, Cell]:
        """Grade id → the stub of each cell that a student fills in."""
        return {cell.grade_id: cell for cell in self.cells if cell.is_solution}


def read_assignment(course: CourseFolder, name: str) -> Assignment:
    """Raises CourseFolderError if its source or release is missing or no notebook."""
    return parse_assignment(name, *read_texts(course, name))


def read_texts(course: CourseFolder, name: str) -> tuple[str, str]:
    """The source notebook and the release notebook. Raises CourseFolderError if one is missing."""
    texts = []
    for path in (course.source(name), course.release(name)):
        try:
            texts.append(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            message = f"the assignment {name} cannot be read: {error}"
            fix = f"tito nbgrader generate {name}"
            raise CourseFolderError(Finding(message, str(path), fix)) from None
    return texts[0], texts[1]


def parse_assignment(name: str, *texts: str) -> Assignment:
    """The assignment of these two notebooks. Raises CourseFolderError if one is no notebook."""
    try:
        source, release = (read_notebook(text, f"{name}.ipynb") for text in texts)
    except Unreadable as error:
        raise CourseFolderError(error.finding) from None
    handed_out = release.by_grade_id
    cells = (
        replace(cell, text=handed_out[cell.grade_id].text) if cell.is_solution else cell
        for cell in source.cells
    )
    answers = (cell for cell in source.cells if cell.is_solution and cell.kind == "markdown")
    rubrics = {cell.grade_id: cell.text for cell in answers}
    digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()
    plain = {grade_id: cell.plain_text for grade_id, cell in handed_out.items()}
    return Assignment(name, name.partition("_")[2], tuple(cells), digest, plain, rubrics)
