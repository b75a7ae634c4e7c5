"""Which submissions a command is about."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tito.errors import UsageError
from tito.grading.course import CourseFolder
from tito.grading.people import unsafe
from tito.grading.run import Job
from tito.grading.settings import Settings
from tito.grading.shard import Shard
from tito.grading.stack import stacks
from tito.model import Finding


def chosen_jobs(
    course: CourseFolder,
    assignments: Iterable[str],
    students: Iterable[str],
    shard: Shard,
    settings: Settings,
    *,
    require_sandbox: bool = False,
    results: Path | None = None,
) -> tuple[list[Job], list[Finding]]:
    """Every submission of these assignments and students, or of all where none are named.

    Results go to the course's folder, unless another one is given. Raises UsageError for an
    assignment that is not there, or a student who handed in nothing.
    """
    names = [course.assignment(name) for name in assignments] or course.assignments()
    wanted = set(students)
    jobs: list[Job] = []
    findings: list[Finding] = []
    for stack in stacks(course, list(dict.fromkeys(names)), settings, require_sandbox):
        for student in course.students(stack.name):
            if wanted and student not in wanted:
                continue
            if why := unsafe(student):
                findings.append(_refused(course, stack.name, student, why))
            elif shard.has(student):
                jobs.append(Job(student, stack, results))
    handed_in = {each for name in names for each in course.students(name)}
    if missing := sorted(wanted - handed_in):
        message = f"nothing was handed in by {', '.join(map(repr, missing))}"
        raise UsageError(Finding(message, str(course.root / "submitted"), "tito nbgrader status"))
    return jobs, findings


def _refused(course: CourseFolder, assignment: str, student: str, why: str) -> Finding:
    message = f"a folder is called {student!a}, and no student can be: {why}"
    return Finding(message, str(course.submitted("…", assignment)), "rename it")
