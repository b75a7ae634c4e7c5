"""A source's cells are those that jupytext and nbformat read, each with the line it starts at."""

import json
from contextlib import suppress
from typing import Any

import jupytext
import nbformat
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tito.curriculum.source import Cell, Source, Unreadable, read_notebook, read_percent
from tito.model import Finding, Place

PLAIN = """
x = 1
s = "# %%"
s = '''
'''
class A:
    def f(self):
        return 1
# comment
# # Heading
# ```mermaid
# ```
# %%
# %% [markdown]
# %% [raw]
#%%
    # %%
# %%%% deeper
# %% a title
# %% nbgrader={"grade_id": "a-b", "points": 5}
# %% {"tags": ["x"]}
# %% tags=["x"] other
# %% nbgrader={broken
# %%time
# In[3]:
# <codecell>
#| export
    #|export
#| default_exp core.x
### BEGIN SOLUTION
    ### END SOLUTION
%matplotlib inline
# %matplotlib inline
!ls
# +
# -
é = "ü 🧪"
#!/usr/bin/env python
# -*- coding: utf-8 -*-
"""
LINES = st.sampled_from([*PLAIN.split("\n"), " ", "\t", '"""', "\\", "a\fb", "a\u2028b"])
SOURCES = st.lists(LINES, max_size=12).map("\n".join)
AWKWARD = {
    "a marker in a string": '# %%\ns = """\n# %%\n"""\n# %%\ny = 1',
    "an indented marker": "# %%\nif x:\n    # %%\n    y = 1",
    "no blank": "#%%\nx = 1\n#%%[markdown]\n# text",
    "code before the first marker": "import os\n\n# %%\nx = 1\n",
    "markdown as a string": '# %% [markdown]\n"""\ntext\n"""\n\n# %%\nx = 1',
    "two blank lines between definitions": "# %%\ndef f():\n    pass\n\n\n# %%\nx = 1\n\n\n\n",
    "blank lines at the start": "# %%\n\n\nx = 1",
    "a mermaid comment": "# %% [markdown]\n# ```mermaid\n# %% note\n# ```\n# after",
    "windows": "# %% [markdown]\r\n# text\r\n\r\n# %%\r\nx = 1\r\n",
    "only markers": "# %%\n# %%\n# %%",
    "as jupytext writes it": jupytext.writes(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("#| export\nx = 1")]),
        "py:percent",
    ),
}


def as_read_by_jupytext(text: str) -> list[tuple[str, str, dict[str, Any]]]:
    cells = jupytext.reads(text, "py:percent").cells
    return [(c.cell_type, c.source, without_layout(c.metadata)) for c in cells]


def without_layout(metadata: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in metadata.items() if key != "lines_to_next_cell"}


@given(SOURCES)
def test_cells_are_those_that_jupytext_reads(text: str) -> None:
    ours = [(c.kind, c.text, c.metadata) for c in read_percent(text, "x.py").cells]
    assert ours == as_read_by_jupytext(text)


@pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD.keys())
def test_awkward_sources_are_read_as_jupytext_does(text: str) -> None:
    ours = [(c.kind, c.text, c.metadata) for c in read_percent(text, "x.py").cells]
    assert ours == as_read_by_jupytext(text)


def check_lines(text: str) -> None:
    lines = text.splitlines()
    for number, cell in enumerate(read_percent(text, "x.py").cells, 1):
        assert cell.number == number
        if cell.kind == "code" and cell.text:
            shown = lines[cell.line - 1]
            first = cell.text.split("\n")[0]
            bare = shown.removeprefix("#").removeprefix(" ")
            assert first in (shown, bare)  # jupytext uncomments magics


@given(SOURCES)
def test_a_code_cell_starts_at_its_line(text: str) -> None:
    check_lines(text)


@pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD.keys())
def test_a_code_cell_of_an_awkward_source_starts_at_its_line(text: str) -> None:
    check_lines(text)


def test_a_byte_order_mark_is_no_part_of_the_first_cell() -> None:
    text = "# %%\nx = 1\n"
    assert read_percent("\ufeff" + text, "x.py") == read_percent(text, "x.py")


def read(text: str) -> Source | Finding:
    try:
        return read_percent(text, "x.py")
    except Unreadable as error:
        return error.finding


@given(st.text())
@example("# -*- coding: latin-1 -*-\n# %%\nx = 1")
@example("# ---\n# jupyter: [\n# jupyter:\n#   - [\n# ---")
@example("# %% {")
@example("\x00")
def test_any_text_is_a_source_or_is_unreadable_at_a_line(text: str) -> None:
    outcome = read(text)
    assert isinstance(outcome, Source) or outcome.where.partition(":")[2].isdigit()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("# -*- coding: latin-1 -*-\nx = 1", 1),
        ("x = 1\n\n# %% run_control=5\ny = 2", 3),
        ("# %% tags=5", 1),
    ],
)
def test_what_jupytext_cannot_read_is_told_with_its_line(text: str, line: int) -> None:
    outcome = read(text)
    assert isinstance(outcome, Finding)
    assert outcome.where == f"x.py:{line}"
    assert outcome.message.startswith("jupytext cannot read this as a percent script: ")


CELLS = st.lists(
    st.builds(
        lambda kind, text, metadata: kind(text, metadata=metadata),
        st.sampled_from(
            [nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell, nbformat.v4.new_raw_cell]
        ),
        SOURCES,
        st.dictionaries(st.sampled_from("abc"), st.integers() | st.text()),
    ),
    max_size=4,
)


@given(CELLS)
def test_a_notebooks_cells_are_those_that_nbformat_reads(cells: list[Any]) -> None:
    text = nbformat.writes(nbformat.v4.new_notebook(cells=cells))
    read = read_notebook(text, "x.ipynb").cells
    theirs = nbformat.reads(text, 4).cells
    ours = [(c.kind, c.text, c.metadata, c.id) for c in read]
    assert ours == [(c.cell_type, c.source, c.metadata, c.id) for c in theirs]
    assert [(c.line, c.number) for c in read] == [(0, n) for n, _ in enumerate(theirs, 1)]


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        ("", "is not JSON", "tito module reset"),
        ('{"nbformat": 4,\n"cells": [}', "is not JSON: Expecting value: line 2", "module reset"),
        ("[" * 100_000, "is not JSON", "tito module reset"),
        ("[]", "is JSON, but not a notebook", "tito module reset"),
        ("{}", "is JSON, but not a notebook", "tito module reset"),
        ('{"nbformat": 3, "worksheets": []}', "has format 3", "jupyter nbconvert"),
        ('{"nbformat": 4}', "no notebook cells", "tito module reset"),
        ('{"nbformat": 4, "cells": [1]}', "no notebook cells", "tito module reset"),
        ('{"nbformat": 4, "cells": [{"cell_type": "code"}]}', "no notebook cells", "reset"),
        ('{"nbformat": 4, "cells": [{"cell_type": "heading", "source": ""}]}', "cells", "reset"),
    ],
)
def test_what_is_no_notebook_is_told_with_a_way_out(text: str, message: str, fix: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_notebook(text, "x.ipynb")
    assert message in caught.value.finding.message
    assert fix in caught.value.finding.fix
    assert caught.value.finding.where == "x.ipynb"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
NEARLY = st.fixed_dictionaries(
    {"nbformat": st.just(4)},
    optional={
        "cells": st.lists(
            VALUES
            | st.fixed_dictionaries(
                {"cell_type": st.sampled_from(["code", "markdown"]), "source": VALUES},
                optional={"metadata": VALUES, "id": VALUES},
            )
        )
    },
)


@given(st.text() | (VALUES | NEARLY).map(json.dumps))
def test_any_text_is_a_notebook_or_is_unreadable(text: str) -> None:
    with suppress(Unreadable):
        for made in read_notebook(text, "x.ipynb").cells:
            assert isinstance(made.text + made.id + made.grade_id, str)
            assert isinstance(made.metadata, dict)


def cell(text: str, **nbgrader: Any) -> Cell:
    return Cell("code", text, "x_dev.py", 7, 3, {"nbgrader": nbgrader})


def test_a_place_is_a_line_of_a_script_or_of_a_notebooks_cell() -> None:
    script, notebook = cell("a\nb"), Cell("code", "a\nb", "x.ipynb", 0, 3)
    assert (script.place(1), script.origin) == (Place("x_dev.py", 8), Place("x_dev.py", 7))
    assert (notebook.place(1), notebook.origin) == (
        Place("x.ipynb", 2, 3),
        Place("x.ipynb", 0, 3),
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("#| export\nx = 1", [("export", "", 0)]),
        ("#|export", [("export", "", 0)]),
        ("  # | export  ", [("export", "", 0)]),
        (
            "\n#| default_exp  nn.layers \n\n#| export",
            [("default_exp", "nn.layers", 1), ("export", "", 3)],
        ),
        ("# a comment\n#| export", []),
        ("x = 1\n#| export", []),
        ("#export", []),
        ('"""\n#| export\n"""', []),
    ],
)
def test_directives_are_the_marked_lines_before_any_other(
    text: str, found: list[tuple[str, str, int]]
) -> None:
    directives = [(d.name, d.value, d.offset) for d in cell(text).directives()]
    assert directives == found
    assert cell(text).is_exported == ("export" in [name for name, _, _ in found])


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_only_code_has_directives(kind: Any) -> None:
    assert Cell(kind, "#| export", "x.py", 1, 1).directives() == []


@pytest.mark.parametrize(
    ("metadata", "grade_id", "solution", "test"),
    [
        ({}, "", False, False),
        ({"nbgrader": "broken"}, "", False, False),
        ({"nbgrader": {"grade_id": "a", "solution": True, "grade": False}}, "a", True, False),
        ({"nbgrader": {"grade_id": "a", "solution": False, "grade": True}}, "a", False, True),
        ({"nbgrader": {"grade_id": "a", "solution": True, "grade": True}}, "a", True, False),
        ({"nbgrader": {"grade_id": 5}}, "5", False, False),
    ],
)
def test_metadata_says_what_a_cell_is_for(
    metadata: dict[str, Any], grade_id: str, solution: bool, test: bool
) -> None:
    made = Cell("code", "", "x.py", 1, 1, metadata)
    assert (made.grade_id, made.is_solution, made.is_test) == (grade_id, solution, test)


def test_graded_cells_are_found_by_their_ids() -> None:
    first, other, last = cell("x", grade_id="a"), cell("y"), cell("z", grade_id="b")
    assert Source("x_dev.py", (first, other, last)).by_grade_id == {"a": first, "b": last}


@pytest.mark.parametrize("text", ["a\nb", "a \r\nb\t\r\n", "a\nb\n\n\n", "a\nb \n  \n"])
def test_what_editors_change_unasked_is_no_change(text: str) -> None:
    assert cell(text).plain_text == "a\nb"


def test_indentation_and_blank_lines_inside_are_a_change() -> None:
    texts = ["a\nb", "a\n b", "a\n\nb", "\na\nb"]
    assert len({cell(text).plain_text for text in texts}) == len(texts)
