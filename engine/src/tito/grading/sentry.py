"""Tells the judge what an answer reaches for while it runs, before it has it.

Python announces such things to audit hooks, and a hook cannot be taken away. The judge reads what is
written plainly in an answer; this hears what names that are put together at run time come to.

Events: https://docs.python.org/3/library/audit_events.html
"""

from __future__ import annotations

from collections.abc import Callable
from os import getpid
from sys import _getframe, addaudithook
from types import FrameType
from typing import Any

from tito.grading.reach import ATTRIBUTES

# Whoever calls these from within an answer, through whatever function, means them.
ANYWHERE = {
    "ctypes.addressof", "ctypes.cdata", "ctypes.dlopen", "ctypes.dlsym", "ctypes.string_at",
    "gc.get_objects", "gc.get_referents", "gc.get_referrers", "os.exec", "os.fork", "os.forkpty",
    "os.kill", "os.killpg", "os.posix_spawn", "os.system", "pickle.find_class", "resource.setrlimit",
    "socket.__new__", "subprocess.Popen", "sys._current_exceptions", "sys._current_frames",
    "sys.addaudithook", "sys.setprofile", "sys.settrace",
}  # fmt: skip
# The library does these for its own purposes, too: they count where an answer's own line does them.
DIRECTLY = {
    "code.__new__", "compile", "exec", "function.__new__", "object.__delattr__", "object.__getattr__",
    "object.__setattr__", "sys._getframe",
}  # fmt: skip
EVENTS = ANYWHERE | DIRECTLY
MESSENGERS = {"inspect", "traceback"}  # modules that look at frames for others


class Sentry:
    """`files` are the code names of the answers that have come so far."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.files: set[str] = set()
        self.tell = tell
        self.told: set[str] = set()
        self.speaking = False
        self.process = getpid()
        addaudithook(self.hear)

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in EVENTS or self.speaking or getpid() != self.process:
            return
        self.speaking = True  # what we do here is announced as well
        try:
            word = _word(event, arguments)
            if word and word not in self.told and self._is_an_answers(_getframe(1), event):
                self.told.add(word)
                self.tell(word)
        finally:
            self.speaking = False

    def _is_an_answers(self, frame: FrameType | None, event: str) -> bool:
        while frame and frame.f_code.co_filename not in self.files:
            if event in DIRECTLY and not _passes_on(frame, event):
                return False
            frame = frame.f_back
        return frame is not None


def _passes_on(frame: FrameType, event: str) -> bool:
    """Whether this is a function that fetches a frame for its caller."""
    return event == "sys._getframe" and frame.f_globals.get("__name__") in MESSENGERS


def _word(event: str, arguments: tuple[Any, ...]) -> str:
    """What to call it; empty for an attribute that anybody may read."""
    if not event.startswith("object."):
        return event
    name = arguments[1]
    return name if type(name) is str and name in ATTRIBUTES else ""
