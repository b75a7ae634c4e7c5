"""Pages for students: nbgrader's own feedback, made of what we wrote for it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from tito.grading.configure import nbgrader_config
from tito.grading.course import CourseFolder
from tito.model import Finding


def write_feedback(
    course: CourseFolder, name: str, students: Iterable[str]
) -> Iterator[tuple[str, Finding | None]]:
    """Make the pages, one after the other: each student, and what went wrong, if anything."""
    from nbgrader.converters import GenerateFeedback
    from nbgrader.coursedir import CourseDirectory

    config = nbgrader_config(course)
    for student in students:
        directory = CourseDirectory(config=config)
        directory.assignment_id, directory.student_id = name, _as_glob(student)
        converter = GenerateFeedback(coursedir=directory, config=config, force=True)
        converter.log = logging.getLogger("tito.silent")
        yield student, _converted(converter, course, name, student)


def _converted(converter, course, name, student):
    ...


def _as_glob(student: str) -> str:
    """nbgrader takes a student's name for a pattern of names."""
    import glob

    return glob.escape(student)
