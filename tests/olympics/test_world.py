"""What is hidden from a model: every package but a few, wherever they lie; never Python itself."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

import pytest
from tinytorch_profiling.olympics import world

from tito.curriculum.installed import installed
from tito.grading.outlook import import_paths


def test_python_and_what_is_needed_stays() -> None:
    hidden = world.hidden(installed().tiers)
    needed = [Path(os.path.realpath(os.__file__)), Path(sys.executable).resolve()]
    for name in ("numpy", "packaging", "tito", "tinytorch_profiling"):
        needed.append(Path(str(import_module(name).__file__)).resolve())
    for path in needed:
        assert not [each for each in hidden if path.is_relative_to(each.resolve())], path


def test_other_packages_and_the_digits_do_not() -> None:
    hidden = world.hidden(installed().tiers)
    for name in ("pytest", "click", "tinytorch_core.digits"):
        file = Path(str(import_module(name).__file__))
        data = file.parent / "data" if "digits" in name else file
        assert [each for each in hidden if data.resolve().is_relative_to(each.resolve())], name


@pytest.mark.parametrize("kept", [True, False])
def test_packages_of_another_python_are_hidden_unless_they_are_this_ones(
    kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = tmp_path / "lib" / "python3.99" / "site-packages"
    (packages / "sklearn").mkdir(parents=True)
    (packages / "numpy").mkdir()
    monkeypatch.setattr(world, "ELSEWHERE", (f"{tmp_path}/lib/python3*/*-packages",))
    paths = [*import_paths(), str(packages)] if kept else import_paths()
    monkeypatch.setattr(world, "import_paths", lambda: paths)
    hidden = world.hidden(installed().tiers)
    assert (packages in hidden) is not kept
    assert (packages / "sklearn" in hidden) is kept
    assert packages / "numpy" not in hidden
