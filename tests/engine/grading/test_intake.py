"""What is handed in is taken as bytes, and nothing of it leads elsewhere or holds us up."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tito.grading.intake import MOST_BYTES, take


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "submitted" / "ann" / "01_tensor"
    made.mkdir(parents=True)
    return made


def test_the_notebook_is_taken(folder: Path) -> None:
    (folder / "tensor.ipynb").write_bytes(b"{}")
    (folder / "tensor.png").write_bytes(b"picture")
    taken = take(folder, "tensor")
    assert (taken.name, taken.data, taken.problem, taken.remarks) == ("tensor.ipynb", b"{}", "", ())


def test_a_script_is_taken_where_there_is_no_notebook(folder: Path) -> None:
    (folder / "tensor.py").write_bytes(b"# %%\n")
    assert take(folder, "tensor").name == "tensor.py"
    (folder / "tensor.ipynb").write_bytes(b"{}")
    taken = take(folder, "tensor")
    assert taken.name == "tensor.ipynb"
    assert "tensor.py was not read" in taken.remarks[0].text


def test_the_only_notebook_is_taken_whatever_it_is_called(folder: Path) -> None:
    (folder / "Tensor (final).ipynb").write_bytes(b"{}")
    (folder / "helpers.py").write_bytes(b"")
    (folder / "._tensor.ipynb").write_bytes(b"what a Mac leaves behind")
    taken = take(folder, "tensor")
    assert taken.data == b"{}"
    assert "is called Tensor (final).ipynb" in taken.remarks[0].text


def test_of_several_wrong_names_none_is_taken(folder: Path) -> None:
    for name in ("a.ipynb", "b.ipynb"):
        (folder / name).write_bytes(b"{}")
    assert "2 notebooks, and none is called tensor.ipynb: a.ipynb, b.ipynb" in (
        take(folder, "tensor").problem
    )


def test_nothing_there_is_said(folder: Path) -> None:
    assert "there is no notebook tensor.ipynb" in take(folder, "tensor").problem
    folder.rmdir()
    assert "cannot be read" in take(folder, "tensor").problem


def test_links_are_not_followed(folder: Path) -> None:
    secret = folder.parents[2] / "secret.ipynb"
    secret.write_bytes(b"the solution")
    (folder / "tensor.ipynb").symlink_to(secret)
    taken = take(folder, "tensor")
    assert taken.data == b""
    assert "is a link" in taken.problem


@pytest.mark.parametrize("which", ["assignment", "student"])
def test_a_folder_that_is_a_link_is_not_followed(folder: Path, which: str) -> None:
    elsewhere = folder.parents[2] / "elsewhere"
    (elsewhere / "01_tensor").mkdir(parents=True)
    for place in (elsewhere, elsewhere / "01_tensor"):
        (place / "tensor.ipynb").write_bytes(b"the solution")
    folder.rmdir()
    if which == "student":
        folder.parent.rmdir()
    link = folder if which == "assignment" else folder.parent
    link.symlink_to(elsewhere)
    taken = take(folder, "tensor")
    assert taken.data == b""
    assert "link" in taken.problem


def test_a_pipe_does_not_hold_us_up(folder: Path) -> None:
    os.mkfifo(folder / "tensor.ipynb")
    assert "no ordinary file" in take(folder, "tensor").problem


def test_a_folder_of_that_name_is_no_notebook(folder: Path) -> None:
    (folder / "tensor.ipynb").mkdir()
    assert "no ordinary file" in take(folder, "tensor").problem


def test_a_huge_file_is_not_read(folder: Path) -> None:
    with (folder / "tensor.ipynb").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    taken = take(folder, "tensor")
    assert taken.data == b""
    assert "at most 20 MiB" in taken.problem


def test_a_folder_of_too_many_files_is_not_searched(folder: Path) -> None:
    for n in range(1001):
        (folder / f"{n}.txt").touch()
    assert "more than 1000 files" in take(folder, "tensor").problem


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux only")
def test_a_name_that_is_no_text_can_be_told(folder: Path) -> None:
    (Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe.ipynb"))).write_bytes(b"{}")
    taken = take(folder, "tensor")
    assert taken.data == b"{}"
    taken.remarks[0].text.encode("utf-8")


def test_the_digest_changes_with_whatever_matters(folder: Path) -> None:
    seen = {take(folder, "tensor").digest}
    for step in (
        lambda: (folder / "other.ipynb").write_bytes(b"{}"),
        lambda: (folder / "other.ipynb").write_bytes(b"{ }"),
        lambda: (folder / "other.ipynb").rename(folder / "tensor.ipynb"),
        lambda: (folder / "tensor.py").write_bytes(b""),
        lambda: (folder / "tensor.ipynb").unlink(),
    ):
        step()
        digest = take(folder, "tensor").digest
        assert digest == take(folder, "tensor").digest
        assert digest not in seen
        seen.add(digest)
    (folder / "notes.txt").write_bytes(b"none of it")
    assert take(folder, "tensor").digest == digest
