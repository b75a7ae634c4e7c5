"""Given cells are compiled once, and behave as if a child had compiled them."""

from __future__ import annotations

import warnings
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judging import assignment
from tito.grading import compiling
from tito.grading.compiling import CANARY, Code, Ready, compiled, from_text, replacements


def ran(code: Code) -> tuple[dict[str, Any], Any]:
    body, last = code
    names: dict[str, Any] = {}
    exec(body, names)
    shown = eval(last, names) if last else None
    return {k: v for k, v in names.items() if not k.startswith("__")}, shown


@pytest.mark.parametrize(
    "text", ["x = 1", "x = 1\nx + 1", "x = 1\nx + 1;", "", "def f(): pass\nf()"]
)
def test_ready_code_is_the_cells_own_with_another_canary_each_time(text: str) -> None:
    (cell,) = assignment(text).cells
    ready = Ready(cell)
    for canary in ("0123456789abcdef", "f" * 16):
        sent = from_text(ready.with_canary(canary))
        names, shown = ran(sent)
        assert names.pop(CANARY) == canary
        expected, value = ran(compiled(cell, canary))
        assert expected.keys() - {CANARY} == names.keys()
        assert shown == value


def test_a_traceback_names_the_cell_and_its_line() -> None:
    (cell,) = assignment("x = 1\n1 / 0").cells
    with pytest.raises(ZeroDivisionError) as caught:
        ran(from_text(Ready(cell).with_canary("0" * 16)))
    assert caught.traceback[-1].lineno == 1
    assert str(caught.traceback[-1].path).endswith("lesson.ipynb, cell 1")


@pytest.mark.parametrize("text", ["def f(:", "a\0b", "x = '\\d'"])
def test_what_does_not_compile_or_warns_is_left_to_the_child(text: str) -> None:
    (cell,) = assignment(text).cells
    assert Ready(cell).with_canary("0" * 16) == ""


def test_a_stub_that_is_no_python_takes_nothing_away() -> None:
    assert replacements(assignment("def f(:", "x = 1").cells) == replacements(
        assignment("pass", "x = 1").cells[1:]
    )


PIECES = [
    "def f(a):", "    return a", "class A:", "    x = 1", "x = '''", "'''", '"""', "f(1)", "x",
    "@staticmethod", "def h(", "): pass", "# a note", "", "    # inside", "show = (", ")",
    "x = \\", "    return \\", "if x:", "x;", "\f", "\r",
    "def g(): return 1", "    '''text", "async def h(): pass", "    pass",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("\n".join))
def test_a_cell_that_ends_in_a_definition_is_compiled_as_any_other(text: str) -> None:
    (cell,) = assignment(text).cells
    made = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for found in (compiling._with_a_definition_last, lambda *_: None):
            with mock.patch.object(compiling, "_with_a_definition_last", found):
                try:
                    made.append(
                        [code and (code.co_code, code.co_names) for code in compiled(cell, "0")]
                    )
                except Exception as error:
                    made.append([type(error), str(error)])
    assert made[0] == made[1]


def test_most_answers_need_no_tree() -> None:
    (cell,) = assignment("import math\n\ndef f(a):\n    '''Of a.'''\n    return a\n").cells
    with mock.patch.object(compiling.ast, "parse", side_effect=AssertionError):
        names, shown = ran(compiled(cell, "left"))
    assert (names[CANARY], names["f"](1), shown) == ("left", 1, None)
