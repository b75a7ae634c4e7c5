"""What grading a class takes, beside nbgrader's own autograde, and how that grows.

    python benchmarks/autograding.py [SUBMISSIONS]

Of so many, 1,000 unless told otherwise: up to 10,000. With tests/ on PYTHONPATH.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

from classroom import NAME, Took, autograde, classroom, measured

from tito.grading import gradebook, oracle, stack, submission
from tito.grading.bench import Bench
from tito.grading.course import CourseFolder
from tito.grading.judge import Judge
from tito.grading.settings import Settings

ROUNDS = 5
# A tenth of them stands for all: each ten are two correct, four with a mistake, two that did a part,
# one blank, one broken. What it costs to begin is taken off.
FEW, OURS, THEIRS = 10, 110, 20
SMALL, LARGE = 100, 1_000
GOAL, LINEAR, CORES, FLAT = 40.0, 1.2, 1.6, 1.15
SHARED = 200  # submissions of which we measure what is spent where


def table(submissions: int) -> tuple[list[str], bool]:
    """The rows, and whether all goals were reached."""
    with tempfile.TemporaryDirectory(prefix="tito-bench-") as folder:
        root = Path(folder).resolve()
        few, some = classroom(root / "few", FEW), classroom(root / "some", OURS)
        small, large = classroom(root / "small", SMALL), classroom(root / "large", submissions)
        parts = [
            against_nbgrader(few, some),
            growth(small, large),
            cores(large),
            shares(some),
        ]
    rows = [row for lines, _ in parts for row in (*lines, "")]
    return rows[:-1], all(reached for _, reached in parts)


def against_nbgrader(few: CourseFolder, some: CourseFolder) -> tuple[list[str], bool]:
    rounds = [_round(few, some) for _ in range(ROUNDS)]
    rows = [
        "| a submission | nbgrader, ms | TinyTorch, ms | ratio | lowest and highest | goal |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    reached = True
    for n, what in enumerate(("CPU time", "by the clock, all processes on one core")):
        theirs, ours = ([each[n] for each in side] for side in zip(*rounds, strict=True))
        ratios = [a / b for a, b in zip(theirs, ours, strict=True)]
        reached &= (met := median(ratios) >= GOAL)
        spread = f"{min(ratios):.0f} – {max(ratios):.0f}"
        times = f"{median(theirs) * 1e3:,.0f} | {median(ours) * 1e3:.1f}"
        goal = f"≥ {GOAL:.0f}{'' if met else ' (missed)'}"
        rows.append(f"| {what} | {times} | {median(ratios):.0f} | {spread} | {goal} |")
    return rows, reached


def _round(
    few: CourseFolder, some: CourseFolder
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Seconds a submission, of CPU and by the clock: nbgrader's, and ours."""
    with one_core():
        theirs = _each(_stock(some, FEW), _stock(some, THEIRS), THEIRS - FEW)
        ours = _each(autograde(few, "--jobs", "1"), autograde(some, "--jobs", "1"), OURS - FEW)
    return theirs, ours


def _each(few: Took, more: Took, difference: int) -> tuple[float, float]:
    return (more.cpu - few.cpu) / difference, (more.wall - few.wall) / difference


def _stock(course: CourseFolder, submissions: int) -> Took:
    students = list(course.students(NAME))[:submissions]
    with oracle.copied(course, NAME, students) as copy, measured() as took:
        oracle.autograde(copy, NAME)
    return took


@contextmanager
def one_core() -> Iterator[None]:
    """For us and all that we start."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def growth(small: CourseFolder, large: CourseFolder) -> tuple[list[str], bool]:
    """With many times as many submissions."""
    number = len(list(large.students(NAME)))
    little, much = autograde(small, "--jobs", "1"), autograde(large, "--jobs", "1")
    each = (little.cpu / SMALL, much.cpu / number)
    rows = [
        f"| | {SMALL} submissions | {number:,} submissions | ratio | goal |",
        "| --- | --- | --- | --- | --- |",
        _row("ms of CPU a submission", "{:.1f}", each[0] * 1e3, each[1] * 1e3, LINEAR),
    ]
    reached = [each[1] / each[0] <= LINEAR]
    for role in sorted(much.memory):
        pair = little.memory[role], much.memory[role]
        rows.append(_row(f"peak memory of {role}, MB", "{:.0f}", *(n / 1e6 for n in pair), FLAT))
        reached.append(pair[1] / pair[0] <= FLAT)
    return rows, all(reached)


def cores(large: CourseFolder) -> tuple[list[str], bool]:
    """With a second core."""
    number = len(list(large.students(NAME)))
    one, two = (autograde(large, "--jobs", jobs).wall for jobs in ("1", "2"))
    met = one / two >= CORES
    rows = [
        f"| {number:,} submissions | one at a time | two at a time | ratio | goal |",
        "| --- | --- | --- | --- | --- |",
        f"| seconds by the clock | {one:.1f} | {two:.1f} | {one / two:.2f} "
        f"| ≥ {CORES}{'' if met else ' (missed)'} |",
    ]
    return rows, met


def _row(what: str, form: str, small: float, large: float, most: float) -> str:
    missed = "" if large / small <= most else " (missed)"
    numbers = f"{form.format(small)} | {form.format(large)} | {large / small:.2f}"
    return f"| {what} | {numbers} | ≤ {most}{missed} |"


class Clock:
    """How long the functions take that it is given."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    def timed(self, owner: Any, name: str, what: str) -> Any:
        function: Callable[..., Any] = getattr(owner, name)

        def run(*arguments: Any, **options: Any) -> Any:
            begin = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                self.seconds[what] += time.perf_counter() - begin

        return mock.patch.object(owner, name, run)


def shares(course: CourseFolder) -> tuple[list[str], bool]:
    """What is spent where, by the clock."""
    clock = Clock()
    [of_one] = stack.stacks(course, [NAME], Settings(stderr="fail"), False)
    students = list(course.students(NAME))
    autograde(course, "--jobs", "1")
    (course.root / "gradebook.db").unlink()
    with Bench(of_one.brief) as bench, patched(clock):
        begin = time.perf_counter()
        for student in students:
            bench.grade(of_one.work(student))
        whole = time.perf_counter() - begin
    named = clock.seconds | {"everything else": whole - sum(clock.seconds.values())}
    begin = time.perf_counter()
    gradebook.record(course, NAME)
    named["gradebook and notebooks"] = time.perf_counter() - begin
    total = sum(named.values())
    rows = ["| what | ms a submission | share |", "| --- | --- | --- |"]
    for what, seconds in sorted(named.items(), key=lambda each: -each[1]):
        rows.append(f"| {what} | {seconds / len(students) * 1e3:.1f} | {seconds / total:.0%} |")
    return rows, True


@contextmanager
def patched(clock: Clock) -> Iterator[None]:
    whole = submission.Submission
    with (
        clock.timed(Judge, "child", "a process of its own"),
        clock.timed(Judge, "end_child", "its end"),
        clock.timed(whole, "_run", "the cells"),
        clock.timed(whole, "_try_without", "the tests without the student's functions"),
        clock.timed(whole, "_read_answers", "reading the answers"),
        clock.timed(stack.Stack, "work", "reading the file"),
    ):
        yield


def main(submissions: int = LARGE) -> int:
    rows, reached = table(submissions)
    print("\n".join(rows))
    return not reached


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
