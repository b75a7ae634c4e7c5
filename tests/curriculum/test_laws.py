"""The laws of the design, over every module of every tier that is installed."""

from __future__ import annotations

import json
import shutil

import pytest

from curriculum_support import folder, hand_in, modules, own, tiers
from tito import model
from tito.authoring.imports import check_imports
from tito.authoring.solve import solved
from tito.curriculum.compile import read_draft
from tito.curriculum.regions import HIDDEN_TESTS, SOLUTION, regions
from tito.curriculum.source import Cell, read_notebook, read_percent
from tito.curriculum.views import LEARNER, REFERENCE, view
from tito.export import export
from tito.learner.desk import Desk
from tito.model import Module

every_module = pytest.mark.parametrize("module", modules(), ids=lambda module: module.id)


def failures(report: model.TestReport) -> list[str]:
    return [f"{t.id}: {r.error} ({r.where})" for t, r in report.tests if r.outcome != "passed"]


@every_module
def test_law_1_and_3_the_solutions_pass_with_only_what_the_module_requires(
    desk: Desk, module: Module
) -> None:
    report = hand_in(desk, module, solved(folder(module)))
    assert not failures(report)
    assert report.passed, report
    assert report.earned == 100


@every_module
def test_law_1_the_empty_lesson_earns_nothing(desk: Desk, module: Module) -> None:
    text = desk.lesson_file(module, ".ipynb").read_text(encoding="utf-8")
    report = hand_in(desk, module, text)
    assert [t.id for t, r in report.tests if r.outcome == "passed"] == []
    assert report.possible == 100


@every_module
def test_law_3_a_module_imports_only_what_it_requires(module: Module) -> None:
    assert list(check_imports(module, tiers().course())) == []


@every_module
def test_law_6_exporting_twice_gives_the_same_bytes(module: Module) -> None:
    first, second = (
        export(view(read_draft(folder(module)).lesson, REFERENCE), module, "x") for _ in range(2)
    )
    assert first == second


@every_module
def test_law_6_nothing_of_a_solution_is_left_in_a_learners_file(module: Module) -> None:
    """Every line that stands in regions only is in no form of the handed-out lesson."""
    source = read_draft(folder(module)).lesson.cells
    handed_out = "\n".join(cell.text for cell in view(read_draft(folder(module)).lesson, LEARNER))
    secret = {line for cell in source for line in secret_lines(cell)}
    given = {line.strip() for cell in source for line in given_lines(cell)}
    assert secret, "every module has solutions"
    tier = tiers().of(tiers().course().tier_of(module).id)
    for suffix in (".ipynb", ".py"):
        text = tier.lesson_file(module, suffix).read_text(encoding="utf-8")
        reader = read_notebook if suffix == ".ipynb" else read_percent
        lines = {
            line.strip() for cell in reader(text, "x").cells for line in cell.text.splitlines()
        }
        assert not (secret - given) & lines
        assert "BEGIN SOLUTION" not in text
        assert "HIDDEN TESTS" not in text
    assert handed_out.count("raise NotImplementedError(") >= len(module.tasks)


def secret_lines(cell: Cell) -> list[str]:
    lines = cell.text.split("\n")
    found = [line for r in regions(cell) for line in lines[r.begin + 1 : r.end]]
    return [line.strip() for line in found if line.strip()]


def given_lines(cell: Cell) -> list[str]:
    lines = cell.text.split("\n")
    inside = {n for r in regions(cell) for n in range(r.begin, r.end + 1)}
    return [line for n, line in enumerate(lines) if n not in inside]


@every_module
def test_every_module_asks_for_five_to_nine_tasks_of_three_to_twenty_five_lines(
    module: Module,
) -> None:
    cells = [c for c in read_draft(folder(module)).lesson.cells if c.is_solution]
    assert 5 <= len(cells) <= 9
    for cell in cells:
        written = [r.end - r.begin - 1 for r in regions(cell) if r.kind in (SOLUTION, HIDDEN_TESTS)]
        assert 3 <= sum(written) <= 25, f"{cell.grade_id} asks for {sum(written)} lines"


@every_module
def test_a_broken_learner_file_turns_the_test_red(desk: Desk, module: Module) -> None:
    """`test` runs the learner's file, and not the export that is there from before."""
    own(desk, module)
    notebook = json.loads(solved(folder(module)))
    task = next(c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("solution"))
    task["source"] = "this is not Python"
    assert not hand_in(desk, module, json.dumps(notebook)).passed
    shutil.rmtree(desk.workspace.folder(module))
    assert hand_in(desk, module, solved(folder(module))).passed
