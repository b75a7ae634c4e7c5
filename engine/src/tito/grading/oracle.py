"""Grades with nbgrader as it is, in a copy of the course: to compare, and to measure.

Nothing holds a submission back here. Only do this with submissions that you would run yourself.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sqlalchemy import select

from tito.errors import CourseFolderError
from tito.grading.assignment import Assignment, read_assignment
from tito.grading.book import CELLS, GRADES, PAPERS, SUBMISSIONS
from tito.grading.course import MARKER, CourseFolder
from tito.grading.database import transaction
from tito.grading.register import register
from tito.grading.syllabus import syllabus
from tito.model import Finding
from tito.workspace.find import MARKER as WORKSPACE
from tito.workspace.find import listed, render

Grades = dict[str, float | None]

CONFIG = """\
c = get_config()
c.CourseDirectory.root = {root!r}
c.CourseDirectory.course_id = {name!r}
"""
KERNEL = {
    "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
    "display_name": "Python 3",
    "language": "python",
}


@contextmanager
def copied(course: CourseFolder, name: str, students: list[str]) -> Iterator[CourseFolder]:
    """A course of its own with this assignment and what these students handed in for it."""
    with tempfile.TemporaryDirectory(prefix="tito-stock-") as folder:
        root = Path(folder).resolve()
        copy = CourseFolder(root / "course", replace(course.config, gradebook=""))
        shutil.copytree(course.source(name).parent, copy.source(name).parent)
        shutil.copytree(course.release(name).parent, copy.release(name).parent)
        for student in students:
            given, taken = (each.submitted(student, name) for each in (course, copy))
            shutil.copytree(given, taken, symlinks=True)
        shutil.copy(course.root / MARKER, copy.root / MARKER)
        config = CONFIG.format(root=str(copy.root), name=course.config.name)
        (copy.root / "nbgrader_config.py").write_text(config, encoding="utf-8")
        register(copy, read_assignment(copy, name))
        yield copy


def autograde(copy: CourseFolder, name: str) -> None:
    """Run `nbgrader autograde` there. A submission that it cannot grade has no grades afterwards."""
    home = copy.root.parent
    kernel = home / "jupyter" / "kernels" / "python3" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    kernel.write_text(json.dumps(KERNEL))
    command = [sys.executable, "-P", "-m", "nbgrader", "autograde", name]
    ended = subprocess.run(
        command,
        cwd=copy.root,
        env=_environment(copy, read_assignment(copy, name), home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if ended.returncode and not list(copy.root.glob("autograded/*")):
        message = f"nbgrader's own autograde failed: {ended.stderr.strip()[-2000:]}"
        raise CourseFolderError(Finding(message, str(copy.root)))


def _environment(copy: CourseFolder, assignment: Assignment, home: Path) -> dict[str, str]:
    """Submissions run on the reference of what their module requires, as ours do."""
    course = syllabus(copy).course
    provided = course.requirements(assignment.module) - {assignment.module}
    workspace = home / "workspace"
    workspace.mkdir()
    tiers = tuple(tier.id for tier in course.tiers)
    text = f"{render(tiers)}provided = {listed(sorted(provided))}\n"
    (workspace / WORKSPACE).write_text(text, encoding="utf-8")
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return {
        **dict.fromkeys(threads, "1"),
        **{name: value for name, value in os.environ.items() if name != "TITO_GRADEBOOK"},
        "TITO_WORKSPACE": str(workspace),
        "TITO_UNDER_TEST": assignment.module,
        "JUPYTER_PATH": str(home / "jupyter"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "IPYTHONDIR": str(home / "ipython"),
    }


def grades(copy: CourseFolder, name: str) -> dict[str, Grades]:
    """Student → grade id → the score that nbgrader gave, None where a person has to; without those
    whom it could not grade."""
    rows = (
        select(SUBMISSIONS.c.student_id, CELLS.c.name, GRADES.c.auto_score)
        .join_from(GRADES, CELLS, GRADES.c.cell_id == CELLS.c.id)
        .join(PAPERS, PAPERS.c.id == GRADES.c.notebook_id)
        .join(SUBMISSIONS, SUBMISSIONS.c.id == PAPERS.c.assignment_id)
    )
    found: dict[str, Grades] = {}
    with transaction(copy) as connection:
        for student, cell, score in connection.execute(rows):
            if copy.autograded(student, name).exists():
                found.setdefault(student, {})[cell] = score
    return found
