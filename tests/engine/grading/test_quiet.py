"""What a server runs for all of its children defines something, and does nothing else."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from judging import ANSWER, DOUBLE, RIGHT, STUB, TEST, answered, assignment
from tito.grading.judge import Judge
from tito.grading.quiet import is_quiet


def test_to_define_and_to_read_is_quiet(tmp_path: Path) -> None:
    (tmp_path / "read").touch()
    assert is_quiet(lambda: bool(type("A", (), {}) and not (tmp_path / "read").read_text()))
    assert not is_quiet(lambda: False)


@pytest.mark.parametrize(
    "does",
    [
        "open('written', 'w')",
        "os.mkdir('made')",
        "os.fork()",
        "os._exit(0) if os.putenv('A', 'b') else 0",
        "os.chdir('/')",
        "__import__('threading').Thread(target=time.sleep, args=(5,)).start()",
        "__import__('socket').socket()",
        "1 / 0",
    ],
)
def test_whatever_else_is_done_is_not(
    does: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert not is_quiet(lambda: (eval(does, {"os": os, "time": time}), True)[1])
    assert not list(tmp_path.iterdir())


GIVEN = """import numpy as np
CASES = [(3, 6)]
def same(got, expected, what):
    assert np.allclose(got, expected), what
print("begun")
"""


@pytest.mark.parametrize(
    ("given", "begun"), [(GIVEN, 1), (GIVEN + "open('left', 'w').close()", 0), (GIVEN + "1 / 0", 0)]
)
def test_a_lesson_shows_the_same_whoever_runs_its_beginning(
    judge: Judge, given: str, begun: int
) -> None:
    made = assignment(
        given, (STUB, ANSWER), (DOUBLE, TEST), "assert CASES == [(3, 6)]\nCASES.clear()"
    )
    for _ in range(2):  # what one submission does is not there for the next
        runs, flags = judge.run(made, answered(made, RIGHT))
        assert len(judge.begun) == begun
        assert (runs[0].stdout, runs[0].outcome == "failed") == ("begun\n", "1 / 0" in given)
        assert [run.outcome for run in runs[1:]] == ["passed"] * 3
        assert flags == []
