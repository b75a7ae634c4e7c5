"""All grades of a course, read from nbgrader's gradebook once: what exporters write."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nbgrader import api
from sqlalchemy import Connection, func, select

from tito.grading.book import ASSIGNMENTS, CELLS, GRADES, NOTEBOOKS, PAPERS, STUDENTS, SUBMISSIONS
from tito.grading.course import CourseFolder
from tito.grading.database import transaction


@dataclass(frozen=True, slots=True)
class Assigned:
    name: str
    points: float
    due: datetime | None


@dataclass(frozen=True, slots=True)
class Person:
    """`lms` is the id that a learning platform knows the student by."""

    id: str
    first: str
    last: str
    email: str
    lms: str


@dataclass(frozen=True, slots=True)
class Grade:
    """Of one submission. `raw` is what its cells add up to, `penalty` is for lateness; `cells` maps
    grade ids to points; `waits` is whether a person still has to grade something."""

    at: datetime | None
    raw: float
    penalty: float
    waits: bool
    cells: dict[str, float]

    @property
    def score(self) -> float:
        return max(0.0, self.raw - self.penalty)

    def plus(self, other: Grade) -> Grade:
        """Of two notebooks of one submission."""
        raw, penalty = self.raw + other.raw, self.penalty + other.penalty
        return Grade(self.at, raw, penalty, self.waits or other.waits, self.cells | other.cells)


@dataclass(frozen=True, slots=True)
class Sheet:
    """In nbgrader's order. `grades` maps (assignment, student) to a grade, where something was
    handed in."""

    course: str
    assignments: tuple[Assigned, ...]
    people: tuple[Person, ...]
    grades: dict[tuple[str, str], Grade]


def read_sheet(
    course: CourseFolder, assignments: Collection[str] = (), students: Collection[str] = ()
) -> Sheet:
    """Of these assignments and students; of all, where none are named."""
    with transaction(course) as connection:
        assigned = [a for a in _assignments(connection) if a.name in (assignments or (a.name,))]
        people = [p for p in _people(connection) if p.id in (students or (p.id,))]
        grades = _grades(connection)
    return Sheet(course.config.name, tuple(assigned), tuple(people), grades)


def _assignments(connection: Connection) -> Iterator[Assigned]:
    cells = api.GradeCell.__table__
    points = (
        select(NOTEBOOKS.c.assignment_id, func.sum(cells.c.max_score))
        .join_from(NOTEBOOKS, CELLS, CELLS.c.notebook_id == NOTEBOOKS.c.id)
        .join(cells, cells.c.id == CELLS.c.id)
        .group_by(NOTEBOOKS.c.assignment_id)
    )
    total = {row[0]: row[1] for row in connection.execute(points)}
    rows = select(ASSIGNMENTS).order_by(ASSIGNMENTS.c.duedate, ASSIGNMENTS.c.name)
    for row in connection.execute(rows):
        yield Assigned(row.name, total.get(row.id, 0.0), row.duedate)


def _people(connection: Connection) -> Iterator[Person]:
    rows = select(STUDENTS).order_by(STUDENTS.c.last_name, STUDENTS.c.first_name)
    for row in connection.execute(rows):
        names = (row.first_name, row.last_name, row.email, row.lms_user_id)
        yield Person(row.id, *(name or "" for name in names))


def _grades(connection: Connection) -> dict[tuple[str, str], Grade]:
    """An assignment that somebody made by hand may have several notebooks."""
    cells, found = _cells(connection), dict[tuple[str, str], Grade]()
    rows = (
        select(ASSIGNMENTS.c.name, SUBMISSIONS.c.student_id, SUBMISSIONS.c.timestamp)
        .add_columns(PAPERS.c.id, PAPERS.c.late_submission_penalty)
        .join_from(SUBMISSIONS, ASSIGNMENTS, ASSIGNMENTS.c.id == SUBMISSIONS.c.assignment_id)
        .join(PAPERS, PAPERS.c.assignment_id == SUBMISSIONS.c.id)
    )
    for name, student, at, paper, penalty in connection.execute(rows):
        marks = cells.get(paper, {})
        scores = {cell: _score(row) for cell, row in marks.items()}
        waits = any(row.needs_manual_grade for row in marks.values())
        grade = Grade(at, sum(scores.values(), 0.0), penalty or 0.0, waits, scores)
        one = found.get((name, student))
        found[name, student] = one.plus(grade) if one else grade
    return found


def _cells(connection: Connection) -> dict[str, dict[str, Any]]:
    """Submitted notebook → grade id → its row."""
    columns = (GRADES.c.auto_score, GRADES.c.manual_score, GRADES.c.extra_credit)
    rows = select(GRADES.c.notebook_id, CELLS.c.name, GRADES.c.needs_manual_grade, *columns)
    rows = rows.join_from(GRADES, CELLS, CELLS.c.id == GRADES.c.cell_id).order_by(CELLS.c.name)
    found: dict[str, dict[str, Any]] = {}
    for row in connection.execute(rows):
        found.setdefault(row.notebook_id, {})[row.name] = row
    return found


def _score(row: Any) -> float:
    """What a person gave goes before what tests gave; neither is nothing."""
    given = row.auto_score if row.manual_score is None else row.manual_score
    return 0.0 if given is None else given + (row.extra_credit or 0.0)
