"""The doctor tells each thing that is wrong once, and changes nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support import Learner, edit, finish
from tito.learner.doctor import examine

Harm = Callable[[Learner], object]


def write(name: str, text: str) -> Harm:
    """Write a file, named from the workspace or, with `site/`, from the folder of packages."""

    def harm(someone: Learner) -> None:
        root = someone.site.parent if name.startswith("site/") else someone.root
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    return harm


MANIFEST = "abacus_base/_compiled/manifest.json"
PLUGIN = "site/abacus_base/plugin.py"

HARMS: dict[str, tuple[Harm, str, str]] = {
    "a stray __init__.py": (write("abacus/__init__.py", ""), "hides the course", "rm "),
    "a stray file": (write("abacus.py", ""), "hides the course", "rm "),
    "a stray facade": (write("abacus/core/__init__.py", ""), "hides the course", "rm "),
    "a record that is not JSON": (write(".tito/state.json", "{"), "record of test results", ""),
    "a foreign export": (
        write("abacus/core/counter.py", "x = 1\n"),
        "not made by tito",
        "tito module complete counter",
    ),
    "an export that was changed": (
        lambda someone: (
            finish(someone, "counter"),
            edit(someone.root / "abacus/core/counter.py", "self.value += 1", "self.value += 2"),
        ),
        "counter.py was changed after its export",
        "tito module complete counter",
    ),
    "an unknown provided module": (
        write("tito.toml", 'format = 1\ntiers = ["base"]\nprovided = ["totl"]\n'),
        "no module 'totl'; did you mean 'total'?",
        "correct 'provided'",
    ),
    "a newer workspace": (
        write("tito.toml", 'format = 99\ntiers = ["base"]\n'),
        "format 99",
        "pip install --upgrade tinytorch-engine",
    ),
    "an unknown tier": (
        write("tito.toml", 'format = 1\ntiers = ["bose"]\n'),
        "no tier 'bose'; did you mean 'base'?",
        "tito tier list",
    ),
    "a broken tito.toml": (write("tito.toml", "tiers = "), "tito.toml cannot be read", "mend"),
    "a broken manifest": (write(f"site/{MANIFEST}", "{"), "manifest is not JSON", "install"),
    "a newer manifest": (
        lambda someone: edit(someone.site / MANIFEST, '"format_version": 1', '"format_version": 9'),
        "format_version 9",
        "pip install --upgrade tinytorch-engine",
    ),
    "a plugin that raises": (
        write(PLUGIN, "1 / 0"),
        "ZeroDivisionError",
        "TITO_DISABLE_PLUGINS=abacus",
    ),
    "a plugin that exits": (write(PLUGIN, "exit(3)"), "SystemExit", "TITO_DISABLE_PLUGINS=abacus"),
    "a hook that nobody calls": (
        write(PLUGIN, "def tito_teirs(): ..."),
        "tito_teirs",
        "correct the name",
    ),
    "no tier at all": (
        lambda someone: shutil.rmtree(next(someone.site.glob("*.dist-info"))),
        "the tier 'base', which is not installed",
        "install its distribution",
    ),
}


@pytest.mark.parametrize(("harm", "message", "fix"), HARMS.values(), ids=HARMS)
def test_each_thing_that_is_wrong_is_told_once_with_what_to_do(
    at_work: Learner, harm: Harm, message: str, fix: str
) -> None:
    harm(at_work)
    before = [path.read_bytes() for path in sorted(at_work.root.rglob("*")) if path.is_file()]
    found = [finding for finding in examine() if message in finding.message]
    assert len(found) == 1, examine()
    assert fix in found[0].fix
    assert found[0].where or found[0].fix
    after = [path.read_bytes() for path in sorted(at_work.root.rglob("*")) if path.is_file()]
    assert before == after


def test_several_things_are_told_together(at_work: Learner) -> None:
    for name in ("a stray file", "a record that is not JSON", "a foreign export"):
        HARMS[name][0](at_work)
    assert len(examine()) == 3


@pytest.mark.parametrize("done", [(), ("counter",), ("counter", "total")])
def test_a_sound_workspace_has_no_findings(at_work: Learner, done: tuple[str, ...]) -> None:
    finish(at_work, *done)
    assert examine() == []


def test_outside_of_a_workspace_only_the_installation_is_examined(
    at_work: Learner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert examine() == []
