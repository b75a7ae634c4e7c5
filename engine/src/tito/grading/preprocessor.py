"""Steps of nbgrader's own pipelines that are ours: named in a course's `nbgrader_config.py`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.preprocessors import Preprocessor
from traitlets import Bool

from tito.curriculum.regions import HIDDEN_TESTS, regions
from tito.curriculum.source import Cell
from tito.curriculum.views import drop_hidden_tests
from tito.grading.course import read_course
from tito.grading.executed import reader
from tito.grading.gradebook import record
from tito.grading.regrade import regrade

Notebook = Any
Resources = Any


class Sandboxed(Preprocessor):  # type: ignore[misc]
    """In nbgrader's Autograde, the place of Execute and of all that stands around it: the submission
    is graded by our engine, in its sandbox, and written into the gradebook. What comes out is the
    executed notebook."""

    enabled = Bool(True)

    def preprocess(self, nb: Notebook, resources: Resources) -> tuple[Notebook, Resources]:
        about = resources["nbgrader"]
        course = read_course(Path(self.config.CourseDirectory.root))
        name, student = about["assignment"], about["student"]
        regrade(course, name, [student], course.settings)
        record(course, name, [student])
        text = course.autograded(student, name).read_text(encoding="utf-8")
        return nbformat.reads(text, as_version=4), resources


class ForStudents(Preprocessor):  # type: ignore[misc]
    """In nbgrader's GenerateFeedback: takes out what is for graders only, and hidden tests."""

    enabled = Bool(True)
    show_hidden_tests = Bool(False, help="Whether feedback shows hidden tests.").tag(config=True)

    def preprocess(self, nb: Notebook, resources: Resources) -> tuple[Notebook, Resources]:
        nb.cells = [cell for cell in nb.cells if reader(cell) != "grader"]
        if not self.show_hidden_tests:
            for cell in nb.cells:
                if cell.cell_type == "code":
                    hide(cell)
        return nb, resources


def hide(cell: Any) -> None:
    """Take hidden tests out of the cell, and out of what a failing one shows of itself."""
    whole = Cell("code", cell.source, "", 0, 0)
    lines = cell.source.split("\n")
    hidden = {
        line.strip()
        for region in regions(whole)
        if region.kind == HIDDEN_TESTS
        for line in lines[region.begin : region.end + 1]
    }
    if not hidden:
        return
    cell.source = drop_hidden_tests(whole).text
    for output in cell.outputs:
        if output.output_type == "error":
            output.traceback = list(_without(hidden, output.traceback))


def _without(hidden: set[str], traceback: Sequence[str]) -> Iterator[str]:
    """A traceback has a line for each place, and under it the code that stands there."""
    for line in traceback:
        yield "    (a hidden test)" if line.strip() in hidden else line
