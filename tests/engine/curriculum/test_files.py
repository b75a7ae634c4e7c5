"""Notebooks are valid and the same from build to build; scripts read back to the same cells."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jupytext
import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import ROOT
from tito.curriculum.compile import read_draft
from tito.curriculum.files import cell_ids, notebook, percent
from tito.curriculum.source import Cell, read_notebook, read_percent
from tito.curriculum.views import LEARNER, SOLVED, view

FOLDERS = sorted(ROOT.glob("tests/data/*-tier/src/*/modules/*_*"))
HANDED_OUT = [view(read_draft(folder).lesson, LEARNER) for folder in FOLDERS]
SOLVED_ONES = [view(read_draft(folder).lesson, SOLVED) for folder in FOLDERS]
every_lesson = pytest.mark.parametrize("cells", [*HANDED_OUT, *SOLVED_ONES])

Cells = tuple[Cell, ...]
Plain = list[tuple[str, str, dict[str, Any]]]


def plain(cells: Cells) -> Plain:
    return [(cell.kind, cell.text, cell.metadata) for cell in cells]


def cell(text: str = "", grade_id: str = "", kind: Any = "code") -> Cell:
    metadata = {"nbgrader": {"grade_id": grade_id}} if grade_id else {}
    return Cell(kind, text, "x_dev.py", 1, 1, metadata)


GRADE_IDS = st.sampled_from(["", "", "a", "a-1", "a-2", "a-1-1", "start", "start-1", "x" * 56])
CELLS = st.lists(
    st.builds(cell, st.text(), GRADE_IDS, st.sampled_from(["code", "markdown", "raw"])),
    max_size=8,
).map(tuple)


@every_lesson
def test_a_lessons_notebook_is_valid_and_holds_its_cells(cells: Cells) -> None:
    text = notebook(cells)
    made = nbformat.reads(text, as_version=nbformat.NO_CONVERT)
    nbformat.validate(made)
    assert (made.nbformat, made.nbformat_minor) == (4, 5)
    assert made.metadata.kernelspec.name == "python3"
    assert [(c.cell_type, c.source, c.metadata) for c in made.cells] == plain(cells)
    assert plain(read_notebook(text, "x.ipynb").cells) == plain(cells)


@given(CELLS)
def test_any_cells_make_a_valid_notebook_that_reads_back_the_same(cells: Cells) -> None:
    text = notebook(cells)
    made = json.loads(text)
    nbformat.validate(nbformat.from_dict(made))
    ids = [each["id"] for each in made["cells"]]
    assert len(set(ids)) == len(ids)
    assert plain(read_notebook(text, "x.ipynb").cells) == plain(cells)
    assert notebook(cells) == text


@given(CELLS)
def test_a_graded_cell_is_called_by_its_grade_id(cells: Cells) -> None:
    graded: dict[str, str] = {}
    for each, made in zip(cells, cell_ids(cells), strict=True):
        if each.grade_id:
            graded.setdefault(each.grade_id, made)
    assert all(grade_id == made for grade_id, made in graded.items())


def sections(cells: Cells) -> dict[str, list[str]]:
    """The ids of the cells from each graded cell to the next."""
    found: dict[str, list[str]] = {}
    for each, made in zip(cells, cell_ids(cells), strict=True):
        if each.grade_id:
            section = found.setdefault(each.grade_id, [])
        elif not found:
            section = found.setdefault("", [])
        section.append(made)
    return found


@pytest.mark.parametrize("cells", HANDED_OUT)
def test_what_changes_in_one_section_leaves_the_ids_of_the_others(cells: Cells) -> None:
    before = sections(cells)
    for place in range(len(cells) + 1):
        added = cell("# new", kind="markdown")
        changed = [replace(c, text=f"{c.text} changed") for c in cells]
        after = sections((*changed[:place], added, *changed[place:]))
        differ = [key for key in before if before[key] != after[key]]
        assert len(differ) <= 1


@every_lesson
def test_jupytext_reads_a_lessons_script_as_the_same_cells(cells: Cells) -> None:
    made = jupytext.reads(percent(cells), "py:percent")
    assert [(c.cell_type, c.source, c.metadata) for c in made.cells] == plain(cells)


@every_lesson
def test_our_reader_reads_a_lessons_script_as_the_same_cells(cells: Cells) -> None:
    assert plain(read_percent(percent(cells), "x.py").cells) == plain(cells)


@pytest.mark.parametrize(
    "text",
    [
        's = """\n# %%\n"""',
        "%matplotlib inline",
        "# %matplotlib inline",
        "!ls",
        "\n\nx = 1",
        "x = 1\n\n\n",
        "def f():\n    pass\n\n\nx = 1",
        "#| export\nx = 1",
        "é = '🧪'",
    ],
)
def test_a_script_keeps_what_a_notebook_holds(text: str) -> None:
    cells = (cell("# text", kind="markdown"), cell(text), cell("x = 2"))
    read = read_percent(percent(cells), "x.py").cells
    assert [each.text for each in read] == [each.text for each in cells]


def reverse(value: Any) -> Any:
    """The same data, with its keys in another order."""
    if isinstance(value, dict):
        return {key: reverse(inner) for key, inner in reversed(value.items())}
    return value


@every_lesson
def test_the_same_cells_give_the_same_bytes(cells: Cells) -> None:
    again = tuple(replace(c, metadata=reverse(c.metadata)) for c in cells)
    assert notebook(again) == notebook(cells)
    assert percent(again) == percent(cells)
