"""Where a class stands: every submission with what grading it came to so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tito.grading.course import CourseFolder
from tito.grading.result import Result, load
from tito.grading.timestamp import handed_in
from tito.model import Finding


@dataclass(frozen=True, slots=True)
class Standing:
    """One student's submission of one assignment. `result` is None until it is graded."""

    student: str
    assignment: str
    handed_in: datetime
    result: Result | None


def standings(course: CourseFolder) -> tuple[list[Standing], list[Finding]]:
    """By assignment and student; results that cannot be read are findings, and not graded."""
    found, findings = [], []
    for assignment in course.assignments():
        for student in course.students(assignment):
            path = course.result(student, assignment)
            result, problem = _read(path)
            findings += problem
            when = _when(course.submitted(student, assignment))
            found.append(Standing(student, assignment, when, result))
    return found, findings


def _read(path: Path) -> tuple[Result | None, list[Finding]]:
    try:
        return load(path.read_text(encoding="utf-8")), []
    except FileNotFoundError:
        return None, []
    except (OSError, ValueError) as error:
        fix = "tito nbgrader autograde makes it again"
        return None, [Finding(f"a result cannot be read: {error}", str(path), fix, "warning")]


def _when(folder: Path) -> datetime:
    """What nbgrader's timestamp says, or else when the newest file in the folder was written."""
    if at := handed_in(folder):
        return at.replace(tzinfo=UTC)
    newest = max(path.lstat().st_mtime for path in (folder, *folder.glob("*")))
    return datetime.fromtimestamp(newest, UTC)
