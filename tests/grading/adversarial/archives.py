"""Archives as a learning platform might pass them on, with one hostile entry each."""

from __future__ import annotations

import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

MIB = 1 << 20
ARCHIVES: dict[str, Callable[[zipfile.ZipFile], None]] = {}
HOSTILE_NAMES = {
    "absolute": "/etc/cron.d/total.ipynb",
    "climbs": "../../total.ipynb",
    "climbs-inside": "bob/../../../total.ipynb",
    "climbs-as-on-windows": "..\\..\\total.ipynb",
    "of-a-drive": "C:/total.ipynb",
    "of-a-device": "bob/\x00total.ipynb",
    "terminal": "\x1b]0;owned\x07/total.ipynb",
    "formula": "=cmd|' /C calc'!A1/total.ipynb",
    "dots": "../total.ipynb",
    "dot": "./../x/total.ipynb",
    "long": "x" * 5000 + "/total.ipynb",
    "dash": "-rf/total.ipynb",
    "right-to-left": "\u202eann/total.ipynb",
}


def entry(function: Callable[[zipfile.ZipFile], None]) -> Callable[[zipfile.ZipFile], None]:
    ARCHIVES[function.__name__.replace("_", "-")] = function
    return function


def _named(path: str) -> Callable[[zipfile.ZipFile], None]:
    return lambda archive: archive.writestr(zipfile.ZipInfo(path), b"{}")


ARCHIVES.update({f"name-{name}": _named(path) for name, path in HOSTILE_NAMES.items()})


@entry
def bomb(archive: zipfile.ZipFile) -> None:
    archive.writestr("bob/total.ipynb", bytes(300 * MIB), zipfile.ZIP_DEFLATED)


@entry
def link(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("bob/total.ipynb")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(info, b"/etc/passwd")


@entry
def link_to_a_folder(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("bob")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(info, b"../../..")
    archive.writestr("bob/total.ipynb", b"{}")


@entry
def the_same_twice(archive: zipfile.ZipFile) -> None:
    archive.writestr("ann/TOTAL.ipynb", b"{}")


@entry
def encrypted(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("bob/total.ipynb")
    info.flag_bits |= 1
    archive.writestr(info, b"{}")


def lies_about_its_size(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<L", 300 * MIB), struct.pack("<L", 100)))
