"""What the judge's tests share: an assignment made of a few texts, and answers to it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from tito.curriculum.source import Cell
from tito.grading.assignment import Assignment
from tito.grading.judge import Judge
from tito.grading.result import CellRun, Remark
from tito.grading.settings import MIB, Limits

ANSWER, TEST = "answer", "test"
LIMITS = Limits(cell=3, wall=60, memory=512 * MIB, file=MIB, processes=16, output=1000)

GIVEN = """import math
import numpy as np
CASES = [(3, 6), (4, 8)]
def same(got, expected, what):
    assert isinstance(got, int | np.ndarray), f"{what}: {type(got)}"
    assert np.allclose(got, expected), f"{what}: {got} is not {expected}"
"""
STUB = 'def double(x):\n    raise NotImplementedError("Task 1: double")\n'
DOUBLE = """def test_double():
    for case, expected in CASES:
        same(double(case), expected, "double")
    same(double(np.arange(3)), [0, 2, 4], "double of an array")
test_double()
"""
RIGHT = "def double(x):\n    return 2 * x\n"


def assignment(*cells: str | tuple[str, str]) -> Assignment:
    """A cell is its text, or a text and what it is: an ANSWER (its stub), a TEST, markdown."""
    made = []
    for number, cell in enumerate(cells, 1):
        text, kind = cell if isinstance(cell, tuple) else (cell, "")
        if kind == "markdown":
            made.append(Cell("markdown", text, "lesson.ipynb", 0, number))
            continue
        about = {"grade_id": f"{kind}-{number}", "solution": kind == ANSWER, "grade": kind == TEST}
        about["points"] = 1
        metadata = {"nbgrader": about} if kind else {}
        made.append(Cell("code", text, "lesson.ipynb", 0, number, metadata, f"cell-{number}"))
    digest = hashlib.sha256(repr(made).encode()).hexdigest()
    return Assignment("02_total", "total", tuple(made), digest)


def answered(given: Assignment, *answers: str) -> list[Cell]:
    """The assignment's cells with these texts, in order, in its answer cells."""
    texts = iter(answers)
    return [replace(c, text=next(texts)) if c.is_solution else c for c in given.cells]


DOUBLING = assignment(GIVEN, (STUB, ANSWER), (DOUBLE, TEST), "after = 1")


def doubled(judge: Judge, answer: str) -> tuple[CellRun, list[str], Sequence[CellRun]]:
    """What the test of `double` came to with this answer, its flags, and all runs."""
    runs, flags = judge.run(DOUBLING, answered(DOUBLING, answer))
    return runs[2], [flag.text for flag in flags], runs


def texts(flags: Sequence[Remark]) -> list[str]:
    return [flag.text for flag in flags]
