"""What a course hands out, from the tiers that are installed."""

from __future__ import annotations

from dataclasses import dataclass

from tito.curriculum.compile import compile_module
from tito.curriculum.installed import Installed, installed
from tito.curriculum.lesson import Lesson
from tito.curriculum.questions import with_answers
from tito.errors import UsageError
from tito.grading.course import MARKER, CourseFolder
from tito.learner.desk import module_named
from tito.model import Course, Finding, Module


@dataclass(frozen=True)
class Syllabus:
    folder: CourseFolder
    installed: Installed
    course: Course

    @property
    def modules(self) -> list[Module]:
        """Those that students build, in teaching order."""
        tiers = self.folder.config.tiers
        return [m for m in self.course.modules if self.course.tier_of(m).id in tiers]

    def module(self, name: str) -> Module:
        """The module of this id, number or folder; raises UsageError if it is not handed out."""
        module = module_named(self.course, name)
        tier = self.course.tier_of(module).id
        if tier not in self.folder.config.tiers:
            message = f"module {module.id} is provided in this course; there is nothing to hand out"
            fix = f"to hand it out, add {tier!r} to tiers"
            raise UsageError(Finding(message, str(self.folder.root / MARKER), fix))
        return module

    def lesson(self, module: Module) -> Lesson:
        """The module's source as it is installed, with answer cells for its questions."""
        tier = self.installed.of(self.course.tier_of(module).id)
        folder = tier.package / "modules" / module.folder
        draft = compile_module(folder, tier.tier.namespace).draft
        points = self.folder.config.question_points
        return with_answers(draft.lesson, draft.config.rubrics, points)


def syllabus(folder: CourseFolder) -> Syllabus:
    """Raises UsageError for a tier that is not installed, CourseError if they do not fit."""
    found = installed()
    return Syllabus(folder, found, found.course(folder.config.tiers))
