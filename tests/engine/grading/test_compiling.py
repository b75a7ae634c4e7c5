"""Given cells are compiled once, and behave as if a child had compiled them."""

from __future__ import annotations

from typing import Any

import pytest

from judging import assignment
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
    assert replacements(assignment("def f(:", "x = 1").cells, "stub") == replacements(
        assignment("pass", "x = 1").cells[1:], "stub"
    )
