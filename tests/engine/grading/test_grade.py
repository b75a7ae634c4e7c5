"""One submission → its result. A fake judge stands in: what it does itself is tested elsewhere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from grading.synthetic import Maker
from tito.curriculum import files
from tito.curriculum.source import Cell
from tito.grading.assignment import Assignment, read_assignment
from tito.grading.course import CourseFolder
from tito.grading.grade import MOST_REMARKS, Paper, grade
from tito.grading.intake import Submission
from tito.grading.result import CellRun, Remark, Result, dump, load
from tito.grading.settings import Settings


class Fake:
    """Every cell passes, but those that hold a word; `ran` is what it was given."""

    def __init__(self, failing: str = "NotImplementedError", flags: Sequence[Remark] = ()):
        self.failing, self.flags = failing, list(flags)
        self.ran: list[str] = []

    def run(
        self, assignment: Assignment, cells: Sequence[Cell]
    ) -> tuple[list[CellRun], list[Remark]]:
        code = [cell for cell in cells if cell.kind == "code"]
        self.ran = [cell.text for cell in code]
        outcomes = ("failed" if self.failing in cell.text else "passed" for cell in code)
        runs = (CellRun(c.grade_id, outcome) for c, outcome in zip(code, outcomes, strict=True))
        return list(runs), self.flags


@pytest.fixture
def assignment(course: CourseFolder) -> Assignment:
    return read_assignment(course, "01_counter")


@pytest.fixture
def maker(course: CourseFolder, counter: Path) -> Maker:
    return Maker(course.release("01_counter"), counter)


def graded(assignment: Assignment, data: str | bytes, judge: Fake | None = None) -> Result:
    data = data if isinstance(data, bytes) else data.encode()
    paper = Paper("ann", Submission("counter.ipynb", data, "bytes"), "bytes")
    result = grade(assignment, paper, "the grader", Settings(), judge or Fake())
    assert load(dump(result)) == result
    assert (result.student, result.submission, result.grader) == ("ann", "bytes", "the grader")
    return result


def test_the_cells_that_run_are_the_instructors_with_the_students_answers(
    assignment: Assignment, maker: Maker
) -> None:
    judge = Fake()
    result = graded(assignment, files.notebook(maker.solved), judge)
    assert (result.earned, result.points, result.remarks) == (100, 100, ())
    assert any("HIDDEN TESTS" in text for text in judge.ran)
    assert any("self.value += 1" in text for text in judge.ran)
    assert not any("NotImplementedError" in text for text in judge.ran)


def test_whatever_cannot_be_read_earns_0_and_says_why(assignment: Assignment) -> None:
    judge = Fake()
    result = graded(assignment, b"{", judge)
    assert judge.ran == []
    assert (result.earned, result.points, result.runs) == (0, 100, ())
    assert not any(score.manual for score in result.scores)
    (remark,) = result.remarks
    assert remark.kind == "note"
    assert "counter.ipynb" in remark.text
    assert "hand it in again" in remark.text


def test_a_reader_that_breaks_is_no_exception(
    assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(_: Submission) -> None:
        raise RecursionError

    monkeypatch.setattr("tito.grading.grade.cells_of", breaks)
    assert "cannot be read: RecursionError" in graded(assignment, b"{}").remarks[0].text


def test_remarks_of_the_file_and_the_cells_and_flags_come_together(
    assignment: Assignment, maker: Maker
) -> None:
    notebook = json.loads(files.notebook(maker.solved))
    test = next(
        c for c in notebook["cells"] if "test-counter-count" in str(c["metadata"].get("nbgrader"))
    )
    test["source"] = "pass"
    data = json.dumps(notebook, ensure_ascii=False).encode("utf-8")
    flag = Remark("flag", "test-counter-count", "it is odd")
    result = graded(assignment, data + b" ", Fake(flags=[flag]))
    assert [remark.kind for remark in result.remarks] == ["note", "flag"]
    assert "edited: restored" in result.remarks[0].text
    assert result.flags == (flag,)
    assert {score.id: (score.earned, score.manual) for score in result.scores} == {
        "test-counter-count": (0, True),
        "test-counter-together": (40, False),
        "question-1": (0, False),
    }


def test_flags_are_not_buried_under_notes(assignment: Assignment, maker: Maker) -> None:
    foreign = [
        replace(maker.solved[2], metadata={"nbgrader": {"grade_id": f"mine-{n}"}}, id=f"mine-{n}")
        for n in range(200)
    ]
    flag = Remark("flag", "", "odd " * 1000)
    result = graded(assignment, files.notebook([*maker.solved, *foreign]), Fake(flags=[flag]))
    assert len(result.remarks) == MOST_REMARKS + 2
    assert "150 more" in result.remarks[-2].text
    assert len(result.flags[0].text) == 1000


def test_the_same_submission_gives_the_same_bytes(assignment: Assignment, maker: Maker) -> None:
    data = files.notebook(maker.up_to(maker.tasks[0]))
    assert dump(graded(assignment, data)) == dump(graded(assignment, data))
