"""Every command works wherever a learner may type it, or says in one line why it cannot."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from support import OUR_TIERS, Learner, edit, environment, finish, hand_in, install, leaves, project
from tito.cli import COMMANDS
from tito.cli.lazy import LazyGroup
from tito.workspace.find import render

# Arguments for each command; what is writing needs a workspace that can be written.
TABLE: dict[str, list[str]] = {
    "init": ["{new}"],
    "status": [],
    "module list": [],
    "module start": ["total"],
    "module test": ["counter"],
    "module complete": ["counter"],
    "module reset": ["counter", "--yes"],
    "module update": [],
    "module path": ["counter"],
    "hint": ["counter"],
    "solution": ["counter"],
    "test": [],
    "milestone list": [],
    "milestone about": ["abacus"],
    "milestone run": ["abacus"],
    "tier list": [],
    "tier add": ["base"],
    "namespace": ["--names"],
    "doctor": [],
    "dev build": ["{project}"],
    "dev check": ["--sources", "{project}"],
    "dev new-tier": ["{new}"],
    "dev new-module": ["fresh", "{mine}"],
    "dev mutants": ["{project}", "--module", "counter"],
}
WRITING = {
    "module start",
    "module test",
    "module complete",
    "module reset",
    "module update",
    "hint",
    "test",
    "milestone run",
}
# These work in a course: tests/engine/grading.
INSTRUCTORS = ("course ", "nbgrader ")
WITHOUT_WORKSPACE = {"init", "test", "tier list", "namespace", "doctor"} | {
    command for command in TABLE if command.startswith("dev ")
}

every_command = pytest.mark.parametrize("command", TABLE)


def engine(monkeypatch: pytest.MonkeyPatch) -> dict[str, click.Command]:
    """The engine's own commands, whatever plugins this machine has."""
    monkeypatch.setenv("TITO_DISABLE_PLUGINS", OUR_TIERS)
    return dict(leaves(LazyGroup(commands_at=COMMANDS, with_plugins=True)))


def test_no_command_is_forgotten_here(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {each for each in engine(monkeypatch) if not each.startswith(INSTRUCTORS)} == set(TABLE)


def test_every_command_and_option_has_a_help_text(monkeypatch: pytest.MonkeyPatch) -> None:
    for command, found in engine(monkeypatch).items():
        assert found.help, command
        assert not found.get_short_help_str(limit=65).endswith("..."), f"{command} is cut off"
        for parameter in found.params:
            assert not isinstance(parameter, click.Option) or parameter.help, parameter.name


@dataclass
class Said:
    """How a command ended, and what it said as a cp1252 console shows it."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Learner:
    """A workspace where every command can do its work, with names that cp1252 does not have."""
    folder = tmp_path_factory.mktemp("everywhere") / "∂ course"
    folder.mkdir()
    base = project("base-tier", folder)
    config = base / "src/abacus_base/modules/01_counter/module.yaml"
    edit(config, "title: Counter", "title: Counter → ∂")
    program = base / "src/abacus_base/milestones/2000_abacus/milestone.py"
    edit(program, 'print("total:",', 'print("Σ → é:",')
    (folder / "site").mkdir()
    install(base, folder / "site")
    someone = Learner(folder / "course", folder / "site")
    someone.root.mkdir()
    (someone.root / "tito.toml").write_text(render(("base",)))
    finish(someone, "counter", "total")
    path = hand_in(someone, "counter")
    edit(path, "self.value += 1", "print('∑'); self.value += 1")
    return someone


@pytest.fixture
def ready(prepared: Learner, tmp_path: Path) -> Learner:
    """A copy of it, to be changed."""
    root = tmp_path / "∂ copy"
    shutil.copytree(prepared.root, root)
    return Learner(root, prepared.site)


def obey_permissions() -> None:
    """From now on root, too, may not write where nobody may: it loses CAP_DAC_OVERRIDE."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)  # PR_CAPBSET_DROP; without root it has no effect


def make_it_poor() -> None:
    obey_permissions()
    os.close(0)  # stdin


def said(someone: Learner, command: str, cwd: Path, tmp_path: Path, **options: object) -> Said:
    """Run a command of the table; `options` are those of subprocess.run, or variables if in capitals."""
    places = {"new": tmp_path / "new", "project": someone.site.parent / "base-tier"}
    if "{mine}" in TABLE[command]:
        places["mine"] = project("base-tier", tmp_path)
    arguments = [argument.format(**places) for argument in TABLE[command]]
    variables = {key: str(options.pop(key)) for key in list(options) if key.isupper()}
    done = subprocess.run(  # type: ignore[call-overload]
        [sys.executable, "-m", "tito", *command.split(), *arguments],
        cwd=cwd,
        env=environment(**someone.variables(**variables)),
        timeout=60,
        **{
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            **options,
        },
    )
    out, err = (text or b"" for text in (done.stdout, done.stderr))
    return Said(done.returncode, out.decode("cp1252"), err.decode("cp1252"))


def assert_plain(shown: Said) -> None:
    """No traceback, and no colour codes, since it is shown to a pipe."""
    assert "Traceback" not in shown.err
    assert "\x1b" not in shown.out + shown.err


CP1252 = {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}


def test_a_milestones_page_is_readable_on_every_console(ready: Learner, tmp_path: Path) -> None:
    shown = said(ready, "milestone about", ready.root, tmp_path, **CP1252)
    assert shown.out.splitlines() == [
        "# 2000: the abacus",
        "",
        "Somebody counted on two counters ? and wrote down the total, *?*.",
    ]


def test_a_milestone_speaks_the_language_of_the_console(ready: Learner, tmp_path: Path) -> None:
    shown = said(ready, "milestone run", ready.root, tmp_path, **CP1252)
    assert "? ? é: 2" in shown.out


@every_command
def test_on_a_cp1252_console_without_stdin_in_a_read_only_directory(
    ready: Learner, tmp_path: Path, command: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o555)
    options = {"TITO_WORKSPACE": ready.root, "preexec_fn": make_it_poor, **CP1252}
    shown = said(ready, command, elsewhere, tmp_path, **options)
    assert_plain(shown)
    assert (shown.code, shown.err) == (0, "")
    assert "Ã" not in shown.out, "that is UTF-8, read as cp1252"
    assert list(elsewhere.iterdir()) == []


@every_command
def test_in_a_current_directory_that_was_deleted(
    ready: Learner, tmp_path: Path, command: str
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    options = {"TITO_WORKSPACE": ready.root, "preexec_fn": lambda: os.rmdir(gone), **CP1252}
    shown = said(ready, command, gone, tmp_path, **options)
    assert_plain(shown)
    assert (shown.code, shown.err) == (0, "")


@every_command
def test_in_a_read_only_workspace(ready: Learner, tmp_path: Path, command: str) -> None:
    paths = [ready.root, *ready.root.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    shown = said(ready, command, ready.root, tmp_path, preexec_fn=obey_permissions, **CP1252)
    assert_plain(shown)
    if command in WRITING:
        assert (shown.code, shown.out) == (1, "")
        assert [line[:9] for line in shown.err.splitlines()] == [
            "error: th",
            "  where: ",
            "  next:  ",
        ]
        assert "this workspace cannot be written: Permission denied" in shown.err
    else:
        assert (shown.code, shown.err) == (0, "")
    for path in paths:
        path.chmod(0o755 if path.is_dir() else 0o644)


@every_command
def test_where_there_is_no_workspace(ready: Learner, tmp_path: Path, command: str) -> None:
    shown = said(ready, command, tmp_path, tmp_path, **CP1252)
    assert_plain(shown)
    if command in WITHOUT_WORKSPACE:
        assert (shown.code, shown.err) == (0, "")
    else:
        assert (shown.code, shown.out) == (1, "")
        assert [line[:9] for line in shown.err.splitlines()] == [
            "error: th",
            "  where: ",
            "  next:  ",
        ]
        assert "tito init DIR" in shown.err


@pytest.mark.parametrize("command", [c for c in TABLE if c != "milestone run"])
def test_when_the_reader_of_the_pipe_has_seen_enough(
    ready: Learner, tmp_path: Path, command: str
) -> None:
    """But for a milestone: its own program writes to the pipe, and Python tells of it."""
    read, write = os.pipe()
    os.close(read)
    shown = said(ready, command, ready.root, tmp_path, stdout=write)
    os.close(write)
    assert shown.err == ""
