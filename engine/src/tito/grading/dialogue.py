"""The judge's questions to one child. An answer counts only with the ticket of its question, and a
cell has passed only if its last statement left the canary: both are new each time.
"""

from __future__ import annotations

import time
from typing import Any

from tito.curriculum.source import Cell
from tito.grading.compiling import Ready, new_token
from tito.grading.wire import Ended, Garbled, Late, Message, Wire

MOST_REACHED = 10
FORGED = "it answered in the grader's place"


class Stopped(Exception):
    """The child is of no more use; the text says why, in words for the student."""


class HungUp(Stopped):
    """Its process has ended; how, the server knows."""


class Forged(Stopped):
    """Something else than the grader answered."""


class Dialogue:
    """`until` is when the submission's time is over, on the monotonic clock."""

    def __init__(self, wire: Wire, until: float) -> None:
        self.wire = wire
        self.until = until
        self.reached: list[str] = []  # what answers reached for while they ran

    def run(
        self, cell: Cell, seconds: float, ready: Ready | None = None, **how: Any
    ) -> tuple[Message, bool]:
        """What the child says of this cell, and whether it ran to its end. Raises Stopped."""
        asked = question(cell, ready)
        answer = self.ask({"do": "run", **asked, **how}, seconds)
        return answer, ran_to_its_end(answer, asked)

    def ask(self, asked: Message, seconds: float) -> Message:
        """The answer to this question. Raises Stopped."""
        self.say(asked, seconds)
        answer = self.hear(seconds)
        if answer.get("ticket") != asked["ticket"]:
            raise Forged(FORGED)
        return answer

    def say(self, message: Message, seconds: float) -> None:
        try:
            self.wire.end.settimeout(seconds)
            self.wire.send(message)
        except Late:
            raise Stopped("stopped: it no longer listened to the grader") from None
        except Ended:
            raise HungUp from None

    def hear(self, seconds: float) -> Message:
        """The next answer. What is reached for before it is told is kept aside."""
        limit = time.monotonic() + seconds
        try:
            while "reached" in (message := self.wire.receive(min(limit, self.until))):
                self.reached += [str(message["reached"])[:100]] * (len(self.reached) < MOST_REACHED)
            return message
        except Late:
            if self.until < limit:
                raise Stopped("stopped: the time for the whole submission is over") from None
            loop = "is there a loop that never ends?"
            raise Stopped(f"stopped after {seconds:g} s: {loop}") from None
        except Garbled as garbled:
            raise Forged(str(garbled)) from None
        except Ended:
            raise HungUp from None


def question(cell: Cell, ready: Ready | None = None) -> Message:
    """A cell with a ticket and a canary of its own."""
    canary = new_token()
    code = ready.with_canary(canary) if ready else ""
    return {"cell": about(cell), "ticket": new_token(), "canary": canary, "code": code}


def about(cell: Cell) -> Message:
    return {key: getattr(cell, key) for key in ("text", "file", "line", "number")}


def ran_to_its_end(answer: Message, asked: Message) -> bool:
    return answer.get("outcome") == "passed" and answer.get("canary") == asked["canary"]
