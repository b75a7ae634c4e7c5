"""Runs submissions where they can do no harm, and believes nothing that it cannot check.

A judge has one server inside of a sandbox; for each submission the server forks a child, and the
judge hands it the cells one at a time. So a hidden test is in no process before it runs. Whoever ends
its process, or takes too long, costs itself that cell: a fresh child runs the cells before it again,
leaves it out, and goes on.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from tito.curriculum.installed import Installed, installed
from tito.curriculum.source import Cell
from tito.errors import CourseFolderError, UsageError
from tito.grading.assignment import Assignment
from tito.grading.box import Box, NotHeld
from tito.grading.outlook import Outlook, outlook
from tito.grading.plan import Plan
from tito.grading.result import CellRun, Remark
from tito.grading.sandbox import SCRATCH, Rung, ladder
from tito.grading.settings import Settings
from tito.grading.submission import Submission
from tito.grading.wire import Ended, Message, Wire
from tito.model import Course, Finding, Workspace
from tito.names import unknown
from tito.workspace.find import MARKER, listed, render

# What NumPy imports only when it is used: 15 ms in each child, if it had to.
LATE = ("numpy.fft", "numpy.linalg", "numpy.random", "numpy.testing")


class Judge:
    """`requires` are the ids of the modules that are provided as reference; `module` is the one that
    is graded, and locked. `own` maps ids of modules to the texts of a student's exports of them.
    `sandbox` says in words how submissions are held, `weak` whether that keeps them from reading
    what this user can."""

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
        self.module = module
        self.settings = settings
        self.own = own or {}
        self.require_sandbox = require_sandbox
        self.tiers = tiers or installed()
        self.course = self._course()
        self.provided = self.course.requirements(*requires) - {module}
        self.folder = Path(tempfile.mkdtemp(prefix="tito-judge-")).resolve()
        self.box: Box | None = None
        self.plans: dict[str, Plan] = {}  # by the digests of assignments
        self.plan: Plan | None = None  # of the assignment for which the server is ready
        self.begun: list[Message] = []  # what those cells showed that it has run
        self.sandbox, self.weak = "", False

    def _course(self) -> Course:
        """The tiers that the module needs; others, if there are any, are not in the workspace."""
        everything = self.tiers.course()
        if self.module not in everything.by_id:
            raise UsageError(unknown(self.module, everything.by_id, "module", "tito tier list"))
        return self.tiers.course([everything.tier_of(everything.by_id[self.module]).id])

    def __enter__(self) -> Judge:
        try:
            self._climb()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        if self.box:
            self.box.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _climb(self) -> None:
        """Take the best rung that holds. Raises CourseFolderError if none is good enough."""
        seen = outlook(self.tiers.tiers, self.provided)
        workspace, scratch = self._workspace(), self.folder / "work"
        scratch.mkdir(exist_ok=True)
        why = []
        for rung in ladder(seen, workspace):
            if rung.weak and self.require_sandbox:
                break
            try:
                self.box = Box(rung, workspace, self.module, self._plan(rung, seen, scratch))
            except NotHeld as refused:
                why.append(f"{rung.words}: {refused}")
                continue
            self.sandbox, self.weak = in_words(rung, self.box.facts), rung.weak
            return
        message = "there is no sandbox here: " + ("; ".join(why) or "this system offers none")
        raise CourseFolderError(Finding(message, fix="install bubblewrap, or grade on Linux"))

    def _workspace(self) -> Path:
        """Where nothing is built, and the required modules are provided."""
        root = self.folder / "workspace"
        root.mkdir(exist_ok=True)
        text = render(tuple(tier.id for tier in self.course.tiers))
        text += f"provided = {listed(sorted(self.provided))}\n"
        (root / MARKER).write_text(text, encoding="utf-8")
        workspace = Workspace(root, ())
        for id, text in self.own.items():
            path = workspace.own_file(self.course.by_id[id])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for path in (self.folder, *root.rglob("*"), root):
            path.chmod(0o755)  # for whoever the child will be
        return root

    def _plan(self, rung: Rung, seen: Outlook, scratch: Path) -> Message:
        by_id = self.course.by_id
        ids = {tier.id for tier in self.course.tiers}
        readable = [Path("/")] if rung.boxed else [*seen.pieces(), self.folder / "workspace"]
        return {
            "limits": asdict(self.settings.limits),
            "user": someone() if os.getuid() == 0 else 0,
            "readable": [str(path) for path in readable],
            "scratch": SCRATCH if rung.boxed else str(scratch),
            "tiers": [str(each.package) for each in self.tiers.tiers if each.tier.id in ids],
            "modules": ["numpy", *(by_id[name].target for name in sorted(self.provided))],
        }

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
            self._load()

    def _load(self) -> None:
        """What the assignment imports is in the server before a student's code runs anywhere, and so
        is what its first cells define. Not so if it stands on what the student wrote."""
        self.begun = []
        if not self.box or not self.plan:
            return
        by_id = self.course.by_id
        facades = {facade for id in self.provided for facade in by_id[id].exports}
        modules = [*LATE, *sorted(facades), *self.plan.imports]
        packages = {name.partition(".")[0] for name in modules}
        if self.own:
            theirs = {module.target.partition(".")[0] for module in self.course.modules}
            modules = [name for name in modules if name.partition(".")[0] not in theirs]
        begin = [] if self.own else self.plan.beginning
        self.begun = self.box.load(
            modules, sorted(packages), begin=begin, without=self.plan.replacements
        )

    def child(self, most: int) -> Wire:
        """A connection to a fresh child; a server that is gone is started again."""
        for again in (True, False):
            try:
                if not self.box:
                    self._climb()
                    self._load()
                return self.box.child(most)  # type: ignore[union-attr]
            except Ended:
                if self.box:
                    self.box.stop()
                self.box = None
                if not again:
                    raise
        raise AssertionError

    def end_child(self, gone: bool = False) -> int:
        """How the child ended: an exit code, or minus a signal."""
        try:
            return self.box.end_child(gone) if self.box else -signal.SIGKILL
        except Ended:
            self.box = None
            return -signal.SIGKILL


def someone() -> int:
    """A user id that nobody else has, so that a limit of processes counts this judge's alone."""
    mapped = 1 << 16
    with suppress(OSError):
        lines = Path("/proc/self/uid_map").read_text().splitlines()
        mapped = max(int(line.split()[0]) + int(line.split()[2]) for line in lines)
    if mapped > 0x70400000:
        return 0x70000000 + os.getpid() % (1 << 22)
    return 60_100 + os.getpid() % 1000


def in_words(rung: Rung, facts: Message) -> str:
    parts = [rung.words]
    parts += ["namespaces"] * bool(facts.get("namespaces"))
    parts += [f"Landlock {facts['landlock']}"] * bool(rung.boxed and facts.get("landlock"))
    return " + ".join([*parts, "limits"])
