"""Whether code leaves nothing behind but objects, so that a process may run it for all its forks.

It is tried in a fork that ends as soon as Python announces anything else: a file that is written, a
process, a thread, a socket, another folder or environment.

Events: https://docs.python.org/3/library/audit_events.html
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

SECONDS = 10  # that it may take
HARMLESS = {
    "array.__new__", "gc.get_referents",
    "builtins.id", "code.__new__", "compile", "exec", "function.__new__", "import", "marshal.loads",
    "object.__delattr__", "object.__getattr__", "object.__setattr__", "os.listdir", "os.scandir",
    "sys._current_frames", "sys._getframe",
}  # fmt: skip


def is_quiet(call: Callable[[], bool]) -> bool:
    """Whether the call says that all is well, and did nothing else."""
    if process := os.fork():
        return os.waitpid(process, 0)[1] == 0
    try:
        signal.alarm(SECONDS)
        sys.addaudithook(_end_unless_harmless)
        os._exit(0 if call() and len(sys._current_frames()) == 1 else 1)  # no fork has the threads
    finally:
        os._exit(1)


def _end_unless_harmless(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in HARMLESS and not (event == "open" and _only_reads(arguments[2])):
        os._exit(1)


def _only_reads(flags: object) -> bool:
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
    return isinstance(flags, int) and not flags & writing
