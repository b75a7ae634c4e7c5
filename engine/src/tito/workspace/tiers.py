"""Takes a tier into a workspace: `tito.toml` with another list of tiers, and all else as it was."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable

from tito.errors import WorkspaceError
from tito.model import Finding, Workspace
from tito.workspace.files import write_atomically
from tito.workspace.find import MARKER, listed

TIERS = re.compile(r"^[ \t]*tiers[ \t]*=[ \t]*\[[^\]]*\]", re.MULTILINE)


def set_tiers(workspace: Workspace, tiers: Iterable[str]) -> None:
    """Rewrite the list of tiers in the workspace's `tito.toml`; comments and other keys stay.

    Raises WorkspaceError, and leaves the file, if it is written in a way that this cannot change.
    """
    path = workspace.root / MARKER
    text = path.read_text(encoding="utf-8-sig")
    line = f"tiers = {listed(tiers)}"
    changed = TIERS.sub(lambda match: line, text, count=1)
    if not _only_tiers_differ(text, changed, list(tiers)):
        message = "the list of tiers in tito.toml cannot be changed without touching something else"
        raise WorkspaceError(Finding(message, str(path), f"write the line yourself: {line}"))
    write_atomically(path, changed)


def _only_tiers_differ(text: str, changed: str, tiers: list[str]) -> bool:
    """Whether the pattern found the list, and not something that looks like it."""
    try:
        return tomllib.loads(changed) == tomllib.loads(text) | {"tiers": tiers}
    except tomllib.TOMLDecodeError:
        return False
