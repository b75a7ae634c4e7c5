"""An assignment with those it may stand on, and what students handed in for them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from tito.curriculum.installed import installed
from tito.errors import CourseFolderError
from tito.grading.assignment import Assignment, parse_assignment, read_texts
from tito.grading.brief import Brief, Work, earlier_modules, grader
from tito.grading.course import CourseFolder
from tito.grading.grade import Paper
from tito.grading.intake import Submission, take
from tito.grading.settings import Settings
from tito.model import Finding


@dataclass(frozen=True, slots=True)
class Stack:
    """`assignments` end with the one that is graded; those before it are empty unless students'
    own earlier modules take the place of the reference."""

    course: CourseFolder
    assignments: tuple[Assignment, ...]
    brief: Brief

    @property
    def name(self) -> str:
        return self.brief.assignment

    def digest(self, student: str) -> str:
        """Of all that the student handed in and that matters here."""
        return self.work(student).paper.digest

    def work(self, student: str) -> Work:
        *earlier, submission = (self._taken(student, each) for each in self.assignments)
        digests = "\0".join(each.digest for each in (*earlier, submission))
        digest = hashlib.sha256(digests.encode()).hexdigest() if earlier else submission.digest
        names = (each.name for each in self.assignments)
        return Work(Paper(student, submission, digest), dict(zip(names, earlier, strict=False)))

    def _taken(self, student: str, assignment: Assignment) -> Submission:
        return take(self.course.submitted(student, assignment.name), assignment.module)


def stacks(
    course: CourseFolder, names: list[str], settings: Settings, require_sandbox: bool
) -> Iterator[Stack]:
    """One for each assignment of these names. Raises CourseFolderError for one that is no module."""
    modules = installed().course(course.config.tiers)
    by_module = {name.partition("_")[2]: name for name in course.assignments()}
    for name in names:
        module = name.partition("_")[2]
        if module not in modules.by_id:
            message = f"no installed tier has the module {module!r}"
            fix = "install the tier it is from: tito tier list shows what there is"
            raise CourseFolderError(Finding(message, str(course.source(name)), fix))
        own = settings.against == "own"
        needed = earlier_modules(modules, module) if own else []
        handed_out = [by_module[id] for id in needed if id in by_module]
        texts = {each: read_texts(course, each) for each in (*handed_out, name)}
        assignments = [parse_assignment(each, *both) for each, both in texts.items()]
        depends = grader(assignments, settings, modules)
        brief = Brief(name, course.config.tiers, texts, settings, depends, require_sandbox)
        yield Stack(course, tuple(assignments), brief)
