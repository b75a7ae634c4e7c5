"""Fixtures for what happens when a composed package is imported."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import OUR_TIERS, Learner, install, project
from tito.composition.finder import Finder


@pytest.fixture
def here(learner: Learner, monkeypatch: pytest.MonkeyPatch) -> Iterator[Learner]:
    """The learner, with this process as their interpreter; it forgets afterwards what it imported."""
    monkeypatch.chdir(learner.root)
    monkeypatch.syspath_prepend(learner.site)
    monkeypatch.setenv("TITO_DISABLE_PLUGINS", OUR_TIERS)
    monkeypatch.delenv("TITO_WORKSPACE", raising=False)
    finders = list(sys.meta_path)  # other tests may have imported the real course before
    sys.meta_path[:] = [each for each in finders if not isinstance(each, Finder)]
    yield learner
    sys.meta_path[:] = finders
    for name in [name for name in sys.modules if name.partition("_")[0].startswith("abacus")]:
        del sys.modules[name]


@pytest.fixture
def second(tmp_path: Path) -> Path:
    """The project of a second tier, which requires the base course."""
    return project("more-tier", tmp_path)


@pytest.fixture
def both(here: Learner, second: Path) -> Learner:
    """The learner of `here`, after the second tier was installed too; the workspace has the first."""
    install(second, here.site)
    return here
