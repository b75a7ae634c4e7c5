"""The workspace is found upwards or by its variable, and a bad `tito.toml` is one clear error."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tito.errors import WorkspaceError
from tito.model import Workspace
from tito.workspace.find import FORMAT, KEYS, find_workspace, read_workspace, render

GOOD = 'format = 1\ntiers = ["base"]\n'


@pytest.fixture(autouse=True)
def no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TITO_WORKSPACE", raising=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all examples of a property."""
    return tmp_path_factory.mktemp("folder")


def problem(root: Path) -> tuple[str, str, str]:
    """(message, where, fix) of the one finding about the workspace in `root`."""
    with pytest.raises(WorkspaceError) as error:
        read_workspace(root)
    (finding,) = error.value.findings
    return finding.message, finding.where, finding.fix


MALFORMED = {
    "not TOML": ("format = 1\ntiers = [", "cannot be read", "mend"),
    "no format": ('tiers = ["base"]', "format number", "format = 1"),
    "a format that is text": ('format = "1"\ntiers = ["base"]', "format number", "format = 1"),
    "a format that is a truth": ('format = true\ntiers = ["base"]', "format number", "format = 1"),
    "a newer format": (
        'format = 2\nunknown = 1\ntiers = "so"',
        "format 2",
        "pip install --upgrade tinytorch-engine",
    ),
    "format 0": ('format = 0\ntiers = ["base"]', "format 0", "format = 1"),
    "an unknown key": ('format = 1\ntier = ["base"]', "'tier'", "tiers"),
    "tiers that are text": ('format = 1\ntiers = "base"', "'tiers'", 'tiers = ["'),
    "tiers that are numbers": ("format = 1\ntiers = [1]", "'tiers'", 'tiers = ["'),
    "no tiers": ("format = 1", "no tiers", "tiers = ["),
    "empty tiers": ("format = 1\ntiers = []", "no tiers", "tiers = ["),
    "provided that is a table": (GOOD + "[provided]\na = 1", "'provided'", 'provided = ["'),
    "an endless number": (f"format = {'1' * 5000}", "cannot be read", "mend"),
    "nesting without end": (f"format = {'[' * 20_000}", "cannot be read", "mend"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_file_is_one_error_with_its_path_and_a_fix(tmp_path: Path, name: str) -> None:
    text, *expected = MALFORMED[name]
    (tmp_path / "tito.toml").write_text(text)
    message, where, fix = problem(tmp_path)
    assert where == str(tmp_path / "tito.toml")
    assert expected[0] in message
    assert expected[1] in fix


def deny(path: Path) -> None:
    path.write_text(GOOD)
    path.chmod(0)


UNREADABLE: dict[str, Callable[[Path], object]] = {
    "a folder": Path.mkdir,
    "a link to itself": lambda path: path.symlink_to(path),
    "not UTF-8": lambda path: path.write_bytes(b'tiers = ["\xe9"]'),
    "no permission": deny,
}


@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.usefixtures("plain_user")
def test_an_unreadable_file_is_one_error_with_its_path(tmp_path: Path, name: str) -> None:
    UNREADABLE[name](tmp_path / "tito.toml")
    message, where, fix = problem(tmp_path)
    assert "cannot be read" in message
    assert where == str(tmp_path / "tito.toml")
    assert fix


def test_a_line_of_a_broken_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "tito.toml").write_text("format = 1\n\ntiers = [base]\n")
    assert "line 3" in problem(tmp_path)[0]


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "tito.toml").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert read_workspace(tmp_path) == Workspace(tmp_path, ("base",))


IDS = st.lists(st.from_regex(r"[a-z][a-z0-9_-]*", fullmatch=True), min_size=1).map(tuple)


@settings(deadline=None)  # the disk may be busy
@given(tiers=IDS)
def test_what_is_rendered_is_what_is_read(folder: Path, tiers: tuple[str, ...]) -> None:
    (folder / "tito.toml").write_text(render(tiers), encoding="utf-8")
    assert read_workspace(folder) == Workspace(folder, tiers)


def test_the_rendered_file_explains_itself() -> None:
    lines = render(("base",)).splitlines()
    assert sum(line.startswith("#") for line in lines) >= 2
    assert f"format = {FORMAT}" in lines


VALUES = st.sampled_from(['["base"]', "[]", '"base"', "1", "0", "2", "true", "[[1]]", "{}", "x"])
LINES = st.builds("{} = {}".format, st.sampled_from([*KEYS, "tier", "[a]"]), VALUES)
TEXTS = st.one_of(st.text(), st.lists(LINES).map("\n".join))


@settings(deadline=None)  # the disk may be busy
@given(text=TEXTS)
@example(text="a = " + "[" * 100_000)
@example(text="a = 1979-99-99T99:99:99")
@example(text="\0")
def test_any_text_gives_a_workspace_or_one_error(folder: Path, text: str) -> None:
    (folder / "tito.toml").write_text(text, encoding="utf-8")
    try:
        read_workspace(folder)
        places = []
    except WorkspaceError as error:
        places = [finding.where for finding in error.findings]
    assert places in ([], [str(folder / "tito.toml")])


@settings(deadline=None)  # the disk may be busy
@given(data=st.binary())
def test_any_bytes_give_a_workspace_or_one_error(folder: Path, data: bytes) -> None:
    (folder / "tito.toml").write_bytes(data)
    with pytest.raises(WorkspaceError):  # no bytes are a workspace by accident
        read_workspace(folder)


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A workspace with a folder in it."""
    (tmp_path / "course" / "modules" / "01_counter").mkdir(parents=True)
    (tmp_path / "course" / "tito.toml").write_text(GOOD)
    return tmp_path / "course"


def found() -> Path | None:
    workspace = find_workspace()
    return workspace.root if workspace else None


@pytest.mark.parametrize("folder", [".", "modules", "modules/01_counter"])
def test_the_nearest_workspace_above_is_found(
    course: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.chdir(course / folder)
    assert found() == course
    (course / "modules" / "tito.toml").write_text(GOOD)
    assert found() == (course if folder == "." else course / "modules")


def test_outside_there_is_none(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(course.parent)
    assert found() is None


def test_a_broken_workspace_does_not_yield_to_one_above(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (course / "modules" / "tito.toml").write_text("no TOML")
    monkeypatch.chdir(course / "modules")
    with pytest.raises(WorkspaceError, match="modules"):
        found()


@pytest.mark.parametrize("named", ["course", "./course", "{root}", "{root}/"])
def test_the_variable_goes_before_the_current_directory(
    course: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    (course.parent / "tito.toml").write_text(GOOD)
    monkeypatch.chdir(course.parent)
    monkeypatch.setenv("TITO_WORKSPACE", named.format(root=course))
    assert found() == course


def test_the_empty_variable_means_none(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(course)
    monkeypatch.setenv("TITO_WORKSPACE", "")
    assert found() is None


def test_a_variable_that_names_no_workspace_is_an_error(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(course)
    monkeypatch.setenv("TITO_WORKSPACE", "modules")
    with pytest.raises(WorkspaceError) as error:
        found()
    (finding,) = error.value.findings
    assert finding.where == str(course / "modules")
    assert finding.fix == f"tito init {course / 'modules'}"


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The current directory was deleted."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gone").mkdir()
    os.chdir("gone")
    (tmp_path / "gone").rmdir()


@pytest.mark.usefixtures("nowhere")
def test_in_a_deleted_folder_there_is_none(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found() is None
    monkeypatch.setenv("TITO_WORKSPACE", str(course))
    assert found() == course


@pytest.mark.usefixtures("nowhere")
def test_a_relative_variable_in_a_deleted_folder_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TITO_WORKSPACE", "course")
    with pytest.raises(WorkspaceError):
        found()


@pytest.mark.usefixtures("plain_user")
def test_a_folder_above_that_one_may_not_enter_holds_no_workspace(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (course / "tito.toml").unlink()
    monkeypatch.chdir(course / "modules" / "01_counter")
    course.chmod(0o600)
    try:
        assert found() is None
    finally:
        course.chmod(0o700)
