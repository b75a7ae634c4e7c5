"""`tito nbgrader autograde` as it is typed: which submissions it grades, how, and what it tells."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tito.cli.nbgrader.autograde import autograde
from tito.cli.nbgrader.merge import merge
from tito.grading.course import CourseFolder
from tito.grading.executors import processors
from tito.grading.result import load

NAME = "01_counter"


@pytest.fixture
def inside(a_class: CourseFolder, monkeypatch: pytest.MonkeyPatch) -> CourseFolder:
    monkeypatch.chdir(a_class.root)
    return a_class


def typed(*words: object, command: Any = autograde) -> Result:
    done = CliRunner().invoke(command, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done


def events(*words: object) -> list[dict[str, Any]]:
    return [json.loads(line) for line in typed(*words, "--json").stdout.splitlines()]


def results(course: CourseFolder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in course.root.glob("results/*/*.json")}


def test_what_is_graded_is_graded_again_by_force_only_and_comes_to_the_same(
    inside: CourseFolder,
) -> None:
    before = results(inside)
    began, ended = events(NAME)
    assert (began["submissions"], began["pending"]) == (10, 0)
    assert ended["graded"] == 0
    began, *graded, ended = events(NAME, "--force")
    assert (began["pending"], len(graded), ended["graded"]) == (10, 10, 10)
    assert results(inside) == before


def test_each_event_tells_who_earned_what_and_in_which_sandbox(inside: CourseFolder) -> None:
    _, graded, ended = events("--assignment", NAME, "--student", "student-00000", "--force")
    assert (graded["event"], graded["assignment"], graded["student"]) == (
        *("graded", NAME, "student-00000"),
    )
    assert (graded["earned"], graded["points"], graded["flags"]) == (100, 100, 0)
    assert graded["seconds"] > 0
    assert graded["sandbox"].startswith("bubblewrap")
    assert ended["sandbox"] == graded["sandbox"]


def test_shards_of_the_class_make_the_whole_when_they_are_merged(
    inside: CourseFolder, tmp_path: Path
) -> None:
    before = results(inside)
    for path in inside.root.glob("results/*/*.json"):
        path.unlink()
    parts = [tmp_path / f"part-{n}" for n in (1, 2, 3)]
    counts = [
        events("--shard", f"{n}/3", "--results", part)[-1]["graded"]
        for n, part in enumerate(parts, 1)
    ]
    assert sum(counts) == 10
    assert max(counts) < 10
    assert results(inside) == {}
    typed(*parts, command=merge)
    assert results(inside) == before


def test_stock_nbgrader_grades_a_copy(inside: CourseFolder) -> None:
    before = {path: path.read_bytes() for path in inside.root.rglob("*") if path.is_file()}
    students = ("student-00000", "student-00001", "student-00008")
    named = [word for student in students for word in ("--student", student)]
    said = typed(NAME, "--engine", "nbgrader", *named).stdout
    theirs = {who: float(points) for who, points in re.findall(r"(student-\d+) +([\d.]+)", said)}
    ours = {each: load(inside.result(each, NAME).read_text()).earned for each in students}
    assert theirs == ours
    assert "3 of 3 graded by nbgrader" in said
    after = {path: path.read_bytes() for path in inside.root.rglob("*") if path.is_file()}
    assert after == before


def test_all_processors_that_this_process_may_use_are_used() -> None:
    mine = os.sched_getaffinity(0)
    assert processors() == len(mine)
    try:
        os.sched_setaffinity(0, {max(mine)})
        assert processors() == 1
    finally:
        os.sched_setaffinity(0, mine)
