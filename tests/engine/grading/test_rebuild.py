"""Whatever was done to a notebook, what counts is the assignment's cells with the student's answers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tito.curriculum.source import Cell, Source
from tito.grading.assignment import Assignment
from tito.grading.rebuild import rebuild


def cell(text: str, grade_id: str = "", kind: str = "code", **nbgrader: object) -> Cell:
    metadata = {"nbgrader": {"grade_id": grade_id, **nbgrader}} if grade_id else {}
    return Cell(kind, text, "count.ipynb", 0, 0, metadata, grade_id)  # type: ignore[arg-type]


STUB = cell("def up(n):\n    raise NotImplementedError", "up", solution=True, grade=False)
TEST = cell("assert up(1) == 2", "up-test", grade=True, solution=False, points=3)
WHY = cell("Your answer.", "why", "markdown", grade=True, solution=True, points=2)
GIVEN = cell("import math")
ASSIGNMENT = Assignment("31_count", "count", (GIVEN, STUB, TEST, WHY), "")
ANSWER = replace(STUB, text="def up(n): return n + 1")


def rebuilt(*cells: Cell) -> tuple[list[str], list[tuple[str, str]]]:
    made = rebuild(ASSIGNMENT, Source("count.ipynb", cells))
    return [c.text for c in made.cells], [(note.cell, note.text) for note in made.notes]


def test_answers_are_taken_and_nothing_is_noted() -> None:
    essay = replace(WHY, text="Because.")
    texts, notes = rebuilt(GIVEN, ANSWER, TEST, essay)
    assert texts == [GIVEN.text, ANSWER.text, TEST.text, essay.text]
    assert notes == []


@pytest.mark.parametrize(
    ("cells", "cell_id", "says"),
    [
        ([GIVEN, ANSWER, WHY], "up-test", "is gone: restored"),
        ([GIVEN, ANSWER, replace(TEST, text="pass"), WHY], "up-test", "was edited: restored"),
        ([GIVEN, ANSWER, replace(TEST, kind="markdown"), WHY], "up-test", "is a markdown cell now"),
        ([GIVEN, ANSWER, TEST, WHY, cell("1", "foreign", grade=True)], "foreign", "left out"),
        ([GIVEN, replace(ANSWER, text="x"), ANSWER, TEST, WHY], "up", "the last one counts"),
        ([GIVEN, ANSWER, cell(TEST.text, "up-test", points=99), WHY], "up-test", "points"),
        ([GIVEN, ANSWER, TEST, WHY, cell("print(1)")], "", "1 code cells outside"),
    ],
)
def test_what_was_restored_is_noted(cells: list[Cell], cell_id: str, says: str) -> None:
    texts, notes = rebuilt(*cells)
    assert texts == [GIVEN.text, ANSWER.text, TEST.text, WHY.text]
    assert [where for where, _ in notes] == [cell_id]
    assert says in notes[0][1]


def test_an_exercise_that_is_gone_is_its_stub_again() -> None:
    texts, notes = rebuilt(GIVEN, TEST, WHY)
    assert texts[1] == STUB.text
    assert notes == [("up", "this exercise is gone: nothing was handed in for it")]


NAMES = st.sampled_from(["", "up", "up-test", "why", "foreign"])
KINDS = st.sampled_from(["code", "markdown", "raw"])
CELLS = st.builds(lambda text, name, kind: cell(text, name, kind), st.text(), NAMES, KINDS)


@given(st.lists(CELLS, max_size=8))
def test_no_notebook_changes_anything_but_the_answers(cells: list[Cell]) -> None:
    made = rebuild(ASSIGNMENT, Source("count.ipynb", tuple(cells)))
    for before, after in zip(ASSIGNMENT.cells, made.cells, strict=True):
        assert replace(after, text=before.text) == before
        if before.text != after.text:
            last = [c for c in cells if c.grade_id == before.grade_id][-1]
            assert before.is_solution
            assert (last.text, last.kind) == (after.text, before.kind)
