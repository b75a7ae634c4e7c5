"""Brings results of shards together. What agrees is taken once; what does not is told, and nothing
is overwritten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tito.errors import UsageError
from tito.grading.course import CourseFolder
from tito.grading.people import unsafe
from tito.grading.result import load
from tito.model import Finding
from tito.workspace.files import write_atomically

MOST_BYTES = 64 << 20


@dataclass
class Merged:
    """How many results are new here, and how many were here already; what could not be taken."""

    counts: Counter[str] = field(default_factory=Counter)
    assignments: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)


def merge(course: CourseFolder, folders: Iterable[Path]) -> Merged:
    """Take in the results that `autograde --results` wrote into these folders."""
    merged = Merged()
    for folder in folders:
        if not folder.is_dir():
            fix = "name what was given to: tito nbgrader autograde --results DIR"
            raise UsageError(Finding("there is no such folder", str(folder), fix))
        for path in sorted(folder.glob("*/*.json")):
            _take(course, path, merged)
    return merged


def _take(course: CourseFolder, path: Path, merged: Merged) -> None:
    try:
        text = _valid(course, path)
    except (OSError, ValueError) as error:
        merged.findings.append(Finding(f"this is not taken: {error}", str(path)))
        return
    assignment = path.parent.name
    here = course.result(path.stem, assignment)
    merged.assignments.add(assignment)
    try:
        before = here.read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        before = ""
    if before == text:
        merged.counts["as before"] += 1
    elif before:
        message = f"two results of {path.stem} for {assignment} are not the same"
        fix = f"grade again: tito nbgrader autograde {assignment} --student {path.stem} --force"
        merged.findings.append(Finding(message, f"{here} and {path}", fix))
    else:
        write_atomically(here, text)
        merged.counts["new"] += 1


def _valid(course: CourseFolder, path: Path) -> str:
    """The text of a result that is what its name says. Raises ValueError with what is wrong."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > MOST_BYTES:
        raise ValueError("it is a link, no ordinary file, or far too large")
    text = path.read_text(encoding="utf-8")
    result = load(text)
    if (result.assignment, result.student) != (path.parent.name, path.stem):
        raise ValueError("it is the result of another student or assignment")
    if unsafe(result.student) or result.assignment not in course.assignments():
        raise ValueError(f"{result.assignment!a} is none of the course's assignments")
    return text
