"""Whatever goes wrong while a file is written, the old one or the new one is there, whole."""

from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from support import environment, run
from tito.errors import WorkspaceError
from tito.workspace.files import free_name, keep_aside, write_atomically

OLD = "the old text\n"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file that is there already, alone in its folder."""
    path = tmp_path / "folder" / "counter.py"
    path.parent.mkdir()
    path.write_text(OLD)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all examples of a property."""
    return tmp_path_factory.mktemp("folder")


@settings(deadline=None, max_examples=30)  # each writes through to the disk, which may be busy
@given(text=st.text(st.characters(codec="utf-8")))
@example(text="one\ntwo\r\nthree\rfour")
def test_the_bytes_are_the_text_in_utf_8(folder: Path, text: str) -> None:
    write_atomically(folder / "a", text)
    assert (folder / "a").read_bytes() == text.encode()


def test_folders_above_are_made(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a" / "b" / "c.py", "new")
    assert (tmp_path / "a" / "b" / "c.py").read_text() == "new"


def test_nothing_else_is_left(old: Path) -> None:
    write_atomically(old, "new")
    assert old.read_text() == "new"
    assert os.listdir(old.parent) == ["counter.py"]


def test_others_may_read_the_file(old: Path) -> None:
    write_atomically(old, "new")
    assert old.stat().st_mode & 0o777 == 0o644


def fail_with(error: BaseException) -> Callable[..., object]:
    def fail(*arguments: object, **keywords: object) -> object:
        raise error

    return fail


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT])
@pytest.mark.parametrize("name", ["os.fsync", "os.replace", "os.chmod", "tempfile.mkstemp"])
def test_a_failing_step_leaves_the_old_file_and_nothing_else(
    old: Path, monkeypatch: pytest.MonkeyPatch, name: str, number: int
) -> None:
    error = OSError(number, os.strerror(number))
    monkeypatch.setattr(name, fail_with(error))
    with pytest.raises(WorkspaceError) as caught:
        write_atomically(old, "new")
    (finding,) = caught.value.findings
    assert os.strerror(number) in finding.message
    assert "nothing was changed" in finding.message
    assert finding.where == str(old)
    assert finding.fix
    assert (old.read_text(), os.listdir(old.parent)) == (OLD, ["counter.py"])


@pytest.mark.parametrize("name", ["os.fsync", "os.replace"])
def test_an_interrupt_leaves_the_old_file_and_nothing_else(
    old: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(name, fail_with(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        write_atomically(old, "new")
    assert (old.read_text(), os.listdir(old.parent)) == (OLD, ["counter.py"])


def test_text_that_is_not_unicode_is_an_error_and_changes_nothing(old: Path) -> None:
    with pytest.raises(WorkspaceError, match="surrogate"):
        write_atomically(old, "half a pair: \ud800")
    assert (old.read_text(), os.listdir(old.parent)) == (OLD, ["counter.py"])


LIMITED = """
import os, resource, sys
from pathlib import Path
from tito.errors import WorkspaceError
from tito.workspace.files import write_atomically
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    write_atomically(Path(sys.argv[1]), "x" * 200_000)
except WorkspaceError as error:
    print(error)
"""


def test_a_file_that_finds_no_room_leaves_the_old_one(old: Path) -> None:
    """A real write that the system cuts off in the middle."""
    shown = run(sys.executable, "-c", LIMITED, old, cwd=old.parent)
    assert os.strerror(errno.EFBIG) in shown.out, shown.err
    assert "nothing was changed" in shown.out
    assert (old.read_text(), os.listdir(old.parent)) == (OLD, ["counter.py"])


@pytest.mark.usefixtures("plain_user")
def test_a_folder_without_permission_leaves_the_old_file(old: Path) -> None:
    old.parent.chmod(0o555)
    with pytest.raises(WorkspaceError, match=os.strerror(errno.EACCES)):
        write_atomically(old, "new")
    old.parent.chmod(0o755)
    assert (old.read_text(), os.listdir(old.parent)) == (OLD, ["counter.py"])


@pytest.mark.parametrize("inside", ["counter.py/below.py", "folder"])
def test_a_file_where_a_folder_belongs_is_an_error(old: Path, inside: str) -> None:
    (old.parent / "folder").mkdir()
    with pytest.raises(WorkspaceError):
        write_atomically(old.parent / inside, "new")
    assert old.read_text() == OLD
    assert sorted(os.listdir(old.parent)) == ["counter.py", "folder"]


def test_a_reader_sees_the_new_file_only_once_it_is_on_disk(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bool] = []
    real = os.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(old.read_text() == OLD))
    monkeypatch.setattr(os, "replace", lambda a, b: (synced.append(True), real(a, b)))
    write_atomically(old, "new")
    assert synced == [True, True]


WRITER = """
import itertools, sys
from pathlib import Path
from tito.workspace.files import write_atomically
path, size = Path(sys.argv[1]), 300_000
for letter in itertools.cycle("ab"):
    write_atomically(path, letter * size)
    print(flush=True)
"""


def test_a_kill_at_any_moment_leaves_a_whole_file(old: Path) -> None:
    moments = random.Random(1)
    for _ in range(30):
        command = [sys.executable, "-c", WRITER, str(old)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as writer:
            assert writer.stdout
            writer.stdout.readline()
            time.sleep(moments.uniform(0, 0.01))
            writer.kill()
        assert old.read_text() in ("a" * 300_000, "b" * 300_000)
    assert len(os.listdir(old.parent)) > 1, "no kill came in the midst of a write"


@pytest.fixture
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "strftime", lambda form: "20260101-000000")


@pytest.mark.usefixtures("stopped_clock")
def test_what_is_kept_aside_is_never_written_over(old: Path) -> None:
    kept = []
    for number in range(5):
        old.write_text(f"{number}")
        kept.append(keep_aside(old, "unreadable"))
    assert [path.read_text() for path in kept] == ["0", "1", "2", "3", "4"]
    assert not old.exists()


@pytest.mark.usefixtures("stopped_clock")
@pytest.mark.parametrize("make", [Path.touch, Path.mkdir, lambda path: path.symlink_to("gone")])
def test_a_free_name_is_free_of_everything(old: Path, make: Callable[[Path], None]) -> None:
    taken = free_name(old, "why")
    make(taken)
    assert free_name(old, "why") != taken
    assert not os.path.lexists(free_name(old, "why"))


def test_a_free_name_says_why_and_keeps_the_kind_of_file(old: Path) -> None:
    name = free_name(old.with_name("counter.ipynb"), "before-reset").name
    assert name.startswith("counter.before-reset-")
    assert name.endswith(".ipynb")


def test_a_folder_can_be_kept_aside_too(old: Path) -> None:
    kept = keep_aside(old.parent, "unreadable")
    assert (kept / "counter.py").read_text() == OLD


def test_a_file_keeps_its_permissions_and_a_new_one_takes_the_learners(tmp_path: Path) -> None:
    old = tmp_path / "old.txt"
    old.write_text("old")
    old.chmod(0o600)
    mask = os.umask(0o027)
    try:
        write_atomically(old, "new")
        write_atomically(tmp_path / "new.txt", "new")
    finally:
        os.umask(mask)
    assert old.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "new.txt").stat().st_mode & 0o777 == 0o640


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    write_atomically(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"
