"""No archive leads out of the course, fills it, or costs a classmate what they handed in."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from grading.adversarial.archives import ARCHIVES, lies_about_its_size
from grading.adversarial.hostile_class import hostile_course
from grading.adversarial.suite import HONEST, NAME, NOTEBOOK, answered
from tito.cli.out import say_findings
from tito.grading.collect import collect
from tito.grading.course import CourseFolder

MOST = 1 << 20  # bytes that may be left of all that was handed in


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CourseFolder]:
    with hostile_course(tmp_path_factory.mktemp("archives")) as (course, _):
        yield course


def files(root: Path) -> dict[Path, int]:
    return {path: path.lstat().st_size for path in root.rglob("*") if not path.is_dir()}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", [*ARCHIVES, "lies"])
def test_it_harms_nobody(
    course: CourseFolder, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hers = answered(course.release(NAME), HONEST)
    path = tmp_path / "hostile.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ann/total.ipynb", hers)
        ARCHIVES["bomb" if name == "lies" else name](archive)
    if name == "lies":
        lies_about_its_size(path)
    before = set(files(course.root.parent))
    collection = collect(course, NAME, path, "", {})
    assert (course.submitted("ann", NAME) / NOTEBOOK).read_text() == hers
    new = {path: size for path, size in files(course.root.parent).items() if path not in before}
    assert all(path.is_relative_to(course.root / "submitted") for path in new)
    assert sum(new.values()) < MOST
    assert not any(path.is_symlink() for path in new)
    assert os.sep not in "".join(each.student for each in collection.students)
    say_findings(collection.findings)
    assert capsys.readouterr().err.replace("\n", "").isprintable()
