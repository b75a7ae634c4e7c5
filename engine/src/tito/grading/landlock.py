"""Landlock: a Linux process gives up, for itself and all it starts, every path it does not name.

Source: https://docs.kernel.org/userspace-api/landlock.html
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

CREATE, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same numbers on every processor
PATH_BENEATH = 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
TRUNCATE, IOCTL = 1 << 14, 1 << 15
ALL = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}  # by version
TCP = 3  # bind and connect, from version 4
SCOPES = 3  # abstract sockets and signals, from version 6
FOR_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def version() -> int:
    """What the kernel offers; 0 for nothing."""
    return max(_libc.syscall(CREATE, None, 0, 1), 0) if _libc else 0


def restrict(readable: Iterable[Path], writable: Iterable[Path]) -> bool:
    """From here on only these paths, and no TCP. Returns whether the kernel can.

    The process must have given up new privileges (`no_new_privs`) before.
    """
    if not (found := version()) or not _libc:
        return False
    every = ALL[max(known for known in ALL if known <= found)]
    fields = [every] + [TCP] * (found >= 4) + [SCOPES] * (found >= 6)
    attributes = struct.pack(f"{len(fields)}Q", *fields)
    rules = _checked(_libc.syscall(CREATE, attributes, len(attributes), 0))
    try:
        for path in readable:
            _allow(rules, path, EXECUTE | READ_FILE | READ_DIR)
        for path in writable:
            _allow(rules, path, every & ~IOCTL)
        _checked(_libc.syscall(RESTRICT_SELF, rules, 0))
    finally:
        os.close(rules)
    return True


def _allow(rules: int, path: Path, access: int) -> None:
    with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
                access &= FOR_FILES
            rule = struct.pack("=Qi", access, descriptor)
            _checked(_libc.syscall(ADD_RULE, rules, PATH_BENEATH, rule, 0) if _libc else 0)
        finally:
            os.close(descriptor)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
