"""A journal only grows, line by line, and survives whatever cut it off."""

from __future__ import annotations

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tito.errors import CourseFolderError
from tito.grading.journal import Journal


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "results" / "journal.jsonl")


def test_what_is_written_is_read(journal: Journal) -> None:
    assert list(journal.read()) == []
    journal.write("began", student="ann")
    journal.write("ended", student="ann", seconds=0.1)
    assert [(e["event"], e["student"]) for e in journal.read()] == [
        ("began", "ann"),
        ("ended", "ann"),
    ]
    assert all(event["at"] > 1.7e9 for event in journal.read())


@pytest.mark.parametrize("torn", [b'{"at": 1, "ev', b"\xff\xfe\x00", b"[1, 2]\n", b"7"])
def test_a_line_that_was_cut_off_harms_no_other(journal: Journal, torn: bytes) -> None:
    journal.write("began", student="ann")
    with journal.path.open("ab") as file:
        file.write(torn)
    journal.write("began", student="bob")
    assert [event["student"] for event in journal.read()] == ["ann", "bob"]


def test_lines_of_many_writers_do_not_mix(journal: Journal) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: journal.write("began", student=f"{n}" * 50), range(200)))
    assert len(list(journal.read())) == 200


def test_a_full_disk_is_one_finding(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(CourseFolderError, match="No space left"):
        journal.write("began")


def test_why_a_line_fits_only_in_part_is_told(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.write("began", student="ann")
    write, room = os.write, [9]

    def to_the_limit(descriptor: int, data: bytes) -> int:
        if not room:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        return write(descriptor, data[: room.pop()])

    monkeypatch.setattr(os, "write", to_the_limit)
    with pytest.raises(CourseFolderError, match="File too large"):
        journal.write("ended")
    monkeypatch.undo()
    journal.write("began", student="bob")
    assert [event["student"] for event in journal.read()] == ["ann", "bob"]
