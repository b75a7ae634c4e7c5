"""The questions to think about, as cells that a person grades: one answer cell for each question.

In a learner's lesson they are text. In an assignment an answer cell follows each list of questions
for every question of it; what stands there in the source is the rubric, which nobody is handed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from tito.curriculum.anatomy import QUESTIONS
from tito.curriculum.lesson import SCHEMA_VERSION, Lesson
from tito.curriculum.source import Cell

HEADING = f"## {QUESTIONS}"
QUESTION = re.compile(r"^(?P<number>\d+)\. ", re.MULTILINE)
RUBRIC = (
    "All points: the answer is right and says why, in the terms of this lesson. "
    "Half of them: it is right without a reason, or its reason is good and leads to a slip. "
    "None: neither."
)


def with_answers(lesson: Lesson, rubrics: tuple[str, ...], points: int) -> Lesson:
    """The lesson with an answer cell for each question, worth so many points each.

    `rubrics` are the questions' own, in order; a question without one gets the general one.
    """
    cells: list[Cell] = []
    for cell in lesson.cells:
        cells.append(cell)
        if cell.kind == "markdown" and HEADING in cell.text:
            cells += _answers(cell, rubrics, points)
    numbered = (replace(cell, number=number) for number, cell in enumerate(cells, 1))
    return replace(lesson, cells=tuple(numbered))


def count_questions(cells: Iterable[Cell]) -> int:
    return sum(len(_numbers(cell)) for cell in cells if HEADING in cell.text)


def _numbers(cell: Cell) -> list[str]:
    """What the questions of the cell are called; one that is not in a list is the first."""
    return QUESTION.findall(cell.text.partition(HEADING)[2]) or ["1"]


def _answers(cell: Cell, rubrics: tuple[str, ...], points: int) -> list[Cell]:
    made = []
    for place, number in enumerate(_numbers(cell)):
        rubric = rubrics[place] if place < len(rubrics) else RUBRIC
        nbgrader = {
            "grade": True,
            "grade_id": f"question-{number}",
            "locked": False,
            "points": points,
            "schema_version": SCHEMA_VERSION,
            "solution": True,
            "task": False,
        }
        text = f"**Rubric of question {number}.** {rubric}"
        made.append(replace(cell, text=text, metadata={"nbgrader": nbgrader}, id=""))
    return made
