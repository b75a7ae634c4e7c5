"""A course of the base tier: its counter and total are handed out."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from grading.databases import own_gradebook
from grading.synthetic import class_of
from judging import LIMITS
from support import OUR_TIERS, ROOT, forget, install, project
from tito.curriculum.installed import installed
from tito.grading.course import CourseFolder
from tito.grading.generate import generate
from tito.grading.gradebook import record
from tito.grading.judge import Judge
from tito.grading.new import new_course
from tito.grading.regrade import regrade
from tito.grading.settings import Settings
from tito.grading.syllabus import syllabus


@pytest.fixture(scope="session")
def abacus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the base tier is installed as from a wheel."""
    root = tmp_path_factory.mktemp("abacus")
    (root / "site").mkdir()
    install(project("base-tier", root), root / "site")
    return root / "site"


def without_tito(**variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TITO_")}
    return {**kept, **variables}


@pytest.fixture(scope="session")
def at_home(abacus: Path) -> dict[str, str]:
    """The environment in which the base tier is all there is, for workers, too."""
    path = os.pathsep.join((str(abacus), str(ROOT / "tests")))
    return without_tito(PYTHONPATH=path, TITO_DISABLE_PLUGINS=OUR_TIERS)


@pytest.fixture(scope="session")
def generated(
    abacus: Path, at_home: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A course with its assignments: to copy, not to change."""
    root = tmp_path_factory.mktemp("generated") / "class"
    with (
        mock.patch.dict(os.environ, at_home, clear=True),
        mock.patch.object(sys, "path", [str(abacus), *sys.path]),
    ):
        new_course(root, "counting", ("base",))
        taught = syllabus(own_gradebook(root))
        for module in taught.modules:
            generate(taught, module)
    return root


@pytest.fixture
def course(
    generated: Path, abacus: Path, at_home: dict[str, str], tmp_path: Path
) -> Iterator[CourseFolder]:
    shutil.copytree(generated, tmp_path / "class")
    with (
        mock.patch.dict(os.environ, at_home, clear=True),
        mock.patch.object(sys, "path", [str(abacus), *sys.path]),
    ):
        yield own_gradebook(tmp_path / "class", like=generated)
    for name in [name for name in sys.modules if name.startswith("abacus")]:
        del sys.modules[name]


@pytest.fixture
def counter(abacus: Path) -> Path:
    """The folder of the counter's source."""
    return abacus / "abacus_base" / "modules" / "01_counter"


@pytest.fixture(scope="session")
def graded(
    generated: Path,
    abacus: Path,
    at_home: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A course in which a class of ten handed in 01_counter and is graded: to copy, not to change."""
    root = tmp_path_factory.mktemp("graded") / "class"
    shutil.copytree(generated, root)
    with (
        mock.patch.dict(os.environ, at_home, clear=True),
        mock.patch.object(sys, "path", [str(abacus), *sys.path]),
    ):
        course = own_gradebook(root, like=generated)
        for handed in class_of(course, abacus / "abacus_base" / "modules" / "01_counter", 10):
            handed.put(root / "submitted", "01_counter")
        regrade(course, "01_counter", [], Settings())
        record(course, "01_counter")
    return root


@pytest.fixture
def a_class(course: CourseFolder, graded: Path) -> CourseFolder:
    """A copy of that, with the environment of `course`."""
    shutil.rmtree(course.root)
    shutil.copytree(graded, course.root)
    return own_gradebook(course.root, like=graded)


@pytest.fixture(scope="module")
def abacus_alone(abacus: Path) -> Iterator[Path]:
    """The same folder, while its tier is the only one there is."""
    forget("abacus")  # another test's
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(abacus)
        patch.setenv("TITO_DISABLE_PLUGINS", OUR_TIERS)
        patch.delenv("TITO_WORKSPACE", raising=False)
        yield abacus
    forget("abacus")


@pytest.fixture(scope="module")
def judge(abacus_alone: Path) -> Iterator[Judge]:
    """Of the base course's second module, whose first is provided."""
    with Judge(["counter"], "total", Settings(limits=LIMITS), tiers=installed()) as made:
        yield made
