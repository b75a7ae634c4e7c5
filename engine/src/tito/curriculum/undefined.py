"""Names that exported cells use and only cells that stay in the lesson define: the module lacks them."""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tito.curriculum.source import Cell
from tito.model import Place


@dataclass(frozen=True, slots=True)
class Undefined:
    """A name with the place of its first use, and the cell that defines it."""

    name: str
    used: Place
    home: Place


def undefined(cells: Iterable[Cell]) -> Iterator[Undefined]:
    """Each once. Every code cell must be Python, but for IPython's magics."""
    code = [cell for cell in cells if cell.kind == "code"]
    exported = [cell for cell in code if cell.is_exported]
    known = {name for cell in exported for name in _bound(cell)} | set(dir(builtins))
    homes: dict[str, Place] = {}
    for cell in code:
        for name in _bound(cell) - known:
            homes.setdefault(name, cell.origin)
    for cell in exported:
        used = _used(cell)
        for name in [name for name in used if name in homes]:
            yield Undefined(name, cell.place(used[name]), homes.pop(name))


def _bound(cell: Cell) -> set[str]:
    """What the cell makes a global name: by assignment, import, def or class, also in a function."""
    found = set()
    for table in _tables(cell):
        top = table.get_type() == "module"
        for symbol in table.get_symbols():
            bound = symbol.is_assigned() or symbol.is_imported()
            if bound and (top or symbol.is_declared_global()):
                found.add(symbol.get_name())
    return found


def _used(cell: Cell) -> dict[str, int]:
    """The global names that the cell reads, in order, with the offset of the line of the first use."""
    names = {
        symbol.get_name()
        for table in _tables(cell)
        for symbol in table.get_symbols()
        if symbol.is_referenced() and (table.get_type() == "module" or symbol.is_global())
    }
    lines: dict[str, int] = {}
    for node in ast.walk(ast.parse(cell.python)):
        if isinstance(node, ast.Name) and node.id in names and isinstance(node.ctx, ast.Load):
            lines[node.id] = min(node.lineno - 1, lines.get(node.id, node.lineno))
    return dict(sorted(lines.items(), key=lambda item: item[1]))


def _tables(cell: Cell) -> Iterator[symtable.SymbolTable]:
    waiting = [symtable.symtable(cell.python, cell.file, "exec")]
    while waiting:
        table = waiting.pop()
        yield table
        waiting += table.get_children()
