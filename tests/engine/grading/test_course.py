"""An instructor's folder: found from anywhere inside, and told what is wrong with its settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tito.errors import CourseFolderError, UsageError
from tito.grading.course import MARKER, find_course, read_course, render


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / MARKER).write_text(render("ml-101", ("foundation",)), encoding="utf-8")
    for assignment in ("01_tensor", "02_activations"):
        notebook = tmp_path / "source" / assignment / f"{assignment[3:]}.ipynb"
        notebook.parent.mkdir(parents=True)
        notebook.touch()
    return tmp_path


def test_it_is_found_from_inside(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root / "source" / "01_tensor")
    course = find_course()
    assert (course.root, course.config.name, course.config.tiers) == (
        root, "ml-101", ("foundation",)
    )  # fmt: skip
    assert course.assignments() == ["01_tensor", "02_activations"]


@pytest.mark.parametrize("name", ["01_tensor", "tensor", "01", "tens"])
def test_an_assignment_goes_by_its_names(root: Path, name: str) -> None:
    assert read_course(root).assignment(name) == "01_tensor"


def test_an_unknown_assignment_is_told(root: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'tensor'"):
        read_course(root).assignment("tensro")


def test_there_may_be_no_course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CourseFolderError, match="tito course new"):
        find_course()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("format = 1\nname = 'x'\n", "lacks the key tiers"),
        ("format = 9\nname = 'x'\ntiers = []\n", "format 9, and this engine knows 1"),
        ("format = 1\nname = 'x'\ntiers = ['a']\ntiger = 1\n", "unknown key tiger"),
        (
            "format = 1\nname = 'x'\ntiers = []\nstderr = 'maybe'\n",
            "'ignore' or 'fail' belongs: stderr",
        ),
        (
            "format = 1\nname = 'x'\ntiers = []\nagainst = 1\n",
            "'reference' or 'own' belongs: against",
        ),
        ("format = ", "cannot be read"),
    ],
)
def test_wrong_settings_are_told(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / MARKER).write_text(text, encoding="utf-8")
    with pytest.raises(CourseFolderError, match=says) as caught:
        read_course(tmp_path)
    assert caught.value.findings[0].where == str(tmp_path / MARKER)
