"""Assignments: what stock nbgrader makes of the same source, proved, stable, changed only knowingly."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from grading.databases import SERVER, lose_gradebook, rows
from grading.stock import nbgrader, unconfigured
from tito.curriculum.source import Cell
from tito.errors import CourseFolderError, UsageError
from tito.grading import generate as generating
from tito.grading.course import MARKER, CourseFolder, read_course
from tito.grading.generate import generate
from tito.grading.release import release_to
from tito.grading.syllabus import Syllabus, syllabus

NAME = "01_counter"
GRADE_CELLS = """SELECT n.name, c.name, c.type, g.max_score, g.cell_type FROM grade_cells g
    JOIN base_cell c ON c.id = g.id JOIN notebook n ON n.id = c.notebook_id"""
SOLUTION_CELLS = """SELECT n.name, c.name, c.type FROM solution_cells s
    JOIN base_cell c ON c.id = s.id JOIN notebook n ON n.id = c.notebook_id"""
# What is in answer cells differs: our stubs name their task.
SOURCE_CELLS = """SELECT n.name, s.name, s.cell_type, s.locked,
    CASE WHEN s.locked THEN s.source END, CASE WHEN s.locked THEN s.checksum END
    FROM source_cell s JOIN notebook n ON n.id = s.notebook_id"""
NOTEBOOKS = """SELECT a.name, a.course_id, a.duedate, n.name, n.kernelspec
    FROM notebook n JOIN assignment a ON a.id = n.assignment_id"""
SCHEMA = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'tito%'"


@pytest.fixture(scope="session")
def stock(
    generated: Path, at_home: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> CourseFolder:
    """A course of which stock nbgrader made the release and the gradebook from our source."""
    root = tmp_path_factory.mktemp("stock") / "class"
    shutil.copytree(generated / "source", root / "source")
    shutil.copy(generated / MARKER, root)
    theirs = read_course(root)
    unconfigured(theirs)
    with mock.patch.dict(os.environ, at_home, clear=True):
        for name in theirs.assignments():
            made = nbgrader(theirs, "generate_assignment", name)
            assert made.code == 0, made.err
    return theirs


def cells(path: Path) -> list[dict[str, Any]]:
    return list(json.loads(path.read_text(encoding="utf-8"))["cells"])


def without_answer(cell: dict[str, Any]) -> dict[str, Any]:
    nbgrader = cell["metadata"].get("nbgrader", {})
    if not nbgrader.get("solution"):
        return cell
    metadata = {**cell["metadata"], "nbgrader": nbgrader | {"checksum": ""}}
    return cell | {"source": [], "metadata": metadata}


def test_the_release_is_stock_nbgraders_but_for_what_stands_in_answer_cells(
    course: CourseFolder, stock: CourseFolder
) -> None:
    for name in course.assignments():
        ours, theirs = (cells(each.release(name)) for each in (course, stock))
        assert [without_answer(cell) for cell in ours] == [without_answer(cell) for cell in theirs]
        notebooks = [json.loads(each.release(name).read_text()) for each in (course, stock)]
        assert notebooks[0].keys() == notebooks[1].keys()
        assert notebooks[0]["metadata"] == notebooks[1]["metadata"]


@pytest.mark.parametrize(
    "query",
    [NOTEBOOKS, GRADE_CELLS, SOLUTION_CELLS, SOURCE_CELLS, *([SCHEMA] if not SERVER else [])],
)
def test_so_is_the_gradebook(query: str, course: CourseFolder, stock: CourseFolder) -> None:
    theirs = rows(f"sqlite:///{stock.root / 'gradebook.db'}", query)
    ours = rows(course.gradebook, query)
    assert ours == theirs
    assert ours


def test_each_checksum_is_nbgraders(course: CourseFolder) -> None:
    import nbformat
    from nbgrader.utils import compute_checksum

    notebook = nbformat.read(course.release(NAME), as_version=4)
    graded = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    assert {cell.cell_type for cell in graded} == {"code", "markdown"}
    for cell in graded:
        assert cell.metadata.nbgrader.checksum == compute_checksum(cell)


def test_the_release_has_stubs_that_name_their_task_and_no_hidden_test(
    course: CourseFolder,
) -> None:
    source, release = (path.read_text() for path in (course.source(NAME), course.release(NAME)))
    for secret in ("self.value += 1", "counter(7).count()", "HIDDEN TESTS", "SOLUTION", "Rubric"):
        assert secret in source
        assert secret not in release
    assert "Task 1.1: Counter.count" in release
    assert "*Your answer to question 1.*" in release


def test_made_again_everything_is_the_same_bytes(course: CourseFolder) -> None:
    files = [course.source(NAME), course.release(NAME)]
    tables = ("base_cell", "grade_cells", "solution_cells", "source_cell", "notebook", "assignment")
    everything = lambda: [  # noqa: E731
        *(path.read_bytes() for path in files),
        *(rows(course.gradebook, f"SELECT * FROM {table}") for table in tables),
    ]
    before = everything()
    made = generate(the(course), the(course).module("counter"))
    assert (made.is_new, made.changes) == (False, ())
    assert everything() == before
    lose_gradebook(course)
    generate(the(course), the(course).module("counter"))
    generate(the(course), the(course).module("total"))
    assert everything() == before


def the(course: CourseFolder) -> Syllabus:
    return syllabus(read_course(course.root))


def with_points(course: CourseFolder, points: int) -> Syllabus:
    """The course, in which questions are worth so many points now."""
    marker = course.root / MARKER
    marker.write_text(
        marker.read_text().replace("question_points = 0", f"question_points = {points}")
    )
    return the(course)


def test_a_change_of_what_nobody_has_is_made_and_told(course: CourseFolder) -> None:
    taught = with_points(course, 5)
    made = generate(taught, taught.module("counter"))
    assert made.changes == ("the question question-1 has 5 points instead of 0",)
    assert made.points == 105
    assert "5.0" in str(rows(course.gradebook, GRADE_CELLS))


def test_what_students_handed_in_already_is_changed_by_force_only(a_class: CourseFolder) -> None:
    taught, before = with_points(a_class, 5), a_class.source(NAME).read_bytes()
    with pytest.raises(CourseFolderError) as error:
        generate(taught, taught.module("counter"))
    said = str(error.value)
    assert "handed in by 10, of which 10 are graded" in said
    assert "question-1 has 5 points instead of 0" in said
    assert "--force" in said
    assert a_class.source(NAME).read_bytes() == before
    assert generate(taught, taught.module("counter"), force=True).changes
    assert a_class.source(NAME).read_bytes() != before


def test_so_is_what_was_released(course: CourseFolder, tmp_path: Path) -> None:
    release_to(course, [NAME], tmp_path / "platform")
    taught = with_points(course, 5)
    with pytest.raises(CourseFolderError, match=r"released on 20\d\d-\d\d-\d\d to .*platform"):
        generate(taught, taught.module("counter"))


def test_a_cell_that_is_gone_takes_its_grades_with_it(
    a_class: CourseFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Syllabus, "lesson", without_question(Syllabus.lesson))
    taught = the(a_class)
    made = generate(taught, taught.module("counter"), force=True)
    assert made.changes == ("the question question-1 is gone",)
    left = rows(a_class.gradebook, "SELECT DISTINCT name FROM base_cell")
    assert ("question-1",) in left  # of the other assignment
    gradebook = a_class.gradebook
    orphans = "SELECT * FROM grade WHERE cell_id NOT IN (SELECT id FROM base_cell)"
    assert rows(gradebook, orphans) == []
    assert len(rows(gradebook, GRADE_CELLS)) == len(rows(gradebook, "SELECT * FROM grade_cells"))


def without_question(lesson: Any) -> Any:
    def shorter(self: Syllabus, module: Any) -> Any:
        made = lesson(self, module)
        return replace(made, cells=tuple(c for c in made.cells if c.grade_id != "question-1"))

    return shorter


def test_a_module_that_is_provided_is_not_handed_out(course: CourseFolder) -> None:
    with pytest.raises(UsageError, match="there is no module 'nothing'"):
        the(course).module("nothing")
    nothing = replace(course, config=replace(course.config, tiers=()))
    taught = Syllabus(nothing, the(course).installed, the(course).course)
    assert taught.modules == []
    with pytest.raises(UsageError, match="counter is provided in this course"):
        taught.module("counter")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("self.value += 1", "self.value += 2"), "the solution does not earn the points of"),
        (("### BEGIN SOLUTION", "### BEGIN NOTHING"), "earns points already|gives away"),
    ],
)
def test_a_lesson_that_is_wrong_is_found_before_anything_is_written(
    change: tuple[str, str], said: str, course: CourseFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(course.root / "source")
    shutil.rmtree(course.root / "release")

    def broken(self: Syllabus, module: Any) -> Any:
        made = lesson(self, module)
        return replace(made, cells=tuple(changed(cell, *change) for cell in made.cells))

    lesson = Syllabus.lesson
    monkeypatch.setattr(Syllabus, "lesson", broken)
    with pytest.raises(CourseFolderError, match=said):
        generate(the(course), the(course).module("counter"))
    assert not (course.root / "source").exists()
    assert not (course.root / "release").exists()


def changed(cell: Cell, before: str, after: str) -> Cell:
    return replace(cell, text=cell.text.replace(before, after))


def test_a_release_that_gives_something_away_is_found(
    course: CourseFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(course.root / "source")
    everything = tuple(t for t in generating.NBGRADER_RELEASE if t.__name__ != "drop_hidden_tests")
    monkeypatch.setattr(generating, "NBGRADER_RELEASE", everything)
    with pytest.raises(CourseFolderError, match="gives away: assert counter"):
        generate(the(course), the(course).module("counter"))
