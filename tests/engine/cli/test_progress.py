"""A bar on a terminal, lines elsewhere, and how long it will take."""

from __future__ import annotations

import io
import sys

import pytest

from tito.cli.progress import Progress


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.5
        return self.now


def shown(total: int, monkeypatch: pytest.MonkeyPatch, terminal: bool) -> str:
    out = io.StringIO()
    out.isatty = lambda: terminal  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stderr", out)
    with Progress(total, "submissions", Clock()) as progress:
        progress.say("Sandbox: good")
        for _ in range(total):
            progress.say("Sandbox: good")
            progress.step()
    return out.getvalue()


def test_lines_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(200, monkeypatch, terminal=False).splitlines()
    assert lines[0] == "Sandbox: good"
    assert len(lines) == 21
    assert lines[1].startswith("10/200 submissions, ")
    assert lines[-1].startswith("200/200 submissions, ")


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(4, monkeypatch, terminal=True)
    assert text.count("Sandbox: good") == 1
    assert "[######..................] 1/4 submissions" in text
    assert "[########################] 4/4 submissions" in text
    assert text.endswith("\n")
    assert text.count("\n") == 2


def test_rate_and_time_left() -> None:
    clock = iter((0.0, 10.0, 10.0, 10.0))
    progress = Progress(100, "submissions", lambda: next(clock))
    progress.done = 20
    assert progress.line() == "20/100 submissions, 2.0/s, 40 s left"
    clock = iter((10.0,))
    progress.total = 20_000
    assert progress.line() == "20/20000 submissions, 2.0/s, 2 h 46 min left"
    clock = iter((10.0,))
    progress.done, progress.total = 100, 100
    assert progress.line() == "100/100 submissions, 10.0/s"


def test_nothing_to_do_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(0, monkeypatch, terminal=True) == "\r\x1b[KSandbox: good\n"
