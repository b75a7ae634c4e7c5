"""What was given comes back as it was handed out, and nothing of the learner's own is lost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tito.curriculum.source import Cell, Source
from tito.learner.restore import restore


def cell(text: str, kind: str = "code", cell_id: str = "", **nbgrader: object) -> Cell:
    metadata = {"nbgrader": nbgrader} if nbgrader else {}
    return Cell(kind, text, "lesson", 0, 1, metadata, cell_id)  # type: ignore[arg-type]


TITLE = cell("# Counter", "markdown", "start-1")
SETUP = cell("#| export\nimport math", cell_id="start-2")
TASK = cell("#| export\ndef f():\n    raise", cell_id="task", grade_id="task", solution=True)
HEADING = cell("### 🧪 Unit Test: f", "markdown", "task-1")
TEST = cell("assert f() == 1, 'one'", cell_id="test", grade_id="test", grade=True, points=5)
GIVEN = (TITLE, SETUP, TASK, HEADING, TEST)

SOLVED = replace(TASK, text="#| export\ndef f():\n    return 1")
NOTE = cell("my note", "markdown", "mine")


def restored(*own: Cell) -> list[str]:
    return [each.text for each in restore(Source("own", own), Source("given", GIVEN))]


def texts(*cells: Cell) -> list[str]:
    return [each.text for each in cells]


def without_ids(*cells: Cell) -> list[Cell]:
    """As in a percent script, or after Colab."""
    return [replace(each, id="") for each in cells]


def test_solutions_and_added_cells_stay_in_their_places() -> None:
    own = (NOTE, TITLE, SETUP, NOTE, SOLVED, HEADING, TEST, NOTE)
    assert restored(*own) == texts(*own)


SPOILED = {
    "a deleted test": (TITLE, SETUP, SOLVED, HEADING),
    "an edited test": (TITLE, SETUP, SOLVED, HEADING, replace(TEST, text="assert True, ''")),
    "a test that became text": (TITLE, SETUP, SOLVED, HEADING, replace(TEST, kind="markdown")),
    "a deleted import": (TITLE, SOLVED, HEADING, TEST),
    "an import without its mark": (
        TITLE,
        replace(SETUP, text="import math"),
        SOLVED,
        HEADING,
        TEST,
    ),
    "a task without its mark": (
        TITLE,
        SETUP,
        replace(SOLVED, text=SOLVED.text[10:]),
        HEADING,
        TEST,
    ),
    "a task that became text": (TITLE, SETUP, replace(SOLVED, kind="markdown"), HEADING, TEST),
    "another order": (TITLE, TEST, HEADING, SOLVED, SETUP),
}


@pytest.mark.parametrize("own", SPOILED.values(), ids=SPOILED)
def test_what_was_given_comes_back_around_the_solution(own: tuple[Cell, ...]) -> None:
    made = restore(Source("own", own), Source("given", GIVEN))
    assert made == (TITLE, SETUP, SOLVED, HEADING, TEST)


def test_a_deleted_exercise_comes_back_as_a_stub() -> None:
    assert restored(TITLE, SETUP, HEADING, TEST) == texts(*GIVEN)


def test_answers_that_were_written_into_the_given_text_stay() -> None:
    answered = replace(TITLE, text="# Counter\nMy answer: 42")
    assert restored(answered, SETUP, TASK, HEADING, TEST)[0] == answered.text


def test_a_pasted_copy_of_an_exercise_is_a_cell_of_the_learner() -> None:
    copy = replace(SOLVED, text="#| export\ndef f():\n    return 0 + 1", id="pasted")
    own = (TITLE, SETUP, SOLVED, copy, HEADING, TEST)
    made = restore(Source("own", own), Source("given", GIVEN))
    assert texts(*made) == texts(*own)
    assert [each.grade_id for each in made].count("task") == 1


def test_a_renamed_test_comes_back_and_its_copy_is_worth_nothing() -> None:
    renamed = replace(
        TEST, metadata={"nbgrader": {"grade_id": "toast", "grade": True, "points": 99}}
    )
    made = restore(Source("own", (TITLE, SETUP, SOLVED, HEADING, renamed)), Source("given", GIVEN))
    assert [each.nbgrader.get("points") for each in made if each.text == TEST.text] == [None, 5]


def test_without_cell_ids_nothing_given_is_doubled() -> None:
    own = without_ids(TITLE, SETUP, NOTE, SOLVED, HEADING, TEST)
    assert restored(*own) == texts(*own)


@given(st.permutations([*GIVEN, NOTE, replace(NOTE, text="another")]), st.booleans())
def test_restoring_twice_changes_nothing_more(own: list[Cell], ids: bool) -> None:
    once = restore(Source("own", tuple(own if ids else without_ids(*own))), Source("given", GIVEN))
    assert restore(Source("own", once), Source("given", GIVEN)) == once
    assert {"my note", "another"} <= {each.text for each in once}
    assert [each for each in once if each in GIVEN] == list(GIVEN)


IDEA = cell("## 1. Counting\n\nOne after the other.\n\nWhat is the next number?", "markdown")
EDITED = {
    "answered": IDEA.text + "\n\nMy answer: five",
    "a line in it": IDEA.text.replace("other.", "other.\n\nLike sheep."),
    "a line changed": IDEA.text.replace("What is the next number?", "The next number is 4."),
    "a line deleted": IDEA.text.replace("\n\nOne after the other.", ""),
}


@pytest.mark.parametrize("text", EDITED.values(), ids=EDITED)
def test_edited_text_of_a_script_is_not_doubled(text: str) -> None:
    """No id names a cell of a script, so it is known by its place and by what is left of it."""
    handed_out = Source("given", tuple(without_ids(TITLE, IDEA, TASK, HEADING, TEST)))
    mine = replace(IDEA, text=text)
    note = replace(NOTE, id="")
    own = tuple(without_ids(TITLE, note, mine, note, SOLVED, HEADING, TEST))
    made = restore(Source("own", own), handed_out)
    assert texts(*made) == texts(*own)
    assert restore(Source("own", made), handed_out) == made


def test_a_note_in_the_place_of_deleted_text_stays_a_note() -> None:
    handed_out = Source("given", tuple(without_ids(TITLE, IDEA, TASK, HEADING, TEST)))
    note = replace(NOTE, id="")
    own = tuple(without_ids(TITLE, note, SOLVED, HEADING, TEST))
    made = restore(Source("own", own), handed_out)
    assert texts(*made) == texts(TITLE, note, IDEA, SOLVED, HEADING, TEST)
