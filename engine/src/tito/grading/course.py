"""An instructor's folder, marked by `course.toml`. Its other folders are the ones nbgrader knows."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from tito.curriculum.structure import Mismatch, structure
from tito.errors import CourseFolderError
from tito.grading.settings import Settings
from tito.model import Finding
from tito.names import pick
from tito.workspace.find import here, listed

MARKER = "course.toml"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Config:
    """What `course.toml` says. `tiers` are the ids of those whose modules are handed out; whatever
    else they require is provided. `name` is nbgrader's course id, `gradebook` the URL of its
    database, `question_points` what each answer to a question to think about is worth;
    `show_hidden_tests` is whether feedback does. `stderr` and `against` are those of Settings."""

    format: int
    name: str
    tiers: tuple[str, ...]
    gradebook: str = ""
    question_points: int = 0
    show_hidden_tests: bool = False
    stderr: Literal["ignore", "fail"] = "ignore"
    against: Literal["reference", "own"] = "reference"


@dataclass(frozen=True, slots=True)
class CourseFolder:
    """Where everything of a course lies. An assignment is called like its module's folder
    (`01_tensor`), its notebook like the module (`tensor.ipynb`)."""

    root: Path
    config: Config

    def source(self, assignment: str) -> Path:
        """With solutions and hidden tests: what every submission is rebuilt on."""
        return self.root / "source" / assignment / _notebook(assignment)

    def release(self, assignment: str) -> Path:
        """As it is handed out."""
        return self.root / "release" / assignment / _notebook(assignment)

    def submitted(self, student: str, assignment: str) -> Path:
        """The folder of what a student handed in."""
        return self.root / "submitted" / student / assignment

    def result(self, student: str, assignment: str) -> Path:
        """What grading came to: the source of truth for gradebook, feedback and export."""
        return self.root / "results" / assignment / f"{student}.json"

    def autograded(self, student: str, assignment: str) -> Path:
        """The executed notebook, for nbgrader's feedback and formgrader."""
        return self.root / "autograded" / student / assignment / _notebook(assignment)

    def feedback(self, student: str, assignment: str) -> Path:
        """The page that a student gets."""
        page = _notebook(assignment).replace(".ipynb", ".html")
        return self.root / "feedback" / student / assignment / page

    @property
    def gradebook(self) -> str:
        """The URL of nbgrader's database: a file of SQLite, unless the course names another."""
        return self.config.gradebook or f"sqlite:///{self.root / 'gradebook.db'}"

    @property
    def settings(self) -> Settings:
        """How submissions are graded, unless a command says otherwise."""
        return Settings(stderr=self.config.stderr, against=self.config.against)

    def assignments(self) -> list[str]:
        """Those that were generated, in teaching order."""
        return sorted(path.parent.name for path in self.root.glob("source/*/*.ipynb"))

    def assignment(self, name: str) -> str:
        """The assignment of this name, module id or number; raises UsageError with what there is."""
        names = {key: each for each in self.assignments() for key in (each, *each.split("_", 1))}
        return pick(name, names, "assignment", "tito nbgrader status")

    def students(self, assignment: str) -> Iterator[str]:
        """Those who handed something in for it, by name."""
        yield from sorted(path.parent.name for path in self.root.glob(f"submitted/*/{assignment}"))


def _notebook(assignment: str) -> str:
    return f"{assignment.partition('_')[2]}.ipynb"


def find_course() -> CourseFolder:
    """The course around the current directory. Raises CourseFolderError if there is none."""
    start = here()
    for folder in (start, *start.parents) if start else ():
        if (folder / MARKER).is_file():
            return read_course(folder)
    fix = "cd into a course, or make one: tito course new DIR --tiers foundation"
    raise CourseFolderError(Finding("there is no course here", str(start or "."), fix))


def read_course(root: Path) -> CourseFolder:
    """The environment may name another gradebook than `course.toml`, with a password."""
    path = root / MARKER
    try:
        data: Any = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        config = structure(Config, _of_this_format(data), "")
    except (OSError, ValueError, RecursionError, Mismatch) as error:
        fix = "mend the file; it holds 'format', 'name' and the list 'tiers', nothing else"
        message = f"{MARKER} cannot be read: {error}"
        raise CourseFolderError(Finding(message, str(path), fix)) from None
    gradebook = os.environ.get("TITO_GRADEBOOK") or config.gradebook
    return CourseFolder(root, replace(config, gradebook=gradebook))


def _of_this_format(data: Any) -> Any:
    if isinstance(data.get("format"), int) and data["format"] > FORMAT:
        raise ValueError(f"it has format {data['format']}, and this engine knows {FORMAT}")
    return data


def render(name: str, tiers: tuple[str, ...]) -> str:
    """The text of a new course's `course.toml`."""
    return (
        "# This folder is a course: tito looks for this file.\n"
        f'format = {FORMAT}\n\n# How nbgrader calls the course.\nname = "{name}"\n\n'
        "# The tiers whose modules are handed out. Whatever else they need is provided.\n"
        f"tiers = {listed(tiers)}\n\n"
        "# What a person gives at most for each answer to the questions to think about.\n"
        "question_points = 0\n\n"
        "# Whether students see hidden tests in their feedback.\n"
        "show_hidden_tests = false\n"
    )
