"""From a folder or an archive of a learning platform to `submitted/`."""

from __future__ import annotations

import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tito.errors import CourseFolderError, UsageError
from tito.grading.collect import Collection, collect, put, read_students
from tito.grading.course import CourseFolder

NAME = "01_counter"
LATER = (2026, 3, 2, 12, 0, 0)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "class.zip"


def pack(archive: Path, **members: bytes) -> None:
    pack_at(archive, *((name, data, (2026, 3, 1, 12, 0, 0)) for name, data in members.items()))


def pack_at(
    archive: Path, *members: tuple[str, bytes, tuple[int, int, int, int, int, int]]
) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data, at in members:
            made.writestr(zipfile.ZipInfo(name, at), data)


def collected(course: CourseFolder, where: Path, pattern: str = "", **students: str) -> Collection:
    return collect(course, NAME, where, pattern, students)


def submitted(course: CourseFolder) -> dict[str, bytes]:
    root = course.root / "submitted"
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.glob("*/*/*"))
        if path.name != "timestamp.txt"
    }


def table(collection: Collection) -> list[tuple[str, str, str, bool]]:
    return [(c.called, c.student, c.outcome, c.late) for c in collection.students]


def test_canvas(course: CourseFolder, archive: Path) -> None:
    pack(
        archive,
        **{
            "doejane_4711_98765_counter-1.ipynb": b"jane",
            "roebob_LATE_4712_98766_counter.ipynb": b"bob",
            "limay_4713_98767_my work.ipynb": b"may",
            "limay_4713_98768_picture.png": b"picture",
        },
    )
    collection = collected(course, archive)
    assert collection.layout == "canvas"
    assert table(collection) == [
        ("doejane (4711)", "doejane_4711", "new", False),
        ("limay (4713)", "limay_4713", "new", False),
        ("roebob (4712)", "roebob_4712", "new", True),
    ]
    assert submitted(course) == {
        "doejane_4711/01_counter/counter.ipynb": b"jane",
        "limay_4713/01_counter/my work.ipynb": b"may",
        "roebob_4712/01_counter/counter.ipynb": b"bob",
    }
    assert collection.findings == []


def test_moodle(course: CourseFolder, archive: Path) -> None:
    pack(
        archive,
        **{
            "Jane Doe_98765_assignsubmission_file_/counter.ipynb": b"jane",
            "Jürgen von Roe_98766_assignsubmission_file_/counter (2).ipynb": b"bob",
            "May Li_98767_assignsubmission_onlinetext_/onlinetext.html": b"<p>",
        },
    )
    collection = collected(course, archive)
    assert collection.layout == "moodle"
    assert submitted(course) == {
        "Jane_Doe/01_counter/counter.ipynb": b"jane",
        "Jürgen_von_Roe/01_counter/counter.ipynb": b"bob",
    }
    assert collection.students[0].called == "Jane Doe (98765)"


@pytest.mark.parametrize(
    ("layout", "path"),
    [
        ("folders", "ann/01_counter/counter.ipynb"),
        ("folders", "class/ann/01_counter/counter.ipynb"),
        ("students", "ann/counter.ipynb"),
        ("files", "ann.ipynb"),
    ],
)
def test_folders(course: CourseFolder, tmp_path: Path, layout: str, path: str) -> None:
    file = tmp_path / "in" / path
    file.parent.mkdir(parents=True)
    file.write_bytes(b"hers")
    collection = collected(course, tmp_path / "in")
    assert collection.layout == layout
    assert submitted(course) == {"ann/01_counter/counter.ipynb": b"hers"}


def test_what_is_another_assignments_stays_where_it_is(
    course: CourseFolder, tmp_path: Path
) -> None:
    for name in ("01_counter", "02_total"):
        file = tmp_path / "in" / "ann" / name / f"{name[3:]}.ipynb"
        file.parent.mkdir(parents=True)
        file.write_bytes(name.encode())
    collected(course, tmp_path / "in")
    assert submitted(course) == {"ann/01_counter/counter.ipynb": b"01_counter"}


def test_a_pattern(course: CourseFolder, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "hw1-ann.ipynb").write_bytes(b"hers")
    (tmp_path / "in" / "odd.ipynb").write_bytes(b"?")
    collection = collected(course, tmp_path / "in", r"hw1-(?P<student>\w+)\.ipynb")
    assert submitted(course) == {"ann/01_counter/counter.ipynb": b"hers"}
    assert "'odd.ipynb' does not say whose it is" in collection.findings[0].message


@pytest.mark.parametrize("pattern", ["(", r"(?P<name>\w+)\.ipynb"])
def test_a_wrong_pattern_is_explained(course: CourseFolder, tmp_path: Path, pattern: str) -> None:
    with pytest.raises(UsageError, match="--pattern"):
        collected(course, tmp_path, pattern)


def test_the_last_attempt_counts_and_the_others_are_kept(
    course: CourseFolder, archive: Path
) -> None:
    pack(
        archive,
        **{
            "doejane_4711_98765_counter-2.ipynb": b"third",
            "doejane_4711_98765_counter.ipynb": b"first",
            "doejane_4711_98765_counter-1.ipynb": b"second",
        },
    )
    collected(course, archive)
    assert submitted(course) == {"doejane_4711/01_counter/counter.ipynb": b"third"}
    kept = (course.root / "earlier" / "doejane_4711" / NAME).glob("*/counter.ipynb")
    assert {path.read_bytes() for path in kept} == {b"first", b"second"}


def test_collecting_again_changes_nothing(course: CourseFolder, archive: Path) -> None:
    pack(archive, **{"ann/counter.ipynb": b"hers"})
    assert [c.outcome for c in collected(course, archive).students] == ["new"]
    assert [c.outcome for c in collected(course, archive).students] == ["as before"]
    assert not (course.root / "earlier").exists()


def test_a_newer_one_replaces_and_an_older_one_does_not(
    course: CourseFolder, archive: Path
) -> None:
    for at, data, outcome, stays in (
        ((2026, 3, 2, 12, 0, 0), b"second", "new", b"second"),
        ((2026, 3, 3, 12, 0, 0), b"third", "newer", b"third"),
        ((2026, 3, 1, 12, 0, 0), b"first", "older", b"third"),
    ):
        pack_at(archive, ("ann/counter.ipynb", data, at))
        assert [c.outcome for c in collected(course, archive).students] == [outcome]
        assert submitted(course) == {"ann/01_counter/counter.ipynb": stays}
    kept = (course.root / "earlier" / "ann" / NAME).glob("*/counter.ipynb")
    assert {path.read_bytes() for path in kept} == {b"first", b"second"}


def test_the_time_is_kept_as_nbgrader_reads_it(course: CourseFolder, archive: Path) -> None:
    from nbgrader.coursedir import CourseDirectory

    pack(archive, **{"ann/counter.ipynb": b"hers"})
    collected(course, archive)
    directory = CourseDirectory(root=str(course.root))
    at = directory.get_existing_timestamp(str(course.submitted("ann", NAME)))
    here = datetime(2026, 3, 1, 12).astimezone()
    assert at == here.astimezone(UTC).replace(tzinfo=None)


def test_a_time_that_nbgrader_noted_counts_more_than_the_files(
    course: CourseFolder, tmp_path: Path
) -> None:
    folder = tmp_path / "in" / "ann"
    folder.mkdir(parents=True)
    (folder / "counter.ipynb").write_bytes(b"hers")
    (folder / "timestamp.txt").write_text("2026-03-01 10:00:00.123456 Europe/Berlin")
    collected(course, tmp_path / "in")
    stamp = (course.submitted("ann", NAME) / "timestamp.txt").read_text()
    assert stamp == "2026-03-01 09:00:00 UTC\n"


@pytest.mark.parametrize("at", [1e300, float("nan"), -1e12])
def test_a_time_that_never_was_is_none(course: CourseFolder, at: float) -> None:
    assert put(course, NAME, "ann", {"counter.ipynb": b"hers"}, at) == "new"
    assert submitted(course) == {"ann/01_counter/counter.ipynb": b"hers"}


def test_two_of_one_name_are_told_apart(course: CourseFolder, archive: Path) -> None:
    pack(
        archive,
        **{
            "Jane Doe_1_assignsubmission_file_/counter.ipynb": b"one",
            "Jane Doe_2_assignsubmission_file_/counter.ipynb": b"two",
        },
    )
    collection = collected(course, archive)
    assert submitted(course) == {
        "Jane_Doe_1/01_counter/counter.ipynb": b"one",
        "Jane_Doe_2/01_counter/counter.ipynb": b"two",
    }
    assert "2 students are called 'Jane_Doe'" in collection.findings[0].message


def test_a_table_tells_who_is_who(course: CourseFolder, archive: Path, tmp_path: Path) -> None:
    pack(
        archive,
        **{
            "doejane_4711_98765_counter.ipynb": b"jane",
            "roebob_4712_98766_counter.ipynb": b"bob",
        },
    )
    (tmp_path / "who.csv").write_text("\ufeffcalled,student\n4711,jd1\nroebob,br2\n", "utf-8")
    students = read_students(tmp_path / "who.csv")
    assert {c.student for c in collected(course, archive, **students).students} == {"jd1", "br2"}


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "called,student\n4711\n", "\0", "\ud800"])
def test_a_wrong_table_is_explained(tmp_path: Path, text: str) -> None:
    path = tmp_path / "who.csv"
    path.write_text(text, "utf-8", errors="surrogatepass")
    if text in ("", "\0"):
        assert read_students(path) == {}
        return
    with pytest.raises(UsageError, match="called,student"):
        read_students(path)


def test_a_name_that_is_no_name_costs_nobody_else(course: CourseFolder, archive: Path) -> None:
    pack(
        archive,
        **{
            "-rf/counter.ipynb": b"x",
            "a\u202eb/counter.ipynb": b"x",
            "ann/counter.ipynb": b"hers",
        },
    )
    collection = collected(course, archive)
    assert submitted(course) == {"ann/01_counter/counter.ipynb": b"hers"}
    assert len(collection.findings) == 2
    assert all("cannot be a student's name" in f.message for f in collection.findings)


def test_names_that_differ_in_case_only_are_told(course: CourseFolder, archive: Path) -> None:
    pack(archive, **{"Ann/counter.ipynb": b"one", "ann/counter.ipynb": b"two"})
    collection = collected(course, archive)
    assert list(submitted(course)) == ["Ann/01_counter/counter.ipynb"]
    assert "are one folder on many systems" in collection.findings[0].message


def test_a_duplicate_in_an_archive_is_an_earlier_attempt(
    course: CourseFolder, archive: Path
) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        pack_at(
            archive,
            ("ann/counter.ipynb", b"second", LATER),
            ("ann/counter.ipynb", b"first", (2026, 3, 1, 12, 0, 0)),
        )
    collected(course, archive)
    assert submitted(course) == {"ann/01_counter/counter.ipynb": b"second"}


def test_what_cannot_be_unpacked_leaves_the_attempt_before(
    course: CourseFolder, archive: Path
) -> None:
    pack(
        archive,
        **{
            "ann_1_1_counter.ipynb": b"the first attempt",
            "ann_1_1_counter-1.ipynb": bytes(30 << 20),
        },
    )
    collection = collected(course, archive)
    assert submitted(course) == {"ann_1/01_counter/counter.ipynb": b"the first attempt"}
    assert "is not taken" in collection.findings[0].message


def test_a_folder_in_submitted_that_is_a_link_is_not_written_through(
    course: CourseFolder, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (course.root / "submitted" / "ann").mkdir(parents=True)
    course.submitted("ann", NAME).symlink_to(outside)
    assert put(course, NAME, "ann", {"counter.ipynb": b"hers"}, 0) == "newer"
    assert list(outside.iterdir()) == []
    assert submitted(course) == {"ann/01_counter/counter.ipynb": b"hers"}


def test_a_disk_that_is_full_leaves_the_old_submission(
    course: CourseFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(course, NAME, "ann", {"counter.ipynb": b"first"}, 0)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CourseFolderError, match="No space left"):
        put(course, NAME, "ann", {"counter.ipynb": b"second"}, 0)
    assert submitted(course) == {"ann/01_counter/counter.ipynb": b"first"}
    assert [path.name for path in (course.root / "submitted" / "ann").iterdir()] == [NAME]
