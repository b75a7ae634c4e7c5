"""Questions to think about, as cells that a person grades."""

from __future__ import annotations

from tito.curriculum.lesson import lesson
from tito.curriculum.questions import RUBRIC, count_questions, with_answers
from tito.curriculum.source import Cell, read_percent
from tito.curriculum.views import stub_answers

LESSON = """\
# %% [markdown]
# ## 🤔 Questions to think about
# 1. Why?
#    Really?
# 2. How?

# %% [markdown]
# ## 🎯 Summary
# 1. That is no question.
"""


def answers(text: str, *rubrics: str, points: int = 0) -> list[Cell]:
    made = with_answers(lesson(read_percent(text, "x.py"), 1, {}), rubrics, points)
    assert [cell.number for cell in made.cells] == list(range(1, len(made.cells) + 1))
    return [cell for cell in made.cells if cell.grade_id]


def test_each_question_gets_an_answer_cell_behind_its_list() -> None:
    made = with_answers(lesson(read_percent(LESSON, "x.py"), 1, {}), (), 0)
    assert [cell.grade_id for cell in made.cells] == ["", "question-1", "question-2", ""]
    assert count_questions(made.cells) == 2


def test_a_question_without_a_number_is_one_question() -> None:
    assert [
        cell.grade_id for cell in answers(LESSON.replace("1. Why", "Why").replace("2. How", "How"))
    ] == ["question-1"]


def test_it_is_graded_by_hand_for_the_points_that_the_course_gives() -> None:
    first, _ = answers(LESSON, points=7)
    assert first.kind == "markdown"
    assert first.is_solution
    assert (first.nbgrader["grade"], first.nbgrader["points"]) == (True, 7)
    assert not first.is_test


def test_the_source_holds_the_questions_own_rubric_or_the_general_one() -> None:
    first, second = answers(LESSON, "It is a view.")
    assert "It is a view." in first.text
    assert RUBRIC in second.text


def test_what_is_handed_out_says_only_where_to_answer() -> None:
    first, _ = answers(LESSON, "It is a view.")
    stub = stub_answers(first, lesson(read_percent(LESSON, "x.py"), 1, {}))
    assert stub.text == "*Your answer to question 1.*"
