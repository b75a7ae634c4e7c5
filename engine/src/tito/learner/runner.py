"""Runs a learner's file cell by cell, in a process of its own: `python -m tito.learner.runner`.

    runner FILE SHOWN REPORT PARENT

Writes one JSON line to REPORT when a cell begins and one when it ends, so that whatever ends this
process, PARENT (its process id) knows where it was. A cell that fails does not keep the next ones
from running.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any, TextIO

from tito.curriculum.source import Cell
from tito.kernel import Bounded, compiled, describe, fresh_scope, remember_lines
from tito.learner.files import read_learner_file

LOOK = 0.5  # seconds


def main(file: str, shown: str, report: str, parent: str) -> None:
    if hasattr(os, "fork"):
        guard(int(parent))
    source = read_learner_file(Path(file), shown)
    for cell in source.cells:
        remember_lines(cell)
    scope = fresh_scope(file)
    sys.path.insert(0, str(Path(file).parent))  # as in Jupyter; -P kept it from our own imports
    with open(report, "a", encoding="utf-8") as out:
        for cell in source.cells:
            if cell.kind == "code":
                _tell(out, cell=cell.number)
                _tell(out, cell=cell.number, **run_cell(cell, scope))
    if threading.active_count() > 1:  # a thread that a cell left running would keep us here
        os._exit(0)


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


if __name__ == "__main__":
    main(*sys.argv[1:])
