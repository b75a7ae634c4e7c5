"""Makes a folder a course: `course.toml`, and what nbgrader and people need to find their way."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tito.errors import CourseFolderError, UsageError
from tito.grading.course import MARKER, CourseFolder, read_course, render
from tito.model import Finding
from tito.workspace.files import write_atomically

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

NBGRADER_CONFIG = '''\
"""How nbgrader works on this course. Its commands and formgrader read this file when they start here.

`configure` sets the course's name, folder and gradebook, makes nbgrader's Autograde grade in our
sandbox, and keeps feedback safe. What is yours to say comes below it, for example where the exchange
is:

    c.Exchange.root = "/srv/nbgrader/exchange"
"""

from pathlib import Path

from tito.grading.configure import configure

c = get_config()  # noqa: F821, nbgrader defines it
configure(c, Path(__file__).parent)
'''

README = """\
# {name}

A course of TinyTorch, made by `tito course new`. Everything is done in this folder.

| step | command |
| --- | --- |
| make the assignments | `tito nbgrader generate` |
| hand one out | `tito nbgrader release 01_tensor`, or `--to FOLDER` for a learning platform |
| take in what was submitted | `tito nbgrader collect 01_tensor` |
| grade it | `tito nbgrader autograde 01_tensor` |
| see where things stand | `tito nbgrader status` |
| write feedback | `tito nbgrader feedback 01_tensor` |
| give the grades to others | `tito nbgrader export --format csv` |

| here | is |
| --- | --- |
| `course.toml` | which tiers are handed out, and the course's settings |
| `nbgrader_config.py` | the same for nbgrader and formgrader |
| `source/` | the assignments with solutions and hidden tests: not for students |
| `release/` | the assignments as they are handed out |
| `submitted/` | what students handed in |
| `results/` | what grading came to, one file a submission: everything below is made from it |
| `gradebook.db` | nbgrader's gradebook |
| `autograded/`, `feedback/` | graded notebooks for graders, and pages for students |
"""


def new_course(root: Path, name: str, tiers: tuple[str, ...]) -> CourseFolder:
    """Raises CourseFolderError, and writes nothing, if something of a course is there already."""
    if not NAME.fullmatch(name):
        message = f"nbgrader cannot use {name!r} as a course's name"
        fix = "give one made of letters, digits, '-', '_' and '.', with --name"
        raise UsageError(Finding(message, fix=fix))
    files = {
        MARKER: render(name, tiers),
        "nbgrader_config.py": NBGRADER_CONFIG,
        "README.md": README.format(name=name),
    }
    _refuse_what_is_there(root, files)
    # The marker comes last: without it the folder is no course yet, and this can be said again.
    for file, text in reversed(files.items()):
        write_atomically(root / file, text)
    return read_course(root)


def _refuse_what_is_there(root: Path, files: dict[str, str]) -> None:
    if os.path.lexists(root / MARKER):
        message, fix = "this is a course already", "choose another folder, or go on in this one"
        raise CourseFolderError(Finding(message, str(root / MARKER), fix))
    for file in files:
        path = root / file
        if os.path.lexists(path) and path.read_bytes() != files[file].encode():
            message = f"{file} is there already, and nothing is overwritten"
            raise CourseFolderError(Finding(message, str(path), "choose another folder"))
