"""Commands of plugins stand beside the engine's own, and never in their place."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from support import Learner, install, project
from tito.cli.lazy import Group

RIVAL = """
import click

def tito_commands():
    return [click.Command(name, callback=lambda: click.echo("rival"), help="A rival.")
            for name in ("module", "dev", "toy", "apart")]
"""


@pytest.fixture
def with_toy(learner: Learner, tmp_path: Path) -> Learner:
    """The learner's machine with the toy tier, whose plugin brings the command `toy`."""
    install(project("toy-tier", tmp_path / "third"), learner.site)
    return learner


def plug(someone: Learner, name: str) -> None:
    """Install a plugin of this name with commands that are named like others."""
    (someone.site / f"{name}_plugin.py").write_text(RIVAL)
    info = someone.site / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[tito]\n{name} = {name}_plugin\n")


def test_a_plugins_command_joins_the_others(with_toy: Learner) -> None:
    assert with_toy.tito("toy").out == "the toy tier is here\n"
    assert "toy        Say that the toy tier is here." in with_toy.tito("--help").out
    assert "did you mean 'toy'" in with_toy.tito("toyy").err


@pytest.mark.parametrize("name", ["aaa", "zzz"])
def test_an_engines_command_is_never_replaced(learner: Learner, name: str) -> None:
    plug(learner, name)
    assert learner.tito("apart").out == "rival\n"
    assert json.loads(learner.tito("module", "list", "--json").out)
    words = [line.split()[0] for line in learner.tito("--help").out.splitlines() if line.strip()]
    assert (words.count("module"), words.count("dev")) == (1, 1)
    assert "for authors" in learner.tito("dev", "--help").out.lower()


def test_of_two_plugins_commands_with_one_name_one_stands(with_toy: Learner) -> None:
    plug(with_toy, "zzz")
    assert with_toy.tito("toy").out == "the toy tier is here\n"


def test_a_plugin_that_fails_takes_no_command_away(with_toy: Learner) -> None:
    (with_toy.site / "toy_tier" / "plugin.py").write_text("raise SystemExit(3)")
    assert with_toy.tito("module", "list").code == 0
    gone = with_toy.tito("toy")
    assert (gone.code, "there is no command 'toy'" in gone.err) == (2, True)


def test_commands_are_listed_as_they_were_written_down() -> None:
    group = Group(commands=[click.Command("start"), click.Command("complete")])
    assert group.list_commands(click.Context(group)) == ["start", "complete"]
