"""`tito olympics …` as one types it, each command in a process of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from tinytorch_profiling.olympics.commands import olympics

from contenders import HONEST, hand_in, weights
from support import Run, leaves, run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.py").write_text(HONEST)
    np.savez(tmp_path / "weights.npz", **weights())
    return tmp_path


def tito(folder: Path, *arguments: object, **variables: str) -> Run:
    command = (sys.executable, "-P", "-m", "tito", "olympics", *arguments)
    return run(*command, cwd=folder, XDG_CONFIG_HOME=str(folder / "config"), **variables)


def submit(folder: Path, *more: str, name: str = "Ann's half") -> Run:
    about = ("--model", "1986_mlp", "--event", "smallest", "--name", name)
    return tito(folder, "submit", *about, "--code", "model.py", "--weights", "weights.npz", *more)


def test_from_code_to_a_place(folder: Path) -> None:
    done = submit(folder, "--claim", "accuracy=1", "--claim", "bytes=12")
    assert done.code == 0, done.err
    assert "4810 parameters" in done.out
    assert "Next: tito olympics verify ann-s-half.olympics.zip" in done.out
    # A workspace in which nothing is built does not matter: everything is provided there.
    (folder / "tito.toml").write_text('format = 1\ntiers = ["foundation"]\n')
    (folder / "numpy.py").write_text("raise SystemExit('a file that lies here by chance')")
    done = tito(folder, "verify", "ann-s-half.olympics.zip", "--turns", "2")
    assert done.code == 0, done.err
    assert done.out.count("refuted") == 2
    assert "Next: tito olympics leaderboard results" in done.out
    done = tito(folder, "leaderboard", "results")
    assert done.code == 0, done.err
    assert "1 verified result:" in done.out
    page = (folder / "results" / "leaderboard.html").read_text(encoding="utf-8")
    assert "Ann&#x27;s half" in page
    told = json.loads(tito(folder, "leaderboard", "results", "--json").out)
    assert told == json.loads((folder / "results" / "leaderboard.json").read_text())
    (row,) = told["models"]["1986_mlp"]["accurate"]
    assert row["place"] == 1
    assert 0.9 < row["measured"]["accuracy"]["value"] < 1


def test_one_bad_file_keeps_no_other_from_its_result(folder: Path) -> None:
    hand_in(folder)
    (folder / "cut.olympics.zip").write_bytes((folder / "entry.olympics.zip").read_bytes()[:999])
    (folder / "evil").mkdir()
    evil = hand_in(
        folder / "evil", "def load(weights):\n    raise ValueError('\\x1b]0;owned\\x07')"
    )
    files = ("cut.olympics.zip", "nothing.zip", evil, "entry.olympics.zip")
    done = tito(folder, "verify", *files, "--turns", "2", "--json")
    assert done.code == 1
    (result,) = json.loads(done.out)
    assert result["name"] == "An entry"
    for said in ("no whole zip archive", "cut.olympics.zip", "no such file", "next: "):
        assert said in done.err
    assert "owned" in done.err
    assert "\x1b" not in done.err
    assert "Traceback" not in done.err
    assert len(list((folder / "results").iterdir())) == 1


def test_the_board_of_somebody_elses_results_says_why_it_is_empty(folder: Path) -> None:
    hand_in(folder)
    assert tito(folder, "verify", "entry.olympics.zip", "--turns", "2").code == 0
    (folder / "other.key").write_text("11" * 32)
    done = tito(folder, "leaderboard", "results", "--key", "other.key")
    assert done.code == 1
    assert "another key sealed them" in done.err


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (("--claim", "accuracy=high"), "is no claim", 1),
        (("--claim", "beauty=1"), "nobody can make", 1),
        (("--to", "weights.npz"), "is there already", 1),
        (("--to", "no/such/folder/x.zip"), "No such file", 1),
        (("--code", "nothing.py"), "no such file", 1),
        (("--weights", "model.py"), "no whole zip archive", 1),
        (("--model", "2012_alexnet"), "one of: 1986_mlp, 1998_cnn", 1),
        (("--event", "longest"), "one of: smallest, fastest, accurate, balanced", 1),
        (("--name", "a\x1b[31mb"), "printable", 1),
    ],
)
def test_what_cannot_be_submitted_is_said(
    folder: Path, words: tuple[str, ...], said: str, code: int
) -> None:
    before = sorted(folder.iterdir())
    done = submit(folder, *words)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert "Traceback" not in done.err
    assert sorted(folder.iterdir()) == before


def test_every_command_and_option_has_a_help_text() -> None:
    """As long as `tito olympics --help` has room for."""
    for name, command in leaves(olympics):
        assert command.help, name
        assert not command.get_short_help_str(limit=65).endswith("..."), f"{name} is cut off"
        for parameter in command.params:
            assert not isinstance(parameter, click.Option) or parameter.help, parameter.name


def test_a_mistyped_command_is_understood(folder: Path) -> None:
    done = tito(folder, "verfy")
    assert done.code == 2
    assert "did you mean 'verify'" in done.err


def test_without_a_key_there_is_no_board(folder: Path) -> None:
    (folder / "results").mkdir()
    done = tito(folder, "leaderboard", "results")
    assert done.code == 1
    assert "no key of a verifier" in done.err
