"""A report counts what ran; nothing that did not run has passed."""

from typing import Literal

import pytest

from tito import model
from tito.model import CellResult, Finding, IntegrationReport

Outcome = Literal["passed", "failed", "not run", "skipped"]


def report(*outcomes: Outcome, **changes: object) -> model.TestReport:
    tests = [(model.Test(f"t{n}", "", 10 * n), CellResult(o)) for n, o in enumerate(outcomes, 1)]
    return model.TestReport("tensor", tuple(tests), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("outcomes", "earned", "passed"),
    [
        (("passed", "passed"), 30, True),
        (("passed", "failed"), 10, False),
        (("not run", "passed"), 20, False),
        (("not run", "not run"), 0, False),
    ],
)
def test_points_are_those_of_passed_tests(
    outcomes: tuple[Outcome, ...], earned: int, passed: bool
) -> None:
    made = report(*outcomes)
    assert (made.earned, made.possible, made.passed) == (earned, 30, passed)


def test_no_tests_at_all_is_not_a_pass() -> None:
    assert not report().passed


def test_a_changed_test_cell_is_not_a_pass() -> None:
    changed = Finding("the test cell t1 is not as handed out")
    assert not report("passed", findings=(changed,)).passed


LEFT_OUT = Finding("it needs counter, which is not complete", level="warning")


@pytest.mark.parametrize(
    ("outcomes", "left_out", "passed"),
    [
        (("passed", "skipped"), (), True),
        (("passed",), (LEFT_OUT,), True),
        ((), (LEFT_OUT,), True),
        ((), (), False),
        (("passed", "failed"), (LEFT_OUT,), False),
        (("passed", "not run"), (), False),
    ],
)
def test_integration_has_passed_if_nothing_failed_and_nothing_is_silent(
    outcomes: tuple[Outcome, ...], left_out: tuple[Finding, ...], passed: bool
) -> None:
    tests = tuple((f"test_it.py::test_{n}", CellResult(o)) for n, o in enumerate(outcomes))
    assert IntegrationReport(tests, left_out).passed == passed
    wrong = (Finding("the integration test holds no test"),)
    assert not IntegrationReport(tests, left_out, wrong).passed
