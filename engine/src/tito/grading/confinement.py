"""What a child gives up before it runs a student's code. Most of it is Linux; where the system lacks
something the step is left out, and what is left out is told when the server starts.
"""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tito.grading import landlock
from tito.grading.seccomp import without_sockets
from tito.grading.settings import Limits

NEW_MOUNTS, NEW_IPC, NEW_PIDS, NEW_NETWORK, NEW_USERS = (
    0x20000, 0x8000000, 0x20000000, 0x40000000, 0x10000000,
)  # fmt: skip
NO_SUID, NO_DEVICES, PRIVATE, RECURSIVE = 2, 4, 1 << 18, 1 << 14
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP = 1, 4, 24
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 36, 38, 47
CAPABILITIES_3 = 0x20080522
SIGKILL = 9
LEFTOVERS = 5.0  # seconds for what a child left behind to end

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Confinement:
    """`user` is the id to change to, or 0 to stay who one is. `scratch` is the folder in which a
    child may write; `namespaces`, whether the server may give each child its own. `services` is
    whether there are any of this machine in reach. `others` are the processes that the system counts
    as this user's, too."""

    limits: Limits
    user: int
    readable: tuple[Path, ...]
    scratch: Path
    namespaces: bool = False
    services: bool = False
    others: int = 0


def protect_server() -> None:
    """No child may look into its parent, and whatever a child leaves behind becomes the parent's."""
    if _libc:
        _libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
        _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with suppress(OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def own_world() -> bool:
    """Outside of bubblewrap: namespaces of our own, without a network. Returns whether we may."""
    if not _libc:
        return False
    user, group = os.getuid(), os.getgid()
    wanted = NEW_MOUNTS | NEW_IPC | NEW_NETWORK | (0 if user == 0 else NEW_USERS)
    if _libc.unshare(wanted):
        return False
    if user:
        with suppress(OSError):
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
            Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    return not _mount(b"none", b"/", None, RECURSIVE | PRIVATE, None)


class Worlds:
    """Namespaces for each child. `ours` says where this process is, for it to come back: only from
    there it may begin another world of processes. It is None where the system cannot tell (before
    Linux 5.8) or does not let it: then a process between has to begin each."""

    def __init__(self) -> None:
        self.ours: int | None = None
        if _ends_well(self._go_and_come_back):
            self._look_around()

    def _look_around(self) -> None:
        self.ours = os.pidfd_open(os.getpid())

    def begin(self) -> None:
        """The next process that this one forks begins a world of processes of its own."""
        _checked(_libc.unshare(NEW_PIDS) if _libc else -1)

    def come_back(self) -> None:
        _checked(_libc.setns(self.ours, NEW_PIDS) if _libc and self.ours is not None else -1)

    def _go_and_come_back(self) -> None:
        self._look_around()
        self.begin()
        self.come_back()
        self.begin()


def can_separate() -> bool:
    """Whether this process may give its children namespaces: tried in one that ends at once."""
    return _ends_well(
        lambda: _checked(_libc.unshare(NEW_PIDS | NEW_IPC | NEW_MOUNTS) if _libc else -1)
    )


def _ends_well(call: Callable[[], object]) -> bool:
    """Whether the call raises nothing, in a process that ends at once."""
    child = os.fork()
    if not child:
        with suppress(BaseException):
            call()
            os._exit(0)
        os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def _checked(result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), "no namespaces for a child")


def others() -> int:
    """How many threads this user has in all."""
    found = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if folder.stat().st_uid == os.getuid():
                found += len(os.listdir(folder / "task"))
    return found


def confine(confinement: Confinement, most_memory: int) -> None:
    """Give up everything but reading what is needed, a small folder, and a little of the machine."""
    os.setsid()
    scratch = confinement.scratch
    if confinement.namespaces:
        _checked(_libc.unshare(NEW_IPC | NEW_MOUNTS) if _libc else -1)
        _own_folder(scratch, confinement)
    elif confinement.user:
        os.chown(scratch, confinement.user, confinement.user)
    os.environ |= {"HOME": str(scratch), "TMPDIR": str(scratch)}
    tempfile.tempdir = None
    _limit(confinement.limits, most_memory, confinement.others)
    _drop_privileges(confinement.user)
    os.chdir(scratch)
    if _libc:
        _libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    devices = (Path("/dev/null"), Path("/dev/zero"), Path("/dev/urandom"), Path("/dev/random"))
    landlock.restrict([*confinement.readable, *devices], [scratch, Path("/dev/null")])
    if confinement.services:
        without_sockets()


def leave_nothing(child: int, confinement: Confinement, boxed: bool) -> None:
    """After a child without a world of its own: end what it started, and empty its folder.

    In a box everything but ourselves and the first process is what a child left. Elsewhere it is
    the child's group, and whoever became ours because its parent ended.
    """
    until = time.monotonic() + LEFTOVERS
    while time.monotonic() < until:
        for process in [-1] if boxed else [-child, *_our_children()]:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, SIGKILL)
        try:
            if not os.waitpid(-1, os.WNOHANG)[0]:
                time.sleep(0.001)
        except ChildProcessError:  # they are gone
            break
    shutil.rmtree(confinement.scratch, ignore_errors=True)
    confinement.scratch.mkdir(mode=0o700, exist_ok=True)


def _our_children() -> list[int]:
    try:
        return [int(n) for n in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    except OSError:
        return []


def _own_folder(scratch: Path, confinement: Confinement) -> None:
    """A fresh one in memory, of limited size; and nothing where the system tells of processes."""
    size = confinement.limits.file
    owner = confinement.user or os.getuid()
    options = f"size={size},nr_inodes=4096,mode=700,uid={owner}".encode()
    flags = NO_SUID | NO_DEVICES
    _mount(b"tmpfs", os.fsencode(scratch), b"tmpfs", flags, options)
    for folder in ("/dev/shm", "/proc"):
        if os.path.isdir(folder):
            _mount(b"tmpfs", folder.encode(), b"tmpfs", flags | 1, b"size=4k,mode=755")


def _limit(limits: Limits, most_memory: int, others: int) -> None:
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: limits.cpu,
        resource.RLIMIT_FSIZE: limits.file,
        resource.RLIMIT_AS: most_memory,
        resource.RLIMIT_NOFILE: 256,
        resource.RLIMIT_NPROC: limits.processes + others,
    }
    for kind, most in wanted.items():
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with suppress(ValueError, OSError):  # macOS has no limit of memory
            resource.setrlimit(kind, (most, most))


def _drop_privileges(user: int) -> None:
    """For good: no user id, no capability and no set-uid program brings anything back."""
    if _libc:
        for capability in range(64):
            _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
        _libc.prctl(PR_CAP_AMBIENT, 4, 0, 0, 0)
    if user:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    if _libc:
        _libc.capset((ctypes.c_uint32 * 2)(CAPABILITIES_3, 0), (ctypes.c_uint32 * 6)())
        _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getuid() == 0:
        raise PermissionError("a student's code never runs as root")


def _mount(source: bytes, at: bytes, kind: bytes | None, flags: int, options: bytes | None) -> int:
    result: int = _libc.mount(source, at, kind, ctypes.c_ulong(flags), options) if _libc else -1
    return result


def memory_in_use() -> int:
    """Bytes of address space that this process has: the lowest limit under which a page is given.

    Asked of the limit itself, because a sandbox may have no /proc.
    """
    import mmap

    old = resource.getrlimit(resource.RLIMIT_AS)
    low, high = 0, 1 << 47 if old[0] == resource.RLIM_INFINITY else old[0]
    try:
        while high - low > 1 << 20:
            middle = (low + high) // 2
            resource.setrlimit(resource.RLIMIT_AS, (middle, old[1]))
            try:
                mmap.mmap(-1, mmap.PAGESIZE).close()
                high = middle
            except (OSError, MemoryError):
                low = middle
    finally:
        resource.setrlimit(resource.RLIMIT_AS, old)
    return high
