"""A course with a class that handed in, and what grading it takes: time and memory of all processes.

A student's code runs in processes that are nobody's children any more once grading ended. So this
process adopts them, and the system adds what they took to our own account.
"""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from grading.synthetic import class_of
from tito.curriculum.installed import installed
from tito.grading.course import CourseFolder
from tito.grading.generate import generate
from tito.grading.new import new_course
from tito.grading.syllabus import syllabus

MODULE, NAME = "tensor", "01_tensor"
ADOPT = 36  # PR_SET_CHILD_SUBREAPER
ROLES = {"tito.grading.server": "a sandbox", "tito.grading.worker": "a worker"}
LOOK = 0.05  # seconds


def classroom(root: Path, submissions: int) -> CourseFolder:
    """A course in which so many handed in the first module; a tenth of them something broken."""
    course = new_course(root, "benchmark", ("foundation",))
    taught = syllabus(course)
    generate(taught, taught.module(MODULE))
    tiers = installed()
    module = tiers.course().by_id[MODULE]
    source = tiers.of(tiers.course().tier_of(module).id).package / "modules" / module.folder
    for handed in class_of(course, source, submissions):
        handed.put(root / "submitted", NAME)
    return course


def autograde(course: CourseFolder, *options: str) -> Took:
    """Grade it all from the beginning, gradebook and notebooks included."""
    for name in ("results", "autograded"):
        shutil.rmtree(course.root / name, ignore_errors=True)
    (course.root / "gradebook.db").unlink(missing_ok=True)
    command = (sys.executable, "-m", "tito", "nbgrader", "autograde", NAME, "--stderr", "fail")
    with measured() as took:
        nowhere = subprocess.DEVNULL
        subprocess.run(
            (*command, *options), cwd=course.root, check=True, stdout=nowhere, stderr=nowhere
        )
    return took


@dataclass
class Took:
    """Seconds by the clock, CPU seconds, and what a process of each role had of memory at most."""

    wall: float = 0.0
    cpu: float = 0.0
    memory: Counter[str] = field(default_factory=Counter)


@contextmanager
def measured() -> Iterator[Took]:
    """What all processes take that are started meanwhile, until the last has ended."""
    ctypes.CDLL(None).prctl(ADOPT, 1, 0, 0, 0)
    took, ended = Took(), threading.Event()
    looking = threading.Thread(target=_look, args=(took, ended))
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    looking.start()
    yield took
    took.wall = time.perf_counter() - start
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
    ended.set()
    looking.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took.cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _look(took: Took, ended: threading.Event) -> None:
    while not ended.wait(LOOK):
        for process in _descendants(os.getpid()):
            with suppress(OSError, IndexError, ValueError):
                role, peak = _memory(process)
                took.memory[role] = max(took.memory[role], peak)


def _descendants(process: int) -> Iterator[int]:
    with suppress(OSError):
        for path in Path(f"/proc/{process}/task").glob("*/children"):
            for child in map(int, path.read_text().split()):
                yield child
                yield from _descendants(child)


def _memory(process: int) -> tuple[str, int]:
    """What the process is, and the most bytes that it has had in memory."""
    about = Path(f"/proc/{process}")
    command = (about / "cmdline").read_bytes().decode(errors="replace")
    role = next((role for word, role in ROLES.items() if word in command), "the command")
    peak = (about / "status").read_text().partition("VmHWM:")[2].split()[0]
    return role, int(peak) * 1024
