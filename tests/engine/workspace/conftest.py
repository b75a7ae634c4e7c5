"""Fixtures for a workspace's files."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tito.model import Workspace

CAPABILITIES_VERSION_3 = 0x20080522
OVERRIDES_PERMISSIONS = 0b110  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty workspace."""
    return Workspace(tmp_path, ("base",))


@pytest.fixture
def plain_user() -> Iterator[None]:
    """Permissions count, even if root runs the tests: root sets its power over files aside."""
    if os.geteuid():
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    head = (ctypes.c_uint32 * 2)(CAPABILITIES_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice 32 of them
    assert libc.capget(head, data) == 0
    before = data[0]
    data[0] = before & ~OVERRIDES_PERMISSIONS
    assert libc.capset(head, data) == 0
    yield
    data[0] = before
    assert libc.capset(head, data) == 0
