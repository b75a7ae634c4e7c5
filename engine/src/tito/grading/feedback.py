"""Pages for students: nbgrader's own feedback, made of what we wrote for it."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from itertools import repeat
from typing import Any

from nbgrader.converters import GenerateFeedback
from nbgrader.converters.base import NbGraderException

from tito.grading.course import CourseFolder
from tito.grading.executors import processors
from tito.grading.stock import api, last_line
from tito.model import Finding

GROUP = 8  # pages that a process makes before it tells


def write_feedback(
    course: CourseFolder, name: str, students: Sequence[str], tell: Callable[[], None]
) -> list[Finding]:
    """Make the pages of these students; `tell` is called after each. Returns what went wrong.

    nbconvert takes half a second for a page, so every processor makes some.
    """
    groups = [students[n : n + GROUP] for n in range(0, len(students), GROUP)]
    spawn = multiprocessing.get_context("spawn")
    workers = min(processors(), len(groups)) or 1
    with ProcessPoolExecutor(workers, spawn) as pool:
        for group in pool.map(_write_pages, repeat(course), repeat(name), groups):
            for _ in group:
                tell()
    return [_missing(course, name, s) for s in students if not course.feedback(s, name).exists()]


def _write_pages(course: CourseFolder, name: str, students: Sequence[str]) -> Sequence[str]:
    for student in students:
        course.feedback(student, name).unlink(missing_ok=True)
    nbgrader = api(course)
    nbgrader.coursedir.assignment_id, nbgrader.coursedir.student_id = name, "*"
    pages = Pages(coursedir=nbgrader.coursedir, parent=nbgrader, force=True)
    pages.chosen = frozenset(students)
    pages.log.setLevel("CRITICAL")
    with suppress(NbGraderException):  # a page that is missing tells
        pages.start()
    return students


class Pages(GenerateFeedback):  # type: ignore[misc]
    """nbgrader's converter, for some students only. It is made once for all: that takes long."""

    chosen: frozenset[str] = frozenset()

    def init_destination(self, assignment_id: str, student_id: str) -> bool:
        return student_id in self.chosen and super().init_destination(assignment_id, student_id)


def _missing(course: CourseFolder, name: str, student: str) -> Finding:
    fix = f"nbgrader generate_feedback {name} --student {student} --force  tells why"
    return Finding("nbgrader could not write this page", str(course.feedback(student, name)), fix)


def release_feedback(course: CourseFolder, name: str) -> Finding | None:
    """Put the pages into nbgrader's exchange, where students fetch them; or say why not."""
    done: dict[str, Any] = api(course).release_feedback(name)
    if done["success"]:
        return None
    fix = "say where the exchange is, in nbgrader_config.py"
    return Finding(f"nbgrader's exchange: {last_line(done)}", str(course.root), fix)
