"""Reads a small zip archive of somebody else's. Nothing is unpacked to disk, no name is followed."""

import io
import lzma
import stat
import zipfile
import zlib

from tinytorch_profiling.olympics.errors import refused

BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError,
          NotImplementedError, RuntimeError, IndexError)  # fmt: skip
PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED = 1


def members(data, where, most):
    """The name of each file in the archive, with its bytes: at most `most` of them in all."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except BROKEN:
        raise refused(
            "it is no whole zip archive: cut off, damaged, or something else",
            where,
            "write it again, and send all of it",
        ) from None
    found = {}
    with archive:
        for info in archive.infolist():
            check(info, found, where)
            found[info.filename] = content(archive, info, where, most)
            most -= len(found[info.filename])
    return found


def check(info, found, where):
    name = ascii(info.filename[:100])
    if info.filename in found:
        raise refused(f"it holds {name} twice", where, "write it again with one of them")
    if info.filename != info.orig_filename or "\\" in info.filename or ":" in info.filename:
        raise refused(f"it holds a file with a name like {name}", where, "use plain names")
    if info.filename.startswith("/") or ".." in info.filename.split("/"):
        raise refused(f"a path in it leads out of it: {name}", where, "files lie at its top")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if info.is_dir() or kind not in (0, stat.S_IFREG):
        raise refused(f"{name} in it is a folder, a link or a device", where, "only files, please")
    if info.flag_bits & ENCRYPTED or info.compress_type not in PLAIN:
        raise refused(f"{name} in it is encrypted, or packed in a rare way", where, "use deflate")


def content(archive, info, where, most):
    """Never more than `most` bytes are unpacked, whatever the archive says of its sizes."""
    name = ascii(info.filename[:100])
    try:
        with archive.open(info) as file:
            data = file.read(most + 1)
    except BROKEN:
        raise refused(f"{name} in it is damaged", where, "write it again") from None
    if len(data) > most:
        raise refused(f"{name} in it unpacks to more than is allowed", where, "make it smaller")
    return data
