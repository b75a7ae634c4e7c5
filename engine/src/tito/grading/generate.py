"""Makes assignments of modules: what graders keep, and what students get."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from tito.curriculum import files
from tito.curriculum.source import Cell, Unreadable, read_notebook
from tito.curriculum.views import NBGRADER_RELEASE, NBGRADER_SOURCE, view
from tito.errors import CourseFolderError
from tito.grading.assignment import read_assignment
from tito.grading.course import CourseFolder
from tito.grading.proof import prove
from tito.grading.register import register
from tito.grading.release import released
from tito.grading.syllabus import Syllabus
from tito.model import Finding, Module
from tito.workspace.files import write_atomically


@dataclass(frozen=True, slots=True)
class Made:
    """An assignment that was generated. `changes` says in words what is different from before;
    a new assignment has none."""

    name: str
    tasks: int
    points: float
    is_new: bool
    changes: tuple[str, ...]


def generate(syllabus: Syllabus, module: Module, force: bool = False) -> Made:
    """Write the module's source and release notebooks, and its entry in the gradebook.

    Raises SourceError or CourseFolderError, and writes nothing, if the proof fails, or if students
    have the assignment already, it would change, and nobody said `force`.
    """
    course, name = syllabus.folder, module.folder
    lesson = syllabus.lesson(module)
    source = files.notebook(view(lesson, NBGRADER_SOURCE))
    release = files.notebook(view(lesson, NBGRADER_RELEASE))
    is_new = not course.source(name).exists()
    changes = () if is_new else tuple(_changes(course, name, source, release))
    if changes and not force:
        _refuse_if_handed_out(course, name, changes)
    if is_new or changes:
        if findings := list(prove(syllabus, module, source, release)):
            raise CourseFolderError(findings)
        write_atomically(course.release(name), release)
        write_atomically(course.source(name), source)
    assignment = read_assignment(course, name)
    register(course, assignment)
    points = sum(cell.nbgrader["points"] for cell in assignment.graded)
    return Made(name, len(lesson.tasks), points, is_new, changes)


def _changes(course: CourseFolder, name: str, source: str, release: str) -> Iterator[str]:
    """What is different from the assignment that is there, in words."""
    pairs = ((course.source(name), source), (course.release(name), release))
    said = set[str]()
    for path, text in pairs:
        try:
            before = path.read_text(encoding="utf-8")
            if before == text:
                continue
            old, new = (read_notebook(each, path.name).cells for each in (before, text))
        except (OSError, ValueError, Unreadable) as error:
            yield f"{path.relative_to(course.root)} cannot be read any more: {error}"
            continue
        said.update(_differences(old, new))
    yield from sorted(said)


def _differences(old: tuple[Cell, ...], new: tuple[Cell, ...]) -> Iterator[str]:
    before = {cell.grade_id: cell for cell in old if cell.grade_id}
    after = {cell.grade_id: cell for cell in new if cell.grade_id}
    for grade_id in sorted(before.keys() | after.keys()):
        was, now = before.get(grade_id), after.get(grade_id)
        if was is None or now is None:
            one = was or now
            yield f"the {_kind(one)} {grade_id} is {'new' if now else 'gone'}"
            continue
        if was.nbgrader.get("points") != now.nbgrader.get("points"):
            points = (was.nbgrader.get("points"), now.nbgrader.get("points"))
            yield f"the {_kind(now)} {grade_id} has {points[1]} points instead of {points[0]}"
        if was.plain_text != now.plain_text:
            yield f"the {_kind(now)} {grade_id} has another text"
    if [c.text for c in old if not c.grade_id] != [c.text for c in new if not c.grade_id]:
        yield "explanations or code outside of the exercises are different"
    if list(before) != [g for g in after if g in before] and before.keys() <= after.keys():
        yield "the cells stand in another order"


def _kind(cell: Cell | None) -> str:
    if cell is None or cell.is_test:
        return "test"
    return "exercise" if cell.kind == "code" else "question"


def _refuse_if_handed_out(course: CourseFolder, name: str, changes: tuple[str, ...]) -> None:
    students = list(course.students(name))
    graded = sum(course.result(student, name).exists() for student in students)
    given = released(course).get(name)
    if not students and not given:
        return
    facts = [f"{name} would change, and students have it already"]
    if given:
        day = datetime.fromtimestamp(given.at, UTC).date().isoformat()
        facts.append(f"    released on {day} to {given.to}")
    facts.append(f"    handed in by {len(students)}, of which {graded} are graded")
    facts += [f"    {change}" for change in changes]
    fix = f"to change it all the same: tito nbgrader generate {name} --force; then grade again"
    raise CourseFolderError(Finding("\n".join(facts), str(course.release(name)), fix))
