"""A report shows each test on its line, and under it why it failed."""

from __future__ import annotations

import pytest

from support import a_module
from tito import model
from tito.cli.report import say_report
from tito.model import CellResult, Finding


def shown(capsys: pytest.CaptureFixture[str], *results: CellResult, **more: object) -> list[str]:
    tests = [(model.Test(f"t{n}", f"Part {n}", 10), each) for n, each in enumerate(results, 1)]
    report = model.TestReport("tensor", tuple(tests), seconds=0.5, **more)  # type: ignore[arg-type]
    say_report(a_module("tensor", 1), report, "modules/tensor.py")
    return capsys.readouterr().out.splitlines()


def test_each_outcome_has_its_mark_points_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    passed, failed = CellResult("passed", 0.012), CellResult("failed", 2.0, "no")
    assert shown(capsys, passed, failed, CellResult("not run")) == [
        "Module 01 Tensor, modules/tensor.py",
        "  ok  Part 1   10/10   12 ms",
        "FAIL  Part 2    0/10   2.0 s",
        "      no",
        "  --  Part 3    0/10   not run",
        "10 of 30 points, 1 of 3 tests passed in 500 ms",
    ]


def test_a_place_is_shown_with_its_line_of_code_or_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    line = CellResult("failed", error="no", where="cell 3, line 2", source="x = 1")
    cell = CellResult("failed", error="stopped", where="cell 3")
    said = shown(capsys, line, cell)
    assert said[3] == "      cell 3, line 2:  x = 1"
    assert said[6] == "      in cell 3"


def test_a_cell_outside_the_tests_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    problem = CellResult("failed", error="no", where="cell 1")
    said = shown(capsys, CellResult("passed"), problems=(problem,))
    assert said[1:4] == ["A cell outside the tests fails:", "      no", "      in cell 1"]


def test_an_error_of_several_lines_stays_together(capsys: pytest.CaptureFixture[str]) -> None:
    said = shown(capsys, CellResult("failed", error="one\ntwo"))
    assert said[2:4] == ["      one", "      two"]


def test_findings_are_told_with_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    report = model.TestReport("tensor", (), findings=(Finding("gone"),))
    say_report(a_module("tensor", 1), report, "tensor.py")
    assert capsys.readouterr().err == "error: gone\n"
