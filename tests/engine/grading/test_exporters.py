"""The grades, for others."""

from __future__ import annotations

import csv
import io
import json
from types import ModuleType
from typing import Any

import pytest
from nbgrader.api import Gradebook

from grading.stock import nbgrader
from tito.errors import UsageError
from tito.grading import exporters
from tito.grading.course import CourseFolder
from tito.grading.exporters import exporter
from tito.grading.sheet import Sheet, read_sheet
from tito.plugins.loading import Plugins

NAME, NOTEBOOK = "01_counter", "counter"


@pytest.fixture
def known(a_class: CourseFolder) -> CourseFolder:
    """Some have names, one was late, one had something graded by hand, one handed in nothing."""
    url = a_class.gradebook
    with Gradebook(url, a_class.config.name) as gradebook:
        gradebook.update_or_create_student(
            "student-00001",
            first_name="Ada",
            last_name="Lovelace",
            email="ada@x.org",
            lms_user_id="77",
        )
        gradebook.update_or_create_student("student-00002", first_name="Alan", last_name="Turing")
        gradebook.update_or_create_student("idle", first_name="Id", last_name="Le")
        gradebook.update_or_create_assignment(NAME, duedate="2026-01-01 00:00:00 UTC")
        gradebook.update_or_create_submission(
            NAME, "student-00001", timestamp="2026-01-02 03:04:05 UTC"
        )
        late = gradebook.find_submission_notebook(NOTEBOOK, NAME, "student-00001")
        late.late_submission_penalty = 7.5
        hand = gradebook.find_grade("test-counter-count", NOTEBOOK, NAME, "student-00002")
        hand.manual_score, hand.extra_credit = 12.5, 2.0
        gradebook.db.commit()
    return a_class


def exported(course: CourseFolder, name: str, **filters: Any) -> str:
    return exporter(name).export(read_sheet(course, **filters))


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_csv_is_nbgraders_own(known: CourseFolder) -> None:
    done = nbgrader(known, "export", "--to", "theirs.csv")
    assert done.code == 0, done.err
    theirs = (known.root / "theirs.csv").read_text()
    assert exported(known, "csv") == theirs
    assert "2026-01-02 03:04:05,student-00001,Lovelace,Ada,ada@x.org" in theirs


def test_only_what_was_asked_for(known: CourseFolder) -> None:
    done = nbgrader(
        known, "export", "--to", "t.csv", f"--assignment=['{NAME}']", "--student=['idle']"
    )
    assert done.code == 0, done.err
    text = exported(known, "csv", assignments=[NAME], students=["idle"])
    assert text == (known.root / "t.csv").read_text()
    assert len(rows(text)) == 2


def test_canvas_gets_a_line_of_points_and_a_column_for_each_assignment(known: CourseFolder) -> None:
    heads, points, *people = rows(exported(known, "canvas"))
    assert heads[:5] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert heads[5:] == ["02_total", "01_counter"] or heads[5:] == ["01_counter", "02_total"]
    assert points[0] == "    Points Possible"
    assert points[5:] == ["100.0", "100.0"]
    by_login = {row[3]: dict(zip(heads, row, strict=True)) for row in people}
    ada = by_login["student-00001"]
    assert (ada["Student"], ada["ID"]) == ("Lovelace, Ada", "77")
    assert float(ada["01_counter"]) == read_sheet(known).grades[NAME, "student-00001"].score
    assert by_login["idle"]["01_counter"] == ""
    assert by_login["student-00003"]["Student"] == "student-00003"


def test_moodle_gets_who_and_a_real_grade_for_each_assignment(known: CourseFolder) -> None:
    heads, *people = rows(exported(known, "moodle"))
    assert heads[:5] == ["First name", "Last name", "ID number", "Username", "Email address"]
    by_name = {row[3]: dict(zip(heads, row, strict=True)) for row in people}
    assert by_name["student-00001"]["Email address"] == "ada@x.org"
    grade = by_name["student-00002"]["Assignment: 01_counter (Real)"]
    assert float(grade) == read_sheet(known).grades[NAME, "student-00002"].score


def test_json_has_everything(known: CourseFolder) -> None:
    data = json.loads(exported(known, "json"))
    by_name = {each["name"]: each for each in data["assignments"]}
    grade = by_name[NAME]["grades"]["student-00002"]
    assert grade["cells"]["test-counter-count"] == 14.5
    assert by_name[NAME]["due"] == "2026-01-01T00:00:00"
    assert by_name[NAME]["grades"]["student-00001"]["late_penalty"] == 7.5
    assert {"id": "idle", "first_name": "Id", "last_name": "Le", "email": "", "lms": ""} in data[
        "students"
    ]


@pytest.mark.parametrize(
    "evil", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", " =1"]
)
@pytest.mark.parametrize("format", ["csv", "canvas", "moodle"])
def test_no_name_is_a_formula(format: str, evil: str, a_class: CourseFolder) -> None:
    with Gradebook(a_class.gradebook, a_class.config.name) as gradebook:
        gradebook.update_or_create_student(
            "student-00001", first_name=evil, last_name=evil, email=evil
        )
    cells = [cell for row in rows(exported(a_class, format)) for cell in row]
    assert any(evil.strip() in cell for cell in cells)
    assert not [cell for cell in cells if cell.strip().startswith(("=", "+", "-", "@"))]


def test_names_with_commas_and_quotes_stay_in_their_column(a_class: CourseFolder) -> None:
    with Gradebook(a_class.gradebook, a_class.config.name) as gradebook:
        gradebook.update_or_create_student("student-00001", last_name='O"Neil, "Jr"\r\nx')
    assert any(row[4] == 'O"Neil, "Jr" x' for row in rows(exported(a_class, "csv")))


def test_a_plugin_brings_a_format(course: CourseFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    class Names:
        name = "names"

        def export(self, sheet: Sheet) -> str:
            return " ".join(each.name for each in sheet.assignments)

    plugin = ModuleType("plugin")
    plugin.tito_gradebook_exporters = lambda: [Names()]  # type: ignore[attr-defined]
    monkeypatch.setattr(exporters, "load_plugins", lambda: Plugins({"x": plugin}, ()))
    assert exported(course, "names") == "01_counter 02_total"


def test_an_unknown_format_is_told_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match="csv, json, moodle"):
        exporter("xls")
