"""From results to nbgrader: its gradebook and the executed notebooks, as its autograde leaves them.

Writing again what was written changes nothing, so this may be called at any time, for everybody.
What a grader gave by hand stays.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from tito.curriculum.source import Cell
from tito.errors import CourseFolderError
from tito.grading.assignment import Assignment, read_assignment
from tito.grading.book import Book, Entry
from tito.grading.course import CourseFolder
from tito.grading.database import transaction
from tito.grading.executed import Press
from tito.grading.intake import take
from tito.grading.late import apply_penalties
from tito.grading.reading import cells_of
from tito.grading.rebuild import with_answers
from tito.grading.register import register
from tito.grading.result import Result, load
from tito.grading.timestamp import handed_in
from tito.model import Finding
from tito.workspace.files import write_atomically

BATCH = 50  # submissions in one transaction: their notebooks are in memory together
WRITERS = 8  # files are flushed to disk side by side: most of that is waiting


def record(course: CourseFolder, name: str, students: Iterable[str] | None = None) -> int:
    """Write the results of an assignment, of these students or of all; how many were new.

    Raises CourseFolderError if a result or the gradebook cannot be used; the batches before that
    are whole.
    """
    assignment = read_assignment(course, name)
    register(course, assignment)
    clerk = Clerk(course, assignment)
    chosen = iter(course.students(name) if students is None else students)
    written = 0
    with ThreadPoolExecutor(WRITERS) as pool:
        while batch := list(islice(chosen, BATCH)):
            with transaction(course) as connection:
                book = Book(connection, assignment)
                new = list(clerk.new(batch, book.written(batch)))
                list(pool.map(lambda made: write_atomically(made.path, made.notebook), new))
                book.write([made.entry for made in new])
            written += len(new)
    with transaction(course) as connection:
        apply_penalties(connection, course, name)
    return written


@dataclass(frozen=True, slots=True)
class Made:
    """What is to be written of a result: into the gradebook, and as a notebook at `path`."""

    entry: Entry
    path: Path
    notebook: str


class Clerk:
    def __init__(self, course: CourseFolder, assignment: Assignment):
        self.course, self.assignment = course, assignment
        self.press = Press(assignment)
        self.stubs = {name: cell.text for name, cell in assignment.answers.items()}

    def new(self, students: Iterable[str], written: dict[str, str]) -> Iterator[Made]:
        """The results that the gradebook has not, or not like this."""
        name = self.assignment.name
        for student in students:
            with suppress(FileNotFoundError):
                text = self.course.result(student, name).read_text(encoding="utf-8")
                at = handed_in(self.course.submitted(student, name))
                parts = (self.assignment.digest, str(at), text)
                digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
                path = self.course.autograded(student, name)
                if written.get(student) != digest or not path.exists():
                    yield self._made(self._result(student, text), at, digest, path)

    def _result(self, student: str, text: str) -> Result:
        try:
            return load(text)
        except ValueError as error:
            name = self.assignment.name
            fix = f"tito nbgrader autograde {name} --student {student} --force"
            where = str(self.course.result(student, name))
            message = f"this result cannot be read: {error}"
            raise CourseFolderError(Finding(message, where, fix)) from None

    def _made(self, result: Result, at: datetime | None, digest: str, path: Path) -> Made:
        cells = self._cells(result) if result.runs else self.assignment.cells
        untouched = {c.grade_id for c in cells if self.stubs.get(c.grade_id) == c.text}
        entry = Entry(result, at, digest, frozenset(untouched))
        return Made(entry, path, self.press.notebook(cells, result))

    def _cells(self, result: Result) -> tuple[Cell, ...]:
        """Those that ran; a submission from which nothing ran could not be read."""
        submitted = self.course.submitted(result.student, self.assignment.name)
        try:
            source, _ = cells_of(take(submitted, self.assignment.module))
        except Exception:  # it was read once, but may have been replaced since, by anything
            return self.assignment.cells
        return with_answers(self.assignment, source.by_grade_id)
