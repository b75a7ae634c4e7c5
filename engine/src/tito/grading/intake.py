"""Takes what a student handed in, as bytes. Nothing in that folder leads out of it, or holds us up.

What cannot be taken is said in a remark, never raised.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tito.grading.result import Remark

MOST_BYTES = 20 << 20
MOST_ENTRIES = 1_000
MOST_NAME = 80  # characters of a name that a remark shows

# Links are not followed, and opening a pipe does not wait for its other end. Windows lacks both.
SAFELY = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@dataclass(frozen=True, slots=True)
class Submission:
    """`data` is the file called `name`; if nothing could be taken, `name` is empty and `problem`
    says why. `digest` changes with whatever of the folder matters."""

    name: str
    data: bytes
    digest: str
    problem: str = ""
    remarks: tuple[Remark, ...] = ()


class Refused(Exception):
    """Why nothing can be taken, in words for the student."""


def take(course_submitted: Path, module: str) -> Submission:
    """The notebook `MODULE.ipynb` of a folder `…/submitted/STUDENT/ASSIGNMENT`, or `MODULE.py`."""
    names: list[str] = []
    try:
        with _folder(course_submitted) as folder:
            names = _names(folder)
            name, remarks = _choose(names, module)
            data = _read(name, folder)
    except Refused as error:
        digest = _digest(*names, str(error))
        return Submission("", b"", digest, str(error))
    digest = _digest(*names, name, hashlib.sha256(data).hexdigest())
    notes = tuple(Remark("note", "", text) for text in remarks)
    return Submission(name, data, digest, remarks=notes)


@contextmanager
def _folder(path: Path) -> Iterator[int]:
    """The folder's descriptor. Neither it nor the student's folder around it may be a link."""
    flags = SAFELY | getattr(os, "O_DIRECTORY", 0)
    opened: list[int] = []
    try:
        opened.append(os.open(path.parent, flags))
        opened.append(os.open(path.name, flags, dir_fd=opened[0]))
        yield opened[1]
    except OSError as error:
        raise Refused(f"the folder cannot be read: {_why(error)}") from None
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _names(folder: int) -> list[str]:
    """The notebooks and scripts of the folder, hidden ones left out."""
    with os.scandir(folder) as entries:
        found = [entry.name for entry, _ in zip(entries, range(MOST_ENTRIES + 1), strict=False)]
    if len(found) > MOST_ENTRIES:
        raise Refused(f"the folder holds more than {MOST_ENTRIES} files")
    return sorted(n for n in found if n.endswith((".ipynb", ".py")) and not n.startswith("."))


def _choose(names: list[str], module: str) -> tuple[str, list[str]]:
    """(the file to read, what to remark on that)"""
    wanted = [name for name in (f"{module}.ipynb", f"{module}.py") if name in names]
    notebooks = [name for name in names if name.endswith(".ipynb")]
    if wanted:
        ignored = f"{wanted[-1]} was not read, because {wanted[0]} was handed in, too"
        return wanted[0], [ignored] if len(wanted) > 1 else []
    if len(notebooks) == 1:
        called = f"the notebook is called {shown(notebooks[0])}; it was read as {module}.ipynb"
        return notebooks[0], [called]
    if notebooks:
        listed = ", ".join(map(shown, notebooks[:5]))
        number = len(notebooks)
        raise Refused(f"there are {number} notebooks, and none is called {module}.ipynb: {listed}")
    raise Refused(f"there is no notebook {module}.ipynb in what was handed in")


def _read(name: str, folder: int) -> bytes:
    try:
        descriptor = os.open(name, SAFELY, dir_fd=folder)
    except OSError as error:
        raise Refused(f"{shown(name)} cannot be read: {_why(error)}") from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise Refused(f"{shown(name)} is no ordinary file")
    with open(descriptor, "rb") as file:
        if status.st_size > MOST_BYTES:
            size, most = status.st_size, MOST_BYTES >> 20
            raise Refused(f"{shown(name)} has {size:,} bytes; at most {most} MiB are read")
        return file.read(MOST_BYTES)


def shown(name: str) -> str:
    """A name from outside, short enough and with nothing in it that text cannot hold."""
    name = name.encode("utf-8", "replace").decode("utf-8")
    return name if len(name) <= MOST_NAME else f"{name[:MOST_NAME]}…"


def _why(error: OSError) -> str:
    if error.errno in (errno.ENOTDIR, errno.ELOOP):
        return "it is a link, and links are not followed"
    return error.strerror or type(error).__name__


def _digest(*parts: str) -> str:
    text = "\0".join(parts)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
