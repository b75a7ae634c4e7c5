"""Stock nbgrader on a course: the oracle."""

from __future__ import annotations

import os
import sys

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
