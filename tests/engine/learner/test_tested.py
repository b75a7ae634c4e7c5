"""The first failure is brought back to the exercise that it is about, if there is one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support import a_module
from tito import model
from tito.curriculum.source import Cell, Source
from tito.learner.tested import failing_task
from tito.model import CellResult, Task


def cell(number: int, grade_id: str, text: str, **nbgrader: object) -> Cell:
    return Cell(
        "code", text, "l.ipynb", 0, number, {"nbgrader": {"grade_id": grade_id, **nbgrader}}
    )


def task(number: int, name: str) -> Cell:
    stub = f'def {name}():\n    raise NotImplementedError("Task 1: {name}")'
    return cell(number, name, stub, solution=True)


def a_test(number: int, name: str) -> Cell:
    return cell(number, name, f"assert {name}", grade=True, points=1)


GIVEN = Source(
    "l.ipynb",
    (
        *(task(1, "one"), a_test(2, "t-1")),
        *(task(3, "two"), task(4, "three"), a_test(5, "t-23")),
        a_test(6, "t"),
    ),
)
MODULE = a_module(
    "m",
    1,
    tasks=tuple(Task(name, f"1.{n}", name) for n, name in enumerate(("one", "two", "three"), 1)),
    tests=tuple(model.Test(name, name, 1) for name in ("t-1", "t-23", "t")),
)


def written(*names: str) -> Source:
    """The learner's file, with something written in these exercises."""
    cells = (replace(c, text="x = 1\ny = 2") if c.grade_id in names else c for c in GIVEN.cells)
    return Source("l.ipynb", tuple(cells))


def found(own: Source, test: str, *problems: CellResult, **result: str) -> str:
    failed = CellResult("failed", **result)
    chosen = next(each for each in MODULE.tests if each.id == test)
    report = model.TestReport("m", ((chosen, failed),), problems)
    return failing_task(MODULE, report, own, GIVEN, chosen, failed)


@pytest.mark.parametrize("test", ["t-1", "t-23", "t"])
def test_a_stub_names_its_task_whatever_test_calls_it(test: str) -> None:
    assert found(written("one"), test, error="Task 1.3: three is not written yet") == "three"


def test_the_line_that_failed_stands_in_the_exercise() -> None:
    own = written("one", "two", "three")
    assert found(own, "t-23", where="l.ipynb, cell 3, line 2") == "two"
    assert found(own, "t", where="l.ipynb, cell 1, line 2") == "one"


def test_a_cell_that_fails_before_the_test_comes_first_and_one_behind_it_does_not() -> None:
    own = written("one", "two", "three")
    early, late = (CellResult("failed", where=f"l.ipynb, cell {n}") for n in (1, 3))
    assert found(own, "t-23", early, where="l.ipynb, cell 5, line 1") == "one"
    assert found(own, "t-1", late, where="l.ipynb, cell 2, line 1") == "one"
    assert found(own, "t-23", late, where="l.ipynb, cell 5, line 1") == "two"


def test_else_it_is_what_is_not_written_before_the_test_or_the_last_one_there() -> None:
    at = "l.ipynb, cell 5, line 1"
    assert found(written("one"), "t-23", where=at) == "two"
    assert found(written("one", "two"), "t-23", where=at) == "three"
    assert found(written("one", "three"), "t-23", where=at) == "two"
    assert found(written("one", "two", "three"), "t-23", where=at) == "three"


def test_a_test_without_an_exercise_before_it_may_be_about_any() -> None:
    assert found(written("one", "two", "three"), "t", where="l.ipynb, cell 6, line 1") == ""
