"""The pages of nbgrader's gradebook for one assignment: who handed in, grades and comments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nbgrader import api
from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from tito.grading.assignment import Assignment
from tito.grading.database import new_id
from tito.grading.result import Result, Score

ASSIGNMENTS, NOTEBOOKS = api.Assignment.__table__, api.Notebook.__table__
CELLS, STUDENTS = api.BaseCell.__table__, api.Student.__table__
SUBMISSIONS, PAPERS = api.SubmittedAssignment.__table__, api.SubmittedNotebook.__table__
GRADES, COMMENTS = api.Grade.__table__, api.Comment.__table__

# A table of ours beside nbgrader's: which result each submitted notebook was written from.
WRITTEN = Table(
    "tito_written",
    MetaData(),
    Column("notebook_id", String(32), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("submission", String(64), nullable=False),
)
NO_RESPONSE = "No response."  # what nbgrader says

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """A result with what else is written of it: when the submission came, and which answers are as
    they were handed out. `digest` is of all that."""

    result: Result
    at: datetime | None
    digest: str
    untouched: frozenset[str]


class Book:
    """Reads and writes through one connection, whose transaction makes it all or nothing."""

    def __init__(self, connection: Connection, assignment: Assignment):
        self._connection = connection
        WRITTEN.create(connection, checkfirst=True)
        found = select(ASSIGNMENTS.c.id, NOTEBOOKS.c.id).join_from(NOTEBOOKS, ASSIGNMENTS)
        named = (ASSIGNMENTS.c.name == assignment.name, NOTEBOOKS.c.name == assignment.module)
        self.assignment, self.notebook = connection.execute(found.where(*named)).one()
        cells = select(CELLS.c.name, CELLS.c.type, CELLS.c.id).where(
            CELLS.c.notebook_id == self.notebook
        )
        by_part = {(name, part): cell_id for name, part, cell_id in connection.execute(cells)}
        self._graded = {name: i for (name, part), i in by_part.items() if part == "GradeCell"}
        self._answers = {name: i for (name, part), i in by_part.items() if part == "SolutionCell"}

    def written(self, students: Iterable[str]) -> dict[str, str]:
        """Student → digest of the entry that was written last."""
        return {name: page.digest for name, page in self._pages(students).items()}

    def write(self, entries: Sequence[Entry]) -> None:
        students = [entry.result.student for entry in entries]
        self._enrol(students)
        found = self._pages(students)
        pages = {name: found.get(name) or self._new_page(name) for name in students}
        self._write_pages(entries, pages)
        self._write_grades(entries, pages)
        self._write_comments(entries, pages)
        self._write_digests(entries, pages)

    def _pages(self, students: Iterable[str]) -> dict[str, Page]:
        ids = (SUBMISSIONS.c.student_id, SUBMISSIONS.c.id, PAPERS.c.id)
        rows = (
            select(*ids, WRITTEN.c.digest, WRITTEN.c.submission)
            .join_from(SUBMISSIONS, PAPERS, PAPERS.c.assignment_id == SUBMISSIONS.c.id)
            .outerjoin(WRITTEN, WRITTEN.c.notebook_id == PAPERS.c.id)
            .where(SUBMISSIONS.c.assignment_id == self.assignment)
            .where(SUBMISSIONS.c.student_id.in_(list(students)))
        )
        return {
            row[0]: Page(row[1], row[2], row[3] or "", row[4] or "") for row in self._read(rows)
        }

    def _new_page(self, student: str) -> Page:
        submission = new_id(self.assignment, student)
        return Page(submission, new_id(submission, self.notebook), "", "")

    def _enrol(self, students: list[str]) -> None:
        there = set(self._read(select(STUDENTS.c.id).where(STUDENTS.c.id.in_(students))).scalars())
        self._put(STUDENTS, [{"id": name} for name in students if name not in there], [])

    def _write_pages(self, entries: Sequence[Entry], pages: dict[str, Page]) -> None:
        submissions, papers = [], []
        for entry in entries:
            student, page = entry.result.student, pages[entry.result.student]
            about = {"assignment_id": self.assignment, "student_id": student}
            submissions.append({"id": page.submission, **about, "timestamp": entry.at})
            about = {"assignment_id": page.submission, "notebook_id": self.notebook}
            papers.append({"id": page.paper, **about, "flagged": bool(entry.result.flags)})
        for table, rows in ((SUBMISSIONS, submissions), (PAPERS, papers)):
            ids = [row["id"] for row in rows]
            there = set(self._read(select(table.c.id).where(table.c.id.in_(ids))).scalars())
            new = [row for row in rows if row["id"] not in there]
            self._put(table, new, [row for row in rows if row["id"] in there])

    def _write_grades(self, entries: Sequence[Entry], pages: dict[str, Page]) -> None:
        there = self._marked(GRADES, pages)
        new, changed = [], []
        for entry in entries:
            page = pages[entry.result.student]
            again = page.submission_digest == entry.result.submission
            for score in entry.result.scores:
                cell = self._graded[score.id]
                row = there.get((page.paper, cell))
                mark = _mark(score, score.id in self._answers)
                if row is None:
                    key = {
                        "id": new_id(page.paper, cell),
                        "notebook_id": page.paper,
                        "cell_id": cell,
                    }
                    new.append(key | mark)
                elif not again or row.auto_score != mark["auto_score"] or _has_no_score(row):
                    mark["needs_manual_grade"] |= row.manual_score is not None
                    changed.append({"id": row.id} | mark)
        self._put(GRADES, new, changed)

    def _write_comments(self, entries: Sequence[Entry], pages: dict[str, Page]) -> None:
        there = self._marked(COMMENTS, pages)
        new, changed = [], []
        for entry in entries:
            paper = pages[entry.result.student].paper
            for name, cell in self._answers.items():
                said = NO_RESPONSE if name in entry.untouched else None
                row = there.get((paper, cell))
                if row is None:
                    key = {"id": new_id(paper, cell), "notebook_id": paper, "cell_id": cell}
                    new.append({**key, "auto_comment": said})
                elif row.auto_comment != said:
                    changed.append({"id": row.id, "auto_comment": said})
        self._put(COMMENTS, new, changed)

    def _write_digests(self, entries: Sequence[Entry], pages: dict[str, Page]) -> None:
        papers = [page.paper for page in pages.values()]
        self._connection.execute(delete(WRITTEN).where(WRITTEN.c.notebook_id.in_(papers)))
        rows = []
        for entry in entries:
            paper, submission = pages[entry.result.student].paper, entry.result.submission
            rows.append({"notebook_id": paper, "digest": entry.digest, "submission": submission})
        self._put(WRITTEN, rows, [])

    def _marked(self, table: Table, pages: dict[str, Page]) -> dict[tuple[str, str], Any]:
        papers = [page.paper for page in pages.values()]
        rows = self._read(select(table).where(table.c.notebook_id.in_(papers)))
        return {(row.notebook_id, row.cell_id): row for row in rows}

    def _put(self, table: Table, new: list[Row], changed: list[Row]) -> None:
        """Insert rows, and update others, which are found by their ids."""
        if new:
            self._connection.execute(insert(table), new)
        if changed:
            columns: Row = {name: bindparam(f"new_{name}") for name in changed[0] if name != "id"}
            rows = [{f"new_{name}": value for name, value in row.items()} for row in changed]
            found = update(table).where(table.c.id == bindparam("new_id"))
            self._connection.execute(found.values(**columns), rows)

    def _read(self, query: Any) -> Any:
        return self._connection.execute(query)


@dataclass(frozen=True, slots=True)
class Page:
    """A student's rows: ids of the submission and of its notebook, and what was written last."""

    submission: str
    paper: str
    digest: str
    submission_digest: str


def _has_no_score(row: Any) -> bool:
    """Nobody gave one yet, so nobody's decision is lost if it is written again."""
    return row.auto_score is None and row.manual_score is None


def _mark(score: Score, is_answer: bool) -> Row:
    """A question that was answered has no score until a person gives one. Where there are no points
    to give, nobody needs to."""
    auto = None if is_answer and score.manual else score.earned
    return {"auto_score": auto, "needs_manual_grade": score.manual and score.points > 0}
