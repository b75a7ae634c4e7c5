"""From pending submissions to results: whole files, nothing twice, nothing lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grading.synthetic import class_of
from tito.errors import CourseFolderError, UsageError, WorkspaceError
from tito.grading.choose import chosen_jobs
from tito.grading.clerk import Done, Task
from tito.grading.course import CourseFolder
from tito.grading.executors import Local, Where
from tito.grading.journal import Journal
from tito.grading.result import load
from tito.grading.run import Job, Summary, pending, run
from tito.grading.settings import Settings
from tito.grading.shard import Shard

NAME = "01_counter"
USUAL = Settings()


@pytest.fixture
def full(course: CourseFolder, counter: Path) -> CourseFolder:
    """A class of ten has handed in."""
    for handed in class_of(course, counter, 10):
        handed.put(course.root / "submitted", NAME)
    return course


def jobs_of(course: CourseFolder, *students: str, settings: Settings = USUAL) -> list[Job]:
    return chosen_jobs(course, [], students, Shard(), settings)[0]


def graded(
    course: CourseFolder, jobs: list[Job], executor: Any = None
) -> tuple[Summary, list[tuple[str, dict[str, Any]]]]:
    told: list[tuple[str, dict[str, Any]]] = []
    journal = Journal(course.root / "results" / "journal.jsonl")
    tell = lambda event, about: told.append((event, about))  # noqa: E731
    return run(jobs, executor or Local(), Where(2), journal, tell), told


def results(course: CourseFolder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in course.root.glob("results/*/*.json")}


def test_everybody_gets_a_result_and_it_holds(full: CourseFolder) -> None:
    jobs = jobs_of(full)
    summary, told = graded(full, pending(jobs, False))
    assert summary.counts["graded"] == len(told) == 10
    assert not summary.findings
    assert len(results(full)) == 10
    assert pending(jobs, False) == []
    assert len(pending(jobs, True)) == 10
    before = results(full)
    graded(full, pending(jobs, True))
    assert results(full) == before


def test_a_correct_submission_earns_all_and_a_blank_one_nothing(
    full: CourseFolder, counter: Path
) -> None:
    graded(full, jobs_of(full))
    for handed in class_of(full, counter, 10):
        earned = load(full.result(handed.student, NAME).read_text()).earned
        if handed.kind in ("correct", "blank", "partly"):
            assert earned == (100 if handed.kind == "correct" else 0), handed.student


def change(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b" ")


@pytest.mark.parametrize("what", ["submission", "source", "settings", "result gone", "result torn"])
def test_a_result_holds_as_long_as_all_that_it_depends_on(full: CourseFolder, what: str) -> None:
    graded(full, jobs_of(full, "student-00000", "student-00001"))
    student, settings = "student-00000", Settings()
    result = full.result(student, NAME)
    if what == "submission":
        change(full.submitted(student, NAME) / "counter.ipynb")
    elif what == "source":
        change(full.source(NAME))
    elif what == "settings":
        settings = Settings(stderr="fail")
    elif what == "result gone":
        result.unlink()
    else:
        result.write_bytes(result.read_bytes()[:-9])
    waiting = pending(jobs_of(full, student, "student-00001", settings=settings), False)
    expected = {student} | ({"student-00001"} if what in ("source", "settings") else set())
    assert {job.student for job in waiting} == expected


class Fake:
    """Answers as it was told."""

    name = "fake"

    def __init__(self, **changes: Any):
        self.changes = changes
        self.closed = False

    def grade(self, tasks: Iterator[Task], where: Where) -> Iterator[Done]:
        try:
            for done in Local().grade(tasks, where):
                about = {name: getattr(done, name) for name in Done.__slots__}
                yield Done(**about | self.changes)
        finally:
            self.closed = True


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"problem": "the worker was lost"}, "the worker was lost"),
        ({"result": "{"}, "not graded"),
        ({"result": "{}"}, "lacks the key"),
        ({"result": "[" * 100_000}, "not graded"),
        ({"student": "somebody else"}, "did not come back"),
    ],
)
def test_what_is_no_answer_is_a_finding_and_no_result(
    full: CourseFolder, changes: dict[str, Any], reason: str
) -> None:
    summary, _ = graded(full, jobs_of(full, "student-00000"), Fake(**changes))
    assert results(full) == {}
    (finding,) = summary.findings
    assert reason in finding.message
    assert "student-00000" in finding.where
    assert len(pending(jobs_of(full, "student-00000"), False)) == 1


def test_a_worker_that_refuses_stops_the_run(full: CourseFolder) -> None:
    """It would refuse every other submission, too."""
    with pytest.raises(CourseFolderError, match="01_counter cannot be graded here: no sandbox"):
        graded(full, jobs_of(full), Fake(problem="no sandbox", refused=True))
    assert results(full) == {}


def test_a_result_of_somebody_else_is_not_taken(full: CourseFolder) -> None:
    graded(full, jobs_of(full, "student-00000"))
    theirs = full.result("student-00000", NAME).read_text()
    summary, _ = graded(full, jobs_of(full, "student-00001"), Fake(result=theirs))
    assert "another result than was asked for" in summary.findings[0].message
    assert set(results(full)) == {"student-00000.json"}


def test_a_disk_that_is_full_stops_the_run_and_its_workers(
    full: CourseFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = Fake()

    def no_room(path: Path, text: str) -> None:
        raise WorkspaceError([])

    monkeypatch.setattr("tito.grading.run.write_atomically", no_room)
    with pytest.raises(WorkspaceError):
        graded(full, jobs_of(full), executor)
    assert executor.closed
    assert results(full) == {}


def test_the_journal_tells_what_was_done(full: CourseFolder) -> None:
    graded(full, jobs_of(full, "student-00000"))
    text = (full.root / "results" / "journal.jsonl").read_text()
    began, ended = map(json.loads, text.splitlines())
    assert (began["event"], ended["event"]) == ("began", "ended")
    assert ended["student"] == "student-00000"
    assert ended["seconds"] > 0


def test_any_subset_can_be_chosen(full: CourseFolder) -> None:
    assert {job.student for job in jobs_of(full, "student-00003")} == {"student-00003"}
    with pytest.raises(UsageError, match="nothing was handed in by 'nobody'"):
        jobs_of(full, "nobody")
    with pytest.raises(UsageError, match="no assignment"):
        chosen_jobs(full, ["03_nothing"], [], Shard(), Settings())
    parts = [chosen_jobs(full, [NAME], [], Shard(n, 3), Settings())[0] for n in (1, 2, 3)]
    assert sorted(job.student for part in parts for job in part) == sorted(
        job.student for job in jobs_of(full)
    )


def test_a_folder_that_is_no_students_is_told_and_harms_nobody(full: CourseFolder) -> None:
    (full.root / "submitted" / "..." / NAME).mkdir(parents=True)
    (full.root / "submitted" / ("x" * 250) / NAME).mkdir(parents=True)
    jobs, findings = chosen_jobs(full, [], [], Shard(), Settings())
    assert len(jobs) == 10
    assert len(findings) == 2
    assert "rename it" in findings[0].fix
