"""From results to nbgrader: its gradebook and the executed notebooks, as its autograde leaves them.

Writing again what was written changes nothing, so this may be called at any time, for everybody.
What a grader gave by hand stays.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice

from tito.errors import CourseFolderError
from tito.grading.assignment import Assignment, read_assignment
from tito.grading.book import Book, Entry
from tito.grading.course import CourseFolder
from tito.grading.database import transaction
from tito.grading.executed import executed
from tito.grading.grade import rebuilt_from
from tito.grading.register import register
from tito.grading.result import Result, load
from tito.grading.submission import Refused, take
from tito.grading.timestamp import handed_in
from tito.model import Finding
from tito.workspace.files import write_atomically

BATCH = 200  # submissions in one transaction


def record(course: CourseFolder, name: str, students: Iterable[str] | None = None) -> int:
    """Write the results of an assignment, of these students or of all; how many were new.

    Raises CourseFolderError if a result or the gradebook cannot be used; the batches before that
    are whole.
    """
    assignment = read_assignment(course, name)
    register(course, assignment)
    chosen = iter(course.students(name) if students is None else students)
    count = 0
    while batch := list(islice(chosen, BATCH)):
        with transaction(course) as connection:
            book = Book(connection, assignment)
            new = list(_new(course, assignment, book.written(batch), batch))
            book.write(new)
        count += len(new)
    return count


def _new(
    course: CourseFolder, assignment: Assignment, written: dict[str, str], batch: list[str]
) -> Iterator[Entry]:
    """What the gradebook has not, or not like this; its notebook is on disk when it is given."""
    for student in batch:
        path = course.result(student, assignment.name)
        with suppress(FileNotFoundError):
            text = path.read_text(encoding="utf-8")
            at = handed_in(course.submitted(student, assignment.name))
            parts = (assignment.digest, str(at), text)
            digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
            notebook = course.autograded(student, assignment.name)
            if written.get(student) == digest and notebook.exists():
                continue
            try:
                result = load(text)
            except ValueError as error:
                fix = f"tito nbgrader autograde {assignment.name} --student {student} --force"
                message = f"this result cannot be read: {error}"
                raise CourseFolderError(Finding(message, str(path), fix)) from None
            untouched = _write_notebook(course, assignment, student, result)
            yield Entry(result, at, digest, untouched)


def _write_notebook(
    course: CourseFolder, assignment: Assignment, student: str, result: Result
) -> frozenset[str]:
    """The executed notebook; returns the grade ids of the answers that are as handed out."""
    try:
        submission = take(course.submitted(student, assignment.name), assignment.module)
        cells = rebuilt_from(assignment, submission).cells
    except Refused:
        cells = assignment.cells
    path = course.autograded(student, assignment.name)
    write_atomically(path, executed(assignment, cells, result))
    stubs = {grade_id: cell.text for grade_id, cell in assignment.answers.items()}
    return frozenset(c.grade_id for c in cells if stubs.get(c.grade_id) == c.text)
