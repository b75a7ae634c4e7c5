"""What the executed notebook shows of a run."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from nbconvert.filters import markdown2html

from tito.grading.assignment import read_assignment
from tito.grading.course import CourseFolder
from tito.grading.executed import Press, plain, reader
from tito.grading.result import FORMAT, CellRun, Remark, Result

NAME = "01_counter"


def printed(course: CourseFolder, run: CellRun, *remarks: Remark) -> list[dict[str, Any]]:
    """The cells, if every code cell showed this."""
    assignment = read_assignment(course, NAME)
    runs = tuple(run for cell in assignment.cells if cell.kind == "code")
    result = Result(FORMAT, NAME, "ann", "", "", runs, (), remarks)
    return list(json.loads(Press(assignment).notebook(assignment.cells, result))["cells"])


def outputs(course: CourseFolder, run: CellRun, grade_id: str) -> list[dict[str, Any]]:
    cells = printed(course, run)
    (found,) = [c for c in cells if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id]
    return list(found["outputs"])


def test_all_that_a_cell_showed_is_there(course: CourseFolder) -> None:
    run = CellRun("", "failed", "out", "err", "7", "it is wrong", "line 3\n    assert x\n")
    stdout, stderr, value, error = outputs(course, run, "test-counter-count")
    assert (stdout["name"], stdout["text"]) == ("stdout", "out")
    assert (stderr["name"], stderr["text"]) == ("stderr", "err")
    assert value["data"] == {"text/plain": "7"}
    assert error["traceback"] == ["line 3", "    assert x", "it is wrong"]


@pytest.mark.parametrize("outcome", ["failed", "killed", "not run"])
def test_a_test_that_did_not_pass_never_looks_like_one_that_did(
    outcome: str, course: CourseFolder
) -> None:
    (error,) = outputs(course, CellRun("", outcome), "test-counter-count")
    assert error["output_type"] == "error"
    assert outcome in error["evalue"]


def test_one_that_passed_without_a_word_shows_nothing(course: CourseFolder) -> None:
    assert outputs(course, CellRun("", "passed"), "test-counter-count") == []


def test_a_cell_without_points_that_was_left_out_says_so_and_is_no_error(
    course: CourseFolder,
) -> None:
    cells = printed(course, CellRun("", "not run", error="it only measures"))
    free = [c for c in cells if c["cell_type"] == "code" and "nbgrader" not in c["metadata"]]
    assert free
    for cell in free:
        assert [each["output_type"] for each in cell["outputs"]] == ["stream"]
        assert cell["outputs"][0]["text"] == "it only measures"


def test_a_submission_of_which_nothing_ran_has_no_test_that_looks_passed(
    course: CourseFolder,
) -> None:
    assignment = read_assignment(course, NAME)
    result = Result(FORMAT, NAME, "ann", "", "", (), (), ())
    cells = json.loads(Press(assignment).notebook(assignment.cells, result))["cells"]
    tests = [c for c in cells if c["metadata"].get("nbgrader", {}).get("points", 0) > 0]
    assert len(tests) == 2
    assert all(c["outputs"][0]["output_type"] == "error" for c in tests)


def test_the_rubric_stands_under_its_question_for_graders_only(course: CourseFolder) -> None:
    cells = printed(course, CellRun("", "passed"))
    places = [n for n, cell in enumerate(cells) if reader(cell) == "grader"]
    (place,) = places
    assert cells[place - 1]["metadata"]["nbgrader"]["grade_id"] == "question-1"
    assert "Rubric of question 1" in "".join(cells[place]["source"])


def test_another_answer_is_another_text_with_the_same_checksum(course: CourseFolder) -> None:
    assignment = read_assignment(course, NAME)
    result = Result(FORMAT, NAME, "ann", "", "", (), (), ())
    mine = [replace(c, text="mine") if c.is_solution else c for c in assignment.cells]
    texts = [json.loads(Press(assignment).notebook(c, result)) for c in (assignment.cells, mine)]
    for one, other in zip(*(each["cells"] for each in texts), strict=True):
        assert one["metadata"] == other["metadata"]
        if one["metadata"].get("nbgrader", {}).get("solution"):
            assert "".join(other["source"]) == "mine"


@pytest.mark.parametrize(
    "text",
    ["<b>x</b>", "[x](y)", "*x*", "# x", "`x`", "![x](y)", "$x$", "a | b", "1. x", "http://x.y"],
)
def test_words_from_anywhere_are_shown_and_do_nothing(text: str) -> None:
    made = markdown2html(plain(text))
    for tag in ("<b>", "<a ", "<em>", "<h1", "<code", "<img", "<ol", "<table"):
        assert tag not in made
