"""An author writes only what varies; everything else of nbgrader's metadata is filled in."""

from pathlib import Path
from typing import Any

import pytest

from support import ROOT
from tito.curriculum.compile import read_draft
from tito.curriculum.lesson import lesson
from tito.curriculum.source import Cell, Source
from tito.model import Task

SOLUTION = "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION"

# https://nbgrader.readthedocs.io/en/stable/contributor_guide/metadata.html
NEEDED = {"schema_version", "grade", "locked", "solution"}
ALLOWED = NEEDED | {"grade_id", "points", "task", "checksum", "cell_type"}


def cell(text: str, nbgrader: Any = None, kind: Any = "code") -> Cell:
    metadata = {} if nbgrader is None else {"nbgrader": nbgrader}
    return Cell(kind, text, "x_dev.py", 1, 1, metadata)


def filled(made: Cell) -> dict[str, Any]:
    return lesson(Source("x_dev.py", (made,)), 3, {}).cells[0].nbgrader


FOLDERS = sorted(ROOT.glob("tests/data/*-tier/src/*/modules/*_*"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: f"{folder.parts[-3]}-{folder.name}")
def test_every_graded_cell_of_a_lesson_has_all_that_nbgrader_needs(folder: Path) -> None:
    graded = [c.nbgrader for c in read_draft(folder).lesson.cells if c.nbgrader]
    for metadata in graded:
        assert NEEDED | {"grade_id"} <= metadata.keys() <= ALLOWED
        assert metadata["schema_version"] == 3
        assert all(type(metadata[key]) is bool for key in ("grade", "locked", "solution", "task"))
        assert ("points" in metadata) == metadata["grade"] == metadata["locked"]
    assert any(each["solution"] for each in graded)
    assert sum(each.get("points", 0) for each in graded) == 100


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (
            cell(SOLUTION, {"grade_id": "x-f"}),
            {"grade": False, "solution": True, "locked": False, "task": False},
        ),
        (
            cell("assert True", {"grade_id": "test-x", "points": 5}),
            {"grade": True, "solution": False, "locked": True, "task": False, "points": 5},
        ),
        (
            cell("x = 1", {"grade_id": "given", "locked": True}),
            {"grade": False, "solution": False, "locked": True, "task": False},
        ),
    ],
)
def test_metadata_is_complete_in_schema_3(made: Cell, expected: dict[str, Any]) -> None:
    metadata = filled(made)
    assert metadata.items() >= {**expected, "schema_version": 3}.items()
    assert metadata.keys() >= NEEDED
    assert metadata.keys() <= ALLOWED
    assert ("points" in metadata) == metadata["grade"]


def test_what_the_author_says_wins() -> None:
    metadata = filled(cell("assert True", {"grade_id": "a", "points": 5, "locked": False}))
    assert metadata["locked"] is False


@pytest.mark.parametrize(
    "made",
    [cell("x = 1"), cell("# text", kind="markdown"), cell(SOLUTION, "broken")],
)
def test_a_cell_that_is_not_graded_is_left_alone(made: Cell) -> None:
    assert lesson(Source("x_dev.py", (made,)), 3, {}).cells == (made,)


def test_a_solution_without_a_header_is_a_solution_all_the_same() -> None:
    assert filled(cell(SOLUTION))["solution"] is True


def test_exercises_are_the_numbered_tasks_of_their_module() -> None:
    cells = (
        cell(SOLUTION, {"grade_id": "x-one"}),
        cell("assert True", {"grade_id": "test-x-one", "points": 5}),
        cell(SOLUTION, {"grade_id": "x-two"}),
    )
    made = lesson(Source("x_dev.py", cells), 3, {"x-one": "A.f"})
    assert made.tasks == {
        "x-one": Task("x-one", "3.1", "A.f"),
        "x-two": Task("x-two", "3.2", "x-two"),
    }
