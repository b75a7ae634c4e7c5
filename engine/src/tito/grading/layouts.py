"""Whose file is it? What learning platforms and people call the files of a class."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tito.errors import UsageError
from tito.grading.entries import Entry
from tito.model import Finding

# Canvas: doejane_LATE_4711_98765_tensor-1.ipynb. The first number is the person's, the second the
# submission's, and -1 counts attempts. Moodle: Jane Doe_4711_assignsubmission_file_/tensor.ipynb;
# its number is another one in each assignment.
LAYOUTS = {
    "canvas": r"(?P<student>[^/_]+)(?P<late>_LATE)?_(?P<number>\d+)_(?P<order>\d+)_(?P<file>[^/]+)",
    "moodle": r"(?P<student>[^/]+)_(?P<local>\d+)_assignsubmission_file_?/?(?P<file>[^/]+)",
    "folders": r"(?P<student>[^/]+)/(?P<assignment>\d+_[^/]+)/(?P<file>[^/]+)",
    "students": r"(?P<student>[^/]+)/(?P<file>[^/]+)",
    "files": r"(?P<student>[^/]+)\.(?:ipynb|py)",
}
COUNTED = re.compile(
    r"(?:-| ?\()(?P<attempt>\d+)\)?$"
)  # tensor-1 of Canvas, tensor (1) of browsers


@dataclass(frozen=True, slots=True)
class Found:
    """A student's file. `called` is what the platform calls the student; of several attempts the one
    with the highest `order` is the last."""

    called: str
    number: str
    student: str
    file: str
    late: bool
    order: tuple[float, int, int]
    entry: Entry


class Layout:
    """How the files of this collection are named: as the pattern says, or else as most of the
    notebooks are."""

    def __init__(self, entries: Iterable[Entry], pattern: str):
        self.name = "pattern" if pattern else _fitting(entries)
        self.expression = _compiled(pattern or f"(?:.*/)?{LAYOUTS[self.name]}")

    def found(self, entry: Entry, module: str, students: dict[str, str]) -> Found | None:
        """None if it is not named so. `students` maps what a platform calls someone, by name, number
        or both, to their id."""
        match = self.expression.fullmatch(entry.path)
        if not match:
            return None
        parts = match.groupdict(default="")
        name, number = parts["student"], parts.get("number", "")
        both = f"{name}_{number}" if number else name
        known = [students[key] for key in (both, number, name) if key in students]
        student = known[0] if known else "_".join(both.split())
        file, attempt = _file(parts.get("file", ""), entry.path, module)
        order = (entry.at, int(parts.get("order") or 0), attempt)
        number = number or parts.get("local", "")
        return Found(name, number, student, file, bool(parts.get("late")), order, entry)


def _fitting(entries: Iterable[Entry]) -> str:
    expressions = {name: re.compile(f"(?:.*/)?{each}") for name, each in LAYOUTS.items()}
    fits: Counter[str] = Counter()
    for entry in entries:
        fits.update(name for name, each in expressions.items() if each.fullmatch(entry.path))
    return max(LAYOUTS, key=lambda name: fits[name])  # the first of those that fit alike


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise UsageError(Finding(f"the pattern is wrong: {error}", "--pattern")) from None
    if "student" not in compiled.groupindex:
        fix = r"write it like this: '(?P<student>[^/]+)_hw1\.ipynb'"
        raise UsageError(Finding("the pattern does not tell the student", "--pattern", fix))
    return compiled


def _file(name: str, path: str, module: str) -> tuple[str, int]:
    """(the name under which the file is kept, which attempt it is). A file that is called like the
    student is the assignment's, too."""
    stem, _, suffix = path.rpartition("/")[2].rpartition(".")
    if not name:
        return f"{module}.{suffix.lower()}", 0
    stem = name.rpartition(".")[0]
    counted = COUNTED.search(stem)
    if counted and stem[: counted.start()] == module:
        return f"{module}.{suffix.lower()}", int(counted["attempt"][:9])
    return f"{stem}.{suffix.lower()}", 0


def is_notebook(path: str) -> bool:
    return path.lower().endswith((".ipynb", ".py"))
