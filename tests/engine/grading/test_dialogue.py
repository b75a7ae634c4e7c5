"""An answer counts with its ticket, and a success with its canary: whoever may have sent it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest

from judging import ANSWER, RIGHT, STUB, TEST, answered, assignment
from tito.grading.dialogue import Dialogue, Forged, HungUp, Stopped
from tito.grading.plan import Plan
from tito.grading.result import Remark
from tito.grading.settings import Limits
from tito.grading.submission import Submission
from tito.grading.wire import Ended, Message, Wire

GIVEN = assignment((STUB, ANSWER), ("assert double(1) == 2, 'double'", TEST))
Answer = Callable[[Message], Message | None]


class Impostor:
    """Children that answer as the test says; None hangs up."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.begun: list[Message] = []
        self.threads: list[threading.Thread] = []

    def child(self, most: int) -> Wire:
        ours, theirs = socket.socketpair()
        self.threads.append(threading.Thread(target=self._serve, args=(Wire(theirs),)))
        self.threads[-1].start()
        return Wire(ours, most)

    def _serve(self, wire: Wire) -> None:
        try:
            while answer := self.answer(wire.receive()):
                wire.send(answer)
        except Ended:
            pass
        wire.close()

    def end_child(self, gone: bool = False) -> int:
        return -9


def judged(answer: Answer) -> tuple[list[str], list[Remark]]:
    impostor = Impostor(answer)
    limits = Limits(cell=0.3, wall=5)
    submission = Submission(impostor, Plan(GIVEN), answered(GIVEN, RIGHT), limits)
    runs, flags = submission.run()
    for thread in impostor.threads:
        thread.join()
    return [run.outcome for run in runs], flags


def claims(asked: Message, **changes: object) -> Message:
    return {"outcome": "passed", "ticket": asked["ticket"], "canary": asked["canary"], **changes}


def test_a_success_without_the_canary_did_not_run() -> None:
    outcomes, flags = judged(lambda asked: claims(asked, canary="?"))
    assert outcomes == ["not run", "not run"]
    assert "did not run to its end" in flags[0].text


@pytest.mark.parametrize("ticket", ["", "0" * 16, None, 5, ["a"]])
def test_an_answer_without_the_ticket_is_forged(ticket: object) -> None:
    outcomes, flags = judged(lambda asked: claims(asked, ticket=ticket))
    assert outcomes == ["killed", "killed"]
    assert all("something else answered" in flag.text for flag in flags)


@pytest.mark.parametrize(
    "odd",
    [
        {"stdout": 5},
        {"stdout": None},
        {"changed": "all"},
        {"changed": [["a"], None]},
        {"error": {"a": 1}},
        {"outcome": ["passed"]},
        {"value": "x" * 10_000_000},
    ],
)
def test_odd_values_do_no_harm(odd: Message) -> None:
    outcomes, _ = judged(lambda asked: claims(asked, **odd))
    assert set(outcomes) <= {"passed", "failed", "killed"}


def test_a_control_that_nobody_answers_is_flagged() -> None:
    outcomes, flags = judged(lambda asked: claims(asked) if asked["do"] == "run" else None)
    assert outcomes == ["passed", "passed"]
    assert [flag.text for flag in flags] == [
        "it could not be tried without the student's functions"
    ]


def test_what_passed_and_could_not_be_tried_in_time_is_flagged() -> None:
    given = assignment((STUB, ANSWER), ("assert double(1) == 2, 'double'", TEST), "1")
    late = threading.Event()

    def answer(asked: Message) -> Message:
        if asked["cell"]["number"] == 3:
            late.wait(1)
        return claims(asked)

    submission = Submission(Impostor(answer), Plan(given), answered(given, RIGHT), Limits(wall=0.3))
    _, flags = submission.run()
    late.set()
    assert [flag.text for flag in flags] == [
        "it could not be tried without the student's functions"
    ]


def test_one_that_hangs_up_or_is_late_stops() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        dialogue = Dialogue(Wire(ours), time.monotonic() + 60)
        with pytest.raises(Stopped, match=r"after 0\.05 s"):
            dialogue.run(GIVEN.cells[0], 0.05)
        dialogue.until = time.monotonic()
        with pytest.raises(Stopped, match="the whole submission"):
            dialogue.run(GIVEN.cells[0], 0.05)
        theirs.sendall(b"[]\n")
        dialogue.until += 60
        with pytest.raises(Forged):
            dialogue.hear(1)
        theirs.close()
        with pytest.raises(HungUp):
            dialogue.run(GIVEN.cells[0], 1)
