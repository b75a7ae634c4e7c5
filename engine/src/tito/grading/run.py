"""Grades what is not graded yet, and writes one result each. Stopped anywhere, it goes on there.

A result is whole or not there. It holds as long as the submission and whatever grading it depends
on are the same, so nobody has to remember what was done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from tito.errors import CourseFolderError
from tito.grading.brief import dump_brief, dump_work
from tito.grading.clerk import Done, Task
from tito.grading.executors import Executor, Where
from tito.grading.journal import Journal
from tito.grading.result import Result, load
from tito.grading.stack import Stack
from tito.model import Finding
from tito.workspace.files import write_atomically

START = 120.0  # seconds until a worker is ready
PATIENCE = 3  # times as long as one submission may take

Tell = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Job:
    """A submission to grade. Its result goes into the folder `results`, or else the course's own.

    There is one for each of a class, so it is small: `path` is made when it is asked for.
    """

    student: str
    stack: Stack
    results: Path | None = None

    @property
    def path(self) -> Path:
        own = self.stack.course.result(self.student, self.stack.name)
        return self.results / self.stack.name / own.name if self.results else own


@dataclass
class Summary:
    """How many were graded, flagged and unreadable. `findings` say what could not be graded."""

    counts: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    sandbox: str = ""
    weak: bool = False


def pending(jobs: list[Job], force: bool) -> list[Job]:
    """Those without a result that holds."""
    return [job for job in jobs if force or not _holds(job)]


def _holds(job: Job) -> bool:
    try:
        result = load(job.path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    digest = job.stack.digest(job.student)
    return (result.submission, result.grader) == (digest, job.stack.brief.digest)


def run(jobs: list[Job], executor: Executor, where: Where, journal: Journal, tell: Tell) -> Summary:
    """Grade them all. `tell` hears of each: ("graded", facts) or ("lost", facts).

    Raises TitoError if results cannot be written.
    """
    summary = Summary()
    at = {(job.student, job.stack.name): job for job in jobs}
    with closing(_graded(executor, _tasks(jobs, journal), where)) as done:
        for each in done:
            job = at.pop((each.student, each.assignment), None)
            if job is not None:
                _take(each, job, summary, journal, tell)
    for student, assignment in at:
        finding = Finding("the executor did not come back with it", f"{student}, {assignment}")
        summary.findings.append(finding)
    return summary


def _graded(executor: Executor, tasks: Iterator[Task], where: Where) -> Generator[Done, None, None]:
    """As a generator, which can be closed: a plugin may return any iterator."""
    yield from executor.grade(tasks, where)


def _tasks(jobs: list[Job], journal: Journal) -> Iterator[Task]:
    """Each is read from disk when a worker is free for it."""
    for name, of_one in groupby(jobs, key=lambda job: job.stack.name):
        brief = ""
        for job in of_one:
            brief = brief or dump_brief(job.stack.brief)
            journal.write("began", assignment=name, student=job.student)
            work = dump_work(job.stack.work(job.student))
            limits = job.stack.brief.settings.limits
            yield Task(job.student, name, brief, work, START + PATIENCE * limits.wall)


def _take(done: Done, job: Job, summary: Summary, journal: Journal, tell: Tell) -> None:
    about = {"assignment": done.assignment, "student": done.student}
    summary.sandbox, summary.weak = summary.sandbox or done.sandbox, summary.weak or done.weak
    if done.refused:
        message = f"{done.assignment} cannot be graded here: {done.problem}"
        raise CourseFolderError(Finding(message, fix="mend that, and type the command again"))
    try:
        result = _checked(done, job)
    except ValueError as error:
        summary.counts["lost"] += 1
        where = f"{done.student}, {done.assignment}"
        fix = "type the command again: it tries those that are missing"
        summary.findings.append(Finding(f"not graded: {error}", where, fix))
        journal.write("lost", **about, why=str(error))
        return tell("lost", about | {"why": str(error)})
    write_atomically(job.path, done.result)
    _count(result, summary.counts)
    seconds = round(done.seconds, 4)
    journal.write("ended", **about, seconds=seconds)
    points = {"earned": result.earned, "points": result.points, "flags": len(result.flags)}
    return tell("graded", about | points | {"seconds": seconds, "sandbox": done.sandbox})


def _checked(done: Done, job: Job) -> Result:
    """Whoever graded it may be another machine: take nothing that is not what was asked for."""
    if done.problem:
        raise ValueError(done.problem)
    result = load(done.result)
    asked = (job.student, job.stack.name, job.stack.brief.digest)
    if (result.student, result.assignment, result.grader) != asked:
        raise ValueError("the worker answered with another result than was asked for")
    return result


def _count(result: Result, counts: Counter[str]) -> None:
    counts["graded"] += 1
    counts["flagged"] += bool(result.flags)
    counts["unreadable"] += not result.runs
