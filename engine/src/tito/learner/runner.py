"""Runs a learner's file cell by cell, in a process of its own: `python -m tito.learner.runner`.

    runner FILE SHOWN REPORT PARENT

Writes one JSON line to REPORT when a cell begins and one when it ends, so that whatever ends this
process, PARENT (its process id) knows where it was. A cell that fails does not keep the next ones
from running.
"""

from __future__ import annotations

import io
import json
import linecache
import os
import signal
import sys
import threading
import time
import traceback
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, TextIO

from tito.curriculum.source import Cell
from tito.learner.files import read_learner_file

MOST_OUTPUT = 20_000  # characters kept of what one cell prints
MOST_ERROR = 2_000  # and of what an error says
LOOK = 0.5  # seconds


class Bounded(io.StringIO):
    """Keeps the beginning of what is written, so that an endless loop of prints fills no memory."""

    full = False

    def write(self, text: str) -> int:
        room = max(MOST_OUTPUT - self.tell(), 0)
        super().write(text[:room])
        self.full = self.full or len(text) > room
        return len(text)

    def kept(self) -> str:
        return self.getvalue() + "\n[the rest is cut off]" * self.full


def main(file: str, shown: str, report: str, parent: str) -> None:
    if hasattr(os, "fork"):
        guard(int(parent))
    source = read_learner_file(Path(file), shown)
    for cell in source.cells:
        remember_lines(cell)
    scope = fresh_scope(Path(file))
    with open(report, "a", encoding="utf-8") as out:
        for cell in source.cells:
            if cell.kind == "code":
                _tell(out, cell=cell.number)
                _tell(out, cell=cell.number, **run_cell(cell, scope))
    if threading.active_count() > 1:  # a thread that a cell left running would keep us here
        os._exit(0)


def fresh_scope(file: Path) -> dict[str, Any]:
    """The namespace in which the file's cells run, as in a kernel."""
    scope = ModuleType("__main__")
    sys.modules["__main__"] = scope
    sys.argv = [str(file)]
    sys.path.insert(0, str(file.parent))  # as in Jupyter; -P kept it from our own imports
    return vars(scope)


def guard(parent: int) -> None:
    """Go on in a child of this process, which itself stands between the cells and `parent`.

    A cell that kills its parent then kills no more than this; and once `parent` is gone, this ends
    the whole group, so that no endless loop is left behind.
    """
    child = os.fork()
    if not child:
        return

    def look(*_: object) -> None:
        if os.getppid() != parent:
            os.killpg(0, signal.SIGKILL)

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, LOOK, LOOK)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code < 0:  # end as the child did
        with suppress(OSError):  # nobody handles SIGKILL
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def remember_lines(cell: Cell) -> None:
    """Tell `linecache`, which tracebacks and `inspect` ask, what the learner's lines are."""
    name = code_name(cell)
    lines = linecache.getlines(name) if name in linecache.cache else []
    padding = ["\n"] * (cell.place().line - 1 - len(lines))
    lines = [*lines, *padding, *(line + "\n" for line in cell.text.split("\n"))]
    linecache.cache[name] = (sum(map(len, lines)), None, lines, name)


def _tell(out: TextIO, **event: Any) -> None:
    out.write(json.dumps(event) + "\n")
    out.flush()


def run_cell(cell: Cell, scope: dict[str, Any]) -> dict[str, Any]:
    """The cell's outcome as the keywords of CellResult."""
    output = Bounded()
    start = time.perf_counter()
    failure: dict[str, str] = {}
    try:
        with redirect_stdout(output), redirect_stderr(output):
            exec(compiled(cell), scope)
    except BaseException as error:  # a cell may exit, or interrupt itself
        failure = describe(error, cell)
    return {
        "outcome": "failed" if failure else "passed",
        "seconds": time.perf_counter() - start,
        "output": output.kept(),
        **failure,
    }


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


if __name__ == "__main__":
    main(*sys.argv[1:])
