"""Law 7: every command, configuration key, variable and hook is documented in docs/reference.md."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields

import pytest

from support import ROOT, leaves
from tito.authoring.mutation import Equivalent
from tito.cli import tito
from tito.curriculum.config import MilestoneConfig, ModuleConfig, TierConfig
from tito.grading.course import Config as CourseConfig
from tito.plugins import hookspecs
from tito.workspace.find import KEYS

REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
CODE = "\n".join(p.read_text(encoding="utf-8") for p in ROOT.glob("engine/src/tito/**/*.py"))


def section(title: str) -> str:
    """The text under a heading, to the next one."""
    return REFERENCE.split(f"## {title}\n")[1].split("\n## ")[0]


def first_column(title: str) -> set[str]:
    """The code names in the first column of the section's table."""
    rows = [line.split(" | ")[0] for line in section(title).splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def test_every_command_is_documented_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TITO_DISABLE_PLUGINS", raising=False)
    assert first_column("Commands") == {f"tito {words}" for words, _ in leaves(tito)}


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("`tier.yaml`", TierConfig),
        ("`module.yaml`", ModuleConfig),
        ("`mutants.yaml`", Equivalent),
        ("`milestone.yaml`", MilestoneConfig),
        ("`course.toml`", CourseConfig),
    ],
)
def test_every_key_of_a_configuration_file_is_documented(title: str, kind: type) -> None:
    assert first_column(title) == {field.name for field in fields(kind)}


def test_every_key_of_a_workspace_is_documented() -> None:
    assert first_column("`tito.toml`") == KEYS


def test_every_environment_variable_is_documented() -> None:
    assert first_column("Environment variables") == set(re.findall(r"\bTITO_[A-Z_]+", CODE))


def test_every_hook_is_documented_with_its_parameters() -> None:
    functions = inspect.getmembers(hookspecs, inspect.isfunction)
    hooks = {
        f"{name}({', '.join(inspect.signature(function).parameters)})"
        for name, function in functions
        if name.startswith("tito_")
    }
    assert first_column("Hooks") == hooks
