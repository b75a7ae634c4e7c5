"""A box for other children than the grader's: somebody else's function answers, just as confined."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tito.curriculum.installed import installed
from tito.grading.settings import MIB, Limits
from tito.grading.warden import Warden, World
from tito.grading.wire import Ended, Wire

ECHO = """
import os
import abacus.core.counter


def serve(wire):
    while True:
        said = wire.receive()
        try:
            wire.send({"said": eval(said["say"])})
        except Exception as error:
            wire.send({"said": type(error).__name__})
"""
LIMITS = Limits(cpu=5, memory=256 * MIB, file=MIB, processes=1)


@pytest.fixture(scope="module")
def warden(abacus_alone: Path) -> Iterator[Warden]:
    (abacus_alone / "echo_for_tests.py").write_text(ECHO)
    (abacus_alone / "secret.txt").write_text("hidden")
    (abacus_alone / "known.txt").write_text("shown")
    tiers = installed()
    hidden = frozenset([abacus_alone / "secret.txt"])
    world = World(tiers.tiers, tiers.course(["base"]), frozenset(["counter"]), LIMITS,
                  hidden=hidden, serve="echo_for_tests:serve")  # fmt: skip
    with Warden(world) as made:
        yield made


@pytest.fixture
def child(warden: Warden) -> Iterator[Wire]:
    wire = warden.child(1 << 20)
    yield wire
    warden.end_child()
    wire.close()


def answer(child: Wire, text: str) -> Any:
    child.send({"say": text})
    return child.receive(time.monotonic() + 10)["said"]


def test_the_named_function_answers_with_what_is_provided(child: Wire) -> None:
    assert answer(child, "1 + 1") == 2
    assert answer(child, "abacus.core.Counter().__class__.__module__") == "abacus.core.counter"


def test_it_is_confined_as_a_submission_is(child: Wire, abacus_alone: Path) -> None:
    assert answer(child, f"open({str(abacus_alone / 'known.txt')!r}).read()") == "shown"
    assert answer(child, f"open({str(abacus_alone / 'secret.txt')!r}).read()") != "hidden"
    solution = answer(child, f"open({str(abacus_alone / 'abacus/core/total.py')!r}).read()")
    assert solution in ("", "PermissionError"), "its module is not provided"
    assert answer(child, "open('/etc/passwd').read()") in ("FileNotFoundError", "PermissionError")
    assert answer(child, "os.fork()") == "BlockingIOError"


def test_every_child_is_a_fresh_one(warden: Warden) -> None:
    for _ in range(2):
        wire = warden.child(1 << 20)
        assert answer(wire, "(os.environ.get('LEFT', ''), os.environ.update(LEFT='1'))[0]") == ""
        warden.end_child()
        wire.close()


def test_a_server_that_is_gone_is_started_again(warden: Warden) -> None:
    assert warden.box
    warden.box.stop()
    wire = warden.child(1 << 20)
    assert answer(wire, "1 + 1") == 2
    warden.end_child()
    wire.close()


def test_how_a_child_ended_is_known(warden: Warden) -> None:
    wire = warden.child(1 << 20)
    wire.send({"say": "os._exit(7)"})
    with pytest.raises(Ended):
        wire.receive(time.monotonic() + 10)
    assert warden.end_child(gone=True) == 7
    wire.close()
