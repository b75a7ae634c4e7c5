"""What the judge reads from an assignment once."""

from __future__ import annotations

import ast

import pytest

from judging import ANSWER, STUB, TEST, assignment
from tito.grading.plan import Plan

ANALYSIS, NEXT = ("## 📊 Systems analysis", "markdown"), ("## 🧪 Module test", "markdown")


def test_a_plan_knows_what_the_lesson_defines_and_sets() -> None:
    given = """import os
LIMIT, x = 3, 4
def same(a):
    x = 1
    return LIMIT, x
Tensor.backward = same"""
    plan = Plan(assignment(given, (STUB, ANSWER), ("def test(): double(LIMIT)\ntest()", TEST)))
    assert plan.keeps(plan.cells[0]) == ["LIMIT", "os", "same"]
    assert plan.may == ["backward"]
    assert {"os", "same", "backward", "double"} <= plan.known
    assert plan.own(plan.cells[1]) == {"double", "NotImplementedError", *ast_names(STUB)}
    assert plan.imports == ["os"]


def ast_names(text: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}


@pytest.mark.parametrize(
    ("measuring", "later", "needless"),
    [
        ("print(1)", "y = 2", True),
        ("x = 1", "y = 2", True),
        ("x = 1", "y = x", False),
        ("x = 1", "def f(): return x", False),
        ("x = 1", "def f(x): return x", True),
        ("x = 1", "x = 2\nprint(x)", True),
        ("x = 1", "x = x + 1", False),
        ("import os", "os.getcwd()", False),
        ("def f(): pass", "f()", False),
    ],
)
def test_a_cell_that_only_measures_is_needless(measuring: str, later: str, needless: bool) -> None:
    plan = Plan(assignment("a = 1", ANALYSIS, measuring, NEXT, later))
    assert [plan.needless(cell) for cell in plan.cells] == [False, needless, False]


def test_no_test_and_no_answer_is_needless() -> None:
    plan = Plan(assignment(ANALYSIS, (STUB, ANSWER), ("assert True, 'x'", TEST)))
    assert not any(plan.needless(cell) for cell in plan.cells)
