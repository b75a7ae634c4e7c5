"""Puts what students handed in where it is graded: `submitted/STUDENT/ASSIGNMENT/`.

Their last submission counts, and the ones before are kept in `earlier/`. What is wrong with one file
is a finding, and costs nobody else anything.
"""

from __future__ import annotations

import csv
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from tito.errors import CourseFolderError, UsageError
from tito.grading.course import CourseFolder
from tito.grading.entries import Bad, Entry, entries
from tito.grading.layouts import Found, Layout, is_notebook
from tito.grading.people import unsafe
from tito.model import Finding

STAMP = "timestamp.txt"
WRITTEN = "%Y-%m-%d %H:%M:%S UTC"


@dataclass(frozen=True, slots=True)
class Collected:
    """What became of one student: `new`, `newer`, `as before` or `older` than what is here."""

    called: str
    student: str
    file: str
    late: bool
    outcome: str


@dataclass
class Collection:
    layout: str
    students: list[Collected] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def collect(
    course: CourseFolder, assignment: str, where: Path, pattern: str, students: dict[str, str]
) -> Collection:
    """Take the submissions for an assignment from a folder or an archive.

    `students` maps what a platform calls someone to their id here. Raises UsageError if there is
    nothing to read, CourseFolderError if something cannot be written.
    """
    findings: list[Finding] = []
    files: list[Entry] = []
    with entries(where) as listed:
        for each in listed:
            if isinstance(each, Finding):
                findings.append(each)
            elif is_notebook(each.path):
                files.append(each)
        layout = Layout(files, pattern)
        collection = Collection(layout.name, findings=findings)
        found = list(_found(files, layout, assignment, students, collection))
        for student, theirs in sorted(_by_student(found, collection).items()):
            _store(course, assignment, student, theirs, collection)
    return collection


def _found(
    files: list[Entry],
    layout: Layout,
    assignment: str,
    students: dict[str, str],
    collection: Collection,
) -> Iterator[Found]:
    module = assignment.partition("_")[2]
    for entry in files:
        found = layout.found(entry, module, students)
        if found is None:
            message = f"{entry.path!a} does not say whose it is"
            fix = "tell how files are named with --pattern"
            collection.findings.append(Finding(message, fix=fix, level="warning"))
        elif not _elsewhere(layout, entry, assignment):
            yield found


def _elsewhere(layout: Layout, entry: Entry, assignment: str) -> bool:
    """Whether it lies in the folder of another assignment."""
    match = layout.expression.fullmatch(entry.path)
    named = match.groupdict().get("assignment") if match else None
    return named not in (None, assignment)


def _by_student(found: list[Found], collection: Collection) -> dict[str, list[Found]]:
    """Two people of one name are told apart by the platform's number."""
    numbers = defaultdict[str, set[str]](set)
    for each in found:
        numbers[each.student].add(each.number)
    grouped = defaultdict[str, list[Found]](list)
    for each in found:
        student = each.student
        if len(numbers[student]) > 1:
            student = f"{student}_{each.number}"
        grouped[student].append(replace(each, student=student))
    for student in sorted(student for student, each in numbers.items() if len(each) > 1):
        message = (
            f"{len(numbers[student])} students are called {student!r}; their numbers are added"
        )
        fix = "give each their own name with --students FILE.csv"
        collection.findings.append(Finding(message, fix=fix, level="warning"))
    for student in [student for student in grouped if unsafe(student)]:
        message = f"{student!a} cannot be a student's name: {unsafe(student)}"
        fix = "give them another one with --students FILE.csv"
        collection.findings.append(Finding(message, grouped.pop(student)[0].entry.path, fix))
    return grouped


def _store(
    course: CourseFolder,
    assignment: str,
    student: str,
    theirs: list[Found],
    collection: Collection,
) -> None:
    """All attempts, the first one first, so that the last one stays."""
    if same := _same_but_for_case(course, student):
        message = f"{student!r} and {same!r} are one folder on many systems"
        fix = "give one of them another name with --students FILE.csv"
        collection.findings.append(Finding(message, fix=fix))
        return
    outcome = last = None
    for attempt in _attempts(theirs, assignment.partition("_")[2]):
        try:
            data = {each.file: each.entry.read() for each in attempt}
        except Bad as error:
            path = attempt[0].entry.path
            collection.findings.append(Finding(f"{path!a} is not taken: {error}", student))
            continue
        last, outcome = attempt[-1], put(course, assignment, student, data, attempt[-1].entry.at)
    if last and outcome:
        called = f"{last.called} ({last.number})" if last.number else last.called
        collected = Collected(called, student, last.file, last.late, outcome)
        collection.students.append(collected)


def _attempts(theirs: list[Found], module: str) -> Iterator[list[Found]]:
    """Each file that is called like the module is an attempt; if there is none, all are one."""
    ours = [each for each in theirs if each.file.rpartition(".")[0] == module]
    for each in sorted(ours, key=lambda found: found.order):
        yield [each]
    if not ours:
        yield sorted(theirs, key=lambda found: found.order)


def _same_but_for_case(course: CourseFolder, student: str) -> str:
    """Another student's folder that this one's name would mean where case does not count."""
    folder = course.root / "submitted"
    names = os.listdir(folder) if folder.is_dir() else []
    folded = student.casefold()
    return next((name for name in names if name != student and name.casefold() == folded), "")


def put(
    course: CourseFolder, assignment: str, student: str, files: dict[str, bytes], at: float
) -> str:
    """Store a submission; what came of it. An interrupted `put` leaves the old one or the new one."""
    folder = course.submitted(student, assignment)
    stamp = _written(at)
    wanted = files | ({STAMP: (stamp + "\n").encode()} if stamp else {})
    try:
        if not os.path.lexists(folder):
            _write(folder, wanted)
            return "new"
        if _holds(folder, files):
            return "as before"
        if stamp and stamp < _stamp(folder):
            _write(_aside(course, assignment, student, stamp), wanted)
            return "older"
        _swap(folder, wanted, _aside(course, assignment, student, _stamp(folder)))
    except OSError as error:
        message = f"a submission cannot be stored: {error.strerror or error}"
        fix = "make room or permission there, then collect again: it goes on"
        raise CourseFolderError(Finding(message, str(folder), fix)) from None
    return "newer"


def _written(at: float) -> str:
    """Empty if the time is not known, or none that there is."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime(WRITTEN) if at else ""
    except (ValueError, OverflowError, OSError):
        return ""


def _write(folder: Path, files: dict[str, bytes]) -> None:
    """Whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        made.chmod(0o755)
        for name, data in files.items():
            with open(made / name, "xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        os.rename(made, folder)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


def _swap(folder: Path, files: dict[str, bytes], aside: Path) -> None:
    aside.parent.mkdir(parents=True, exist_ok=True)
    new = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    _write(new, files)
    os.rename(folder, aside)
    os.rename(new, folder)


def _holds(folder: Path, files: dict[str, bytes]) -> bool:
    """Whether these files, and no other notebook, are what is there."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    there = {path.name for path in folder.iterdir() if is_notebook(path.name)}
    paths = {name: folder / name for name in files}
    return there == set(files) and all(
        path.is_file() and not path.is_symlink() and path.read_bytes() == files[name]
        for name, path in paths.items()
    )


def _stamp(folder: Path) -> str:
    """As we write it; what others write, or a time that is not known, counts as the oldest."""
    try:
        text = (folder / STAMP).read_text(encoding="utf-8").strip()[:100]
        return datetime.strptime(text, WRITTEN).strftime(WRITTEN)
    except (OSError, ValueError):
        return ""


def _aside(course: CourseFolder, assignment: str, student: str, stamp: str) -> Path:
    """A name in `earlier/` that is not taken."""
    when = "".join(c for c in stamp if c.isdigit()) or "undated"
    folder = course.root / "earlier" / student / assignment
    names = (folder / (when if n == 1 else f"{when}-{n}") for n in count(1))
    return next(name for name in names if not os.path.lexists(name))


def read_students(path: Path) -> dict[str, str]:
    """A table with the columns `called` and `student`, as CSV. Raises UsageError."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows: Iterable[dict[str, str]] = list(csv.DictReader(file))
            return {row["called"].strip(): row["student"].strip() for row in rows}
    except (OSError, ValueError, KeyError, AttributeError, csv.Error) as error:
        message = f"the table of students cannot be read: {error!r}"
        fix = "its first line is: called,student"
        raise UsageError(Finding(message, str(path), fix)) from None
