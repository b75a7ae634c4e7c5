"""Where a worker grades: all that one assignment takes, ready for one submission after the other."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import Self

from tito.curriculum.installed import installed
from tito.grading.assignment import parse_assignment
from tito.grading.brief import Brief, Work, earlier_modules, grader
from tito.grading.grade import grade
from tito.grading.judge import Judge
from tito.grading.own import own_stack
from tito.grading.result import Result


class OtherGrader(Exception):
    """Something that results depend on is different here; the text says what."""


class Bench:
    """Raises OtherGrader if it cannot grade as the brief says."""

    def __init__(self, brief: Brief):
        self.brief = brief
        self.course = installed().course(brief.tiers)
        self.assignments = {
            name: parse_assignment(name, *texts) for name, texts in brief.texts.items()
        }
        self.assignment = self.assignments[brief.assignment]
        self._same_grader()
        self._stack = ExitStack()
        self.needed = earlier_modules(self.course, self.assignment.module)
        self.judge: Judge | None = None
        self.sandbox = ""  # in words; unknown until there is something to run on
        self.weak = False
        if brief.settings.against == "reference":
            self.judge = self._stack.enter_context(self._judge(self.needed))
            self.sandbox, self.weak = self.judge.sandbox, self.judge.weak

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def grade(self, work: Work) -> Result:
        return self._grade(work, self.judge) if self.judge else self._on_their_own(work)

    def _grade(self, work: Work, judge: Judge) -> Result:
        settings = self.brief.settings
        return grade(self.assignment, work.paper, self.brief.digest, settings, judge)

    def _on_their_own(self, work: Work) -> Result:
        before = [each for name, each in self.assignments.items() if name != self.assignment.name]
        theirs = [(each, work.earlier[each.name]) for each in before]
        built = {each.module for each in before}
        provided = [id for id in self.needed if id not in built]
        stack, notes = own_stack(self.course, theirs)
        with self._judge(provided, stack) as judge:
            self.sandbox, self.weak = judge.sandbox, judge.weak
            result = self._grade(work, judge)
        return replace(result, remarks=(*result.remarks, *notes))

    def _judge(self, provided: list[str], own: dict[str, str] | None = None) -> Judge:
        module, settings = self.assignment.module, self.brief.settings
        required = self.brief.require_sandbox
        return Judge(provided, module, settings, own=own, require_sandbox=required)

    def _same_grader(self) -> None:
        here = grader(list(self.assignments.values()), self.brief.settings, self.course)
        for part, wanted in self.brief.grader.items():
            if here[part] != wanted:
                raise OtherGrader(f"{part} is {here[part]} here, and the run began with {wanted}")
