"""What a learner reads when a name cannot be had: who builds it, who brings it, what to type next."""

from __future__ import annotations

import shutil
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from support import Learner, edit, finish, install


def core() -> ModuleType:
    return import_module("abacus.core")


def told(name: str) -> str:
    """What `from abacus.core import NAME` says; an attribute that is asked for says the same."""
    with pytest.raises(ImportError) as imported:
        exec(f"from abacus.core import {name}", {})
    with pytest.raises(AttributeError) as asked:
        getattr(core(), name)
    assert str(imported.value) == str(asked.value)
    assert hasattr(core(), name) is False
    return str(imported.value)


def test_a_locked_name_tells_its_module_its_distribution_and_the_command(here: Learner) -> None:
    text = told("total")
    for part in ("abacus.core.total", "module 02 Total", "abacus-base", "tito module start total"):
        assert part in text


def test_the_command_is_the_next_step_of_this_learner(here: Learner) -> None:
    assert told("Counter").endswith("Next: tito module start counter")
    here.tito("module", "start", "counter")
    assert told("Counter").endswith("Next: tito module complete counter")


@pytest.mark.parametrize(
    "statement",
    [
        "import abacus.core.total",
        "import abacus.core.total as t",
        "from abacus.core.total import total",
        "from abacus.core.more import mean",
        "from abacus.core import Counter, total",
    ],
)
def test_every_kind_of_import_of_a_locked_name_guides(here: Learner, statement: str) -> None:
    finish(here, "counter")
    with pytest.raises(ImportError, match="tito module start total"):
        exec(statement, {})


def test_a_name_that_is_locked_deep_inside_is_the_one_that_is_told(here: Learner) -> None:
    finish(here, "total")  # which imports Counter, and that was never completed
    with pytest.raises(ImportError, match=r"abacus\.core\.Counter .* tito module start counter"):
        exec("from abacus.core import total", {})


@pytest.mark.parametrize("name", ["abacist", "Tally", "tally"])
def test_a_name_of_no_installed_tier_tells_how_the_course_continues(
    here: Learner, name: str
) -> None:
    assert "pip install abacus-more" in told(name), "even if it looks like `total`"


def test_the_last_tier_of_a_course_tells_what_there_is(both: Learner) -> None:
    (both.root / "tito.toml").write_text('format = 1\ntiers = ["base", "more"]\n')
    assert "pip install" not in told("abacist")
    assert "tito namespace" in told("abacist")


@pytest.mark.parametrize(("typed", "meant"), [("Countr", "Counter"), ("totl", "total")])
def test_a_misspelt_name_is_recognised(here: Learner, typed: str, meant: str) -> None:
    assert f"abacus.core has no {typed!r}; did you mean {meant!r}?" in told(typed)


def test_a_name_of_a_tier_that_the_workspace_leaves_out_tells_the_tier(both: Learner) -> None:
    text = told("tally")
    assert "tier More" in text
    assert "Next: tito tier add more" in text


@pytest.mark.parametrize("name", ["abacus.more.tally", "abacus.more.Tally"])
def test_a_module_of_a_tier_that_the_workspace_leaves_out_is_not_the_reference(
    both: Learner, name: str
) -> None:
    finish(both, "counter")
    with pytest.raises(ImportError, match="tito tier add more"):
        import_module(name)


def test_a_module_under_test_tells_to_use_the_notebooks_own_name(
    here: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TITO_UNDER_TEST", "counter")
    assert "under test" in told("Counter")


def test_an_export_that_lost_a_name_is_told_with_its_file(here: Learner) -> None:
    finish(here, "counter")
    own = here.root / "abacus" / "core" / "counter.py"
    edit(own, "class Counter:", "class Abacus:")
    text = told("Counter")
    assert str(own) in text
    assert "tito module reset counter --tests" in text
    assert callable(core().counter), "the names that are there can be had"


def test_a_reference_that_lacks_a_name_is_to_be_installed_again(
    here: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TITO_WORKSPACE", "")
    edit(here.site / "abacus" / "core" / "counter.py", "class Counter:", "class Abacus:")
    assert "pip install --force-reinstall abacus-base" in told("Counter")


@pytest.mark.parametrize("name", ["_private", "__wrapped__", "_repr_html_"])
def test_private_names_are_looked_up_as_in_any_module(here: Learner, name: str) -> None:
    with pytest.raises(AttributeError, match=f"module 'abacus.core' has no attribute '{name}'"):
        getattr(core(), name)


def test_an_unusable_workspace_is_told_with_its_fix(here: Learner) -> None:
    (here.root / "tito.toml").write_text('format = 99\ntiers = ["base"]\n')
    with pytest.raises(ImportError, match="pip install --upgrade tinytorch-engine") as error:
        core()
    assert str(here.root / "tito.toml") in str(error.value)


def test_a_tier_that_cannot_be_used_is_why_its_names_are_missing(both: Learner) -> None:
    (both.site / "abacus_more" / "_compiled" / "manifest.json").write_text("{")
    text = told("tally")
    assert str(both.site / "abacus_more") in text
    assert "not JSON" in text


def test_a_package_whose_own_tier_cannot_be_used_says_why(
    here: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TITO_WORKSPACE", "")
    (here.site / "abacus_base" / "_compiled" / "manifest.json").write_text("{")
    with pytest.raises(ImportError, match=r"abacus\.core cannot be composed(.|\n)*not JSON"):
        core()


def test_without_its_distribution_a_name_tells_which_one_brings_it(
    here: Learner, second: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other-site"
    other.mkdir()
    install(second, other)
    monkeypatch.setenv("TITO_WORKSPACE", "")
    monkeypatch.syspath_prepend(other)
    assert here.python("import abacus.core; abacus.core.tally", PYTHONPATH=f"{here.site}").code
    shutil.rmtree(other)
    assert "pip install abacus-more" in told("tally")
    assert core().Counter().count() == 1


@pytest.mark.parametrize("what", ["abacus_more", "abacus_more-0.1.0.dist-info"])
def test_half_a_distribution_leaves_the_others_working(both: Learner, what: str) -> None:
    shutil.rmtree(both.site / what)
    assert told("tally")
    finish(both, "counter")
    assert core().Counter().count() == 1
