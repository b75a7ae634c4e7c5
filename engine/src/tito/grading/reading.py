"""Makes cells of the bytes that a student handed in, whatever they are."""

from __future__ import annotations

import codecs
import io
import json
import re
import tokenize
from dataclasses import replace
from functools import partial
from typing import Any

from tito.curriculum.source import Cell, Source, Unreadable, read_notebook, read_percent
from tito.grading.apart import Failed, apart
from tito.grading.intake import Refused, Submission, shown

MOST_CELLS = 5_000
LONE = re.compile("[\ud800-\udfff]")  # halves of characters, which no file can hold
CODING = re.compile(r"\A(?:#.*\n)?#.*coding[:=].*")
KEPT = ("grade_id", "points", "grade", "solution", "locked", "task")


def cells_of(submission: Submission) -> tuple[Source, list[str]]:
    """The cells, and what to remark on them. Raises Refused with why there are none."""
    if submission.problem:
        raise Refused(submission.problem)
    name = shown(submission.name)
    text, remarks = _decoded(submission.data, name)
    if not text.strip():
        raise Refused(f"{name} is empty")
    source = _script(text, name) if name.endswith(".py") else _notebook(text, name, remarks)
    if len(source.cells) > MOST_CELLS:
        raise Refused(f"{name} has {len(source.cells)} cells; at most {MOST_CELLS} are read")
    return replace(source, cells=tuple(map(_harmless, source.cells))), remarks


def _decoded(data: bytes, name: str) -> tuple[str, list[str]]:
    """UTF-8, whatever else the first bytes say, or else what Windows wrote in Europe."""
    encoding = _declared(data) if name.endswith(".py") else json.detect_encoding(data)
    try:
        return data.decode(encoding), []
    except (UnicodeDecodeError, LookupError):
        remark = f"{name} is not in UTF-8; it was read as Windows-1252, so look at letters like ä"
        return data.decode("cp1252", errors="replace"), [remark]


def _declared(data: bytes) -> str:
    """The encoding of a script: a byte order mark, a line `# coding: …`, or UTF-8."""
    for mark, encoding in (
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return encoding
    try:
        return tokenize.detect_encoding(io.BytesIO(data).readline)[0]
    except SyntaxError:
        return "utf-8"


def _notebook(text: str, name: str, remarks: list[str]) -> Source:
    try:
        return read_notebook(text, name)
    except Unreadable as error:
        problem = error.finding.message
    old = _format(text)
    if old not in (1, 2, 3):
        raise Refused(f"{name}: {problem}")
    try:
        upgraded = read_notebook(_upgraded(text), name)
    except (Failed, ImportError, Unreadable) as error:
        raise Refused(f"{name}: {problem} ({error})") from None
    remarks.append(f"{name} has the old notebook format {old}; it was read as format 4")
    return upgraded


def _format(text: str) -> Any:
    try:
        notebook = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None
    return notebook.get("nbformat") if isinstance(notebook, dict) else None


def _upgraded(text: str) -> str:
    import nbformat  # comes with nbgrader

    def upgrade() -> str:
        return str(nbformat.writes(nbformat.reads(text, as_version=4)))

    return str(apart(upgrade))


def _script(text: str, name: str) -> Source:
    import jupytext  # noqa: F401  # once here, and not again in every fork

    text = CODING.sub("#", text)  # it is decoded, and jupytext takes no other than UTF-8
    try:
        cells = apart(partial(_plain_cells, text, name))
    except Failed as error:
        raise Refused(f"{name} cannot be read as a percent script: {error}") from None
    made = (Cell(kind, body, name, 0, n, about) for n, (kind, body, about) in enumerate(cells, 1))
    return Source(name, tuple(made))


def _plain_cells(text: str, name: str) -> list[tuple[str, str, dict[str, Any]]]:
    cells = map(_harmless, read_percent(text, name).cells)
    return [(cell.kind, cell.text, cell.metadata) for cell in cells]


def _harmless(cell: Cell) -> Cell:
    """The cell with text that can be written to a file, and of its metadata what is looked at."""
    kinds = (str, int, float)
    kept = {k: v for k, v in cell.nbgrader.items() if k in KEPT and isinstance(v, kinds)}
    if "grade_id" in kept:
        kept["grade_id"] = shown(str(kept["grade_id"]))
    return replace(cell, text=LONE.sub("\ufffd", cell.text), metadata={"nbgrader": kept}, id="")
