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
    path, temporary = path.resolve(), ""  # what a link points to is written, not the link
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, _mode(path))  # mkstemp gives the file to its owner alone
        os.replace(temporary, path)
        temporary = ""
    except OSError as error:
        fix = "make room or permission there, then type the command again"
        raise _not_written(path, error.strerror or str(error), fix) from None
    except UnicodeEncodeError as error:
        raise _not_written(path, str(error), "remove that character where it comes from") from None
    finally:  # Ctrl-C passes here, too
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def _mode(path: Path) -> int:
    """The permissions of the file that is there; else what the learner's umask gives a new one."""
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _not_written(path: Path, why: str, fix: str) -> WorkspaceError:
    message = f"{path.name} could not be written: {why}; nothing was changed"
    return WorkspaceError(Finding(message, str(path), fix))


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
    return next(name for name in names if not os.path.lexists(name))
