"""Where a class stands: every submission with what grading it came to so far."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tito.grading.course import CourseFolder
from tito.grading.result import Result, load
from tito.model import Finding

TIMESTAMP = "timestamp.txt"  # nbgrader's name for it


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
            when = handed_in(course.submitted(student, assignment))
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


def handed_in(folder: Path) -> datetime:
    """What nbgrader's timestamp says, or else when the newest file in the folder was written."""
    try:
        return parse_timestamp((folder / TIMESTAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        newest = max(_times(folder), default=0.0)
        return datetime.fromtimestamp(newest, UTC)


def _times(folder: Path) -> Iterator[float]:
    for path in (folder, *folder.glob("*")):
        yield path.lstat().st_mtime


def parse_timestamp(text: str) -> datetime:
    """nbgrader's format, `2026-11-25 23:30:00.000000 Europe/Paris`: its zone is a name, or none for
    UTC. Raises ValueError."""
    day, _, rest = text.strip().partition(" ")
    time, _, zone = rest.partition(" ")
    when = datetime.fromisoformat(f"{day} {time}".strip())
    try:
        return when if when.tzinfo else when.replace(tzinfo=ZoneInfo(zone or "UTC"))
    except ZoneInfoNotFoundError:
        raise ValueError(f"there is no time zone {zone!r}") from None
