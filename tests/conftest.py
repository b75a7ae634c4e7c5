"""Fixtures that the tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import Learner, install, project
from tito.workspace.find import MARKER, render


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """The project of a course of two modules that has nothing to do with TinyTorch."""
    return project("base-tier", tmp_path)


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """The project of a third party's tier that requires Foundation."""
    return project("toy-tier", tmp_path)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """An empty folder for installed packages: give it to commands as PYTHONPATH."""
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


@pytest.fixture
def learner(base: Path, site: Path, tmp_path: Path) -> Learner:
    """A learner in a fresh workspace, with the base course installed as from a wheel."""
    install(base, site)
    someone = Learner(tmp_path / "course", site)
    someone.root.mkdir()
    (someone.root / MARKER).write_text(render(("base",)))  # what `tito init` writes, without 0.1 s
    return someone
