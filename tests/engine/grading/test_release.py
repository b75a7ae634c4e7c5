"""Handing out: nbgrader's exchange, a folder, an archive; and remembering it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from grading.stock import nbgrader
from tito.errors import CourseFolderError
from tito.grading.course import CourseFolder
from tito.grading.release import release_to, release_to_exchange, released

NAME = "01_counter"


@pytest.fixture
def exchange(course: CourseFolder, tmp_path: Path) -> Path:
    """The course says where it is."""
    folder = tmp_path / "exchange"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text() + f"\nc.Exchange.root = {str(folder)!r}\n")
    return folder


def test_students_of_nbgrader_can_fetch_it(
    course: CourseFolder, exchange: Path, tmp_path: Path
) -> None:
    assert str(exchange) in release_to_exchange(course, NAME, force=False)
    outbound = exchange / "counting" / "outbound" / NAME / "counter.ipynb"
    assert outbound.read_bytes() == course.release(NAME).read_bytes()
    listed = nbgrader(course, "list")
    assert NAME in listed.out + listed.err
    assert released(course)[NAME].to == "nbgrader's exchange"


def test_it_is_released_again_by_force_only(course: CourseFolder, exchange: Path) -> None:
    release_to_exchange(course, NAME, force=False)
    with pytest.raises(CourseFolderError, match="release 01_counter --force"):
        release_to_exchange(course, NAME, force=False)
    release_to_exchange(course, NAME, force=True)


def test_an_exchange_that_cannot_be_used_is_told(course: CourseFolder, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text() + f"\nc.Exchange.root = {str(tmp_path / 'file/x')!r}\n")
    with pytest.raises(CourseFolderError, match="--to FOLDER"):
        release_to_exchange(course, NAME, force=False)
    assert released(course) == {}


def test_a_folder_gets_the_notebooks(course: CourseFolder, tmp_path: Path) -> None:
    inside = release_to(course, [NAME, "02_total"], tmp_path / "out")
    assert inside == ["01_counter/counter.ipynb", "02_total/total.ipynb"]
    assert (tmp_path / "out" / inside[0]).read_bytes() == course.release(NAME).read_bytes()
    assert set(released(course)) == {NAME, "02_total"}


def test_an_archive_has_the_same_and_is_the_same_each_time(
    course: CourseFolder, tmp_path: Path
) -> None:
    for name in ("a.zip", "b.zip"):
        release_to(course, [NAME], tmp_path / "new" / name)
    first, second = (tmp_path / "new" / name for name in ("a.zip", "b.zip"))
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert archive.read("01_counter/counter.ipynb") == course.release(NAME).read_bytes()


def test_a_release_that_is_gone_is_told(course: CourseFolder, tmp_path: Path) -> None:
    course.release(NAME).unlink()
    with pytest.raises(CourseFolderError, match="tito nbgrader generate 01_counter"):
        release_to(course, [NAME], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_record_that_cannot_be_read_is_kept_aside(course: CourseFolder, tmp_path: Path) -> None:
    record = course.root / ".tito" / "released.json"
    record.parent.mkdir()
    record.write_text("{")
    assert released(course) == {}
    release_to(course, [NAME], tmp_path / "out")
    assert [path.read_text() for path in record.parent.glob("released.unreadable*")] == ["{"]
    assert set(released(course)) == {NAME}
