"""What is shown, and around what is hidden."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support import install
from tito.curriculum.installed import read_tier
from tito.grading.outlook import Outlook, import_paths, outlook, secrets


def test_pieces_are_all_that_is_shown_and_not_hidden(tmp_path: Path) -> None:
    for name in ("a/b/c.py", "a/b/d.py", "a/e/f.py", "g.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    seen = Outlook((tmp_path / "a", tmp_path / "g.py"), (tmp_path / "a/b/c.py",))
    pieces = [str(path.relative_to(tmp_path)) for path in seen.pieces()]
    assert pieces == ["a/b/d.py", "a/e", "g.py"]
    assert Outlook((tmp_path / "a",), (tmp_path,)).pieces() == []


def test_secrets_are_sources_lessons_and_references_not_provided(base: Path, site: Path) -> None:
    tier = read_tier(install(base, site))
    (site / "abacus/core/__pycache__").mkdir()
    (site / "abacus/core/__pycache__/total.cpython-311.pyc").touch()
    found = {str(path.relative_to(site)) for path in secrets(tier, frozenset(["counter"]))}
    assert found == {
        "abacus_base/modules",
        "abacus_base/_compiled/lessons",
        "abacus/core/total.py",
        "abacus/core/__pycache__/total.cpython-311.pyc",
    }


def test_python_is_shown_and_the_current_folder_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert str(tmp_path.resolve()) not in import_paths()
    shown = outlook([], frozenset()).shown
    for needed in (sys.base_prefix, *import_paths()):
        assert any(Path(needed).resolve().is_relative_to(path.resolve()) for path in shown)
    assert not any(Path.home().is_relative_to(path) for path in shown)
