"""The commands that collect, grade and merge, as an instructor types them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from grading.synthetic import class_of
from support import Run
from tito import cli
from tito.grading.clerk import Clerk
from tito.grading.course import CourseFolder

NAME = "01_counter"


@pytest.fixture
def full(course: CourseFolder, counter: Path) -> CourseFolder:
    for handed in class_of(course, counter, 10):
        handed.put(course.root / "submitted", NAME)
    return course


def tito(course: CourseFolder, capsys: pytest.CaptureFixture[str], *arguments: object) -> Run:
    """Run the command in this process."""
    capsys.readouterr()
    with contextlib.chdir(course.root):
        try:
            code = cli.run(["nbgrader", *map(str, arguments)])
        except SystemExit as end:
            code = int(end.code or 0)
    said = capsys.readouterr()
    return Run(code, said.out, said.err)


def results(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*/*.json")}


def test_grading_a_class(full: CourseFolder, capsys: pytest.CaptureFixture[str]) -> None:
    done = tito(full, capsys, "autograde")
    assert done.code == 0
    assert "10 graded, 0 flagged" in done.out
    assert "10/10 submissions" in done.err
    assert "Sandbox: " in done.err
    assert len(results(full.root / "results")) == 10
    again = tito(full, capsys, "autograde", NAME)
    assert "10 of 10 submissions are graded already." in again.out
    assert "0 graded" in again.out


def test_the_gradebook_has_the_same_points(
    full: CourseFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    from nbgrader.api import Gradebook

    tito(full, capsys, "autograde", "--student", "student-00000", "--assignment", "counter")
    with Gradebook(full.gradebook) as book:
        submission = book.find_submission(NAME, "student-00000")
        assert (submission.score, submission.max_score) == (100, 100)
        assert len(book.assignment_submissions(NAME)) == 1


def test_events_are_for_scripts(full: CourseFolder, capsys: pytest.CaptureFixture[str]) -> None:
    done = tito(full, capsys, "autograde", "--json", "--jobs", 2)
    began, *graded, ended = map(json.loads, done.out.splitlines())
    assert began == {"event": "began", "submissions": 10, "pending": 10}
    assert [event["event"] for event in graded] == ["graded"] * 10
    assert {event["student"] for event in graded} == {f"student-{n:05d}" for n in range(10)}
    assert (ended["event"], ended["graded"], ended["lost"]) == ("ended", 10, 0)
    assert done.err == ""


def test_shards_and_merge(
    full: CourseFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for n in (1, 2, 3):
        folder = tmp_path / f"part{n}"
        done = tito(full, capsys, "autograde", "--shard", f"{n}/3", "--results", folder)
        assert done.code == 0
    parts = [results(tmp_path / f"part{n}") for n in (1, 2, 3)]
    assert sum(map(len, parts)) == 10
    done = tito(full, capsys, "merge", *(tmp_path / f"part{n}" for n in (1, 2, 3)))
    assert (done.code, done.out) == (0, "10 new results, 0 as before\n")
    assert results(full.root / "results") == parts[0] | parts[1] | parts[2]
    assert "10 of 10" in tito(full, capsys, "autograde").out
    changed = next((tmp_path / "part1").glob("*/*.json"))
    changed.write_text(changed.read_text().replace('"submission": "', '"submission": "0'))
    done = tito(full, capsys, "merge", tmp_path / "part1")
    assert done.code == 1
    assert "are not the same" in done.err


def test_a_weak_sandbox_is_told(
    full: CourseFolder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    grade = Clerk.grade
    weak = lambda clerk, task: replace(grade(clerk, task), weak=True)  # noqa: E731
    monkeypatch.setattr(Clerk, "grade", weak)
    done = tito(full, capsys, "autograde", "--student", "student-00000")
    assert done.code == 0
    assert done.err.count("the sandbox is weak") == 1


def test_what_could_not_be_graded_ends_with_an_error(
    full: CourseFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    (full.root / "submitted" / "-rf" / NAME).mkdir(parents=True)
    done = tito(full, capsys, "autograde")
    assert done.code == 1
    assert "10 graded" in done.out
    assert "no student can be" in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--shard", "9/3"], 2, "there is no part '9/3'"),
        (["--executor", "slurm"], 2, "there is no executor 'slurm'"),
        (["--executor", "dask"], 2, "where is the scheduler?"),
        (["03_nothing"], 2, "there is no assignment '03_nothing'"),
        (["--student", "nobody"], 2, "nothing was handed in by 'nobody'"),
        (["--jobs", "0"], 2, "--jobs"),
        (["--stderr", "maybe"], 2, "--stderr"),
    ],
)
def test_a_wrong_option_is_explained(
    full: CourseFolder,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    said: str,
) -> None:
    done = tito(full, capsys, "autograde", *arguments)
    assert done.code == code
    assert said in done.err
    assert results(full.root / "results") == {}


def test_outside_of_a_course_it_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["autograde"], ["merge"], ["collect", NAME]):
        with contextlib.chdir(tmp_path):
            assert cli.run(["nbgrader", *command]) == 1
        assert "there is no course here" in capsys.readouterr().err


def test_ctrl_c_stops_and_the_next_run_goes_on(
    full: CourseFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    run = subprocess.Popen(
        [sys.executable, "-m", "tito", "nbgrader", "autograde", "--jobs", "1", "--json"],
        cwd=full.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    assert run.stdout
    assert "began" in run.stdout.readline()
    assert "graded" in run.stdout.readline()
    os.killpg(run.pid, signal.SIGINT)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 130, err
    assert err.strip() == "stopped"
    done = len(results(full.root / "results"))
    assert 0 < done < 10
    time.sleep(0.1)
    assert f"{done} of 10 submissions are graded already." in tito(full, capsys, "autograde").out
    assert len(results(full.root / "results")) == 10


def test_nbgraders_own_engine_gives_the_same_points(
    full: CourseFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    from nbgrader.api import Gradebook

    students = [part for n in (0, 1, 8) for part in ("--student", f"student-0000{n}")]
    scores = []
    for engine in ("tito", "nbgrader"):
        done = tito(full, capsys, "autograde", "--engine", engine, *students)
        assert done.code == 0, done.err
        with Gradebook(full.gradebook) as book:
            scores.append({s.student.id: s.score for s in book.assignment_submissions(NAME)})
    assert scores[0] == scores[1]
    assert scores[0]["student-00000"] == 100


def test_collecting_tells_who_is_who(
    course: CourseFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as made:
        made.writestr("doejane_LATE_4711_98765_counter-1.ipynb", b"{}")
        made.writestr("../../evil_1_2_counter.ipynb", b"{}")
    done = tito(course, capsys, "collect", "counter", "--from", tmp_path / "class.zip")
    assert done.code == 0
    assert "Read as: canvas" in done.out
    assert "doejane (4711)  doejane_4711  counter.ipynb  new, late" in done.out
    assert "leads out of the archive" in done.err
    assert (course.submitted("doejane_4711", NAME) / "counter.ipynb").read_bytes() == b"{}"


def test_collecting_from_nbgraders_exchange(
    course: CourseFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exchange = tmp_path / "exchange"
    inbound = exchange / "counting" / "inbound"
    for student, at, text in (
        ("ann", "2026-03-01 10:00:00 UTC", b"first"),
        ("ann", "2026-03-02 10:00:00 UTC", b"second"),
        ("eve", "2026-03-01 10:00:00 UTC", b""),
    ):
        folder = inbound / f"{student}+{NAME}+{at}+random"
        folder.mkdir(parents=True)
        (folder / "timestamp.txt").write_text(at)
        if text:
            (folder / "counter.ipynb").write_bytes(text)
        else:
            (folder / "counter.ipynb").symlink_to(course.source(NAME))
    exchange.chmod(0o777)
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write(f"\nc.Exchange.root = {str(exchange)!r}\n")
    done = tito(course, capsys, "collect", NAME)
    assert (course.submitted("ann", NAME) / "counter.ipynb").read_bytes() == b"second"
    stamp = (course.submitted("ann", NAME) / "timestamp.txt").read_text()
    assert stamp == "2026-03-02 10:00:00 UTC\n"
    assert not course.submitted("eve", NAME).exists()
    assert done.code == 1
    assert "this is not taken" in done.err
