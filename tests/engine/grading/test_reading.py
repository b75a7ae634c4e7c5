"""Cells of whatever bytes were handed in, or a reason that a student understands."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tito.grading.intake import Refused, Submission
from tito.grading.reading import cells_of

CELL = {
    "cell_type": "code",
    "metadata": {"nbgrader": {"grade_id": "task", "solution": True, "points": 3}},
    "source": ["x = 'ä'\n", "y = 1"],
}


def notebook(*cells: Any, **more: Any) -> dict[str, Any]:
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [*cells], **more}


def handed(data: bytes, name: str = "tensor.ipynb") -> Submission:
    return Submission(name, data, "digest")


def as_json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_every_encoding_of_json_is_read(encoding: str) -> None:
    source, remarks = cells_of(handed(as_json(notebook(CELL)).encode(encoding)))
    assert source.cells[0].text == "x = 'ä'\ny = 1"
    assert source.cells[0].grade_id == "task"
    assert remarks == []


def test_what_windows_wrote_is_read_and_remarked_on() -> None:
    source, remarks = cells_of(handed(as_json(notebook(CELL)).encode("cp1252")))
    assert source.cells[0].text == "x = 'ä'\ny = 1"
    assert "not in UTF-8" in remarks[0]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b" \n\t ", "is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is not JSON"),
        (as_json(notebook(CELL)).encode()[:-40], "is not JSON"),
        (b"[" * 1_000_000, "is not JSON"),
        (b'{"a":' * 1_000_000, "is not JSON"),
        (b"[]", "not a notebook"),
        (b'{"nbformat": 4}', "no notebook cells"),
        (b'{"nbformat": 4, "cells": [7]}', "no notebook cells"),
        (b'{"nbformat": 5, "cells": []}', "only format 4 is read"),
        (b'{"nbformat": {}, "cells": []}', "only format 4 is read"),
        (b'{"nbformat": 3, "worksheets": 7}', "only format 4 is read"),
        (b"1" * 10_000, "JSON"),
        (as_json(notebook(*[CELL] * 5001)).encode(), "at most 5000"),
    ],
)
def test_what_is_no_notebook_is_refused_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason) as refused:
        cells_of(handed(data))
    assert "tensor.ipynb" in str(refused.value)


def test_an_old_notebook_is_upgraded() -> None:
    old = nbformat.v3.new_notebook(
        worksheets=[
            nbformat.v3.new_worksheet(
                cells=[nbformat.v3.new_code_cell("x = 1", metadata=CELL["metadata"])]
            )
        ]
    )
    source, remarks = cells_of(handed(as_json(old).encode()))
    assert (source.cells[0].text, source.cells[0].grade_id) == ("x = 1", "task")
    assert "old notebook format 3" in remarks[0]


def test_a_script_is_read() -> None:
    text = '# %% nbgrader={"grade_id": "task", "solution": true}\nx = "ä"\n'
    for data in (text.encode(), text.encode("utf-8-sig"), text.encode("utf-16")):
        source, remarks = cells_of(handed(data, "tensor.py"))
        assert [(c.grade_id, c.text) for c in source.cells if c.text] == [("task", 'x = "ä"')]
        assert remarks == []
    text = f"# -*- coding: latin-1 -*-\n{text}"
    source, _ = cells_of(handed(text.encode("latin-1"), "tensor.py"))
    assert source.cells[-1].text == 'x = "ä"'


def test_metadata_that_means_mischief_is_dropped() -> None:
    deep: Any = []
    for _ in range(900):
        deep = [deep]
    wild = {"grade_id": deep, "points": {"a": 1}, "checksum": "x", "solution": True}
    long = {**CELL, "metadata": {"nbgrader": {"grade_id": "a" * 10_000}}}
    cells = [{**CELL, "metadata": {"nbgrader": wild, "deep": deep}}, long]
    source, _ = cells_of(handed(as_json(notebook(*cells)).encode()))
    assert source.cells[0].metadata == {"nbgrader": {"solution": True}}
    assert len(source.cells[1].grade_id) < 100


def test_half_a_character_becomes_one_that_can_be_written() -> None:
    data = json.dumps(notebook({**CELL, "source": "x = '\ud800'"})).encode()
    source, _ = cells_of(handed(data))
    assert source.cells[0].text == "x = '\ufffd'"


def test_a_script_that_takes_forever_to_read_is_refused_in_time() -> None:
    """Our readers are not made for this; a student's file may take seconds, never the run."""
    start = time.monotonic()
    with contextlib.suppress(Refused):
        cells_of(handed(b"# %%" * 200_000 + b"\n# %% [" * 20_000, "tensor.py"))
    assert time.monotonic() - start < 60


@given(st.binary(max_size=200))
def test_no_bytes_do_anything_but_be_read_or_refused(data: bytes) -> None:
    for name in ("tensor.ipynb",):
        try:
            source, _ = cells_of(handed(data, name))
        except Refused:
            continue
        for cell in source.cells:
            cell.text.encode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["cell_type", "source", "metadata", "id"]), JSON), JSON)
def test_no_notebook_does_anything_but_be_read_or_refused(cell: dict[str, Any], about: Any) -> None:
    base = {**CELL, **cell}
    for made in (
        base,
        {**base, "cell_type": "code", "source": "x", "metadata": {"nbgrader": about}},
    ):
        try:
            source, _ = cells_of(handed(json.dumps(notebook(made)).encode()))
        except Refused:
            continue
        for each in source.cells:
            each.text.encode()
            each.grade_id.encode()
