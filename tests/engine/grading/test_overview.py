"""Where each assignment stands."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tito.grading.course import CourseFolder
from tito.grading.gradebook import record
from tito.grading.overview import Overview, overview
from tito.grading.regrade import regrade
from tito.grading.release import release_to
from tito.grading.settings import Settings

NAME = "01_counter"


def of(course: CourseFolder) -> Overview:
    rows, findings = overview(course)
    assert not findings
    return rows[0]


def test_a_class_that_is_graded(a_class: CourseFolder, tmp_path: Path) -> None:
    release_to(a_class, [NAME], tmp_path / "out")
    rows, findings = overview(a_class)
    assert rows == [
        Overview(NAME, True, 10, 10, 0, 0, 0),
        Overview("02_total", False, 0, 0, 0, 0, 0),
    ]
    assert findings == []


def test_who_is_not_graded_yet_and_who_handed_in_again(a_class: CourseFolder) -> None:
    a_class.result("student-00000", NAME).unlink()
    source, target = (a_class.submitted(f"student-0000{n}", NAME) for n in (8, 2))
    shutil.copy(source / "counter.ipynb", target / "counter.ipynb")
    found = of(a_class)
    assert (found.submitted, found.graded, found.stale) == (10, 9, 1)


def test_a_result_that_cannot_be_read_is_told_and_not_graded(a_class: CourseFolder) -> None:
    a_class.result("student-00001", NAME).write_text("{")
    rows, (finding,) = overview(a_class)
    assert (rows[0].submitted, rows[0].graded, rows[0].stale) == (10, 9, 0)
    assert finding.where == str(a_class.result("student-00001", NAME))
    assert finding.level == "warning"


def test_graded_by_nbgraders_rule_is_graded_all_the_same(a_class: CourseFolder) -> None:
    regrade(a_class, NAME, ["student-00000"], Settings(stderr="fail"))
    assert of(a_class).stale == 0


def test_another_assignment_makes_all_results_stale(a_class: CourseFolder) -> None:
    source = a_class.source(NAME)
    source.write_text(source.read_text().replace("two calls give 1 and 2", "two calls: 1, 2"))
    assert of(a_class).stale == 10


def test_flags_and_what_waits_for_a_person(a_class: CourseFolder) -> None:
    path = a_class.result("student-00000", NAME)
    data = json.loads(path.read_text())
    data["remarks"] = [{"kind": "flag", "cell": "test-counter-count", "text": "look"}]
    data["scores"][0] |= {"manual": True, "earned": 0.0}
    path.write_text(json.dumps(data))
    record(a_class, NAME)
    found = of(a_class)
    assert (found.flagged, found.by_hand) == (1, 1)
