"""What a student handed in before, as modules: theirs to build on instead of the reference."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from tito.export import export
from tito.grading.apart import Failed, apart
from tito.grading.assignment import Assignment
from tito.grading.grade import rebuilt_from
from tito.grading.intake import Refused, Submission
from tito.grading.result import Remark
from tito.model import Course, Module


def own_stack(
    course: Course, earlier: Sequence[tuple[Assignment, Submission]]
) -> tuple[dict[str, str], list[Remark]]:
    """(module id → the text of its export, a note on each that is missing)"""
    texts: dict[str, str] = {}
    notes: list[Remark] = []
    for assignment, submission in earlier:
        module = course.by_id[assignment.module]
        try:
            texts[module.id] = _exported(assignment, submission, module)
        except (Refused, Failed) as error:
            why = f"your own {module.id} is not there to build on: {error}"
            notes.append(Remark("note", "", why))
    return texts, notes


def _exported(assignment: Assignment, submission: Submission, module: Module) -> str:
    cells = rebuilt_from(assignment, submission).cells
    return str(apart(partial(export, cells, module, f"{module.id}.ipynb")))
