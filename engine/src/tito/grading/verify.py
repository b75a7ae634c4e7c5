"""Grades a sample of the class twice, with our engine and with nbgrader's, and compares each cell."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

from tito.grading import stock
from tito.grading.choose import chosen_jobs
from tito.grading.course import CourseFolder
from tito.grading.executors import Where, executor
from tito.grading.journal import Journal
from tito.grading.result import Result, load
from tito.grading.run import run
from tito.grading.settings import Settings
from tito.grading.shard import parse_shard


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
    with stock.copied(course, name, students) as copy:
        start = time.perf_counter()
        ours = _ours(copy, name)
        middle = time.perf_counter()
        stock.autograde(copy, name)
        end = time.perf_counter()
        theirs = stock.grades(copy, name)
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


def _ours(copy: CourseFolder, name: str) -> dict[str, Result]:
    """By nbgrader's rule about stderr, one submission at a time, as nbgrader does."""
    settings = Settings(stderr="fail")
    jobs, _ = chosen_jobs(copy, [name], [], parse_shard("1/1"), settings)
    journal = Journal(copy.root / "journal.jsonl")
    run(jobs, executor("local"), Where(jobs=1), journal, lambda event, about: None)
    texts = {job.student: job.path.read_text(encoding="utf-8") for job in jobs}
    return {student: load(text) for student, text in texts.items()}


def _differences(result: Result, theirs: stock.Grades) -> Iterator[Difference]:
    answers = {score.id: score for score in result.scores}
    for cell, given in sorted(theirs.items()):
        score = answers[cell]
        ours = None if score.manual and given is None else score.earned
        if ours != given:
            yield Difference(result.student, cell, ours, given)
