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
    "canvas": r"(?:.*/)?(?P<name>[^/_]+)(?P<late>_LATE)?_(?P<number>\d+)_(?P<order>\d+)_(?P<file>[^/]+)",
    "moodle": r"(?:.*/)?(?P<name>[^/]+)_(?P<local>\d+)_assignsubmission_[a-z]+_?/?(?P<file>[^/]+)",
    "folders": r"(?:.*/)?(?P<name>[^/]+)/(?P<assignment>\d+_[^/]+)/(?P<file>[^/]+)",
    "students": r"(?P<name>[^/]+)/(?P<file>[^/]+)",
    "files": r"(?P<name>[^/]+)\.(?P<file>ipynb|py)",
}
COUNTED = re.compile(r"(?:-\d+| ?\(\d+\))$")  # what browsers and Canvas add to a second attempt


@dataclass(frozen=True, slots=True)
class Found:
    """A student's file. `called` is what the platform calls the student, `student` their id here;
    `file` is the name under which it is kept, `order` tells the later of two attempts."""

    called: str
    student: str
    file: str
    late: bool
    order: tuple[float, int, int]
    entry: Entry


def layout(entries: Iterable[Entry], pattern: str) -> tuple[str, re.Pattern[str]]:
    """(name, expression) of the given pattern, or of the layout that fits most of the notebooks."""
    if pattern:
        return "pattern", _compiled(pattern)
    fits: Counter[str] = Counter()
    expressions = {name: re.compile(each) for name, each in LAYOUTS.items()}
    for entry in entries:
        if is_notebook(entry.path):
            fits.update(n for n, each in expressions.items() if each.fullmatch(entry.path))
    name = max(LAYOUTS, key=lambda each: fits[each])  # the first of those that fit alike
    return name, expressions[name]


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise UsageError(Finding(f"the pattern is wrong: {error}", "--pattern")) from None
    if "name" not in compiled.groupindex:
        fix = r"write it like this: '(?P<name>[^/]+)_hw1\.ipynb'"
        raise UsageError(Finding("the pattern does not say where the name is", "--pattern", fix))
    return compiled


def found(entry: Entry, match: re.Match[str], module: str, students: dict[str, str]) -> Found:
    """`students` maps what a platform calls a student, by name, number or both, to their id."""
    parts = match.groupdict(default="")
    name, number = parts["name"], parts.get("number", "")
    called = "_".join(filter(None, (name, number or parts.get("local", ""))))
    known = (students[key] for key in (called, number, name) if key in students)
    usual = "_".join(f"{name}_{number}".split()) if number else "_".join(name.split())
    stem, dot, suffix = entry.path.rpartition("/")[2].rpartition(".")
    if parts.get("file") and "." in parts["file"]:
        stem, dot, suffix = parts["file"].rpartition(".")
    plain = COUNTED.sub("", stem)
    attempt = int("".join(filter(str.isdigit, stem[len(plain) :])) or 0)
    ours = plain == module or "file" not in parts or "." not in parts["file"]
    file = f"{module if ours else stem}{dot}{suffix.lower()}"
    order = (entry.at, int(parts.get("order") or 0), attempt)
    return Found(called, next(known, usual), file, bool(parts.get("late")), order, entry)


def is_notebook(path: str) -> bool:
    return path.lower().endswith((".ipynb", ".py"))
