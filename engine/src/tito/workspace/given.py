"""Remembers which lesson a learner's file was made from, so that an update can tell what is theirs."""

from __future__ import annotations

import os
from pathlib import Path

from tito.model import Module, Workspace
from tito.workspace.files import write_atomically


def write_lesson(workspace: Workspace, module: Module, path: Path, text: str, given: str) -> None:
    """Write the learner's file, which was made from the lesson `given`.

    That is first kept under the digest of what is about to be written. So, wherever this is killed,
    what is remembered belongs to the file that is there.
    """
    coming = _coming(workspace, module, path.suffix, text.encode())
    write_atomically(coming, given)
    write_atomically(path, text)
    os.replace(coming, _remembered(workspace, module, path.suffix))


def made_from(workspace: Workspace, module: Module, path: Path) -> Path | None:
    """The lesson that the learner's file was made from; None if nobody remembers it.

    They may have turned a notebook into a script since, or back.
    """
    if any(_folder(workspace).glob(f"{module.id}.*.*")):  # a command was killed
        coming = _coming(workspace, module, path.suffix, path.read_bytes())
        if coming.is_file():
            return coming
    suffixes = (path.suffix, *{".ipynb", ".py"} - {path.suffix})
    paths = (_remembered(workspace, module, suffix) for suffix in suffixes)
    return next((each for each in paths if each.is_file()), None)


def _remembered(workspace: Workspace, module: Module, suffix: str) -> Path:
    return _folder(workspace) / f"{module.id}{suffix}"


def _coming(workspace: Workspace, module: Module, suffix: str, content: bytes) -> Path:
    import hashlib  # 3 ms that commands which only look save

    digest = hashlib.sha256(content).hexdigest()[:16]
    return _folder(workspace) / f"{module.id}.{digest}{suffix}"


def _folder(workspace: Workspace) -> Path:
    return workspace.root / ".tito" / "lessons"
