"""What the judge reads from an assignment once, to run any number of submissions of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from symtable import Symbol, SymbolTable, symtable

from tito.curriculum.source import Cell
from tito.grading.assignment import Assignment
from tito.grading.reach import words


class Plan:
    """About the assignment's own code: its given cells, tests, and the stubs of its exercises."""

    def __init__(self, assignment: Assignment) -> None:
        self.answers = {k: c for k, c in assignment.answers.items() if c.kind == "code"}
        self.cells = tuple(cell for cell in assignment.cells if cell.kind == "code")
        self.imports = sorted(set(self._imports()))

    @cached_property
    def known(self) -> frozenset[str]:
        """Every word that the assignment uses itself."""
        return frozenset(word for cell in self.cells for word in words(_tree(cell)))

    def own(self, cell: Cell) -> frozenset[str]:
        """The words of the stub of this answer."""
        stub = self.answers.get(cell.grade_id)
        return frozenset(words(_tree(stub))) if stub else frozenset()

    @cached_property
    def may(self) -> list[str]:
        """The attributes that the assignment's cells set, like `backward` in `Tensor.backward = …`."""
        found = {
            node.attr
            for cell in self.cells
            for node in ast.walk(_tree(cell))
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        }
        return sorted(found)

    def keeps(self, cell: Cell) -> list[str]:
        """The names that a given cell defines, and that no answer may define otherwise: functions,
        classes, imports, and the values that functions of given cells use."""
        top = _symbols(cell)
        bound = {name for name in top.get_identifiers() if _is_bound(top.lookup(name))}
        return sorted(bound & (set(_defined(_tree(cell))) | self._used) - self._the_students)

    @cached_property
    def _the_students(self) -> frozenset[str]:
        return frozenset(name for stub in self.answers.values() for name in _defined(_tree(stub)))

    @cached_property
    def _used(self) -> set[str]:
        """What functions of given cells read of the lesson's names, and never set."""
        given = (cell for cell in self.cells if cell.grade_id not in self.answers)
        symbols = [symbol for cell in given for symbol in _in_functions(_symbols(cell))]
        outer = [symbol for symbol in symbols if symbol.is_global()]
        set_there = {symbol.get_name() for symbol in outer if symbol.is_assigned()}
        return {symbol.get_name() for symbol in outer} - set_there

    def _imports(self) -> Iterator[str]:
        for cell in self.cells:
            for node in ast.walk(_tree(cell)):
                if isinstance(node, ast.Import):
                    yield from (alias.name for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    yield node.module


def _tree(cell: Cell) -> ast.Module:
    """Of a cell that is no Python, such as one for another program, there is nothing to know."""
    try:
        return ast.parse(cell.python)
    except SyntaxError:
        return ast.Module([], [])


def _symbols(cell: Cell) -> SymbolTable:
    return symtable(ast.unparse(_tree(cell)), cell.file, "exec")


def _in_functions(table: SymbolTable) -> Iterator[Symbol]:
    for inner in table.get_children():
        if inner.get_type() == "function":
            yield from inner.get_symbols()
        yield from _in_functions(inner)


def _is_bound(symbol: Symbol) -> bool:
    return symbol.is_assigned() or symbol.is_imported()


def _defined(tree: ast.Module) -> Iterator[str]:
    """The functions, classes and imports of a cell's own level."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0]
