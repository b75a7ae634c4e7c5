"""Which file provides a module: own, provided or locked, and never the reference by accident."""

from __future__ import annotations

import inspect
import sys
from importlib import import_module
from pathlib import Path

import pytest

from support import Learner, finish, run
from tito.composition.gate import Gate, gate
from tito.curriculum.installed import installed
from tito.errors import UsageError
from tito.workspace.find import find_workspace


def gate_now() -> Gate:
    return gate(installed(), find_workspace())


def statuses() -> dict[str, str]:
    now = gate_now()
    return {module.id: now.status(module) for module in now.course.modules}


def choose(learner: Learner, *lines: str) -> None:
    """Write the workspace's tito.toml anew."""
    (learner.root / "tito.toml").write_text("\n".join(("format = 1", *lines)), encoding="utf-8")


def source_of(name: str) -> str | None:
    package, _, last = name.rpartition(".")
    return inspect.getsourcefile(getattr(import_module(package), last))


def test_without_a_workspace_the_reference_is_provided(
    here: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TITO_WORKSPACE", "")
    assert statuses() == {"counter": "provided", "total": "provided"}
    assert source_of("abacus.core.total") == str(here.site / "abacus" / "core" / "total.py")


def test_in_a_workspace_everything_is_locked_until_it_is_complete(here: Learner) -> None:
    assert statuses() == {"counter": "locked", "total": "locked"}
    finish(here, "counter")
    assert statuses() == {"counter": "own", "total": "locked"}
    assert source_of("abacus.core.Counter") == str(here.root / "abacus" / "core" / "counter.py")
    with pytest.raises(ImportError, match="total"):
        import_module("abacus.core.total")


def test_completing_for_real_unlocks(here: Learner) -> None:
    here.complete("counter")
    assert statuses()["counter"] == "own"
    assert source_of("abacus.core.Counter") == str(here.root / "abacus" / "core" / "counter.py")


def another_modules(own: Path) -> None:
    own.write_text(own.read_text().replace("[counter ", "[total ", 1))


def without_stamp(own: Path) -> None:
    own.write_text(own.read_text().partition("\n")[2])


def stamp_on_line_two(own: Path) -> None:
    own.write_text("\n" + own.read_text())


def folder_instead(own: Path) -> None:
    own.unlink()
    own.mkdir()
    (own.parent / "counter").mkdir()
    (own.parent / "counter" / "__init__.py").write_text("class Counter: ...\n")


SPOIL = {
    "deleted": Path.unlink,
    "emptied": lambda own: own.write_text(""),
    "hand-written": lambda own: own.write_text("class Counter:\n    def count(self): ...\n"),
    "without its stamp": without_stamp,
    "stamped for another module": another_modules,
    "stamped on line two": stamp_on_line_two,
    "not text": lambda own: own.write_bytes(b"\xff\xfe\x00"),
    "a folder": folder_instead,
}


@pytest.mark.parametrize("how", SPOIL)
def test_a_spoilt_export_is_locked_again_and_nothing_stands_in(here: Learner, how: str) -> None:
    finish(here, "counter")
    SPOIL[how](here.root / "abacus" / "core" / "counter.py")
    assert statuses()["counter"] == "locked"
    for name in ("abacus.core.counter", "abacus.core.Counter"):
        with pytest.raises(ImportError, match="tito module start counter"):
            import_module(name)


def test_what_the_chosen_tiers_need_is_provided(both: Learner) -> None:
    choose(both, 'tiers = ["more"]')
    assert statuses() == {"counter": "provided", "total": "provided", "tally": "locked"}
    assert source_of("abacus.core.Counter") == str(both.site / "abacus" / "core" / "counter.py")


@pytest.mark.parametrize("name", ["abacus-base", "bas", "Base", "nothing"])
def test_what_is_not_a_tiers_id_is_an_error_and_provides_nothing(both: Learner, name: str) -> None:
    choose(both, f'tiers = ["{name}"]')
    with pytest.raises(ImportError, match=name) as error:
        import_module("abacus.core")
    assert str(both.root / "tito.toml") in str(error.value)


def test_a_tier_that_was_uninstalled_takes_no_other_down(here: Learner) -> None:
    finish(here, "counter")
    choose(here, 'tiers = ["base", "extra"]', 'provided = ["something_of_it"]')
    assert statuses() == {"counter": "own", "total": "locked"}
    (finding,) = gate_now().installed.findings
    assert finding.message == "this workspace builds the tier 'extra', which is not installed"
    assert finding.where == str(here.root / "tito.toml")
    assert finding.fix.startswith("pip install abacus-more")
    with pytest.raises(ImportError, match=r"has no 'Extra'(.|\n)*pip install abacus-more"):
        import_module("abacus.core.Extra")


def test_without_any_of_its_tiers_a_workspace_says_what_to_install(here: Learner) -> None:
    choose(here, 'tiers = ["extra"]')
    with pytest.raises(UsageError, match="'extra', which is not installed") as caught:
        gate_now()
    assert caught.value.findings[0].level == "error"
    assert caught.value.findings[0].fix.startswith("pip install abacus-more")


@pytest.mark.parametrize("name", ["bsae", "abacus_base"])
def test_a_slip_in_one_of_several_names_provides_nothing(both: Learner, name: str) -> None:
    choose(both, f'tiers = ["{name}", "more"]')
    with pytest.raises(UsageError, match=f"there is no tier '{name}'; did you mean"):
        gate_now()


def test_what_is_provided_must_be_a_module(here: Learner) -> None:
    choose(here, 'tiers = ["base"]', 'provided = ["countre", "total"]')
    with pytest.raises(UsageError) as caught:
        gate_now()
    (finding,) = caught.value.findings
    assert finding.message == "there is no module 'countre'; did you mean 'counter'?"
    assert finding.where == str(here.root / "tito.toml")
    assert finding.fix == "correct 'provided'; the modules are: counter, total"
    with pytest.raises(ImportError, match="did you mean 'counter'"):
        import_module("abacus.core")


def test_modules_can_be_provided_one_by_one(here: Learner) -> None:
    choose(here, 'tiers = ["base"]', 'provided = ["counter"]')
    assert statuses() == {"counter": "provided", "total": "locked"}


def test_a_provided_tier_ignores_exports_of_another_time(both: Learner) -> None:
    finish(both, "counter")
    choose(both, 'tiers = ["more"]')
    assert source_of("abacus.core.Counter") == str(both.site / "abacus" / "core" / "counter.py")


def test_a_module_under_test_is_locked_although_it_is_complete(
    here: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(here, "counter", "total")
    monkeypatch.setenv("TITO_UNDER_TEST", "total")
    assert statuses() == {"counter": "own", "total": "locked"}
    with pytest.raises(ImportError, match="under test"):
        import_module("abacus.core.total")
    assert source_of("abacus.core.Counter") == str(here.root / "abacus" / "core" / "counter.py")


def test_a_notebook_that_imports_its_own_earlier_export_does_not_pass(learner: Learner) -> None:
    learner.complete("counter")
    text = learner.file("counter").read_text()
    cheat = "from abacus.core.counter import Counter"
    learner.file("counter").write_text(text.replace("class Counter:", f"{cheat}\\nclass Mine:"))
    tested = learner.tito("module", "test", "counter")
    assert tested.code == 1
    assert "under test" in tested.out
    assert "0 of 100 points" in tested.out


SOURCE_FILE = "import inspect, abacus.core as a; print(inspect.getsourcefile(a.Counter))"


@pytest.mark.parametrize("options", [[], ["-P"], ["-I"]])
@pytest.mark.parametrize("folder", [".", "modules/deep/deeper"])
def test_the_workspace_is_found_upwards_from_the_current_directory(
    learner: Learner, options: list[str], folder: str
) -> None:
    finish(learner, "counter")
    below = learner.root / folder
    below.mkdir(parents=True, exist_ok=True)
    # -I takes PYTHONPATH away; what is installed is installed all the same.
    code = f"import sys; sys.path.insert(0, {str(learner.site)!r}); {SOURCE_FILE}"
    shown = run(sys.executable, *options, "-c", code, cwd=below, **learner.variables())
    assert shown.out.strip() == str(learner.root / "abacus" / "core" / "counter.py"), shown.err


@pytest.mark.parametrize(
    ("variable", "expected"), [("{root}", "{root}"), ("course", "{root}"), ("", "{site}")]
)
def test_the_variable_names_the_workspace_and_empty_means_none(
    learner: Learner, variable: str, expected: str
) -> None:
    finish(learner, "counter")
    named = variable.format(root=learner.root)
    elsewhere = learner.root.parent  # holds the workspace `course`, and is in none itself
    variables = learner.variables(TITO_WORKSPACE=named)
    shown = run(sys.executable, "-P", "-c", SOURCE_FILE, cwd=elsewhere, **variables)
    provider = Path(expected.format(root=learner.root, site=learner.site))
    assert shown.out.strip() == str(provider / "abacus" / "core" / "counter.py"), shown.err


def test_another_workspace_is_another_composition_in_the_same_process(
    here: Learner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    finish(here, "counter")
    assert hasattr(import_module("abacus.core"), "total") is False
    monkeypatch.setenv("TITO_WORKSPACE", "")
    assert source_of("abacus.core.total") == str(here.site / "abacus" / "core" / "total.py")
