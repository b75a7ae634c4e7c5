"""Where the wheels of this checkout are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def wheelhouse() -> Path:
    """A folder with the wheels of this checkout and of all that they need; nox makes it."""
    return Path(os.environ["TITO_TEST_WHEELHOUSE"])
