"""Grades for others: nbgrader's CSV, learning platforms, JSON. Plugins may add more."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

from tito.errors import UsageError
from tito.grading.sheet import Assigned, Grade, Person, Sheet
from tito.names import unknown
from tito.plugins.hooks import Hooks
from tito.plugins.loading import load_plugins

FORMULA = ("=", "+", "-", "@")


@runtime_checkable
class Exporter(Protocol):
    """`name` is what `--format` calls it; `export` returns the text of the file."""

    name: str

    def export(self, sheet: Sheet) -> str: ...


def exporter(name: str) -> Exporter:
    """Of the engine or a plugin. Raises UsageError with what there is."""
    hooks = Hooks(load_plugins())
    found = hooks.call("tito_gradebook_exporters", Exporter)  # type: ignore[type-abstract]
    by_name = {each.name: each for each in reversed(found)}
    if name not in by_name:
        listed = f"tito nbgrader export --help; formats: {', '.join(sorted(by_name))}"
        raise UsageError((*hooks.findings, unknown(name, by_name, "format", listed)))
    return by_name[name]


class Csv:
    """What `nbgrader export` writes, line for line, but for names that a spreadsheet would run."""

    name = "csv"
    heads = (
        *("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email"),
        *("raw_score", "late_submission_penalty", "score", "max_score"),
    )

    def export(self, sheet: Sheet) -> str:
        return table([self.heads, *self._rows(sheet)])

    def _rows(self, sheet: Sheet) -> Iterator[Sequence[Any]]:
        for assigned in sheet.assignments:
            for person in sheet.people:
                grade = sheet.grades.get((assigned.name, person.id), NOTHING)
                who = (person.id, person.last, person.first, person.email)
                points = (grade.raw, grade.penalty, grade.score, assigned.points)
                yield (assigned.name, assigned.due or "", grade.at or "", *who, *points)


class Canvas:
    """The gradebook that Canvas imports: a line of points, and a column for each assignment."""

    name = "canvas"

    def export(self, sheet: Sheet) -> str:
        heads = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
        names = [assigned.name for assigned in sheet.assignments]
        points = ["    Points Possible", "", "", "", "", *(a.points for a in sheet.assignments)]
        rows = ([_listed(p), p.lms, "", p.id, "", *_scores(sheet, p)] for p in sheet.people)
        return table([(*heads, *names), points, *rows])


class Moodle:
    """What Moodle's import of grades from CSV offers to map: who, and a grade for each assignment."""

    name = "moodle"

    def export(self, sheet: Sheet) -> str:
        heads = ("First name", "Last name", "ID number", "Username", "Email address")
        names = [f"Assignment: {assigned.name} (Real)" for assigned in sheet.assignments]
        rows = ([p.first, p.last, p.lms, p.id, p.email, *_scores(sheet, p)] for p in sheet.people)
        return table([(*heads, *names), *rows])


class Json:
    """Everything, down to the cells."""

    name = "json"

    def export(self, sheet: Sheet) -> str:
        assignments = [self._assignment(sheet, assigned) for assigned in sheet.assignments]
        students = [
            {"id": p.id, "first_name": p.first, "last_name": p.last, "email": p.email, "lms": p.lms}
            for p in sheet.people
        ]
        data = {"course": sheet.course, "assignments": assignments, "students": students}
        return json.dumps(data, indent=1) + "\n"

    def _assignment(self, sheet: Sheet, assigned: Assigned) -> dict[str, Any]:
        found = ((p.id, sheet.grades.get((assigned.name, p.id))) for p in sheet.people)
        grades = {student: _as_json(grade) for student, grade in found if grade}
        due = assigned.due.isoformat() if assigned.due else None
        return {"name": assigned.name, "points": assigned.points, "due": due, "grades": grades}


NOTHING = Grade(None, 0.0, 0.0, False, {})
EXPORTERS: tuple[Exporter, ...] = (Csv(), Canvas(), Moodle(), Json())


def _as_json(grade: Grade) -> dict[str, Any]:
    return {
        "handed_in": grade.at.isoformat() if grade.at else None,
        "score": grade.score,
        "late_penalty": grade.penalty,
        "to_grade_by_hand": grade.waits,
        "cells": grade.cells,
    }


def _listed(person: Person) -> str:
    return ", ".join(filter(None, (person.last, person.first))) or person.id


def _scores(sheet: Sheet, person: Person) -> list[Any]:
    """Empty where nothing was handed in: a platform then leaves what it has."""
    grades = (sheet.grades.get((a.name, person.id)) for a in sheet.assignments)
    return [grade.score if grade else "" for grade in grades]


def table(rows: Iterable[Sequence[Any]]) -> str:
    """The rows as CSV."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerows([_harmless(value) for value in row] for row in rows)
    return file.getvalue()


def _harmless(value: Any) -> Any:
    """A spreadsheet takes text that begins like a formula for one, and runs it; a quote before it
    makes it text again. A line break would begin another row where they are read carelessly."""
    if not isinstance(value, str):
        return value
    line = " ".join(value.splitlines())
    return f"'{line}" if line.lstrip().startswith(FORMULA) else line
