"""Grading is killed again and again, goes on each time, and ends with the same bytes. So it does on
a cluster whose workers are killed, and on a disk that fills.

    python tests/grading/chaos.py [KILLS] [SUBMISSIONS] [SEED]

Makes a course of the installed Foundation tier in a folder of its own.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from grading.cluster import Cluster
from tito.grading.course import CourseFolder

BETWEEN = 8  # seconds at most from one lost worker to the next: a new one has to start
GRADE = [sys.executable, "-m", "tito", "nbgrader", "autograde", "--jobs", "2"]


def results(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.glob("*/*.json")
    }


def undisturbed(course: CourseFolder) -> dict[str, bytes]:
    """What grading comes to when nobody disturbs it; nothing of it is left."""
    subprocess.run(GRADE, cwd=course.root, check=True, capture_output=True)
    expected = results(course.root / "results")
    forget(course)
    return expected


def forget(course: CourseFolder) -> None:
    for name in ("results", "autograded"):
        shutil.rmtree(course.root / name, ignore_errors=True)


class Chaos:
    """Disturbs grading at moments that the seed decides; `killed` counts what."""

    def __init__(self, course: CourseFolder, expected: dict[str, bytes], seed: int):
        self.course, self.expected = course, expected
        self.chance = random.Random(seed)
        self.killed: Counter[str] = Counter()
        self.rounds = 0

    def disturb(self, kills: int, patience: float) -> None:
        """Start grading, and kill it, or one of its workers, within `patience` seconds."""
        while self.killed["run"] < kills:
            if len(results(self.course.root / "results")) == len(self.expected):
                self.check()
                forget(self.course)
                self.rounds += 1
            self._once(patience)
        subprocess.run(GRADE, cwd=self.course.root, check=True, capture_output=True)
        self.check()

    def _once(self, patience: float) -> None:
        run = subprocess.Popen(
            GRADE, cwd=self.course.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(self.chance.uniform(0, patience))
        family = descendants(run.pid)
        workers = [each for each in family if b"tito.grading.worker" in command(each)]
        if workers and self.chance.random() < 0.3:
            kill(self.chance.choice(workers))
            self.killed["worker"] += 1
            time.sleep(self.chance.uniform(0, patience))
        if run.poll() is None:
            kill(run.pid)
            self.killed["run"] += 1
        run.wait()
        self.half_written()
        wait_until_gone(family)

    def half_written(self) -> None:
        """What is there under the name of a result is one, whole, and the right one."""
        for name, data in results(self.course.root / "results").items():
            assert self.expected[name] == data, f"{name} is not what it is undisturbed"

    def check(self) -> None:
        assert results(self.course.root / "results") == self.expected


def kill(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def children(process: int) -> set[int]:
    found: set[int] = set()
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            found.update(map(int, path.read_text().split()))
    return found


def descendants(process: int) -> list[int]:
    found = sorted(children(process))
    return found + [each for child in found for each in descendants(child)]


def command(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def wait_until_gone(family: list[int]) -> None:
    """Whatever the run had started ends with it, and by itself."""
    end = time.monotonic() + 30
    while left := [each for each in family if command(each)]:
        assert time.monotonic() < end, f"still running: {[command(each) for each in left]}"
        time.sleep(0.02)


def losing_workers(
    course: CourseFolder, cluster: Cluster, kills: int, chance: random.Random
) -> int:
    """Grade on the cluster, and kill one of its workers now and then; how often that was."""
    where = ("--executor", "dask", "--scheduler", cluster.address)
    command, killed = [*GRADE[:-2], *where], 0
    while True:
        run = subprocess.Popen(
            command, cwd=course.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while run.poll() is None:
            time.sleep(chance.uniform(0, BETWEEN))
            if killed < kills and run.poll() is None:
                cluster.lose(chance.randrange(2))
                killed += 1
        if not run.returncode:  # Dask gives a task up that has lost three workers
            return killed


def main(kills: int = 100, submissions: int = 200, seed: int = 1) -> None:
    from curriculum_support import folder, tiers
    from grading.full_disk import graded_on_a_full_disk
    from grading.synthetic import class_of
    from tito.grading.generate import generate
    from tito.grading.new import new_course
    from tito.grading.syllabus import syllabus

    with tempfile.TemporaryDirectory(prefix="tito-chaos-") as made:
        course = new_course(Path(made) / "class", "chaos", ("foundation",))
        taught = syllabus(course)
        module = taught.module("tensor")
        generate(taught, module)
        for handed in class_of(course, folder(tiers().course().by_id["tensor"]), submissions, seed):
            handed.put(course.root / "submitted", module.folder)
        start = time.monotonic()
        expected = undisturbed(course)
        seconds = time.monotonic() - start
        print(f"{len(expected)} submissions, undisturbed in {seconds:.0f} s", flush=True)
        chaos = Chaos(course, expected, seed)
        chaos.disturb(kills, seconds / 4)
        print(
            f"killed: the run {chaos.killed['run']} times, a worker {chaos.killed['worker']} times; "
            f"graded from the start {chaos.rounds + 1} times; the results are the same, byte for byte",
            flush=True,
        )
        forget(course)
        cluster = Cluster(Path(made))
        try:
            killed = losing_workers(course, cluster, kills // 10, chaos.chance)
        finally:
            cluster.stop()
        chaos.check()
        print(f"on a cluster: {killed} workers killed; the same", flush=True)
        forget(course)
        full = graded_on_a_full_disk(course, room=sum(map(len, expected.values())) // 2)
        assert full.code == 1, full.errors
        assert 0 < len(full.written) < submissions
        assert full.code_later == 0
        assert {name: text.encode() for name, text in full.written_later.items()} == expected
        print(f"a disk that was full after {len(full.written)} results: the same")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
