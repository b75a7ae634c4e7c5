"""Writes files so that at any moment either the old or the new one is there, whole."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from itertools import count
from pathlib import Path

from tito.errors import WorkspaceError
from tito.model import Finding


def write_atomically(path: Path, text: str) -> None:
    """Temporary file beside the target, flushed to disk, then renamed over it.

    Raises WorkspaceError if that fails (disk full, no permission); the old file is then untouched.
    """
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)  # mkstemp gives the file to its owner alone
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        message = (
            f"{path.name} could not be written: {error.strerror or error}; nothing was changed"
        )
        fix = "make room or permission there, then type the command again"
        raise WorkspaceError(Finding(message, str(path), fix)) from None


def keep_aside(path: Path, why: str) -> Path:
    """Move a file away under a name that nothing else has, and return that name."""
    kept = free_name(path, why)
    os.replace(path, kept)
    return kept


def free_name(path: Path, why: str) -> Path:
    """A name beside `path` that says why and when, with the same suffix, and is not taken."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    numbers = ("" if number == 1 else f"-{number}" for number in count(1))
    names = (path.with_name(f"{path.stem}.{why}-{stamp}{n}{path.suffix}") for n in numbers)
    return next(name for name in names if not name.exists())
