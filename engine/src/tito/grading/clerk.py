"""Talks to a worker, and starts a new one if it is lost."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

ATTEMPTS = 2
PATIENCE = 2.0  # seconds
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True, slots=True)
class Task:
    """One submission to grade; `brief` and `work` are JSON, so that it can travel anywhere.

    A worker that takes more than `patience` seconds for it hangs.
    """

    student: str
    assignment: str
    brief: str
    work: str
    patience: float


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a task: `result` is the text of its file, or `problem` says why there is none.

    With `refused`, the worker grades nothing at all of that assignment. `sandbox` says in words how
    it was held, `weak` that this is not enough against somebody who means harm.
    """

    student: str
    assignment: str
    result: str = ""
    problem: str = ""
    refused: bool = False
    seconds: float = 0.0
    sandbox: str = ""
    weak: bool = False


class Lost(Exception):
    """The worker ended instead of answering."""


class Clerk:
    """One worker's other end. `close` may be called from any thread, at any time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._brief = ""
        self._closed = False
        self._lock = threading.Lock()

    def grade(self, task: Task) -> Done:
        """A task that costs us the worker twice is given up; the next one gets a new worker."""
        start = time.perf_counter()
        for _ in range(ATTEMPTS):
            with contextlib.suppress(Lost), self._awake(task.patience):
                answer = self._ask(task)
                break
            self._end()
            answer = {"problem": f"the worker that graded it was lost {ATTEMPTS} times"}
        return Done(
            task.student,
            task.assignment,
            answer.get("result", ""),
            answer.get("refused", "") or answer.get("problem", ""),
            "refused" in answer,
            time.perf_counter() - start,
            answer.get("sandbox", ""),
            bool(answer.get("weak")),
        )

    def close(self) -> None:
        """End the worker; one that has nothing to do puts its things away before."""
        self._closed = True
        self._end(PATIENCE)

    @contextlib.contextmanager
    def _awake(self, patience: float) -> Iterator[None]:
        """A worker that is still at it then is ended, and so lost."""
        timer = threading.Timer(patience, self._end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    def _ask(self, task: Task) -> dict[str, Any]:
        process = self._running()
        if task.brief != self._brief:
            answer = _exchange(process, {"brief": task.brief})
            if "ready" not in answer:
                return answer
            self._brief = task.brief
        return _exchange(process, {"work": task.work})

    def _running(self) -> subprocess.Popen[str]:
        with self._lock:
            if self._closed:
                raise Lost
            if self._process is None:
                self._brief = ""
                self._process = _start()
            return self._process

    def _end(self, patience: float = 0.0) -> None:
        """End the worker and everything it started."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            if patience and process.stdin:
                with contextlib.suppress(OSError, ValueError, subprocess.TimeoutExpired):
                    process.stdin.close()
                    process.wait(patience)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):  # what could not be sent
                    if pipe:
                        pipe.close()


def _start() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "tito.grading.worker", str(os.getpid())],
        env={**THREADS, **os.environ, "TITO_WORKSPACE": "", "PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )


def _exchange(process: subprocess.Popen[str], message: dict[str, str]) -> dict[str, Any]:
    assert process.stdin
    assert process.stdout
    try:
        process.stdin.write(json.dumps(message) + "\n")
        process.stdin.flush()
        answer: Any = json.loads(process.stdout.readline())
    except (OSError, ValueError):  # a pipe that broke or was closed, a line that was cut off
        raise Lost from None
    return dict(answer)
