"""The ladder of isolation: what this machine offers, strongest first.

1. bubblewrap: a view of the file system with only what is needed, no network, no other process;
   within it Landlock and limits of resources.
2. Landlock and limits, with namespaces of our own where the system allows them.
3. Limits alone. A student's code can then read what its user can.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tito.grading import landlock
from tito.grading.outlook import Outlook, import_paths

BOOT = "import sys; sys.path[:] = sys.argv[1:]; from tito.grading.server import main; main()"  # no site
SCRATCH = "/scratch"  # within bubblewrap
# Should memory run out all the same, the system ends a student's process, not the grader's.
FIRST_TO_GO = ("/bin/sh", "-c", 'echo 1000 > /proc/self/oom_score_adj; exec "$@"', "sh")
APART = "CAP_SYS_ADMIN"  # to give each child namespaces of its own
TO_DROP_ROOT = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_KILL")


@dataclass(frozen=True, slots=True)
class Rung:
    """`before` is the command that the server's own is given to; `boxed`, whether that hides files."""

    words: str
    before: tuple[str, ...]
    boxed: bool = False
    weak: bool = False


@dataclass(frozen=True, slots=True)
class Launched:
    process: subprocess.Popen[bytes]
    connection: socket.socket


def ladder(outlook: Outlook, workspace: Path) -> Iterator[Rung]:
    """Every rung that may hold here, best first."""
    if bubblewrap := shutil.which("bwrap"):
        for capabilities in ((APART,), ()) if os.getuid() else ((APART, *TO_DROP_ROOT),):
            options = _bubblewrap(outlook, workspace, capabilities)
            yield Rung("bubblewrap", (bubblewrap, *options), boxed=True)
    if landlock.version():
        yield Rung("Landlock, without bubblewrap", ())
    else:
        yield Rung("limits of resources only: install bubblewrap", (), weak=True)


def _bubblewrap(outlook: Outlook, workspace: Path, capabilities: tuple[str, ...]) -> Iterator[str]:
    yield from ("--unshare-ipc", "--unshare-net", "--unshare-pid", "--unshare-uts")
    yield from ("--new-session", "--hostname", "sandbox", "--dev", "/dev")
    if os.getuid():
        yield "--unshare-user"
    yield from ("--tmpfs", SCRATCH, "--chmod", "0755", SCRATCH)
    shown = (*outlook.shown, workspace)
    for folder in sorted({parent for path in shown for parent in path.parents[:-1]}):
        yield from ("--perms", "0755", "--dir", str(folder))  # bubblewrap's own may be closed to us
    for path in shown:
        if path.is_symlink():
            yield from ("--symlink", os.readlink(path), str(path))
        else:
            yield from ("--ro-bind", str(path), str(path))
    for path in outlook.hidden:
        if path.is_dir():
            yield from ("--tmpfs", str(path), "--remount-ro", str(path))
        else:
            yield from ("--ro-bind", "/dev/null", str(path))
    if not os.getuid():
        yield from ("--cap-drop", "ALL")
    for capability in capabilities:
        yield from ("--cap-add", capability)
    yield from ("--chdir", "/", "--")


def launch(rung: Rung, workspace: Path, under_test: str, errors: IO[bytes]) -> Launched:
    ours, theirs = socket.socketpair()
    python = (os.path.realpath(sys.executable), "-B", "-P", "-s", "-S", "-c", BOOT, *import_paths())
    with theirs:
        process = subprocess.Popen(
            [*FIRST_TO_GO, *rung.before, *python],
            cwd="/",
            env=environment(workspace, under_test),
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )
    return Launched(process, ours)


def environment(workspace: Path, under_test: str) -> dict[str, str]:
    """Nothing of this process's own. A fixed seed, so that a set has one order for everybody."""
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    kept = {name: os.environ[name] for name in ("OPENBLAS_CORETYPE",) if name in os.environ}
    return {
        **dict.fromkeys(threads, "1"),
        **kept,
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "TITO_WORKSPACE": str(workspace),
        "TITO_UNDER_TEST": under_test,
    }
