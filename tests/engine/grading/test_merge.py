"""Results of several machines come together, or it is told why not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tito.errors import UsageError
from tito.grading.course import CourseFolder
from tito.grading.merge import merge
from tito.grading.result import FORMAT, Result, dump

NAME = "01_counter"


def result(student: str, grader: str = "grader") -> Result:
    return Result(FORMAT, NAME, student, "bytes", grader, (), (), ())


def put(folder: Path, made: Result, name: str = "", assignment: str = NAME) -> Path:
    path = folder / assignment / f"{name or made.student}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dump(made))
    return path


def here(course: CourseFolder) -> dict[str, str]:
    return {path.stem: path.read_text() for path in course.root.glob("results/*/*.json")}


def test_shards_come_together(course: CourseFolder, tmp_path: Path) -> None:
    put(tmp_path / "one", result("ann"))
    put(tmp_path / "two", result("bob"))
    put(tmp_path / "two", result("ann"))
    merged = merge(course, [tmp_path / "one", tmp_path / "two"])
    assert merged.counts == {"new": 2, "as before": 1}
    assert merged.findings == []
    assert here(course) == {name: dump(result(name)) for name in ("ann", "bob")}
    assert merge(course, [tmp_path / "one"]).counts == {"as before": 1}


def test_a_conflict_names_both_and_changes_nothing(course: CourseFolder, tmp_path: Path) -> None:
    one = put(tmp_path / "one", result("ann"))
    two = put(tmp_path / "two", result("ann", "another grader"))
    put(tmp_path / "two", result("bob"))
    merged = merge(course, [tmp_path / "one", tmp_path / "two"])
    (finding,) = merged.findings
    assert str(course.result("ann", NAME)) in finding.where
    assert str(two) in finding.where
    assert here(course)["ann"] == one.read_text()
    assert "bob" in here(course)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "Expecting"),
        ("[" * 100_000, "recursion"),
        (dump(result("bob")), "of another student"),
        (dump(replace(result("ann"), assignment="99_else")), "of another student"),
        (dump(replace(result("ann"), format=99)), "format 99"),
    ],
)
def test_what_is_no_result_of_that_name_is_refused(
    course: CourseFolder, tmp_path: Path, text: str, why: str
) -> None:
    path = put(tmp_path / "one", result("ann"))
    path.write_text(text)
    put(tmp_path / "one", result("eve"))
    merged = merge(course, [tmp_path / "one"])
    assert why in merged.findings[0].message
    assert set(here(course)) == {"eve"}


def test_a_link_and_a_foreign_assignment_are_refused(course: CourseFolder, tmp_path: Path) -> None:
    put(tmp_path / "one", replace(result("ann"), assignment="99_else"), assignment="99_else")
    target = put(tmp_path / "else", result("bob"))
    (tmp_path / "one" / NAME).mkdir()
    (tmp_path / "one" / NAME / "bob.json").symlink_to(target)
    merged = merge(course, [tmp_path / "one"])
    assert len(merged.findings) == 2
    assert here(course) == {}


def test_a_folder_that_is_not_there_is_said(course: CourseFolder, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        merge(course, [tmp_path / "nothing"])
