"""Runs one submission's cells, one at a time as they come. All of it under the student's eyes.

A process of its own, forked from the server and confined. What it says is checked by the judge.
"""

from __future__ import annotations

import linecache
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from os import _exit, fork, waitpid
from typing import Any

from tito.curriculum.source import Cell
from tito.grading.compiling import CANARY, compiled, from_text
from tito.grading.controls import take_away
from tito.grading.integrity import Given, Snapshot
from tito.grading.pretenders import pretenders
from tito.grading.sentry import Sentry
from tito.grading.wire import Message, Wire
from tito.kernel import MOST_ERROR, Bounded, code_name, fresh_scope, in_words, remember_lines

MOST_FRAMES = 20
MOST_NAMES = 8


class Child:
    """Answers the judge's questions. `output` is how much is kept of what a cell prints."""

    def __init__(self, wire: Wire, output: int, snapshot: Snapshot) -> None:
        self.wire = wire
        self.output = output
        self.given = Given(snapshot)
        self.witness = [snapshot]  # a new object
        self.sentry = Sentry(lambda word: wire.send({"reached": word}))
        self.scope: dict[str, Any] = {}

    def serve(self) -> None:
        while True:
            asked = self.wire.receive()
            cell = _cell(asked["cell"])
            self.scope = self.scope or fresh_scope(cell.file)
            answer = getattr(self, asked["do"])(cell, asked)
            self.wire.send({"ticket": asked["ticket"], **answer})

    def run(self, cell: Cell, asked: Message) -> Message:
        """Run the cell, and undo what it did to anything that tests rely on."""

        def restore() -> list[str]:
            if asked["answer"]:
                show_hooks()
            self.given.learn(asked["keeps"], self.scope)
            return self.given.restore(self.scope, may)

        if asked["answer"]:
            self.sentry.files.add(code_name(cell))
        may = frozenset(asked["may"])
        answer = run(cell, self.scope, asked, self.output, restore)
        if not asked["test"]:
            return answer
        before = self.given.snapshot.classes
        return answer | {"classes": pretenders(self.witness, before, cell.file)}

    def control(self, cell: Cell, asked: Message) -> Message:
        """Whether tests fail without the student's functions: a fork of this process answers that.

        Our own answer says that it has ended, with all of its trials or with the one that it is at.
        """
        if not (process := fork()):
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            kind = ""
            for trial in asked["trials"]:
                signal.setitimer(signal.ITIMER_REAL, trial["seconds"])
                if kind != trial["kind"]:
                    kind = trial["kind"]
                    take_away(map(from_text, asked["replacements"][kind]), self.scope)
                answer = run(_cell(trial["cell"]), self.scope, trial, 0, list)
                self.wire.send({"ticket": trial["ticket"], **answer})
            _exit(0)
        waitpid(process, 0)
        return {}


def show_hooks() -> None:
    """A hook that raises at what Python does next ends the process of the answer that added it, and
    not those of the cells that come later."""
    exec(compile("show_hooks.__code__", __file__, "exec"), {"show_hooks": show_hooks})


def _cell(about: Message) -> Cell:
    return Cell(kind="code", **about)


def run(
    cell: Cell, scope: dict[str, Any], asked: Message, output: int, restore: Callable[[], list[str]]
) -> Message:
    """What the cell shows, and what `restore` undid. A cell that ran to its end left the canary."""
    remember_lines(cell)
    out, err = Bounded(output), Bounded(output)
    value, problem = "", None
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = asked["code"]
            body, last = from_text(code) if code else compiled(cell, asked["canary"])
            exec(body, scope)
            value = shown(eval(last, scope), output) if last else ""
    except BaseException as error:  # a cell may exit, or interrupt itself
        problem = error
    changed = restore()
    return {
        "outcome": "failed" if problem else "passed",
        "stdout": out.kept(),
        "stderr": err.kept(),
        "value": value,
        "error": in_words(problem) if problem else "",
        "traceback": own_lines(problem, cell) if problem else "",
        "canary": str(scope.pop(CANARY, "")),
        "changed": changed[:MOST_NAMES],
    }


def shown(value: object, most: int) -> str:
    """The repr of a cell's last expression. None shows nothing."""
    if value is None:
        return ""
    try:
        text = repr(value)
    except Exception as problem:  # the cell itself has passed
        text = f"[repr() fails: {in_words(problem)}]"
    return text if len(text) <= most else f"{text[:most]}\n[the rest is cut off]"


def own_lines(error: BaseException, cell: Cell) -> str:
    """The lines of the notebook through which the error came, the innermost last."""
    if isinstance(error, SyntaxError) and error.filename == code_name(cell):
        found = [(code_name(cell), error.lineno or 1, "")]
    else:
        frames = ((frame.f_code, line) for frame, line in traceback.walk_tb(error.__traceback__))
        own = ((code, line) for code, line in frames if code.co_filename.startswith(cell.file))
        found = [(code.co_filename, line or 1, code.co_name) for code, line in own]
    cut = "…\n" if len(found) > MOST_FRAMES else ""
    return cut + "".join(map(_place, found[-MOST_FRAMES:]))


def _place(frame: tuple[str, int, str]) -> str:
    file, line, function = frame
    inside = f", in {function}" if function and not function.startswith("<module") else ""
    source = linecache.getline(file, line).strip()[:MOST_ERROR]
    return f"{file}, line {line}{inside}\n    {source}\n"


def forget_ourselves() -> None:
    """Student's code finds none of this by its name."""
    for name in [name for name in sys.modules if name.startswith("tito.grading")]:
        del sys.modules[name]
    vars(sys.modules["tito"]).pop("grading", None)
