"""Hands results on to nbgrader's gradebook, where nbgrader is installed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tito.grading.course import CourseFolder
from tito.model import Finding


def recorded(
    course: CourseFolder, assignments: Iterable[str], students: Iterable[str] | None = None
) -> Iterator[Finding]:
    """Write what the gradebook has not; a warning if there is no nbgrader."""
    try:
        from tito.grading.gradebook import record
    except ImportError:
        message = "the results are there, but not in nbgrader's gradebook: nbgrader is missing"
        yield Finding(message, fix="pip install 'tinytorch-engine[grading]'", level="warning")
        return
    chosen = None if students is None else list(students)
    for name in assignments:
        record(course, name, chosen)
