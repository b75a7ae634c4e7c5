"""The workers of this machine: fed one by one, replaced when lost, ended with the run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grading.synthetic import class_of
from support import wait_until_gone
from tito.errors import UsageError
from tito.grading.brief import dump_brief, dump_work, load_brief, load_work
from tito.grading.choose import chosen_jobs
from tito.grading.clerk import Clerk, Task
from tito.grading.course import CourseFolder
from tito.grading.executors import Executor, Local, Where, executor
from tito.grading.settings import Limits, Settings
from tito.grading.shard import Shard

NAME = "01_counter"


@pytest.fixture
def tasks(course: CourseFolder, counter: Path) -> list[Task]:
    for handed in class_of(course, counter, 6):
        handed.put(course.root / "submitted", NAME)
    return tasks_of(course)


def tasks_of(course: CourseFolder) -> list[Task]:
    jobs, _ = chosen_jobs(course, [], [], Shard(), Settings(limits=Limits(cell=5)))
    return [
        Task(
            *(job.student, NAME, dump_brief(job.stack.brief)),
            dump_work(job.stack.work(job.student)),
            60.0,
        )
        for job in jobs
    ]


@pytest.fixture
def clerk() -> Iterator[Clerk]:
    made = Clerk()
    yield made
    made.close()


def worker_of(clerk: Clerk) -> int:
    assert clerk._process
    return clerk._process.pid


def test_what_a_worker_is_told_survives_the_way(course: CourseFolder, tasks: list[Task]) -> None:
    (job, *_), _ = chosen_jobs(course, [], [], Shard(), Settings(limits=Limits(cell=5)))
    assert load_brief(tasks[0].brief) == job.stack.brief
    assert load_work(tasks[0].work) == job.stack.work(job.student)


def test_all_tasks_come_back_whatever_the_number_of_workers(tasks: list[Task]) -> None:
    seen = []
    for number in (1, 3, 10):
        done = list(Local().grade(iter(tasks), Where(number)))
        seen.append(sorted((each.student, each.result) for each in done))
        assert all(each.sandbox and not each.problem for each in done)
    assert len(seen[0]) == 6
    assert seen[0] == seen[1] == seen[2]


def test_a_lost_worker_is_replaced_and_the_task_is_tried_again(
    clerk: Clerk, tasks: list[Task]
) -> None:
    first = clerk.grade(tasks[0])
    old = worker_of(clerk)
    os.killpg(old, signal.SIGKILL)
    again = clerk.grade(tasks[0])
    assert (again.result, again.problem) == (first.result, "")
    assert worker_of(clerk) != old


def test_a_task_that_costs_the_worker_twice_is_given_up(
    clerk: Clerk, tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned = replace(tasks[0], work="not JSON")
    done = clerk.grade(poisoned)
    assert done.result == ""
    assert done.problem
    assert clerk.grade(tasks[0]).result


def test_a_worker_that_dies_of_each_task_costs_two_tries(
    clerk: Clerk, tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    start = subprocess.Popen

    def broken(command: list[str], **options: object) -> object:
        started.append(command)
        return start([sys.executable, "-c", "input()"], **options)  # type: ignore[call-overload]

    monkeypatch.setattr("tito.grading.clerk.subprocess.Popen", broken)
    done = clerk.grade(tasks[0])
    assert "lost 2 times" in done.problem
    assert len(started) == 2


def test_a_worker_that_hangs_is_lost_too(
    clerk: Clerk, tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    start = subprocess.Popen

    def sleepy(command: list[str], **options: object) -> object:
        return start([sys.executable, "-c", "import time; time.sleep(600)"], **options)  # type: ignore[call-overload]

    monkeypatch.setattr("tito.grading.clerk.subprocess.Popen", sleepy)
    done = clerk.grade(replace(tasks[0], patience=0.2))
    assert "lost 2 times" in done.problem


def test_stopping_ends_the_workers_and_what_they_started(tasks: list[Task]) -> None:
    before, older = threading.active_count(), children_of(os.getpid())
    graded = Local().grade(iter(tasks), Where(2))
    next(graded)
    children = [int(each) for each in children_of(os.getpid()) if each not in older]
    assert len(children) >= 2
    graded.close()  # type: ignore[attr-defined]
    for child in children:
        wait_until_gone(child)
    assert threading.active_count() == before


def children_of(process: int) -> list[str]:
    """Of all its threads."""
    lists = Path(f"/proc/{process}/task").glob("*/children")
    return [child for each in lists for child in each.read_text().split()]


def descendants(process: int) -> set[int]:
    found = {int(child) for child in children_of(process)}
    return found.union(*(descendants(child) for child in found)) if found else found


def test_workers_end_with_a_run_that_is_killed(course: CourseFolder, tasks: list[Task]) -> None:
    """Also in the middle of a cell, and with all that is in the sandbox."""
    notebook = course.submitted("student-00000", NAME) / "counter.ipynb"
    text = notebook.read_text(encoding="utf-8")
    notebook.write_text(text.replace("self.value += 1", "while True: pass"), encoding="utf-8")
    run = subprocess.Popen(
        [sys.executable, "-m", "tito", "nbgrader", "autograde", "--jobs", "2"],
        cwd=course.root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 60
    while not list(course.root.glob("results/*/*.json")) and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.3)
    family = descendants(run.pid)
    assert len(family) > 3
    run.kill()
    run.wait()
    for process in family:
        wait_until_gone(process)


def test_a_mistake_in_the_tasks_is_raised_and_ends_all(tasks: list[Task]) -> None:
    def failing() -> Iterator[Task]:
        yield tasks[0]
        raise OSError("the disk is gone")

    before = threading.active_count()
    with pytest.raises(OSError, match="the disk is gone"):
        list(Local().grade(failing(), Where(2)))
    assert threading.active_count() == before


def test_a_worker_with_another_grader_refuses(
    clerk: Clerk, tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    brief = tasks[0].brief.replace('"engine": "', '"engine": "9.')
    done = clerk.grade(replace(tasks[0], brief=brief))
    assert done.refused
    assert "engine is 0." in done.problem
    assert "the run began with 9." in done.problem


def test_executors_are_found_by_name() -> None:
    assert isinstance(executor("local"), Local)
    assert isinstance(executor("dask"), Executor)
    with pytest.raises(UsageError, match="did you mean 'local'"):
        executor("locale")


def test_a_plugin_adds_an_executor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cluster_plugin.py").write_text(
        "class Cluster:\n"
        "    name = 'cluster'\n"
        "    def grade(self, tasks, where):\n"
        "        return iter(())\n"
        "def tito_grading_executors():\n"
        "    return [Cluster()]\n"
    )
    info = tmp_path / "cluster-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: cluster\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[tito]\ncluster = cluster_plugin\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert executor("cluster").name == "cluster"
