"""What we write is what stock nbgrader writes; again changes nothing; a grader's hand stays."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.utils import determine_grade

from grading.databases import SERVER, lose_gradebook, rows
from tito.errors import CourseFolderError
from tito.grading import oracle
from tito.grading.course import CourseFolder, read_course
from tito.grading.gradebook import record
from tito.grading.result import load

NAME, NOTEBOOK = "01_counter", "counter"
GRADES = """SELECT s.student_id, c.name, g.auto_score, g.manual_score, g.extra_credit,
        g.needs_manual_grade
    FROM grade g JOIN base_cell c ON c.id = g.cell_id JOIN submitted_notebook n ON n.id = g.notebook_id
    JOIN submitted_assignment s ON s.id = n.assignment_id"""
COMMENTS = """SELECT s.student_id, c.name, c.type, k.auto_comment, k.manual_comment
    FROM comment k JOIN base_cell c ON c.id = k.cell_id
    JOIN submitted_notebook n ON n.id = k.notebook_id
    JOIN submitted_assignment s ON s.id = n.assignment_id"""
SUBMISSIONS = """SELECT a.name, s.student_id, s.timestamp, s.extension, n.flagged,
        n.late_submission_penalty
    FROM submitted_assignment s JOIN assignment a ON a.id = s.assignment_id
    JOIN submitted_notebook n ON n.assignment_id = s.id"""
STUDENTS = "SELECT * FROM student"
TABLES = (
    "student",
    "submitted_assignment",
    "submitted_notebook",
    "grade",
    "comment",
    "tito_written",
)


def everything(course: CourseFolder) -> list[Any]:
    tables = [rows(course.gradebook, f"SELECT * FROM {table}") for table in TABLES]
    return [*tables, *(path.read_bytes() for path in sorted(course.root.glob("autograded/*/*/*")))]


def students(course: CourseFolder) -> list[str]:
    return list(course.students(NAME))


def test_grades_and_comments_are_those_of_stock_nbgrader(a_class: CourseFolder) -> None:
    stamp = a_class.submitted("student-00003", NAME) / "timestamp.txt"
    stamp.write_text("2026-01-02 03:04:05.000006 Europe/Paris\n")
    record(a_class, NAME)
    with oracle.copied(a_class, NAME, students(a_class)) as copy:
        oracle.autograde(copy, NAME)
        read = [student for student in students(copy) if copy.autograded(student, NAME).exists()]
        for query in (GRADES, COMMENTS, SUBMISSIONS):
            ours, theirs = (
                [row for row in rows(each.gradebook, query) if set(row) & set(read)]
                for each in (a_class, copy)
            )
            assert ours == theirs
        assert len(read) >= 9
        theirs_alone = set(students(a_class)) - set(read)
    scores = {row[:2]: row[2] for row in rows(a_class.gradebook, GRADES)}
    assert all(scores[student, "test-counter-count"] is not None for student in theirs_alone)


def test_the_executed_notebook_is_valid_and_has_the_scores_that_nbgrader_would_read(
    a_class: CourseFolder,
) -> None:
    for student in students(a_class):
        notebook = nbformat.read(a_class.autograded(student, NAME), as_version=4)
        nbformat.validate(notebook)
        MetadataValidator().validate_nb(notebook)
        result = load(a_class.result(student, NAME).read_text())
        tests = {score.id: score.earned for score in result.scores if score.id.startswith("test")}
        read = {
            cell.metadata.nbgrader.grade_id: determine_grade(cell)[0]
            for cell in notebook.cells
            if cell.metadata.get("nbgrader", {}).get("grade_id") in tests
        }
        assert read == tests


LATE = """
from nbgrader.plugins import LateSubmissionPlugin

class Plugin(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, seconds):
        return {{"student-00001": 1000.0, "student-00002": -3.0, "student-00003": None}}.get(
            student_id, seconds / 3600
        )

c.AssignLatePenalties.plugin_class = Plugin
"""


def test_so_are_penalties_for_being_late(a_class: CourseFolder) -> None:
    plugin = LATE.replace("{{", "{").replace("}}", "}")
    config = a_class.root / "nbgrader_config.py"
    config.write_text(config.read_text() + plugin)
    for n in range(8):
        stamp = a_class.submitted(f"student-{n:05d}", NAME) / "timestamp.txt"
        stamp.write_text(f"2026-01-0{n + 1} 12:00:00 UTC")
    with Gradebook(a_class.gradebook, a_class.config.name) as gradebook:
        gradebook.update_or_create_assignment(NAME, duedate="2026-01-01 18:00:00 UTC")
    record(a_class, NAME)
    with oracle.copied(a_class, NAME, students(a_class)) as copy:
        theirs = copy.root / "nbgrader_config.py"
        theirs.write_text(theirs.read_text() + plugin)
        with Gradebook(copy.gradebook, copy.config.name) as gradebook:
            gradebook.update_or_create_assignment(NAME, duedate="2026-01-01 18:00:00 UTC")
        oracle.autograde(copy, NAME)
        read = {student for student in students(copy) if copy.autograded(student, NAME).exists()}
        ours, expected = (
            [row for row in rows(each.gradebook, SUBMISSIONS) if row[1] in read]
            for each in (a_class, copy)
        )
    assert ours == expected
    penalties = {row[1]: row[-1] for row in ours}
    assert penalties["student-00000"] is None
    assert penalties["student-00003"] is None
    assert any(penalty and penalty > 1 for penalty in penalties.values())


def test_written_again_nothing_changes(a_class: CourseFolder) -> None:
    before = everything(a_class)
    assert record(a_class, NAME) == 0
    assert everything(a_class) == before


def test_a_gradebook_that_is_lost_is_made_again_just_the_same(a_class: CourseFolder) -> None:
    before = everything(a_class)
    lose_gradebook(a_class)
    shutil.rmtree(a_class.root / "autograded")
    assert record(a_class, NAME) == 10
    assert everything(a_class) == before


def test_a_notebook_that_is_lost_is_written_again(a_class: CourseFolder) -> None:
    before = everything(a_class)
    a_class.autograded("student-00002", NAME).unlink()
    assert record(a_class, NAME) == 1
    assert everything(a_class) == before


def grade(course: CourseFolder, student: str, cell: str, **columns: Any) -> None:
    """What formgrader does when a grader types something."""
    with Gradebook(course.gradebook, course.config.name) as gradebook:
        kind = "comment" if "manual_comment" in columns else "grade"
        row = getattr(gradebook, f"find_{kind}")(cell, NOTEBOOK, NAME, student)
        for name, value in columns.items():
            setattr(row, name, value)
        gradebook.db.commit()


def of(course: CourseFolder, student: str, cell: str) -> tuple[Any, ...]:
    """(auto score, manual score, extra credit, needs a person)"""
    (found,) = [row[2:] for row in rows(course.gradebook, GRADES) if row[:2] == (student, cell)]
    return tuple(found)


def change_result(course: CourseFolder, student: str, **changes: Any) -> None:
    path = course.result(student, NAME)
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def with_score(course: CourseFolder, student: str, cell: str, **changes: Any) -> dict[str, Any]:
    data = json.loads(course.result(student, NAME).read_text())
    scores = [each | (changes if each["id"] == cell else {}) for each in data["scores"]]
    return {"scores": scores}


def test_what_a_grader_gave_stays_when_the_same_is_written_again(a_class: CourseFolder) -> None:
    student, cell = "student-00000", "test-counter-count"
    grade(a_class, student, cell, manual_score=3.0, extra_credit=1.0, needs_manual_grade=False)
    grade(a_class, student, "counter-count", manual_comment="well done")
    change_result(a_class, student, grader="another version, which comes to the same")
    assert record(a_class, NAME) == 1
    assert of(a_class, student, cell) == (60.0, 3.0, 1.0, 0)
    assert (student, "counter-count", "SolutionCell", None, "well done") in rows(
        a_class.gradebook, COMMENTS
    )


def test_a_new_score_keeps_the_graders_and_asks_to_look_again(a_class: CourseFolder) -> None:
    student, cell = "student-00000", "test-counter-count"
    grade(a_class, student, cell, manual_score=3.0, needs_manual_grade=False)
    change_result(a_class, student, **with_score(a_class, student, cell, earned=0.0))
    record(a_class, NAME)
    assert of(a_class, student, cell) == (0.0, 3.0, None, 1)


def test_another_submission_asks_the_grader_to_look_again(a_class: CourseFolder) -> None:
    student, cell = "student-00000", "test-counter-count"
    grade(a_class, student, cell, manual_score=3.0, needs_manual_grade=False)
    change_result(a_class, student, submission="another")
    record(a_class, NAME)
    assert of(a_class, student, cell) == (60.0, 3.0, None, 1)


def test_a_flag_asks_for_a_person_once_with_its_reason_in_the_notebook(
    a_class: CourseFolder,
) -> None:
    student, cell = "student-00000", "test-counter-count"
    flag = {"kind": "flag", "cell": cell, "text": "equals <b>everything</b>"}
    flagged = with_score(a_class, student, cell, earned=0.0, manual=True)
    change_result(a_class, student, remarks=[flag], **flagged)
    record(a_class, NAME)
    assert of(a_class, student, cell) == (0.0, None, None, 1)
    assert (NAME, student, None, None, 1, None) in rows(a_class.gradebook, SUBMISSIONS)
    asides = {
        whose["for"]: str(each["source"])
        for each in json.loads(a_class.autograded(student, NAME).read_text())["cells"]
        if (whose := each["metadata"].get("tito")) and each["id"] != "tito-rubric-question-1"
    }
    assert "everything" in asides["grader"]
    assert "<b>" not in asides["grader"]
    assert "everything" not in asides["student"]
    assert "a person will look" in asides["student"]
    grade(a_class, student, cell, manual_score=60.0, needs_manual_grade=False)
    record(a_class, NAME)
    assert of(a_class, student, cell) == (0.0, 60.0, None, 0)


def test_an_answer_waits_for_a_person_only_if_there_are_points_to_give(
    a_class: CourseFolder,
) -> None:
    student, cell = "student-00000", "question-1"
    assert of(a_class, student, cell) == (0.0, None, None, 0)
    change_result(a_class, student, **with_score(a_class, student, cell, manual=True))
    record(a_class, NAME)
    assert of(a_class, student, cell) == (None, None, None, 0)
    change_result(a_class, student, **with_score(a_class, student, cell, manual=True, points=5.0))
    record(a_class, NAME)
    assert of(a_class, student, cell) == (None, None, None, 1)


def test_a_submission_that_formgrader_removed_is_written_anew(a_class: CourseFolder) -> None:
    with Gradebook(a_class.gradebook, a_class.config.name) as gradebook:
        gradebook.remove_submission(NAME, "student-00004")
    assert record(a_class, NAME) == 1
    assert of(a_class, "student-00004", "test-counter-count")


def test_nothing_of_a_batch_is_there_if_it_fails_in_the_middle(
    a_class: CourseFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tito.grading.book import Book

    before = [rows(a_class.gradebook, f"SELECT * FROM {table}") for table in TABLES]
    for student in students(a_class):
        change_result(a_class, student, submission="another", scores=[])

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Book, "_write_comments", stop)
    with pytest.raises(KeyboardInterrupt):
        record(a_class, NAME)
    assert [rows(a_class.gradebook, f"SELECT * FROM {table}") for table in TABLES] == before


def test_a_result_that_cannot_be_read_is_named(a_class: CourseFolder) -> None:
    path = a_class.result("student-00001", NAME)
    path.write_text("{")
    with pytest.raises(CourseFolderError, match="--student student-00001 --force"):
        record(a_class, NAME)


@pytest.mark.skipif(bool(SERVER), reason="breaks a file of SQLite's")
def test_a_gradebook_that_somebody_else_broke_is_told_without_a_traceback(
    a_class: CourseFolder,
) -> None:
    (a_class.root / "gradebook.db").write_bytes(b"no database" * 1000)
    with pytest.raises(CourseFolderError, match="the gradebook cannot be used"):
        record(a_class, NAME)


def test_a_database_elsewhere_is_used_if_the_environment_names_it(
    a_class: CourseFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    monkeypatch.setenv("TITO_GRADEBOOK", elsewhere)
    record(read_course(a_class.root), NAME)
    assert rows(elsewhere, GRADES) == rows(a_class.gradebook, GRADES)
    monkeypatch.setenv("TITO_GRADEBOOK", "nosuch://somebody:secret@host/db")
    with pytest.raises(CourseFolderError, match="URL cannot be used") as error:
        record(read_course(a_class.root), NAME)
    assert "secret" not in str(error.value)


def test_nbgraders_own_upgrade_leaves_our_table_alone(a_class: CourseFolder) -> None:
    from grading.stock import nbgrader

    done = nbgrader(a_class, "db", "upgrade")
    assert done.code == 0, done.err
    assert record(a_class, NAME) == 0
    assert rows(a_class.gradebook, "SELECT count(*) FROM tito_written") == [(10,)]


def test_nbgraders_preprocessors_find_all_they_enter_so_two_can_begin_at_once(
    a_class: CourseFolder,
) -> None:
    """Each of them enters the course `default_course` where there is none, without a lock."""
    before = rows(a_class.gradebook, "SELECT id FROM course")
    Gradebook(a_class.gradebook).close()
    assert rows(a_class.gradebook, "SELECT id FROM course") == before
