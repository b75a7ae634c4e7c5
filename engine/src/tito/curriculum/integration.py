"""A tier's integration tests: pytest files in its `tests` folder, each with the modules it needs.

    REQUIRES = ("tensor", "layers")

The line is read without importing the file: what the file imports may be locked.
"""

from __future__ import annotations

import ast
from pathlib import Path

from tito.errors import SourceError
from tito.model import Finding, Place

FOLDER = "tests"
KEY = "REQUIRES"
FIX = f'write near the top, with the ids of the modules it needs: {KEY} = ("…", "…")'


def integration_files(package: Path) -> list[Path]:
    return sorted((package / FOLDER).rglob("test_*.py"))


def requirements(path: Path) -> tuple[str, ...]:
    """The module ids that the file needs. Raises SourceError if it does not say so plainly."""
    try:
        body = ast.parse(path.read_bytes(), path.name).body
    except SyntaxError as error:
        raise _wrong(f"is not Python: {error.msg}", path, error.lineno or 0) from None
    except (OSError, ValueError) as error:  # ValueError: null bytes
        raise _wrong(f"cannot be read: {error}", path) from None
    found = [node for node in body if isinstance(node, ast.Assign) and _is_key(node.targets[0])]
    if len(found) != 1:
        raise _wrong(f"has {len(found)} lines {KEY} = (…), and needs one", path)
    (node,) = found
    try:
        value = ast.literal_eval(node.value)
    except ValueError:
        value = None
    is_list = isinstance(value, tuple | list) and all(isinstance(name, str) for name in value)
    if not is_list or not value:
        raise _wrong(f"has a {KEY} that is no list of module ids", path, node.lineno)
    return tuple(value)


def _is_key(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) and target.id == KEY


def _wrong(problem: str, path: Path, line: int = 0) -> SourceError:
    message = f"the integration test {path.name} {problem}"
    return SourceError(Finding(message, str(Place(str(path), line)), FIX))
