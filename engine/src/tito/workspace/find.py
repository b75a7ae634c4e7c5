"""Finds the workspace and reads its `tito.toml`. Standard library only: imports pass through here."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tito.errors import WorkspaceError
from tito.model import Finding, Workspace

MARKER = "tito.toml"
FORMAT = 1
KEYS = {"format", "tiers", "provided", "solutions"}


def find_workspace() -> Workspace | None:
    """The workspace named by `TITO_WORKSPACE`, or the one around the current directory.

    None if there is none, or if the variable is set and empty. Raises WorkspaceError if its
    `tito.toml` cannot be used.
    """
    named = os.environ.get("TITO_WORKSPACE")
    if named is not None:
        return read_workspace((here() or Path("/")) / named) if named else None
    start = here()
    for folder in (start, *start.parents) if start else ():
        if os.path.isfile(folder / MARKER):  # False, too, where one may not look
            return read_workspace(folder)
    return None


def here() -> Path | None:
    """The current directory; None if it was deleted."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None


def read_workspace(root: Path) -> Workspace:
    path = root / MARKER
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise _error("there is no workspace here", root, f"tito init {root}") from None
    except (OSError, ValueError, RecursionError) as error:  # ValueError: not UTF-8, or not TOML
        fix = "mend the file; it holds 'format' and the lists 'tiers' and 'provided', nothing else"
        raise _error(f"tito.toml cannot be read: {error}", path, fix) from None
    return _workspace(root, path, data)


def _workspace(root: Path, path: Path, data: dict[str, Any]) -> Workspace:
    version = data.get("format")
    if type(version) is not int:
        raise _error("tito.toml lacks its format number", path, f"add the line: format = {FORMAT}")
    if version > FORMAT:
        message = f"this workspace has format {version}, and this engine knows {FORMAT}"
        raise _error(message, path, "pip install --upgrade tinytorch-engine")
    if version < 1:
        raise _error(f"there is no format {version}", path, f"write instead: format = {FORMAT}")
    if unknown := sorted(data.keys() - KEYS):
        fix = f"correct or delete it; known keys: {', '.join(sorted(KEYS))}"
        raise _error(f"tito.toml has the unknown key {unknown[0]!r}", path, fix)
    tiers, provided = (_names(path, key, data.get(key, [])) for key in ("tiers", "provided"))
    if not tiers:
        raise _error("tito.toml names no tiers", path, 'add a line like: tiers = ["foundation"]')
    solutions = data.get("solutions", True)
    if not isinstance(solutions, bool):
        message = "'solutions' in tito.toml is neither true nor false"
        raise _error(message, path, "solutions = false")
    return Workspace(root, tiers, provided, solutions)


def _names(path: Path, key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise _error(f"{key!r} in tito.toml is not a list of names", path, f'{key} = ["…"]')
    return tuple(value)


def render(tiers: tuple[str, ...]) -> str:
    """The text of a new workspace's `tito.toml`."""
    return (
        "# This folder is a workspace: tito looks for this file.\n"
        f"format = {FORMAT}\n\n"
        "# The tiers that you build. Whatever else they need is provided, ready-made.\n"
        f"tiers = {listed(tiers)}\n"
    )


def listed(names: Iterable[str]) -> str:
    """The names as a list in TOML."""
    quoted = (f'"{name}"' for name in names)
    return f"[{', '.join(quoted)}]"


def _error(message: str, where: Path, fix: str) -> WorkspaceError:
    return WorkspaceError(Finding(message, str(where), fix))
