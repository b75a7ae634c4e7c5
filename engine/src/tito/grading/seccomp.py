"""Where files are not hidden, services of this machine are in reach: a process gives up sockets.

Landlock closes TCP only: not UDP, and not the sockets that have a file's name. The kernel asks a
program of ours, in the language of packet filters, about each call of the system; it answers no to
those that make a socket, of whatever kind, and to what could make one behind its back. A pair of
sockets, which reaches nobody, is another call.
Source: https://docs.kernel.org/userspace-api/seccomp_filter.html
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys

PR_SET_SECCOMP, FILTER = 22, 2
NUMBER, PROCESSOR = 0, 4  # where they stand in what the kernel tells about a call
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
ALLOW, DENY, KILL = 0x7FFF0000, 0x00050000 | errno.EACCES, 0x80000000
# What the kernel calls a processor, and its call `socket`.
KNOWN = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
IO_URING = 425  # works through calls that no filter sees, sockets among them
OTHER_NUMBERS = 1 << 30  # from there on x86 has each call a second time

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def without_sockets() -> bool:
    """From here on this process, and all it starts, makes no socket. Returns whether that holds.

    The process must have given up new privileges (`no_new_privs`) before.
    """
    known = KNOWN.get(platform.machine())
    if not known or not _libc:
        return False
    steps = _steps(*known)
    program = Program(len(steps), b"".join(steps))
    return not _libc.prctl(PR_SET_SECCOMP, FILTER, ctypes.byref(program), 0, 0)


def _steps(processor: int, socket: int) -> list[bytes]:
    """Each is what to do, how many steps to skip if it holds and if not, and a number."""
    steps = (
        (LOAD, 0, 0, PROCESSOR),
        (EQUAL, 1, 0, processor),
        (RETURN, 0, 0, KILL),  # calls with the numbers of another processor
        (LOAD, 0, 0, NUMBER),
        (EQUAL, 3, 0, socket),
        (EQUAL, 2, 0, IO_URING),
        (AT_LEAST, 1, 0, OTHER_NUMBERS),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, DENY),
    )
    return [struct.pack("=HBBI", *step) for step in steps]
