"""Whether what needs some modules can run: on own and provided ones, never on locked ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import Learner, edit, finish, hand_in
from tito.composition.gate import gate
from tito.composition.needs import unmet
from tito.curriculum.installed import installed
from tito.model import Finding
from tito.workspace.find import find_workspace


def why(*ids: str) -> Finding | None:
    return unmet(gate(installed(), find_workspace()), ids, "test_it.py")


def test_without_a_workspace_everything_is_there(
    here: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TITO_WORKSPACE", "")
    assert why("counter", "total") is None


def test_locked_modules_are_named_with_all_that_they_require(here: Learner) -> None:
    found = why("total")
    assert found == Finding(
        "it needs counter, total, which are not complete",
        "test_it.py",
        "tito module start counter",
        level="warning",
    )
    hand_in(here, "counter")
    found = why("total")
    assert found
    assert found.fix == "tito module complete counter"
    finish(here, "counter")
    found = why("counter", "total")
    assert found
    assert found.message == "it needs total, which is not complete"
    finish(here, "total")
    assert why("counter", "total") is None


def test_a_provided_module_is_there(here: Learner) -> None:
    path = here.root / "tito.toml"
    path.write_text(path.read_text() + 'provided = ["counter"]\n')
    assert why("counter") is None
    found = why("total")
    assert found
    assert found.message == "it needs total, which is not complete"


def test_a_module_under_test_is_not(here: Learner, monkeypatch: pytest.MonkeyPatch) -> None:
    finish(here, "counter", "total")
    monkeypatch.setenv("TITO_UNDER_TEST", "counter")
    assert why("total") is not None


def test_a_module_that_no_tier_has(here: Learner) -> None:
    found = why("counter", "abakus")
    assert found
    assert found.message == "it needs 'abakus', a module that no installed tier has"
    assert "tito namespace" in found.fix


def test_a_module_of_a_tier_that_the_workspace_leaves_out(both: Learner) -> None:
    found = why("tally")
    assert found
    assert "it needs 'tally', which is not part of this workspace" in found.message
    assert "the installed tier More builds it in module tally" in found.message
    assert found.fix == "tito tier add more"
    edit(Path(both.root / "tito.toml"), '["base"]', '["base", "more"]')
    found = why("tally")
    assert found
    assert found.message.endswith("are not complete")
