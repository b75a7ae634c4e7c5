"""One command at a time changes a workspace; a second one waits, and says so."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import BinaryIO

from tito.errors import WorkspaceError
from tito.model import Finding, Workspace

PATIENCE = 120.0  # seconds; a test may run for 60
PAUSE = 0.05

if sys.platform == "win32":
    import msvcrt

    BUSY: type[OSError] = PermissionError

    def _lock(file: BinaryIO) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    BUSY: type[OSError] = BlockingIOError

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextlib.contextmanager
def locked(workspace: Workspace, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the workspace's lock. Raises WorkspaceError if another command keeps it too long.

    The operating system frees the lock when its holder ends, however it ends.
    """
    path = workspace.root / ".tito" / "lock"
    try:
        path.parent.mkdir(exist_ok=True)
        file = path.open("ab", buffering=0)
    except OSError as error:
        message = f"this workspace cannot be written: {error.strerror or error}"
        fix = "make the folder writable, or work on a copy of it"
        raise WorkspaceError(Finding(message, str(workspace.root), fix)) from None
    with file:  # whoever closes it frees it
        try:
            _acquire(file, say)
        except BUSY:
            message = f"another tito command has been at work here for {PATIENCE:.0f} s"
            fix = "wait for it, or end it, and try again"
            raise WorkspaceError(Finding(message, str(path), fix)) from None
        except OSError as error:  # some network file systems have no locks: work must go on there
            message = f"files cannot be locked here ({error.strerror or error})"
            fix = "type one tito command at a time in this workspace: nothing keeps two apart"
            say(str(Finding(message, str(path), fix, level="warning")))
        yield


def _acquire(file: BinaryIO, say: Callable[[str], None]) -> None:
    """Raises BUSY if the lock is not to be had in time, another OSError if there are no locks."""
    end = time.monotonic() + PATIENCE
    waits = False
    while True:
        try:
            return _lock(file)
        except BUSY:
            if time.monotonic() > end:
                raise
            if not waits:
                say("another tito command is at work in this workspace; waiting for it …")
                waits = True
        time.sleep(PAUSE)
