"""One submission's way through the cells, in as many processes as it ends."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Sequence
from typing import Protocol

from tito.curriculum.regions import HIDDEN_TESTS, regions
from tito.curriculum.source import Cell
from tito.grading.dialogue import Dialogue, Forged, HungUp, Stopped
from tito.grading.plan import Plan
from tito.grading.reach import reaches
from tito.grading.result import CellRun, Remark
from tito.grading.settings import Limits
from tito.grading.trials import PASSES, Trial, failures_to_fail, trials
from tito.grading.wire import Message, Wire
from tito.kernel import ENDED, how_it_ended

ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]+")
UNSOUND = re.compile("[\ud800-\udfff\0]")
SHOWN = ("stdout", "stderr", "value", "error", "traceback")
MOST_REACHES = 5  # of an answer are told
SLACK = 1 << 16  # characters of a message beside what a cell printed
LONGEST = 12  # bytes of one character in JSON


class Children(Protocol):
    """Where fresh processes come from, one at a time."""

    def child(self, most: int) -> Wire: ...
    def end_child(self, gone: bool = False) -> int: ...

    @property
    def begun(self) -> list[Message]:
        """What the first cells showed, which have run already in a fresh process."""


class Submission:
    def __init__(
        self,
        children: Children,
        plan: Plan,
        cells: Sequence[Cell],
        limits: Limits,
        needless: frozenset[int] = frozenset(),
    ) -> None:
        self.children = children
        self.plan = plan
        self.cells = cells
        self.limits = limits
        self.runs: dict[int, CellRun] = {}  # by place among the cells; the first result stays
        self.needless = needless
        self.left_out = set(needless)
        self.passed: dict[int, float] = {}  # the tests that passed, with the seconds they took
        self.untried: list[Trial] | None = None  # without the student's functions
        self.apart = False  # whether that has to be tried in forks
        self.flags: list[Remark] = []
        self.until = time.monotonic() + limits.wall

    def run(self) -> tuple[list[CellRun], list[Remark]]:
        """What each cell showed, in order, and what a person should look at."""
        while time.monotonic() < self.until and self._one_child():
            pass
        self._flag_untried()
        self._read_answers()
        return [self.runs.get(n) or self._not_run(n) for n in range(len(self.cells))], self.flags

    def _not_run(self, n: int) -> CellRun:
        why = f"not reached: the submission as a whole took {self.limits.wall:g} s"
        return CellRun(name_of(self.cells[n]), "not run", error="" if n in self.needless else why)

    def _one_child(self) -> bool:
        """Go on in a fresh child. Returns whether there is need of another one."""
        wire = self.children.child(LONGEST * 3 * (self.limits.output + SLACK))
        dialogue = Dialogue(wire, self.until)
        try:
            begun = self.children.begun
            for n, answer in enumerate(begun):
                self._take(n, *self._shown(self.cells[n], answer, True))
            for n, cell in enumerate(self.cells[len(begun) :], len(begun)):
                if n not in self.left_out and not self._go_on(dialogue, n, cell):
                    return True
            return self._try_without(dialogue)
        finally:
            self.children.end_child()
            wire.close()

    def _go_on(self, dialogue: Dialogue, n: int, cell: Cell) -> bool:
        """Run the cell. Returns whether the child is still there."""
        start = time.monotonic()
        try:
            run, flags = self._run(dialogue, cell)
        except Stopped as stopped:
            self.left_out.add(n)
            if isinstance(stopped, Forged):
                self._flag(cell, f"something else answered for it: {stopped}")
            why = str(stopped) if not isinstance(stopped, HungUp) else self._how_it_ended()
            self.runs.setdefault(n, CellRun(name_of(cell), "killed", error=why))
            return False
        if self._take(n, run, flags) and cell.is_test and run.outcome == "passed":
            self.passed[n] = time.monotonic() - start
            self._tell_reached(dialogue, cell)
        return True

    def _take(self, n: int, run: CellRun, flags: list[str]) -> bool:
        """Keep what a cell showed. Returns whether it is the first time."""
        if n in self.runs:
            return False
        self.runs[n] = run
        for text in flags:
            self._flag(self._test_from(n), text)
        return True

    def _tell_reached(self, dialogue: Dialogue, test: Cell) -> None:
        """Whatever answers reached for until here, without a word of it in the lesson, is odd."""
        for word in _names(dialogue.reached):
            if self.plan.known.isdisjoint((word, word.rpartition(".")[2])):
                self._flag(test, f"an answer uses {word} while it runs: no exercise needs that")

    def _test_from(self, n: int) -> Cell:
        """What is odd in a cell is told at the test of it: this one, or the next."""
        return next((cell for cell in self.cells[n:] if cell.is_test), self.cells[n])

    def _run(self, dialogue: Dialogue, cell: Cell) -> tuple[CellRun, list[str]]:
        """What the cell showed, and why a person should look at it. Raises Stopped."""
        how = self.plan.how(cell)
        answer, passed = dialogue.run(cell, self.limits.cell, self.plan.ready(cell), **how)
        return self._shown(cell, answer, passed)

    def _shown(self, cell: Cell, answer: Message, passed: bool) -> tuple[CellRun, list[str]]:
        outcome, flags = "passed" if passed else "failed", _names(answer.get("changed"))
        flags = [f"{name} is not what it was" for name in flags]
        if answer.get("outcome") == "passed" and not passed:
            outcome = "not run"
            flags.append("it claims to have passed, but did not run to its end")
        if cell.is_test:
            flags += self._pretenders(answer.get("classes"))
        shown = {key: self._text(answer.get(key)) for key in SHOWN}
        shown["traceback"] = without_hidden_tests(cell, shown["traceback"])
        return CellRun(name_of(cell), outcome, **shown), flags

    def _pretenders(self, names: object) -> list[str]:
        """A result that decides comparisons itself may equal whatever a test expects."""
        found = (name for name in _names(names) if name not in self.plan.known)
        return [f"a class of an answer has a {name} of its own" for name in found]

    def _try_without(self, dialogue: Dialogue) -> bool:
        """Each test that passed has to fail once the student's functions are gone. Returns whether
        there is need of another child for that."""
        self.untried = self._trials() if self.untried is None else self.untried
        try:
            for trial in failures_to_fail(dialogue, self.plan, self.untried, self.apart):
                self._flag(trial.test, PASSES[trial.kind])
        except Stopped:
            self.apart, again = True, not self.apart
            return again
        return False

    def _trials(self) -> list[Trial]:
        return trials((self.cells[n], took) for n, took in self.passed.items())

    def _flag_untried(self) -> None:
        waiting = self._trials() if self.untried is None else self.untried
        for test in {trial.test.number: trial.test for trial in waiting}.values():
            self._flag(test, "it could not be tried without the student's functions")

    def _read_answers(self) -> None:
        """Whatever an answer does that no exercise needs may have made the tests after it pass."""
        for n, cell in enumerate(self.cells):
            if cell.grade_id not in self.plan.answers or not any(test > n for test in self.passed):
                continue
            found = reaches(cell, self.plan.known, self.plan.own(cell))[:MOST_REACHES]
            for test in self.passed:
                if found and test > n:
                    text = f"{cell.grade_id} {', '.join(found)}: no exercise needs that"
                    self._flag(self.cells[test], text)

    def _how_it_ended(self) -> str:
        code = self.children.end_child(gone=True)
        if code in (-signal.SIGXCPU, -signal.SIGKILL):
            return f"the system stopped it: it computed for {self.limits.cpu} s, or used up memory?"
        return how_it_ended(code) or ENDED

    def _flag(self, cell: Cell, text: str) -> None:
        self.flags.append(Remark("flag", name_of(cell), text))

    def _text(self, value: object) -> str:
        """What a child says is a text, not too long, and has no addresses, which differ each time."""
        text = value if isinstance(value, str) else ""
        if not text:
            return ""
        return ADDRESS.sub("at 0x…", sound(text[: self.limits.output + SLACK]))


def without_hidden_tests(cell: Cell, traceback: str) -> str:
    """A traceback shows lines, and a hidden test's are nobody's to see."""
    if not traceback:
        return ""
    lines = cell.text.split("\n")
    hidden = {
        line.strip()
        for region in regions(cell)
        if region.kind == HIDDEN_TESTS
        for line in lines[region.begin : region.end]
    }
    shown = traceback.split("\n")
    return "\n".join(
        "    [a hidden test]" if line.strip() in hidden - {""} else line for line in shown
    )


def _names(value: object) -> list[str]:
    """What a child says are names: not many, not long."""
    return [sound(str(name)[:100]) for name in value[:10]] if isinstance(value, list) else []


def sound(text: str) -> str:
    """Without what no file or database can hold: halves of characters, and zeros."""
    return UNSOUND.sub("\ufffd", text)


def name_of(cell: Cell) -> str:
    return cell.grade_id or cell.id
