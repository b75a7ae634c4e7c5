"""Fixtures for what a learner does, called in this process instead of through the command."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

from support import Learner
from tito.learner.desk import Desk, open_desk


@pytest.fixture
def at_work(learner: Learner, monkeypatch: pytest.MonkeyPatch) -> Iterator[Learner]:
    """The learner, in whose workspace this process is; it forgets afterwards what it imported."""
    for name in [name for name in os.environ if name.startswith("TITO_")]:
        monkeypatch.delenv(name)
    for name, value in learner.variables().items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(learner.site)
    monkeypatch.chdir(learner.root)
    yield learner
    for name in [name for name in sys.modules if name.partition("_")[0].startswith("abacus")]:
        del sys.modules[name]


@pytest.fixture
def desk(at_work: Learner) -> Desk:
    return open_desk()
