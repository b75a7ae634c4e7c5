"""The names that exported code makes public."""

from __future__ import annotations

import ast
import keyword
from collections.abc import Iterator


def public_names(code: str) -> list[str]:
    """Functions, classes and assigned names at the top level that do not start with `_`, in order.

    The same rule as nbdev's: https://nbdev.fast.ai/api/maker.html
    """
    return [name for name in bound_names(code) if not name.startswith("_")]


def is_dotted_name(text: str) -> bool:
    """Whether an import statement can name it: `core.tensor`."""
    return all(part.isidentifier() and not keyword.iskeyword(part) for part in text.split("."))


def bound_names(code: str) -> list[str]:
    names = (name for node in ast.parse(code).body for name in _bound(node))
    return list(dict.fromkeys(names))


def _bound(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            elements = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
            yield from (element.id for element in elements if isinstance(element, ast.Name))
    elif isinstance(node, ast.AnnAssign | ast.AugAssign) and isinstance(node.target, ast.Name):
        yield node.target.id
