"""Solved, a module is what a learner hands in: it runs, and passes its own tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from support import ROOT
from tito.authoring.solve import solved
from tito.curriculum.source import Source, read_notebook, read_percent

COUNTER = ROOT / "tests/data/base-tier/src/abacus_base/modules/01_counter"

Read = Callable[[str, str], Source]


@pytest.mark.parametrize(("suffix", "read"), [(".ipynb", read_notebook), (".py", read_percent)])
def test_a_solved_module_runs_and_holds_no_marks(suffix: str, read: Read) -> None:
    text = solved(COUNTER, suffix)
    assert "### BEGIN" not in text
    assert "NotImplementedError" not in text
    names: dict[str, object] = {}
    for cell in read(text, "counter").cells:
        if cell.kind == "code":
            exec(cell.text, names)
    assert eval("counter(2).count()", names) == 3


def test_a_solved_notebook_is_valid_and_has_the_cells_of_the_script() -> None:
    notebook, script = solved(COUNTER), solved(COUNTER, ".py")
    nbformat.validate(nbformat.reads(notebook, 4))
    both = read_notebook(notebook, "x").cells, read_percent(script, "x").cells
    texts = [[(cell.kind, cell.text, cell.grade_id) for cell in cells] for cells in both]
    assert texts[0] == texts[1]


def test_what_hidden_tests_hide_is_not_handed_in(tmp_path: Path) -> None:
    assert "after 7 comes 8" in (COUNTER / "counter_dev.py").read_text(encoding="utf-8")
    assert "after 7 comes 8" not in solved(COUNTER)
