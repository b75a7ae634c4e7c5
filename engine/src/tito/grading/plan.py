"""What the judge reads from an assignment once, to run any number of submissions of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
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
        return frozenset(word for cell in self.cells for word in words(cell))

    def own(self, cell: Cell) -> frozenset[str]:
        """The words of the stub of this answer."""
        stub = self.answers.get(cell.grade_id)
        return frozenset(words(stub)) if stub else frozenset()

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
    def _the_students(self) -> frozenset[str]:
        return frozenset(name for stub in self.answers.values() for name in _bound(_tree(stub)))

    def keeps(self, cell: Cell) -> list[str]:
        """The names that a given cell defines, and that no answer may define otherwise."""
        return sorted(set(_bound(_tree(cell))) - self._the_students)

    def _imports(self) -> Iterator[str]:
        for cell in self.cells:
            for node in ast.walk(_tree(cell)):
                if isinstance(node, ast.Import):
                    yield from (alias.name for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    yield node.module


def _tree(cell: Cell) -> ast.Module:
    return ast.parse(cell.python)


def _bound(tree: ast.Module) -> Iterator[str]:
    """The functions, classes and imports of a cell's own level."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0]
