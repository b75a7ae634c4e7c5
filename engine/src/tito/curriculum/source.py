"""A lesson as cells, read from jupytext's percent format or from a notebook."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Literal

from tito.model import Finding, Place

MAGIC = re.compile(r"^(\s*)[%!](?=\S)", re.MULTILINE)
DIRECTIVE = re.compile(r"^\s*#\s*\|\s*(?P<name>\S+)[ \t]*(?P<value>.*)$")

Kind = Literal["code", "markdown", "raw"]


@dataclass(frozen=True, slots=True)
class Directive:
    """`#| export` has name `export`; `#| default_exp nn.layers` has value `nn.layers`."""

    name: str
    value: str
    offset: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. `line` is the line of the file at which its text starts, `number` its place among
    the cells; both count from 1, and a notebook's cells have line 0."""

    kind: Kind
    text: str
    file: str
    line: int
    number: int
    metadata: dict[str, Any] = field(default_factory=dict)
    id: str = ""

    def place(self, offset: int = 0) -> Place:
        """Where the cell's text line `offset` (from 0) stands."""
        if self.line:
            return Place(self.file, self.line + offset)
        return Place(self.file, offset + 1, self.number)

    @property
    def origin(self) -> Place:
        """The cell as a whole: its first line, or its number in a notebook."""
        return Place(self.file, self.line, 0 if self.line else self.number)

    @property
    def nbgrader(self) -> dict[str, Any]:
        value = self.metadata.get("nbgrader")
        return value if isinstance(value, dict) else {}

    @property
    def grade_id(self) -> str:
        return str(self.nbgrader.get("grade_id", ""))

    @property
    def is_solution(self) -> bool:
        return bool(self.nbgrader.get("solution"))

    @property
    def is_test(self) -> bool:
        return bool(self.nbgrader.get("grade")) and not self.is_solution

    @property
    def plain_text(self) -> str:
        """The text without what editors change unasked: line endings, blanks at the end of lines."""
        return "\n".join(line.rstrip() for line in self.text.rstrip().splitlines())

    @property
    def python(self) -> str:
        """The text, line for line, with IPython's magics as comments."""
        return MAGIC.sub(r"\1pass  # ", self.text)

    def directives(self) -> list[Directive]:
        """The `#|` lines before any other line; nbdev reads no others."""
        return list(self._directives())

    def _directives(self) -> Iterator[Directive]:
        if self.kind != "code":
            return
        for offset, line in enumerate(self.text.split("\n")):
            if match := DIRECTIVE.match(line):
                yield Directive(match["name"], match["value"].strip(), offset)
            elif line.strip():
                return

    @property
    def is_exported(self) -> bool:
        return any(directive.name == "export" for directive in self.directives())


@dataclass(frozen=True, slots=True)
class Source:
    """A lesson's cells in order, and what its file is called in messages."""

    file: str
    cells: tuple[Cell, ...]

    @property
    def by_grade_id(self) -> dict[str, Cell]:
        return {cell.grade_id: cell for cell in self.cells if cell.grade_id}


class Unreadable(Exception):
    """The text is no lesson at all; `finding` says why."""

    def __init__(self, finding: Finding):
        super().__init__(str(finding))
        self.finding = finding


def read_percent(text: str, file: str) -> Source:
    """Cells of a percent script, as jupytext reads them, with the line each starts at.

    Source: https://jupytext.readthedocs.io/en/latest/formats-scripts.html
    """
    # 150 ms, so only for those who write percent scripts
    from jupytext.cell_reader import DoublePercentScriptCellReader
    from jupytext.header import header_to_metadata_and_cell

    lines = text.removeprefix("\ufeff").splitlines()
    cells: list[Cell] = []
    at = 0
    try:
        *_, at = header_to_metadata_and_cell(lines, "#", "", ".py")
        while at < len(lines):
            reader = DoublePercentScriptCellReader({"extension": ".py", "format_name": "percent"})
            cell, length = reader.read(lines[at:])
            marks = (reader.start_code_re, reader.alternative_start_code_re)
            first = at + 1 if not any(mark.match(lines[at]) for mark in marks) else at + 2
            metadata = {k: v for k, v in cell.metadata.items() if k != "lines_to_next_cell"}
            cells.append(Cell(cell.cell_type, cell.source, file, first, len(cells) + 1, metadata))
            at += length
    except Exception as error:  # jupytext raises whatever its parsers meet
        finding = Finding(
            f"jupytext cannot read this as a percent script: {error}", str(Place(file, at + 1))
        )
        raise Unreadable(finding) from error
    return Source(file, tuple(cells))


def read_notebook(text: str, file: str) -> Source:
    """Cells of a notebook in nbformat 4. Raises Unreadable with what to do about anything else."""
    try:
        notebook = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise Unreadable(_not_a_notebook(file, f"is not JSON: {error}")) from None
    if not isinstance(notebook, dict) or "nbformat" not in notebook:
        raise Unreadable(_not_a_notebook(file, "is JSON, but not a notebook"))
    if notebook["nbformat"] != 4:
        version = notebook["nbformat"]
        finding = Finding(
            f"the notebook has format {version}; only format 4 is read",
            file,
            f"jupyter nbconvert --to notebook --nbformat 4 --inplace {file}",
        )
        raise Unreadable(finding)
    cells = notebook.get("cells")
    if not isinstance(cells, list) or not all(map(_is_cell, cells)):
        raise Unreadable(_not_a_notebook(file, "has cells that are no notebook cells"))
    return Source(file, tuple(_cell(cell, file, n) for n, cell in enumerate(cells, 1)))


def _is_cell(cell: Any) -> bool:
    if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
        return False
    source = cell.get("source")
    lines = source if isinstance(source, list) else [source]
    return set(map(type, lines)) <= {str}


def _cell(cell: dict[str, Any], file: str, number: int) -> Cell:
    metadata = cell.get("metadata")
    text = "".join(cell["source"])
    metadata = metadata if isinstance(metadata, dict) else {}
    return Cell(cell["cell_type"], text, file, 0, number, metadata, str(cell.get("id", "")))


def _not_a_notebook(file: str, problem: str) -> Finding:
    return Finding(
        f"this file {problem}",
        file,
        f"restore it from a copy, or start afresh: tito module reset {PurePath(file).stem}",
    )
