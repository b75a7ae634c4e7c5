"""Start-up is short, and whatever goes wrong ends as a message and an exit code."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest

from support import Learner, environment, finish, hand_in

HEAVY = {
    "numpy", "jupytext", "nbformat", "jinja2", "yaml", "rich.console", "asyncio", "pytest", "_pytest",
}  # fmt: skip

# `run` may end with SystemExit, and what was imported is shown whatever it did.
IMPORTED = """
import sys
from tito.cli import run
try:
    run(sys.argv[1:])
finally:
    print("\\n" + " ".join(sys.modules))
"""


def imported(someone: Learner, *arguments: str) -> set[str]:
    """The modules that a command has imported when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *arguments],
        cwd=someone.root,
        env=environment(**someone.variables()),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "command",
    ["--version", "--help", "status", "module list", "module list --json", "module --help",
     "module path counter", "tier list", "milestone list", "milestone about 2000",
     "namespace --names", "doctor"],
)  # fmt: skip
def test_what_only_tells_imports_nothing_heavy(learner: Learner, command: str) -> None:
    finish(learner, "counter")
    hand_in(learner, "counter")
    found = imported(learner, *command.split())
    assert "tito.cli" in found
    assert found & HEAVY == set()


@pytest.mark.parametrize("suffix", ["ipynb", "py"])
def test_starting_parses_no_source(learner: Learner, suffix: str) -> None:
    found = imported(learner, "module", "start", "counter", "--format", suffix)
    assert learner.file("counter").with_suffix(f".{suffix}").exists()
    assert found & HEAVY == set()


def test_the_version_is_that_of_the_distribution(learner: Learner) -> None:
    assert learner.tito("--version").out == f"tito {version('tinytorch-engine')}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("modul list", "there is no command 'modul'; did you mean 'module'?"),
        ("module strat counter", "there is no command 'strat'; did you mean 'start'?"),
        ("milestone lst", "there is no command 'lst'; did you mean 'list'?"),
        ("tier lisst", "there is no command 'lisst'; did you mean 'list'?"),
        ("dev chek", "there is no command 'chek'; did you mean 'check'?"),
        ("module start countr", "there is no module 'countr'; did you mean 'counter'?"),
        ("module start", "Missing argument 'MODULE'"),
        ("module start counter --frmat py", "No such option"),
        ("module start counter --format pdf", "'pdf' is not one of"),
        ("module test counter --timeout soon", "'soon' is not a valid float"),
        ("module test counter --timeout 0", "0.1"),
        ("status extra", "unexpected extra argument"),
        ("milestone run abakus", "there is no milestone 'abakus'; did you mean 'abacus'?"),
        ("milestone about abakus", "there is no milestone 'abakus'; did you mean 'abacus'?"),
        ("init sub --tiers bose", "there is no tier 'bose'; did you mean 'base'?"),
    ],
)
def test_what_was_typed_wrong_is_told_with_exit_code_2(
    learner: Learner, arguments: str, message: str
) -> None:
    done = learner.tito(*arguments.split())
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert "tito " in done.err, "there is no next command"
    assert len(done.err.splitlines()) <= 4


BAD_WORKSPACES = {
    "a newer engine's": ("format = 2\ntiers = ['base']", "format 2", "pip install --upgrade"),
    "no TOML": ("format = ", "cannot be read", "mend the file"),
    "not UTF-8": ("format = 1 # \udce9", "cannot be read", "mend the file"),
    "no format": ("tiers = ['base']", "lacks its format number", "format = 1"),
    "no tiers": ("format = 1", "names no tiers", "tiers = ["),
    "an unknown key": ("format = 1\ntiers = ['base']\nteirs = []", "'teirs'", "known keys"),
    "an unknown module": (
        "format = 1\ntiers = ['base']\nprovided = ['totl']",
        "did you mean 'total'",
        "correct 'provided'",
    ),
    "an unknown tier": ("format = 1\ntiers = ['bose']", "did you mean 'base'", "tito tier list"),
}


@pytest.mark.parametrize(("text", "message", "fix"), BAD_WORKSPACES.values(), ids=BAD_WORKSPACES)
@pytest.mark.parametrize("command", ["status", "module start counter"])
def test_a_workspace_that_cannot_be_used_is_told_and_left_alone(
    learner: Learner, text: str, message: str, fix: str, command: str
) -> None:
    path = learner.root / "tito.toml"
    path.write_text(text, errors="surrogateescape")
    before = path.read_bytes()
    done = learner.tito(*command.split())
    assert (done.code, done.out) == (2 if "did you mean" in message else 1, "")
    assert message in done.err
    assert fix in done.err
    assert path.read_bytes() == before
    assert [each.name for each in learner.root.iterdir()] == ["tito.toml"]


def test_a_workspace_can_be_named_by_the_environment(learner: Learner) -> None:
    elsewhere = learner.root.parent
    named = {**learner.variables(), "TITO_WORKSPACE": str(learner.root)}
    inside = Learner(elsewhere, learner.site).tito("status", **named)
    assert (inside.code, inside.out) == (0, learner.tito("status").out)
    none = learner.tito("status", TITO_WORKSPACE="")
    assert "this folder is no workspace" in none.err


def test_a_reader_that_stops_early_is_no_error(learner: Learner) -> None:
    command = f"{sys.executable} -m tito --help | head -1"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=learner.root,
        env=environment(**learner.variables()),
        capture_output=True,
        text=True,
    )
    assert (done.stdout.count("\n"), done.stderr) == (1, "")


def test_without_a_standard_output_it_still_works(learner: Learner) -> None:
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m tito module start counter >&- 2>&-"],
        cwd=learner.root,
        env=environment(**learner.variables()),
    )
    assert done.returncode == 0
    assert learner.file("counter").exists()


def test_a_full_disk_is_one_message(learner: Learner) -> None:
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m tito module list --json > /dev/full"],
        cwd=learner.root,
        env=environment(**learner.variables()),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: No space left on device")
    assert "Traceback" not in done.stderr
