"""The files of a folder or of an archive, one by one, none of which can lead out of it.

Nothing is unpacked: a file is read when it is wanted, up to a limit. One that is not as it should be
is a finding, and the others are read all the same.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC
from functools import partial
from pathlib import Path

from tito.errors import UsageError
from tito.grading.intake import MOST_BYTES, SAFELY
from tito.grading.timestamp import handed_in
from tito.model import Finding

MOST_ENTRIES = 100_000
MOST_RATIO = 200  # of what a file unpacks to, if that is more than a MiB
MOST_IN_ALL = 8 << 30


class Bad(Exception):
    """Why a file is not taken."""


@dataclass(frozen=True, slots=True)
class Entry:
    """`path` has `/` between its parts and is relative; `at` is seconds since 1970. `read` raises
    Bad."""

    path: str
    at: float
    read: Callable[[], bytes]


@contextlib.contextmanager
def entries(where: Path) -> Iterator[Iterator[Entry | Finding]]:
    """They can be read as long as this context lasts. Raises UsageError if there is neither a folder
    nor a zip archive."""
    if where.is_dir():
        yield _in_folder(where)
        return
    try:
        archive = zipfile.ZipFile(where)
    except FileNotFoundError:
        raise UsageError(Finding("there is no such folder or archive", str(where))) from None
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        fix = "download it again; a folder of submissions will do, too"
        message = f"this is no zip archive that can be read: {error}"
        raise UsageError(Finding(message, str(where), fix)) from None
    with archive:
        yield _in_archive(archive, where.name)


def _in_folder(root: Path) -> Iterator[Entry | Finding]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__MACOSX")))
        for name in sorted([*folders, *files]):
            path = Path(folder, name)
            shown = path.relative_to(root).as_posix()
            status = path.lstat()
            if stat.S_ISLNK(status.st_mode):
                yield _finding(shown, root.name, "it is a link, and links are not followed")
            elif stat.S_ISREG(status.st_mode) and not name.startswith("."):
                yield Entry(_usual(shown), _handed_in(path, status), partial(_read_file, path))


def _handed_in(path: Path, status: os.stat_result) -> float:
    """As nbgrader noted it beside the file, if it did; else when the file was last changed."""
    if not path.with_name("timestamp.txt").is_file():
        return status.st_mtime
    at = handed_in(path.parent)
    return at.replace(tzinfo=UTC).timestamp() if at else status.st_mtime


def _read_file(path: Path) -> bytes:
    try:
        with open(os.open(path, SAFELY), "rb") as file:
            return _limited(file.read(MOST_BYTES + 1))
    except OSError as error:
        raise Bad(error.strerror or str(error)) from None


def _in_archive(archive: zipfile.ZipFile, name: str) -> Iterator[Entry | Finding]:
    left = [MOST_IN_ALL]
    members = archive.infolist()
    if len(members) > MOST_ENTRIES:
        message = f"the archive has {len(members):,} files; at most {MOST_ENTRIES:,} are read"
        raise UsageError(Finding(message, name, "split it"))
    for member in members:
        path = _usual(_decoded(member))
        if member.is_dir() or path.startswith("__MACOSX/"):
            continue
        if why := _suspicious(member, path):
            yield _finding(path, name, why)
        elif not path.rpartition("/")[2].startswith("."):
            yield Entry(path, _time(member), partial(_unpacked, archive, member, left))


def _decoded(member: zipfile.ZipInfo) -> str:
    """Many write UTF-8 without saying so; Python then takes it for the letters of DOS."""
    if not member.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            return member.filename.encode("cp437").decode("utf-8")
    return member.filename


def _usual(path: str) -> str:
    return unicodedata.normalize("NFC", path)


def _suspicious(member: zipfile.ZipInfo, path: str) -> str:
    """Why the file is not even looked at; empty if it may be."""
    mode = member.external_attr >> 16
    if path.startswith("/") or "\\" in path or path[1:2] == ":" or ".." in path.split("/"):
        return "its path leads out of the archive"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "it is a link, or no ordinary file"
    if member.flag_bits & 0x1:
        return "it is encrypted"
    if path.lower().endswith((".zip", ".tar", ".gz", ".7z", ".rar")):
        return "it is an archive in an archive, and these are not opened"
    return ""


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, left: list[int]) -> bytes:
    """What the archive says of sizes may be wrong: what comes out is what counts."""
    try:
        with archive.open(member) as file:
            data = _limited(file.read(MOST_BYTES + 1))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise Bad(f"it cannot be unpacked: {error}") from None
    except (ValueError, RuntimeError) as error:
        raise Bad(f"it cannot be unpacked: {type(error).__name__}") from None
    left[0] -= len(data)
    if len(data) > 1 << 20 and len(data) > MOST_RATIO * max(member.compress_size, 1):
        raise Bad(f"it unpacks to more than {MOST_RATIO} times its size, as no notebook does")
    if left[0] < 0:
        raise Bad(f"what was unpacked before it takes {MOST_IN_ALL >> 30} GiB")
    return data


def _limited(data: bytes) -> bytes:
    if len(data) > MOST_BYTES:
        raise Bad(f"it is larger than {MOST_BYTES >> 20} MiB")
    return data


def _time(member: zipfile.ZipInfo) -> float:
    """Archives tell local time, and no zone."""
    try:
        return time.mktime((*member.date_time, 0, 0, -1))
    except (ValueError, OverflowError):
        return 0.0


def _finding(path: str, where: str, why: str) -> Finding:
    shown = path.encode("utf-8", "replace").decode()[:200]
    return Finding(f"{shown!a} is left out: {why}", where, level="warning")
