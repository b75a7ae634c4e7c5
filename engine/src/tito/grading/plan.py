"""What the judge reads from an assignment once, to run any number of submissions of it."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator
from functools import cached_property
from symtable import Symbol, SymbolTable, symtable

from tito.curriculum.anatomy import ANALYSIS, HEADING
from tito.curriculum.source import Cell
from tito.grading.assignment import Assignment
from tito.grading.compiling import Ready, replacements
from tito.grading.dialogue import question
from tito.grading.reach import words
from tito.grading.wire import Message


class Plan:
    """About the assignment's own code: its given cells, tests, and the stubs of its exercises."""

    def __init__(self, assignment: Assignment) -> None:
        self.answers = {k: c for k, c in assignment.answers.items() if c.kind == "code"}
        self.cells = tuple(cell for cell in assignment.cells if cell.kind == "code")
        self.analysis = frozenset(_in_section(ANALYSIS, assignment.cells))
        self.imports = sorted(set(self._imports()))

    def needless(self, cell: Cell) -> bool:
        """Whether a given cell only measures: it stands in the systems analysis, has no points, and
        defines nothing that a later cell uses."""
        return cell.number in self._needless

    @cached_property
    def _needless(self) -> frozenset[int]:
        found, read_later = set[int](), set[str]()
        for cell in reversed(self.cells):
            measures = cell.number in self.analysis and not cell.grade_id
            if measures and not read_later & set(_bound(cell)):
                found.add(cell.number)
            else:
                read_later |= set(_read(cell))
        return frozenset(found)

    @cached_property
    def known(self) -> frozenset[str]:
        """Every word that the assignment uses itself."""
        return frozenset(word for cell in self.cells for word in words(_tree(cell)))

    def own(self, cell: Cell) -> frozenset[str]:
        """The words of the stub of this answer."""
        return self._own[cell.grade_id]

    @cached_property
    def _own(self) -> dict[str, frozenset[str]]:
        return {name: frozenset(words(_tree(stub))) for name, stub in self.answers.items()}

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

    @cached_property
    def beginning(self) -> list[Message]:
        """Questions for the given cells before the first exercise, which are the same for a class."""
        found: list[Message] = []
        for cell in self.cells:
            if cell.grade_id in self.answers:
                return found
            if (
                not (ready := self.ready(cell))
                or not ready.code
                or cell.is_test
                or self.needless(cell)
            ):
                return found
            found.append({**question(cell, ready), **self.how(cell)})
        return []  # there is no exercise

    def how(self, cell: Cell) -> Message:
        """How a child has to run the cell."""
        kind = {"answer": cell.grade_id in self.answers, "test": cell.is_test}
        return {**kind, "keeps": self.keeps(cell), "may": self.may}

    def ready(self, cell: Cell) -> Ready | None:
        """A given cell, compiled; None for an answer."""
        return self._ready.get(cell.number)

    @cached_property
    def _ready(self) -> dict[int, Ready]:
        return {cell.number: Ready(cell) for cell in self._given()}

    @cached_property
    def replacements(self) -> list[str]:
        """The code that takes the student's functions away."""
        return replacements(self.answers.values())

    def _given(self) -> Iterator[Cell]:
        return (cell for cell in self.cells if cell.grade_id not in self.answers)

    def keeps(self, cell: Cell) -> list[str]:
        """The names that a given cell defines, and that no answer may define otherwise: functions,
        classes, imports, and the values that functions of given cells use."""
        return self._keeps.get(cell.number, [])

    @cached_property
    def _keeps(self) -> dict[int, list[str]]:
        return {
            cell.number: sorted(
                set(_bound(cell)) & (set(_defined(_tree(cell))) | self._used) - self._the_students
            )
            for cell in self._given()
        }

    @cached_property
    def _the_students(self) -> frozenset[str]:
        return frozenset(name for stub in self.answers.values() for name in _defined(_tree(stub)))

    @cached_property
    def _used(self) -> set[str]:
        """What functions of given cells read of the lesson's names, and never set."""
        symbols = [symbol for cell in self._given() for symbol in _in_functions(_symbols(cell))]
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
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(cell.python)
    except SyntaxError:
        return ast.Module([], [])


def _in_section(title: str, cells: Iterable[Cell]) -> Iterator[int]:
    """The numbers of the cells between this heading and the next."""
    inside = False
    for cell in cells:
        for line in cell.text.split("\n") if cell.kind == "markdown" else ():
            if match := HEADING.match(line):
                inside = match["title"] == title
        if inside:
            yield cell.number


def _symbols(cell: Cell) -> SymbolTable:
    return symtable(ast.unparse(_tree(cell)), cell.file, "exec")


def _in_functions(table: SymbolTable) -> Iterator[Symbol]:
    for inner in table.get_children():
        if inner.get_type() == "function":
            yield from inner.get_symbols()
        yield from _in_functions(inner)


def _bound(cell: Cell) -> Iterator[str]:
    """The names that the cell gives a value, at its own level."""
    for symbol in _symbols(cell).get_symbols():
        if symbol.is_assigned() or symbol.is_imported():
            yield symbol.get_name()


def _read(cell: Cell) -> Iterator[str]:
    """The names that have their value from an earlier cell, or may have."""
    table, bound = _symbols(cell), set(_bound(cell))
    yield from (symbol.get_name() for symbol in _in_functions(table) if symbol.is_global())
    first: dict[tuple[str, bool], int] = {}  # (name, whether it is set) → line
    for node in ast.walk(ast.parse(ast.unparse(_tree(cell)))):
        if isinstance(node, ast.Name):
            key = node.id, not isinstance(node.ctx, ast.Load)
            first[key] = min(first.get(key, node.lineno), node.lineno)
    for symbol in table.get_symbols():
        name = symbol.get_name()
        read, is_set = first.get((name, False), 0), first.get((name, True), 0)
        if symbol.is_referenced() and (name not in bound or (is_set and read <= is_set)):
            yield name


def _defined(tree: ast.Module) -> Iterator[str]:
    """The functions, classes and imports of a cell's own level."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0]
