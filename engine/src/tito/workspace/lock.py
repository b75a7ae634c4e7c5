"""One command at a time changes a workspace; a second one waits, and says so."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from tito.errors import WorkspaceError
from tito.model import Finding, Workspace

PATIENCE = 120.0  # seconds; a test may run for 60


@contextlib.contextmanager
def locked(workspace: Workspace, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the workspace's lock. Raises WorkspaceError if another command keeps it too long.

    The operating system frees the lock when its holder ends, however it ends.
    """
    from filelock import FileLock, Timeout  # imports asyncio, which no listing command needs

    path = workspace.root / ".tito" / "lock"
    try:
        path.parent.mkdir(exist_ok=True)
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            say("another tito command is at work in this workspace; waiting for it …")
            lock.acquire(timeout=PATIENCE)
    except Timeout:
        message = f"another tito command has been at work here for {PATIENCE:.0f} s"
        raise WorkspaceError(
            Finding(message, str(path), "wait for it, or end it, and try again")
        ) from None
    except OSError as error:
        message = f"this workspace cannot be written: {error.strerror or error}"
        fix = "make the folder writable, or work on a copy of it"
        raise WorkspaceError(Finding(message, str(workspace.root), fix)) from None
    try:
        yield
    finally:
        lock.release()
