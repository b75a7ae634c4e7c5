"""Runs submissions where they can do no harm, and believes nothing that it cannot check.

A judge has one server inside of a sandbox; for each submission the server forks a child, and the
judge hands it the cells one at a time. So a hidden test is in no process before it runs. Whoever ends
its process, or takes too long, costs itself that cell: a fresh child runs the cells before it again,
leaves it out, and goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from tito.curriculum.installed import Installed, installed
from tito.curriculum.source import Cell
from tito.errors import UsageError
from tito.grading.assignment import Assignment
from tito.grading.plan import Plan
from tito.grading.result import CellRun, Remark
from tito.grading.settings import Settings
from tito.grading.submission import Submission
from tito.grading.warden import Warden, World
from tito.grading.wire import Ended, Message
from tito.model import Course
from tito.names import unknown

# What NumPy imports only when it is used: 15 ms in each child, if it had to.
LATE = ("numpy.fft", "numpy.linalg", "numpy.random", "numpy.testing")


class Judge(Warden):
    """`requires` are the ids of the modules that are provided as reference; `module` is the one that
    is graded, and locked. `own` maps ids of modules to the texts of a student's exports of them."""

    def __init__(
        self,
        requires: Iterable[str],
        module: str,
        settings: Settings,
        *,
        own: Mapping[str, str] | None = None,
        require_sandbox: bool = False,
        tiers: Installed | None = None,
    ) -> None:
        self.settings = settings
        self.tiers = tiers or installed()
        course = course_of(module, self.tiers)
        provided = course.requirements(*requires) - {module}
        limits = settings.limits
        world = World(self.tiers.tiers, course, provided, limits, own or {}, under_test=module)
        super().__init__(world, require_sandbox=require_sandbox)
        self.plans: dict[str, Plan] = {}  # by the digests of assignments
        self.plan: Plan | None = None  # of the assignment for which the server is ready
        self.begun: list[Message] = []  # what those cells showed that it has run

    def run(
        self, assignment: Assignment, cells: Sequence[Cell]
    ) -> tuple[list[CellRun], list[Remark]]:
        """What each code cell showed, in order, and what a person should look at."""
        if assignment.digest not in self.plans:
            self.plans[assignment.digest] = Plan(assignment)
        plan, measures = self.plans[assignment.digest], not self.settings.analysis
        if plan is not self.plan:
            self._turn_to(plan)
        code = [cell for cell in cells if cell.kind == "code"]
        needless = {n for n, cell in enumerate(code) if measures and plan.needless(cell)}
        return Submission(self, plan, code, self.settings.limits, frozenset(needless)).run()

    def _turn_to(self, plan: Plan) -> None:
        if self.begun and self.box:  # with another assignment, which is none of this one's business
            self.box.stop()
            self.box = None
        self.plan = plan
        with suppress(Ended):  # a server that is gone is started again for the child
            self.prepare()

    def prepare(self) -> None:
        """What the assignment imports is in the server before a student's code runs anywhere, and so
        is what its first cells define. Not so if it stands on what the student wrote."""
        self.begun = []
        if not self.box or not self.plan:
            return
        by_id, own = self.world.course.by_id, self.world.own
        facades = {facade for id in self.world.provided for facade in by_id[id].exports}
        modules = [*LATE, *sorted(facades), *self.plan.imports]
        packages = {name.partition(".")[0] for name in modules}
        if own:
            theirs = {module.target.partition(".")[0] for module in by_id.values()}
            modules = [name for name in modules if name.partition(".")[0] not in theirs]
        begin = [] if own else self.plan.beginning
        self.begun = self.box.load(
            modules, sorted(packages), begin=begin, without=self.plan.replacements
        )


def course_of(module: str, tiers: Installed) -> Course:
    """The tiers that the module needs; others, if there are any, are not in the workspace."""
    everything = tiers.course()
    if module not in everything.by_id:
        raise UsageError(unknown(module, everything.by_id, "module", "tito tier list"))
    return tiers.course([everything.tier_of(everything.by_id[module]).id])
