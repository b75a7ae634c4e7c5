"""One submission's way through the cells, in as many processes as it ends."""

from __future__ import annotations

import re
import secrets
import signal
import time
from collections.abc import Sequence
from typing import Protocol

from tito.curriculum.source import Cell
from tito.grading.plan import Plan
from tito.grading.reach import reaches
from tito.grading.result import CellRun, Remark
from tito.grading.settings import Limits
from tito.grading.wire import Ended, Garbled, Late, Message, Wire
from tito.kernel import ENDED, how_it_ended

ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]+")
SHOWN = ("stdout", "stderr", "value", "error", "traceback")
CONTROLS = {
    "stub": "with the exercises as they were handed out",
    "nothing": "with functions whose results equal nothing",
}
MOST_REACHES = 5  # of an answer are told
CONTROL_LEAST, CONTROL_TIMES = 1.0, 4.0  # seconds, and times what the test itself took
SLACK = 1 << 16  # characters of a message beside what a cell printed


class Children(Protocol):
    """Where fresh processes come from, one at a time."""

    def child(self, most: int) -> Wire: ...
    def end_child(self, gone: bool = False) -> int: ...


class Stopped(Exception):
    """The child is of no more use; the text says why, in words for the student."""


class Submission:
    def __init__(
        self, children: Children, plan: Plan, cells: Sequence[Cell], limits: Limits
    ) -> None:
        self.children = children
        self.plan = plan
        self.cells = cells
        self.limits = limits
        self.runs: dict[int, CellRun] = {}  # by place among the cells; the first result stays
        self.reached: dict[str, list[str]] = {}  # answer → what it does that no exercise needs
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
                if n not in self.left_out and not self._go_on(wire, n, cell):
                    return True
            return False
        finally:
            self.children.end_child()
            wire.close()

    def _go_on(self, wire: Wire, n: int, cell: Cell) -> bool:
        """Run the cell, and if it is new its controls. Returns whether the child is still there."""
        start = time.monotonic()
        try:
            run = self._run(wire, cell)
            if n in self.runs:
                return True
            self.runs[n] = run
            if cell.is_test and run.outcome == "passed":
                self._read_answers(n, cell)
                self._control(wire, n, cell, time.monotonic() - start)
            return True
        except Stopped as stopped:
            self.left_out.add(n)
            if n in self.runs:
                self._flag(cell, "it could not be tried without the student's functions")
            self.runs.setdefault(n, CellRun(name_of(cell), "killed", error=str(stopped)))
            return False

    def _run(self, wire: Wire, cell: Cell) -> CellRun:
        is_given = cell.grade_id not in self.plan.answers
        question = {"control": "", "test": cell.is_test, "may": self.plan.may}
        question["keeps"] = self.plan.keeps(cell) if is_given else []
        answer, passed = self._ask(wire, cell, question, self.limits.cell)
        shown = {key: self._text(answer.get(key)) for key in SHOWN}
        for name in _names(answer.get("changed")):
            self._flag(cell, f"{name} is not what it was")
        if answer.get("outcome") == "passed" and not passed:
            self._flag(cell, "it claims to have passed, but did not run to its end")
            return CellRun(name_of(cell), "not run", **shown)
        return CellRun(name_of(cell), "passed" if passed else "failed", **shown)

    def _read_answers(self, n: int, test: Cell) -> None:
        """Whatever an answer before the test does that no exercise needs may have made it pass."""
        for cell in self.cells[:n]:
            if cell.grade_id in self.plan.answers and (found := self._reaches(cell)):
                self._flag(test, f"{cell.grade_id} {', '.join(found)}: no exercise needs that")

    def _reaches(self, cell: Cell) -> list[str]:
        if cell.grade_id not in self.reached:
            found = reaches(cell, self.plan.known, self.plan.own(cell))
            self.reached[cell.grade_id] = found[:MOST_REACHES]
        return self.reached[cell.grade_id]

    def _control(self, wire: Wire, n: int, cell: Cell, seconds: float) -> None:
        """The test has to fail once the student's functions are gone, or it did not test them."""
        before = (self.plan.answers.get(other.grade_id) for other in self.cells[:n])
        stubs = [_about(stub) for stub in before if stub]
        for kind, what in CONTROLS.items():
            limit = min(CONTROL_LEAST + CONTROL_TIMES * seconds, self.limits.cell)
            question = {"control": kind, "stubs": stubs, "seconds": limit}
            _, passed = self._ask(wire, cell, question, limit + 1)
            if passed:
                self._flag(cell, f"it passes {what}, too")

    def _ask(
        self, wire: Wire, cell: Cell, question: Message, seconds: float
    ) -> tuple[Message, bool]:
        """The child's answer, and whether the cell ran to its end without an error.

        Raises Stopped.
        """
        ticket, canary = secrets.token_hex(8), secrets.token_hex(8)
        question |= {"cell": _about(cell), "ticket": ticket, "canary": canary}
        answer = self._exchange(wire, question, seconds)
        if answer.get("ticket") != ticket:
            self._flag(cell, "something else than the grader answered for it")
            raise Stopped("this cell answered in the grader's place")
        return answer, answer.get("outcome") == "passed" and answer.get("canary") == canary

    def _exchange(self, wire: Wire, question: Message, seconds: float) -> Message:
        limit = min(time.monotonic() + seconds, self.until)
        try:
            wire.end.settimeout(seconds)
            wire.send(question)
            return wire.receive(limit)
        except Late:
            raise Stopped(
                f"stopped after {seconds:g} s: is there a loop that never ends?"
            ) from None
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


def _about(cell: Cell) -> Message:
    return {key: getattr(cell, key) for key in ("text", "file", "line", "number")}


def _names(value: object) -> list[str]:
    """What a child says are names: not many, not long."""
    return [str(name)[:100] for name in value[:10]] if isinstance(value, list) else []


def name_of(cell: Cell) -> str:
    return cell.grade_id or cell.id


def _words(code: int, limits: Limits) -> str:
    if code == -signal.SIGXCPU:
        return f"stopped: it computed for {limits.cpu} s"
    return how_it_ended(code) or ENDED
