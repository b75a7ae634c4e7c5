"""The lines that tell how far a milestone has come."""

from __future__ import annotations

import pytest
from tinytorch_core.progress import steps


def test_it_counts_and_estimates(capsys: pytest.CaptureFixture[str]) -> None:
    now = iter(range(100))  # a second a look: one at the start, one after each step
    assert list(steps(20, "practice", lambda: "loss 0.5", lambda: float(next(now)))) == [*range(20)]
    assert capsys.readouterr().out.splitlines() == [
        "  practice: 2 of 20, about 18 s left, loss 0.5",
        "  practice: 12 of 20, about 8 s left, loss 0.5",
    ]


def test_what_is_quickly_done_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(steps(3, "practice", clock=lambda: 0.0)) == [0, 1, 2]
    assert not capsys.readouterr().out
