"""A desk at which every installed tier is to be built."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from curriculum_support import tiers
from support import environment
from tito.learner.desk import Desk, desk_of
from tito.workspace.find import MARKER, read_workspace, render


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A workspace in which the learner builds every tier, and has built nothing."""
    for name in set(os.environ) - set(environment()):
        monkeypatch.delenv(name)
    ids = tuple(found.tier.id for found in tiers().tiers)
    (tmp_path / MARKER).write_text(render(ids))
    return desk_of(read_workspace(tmp_path))
