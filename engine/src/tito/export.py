"""Makes a Python module out of a lesson's exported cells.

A small exporter of our own; what it makes has the public names and the behaviour of what nbdev's
`nb_export` makes of the same notebook.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from tito.curriculum.public import public_names
from tito.curriculum.source import Cell
from tito.curriculum.stamp import stamped
from tito.model import Module


def export(cells: Iterable[Cell], module: Module, source: str) -> str:
    """The text of the module, first a line that says what it was made from, and its digest.

    `cells` are a lesson's cells; those that are not exported are passed over. Equal cells give
    equal bytes. Raises SyntaxError if the exported code is not Python.
    """
    exported = [cell for cell in cells if cell.is_exported]
    bodies = [_body(cell) for cell in exported]
    futures = sorted({name for _, names in bodies for name in names})
    parts = [
        f"# {cell.origin}\n{body}" for cell, (body, _) in zip(exported, bodies, strict=True) if body
    ]
    names = public_names("\n\n".join(parts))
    head = [f"from __future__ import {', '.join(futures)}"] if futures else []
    text = "\n\n\n".join([*head, f"__all__ = {_listed(names)}", *parts]) + "\n"
    return stamped(module.id, source, text)


def _body(cell: Cell) -> tuple[str, list[str]]:
    """The cell's code without directives, and the names of the `__future__` imports taken out."""
    lines = cell.text.split("\n")
    gone = {directive.offset for directive in cell.directives()}
    futures = []
    for node in ast.parse("\n".join(lines)).body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            futures += [alias.name for alias in node.names]
            gone.update(range(node.lineno - 1, node.end_lineno or node.lineno))
    kept = [line for offset, line in enumerate(lines) if offset not in gone]
    return "\n".join(kept).strip("\n"), futures


def _listed(names: list[str]) -> str:
    if not names:
        return "[]"
    return "[\n" + "".join(f'    "{name}",\n' for name in names) + "]"
