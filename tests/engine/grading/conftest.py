"""A course of the base tier: its counter and total are handed out."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import OUR_TIERS, ROOT, install, project
from tito.curriculum import files
from tito.curriculum.compile import read_draft
from tito.curriculum.views import LEARNER, view
from tito.grading.course import MARKER, CourseFolder, read_course, render


@pytest.fixture(scope="session")
def abacus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the base tier is installed as from a wheel."""
    root = tmp_path_factory.mktemp("abacus")
    (root / "site").mkdir()
    install(project("base-tier", root), root / "site")
    return root / "site"


@pytest.fixture
def course(
    abacus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[CourseFolder]:
    """The current directory is in it, and workers find its tier."""
    for name in [name for name in os.environ if name.startswith("TITO_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TITO_DISABLE_PLUGINS", OUR_TIERS)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(abacus), str(ROOT / "tests"))))
    monkeypatch.syspath_prepend(abacus)
    yield a_course(tmp_path / "class", abacus)
    for name in [name for name in sys.modules if name.startswith("abacus")]:
        del sys.modules[name]


def a_course(root: Path, site: Path) -> CourseFolder:
    root.mkdir()
    (root / MARKER).write_text(render("counting", ("base",)))
    made = read_course(root)
    for folder in sorted((site / "abacus_base" / "modules").iterdir()):
        lesson = read_draft(folder).lesson
        for path, cells in (
            (made.source(folder.name), lesson.cells),
            (made.release(folder.name), view(lesson, LEARNER)),
        ):
            path.parent.mkdir(parents=True)
            path.write_text(files.notebook(cells), encoding="utf-8")
    return made


@pytest.fixture
def counter(abacus: Path) -> Path:
    """The folder of the counter's source."""
    return abacus / "abacus_base" / "modules" / "01_counter"
