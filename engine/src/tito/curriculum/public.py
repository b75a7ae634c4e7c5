"""The names that exported code makes public."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def public_names(code: str) -> list[str]:
    """Functions, classes and assigned names at the top level that do not start with `_`, in order.

    The same rule as nbdev's: https://nbdev.fast.ai/api/maker.html
    """
    names = (name for node in ast.parse(code).body for name in _bound(node))
    return list(dict.fromkeys(name for name in names if not name.startswith("_")))


def _bound(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _targets(target)
    elif isinstance(node, ast.AnnAssign):
        yield from _targets(node.target)


def _targets(target: ast.expr) -> Iterator[str]:
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, ast.Tuple | ast.List):
        for element in target.elts:
            yield from _targets(element)
