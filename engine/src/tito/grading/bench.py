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
from tito.grading.result import CellRun, Result
from tito.model import Workspace


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
        if brief.settings.against == "reference":
            self.judge = self._stack.enter_context(self._judge(self.needed))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def sandbox(self) -> str:
        """In words; unknown until there is something to run on."""
        return self.judge.sandbox if self.judge else ""

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
        with own_stack(self.course, theirs, provided) as (workspace, notes):
            with self._judge(provided, workspace) as judge:
                result = self._grade(work, judge)
        runs = tuple(_without(f"{workspace.root}/", run) for run in result.runs)
        return replace(result, runs=runs, remarks=(*result.remarks, *notes))

    def _judge(self, provided: list[str], workspace: Workspace | None = None) -> Judge:
        return Judge(provided, self.assignment.module, self.brief.settings)

    def _same_grader(self) -> None:
        here = grader(list(self.assignments.values()), self.brief.settings, self.course)
        for part, wanted in self.brief.grader.items():
            if here[part] != wanted:
                raise OtherGrader(f"{part} is {here[part]} here, and the run began with {wanted}")


def _without(folder: str, run: CellRun) -> CellRun:
    """The run without the name of a folder that is another one each time."""
    texts = ("stdout", "stderr", "value", "error", "traceback")
    return replace(run, **{name: getattr(run, name).replace(folder, "") for name in texts})
