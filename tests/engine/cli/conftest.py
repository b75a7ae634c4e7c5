"""Here a learner's commands run in this process, except where a process of their own matters."""

from __future__ import annotations

import pytest

from support import Learner, Typist


@pytest.fixture
def learner(learner: Learner) -> Typist:
    return Typist(learner.root, learner.site)
