"""Killed at any moment, or out of room, grading goes on and ends with the same bytes."""

from __future__ import annotations

import resource
import subprocess
from pathlib import Path

import pytest

from grading.chaos import GRADE, Chaos, results, undisturbed
from grading.full_disk import graded_on_a_full_disk
from grading.synthetic import class_of
from tito.grading.course import CourseFolder
from tito.grading.journal import Journal

NAME = "01_counter"


@pytest.fixture
def full(course: CourseFolder, counter: Path) -> CourseFolder:
    for handed in class_of(course, counter, 20):
        handed.put(course.root / "submitted", NAME)
    return course


def test_killed_again_and_again_it_ends_with_the_same_bytes(full: CourseFolder) -> None:
    chaos = Chaos(full, undisturbed(full), seed=1)
    chaos.disturb(kills=8, patience=1.5)
    assert chaos.killed.total() >= 8
    events = [event["event"] for event in Journal(full.root / "results" / "journal.jsonl").read()]
    assert events.count("ended") >= 20


def grade(course: CourseFolder, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        GRADE, cwd=course.root, capture_output=True, encoding="utf-8", **options
    )


def test_a_disk_that_fills_is_one_finding_and_with_more_room_it_goes_on(full: CourseFolder) -> None:
    expected = {name: data.decode() for name, data in undisturbed(full).items()}
    found = graded_on_a_full_disk(full, room=64 << 10)
    assert found.code == 1
    errors = [line for line in found.errors.splitlines() if line.startswith("error:")]
    assert len(errors) == 1
    assert "No space left on device" in errors[0]
    assert "Traceback" not in found.errors
    assert 0 < len(found.written) < 20
    assert found.written.items() <= expected.items()
    assert found.left == [], "nothing half-written is left"
    assert (found.code_later, found.written_later) == (0, expected)


def test_a_quota_is_one_finding_and_without_it_grading_goes_on(full: CourseFolder) -> None:
    """No file may grow larger than the largest result: the journal does."""
    expected = undisturbed(full)
    largest = max(map(len, expected.values())) + 1

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))

    journal = full.root / "results" / "journal.jsonl"
    journal.parent.mkdir()
    journal.write_text("{}\n" * (largest // 3 - 300))
    done = grade(full, preexec_fn=limit)
    assert done.returncode == 1
    assert done.stderr.count("error:") == 1
    assert "the journal cannot be written: File too large" in done.stderr
    assert results(full.root / "results").items() <= expected.items()
    assert grade(full).returncode == 0
    assert results(full.root / "results") == expected
