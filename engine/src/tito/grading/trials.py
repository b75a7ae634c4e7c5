"""The judge's side of the negative controls: asks for them, and says which tests did not fail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tito.curriculum.source import Cell
from tito.grading.controls import KINDS, NOTHING, STUB
from tito.grading.dialogue import FORGED, Dialogue, Forged, question, ran_to_its_end
from tito.grading.plan import Plan
from tito.grading.wire import Message

PASSES = {
    STUB: "it passes with the exercises as they were handed out, too",
    NOTHING: "it passes with functions whose results equal nothing, too",
}
LEAST, TIMES = 1.0, 3.0  # seconds, and times what the test itself took
MARGIN = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class Trial:
    """One test with one kind of function in the place of the student's."""

    test: Cell
    kind: str
    seconds: float

    def asked(self, plan: Plan) -> Message:
        asked = question(self.test, plan.ready(self.test))
        return {**asked, "kind": self.kind, "seconds": self.seconds}


def trials(passed: Iterable[tuple[Cell, float]]) -> list[Trial]:
    """For each test that passed, with the seconds that it took."""
    each = list(passed)
    return [Trial(test, kind, LEAST + TIMES * took) for kind in KINDS for test, took in each]


def failures_to_fail(dialogue: Dialogue, plan: Plan, waiting: list[Trial]) -> Iterator[Trial]:
    """Each trial in which the test passed all the same; those that are done leave `waiting`.

    All run in one fork of the child. A trial that ends the fork has not passed, and the rest get a
    new one. Raises Stopped.
    """
    while waiting:
        asked = [trial.asked(plan) for trial in waiting]
        control = {"do": "control", "replacements": plan.replacements, "trials": asked}
        end = question(waiting[0].test)
        dialogue.say({**control, **end}, MARGIN)
        for each in asked:
            answer = dialogue.hear(each["seconds"] + MARGIN)
            if answer.get("ticket") == end["ticket"]:
                break
            if answer.get("ticket") != each["ticket"]:
                raise Forged(FORGED)
            trial = waiting.pop(0)
            if ran_to_its_end(answer, each):
                yield trial
        else:
            answer = dialogue.hear(MARGIN)
            if answer.get("ticket") != end["ticket"]:
                raise Forged(FORGED)
            return
        waiting.pop(0)  # it ended the fork
