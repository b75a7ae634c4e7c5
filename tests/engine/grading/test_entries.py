"""Files of folders and archives: none leads out, none is larger than it may be, none costs another."""

from __future__ import annotations

import io
import stat
import struct
import time
import zipfile
from pathlib import Path

import pytest

from tito.errors import UsageError
from tito.grading import entries as module
from tito.grading.entries import Bad, Entry, entries
from tito.model import Finding


def seen(where: Path) -> tuple[dict[str, bytes | str], list[str]]:
    """(path → its bytes, or why not; the findings)"""
    files: dict[str, bytes | str] = {}
    findings = []
    with entries(where) as listed:
        for each in listed:
            if isinstance(each, Finding):
                findings.append(each.message)
                continue
            assert isinstance(each, Entry)
            try:
                files[each.path] = each.read()
            except Bad as error:
                files[each.path] = str(error)
    return files, findings


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "class.zip"


def pack(archive: Path, *members: tuple[str | zipfile.ZipInfo, bytes]) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members:
            made.writestr(name, data)


def test_a_folders_files_are_read_and_its_links_are_not(tmp_path: Path) -> None:
    root = tmp_path / "class"
    (root / "ann" / ".ipynb_checkpoints").mkdir(parents=True)
    (root / "ann" / ".ipynb_checkpoints" / "old.ipynb").write_bytes(b"old")
    (root / "ann" / "tensor.ipynb").write_bytes(b"hers")
    (tmp_path / "secret.ipynb").write_bytes(b"secret")
    (root / "bob.ipynb").symlink_to(tmp_path / "secret.ipynb")
    (root / "eve").symlink_to(tmp_path)
    files, findings = seen(root)
    assert files == {"ann/tensor.ipynb": b"hers"}
    assert len(findings) == 2
    assert all("links are not followed" in finding for finding in findings)


def test_an_archives_files_are_read(archive: Path) -> None:
    info = zipfile.ZipInfo("ann/tensor.ipynb", (2026, 3, 1, 12, 30, 0))
    pack(archive, (info, b"hers"), ("bob/", b""), ("__MACOSX/._x", b""), ("bob/.DS_Store", b""))
    assert seen(archive) == ({"ann/tensor.ipynb": b"hers"}, [])
    with entries(archive) as listed:
        (entry,) = listed
        assert isinstance(entry, Entry)
        assert entry.at == time.mktime((2026, 3, 1, 12, 30, 0, 0, 0, -1))


@pytest.mark.parametrize(
    "path",
    [
        "/etc/tensor.ipynb",
        "../tensor.ipynb",
        "a/../../t.ipynb",
        "..\\t.ipynb",
        "C:/t.ipynb",
        "a\\b.py",
    ],
)
def test_a_path_that_leads_out_is_left_out(archive: Path, path: str) -> None:
    pack(archive, (path, b"evil"), ("ann/tensor.ipynb", b"hers"))
    files, (finding,) = seen(archive)
    assert files == {"ann/tensor.ipynb": b"hers"}
    assert "leads out" in finding


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_a_link_or_a_device_is_left_out(archive: Path, kind: int) -> None:
    link = zipfile.ZipInfo("bob/tensor.ipynb")
    link.external_attr = (kind | 0o777) << 16
    pack(archive, (link, b"/etc/passwd"), ("ann/tensor.ipynb", b"hers"))
    files, (finding,) = seen(archive)
    assert files == {"ann/tensor.ipynb": b"hers"}
    assert "no ordinary file" in finding


def test_an_archive_in_an_archive_is_not_opened(archive: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as made:
        made.writestr("tensor.ipynb", b"x")
    pack(archive, ("bob/work.zip", inner.getvalue()), ("ann/tensor.ipynb", b"hers"))
    files, (finding,) = seen(archive)
    assert list(files) == ["ann/tensor.ipynb"]
    assert "archive in an archive" in finding


def test_bombs_are_not_unpacked(archive: Path) -> None:
    pack(
        archive,
        ("bob/tensor.ipynb", bytes(30 << 20)),
        ("eve/tensor.ipynb", bytes(10 << 20)),
        ("ann/tensor.ipynb", b"hers"),
    )
    files, _ = seen(archive)
    assert "larger than 20 MiB" in str(files["bob/tensor.ipynb"])
    assert "200 times its size" in str(files["eve/tensor.ipynb"])
    assert files["ann/tensor.ipynb"] == b"hers"


def test_a_bomb_that_lies_about_its_size_is_not_unpacked(archive: Path) -> None:
    pack(archive, ("bob/tensor.ipynb", bytes(100 << 20)), ("ann/tensor.ipynb", b"hers"))
    data = archive.read_bytes()
    lie, truth = struct.pack("<L", 100), struct.pack("<L", 100 << 20)
    archive.write_bytes(data.replace(truth, lie))
    files, _ = seen(archive)
    assert isinstance(files["bob/tensor.ipynb"], str) or len(files["bob/tensor.ipynb"]) <= 100
    assert files["ann/tensor.ipynb"] == b"hers"


def test_all_files_together_have_a_limit(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_IN_ALL", 5000)
    pack(archive, *((f"s{n}/tensor.ipynb", bytes(1000)) for n in range(8)))
    files, _ = seen(archive)
    assert [isinstance(each, bytes) for each in files.values()] == [True] * 5 + [False] * 3


def test_too_many_files_are_an_error(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ENTRIES", 3)
    pack(archive, *((f"s{n}/tensor.ipynb", b"") for n in range(4)))
    with pytest.raises(UsageError, match="at most 3 are read"):
        seen(archive)


def test_a_damaged_file_costs_no_other(archive: Path) -> None:
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("bob/tensor.ipynb", b"his own work, every line of it")
        made.writestr("ann/tensor.ipynb", b"hers")
    archive.write_bytes(archive.read_bytes().replace(b"his own work", b"HIS OWN WORK"))
    files, _ = seen(archive)
    assert "cannot be unpacked" in str(files["bob/tensor.ipynb"])
    assert files["ann/tensor.ipynb"] == b"hers"


def test_an_encrypted_file_costs_no_other(archive: Path) -> None:
    pack(archive, ("bob/tensor.ipynb", b"his"), ("ann/tensor.ipynb", b"hers"))
    data = bytearray(archive.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    archive.write_bytes(data)
    files, (finding,) = seen(archive)
    assert files == {"ann/tensor.ipynb": b"hers"}
    assert "encrypted" in finding


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"hello", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_archive_is_said(archive: Path, data: bytes) -> None:
    archive.write_bytes(data)
    if data.startswith(b"PK\x05\x06"):
        assert seen(archive) == ({}, [])
        return
    with pytest.raises(UsageError, match="no zip archive"):
        seen(archive)


def test_nothing_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        seen(tmp_path / "nothing.zip")


def test_a_name_is_brought_to_its_usual_form(archive: Path) -> None:
    pack(archive, ("Ju\u0308rgen/tensor.ipynb", b"his"))
    assert list(seen(archive)[0]) == ["J\u00fcrgen/tensor.ipynb"]


def test_utf_8_that_does_not_say_so_is_read(archive: Path) -> None:
    pack(archive, ("J\u00fcrgen/tensor.ipynb", b"his"))
    data = bytearray(archive.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        data[data.index(mark) + offset] &= ~0x08
    archive.write_bytes(data)
    assert list(seen(archive)[0]) == ["J\u00fcrgen/tensor.ipynb"]
