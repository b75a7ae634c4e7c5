"""A module is graded on the student's own earlier modules, if the instructor says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from grading.synthetic import Maker
from support import edit
from tito.curriculum import files
from tito.grading.brief import dump_brief, dump_work
from tito.grading.choose import chosen_jobs
from tito.grading.clerk import Clerk, Task
from tito.grading.course import CourseFolder
from tito.grading.result import Result, load
from tito.grading.settings import Settings
from tito.grading.shard import Shard


@pytest.fixture
def makers(course: CourseFolder, counter: Path) -> dict[str, Maker]:
    names = ("01_counter", "02_total")
    return {n: Maker(course.release(n), counter.parent / n) for n in names}


def hand_in(course: CourseFolder, makers: dict[str, Maker], name: str) -> Path:
    path = course.submitted("ann", name) / f"{makers[name].module}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(files.notebook(makers[name].solved), encoding="utf-8")
    return path


def graded(course: CourseFolder, against: str) -> Result:
    settings = Settings(against=against)  # type: ignore[arg-type]
    (job,), _ = chosen_jobs(course, ["02_total"], ["ann"], Shard(), settings)
    clerk = Clerk()
    try:
        brief, work = dump_brief(job.stack.brief), dump_work(job.stack.work("ann"))
        done = clerk.grade(Task("ann", "02_total", brief, work, 60.0))
    finally:
        clerk.close()
    assert done.problem == ""
    return load(done.result)


def test_on_a_sound_stack_both_ways_give_all_points(
    course: CourseFolder, makers: dict[str, Maker]
) -> None:
    hand_in(course, makers, "01_counter")
    hand_in(course, makers, "02_total")
    for against in ("reference", "own"):
        result = graded(course, against)
        assert (result.earned, result.remarks) == (result.points, ()), against


def test_an_early_mistake_counts_only_against_their_own(
    course: CourseFolder, makers: dict[str, Maker]
) -> None:
    edit(hand_in(course, makers, "01_counter"), "self.value += 1", "self.value += 2")
    hand_in(course, makers, "02_total")
    assert graded(course, "reference").earned == 100
    assert graded(course, "own").earned < 100


def test_what_was_not_handed_in_is_missing_and_said(
    course: CourseFolder, makers: dict[str, Maker]
) -> None:
    hand_in(course, makers, "02_total")
    result = graded(course, "own")
    assert result.earned == 0
    assert "your own counter is not there to build on" in result.remarks[-1].text


def test_code_that_is_no_python_is_missing_and_said(
    course: CourseFolder, makers: dict[str, Maker]
) -> None:
    path = hand_in(course, makers, "01_counter")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = "#| export\n" + "(" * 3_000
    path.write_text(json.dumps(notebook), encoding="utf-8")
    hand_in(course, makers, "02_total")
    result = graded(course, "own")
    assert result.earned == 0
    assert "your own counter is not there to build on" in result.remarks[-1].text


def test_handing_in_an_earlier_module_again_makes_the_result_stale(
    course: CourseFolder, makers: dict[str, Maker]
) -> None:
    path = hand_in(course, makers, "01_counter")
    hand_in(course, makers, "02_total")
    before = graded(course, "own"), graded(course, "reference")
    edit(path, "self.value += 1", "self.value += 2")
    after = graded(course, "own"), graded(course, "reference")
    assert before[0].submission != after[0].submission
    assert before[1].submission == after[1].submission
