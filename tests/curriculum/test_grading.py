"""The grader believes a right solution: every module's reference earns every point without a flag, and
the lesson as handed out earns none. So what flags a submission is never the lesson's own doing.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from curriculum_support import folder, modules, tiers
from tito.curriculum import files
from tito.curriculum.compile import read_draft
from tito.curriculum.source import read_notebook
from tito.curriculum.views import NBGRADER_RELEASE, NBGRADER_SOURCE, view
from tito.grading.assignment import Assignment
from tito.grading.judge import Judge
from tito.grading.settings import Settings
from tito.model import Module


def assigned(module: Module) -> tuple[Assignment, Assignment]:
    """The module's assignment, and its cells with our solutions."""
    lesson = read_draft(folder(module)).lesson
    source, release = (
        read_notebook(files.notebook(view(lesson, kind)), f"{module.id}.ipynb")
        for kind in (NBGRADER_SOURCE, NBGRADER_RELEASE)
    )
    stubs = release.by_grade_id
    cells = (replace(c, text=stubs[c.grade_id].text) if c.is_solution else c for c in source.cells)
    made = Assignment(module.folder, module.id, tuple(cells), module.digest)
    return made, replace(made, cells=source.cells)


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.id)
def test_the_reference_earns_all_and_the_stubs_nothing_without_a_flag(module: Module) -> None:
    given, solved = assigned(module)
    tests = {cell.grade_id for cell in given.cells if cell.is_test}
    needed = tiers().course().requirements(module.id) - {module.id}
    with Judge(needed, module.id, Settings(), tiers=tiers()) as judge:
        assert not judge.weak, judge.sandbox
        runs, flags = judge.run(given, solved.cells)
        failed = [run for run in runs if run.outcome in ("failed", "killed")]
        assert (failed, flags) == ([], [])
        assert {run.id for run in runs if run.outcome == "passed"} >= tests
        runs, flags = judge.run(given, given.cells)
        assert {run.id for run in runs if run.outcome == "passed"} & tests == set()
        assert flags == []
