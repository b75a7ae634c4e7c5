"""Forks run side by side, and none can take the others down or keep them waiting."""

from __future__ import annotations

import io
import json
import os
import time
from pathlib import Path

import pytest

from tito.authoring import mutants_runner
from tito.authoring.mutants_runner import Forks


@pytest.fixture
def forks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Forks:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return Forks(2, io.StringIO())


def told(forks: Forks) -> dict[str, str]:
    forks.wait()
    assert isinstance(forks.out, io.StringIO)
    entries = map(json.loads, forks.out.getvalue().splitlines())
    return {entry["name"]: entry["found"] for entry in entries}


def test_what_each_returns_is_told_with_what_it_is_about(forks: Forks) -> None:
    for n in range(5):
        forks.start({"name": f"{n}"}, lambda n=n: "é" * n)  # type: ignore[misc]
    assert told(forks) == {f"{n}": "é" * n for n in range(5)}


def test_two_run_at_a_time(forks: Forks) -> None:
    start = time.monotonic()
    for n in range(4):
        forks.start({"name": f"{n}"}, lambda: time.sleep(0.3) or "")
    assert set(told(forks)) == set("0123")
    assert time.monotonic() - start > 0.5


def test_one_that_waits_for_too_long_is_ended(
    forks: Forks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutants_runner, "MOST_SECONDS", 1)
    forks.start({"name": "asleep"}, lambda: time.sleep(60) or "")
    assert told(forks) == {"asleep": "it waited for too long"}


def test_one_that_breaks_survives_nothing(forks: Forks) -> None:
    forks.start({"name": "broken"}, lambda: f"{1 / 0}")
    assert told(forks) == {"broken": "the program ended itself with exit code 1"}


def test_each_has_a_folder_that_begins_like_ours_and_is_gone_with_it(forks: Forks) -> None:
    Path("given").write_text("1")

    def write() -> str:
        Path("given").write_text(Path("given").read_text() + "2")
        return Path("given").read_text() + os.listdir()[0]

    for name in ("a", "b"):
        forks.start({"name": name}, write)
    assert told(forks) == {"a": "12given", "b": "12given"}
    assert Path("given").read_text() == "1"
    assert os.listdir("..") == ["work"]
