"""A workspace of what a student handed in before, so that a module runs on their own stack."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tito.export import export
from tito.grading.apart import Failed, apart
from tito.grading.assignment import Assignment
from tito.grading.grade import rebuilt_from
from tito.grading.result import Remark
from tito.grading.intake import Refused, Submission
from tito.model import Course, Module, Workspace
from tito.workspace.find import MARKER, listed, render

Earlier = Sequence[tuple[Assignment, Submission]]


@contextmanager
def own_stack(
    course: Course, earlier: Earlier, provided: list[str]
) -> Iterator[tuple[Workspace, list[Remark]]]:
    """The workspace, and a note on each earlier module that is missing from it."""
    with tempfile.TemporaryDirectory(prefix="tito-own-") as folder:
        os.chmod(folder, 0o755)  # whoever runs the cells is another user
        tiers = tuple(tier.id for tier in course.tiers)
        workspace = Workspace(Path(folder), tiers, tuple(provided))
        given = f"provided = {listed(provided)}\n"
        (workspace.root / MARKER).write_text(render(tiers) + given, encoding="utf-8")
        yield workspace, list(_filled(workspace, course, earlier))


def _filled(workspace: Workspace, course: Course, earlier: Earlier) -> Iterator[Remark]:
    for assignment, submission in earlier:
        module = course.by_id[assignment.module]
        try:
            text = _exported(assignment, submission, module)
        except (Refused, Failed) as error:
            why = f"your own {module.id} is not there to build on: {error}"
            yield Remark("note", "", why)
            continue
        path = workspace.own_file(module)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _exported(assignment: Assignment, submission: Submission, module: Module) -> str:
    cells = rebuilt_from(assignment, submission).cells
    return str(apart(partial(export, cells, module, f"{module.id}.ipynb")))
