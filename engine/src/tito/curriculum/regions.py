"""nbgrader's regions in a cell: the lines between its BEGIN and END marks."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tito.curriculum.source import Cell
from tito.model import Finding

SOLUTION = "SOLUTION"
HIDDEN_TESTS = "HIDDEN TESTS"


@dataclass(frozen=True, slots=True)
class Region:
    """Offsets of the BEGIN and END lines in the cell's text, counted from 0."""

    kind: str
    begin: int
    end: int


def regions(cell: Cell) -> list[Region]:
    """The cell's well-formed regions; `region_findings` tells of the others."""
    return [item for item in _scan(cell) if isinstance(item, Region)]


def region_findings(cell: Cell) -> list[Finding]:
    return [item for item in _scan(cell) if isinstance(item, Finding)]


def _scan(cell: Cell) -> Iterator[Region | Finding]:
    open_kind, begin = "", 0
    for offset, line in enumerate(cell.text.split("\n")):
        for kind in (SOLUTION, HIDDEN_TESTS):
            for edge in ("BEGIN", "END"):
                mark = f"### {edge} {kind}"
                if f"{edge} {kind}" not in line:  # what nbgrader takes for a mark
                    continue
                if line.strip() != mark:
                    yield _finding(cell, offset, f"{mark!r} must stand alone on its line")
                elif edge == "BEGIN" and open_kind:
                    yield _finding(cell, offset, f"{mark!r} inside a region that is still open")
                elif edge == "BEGIN":
                    open_kind, begin = kind, offset
                elif kind != open_kind:
                    yield _finding(cell, offset, f"{mark!r} ends a region that never began")
                else:
                    yield Region(kind, begin, offset)
                    open_kind = ""
    if open_kind:
        yield _finding(cell, begin, f"the region '### BEGIN {open_kind}' never ends")


def _finding(cell: Cell, offset: int, message: str) -> Finding:
    fix = "regions are never nested: each BEGIN line is followed by its END line in the same cell"
    return Finding(message, str(cell.place(offset)), fix)


def enclosing_function(cell: Cell, region: Region) -> str:
    """The name of the function around all of the region; empty if there is none."""
    name = ""
    lines = cell.text.split("\n")
    for node, qualified in functions(cell.text):
        end = node.end_lineno or node.lineno
        after = (line.strip() for line in lines[end : region.end])  # comments belong to it still
        if node.lineno <= region.begin < end and not any(a and a[0] != "#" for a in after):
            name = qualified
    return name


def functions(code: str) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, str]]:
    """Every function with its qualified name, outer ones before inner ones.

    A function within a function is called like the outer one: that is the one a learner knows.
    """
    return _functions(ast.parse(code).body, "", "")


def _functions(
    body: list[ast.stmt], prefix: str, outer: str
) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, str]]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            name = outer or prefix + node.name
            yield node, name
            yield from _functions(node.body, prefix, name)
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node.body, f"{prefix}{node.name}.", outer)
