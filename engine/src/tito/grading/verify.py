"""Grades a sample of the class twice, with our engine and with nbgrader's, and compares each cell."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

from tito.grading import oracle
from tito.grading.course import CourseFolder
from tito.grading.regrade import regrade
from tito.grading.result import Result, load
from tito.grading.settings import Settings


@dataclass(frozen=True, slots=True)
class Difference:
    """`ours` and `theirs` are points, or None where a person has to give them."""

    student: str
    cell: str
    ours: float | None
    theirs: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """`ungraded` are students whose submission nbgrader could not grade at all; times are seconds."""

    students: tuple[str, ...]
    ungraded: tuple[str, ...]
    cells: int
    differences: tuple[Difference, ...]
    ours: float
    theirs: float


def sample(course: CourseFolder, name: str, size: int) -> list[str]:
    """So many of those who handed it in: always the same, and no matter who comes later."""
    students = list(course.students(name))
    chosen = sorted(students, key=lambda each: hashlib.sha256(each.encode()).digest())[:size]
    return sorted(chosen)


def compare(course: CourseFolder, name: str, students: list[str]) -> Comparison:
    with oracle.copied(course, name, students) as copy:
        start = time.perf_counter()
        ours = _ours(copy, name, students)
        middle = time.perf_counter()
        oracle.autograde(copy, name)
        end = time.perf_counter()
        theirs = oracle.grades(copy, name)
    both = [student for student in students if student in theirs]
    differences = [d for each in both for d in _differences(ours[each], theirs[each])]
    return Comparison(
        tuple(students),
        tuple(student for student in students if student not in theirs),
        sum(len(theirs[student]) for student in both),
        tuple(differences),
        middle - start,
        end - middle,
    )


def _ours(copy: CourseFolder, name: str, students: list[str]) -> dict[str, Result]:
    """By nbgrader's rule about stderr, one submission at a time, as nbgrader does."""
    regrade(copy, name, students, Settings(stderr="fail"))
    texts = ((each, copy.result(each, name).read_text(encoding="utf-8")) for each in students)
    return {student: load(text) for student, text in texts}


def _differences(result: Result, theirs: oracle.Grades) -> Iterator[Difference]:
    answers = {score.id: score for score in result.scores}
    for cell, given in sorted(theirs.items()):
        score = answers[cell]
        ours = None if score.manual and given is None else score.earned
        if ours != given:
            yield Difference(result.student, cell, ours, given)
