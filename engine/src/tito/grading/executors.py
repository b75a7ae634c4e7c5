"""Where submissions are graded. The engine's own executor uses the processors of this machine."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from tito.errors import UsageError
from tito.grading.clerk import Clerk, Done, Task
from tito.names import unknown
from tito.plugins.hooks import Hooks
from tito.plugins.loading import load_plugins


@dataclass(frozen=True, slots=True)
class Where:
    """What the command line says: how many at a time (0: as many as there are processors), and the
    address of a scheduler."""

    jobs: int = 0
    scheduler: str = ""


@runtime_checkable
class Executor(Protocol):
    """`name` is what `--executor` calls it. `grade` takes tasks one by one, as it has room for them,
    and gives what came of each as soon as it is there, in any order. Closing what it returned ends
    all work; so does its end."""

    name: str

    def grade(self, tasks: Iterator[Task], where: Where) -> Iterator[Done]: ...


def executor(name: str) -> Executor:
    """Of the engine or a plugin. Raises UsageError with what there is."""
    hooks = Hooks(load_plugins())
    found = hooks.call("tito_grading_executors", Executor)  # type: ignore[type-abstract]
    by_name = {each.name: each for each in reversed(found)}
    if name not in by_name:
        missing = unknown(name, by_name, "executor", "tito nbgrader autograde --help")
        raise UsageError((*hooks.findings, missing))
    return by_name[name]


class Local:
    """As many workers as there are processors, each fed one submission at a time."""

    name = "local"

    def grade(self, tasks: Iterator[Task], where: Where) -> Iterator[Done]:
        clerks = [Clerk() for _ in range(where.jobs or processors())]
        counter = Counter(tasks)
        threads = [threading.Thread(target=counter.serve, args=(each,)) for each in clerks]
        try:
            for thread in threads:
                thread.start()
            yield from counter.served(len(threads))
        finally:
            counter.closed = True
            for clerk in clerks:
                clerk.close()
            for thread in threads:
                thread.join()


class Counter:
    """Hands tasks to whichever clerk is free, and takes back what came of them."""

    def __init__(self, tasks: Iterator[Task]):
        self.closed = False
        self._tasks = tasks
        self._lock = threading.Lock()
        self._done: queue.SimpleQueue[Done | BaseException | None] = queue.SimpleQueue()

    def serve(self, clerk: Clerk) -> None:
        """Until there are no more tasks; then None."""
        try:
            while task := self._next():
                self._done.put(clerk.grade(task))
        except BaseException as error:  # told to whoever fetches the results
            self._done.put(error)
        self._done.put(None)

    def served(self, clerks: int) -> Iterator[Done]:
        while clerks:
            done = self._done.get()
            if isinstance(done, BaseException):
                raise done
            if done is None:
                clerks -= 1
            else:
                yield done

    def _next(self) -> Task | None:
        with self._lock:
            return None if self.closed else next(self._tasks, None)


def processors() -> int:
    """Those that this process may use, of which a container or SLURM may have left us a few."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
