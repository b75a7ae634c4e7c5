"""`tito init` makes a workspace, once, and says what to type next."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from support import Learner, install, project


@pytest.fixture
def newcomer(learner: Learner, tmp_path: Path) -> Learner:
    """Someone who has two tiers installed, and no workspace yet."""
    install(project("more-tier", tmp_path / "more"), learner.site)
    root = tmp_path / "new"
    root.mkdir()
    return replace(learner, root=root)


def tiers(root: Path) -> object:
    return tomllib.loads((root / "tito.toml").read_text())["tiers"]


def test_without_a_folder_the_current_one_becomes_a_workspace(newcomer: Learner) -> None:
    done = newcomer.tito("init")
    assert done.out == (
        f"{newcomer.root} is a workspace now: base, more with 3 modules to build.\n"
        "Next: tito module start counter\n"
    )
    assert newcomer.tito("status").code == 0


@pytest.mark.parametrize("folder", ["my course", "deep/er/course"])
def test_a_folder_is_made_and_the_next_command_goes_there(newcomer: Learner, folder: str) -> None:
    done = newcomer.tito("init", folder)
    shown = f"'{folder}'" if " " in folder else folder
    assert done.out.endswith(f"Next: cd {shown} && tito module start counter\n")
    assert tiers(newcomer.root / folder) == ["base", "more"]


@pytest.mark.parametrize(
    ("named", "ids", "first"),
    [
        ("base", ["base"], "counter"),
        ("more", ["more"], "tally"),
        ("more,base", ["base", "more"], "counter"),
        (" base , more ", ["base", "more"], "counter"),
        ("abacus-more", ["more"], "tally"),
        ("m", ["more"], "tally"),
    ],
)
def test_the_named_tiers_are_the_ones_to_build(
    newcomer: Learner, named: str, ids: list[str], first: str
) -> None:
    done = newcomer.tito("init", "--tiers", named)
    assert done.out.endswith(f"Next: tito module start {first}\n")
    assert tiers(newcomer.root) == ids


def test_what_the_named_tiers_need_is_provided(newcomer: Learner) -> None:
    newcomer.tito("init", "--tiers", "more")
    assert "Base: provided" in newcomer.tito("status").out


def test_a_workspace_is_never_made_anew(newcomer: Learner) -> None:
    newcomer.tito("init", "--tiers", "base")
    before = (newcomer.root / "tito.toml").read_bytes()
    again = newcomer.tito("init", "--tiers", "more")
    assert (again.code, again.out) == (1, "")
    assert "error: this is a workspace already" in again.err
    assert (newcomer.root / "tito.toml").read_bytes() == before


def test_an_unknown_tier_makes_nothing(newcomer: Learner) -> None:
    done = newcomer.tito("init", "sub", "--tiers", "base,moer")
    assert done.code == 2
    assert "there is no tier 'moer'; did you mean 'more'?" in done.err
    assert list(newcomer.root.iterdir()) == []


def test_a_file_in_the_place_of_the_folder_is_told(newcomer: Learner) -> None:
    (newcomer.root / "sub").write_text("mine")
    done = newcomer.tito("init", "sub")
    assert (done.code, done.out) == (1, "")
    assert "could not be written" in done.err
    assert (newcomer.root / "sub").read_text() == "mine"


def test_without_any_tier_the_way_to_one_is_told(newcomer: Learner) -> None:
    done = newcomer.tito("init", TITO_DISABLE_PLUGINS="all")
    assert (done.code, done.out) == (2, "")
    assert "no tier is installed" in done.err
    assert "pip install tinytorch-core" in done.err


def test_a_deleted_current_directory_is_told(newcomer: Learner) -> None:
    code = (
        "import os, sys; os.rmdir(os.getcwd())\nfrom tito.cli import run; sys.exit(run(['init']))"
    )
    done = newcomer.python(code)
    assert done.code == 2
    assert "the current folder is gone" in done.err
