"""Where each assignment of a course stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal

from sqlalchemy import func, select

from tito.errors import CourseFolderError
from tito.grading.book import ASSIGNMENTS, GRADES, PAPERS, SUBMISSIONS
from tito.grading.course import CourseFolder
from tito.grading.database import transaction
from tito.grading.release import released
from tito.grading.result import Result
from tito.grading.settings import Settings
from tito.grading.stack import Stack, stacks
from tito.grading.standing import Standing, standings
from tito.model import Finding

STDERR: tuple[Literal["ignore", "fail"], ...] = ("ignore", "fail")
AGAINST: tuple[Literal["reference", "own"], ...] = ("reference", "own")
EVERY = tuple(
    Settings(stderr=stderr, analysis=analysis, against=against)
    for stderr, analysis, against in product(STDERR, (False, True), AGAINST)
)


@dataclass(frozen=True, slots=True)
class Overview:
    """Numbers of submissions. A result is `stale` if the submission, the assignment or the grader has
    changed since; `by_hand` are those in which a person has something to grade."""

    assignment: str
    released: bool
    submitted: int
    graded: int
    stale: int
    by_hand: int
    flagged: int


def overview(course: CourseFolder) -> tuple[list[Overview], list[Finding]]:
    """By assignment. Results that cannot be read are findings, and not graded."""
    given, by_hand, findings = released(course), _by_hand(course), list[Finding]()
    counts = {name: Counter[str]() for name in course.assignments()}
    graders = {name: _graders(course, name) for name in counts}
    for standing in standings(course):
        findings += [standing.problem] if standing.problem else []
        counts[standing.assignment].update(_counted(standing, graders[standing.assignment]))
    rows = []
    for name, count in counts.items():
        numbers = {key: count[key] for key in ("submitted", "graded", "stale", "flagged")}
        rows.append(Overview(name, name in given, by_hand=by_hand.get(name, 0), **numbers))
    return rows, findings


def _counted(standing: Standing, graders: dict[str, Stack]) -> Iterator[str]:
    """What this submission is one of."""
    yield "submitted"
    if result := standing.result:
        yield "graded"
        if result.flags:
            yield "flagged"
        if _is_stale(result, graders):
            yield "stale"


def _graders(course: CourseFolder, name: str) -> dict[str, Stack]:
    """Each way in which this could be graded now, by the digest that its results have."""
    try:
        found = (stack for each in EVERY for stack in stacks(course, [name], each, False))
        return {stack.brief.digest: stack for stack in found}
    except CourseFolderError:
        return {}  # its tier is not installed any more: nothing would be graded as it was


def _is_stale(result: Result, graders: dict[str, Stack]) -> bool:
    stack = graders.get(result.grader)
    return stack is None or stack.digest(result.student) != result.submission


def _by_hand(course: CourseFolder) -> dict[str, int]:
    """Assignment → submissions that wait for a person, as formgrader counts them."""
    waiting = (
        select(ASSIGNMENTS.c.name, func.count(SUBMISSIONS.c.id.distinct()))
        .join_from(SUBMISSIONS, ASSIGNMENTS, ASSIGNMENTS.c.id == SUBMISSIONS.c.assignment_id)
        .join(PAPERS, PAPERS.c.assignment_id == SUBMISSIONS.c.id)
        .join(GRADES, GRADES.c.notebook_id == PAPERS.c.id)
        .where(GRADES.c.needs_manual_grade)
        .group_by(ASSIGNMENTS.c.name)
    )
    with transaction(course) as connection:
        return {row[0]: row[1] for row in connection.execute(waiting)}
