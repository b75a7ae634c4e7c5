"""Stock nbgrader on a course: the oracle."""

from __future__ import annotations

import os
import sqlite3
import sys
from pathlib import Path
from typing import Any

from support import Run, run
from tito.grading.course import CourseFolder

CONFIG = """
c = get_config()
c.CourseDirectory.root = {root!r}
c.CourseDirectory.course_id = {name!r}
"""


def nbgrader(course: CourseFolder, *arguments: str) -> Run:
    """Run nbgrader's command there, with the configuration that is there."""
    at_home = {name: os.environ[name] for name in ("PYTHONPATH", "TITO_DISABLE_PLUGINS")}
    command = (sys.executable, "-m", "nbgrader", *arguments)
    return run(*command, cwd=course.root, TITO_WORKSPACE="", **at_home)


def unconfigured(course: CourseFolder) -> None:
    """Take our settings of nbgrader away."""
    text = CONFIG.format(root=str(course.root), name=course.config.name)
    (course.root / "nbgrader_config.py").write_text(text)


def rows(gradebook: Path, query: str) -> list[tuple[Any, ...]]:
    """Of a gradebook in SQLite, sorted."""
    connection = sqlite3.connect(gradebook)
    try:
        return sorted(connection.execute(query).fetchall(), key=repr)
    finally:
        connection.close()
