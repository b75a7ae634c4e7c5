"""What the judge reads from an assignment once, to run any number of submissions of it."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator
from functools import cached_property

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
        """The names that a given cell defines, and that no answer may define otherwise."""
        return sorted(set(_bound(_tree(cell), self._used)) - self._the_students)

    @cached_property
    def _the_students(self) -> frozenset[str]:
        names = (_bound(_tree(stub), frozenset()) for stub in self.answers.values())
        return frozenset(name for each in names for name in each)

    @cached_property
    def _used(self) -> frozenset[str]:
        """What functions of given cells read and never set: the constants of helpers and tests."""
        given = (cell for cell in self.cells if cell.grade_id not in self.answers)
        functions = [
            node
            for cell in given
            for node in ast.walk(_tree(cell))
            if isinstance(node, ast.FunctionDef | ast.Lambda)
        ]
        inner = [node for function in functions for node in ast.walk(function)]
        set_there = {name for node in inner if isinstance(node, ast.Global) for name in node.names}
        return frozenset(n.id for n in inner if isinstance(n, ast.Name)) - set_there

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


def _bound(tree: ast.Module, used: Container[str]) -> Iterator[str]:
    """The functions, classes and imports of a cell's own level, and its values that are `used`."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0]
        elif isinstance(node, ast.Assign):
            targets = (n for target in node.targets for n in ast.walk(target))
            yield from (n.id for n in targets if isinstance(n, ast.Name) and n.id in used)
