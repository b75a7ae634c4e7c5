"""A new course: nothing is overwritten, and nbgrader works in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from grading.stock import nbgrader
from tito.errors import CourseFolderError, UsageError
from tito.grading.course import CourseFolder, read_course
from tito.grading.new import new_course


def test_it_says_what_was_asked_for(tmp_path: Path) -> None:
    made = new_course(tmp_path / "class", "ml-101", ("foundation", "architecture"))
    assert (made.config.name, made.config.tiers) == ("ml-101", ("foundation", "architecture"))
    assert made == read_course(tmp_path / "class")


def test_a_course_is_never_made_in_a_course(tmp_path: Path) -> None:
    new_course(tmp_path, "one", ("foundation",))
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(CourseFolderError, match="a course already"):
        new_course(tmp_path, "two", ("foundation",))
    assert before == {path: path.read_bytes() for path in tmp_path.iterdir()}


@pytest.mark.parametrize("file", ["README.md", "nbgrader_config.py"])
def test_nothing_is_overwritten(file: str, tmp_path: Path) -> None:
    (tmp_path / file).write_text("mine")
    with pytest.raises(CourseFolderError, match="nothing is overwritten"):
        new_course(tmp_path, "one", ("foundation",))
    assert [path.name for path in tmp_path.iterdir()] == [file]
    assert (tmp_path / file).read_text() == "mine"


@pytest.mark.parametrize("name", ["", "my class", "a+b", '"', "-x", "ä"])
def test_a_name_that_nbgrader_cannot_use_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--name"):
        new_course(tmp_path / "class", name, ("foundation",))
    assert not (tmp_path / "class").exists()


def test_stopped_in_the_middle_it_is_no_course_and_can_be_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tito.grading import new

    write = new.write_atomically

    def all_but_the_marker(path: Path, text: str) -> None:
        if path.name == new.MARKER:
            raise KeyboardInterrupt
        write(path, text)

    monkeypatch.setattr(new, "write_atomically", all_but_the_marker)
    with pytest.raises(KeyboardInterrupt):
        new_course(tmp_path, "one", ("foundation",))
    monkeypatch.undo()
    assert new_course(tmp_path, "one", ("foundation",)).config.name == "one"


def test_nbgrader_runs_in_it_and_knows_its_folder_and_name(course: CourseFolder) -> None:
    shown = nbgrader(course, "db", "assignment", "list")
    assert shown.code == 0, shown.err
    assert "01_counter" in shown.out + shown.err
