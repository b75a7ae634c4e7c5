"""The judge's side of the negative controls: asks for them, and says which tests did not fail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tito.curriculum.source import Cell
from tito.grading.compiling import new_token
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


def trials(passed: Iterable[tuple[Cell, float]]) -> list[Trial]:
    """For each test that passed, with the seconds that it took."""
    each = list(passed)
    return [Trial(test, kind, LEAST + TIMES * took) for kind in KINDS for test, took in each]


def failures_to_fail(
    dialogue: Dialogue, plan: Plan, waiting: list[Trial], apart: bool
) -> Iterator[Trial]:
    """Each trial in which the test passed all the same; those that are done leave `waiting`.

    They run in the child itself. If one ends it, that is not told from other mischief, and they are
    to be tried `apart`: all in one fork of a child. A trial that ends the fork has not passed, and the
    rest get a new one. Raises Stopped.
    """
    margin = MARGIN if apart else 0.0
    while waiting:
        tests = {str(each.test.number): each.test for each in waiting}
        questions = {n: question(test, plan.ready(test)) for n, test in tests.items()}
        asked = [_asked(trial) for trial in waiting]
        end = question(waiting[0].test)
        control = {"do": "control", "apart": apart}
        dialogue.say({**end, **control, "tests": questions, "trials": asked}, MARGIN)
        for each in asked:
            answer = dialogue.hear(each["seconds"] + margin)
            if answer.get("ticket") == end["ticket"]:
                break
            if answer.get("ticket") != each["ticket"]:
                raise Forged(FORGED)
            trial = waiting.pop(0)
            if ran_to_its_end(answer, questions[each["test"]]):
                yield trial
        else:
            answer = dialogue.hear(MARGIN)
            if answer.get("ticket") != end["ticket"]:
                raise Forged(FORGED)
            return
        waiting.pop(0)  # it ended the fork


def _asked(trial: Trial) -> Message:
    """Its test's code is sent once for both kinds."""
    about = {"test": str(trial.test.number), "kind": trial.kind, "seconds": trial.seconds}
    return {**about, "ticket": new_token()}
