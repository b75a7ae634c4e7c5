"""One submission's way through the cells, in as many processes as it ends."""

from __future__ import annotations

import re
import secrets
import signal
import time
from collections.abc import Sequence
from typing import Protocol

from tito.curriculum.source import Cell
from tito.grading.result import CellRun, Remark
from tito.grading.settings import Limits
from tito.grading.wire import Ended, Garbled, Late, Message, Wire
from tito.kernel import ENDED, how_it_ended

ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]+")
SHOWN = ("stdout", "stderr", "value", "error", "traceback")
SLACK = 1 << 16  # characters of a message beside what a cell printed


class Children(Protocol):
    """Where fresh processes come from, one at a time."""

    def child(self, most: int) -> Wire: ...
    def end_child(self, gone: bool = False) -> int: ...


class Stopped(Exception):
    """The child is of no more use; the text says why, in words for the student."""


class Submission:
    def __init__(self, children: Children, cells: Sequence[Cell], limits: Limits) -> None:
        self.children = children
        self.cells = cells
        self.limits = limits
        self.runs: dict[int, CellRun] = {}  # by place among the cells; the first result stays
        self.left_out: set[int] = set()
        self.flags: list[Remark] = []
        self.until = time.monotonic() + limits.wall

    def run(self) -> tuple[list[CellRun], list[Remark]]:
        """What each cell showed, in order, and what a person should look at."""
        while time.monotonic() < self.until and self._one_child():
            pass
        late = f"not reached: the submission as a whole took {self.limits.wall:g} s"
        runs = [
            self.runs.get(n) or CellRun(name_of(cell), "not run", error=late)
            for n, cell in enumerate(self.cells)
        ]
        return runs, self.flags

    def _one_child(self) -> bool:
        """Go on in a fresh child. Returns whether there is need of another one."""
        wire = self.children.child(14 * 3 * (self.limits.output + SLACK))
        try:
            for n, cell in enumerate(self.cells):
                if n in self.left_out:
                    continue
                try:
                    run = self._ask(wire, cell)
                except Stopped as stopped:
                    self.left_out.add(n)
                    self.runs.setdefault(n, CellRun(name_of(cell), "killed", error=str(stopped)))
                    return True
                self.runs.setdefault(n, run)
            return False
        finally:
            self.children.end_child()
            wire.close()

    def _ask(self, wire: Wire, cell: Cell) -> CellRun:
        """Run one cell in the child. Raises Stopped."""
        ticket, canary = secrets.token_hex(8), secrets.token_hex(8)
        about = {key: getattr(cell, key) for key in ("text", "file", "line", "number")}
        answer = self._exchange(wire, {"cell": about, "ticket": ticket, "canary": canary})
        if answer.get("ticket") != ticket:
            self._flag(cell, "something else than the grader answered for it")
            raise Stopped("this cell answered in the grader's place")
        shown = {key: self._text(answer.get(key)) for key in SHOWN}
        passed = answer.get("outcome") == "passed"
        if passed and answer.get("canary") != canary:
            self._flag(cell, "it claims to have passed, but did not run to its end")
            return CellRun(name_of(cell), "not run", **shown)
        return CellRun(name_of(cell), "passed" if passed else "failed", **shown)

    def _exchange(self, wire: Wire, question: Message) -> Message:
        limit = min(time.monotonic() + self.limits.cell, self.until)
        try:
            wire.end.settimeout(self.limits.cell)
            wire.send(question)
            return wire.receive(limit)
        except Late:
            seconds = f"{self.limits.cell:g} s"
            raise Stopped(f"stopped after {seconds}: is there a loop that never ends?") from None
        except Garbled as garbled:
            raise Stopped(f"this cell wrote to the grader's connection: {garbled}") from None
        except Ended:
            raise Stopped(_words(self.children.end_child(gone=True), self.limits)) from None

    def _flag(self, cell: Cell, text: str) -> None:
        self.flags.append(Remark("flag", name_of(cell), text))

    def _text(self, value: object) -> str:
        """What a child says is a text, not too long, and has no addresses, which differ each time."""
        text = value if isinstance(value, str) else ""
        return ADDRESS.sub("at 0x…", text[: self.limits.output + SLACK])


def name_of(cell: Cell) -> str:
    return cell.grade_id or cell.id


def _words(code: int, limits: Limits) -> str:
    if code == -signal.SIGXCPU:
        return f"stopped: it computed for {limits.cpu} s"
    return how_it_ended(code) or ENDED
