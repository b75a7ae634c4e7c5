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
from signal import ITIMER_PROF, ITIMER_REAL, ITIMER_VIRTUAL, setitimer
from sys import _current_frames
from types import CodeType
from typing import Any

from tito.curriculum.source import Cell
from tito.grading.compiling import CANARY, compiled, from_text
from tito.grading.controls import take_away
from tito.grading.integrity import Given, Snapshot
from tito.grading.pretenders import pretenders
from tito.grading.sentry import Sentry
from tito.grading.wire import Message, Wire
from tito.kernel import MOST_ERROR, Bounded, code_name, fresh_scope, in_words, remember_lines

TIMERS = ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF
MOST_FRAMES = 20
MOST_NAMES = 8


class Child:
    """Answers the judge's questions. `output` is how much is kept of what a cell prints.

    The server makes one, and lets it begin; each fork of it serves a submission.
    """

    def __init__(self, output: int, snapshot: Snapshot) -> None:
        self.output = output
        self.given = Given(snapshot)
        self.scope: dict[str, Any] = {}
        self.without: list[CodeType] = []  # what takes the student's functions away

    def prepare(self, without: list[str]) -> None:
        self.without = [*map(from_text, without)]

    def begin(self, questions: list[Message]) -> list[Message]:
        """What the cells showed with which an assignment begins."""
        cells = [_cell(asked["cell"]) for asked in questions]
        self.scope = fresh_scope(cells[0].file) if cells else {}
        return [self.run(*each) for each in zip(cells, questions, strict=True)]

    def serve(self, wire: Wire) -> None:
        self.wire = wire
        self.witness = [wire]  # a new object
        self.sentry = Sentry(lambda word: wire.send({"reached": word}))
        while True:
            asked = wire.receive()
            cell = _cell(asked["cell"])
            self.scope = self.scope or fresh_scope(cell.file)
            answer = getattr(self, asked["do"])(cell, asked)
            wire.send({"ticket": asked["ticket"], **answer})

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
        answer = run(cell, self.scope, with_code(asked), self.output, restore)
        if not asked["test"]:
            return answer
        before = self.given.snapshot.classes
        return answer | {"classes": pretenders(self.witness, before, cell.file)}

    def control(self, cell: Cell, asked: Message) -> Message:
        """Whether tests fail without the student's functions. All cells have run, so this process
        itself finds out: unless it has threads, or the judge knows that a trial ends it.

        Our own answer says that it is over, with all of its trials or with the one that it is at.
        """
        for timer in TIMERS:
            setitimer(timer, 0)
        if not asked["apart"] and len(_current_frames()) == 1:
            self._try(asked)
        elif not (process := fork()):
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            self._try(asked, lambda trial: setitimer(ITIMER_REAL, trial["seconds"]))
            _exit(0)
        else:
            waitpid(process, 0)
        return {}

    def _try(self, asked: Message, begin: Callable[[Message], object] = bool) -> None:
        kind, tests = "", {name: with_code(test) for name, test in asked["tests"].items()}
        for trial in asked["trials"]:
            begin(trial)
            if kind != trial["kind"]:
                take_away(self.without, trial["kind"], self.scope, first=not kind)
                kind = trial["kind"]
            test = tests[trial["test"]]
            _, problem = executed(_cell(test["cell"]), self.scope, test, Bounded(0), Bounded(0))
            outcome = "failed" if problem else "passed"
            left = str(self.scope.pop(CANARY, ""))
            self.wire.send({"ticket": trial["ticket"], "outcome": outcome, "canary": left})


def show_hooks() -> None:
    """A hook that raises at what Python does next ends the process of the answer that added it, and
    not those of the cells that come later."""
    exec(compile("show_hooks.__code__", __file__, "exec"), {"show_hooks": show_hooks})


def with_code(asked: Message) -> Message:
    """The question with what the judge compiled, if it did."""
    return asked | {"code": from_text(asked["code"]) if asked["code"] else None}


def _cell(about: Message) -> Cell:
    return Cell(kind="code", **about)


def run(
    cell: Cell, scope: dict[str, Any], asked: Message, output: int, restore: Callable[[], list[str]]
) -> Message:
    """What the cell shows, and what `restore` undid. A cell that ran to its end left the canary."""
    remember_lines(cell)
    out, err = Bounded(output), Bounded(output)
    value, problem = executed(cell, scope, asked, out, err)
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


def executed(
    cell: Cell, scope: dict[str, Any], asked: Message, out: Bounded, err: Bounded
) -> tuple[str, BaseException | None]:
    """What the last expression shows, and what it raised."""
    try:
        with redirect_stdout(out), redirect_stderr(err):
            body, last = asked["code"] or compiled(cell, asked["canary"])
            exec(body, scope)
            return shown(eval(last, scope), out.most) if last else "", None
    except BaseException as error:  # a cell may exit, or interrupt itself
        return "", error


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
