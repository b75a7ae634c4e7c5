"""Where a class stands: every submission with what grading it came to so far."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from tito.grading.course import CourseFolder
from tito.grading.result import Result, load
from tito.grading.timestamp import handed_in
from tito.model import Finding


@dataclass(frozen=True, slots=True)
class Standing:
    """One student's submission of one assignment. `result` is None until it is graded, and as long
    as it cannot be read, which `problem` tells. What cells showed is not in it."""

    student: str
    assignment: str
    handed_in: datetime
    result: Result | None
    problem: Finding | None = None


def standings(course: CourseFolder) -> Iterator[Standing]:
    """By assignment and student."""
    for assignment in course.assignments():
        for student in course.students(assignment):
            result, problem = _read(course.result(student, assignment))
            when = _when(course.submitted(student, assignment))
            yield Standing(student, assignment, when, result, problem)


def _read(path: Path) -> tuple[Result | None, Finding | None]:
    try:
        return replace(load(path.read_text(encoding="utf-8")), runs=()), None
    except FileNotFoundError:
        return None, None
    except (OSError, ValueError) as error:
        fix = "tito nbgrader autograde makes it again"
        return None, Finding(f"a result cannot be read: {error}", str(path), fix, "warning")


def _when(folder: Path) -> datetime:
    """What nbgrader's timestamp says, or else when the newest file in the folder was written."""
    if at := handed_in(folder):
        return at.replace(tzinfo=UTC)
    newest = max(path.lstat().st_mtime for path in (folder, *folder.glob("*")))
    return datetime.fromtimestamp(newest, UTC)
