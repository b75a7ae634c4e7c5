"""The runner runs one cell after another, and keeps what each printed, took and raised."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import run
from tito.curriculum.source import Cell
from tito.kernel import (
    MOST_ERROR,
    MOST_OUTPUT,
    Bounded,
    compiled,
    in_words,
    remember_lines,
)
from tito.learner.runner import run_cell


def cell(text: str, line: int = 0, number: int = 3) -> Cell:
    return Cell("code", text, "lesson.py" if line else "lesson.ipynb", line, number)


def ran(text: str, line: int = 0, **scope: Any) -> dict[str, Any]:
    made = cell(text, line)
    remember_lines(made)
    return run_cell(made, scope)


def test_a_cell_that_passes_leaves_its_names_for_the_next_one() -> None:
    scope: dict[str, Any] = {}
    assert run_cell(cell("x = 1"), scope)["outcome"] == "passed"
    assert run_cell(cell("y = x + 1"), scope)["outcome"] == "passed"
    assert scope["y"] == 2


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("x = 1\nx.nothing", "lesson.ipynb, cell 3, line 2"),
        ("def f():\n    int('a')\n\nf()", "lesson.ipynb, cell 3, line 2"),
        ("import json\njson.loads('{')", "lesson.ipynb, cell 3, line 2"),
        ("x = (\n", "lesson.ipynb, cell 3, line 1"),
    ],
)
def test_an_error_is_placed_at_the_last_line_of_the_learner(text: str, where: str) -> None:
    assert ran(text)["where"] == where


def test_a_line_of_a_script_is_counted_from_its_top() -> None:
    failed = ran("x = 1\nx.nothing", line=40)
    assert (failed["where"], failed["source"]) == ("lesson.py:41", "x.nothing")


def test_an_earlier_cell_is_named_when_the_error_stands_there() -> None:
    scope: dict[str, Any] = {}
    first, second = cell("def f():\n    1 / 0", number=1), cell("f()", number=2)
    for each in (first, second):
        remember_lines(each)
    run_cell(first, scope)
    assert run_cell(second, scope)["where"] == "lesson.ipynb, cell 1, line 2"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            NotImplementedError("Task 3.1: Linear.forward"),
            "Task 3.1: Linear.forward is not written yet",
        ),
        (NotImplementedError("later"), "NotImplementedError: later"),
        (AssertionError("1 + 1 is 2"), "1 + 1 is 2"),
        (AssertionError(), "an assert failed"),
        (ValueError("no"), "ValueError: no"),
        (ValueError(), "ValueError"),
        (ModuleNotFoundError("No module named 'x'"), "ModuleNotFoundError: No module named 'x'"),
    ],
)
def test_an_error_is_said_in_words(error: BaseException, words: str) -> None:
    assert in_words(error) == words


def test_an_endless_error_is_cut() -> None:
    assert len(in_words(AssertionError("x" * 10 * MOST_ERROR))) < MOST_ERROR + 10


@pytest.mark.parametrize(
    "text", ["%matplotlib inline", "  %time x = 1", "!pip install x", "%%time"]
)
def test_a_magic_is_passed_over_and_keeps_the_line_numbers(text: str) -> None:
    indent = text[: len(text) - len(text.lstrip())]
    head = "if True:\n" if indent else "\n"
    failed = ran(f"{head}{text}\n{indent}1 / 0")
    assert failed["error"] == "ZeroDivisionError: division by zero"
    assert failed["where"].endswith("line 3")


@given(st.integers(), st.integers(1, 50))
def test_a_percent_sign_between_two_values_is_no_magic(value: int, other: int) -> None:
    text = f"x = ({value}\n    % {other})"
    scope: dict[str, Any] = {}
    exec(compiled(cell(text)), scope)
    assert scope["x"] == value % other == ast.literal_eval(f"{value % other}")


def test_the_annotations_of_the_runner_are_not_the_cells() -> None:
    assert ran("def f(x: undefined): pass")["error"].startswith("NameError")


@given(st.lists(st.integers(0, MOST_OUTPUT), max_size=4))
def test_output_is_the_beginning_of_what_was_printed(lengths: list[int]) -> None:
    output, printed = Bounded(), ""
    for number, length in enumerate(lengths):
        part = str(number) * length
        printed += part
        assert output.write(part) == length
    cut = "\n[the rest is cut off]" if len(printed) > MOST_OUTPUT else ""
    assert output.kept() == printed[:MOST_OUTPUT] + cut


def test_the_report_has_a_line_for_each_beginning_and_each_end(tmp_path: Path) -> None:
    script = tmp_path / "lesson.py"
    script.write_text("# %%\nx = 1\n\n# %% [markdown]\n# text\n\n# %%\nraise SystemExit\n")
    out = tmp_path / "report"
    me = run(sys.executable, "-c", driver(script, out), cwd=tmp_path)
    events = [json.loads(line) for line in out.read_text().splitlines()]
    assert me.code == 0, me.err
    assert [(event["cell"], event.get("outcome")) for event in events] == [
        (1, None),
        (1, "passed"),
        (3, None),
        (3, "failed"),
    ]


def driver(script: Path, out: Path) -> str:
    arguments = f"{str(script)!r}, 'lesson.py', {str(out)!r}, str(os.getpid())"
    return (
        "import os, subprocess, sys\n"
        f"sys.exit(subprocess.call([sys.executable, '-m', 'tito.learner.runner', {arguments}]))"
    )
