"""Mutants are told apart, and by the lines in which they differ."""

from __future__ import annotations

import ast

import pytest

from support import ROOT
from tito.authoring.mutants import mutants, mutants_of
from tito.curriculum.compile import read_draft
from tito.curriculum.source import Cell

CODE = """\
def f(x):
    ### BEGIN SOLUTION
    if (x
            or None):
        return x
    return x
    ### END SOLUTION
"""


def made(text: str) -> list[tuple[str, str, str]]:
    cell = Cell("code", text, "lesson_dev.py", 10, 3, {"nbgrader": {"grade_id": "task"}})
    return [(m.place, m.before, m.after) for m in mutants_of(cell)]


def test_they_come_in_the_order_of_the_source_with_the_lines_that_differ() -> None:
    assert made(CODE) == [
        ("lesson_dev.py:12", "if (x\nor None):", "if (not (x\nor None)):"),
        ("lesson_dev.py:12", "if (x\nor None):", "if (True):"),
        ("lesson_dev.py:12", "if (x\nor None):", "if (False):"),
        ("lesson_dev.py:12", "if (x\nor None):", "if (None):"),
        ("lesson_dev.py:12", "if (x\nor None):", "if (x):"),
        ("lesson_dev.py:13", "or None):", "and None):"),
        ("lesson_dev.py:13", "or None):", "or 0):"),
        ("lesson_dev.py:14", "return x", "return None"),
        ("lesson_dev.py:14", "return x", "pass"),
        ("lesson_dev.py:15", "return x", "return None"),
    ]


@pytest.mark.parametrize(
    ("solution", "expected"),
    [
        ("return None", ["return 0"]),  # `return None` for it would be no change
        ("return 1 - 1", ["return None", "return 1 + 1", "return 2 - 1", "return 0 - 1",
                          "return 1 - 2", "return 1 - 0", "return 1"]),
        ("return (yield)", ["return None"]),
        ("x = 'a' 'b'", ["pass", 'x = ""']),
        ("x, y = x", ["pass"]),
        ("x[0:'a'] = 1", ["pass", "x[1:'a'] = 1", "x[-1:'a'] = 1", "x[0:\"\"] = 1",
                          "x[0:'a'] = 2", "x[0:'a'] = 0"]),
        ("for x in x: break", ["pass", "for x in x: continue", "for x in x: pass"]),
        ("del f(x)[0]", ["pass", "del x[0]", "del f(x)[1]", "del f(x)[-1]"]),
    ],
)  # fmt: skip
def test_none_is_made_twice_and_each_is_valid(solution: str, expected: list[str]) -> None:
    text = f"def f(x):\n    ### BEGIN SOLUTION\n    {solution}\n    ### END SOLUTION"
    assert sorted(after for _, _, after in made(text)) == sorted(expected)


def test_of_a_lesson_each_has_one_change_and_is_like_no_other() -> None:
    lesson = read_draft(ROOT / "tests/data/base-tier/src/abacus_base/modules/02_total").lesson
    found = list(mutants(lesson))
    assert [m.task for m in found] == ["total-total"] * 2 + ["total-mean"] * 6
    originals = {cell.number: cell for cell in lesson.cells}
    trees = {ast.dump(ast.parse(m.cell.text)) for m in found}
    assert len(trees) == len(found)
    assert not trees & {ast.dump(ast.parse(originals[m.number].text)) for m in found}
    assert list(mutants(lesson)) == found
