"""One command at a time works in a workspace; the next one says that it waits, and does."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from support import Learner, environment
from tito.errors import WorkspaceError
from tito.model import Workspace
from tito.workspace import lock
from tito.workspace.lock import locked

HOLDER = """
import sys
from pathlib import Path
from typing import BinaryIO
from tito.model import Workspace
from tito.workspace.lock import locked
with locked(Workspace(Path(sys.argv[1]), ("base",)), print):
    print("held", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def holder(root: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until its stdin gets a line, or ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(root)],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def goes_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()


def silent(text: str) -> None:
    raise AssertionError(f"nobody else was here, and it said: {text}")


@pytest.mark.parametrize("end", [goes_on, subprocess.Popen.kill])
def test_the_second_says_that_it_waits_and_goes_on_when_the_first_ends(
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    end: Callable[[subprocess.Popen[str]], None],
) -> None:
    monkeypatch.setattr(lock, "PATIENCE", 10)
    said: list[tuple[str, float]] = []
    with holder(workspace.root) as first:
        start = time.monotonic()

        def say(text: str) -> None:
            assert first.poll() is None
            said.append((text, time.monotonic() - start))
            end(first)

        with locked(workspace, say):
            assert first.wait(10) is not None
    ((text, after),) = said
    assert "another tito command" in text
    assert after < 5, "it waits half of its patience before it says so"


def test_alone_it_says_nothing(workspace: Workspace) -> None:
    with locked(workspace, silent):
        pass
    with locked(workspace, silent):
        pass


def test_a_lock_is_freed_when_its_work_fails(workspace: Workspace) -> None:
    with pytest.raises(ZeroDivisionError), locked(workspace, silent):
        raise ZeroDivisionError
    with locked(workspace, silent):
        pass


def test_the_lock_of_one_workspace_is_not_anothers(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with holder(tmp_path / "other"), locked(workspace, silent):
        pass


def test_patience_has_an_end_and_a_finding(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "PATIENCE", 0.2)
    with holder(workspace.root), pytest.raises(WorkspaceError) as caught:  # noqa: SIM117
        with locked(workspace, lambda text: None):
            raise AssertionError("it went in although another was there")
    (finding,) = caught.value.findings
    assert finding.where == str(workspace.root / ".tito" / "lock")
    assert finding.fix


def refused(workspace: Workspace) -> None:
    with pytest.raises(WorkspaceError) as caught, locked(workspace, silent):
        raise AssertionError("it went in although it could not lock")
    (finding,) = caught.value.findings
    assert "cannot be written" in finding.message
    assert finding.where == str(workspace.root)
    assert "\n" not in finding.message


@pytest.mark.usefixtures("plain_user")
@pytest.mark.parametrize("folder", [".", ".tito"])
def test_a_folder_that_cannot_be_written_is_one_clear_error(
    workspace: Workspace, folder: str
) -> None:
    (workspace.root / folder).mkdir(exist_ok=True)
    (workspace.root / folder).chmod(0o555)
    refused(workspace)
    (workspace.root / folder).chmod(0o755)
    assert not list(workspace.root.rglob("lock"))


@pytest.mark.parametrize("name", [".tito", ".tito/lock/inside"])
def test_something_else_in_the_locks_place_is_one_clear_error(
    workspace: Workspace, name: str
) -> None:
    path = workspace.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    refused(workspace)


def test_a_real_command_waits_says_so_and_goes_on(learner: Learner) -> None:
    command = [sys.executable, "-m", "tito", "module", "start", "counter"]
    env = {**environment(**learner.variables()), "PYTHONUNBUFFERED": "1"}
    with holder(learner.root) as first:
        pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        with subprocess.Popen(command, cwd=learner.root, env=env, text=True, **pipes) as second:
            assert second.stderr
            assert "waiting" in second.stderr.readline()
            assert second.poll() is None
            assert not learner.file("counter").exists()
            goes_on(first)
            assert second.wait(10) == 0
    assert learner.file("counter").exists()


def test_the_lock_lies_where_nobody_looks(workspace: Workspace) -> None:
    with locked(workspace, silent):
        pass
    assert os.listdir(workspace.root) == [".tito"]


def test_without_locks_it_says_so_and_goes_on(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network file systems have none."""

    def no_lock(file: BinaryIO) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(lock, "_lock", no_lock)
    said: list[str] = []
    went_in = False
    with locked(workspace, said.append):
        went_in = True
    assert went_in
    (text,) = said
    assert text.splitlines()[0] == (
        "warning: files cannot be locked here (Function not implemented)"
    )
    assert "one tito command at a time" in text
