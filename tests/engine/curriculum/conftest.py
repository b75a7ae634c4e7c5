"""What the tests of the compiler share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support import edit
from tito.build import curriculum_folder
from tito.curriculum.compile import compile_tier
from tito.errors import SourceError
from tito.model import Finding

Broken = Callable[..., list[Finding]]


@pytest.fixture
def package(base: Path) -> Path:
    """The curriculum folder of the base course."""
    return curriculum_folder(base)


@pytest.fixture
def broken(package: Path) -> Broken:
    """What is found once one place of a file is edited: `broken("tier.yaml", old, new)`."""

    def findings(file: str, old: str, new: str) -> list[Finding]:
        edit(package / file, old, new)
        with pytest.raises(SourceError) as caught:
            compile_tier(package, "abacus-base", "0.1.0")
        return list(caught.value.findings)

    return findings
