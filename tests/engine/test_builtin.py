"""What the engine adds to itself comes through its hooks, and importing it costs nothing."""

from __future__ import annotations

import sys
from inspect import getmembers, isfunction, signature

import pytest

from support import Learner, Typist, a_module, a_tier, edit, finish, run
from tito import builtin
from tito.model import Course
from tito.plugins import hookspecs


@pytest.fixture
def typist(learner: Learner) -> Typist:
    return Typist(learner.root, learner.site)


def hooks() -> list[str]:
    return [name for name, _ in getmembers(builtin, isfunction)]


@pytest.mark.parametrize("name", hooks())
def test_each_function_implements_a_hook_with_parameters_that_it_has(name: str) -> None:
    specified = signature(getattr(hookspecs, name)).parameters
    assert set(signature(getattr(builtin, name)).parameters) <= set(specified)


def test_every_hook_but_the_tiers_is_used_by_the_engine_itself() -> None:
    specified = {name for name in vars(hookspecs) if name.startswith("tito_")}
    assert specified - set(hooks()) == {"tito_tiers"}


def test_loading_it_imports_no_command_and_nothing_heavy(typist: Typist) -> None:
    code = "import sys, tito.builtin; print(*sys.modules)"
    done = run(sys.executable, "-c", code, cwd=typist.root)
    loaded = set(done.out.split())
    assert (
        loaded & {"click", "yaml", "jupytext", "tito.cli", "tito.learner", "tito.authoring"}
        == set()
    )


def test_it_brings_the_authors_commands(typist: Typist) -> None:
    assert "For authors" in typist.tito("--help").out
    without = typist.tito("dev", TITO_DISABLE_PLUGINS="foundation,engine")
    assert (without.code, "no command 'dev'" in without.err) == (2, True)


def test_it_checks_the_workspace_for_the_doctor(typist: Typist) -> None:
    assert list(builtin.tito_environment_checks(None)) == []
    finish(typist, "counter")
    edit(typist.root / "abacus/core/counter.py", "# Made by tito", "# Made by me")
    assert "was not made by tito" in typist.tito("doctor").err
    assert typist.tito("doctor", TITO_DISABLE_PLUGINS="foundation,engine").err == ""


def test_it_checks_what_a_module_imports() -> None:
    first = a_module("first", 1)
    alone = a_module("second", 2, imports=("lib.core.first.x",))
    (finding,) = builtin.tito_module_checks(
        alone, Course((a_tier("t", first, alone, facades=("lib.core",)),))
    )
    assert "which first builds and second does not require" in finding.message
    needs = a_module("second", 2, ("first",), imports=("lib.core.first.x",))
    assert (
        list(
            builtin.tito_module_checks(
                needs, Course((a_tier("t", first, needs, facades=("lib.core",)),))
            )
        )
        == []
    )


def test_it_tells_what_a_completed_module_unlocks(typist: Typist) -> None:
    typist.solve("counter")
    assert "Unlocked: module 02 Total" in typist.tito("module", "complete", "counter").out
    typist.solve("total")
    silent = typist.tito("module", "complete", "total", TITO_DISABLE_PLUGINS="foundation,engine")
    assert (silent.code, "Unlocked" in silent.out) == (0, False)
