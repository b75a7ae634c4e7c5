"""Answers are read for what no exercise needs, and the lesson's own words are no fault of anybody."""

from __future__ import annotations

from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tito.curriculum.source import Cell
from tito.grading import reach
from tito.grading.reach import reaches


def found(text: str, known: str = "", own: str = "") -> list[str]:
    cell = Cell("code", text, "a.ipynb", 0, 1)
    return reaches(cell, known.split(), own.split())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import gc", "imports gc"),
        ("import os.path as p", "imports os"),
        ("from sys import modules", "imports sys"),
        ("from numpy import testing", "imports numpy.testing"),
        ("import numpy.testing", "imports numpy.testing"),
        ("f.__code__ = 1", "uses __code__"),
        ("x = frame.f_back", "uses f_back"),
        ("getattr(x, 'f_back')", "uses f_back"),
        ("class A:\n    def __eq__(self, o): return True", "uses __eq__"),
        ("type('A', (), {'__eq__': f})", "uses __eq__"),
        ("eval('1')", "uses eval"),
        ("np.sys.modules", "uses sys"),
    ],
)
def test_a_way_to_the_grader_is_found(text: str, says: str) -> None:
    assert says in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "def relu(x): return np.maximum(x, 0)",
        "class A:\n    def __init__(self): self.x = 1\n    def __call__(self, x): return x",
        "import math\nfrom itertools import islice",
        "x = 'use eval, or import gc'",
        "model.eval()\nfor module in self.modules(): module.compile()",
        "def f(:",
    ],
)
def test_ordinary_code_is_not(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    "text", ["-" * 90_000 + "1", "x=" * 40_000 + "1", "'\\d'", "a\0b", "\udc00"]
)
def test_no_text_is_too_odd_to_be_read(text: str) -> None:
    assert found(text) == []


def test_a_very_long_answer_is_told_and_not_parsed() -> None:
    assert found("1\n" * 1_000_000) == ["has 2000000 characters"]


def test_what_the_lesson_uses_may_be_used_but_an_operator_only_where_its_stub_has_it() -> None:
    assert found("import os\nos.replace(a, b)", known="os") == []
    assert found("x.__eq__", known="__eq__") == ["uses __eq__"]
    assert found("x.__eq__", own="__eq__") == []


PARTS = [
    "exec", "ex", "ec", "f_back", "f_", "back", "__eq__", "sys", "import ", "def ", "class ", "x",
    "(", ")", ":", ".", ",", "=", "+", "\n", " ", "\n    ", "'", '"', "''", '"""', "r", "f", "b", "#",
    "\\", "\\\n", "\\x65", "\uff45xec", "{", "}", "0", "%", "pass",
]  # fmt: skip


@given(st.lists(st.sampled_from(PARTS), max_size=20).map("".join))
def test_what_is_not_read_has_nothing_to_find(text: str) -> None:
    with mock.patch.object(reach, "_has_nothing_to_find", return_value=False):
        expected = found(text)
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "'ex' 'ec'",
        "('ex'  # then\n 'ec')",
        "'ex'r\"ec\"",
        "'''ex''' 'ec'",
        '"""ex""""""ec"""',
        '"ex""""ec"""',
        "'\\x65xec'",
        "'ex\\\nec'",
        "\uff45xec",
    ],
)
def test_a_word_in_pieces_is_found(text: str) -> None:
    assert found(text) == ["uses exec"]


def test_most_answers_need_not_be_parsed() -> None:
    text = '''#| export
def relu(input):
    """What is negative becomes 0; say "none" for None."""
    if not isinstance(input, Tensor):
        raise TypeError(f"relu takes a Tensor, not {type(input).__name__}")  # as torch does
    return np.maximum(input.data, 0)
'''
    with mock.patch.object(reach.ast, "parse", side_effect=AssertionError):
        assert found(text) == []
