"""Points by nbgrader's rules; the oracle is nbgrader itself."""

from __future__ import annotations

from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.utils import compute_checksum, determine_grade, get_partial_grade

from tito.curriculum.source import Cell
from tito.grading.assignment import Assignment
from tito.grading.result import CellRun, Remark, Score
from tito.grading.scores import partial_credit, scores
from tito.grading.settings import Settings

IGNORE, FAIL = Settings(), Settings(stderr="fail")


def cell(grade_id: str, number: int, kind: Any = "code", text: str = "", **about: Any) -> Cell:
    nbgrader = {"grade": True, "solution": False, "points": 10, "grade_id": grade_id, **about}
    return Cell(kind, text, "x.ipynb", 0, number, {"nbgrader": nbgrader})


EXERCISE = cell("task", 1, grade=False, solution=True, text="raise NotImplementedError")
TEST = cell("test", 2)
OTHER = cell("other", 3, points=5)
ANSWER = cell("answer", 4, kind="markdown", solution=True, text="YOUR ANSWER HERE")
ASSIGNMENT = Assignment("01_x", "x", (EXERCISE, TEST, OTHER, ANSWER), "digest")
RAN = CellRun("task", "passed")


def scored(*runs: CellRun, flags: tuple[Remark, ...] = (), settings: Settings = IGNORE) -> Any:
    ran = (RAN, *runs)
    found = scores(ASSIGNMENT, ASSIGNMENT.cells, ran, flags, settings)
    assert [each.id for each in found] == ["test", "other", "answer"]
    return [(each.earned, each.manual) for each in found[:2]]


def test_only_a_test_that_passed_earns_anything() -> None:
    for outcome, earned in (("passed", 10), ("failed", 0), ("killed", 0), ("not run", 0)):
        assert scored(CellRun("test", outcome), CellRun("other", "passed")) == [
            (earned, False),
            (5, False),
        ]


def test_what_a_test_writes_to_stderr_counts_only_by_nbgraders_rule() -> None:
    runs = CellRun("test", "passed", stderr="a warning"), CellRun("other", "passed", stdout="a")
    assert scored(*runs) == [(10, False), (5, False)]
    assert scored(*runs, settings=FAIL) == [(0, False), (5, False)]


VALUES = [
    "",
    "0",
    "3",
    "2.5",
    "10",
    "10.0",
    "-1",
    "nan",
    "-0.0",
    "1e-3",
    "True",
    "'3'",
    "[3]",
    "1_0",
]


def nbgraders(value: str, most: float) -> float:
    """What it gives a test that shows this."""
    shown = nbformat.v4.new_output("execute_result", {"text/plain": value}, execution_count=1)
    outputs = [shown] if value else []
    made = nbformat.v4.new_code_cell(outputs=outputs)
    made.metadata.nbgrader = {"grade": True, "solution": False, "points": most, "grade_id": "t"}
    earned, _ = determine_grade(made)
    return float(earned)


@pytest.mark.parametrize("value", VALUES)
def test_partial_credit_is_nbgraders(value: str) -> None:
    assert partial_credit(value, 10) == nbgraders(value, 10)


@given(st.floats().map(repr) | st.text(min_size=1, max_size=6) | st.integers().map(str))
def test_partial_credit_is_nbgraders_for_anything_that_it_takes(value: str) -> None:
    try:
        theirs = get_partial_grade({"data": {"text/plain": value}}, 10)
    except ValueError:
        assert partial_credit(value, 10) > 10
    else:
        assert partial_credit(value, 10) == theirs


def test_more_points_than_there_are_is_for_a_person_to_decide() -> None:
    runs = CellRun("test", "passed", value="11"), CellRun("other", "passed", value="inf")
    assert scored(*runs) == [(0, True), (0, True)]


def test_a_flagged_test_earns_nothing_until_a_person_decides() -> None:
    runs = CellRun("test", "passed"), CellRun("other", "passed")
    assert scored(*runs, flags=(Remark("flag", "test", "odd"),)) == [(0, True), (5, False)]


@pytest.mark.parametrize("where", ["", "task", "setup_3"])
def test_a_flag_elsewhere_casts_doubt_on_all_that_passed(where: str) -> None:
    runs = CellRun("test", "passed"), CellRun("other", "failed")
    assert scored(*runs, flags=(Remark("flag", where, "odd"),)) == [(0, True), (0, False)]


@pytest.mark.parametrize("text", ["YOUR ANSWER HERE", "Because it is.", "YOUR ANSWER HERE "])
def test_an_answer_is_graded_by_a_person_unless_it_is_untouched(text: str) -> None:
    answer = cell("answer", 4, kind="markdown", solution=True, text=text)
    runs = RAN, CellRun("test", "passed"), CellRun("other", "passed")
    *_, score = scores(ASSIGNMENT, (EXERCISE, TEST, OTHER, answer), runs, (), IGNORE)
    stub = nbformat.v4.new_markdown_cell(ANSWER.text)
    stub.metadata.nbgrader = {**ANSWER.nbgrader, "locked": False}
    theirs = nbformat.v4.new_markdown_cell(text)
    theirs.metadata.nbgrader = {**stub.metadata.nbgrader, "checksum": compute_checksum(stub)}
    earned, _ = determine_grade(theirs)
    assert score == Score("answer", 10.0, 0.0, manual=earned is None)
