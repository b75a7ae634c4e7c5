"""Grades on the machines of a Dask cluster, which need nothing of the course but engine and tiers.

Tasks carry the assignment and the submission by value. Their results come back as JSON and are
written here, so a machine that is lost takes nothing with it: Dask gives its tasks to another.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from tito.errors import TitoError, UsageError
from tito.grading.clerk import Clerk, Done, Task
from tito.grading.executors import Where
from tito.model import Finding

if TYPE_CHECKING:
    from distributed import Client, Future

PATIENCE = "10s"
AHEAD = 2  # tasks that wait at the cluster for each thread that works

_here = threading.local()  # on a machine of the cluster: each thread has a worker


class OnDask:
    name = "dask"

    def grade(self, tasks: Iterator[Task], where: Where) -> Iterator[Done]:
        with _connect(where.scheduler) as client:
            room = where.jobs or AHEAD * max(sum(client.nthreads().values()), 1)
            yield from _graded(client, tasks, room)


def _graded(client: Client, tasks: Iterator[Task], room: int) -> Iterator[Done]:
    from distributed import as_completed

    sent: dict[Any, Task] = {}

    def send(task: Task) -> Future:
        # A name of its own, or Dask would take two equal submissions for one.
        future = client.submit(grade_there, task, pure=False)
        sent[future.key] = task
        return future

    waiting = as_completed(map(send, islice(tasks, room)))
    for future in waiting:
        task = sent.pop(future.key)
        yield _done(future, task)
        for task in islice(tasks, 1):
            waiting.add(send(task))


def _done(future: Future, task: Task) -> Done:
    # A machine that is lost with the result in its memory makes a finished task unfinished again: to
    # ask for the exception waits for another one.
    if problem := future.exception():
        problem = f"the cluster gave it up: {problem}"
        return Done(task.student, task.assignment, problem=problem)
    return Done(*future.result())


def grade_there(task: Task) -> tuple[Any, ...]:
    """On a machine of the cluster: the parts of what came of it."""
    if not hasattr(_here, "clerk"):
        _here.clerk = Clerk()
    done: Done = _here.clerk.grade(task)
    parts = (done.student, done.assignment, done.result, done.problem)
    return (*parts, done.refused, done.seconds, done.sandbox, done.weak)


def _connect(scheduler: str) -> Client:
    if not scheduler:
        fix = "add its address, as in: --executor dask --scheduler tcp://HOST:8786"
        raise UsageError(Finding("where is the scheduler?", fix=fix))
    try:
        from distributed import Client
    except ImportError:
        fix = "pip install 'tinytorch-engine[dask]'"
        raise UsageError(Finding("Dask is not installed", fix=fix)) from None
    try:
        return Client(scheduler, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        fix = "is it running, and is this its address?"
        raise TitoError(Finding(f"no answer from the scheduler: {error}", scheduler, fix)) from None
