"""A cluster of two workers on this machine: the results are the same, also when workers are lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from grading.cluster import Cluster
from grading.synthetic import class_of
from tito.errors import TitoError, UsageError
from tito.grading import distributed
from tito.grading.choose import chosen_jobs
from tito.grading.clerk import Task
from tito.grading.course import CourseFolder
from tito.grading.distributed import OnDask
from tito.grading.executors import Local, Where
from tito.grading.journal import Journal
from tito.grading.run import run
from tito.grading.settings import Settings
from tito.grading.shard import Shard

NAME = "01_counter"
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


@pytest.fixture
def cluster(course: CourseFolder, tmp_path: Path) -> Iterator[Cluster]:
    (tmp_path / "cluster").mkdir()
    made = Cluster(tmp_path / "cluster")
    yield made
    made.stop()


def results(course: CourseFolder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in course.root.glob("results/*/*.json")}


def test_results_are_the_same_although_every_worker_is_lost(
    course: CourseFolder, counter: Path, cluster: Cluster
) -> None:
    for handed in class_of(course, counter, 24):
        handed.put(course.root / "submitted", NAME)
    jobs, _ = chosen_jobs(course, [], [], Shard(), Settings())
    journal = Journal(course.root / "journal.jsonl")
    run(jobs, Local(), Where(2), journal, lambda event, about: None)
    expected = results(course)
    assert len(expected) == 24
    for path in course.root.glob("results/*/*.json"):
        path.unlink()
    count = 0

    def lose_one(event: str, about: object) -> None:
        nonlocal count
        count += 1
        if count in (4, 12):
            cluster.lose(count // 12)

    summary = run(jobs, OnDask(), Where(scheduler=cluster.address), journal, lose_one)
    assert summary.findings == []
    assert results(course) == expected


class Lost:
    """A future whose machine was lost when it had the result: it is not finished, and will be."""

    status = "lost"

    def exception(self) -> None:
        return None

    def result(self) -> tuple[object, ...]:
        return ("ada", NAME, "{}", "", False, 0.1, "bubblewrap", False)


class GivenUp(Lost):
    status = "error"

    def result(self) -> tuple[object, ...]:
        raise RuntimeError("three workers died of it")


def test_a_result_that_was_lost_is_waited_for_and_one_that_was_given_up_is_told() -> None:
    task = Task("ada", NAME, "", "", 1.0)
    assert distributed._done(Lost(), task).result == "{}"
    assert "three workers" in distributed._done(GivenUp(), task).problem


def test_without_an_address_or_a_scheduler_it_is_said() -> None:
    with pytest.raises(UsageError, match="--scheduler tcp://HOST:8786"):
        list(OnDask().grade(iter(()), Where()))
    with pytest.raises((TitoError, UsageError), match="no answer from the scheduler"):
        list(OnDask().grade(iter(()), Where(scheduler="tcp://127.0.0.1:9")))
