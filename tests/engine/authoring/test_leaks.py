"""What a handed-out lesson must not show is found, whatever made it show it."""

from __future__ import annotations

import pytest

from tito.authoring.leaks import leaks
from tito.curriculum.source import Cell

SOURCE = """def double(x):
    shared = 1
    ### BEGIN SOLUTION
    shared = 1
    return x + x
    ### END SOLUTION"""


def cell(text: str) -> Cell:
    return Cell("code", text, "lesson_dev.py", 10, 1)


@pytest.mark.parametrize("shown", ["return x + x", "    return x + x\nmore", "### BEGIN SOLUTION"])
def test_a_line_of_a_solution_is_found(shown: str) -> None:
    (found,) = leaks([cell(SOURCE)], [cell("def double(x):"), cell(shown)])
    assert shown.split("\n")[0].strip() in found.message
    assert found.where.startswith("lesson_dev.py:10")


def test_what_stands_outside_of_solutions_too_is_no_secret() -> None:
    assert not list(leaks([cell(SOURCE)], [cell("def double(x):\n    shared = 1")]))
