"""What nbgrader is told about a course: by its `nbgrader_config.py`, and by our own commands."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from tito.grading.course import CourseFolder, read_course

HERE = "tito.grading"


def configure(c: Any, root: str | Path) -> None:
    """Set up nbgrader for the course in this folder. `c` is nbgrader's configuration.

    Its Autograde, which formgrader's button starts, grades with our engine, in the sandbox. HTML of
    a student's runs in no grader's and no student's browser, and feedback keeps hidden tests hidden.
    """
    course = read_course(Path(root).resolve())
    c.CourseDirectory.root = str(course.root)
    c.CourseDirectory.course_id = course.config.name
    c.CourseDirectory.db_url = course.gradebook
    c.Autograde.sanitize_preprocessors = []
    c.Autograde.autograde_preprocessors = [
        f"{HERE}.preprocessor.Sandboxed",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]
    c.GenerateFeedback.preprocessors = [
        "nbgrader.preprocessors.GetGrades",
        f"{HERE}.preprocessor.ForStudents",
        "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
    ]
    c.ForStudents.show_hidden_tests = course.config.show_hidden_tests
    c.HTMLExporter.sanitize_html = True
    c.HTMLExporter.filters = {"markdown2html": f"{HERE}.safe.markdown_to_html"}


def nbgrader_config(course: CourseFolder) -> Any:
    """The configuration with which nbgrader's own commands would run here: this machine's, the
    course's `nbgrader_config.py`, and what must hold whatever these say."""
    from nbgrader.apps.baseapp import NbGrader
    from traitlets.config.loader import Config, PyFileConfigLoader

    app = NbGrader()
    app.load_cwd_config = False
    app.log_level = logging.ERROR  # that this machine has no configuration of its own is no news
    app.load_config_file(suppress_errors=False)
    config = app.config
    file = "nbgrader_config.py"
    if (course.root / file).is_file():
        config.merge(PyFileConfigLoader(file, str(course.root)).load_config())
    ours = Config()
    configure(ours, course.root)
    config.merge(ours)
    return config
