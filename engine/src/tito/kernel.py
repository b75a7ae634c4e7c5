"""Runs a lesson's cells in one namespace, as a kernel does, and tells in words what went wrong."""

from __future__ import annotations

import io
import linecache
import signal
import sys
import traceback
from types import CodeType, ModuleType
from typing import Any

from tito.curriculum.source import Cell

MOST_OUTPUT = 20_000  # characters kept of what one cell prints
MOST_ERROR = 2_000  # and of what an error says
ENDED = "the program ended itself here, as os._exit() does"


class Bounded(io.StringIO):
    """Keeps the beginning of what is written, so that an endless loop of prints fills no memory."""

    def __init__(self, most: int = MOST_OUTPUT) -> None:
        super().__init__()
        self.most = most
        self.full = False

    def write(self, text: str) -> int:
        room = max(self.most - self.tell(), 0)
        super().write(text[:room])
        self.full = self.full or len(text) > room
        return len(text)

    def kept(self) -> str:
        return self.getvalue() + "\n[the rest is cut off]" * self.full


def fresh_scope(file: str) -> dict[str, Any]:
    """The namespace in which the file's cells run, as in a kernel."""
    scope = ModuleType("__main__")
    sys.modules["__main__"] = scope
    sys.argv = [file]
    return vars(scope)


def remember_lines(cell: Cell) -> None:
    """Tell `linecache`, which tracebacks and `inspect` ask, what the learner's lines are."""
    name = code_name(cell)
    lines = linecache.getlines(name) if name in linecache.cache else []
    padding = ["\n"] * (cell.place().line - 1 - len(lines))
    lines = [*lines, *padding, *(line + "\n" for line in cell.text.split("\n"))]
    linecache.cache[name] = (sum(map(len, lines)), None, lines, name)


def compiled(cell: Cell) -> CodeType:
    """The cell's code, so numbered that a traceback shows the learner's own line."""
    code = "\n" * (cell.place().line - 1) + cell.python
    return compile(code, code_name(cell), "exec", dont_inherit=True)


def code_name(cell: Cell) -> str:
    """What tracebacks call the cell's file: the script, or the notebook with the cell's number."""
    return cell.file if cell.line else f"{cell.file}, cell {cell.number}"


def describe(error: BaseException, cell: Cell) -> dict[str, str]:
    """What went wrong, in one line, and the innermost line of the learner's on the way there."""
    where, line = _failing_line(error, cell)
    shown = f"{where}, line {line}" if ", cell " in where else f"{where}:{line}"
    return {
        "error": in_words(error),
        "where": shown,
        "source": linecache.getline(where, line).strip(),
    }


def in_words(error: BaseException) -> str:
    text = _text(error)
    if isinstance(error, NotImplementedError) and text.startswith("Task "):
        return f"{text} is not written yet"
    if isinstance(error, AssertionError):
        return text or "an assert failed"
    if isinstance(error, SystemExit):
        return "the cell called exit(); a lesson runs to its end"
    if isinstance(error, EOFError):
        return "the cell asks for input, and while it is tested nobody answers"
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}"
    if isinstance(error, RecursionError):
        return f"RecursionError: a function calls itself without end ({text})"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _text(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # an exception of the learner's may fail at this, too
        return ""
    return text if len(text) <= MOST_ERROR else f"{text[:MOST_ERROR]} …"


def _failing_line(error: BaseException, cell: Cell) -> tuple[str, int]:
    """(code name, line)"""
    if isinstance(error, SyntaxError) and error.filename == code_name(cell):
        return code_name(cell), error.lineno or 1
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.startswith(cell.file)]
    return (own[-1].filename, own[-1].lineno or 1) if own else (code_name(cell), cell.place().line)


def how_it_ended(code: int) -> str:
    if code >= 0:
        return f"the program ended itself with exit code {code}" if code else ""
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"Python itself crashed ({name}): too deep a recursion, or memory used up?"
