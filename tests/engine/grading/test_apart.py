"""A call in a fork: its value, or why there is none; the process that asked goes on."""

from __future__ import annotations

import ast
import os
import signal
from typing import Any

import pytest

from tito.grading import apart as module
from tito.grading.apart import Failed, apart


def test_plain_data_comes_back() -> None:
    assert apart(lambda: [1, "ä", {"a": None}]) == [1, "ä", {"a": None}]
    assert apart(os.getpid) != os.getpid()


def raises() -> Any:
    raise ValueError("wrong")


def test_what_the_call_raises_is_told() -> None:
    with pytest.raises(Failed, match="ValueError: wrong"):
        apart(raises)


@pytest.mark.parametrize(
    "call",
    [
        lambda: os.kill(os.getpid(), signal.SIGKILL),
        lambda: os._exit(0),
        lambda: bytearray(8 << 30),
        lambda: ast.parse("-" * 200_000 + "1").__class__.__name__ * 0 or os.abort(),
    ],
    ids=["killed", "exits", "memory", "aborts"],
)
def test_an_end_of_the_fork_is_no_end_of_ours(call: Any) -> None:
    with pytest.raises(Failed):
        apart(call)


def test_an_endless_call_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SECONDS", 1)

    def forever() -> None:
        while True:
            pass

    with pytest.raises(Failed, match="too long"):
        apart(forever)
