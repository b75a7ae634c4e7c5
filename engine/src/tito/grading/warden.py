"""Keeps a box where code of others can do no harm, and gives one fresh child of it at a time.

What a child does is its own affair: the judge's runs a submission's cells, and a tier may bring
another one. It finds a workspace in which the given modules are provided and nothing is built.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from tito.curriculum.installed import InstalledTier
from tito.errors import CourseFolderError
from tito.grading.box import Box, NotHeld
from tito.grading.outlook import Outlook, outlook
from tito.grading.sandbox import SCRATCH, Rung, ladder
from tito.grading.settings import Limits
from tito.grading.wire import Ended, Message, Wire
from tito.model import Course, Finding, Workspace
from tito.workspace.find import MARKER, listed, render


@dataclass(frozen=True, slots=True)
class World:
    """What a child finds. `tiers` are all that are installed, of which `course` has some; `own` maps
    ids of modules to the texts of somebody's exports of them; `under_test` is the module whose own
    export is locked; `hidden` are files and folders that are not to be seen, besides solutions.

    `serve` names a function, `module:function`, that gets the connection of a child and answers
    whoever has the other end; empty for the grader's own.
    """

    tiers: tuple[InstalledTier, ...]
    course: Course
    provided: frozenset[str]
    limits: Limits
    own: Mapping[str, str] = field(default_factory=dict)
    under_test: str = ""
    hidden: frozenset[Path] = frozenset()
    serve: str = ""


class Warden:
    """`sandbox` says in words how children are held, `weak` whether that keeps them from reading what
    this user can. To enter it raises CourseFolderError if nothing here holds them well enough."""

    def __init__(self, world: World, *, require_sandbox: bool = False) -> None:
        self.world = world
        self.require_sandbox = require_sandbox
        self.folder = Path(tempfile.mkdtemp(prefix="tito-box-")).resolve()
        self.box: Box | None = None
        self.sandbox, self.weak = "", False

    def __enter__(self) -> Self:
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
        seen = outlook(self.world.tiers, self.world.provided, self.world.hidden)
        workspace, scratch = self._workspace(), self.folder / "work"
        scratch.mkdir(exist_ok=True)
        why = []
        for rung in ladder(seen, workspace):
            if rung.weak and self.require_sandbox:
                break
            try:
                plan = self._plan(rung, seen, scratch)
                self.box = Box(rung, workspace, self.world.under_test, plan)
            except NotHeld as refused:
                why.append(f"{rung.words}: {refused}")
                continue
            self.sandbox, self.weak = in_words(rung, self.box.facts), rung.weak
            return
        message = "there is no sandbox here: " + ("; ".join(why) or "this system offers none")
        raise CourseFolderError(Finding(message, fix="install bubblewrap, or do this on Linux"))

    def _workspace(self) -> Path:
        """Where nothing is built, and the required modules are provided."""
        root, course = self.folder / "workspace", self.world.course
        root.mkdir(exist_ok=True)
        text = render(tuple(tier.id for tier in course.tiers))
        text += f"provided = {listed(sorted(self.world.provided))}\n"
        (root / MARKER).write_text(text, encoding="utf-8")
        workspace = Workspace(root, ())
        for id, text in self.world.own.items():
            path = workspace.own_file(course.by_id[id])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for path in (self.folder, *root.rglob("*"), root):
            path.chmod(0o755)  # for whoever the child will be
        return root

    def _plan(self, rung: Rung, seen: Outlook, scratch: Path) -> Message:
        world, by_id = self.world, self.world.course.by_id
        ids = {tier.id for tier in world.course.tiers}
        readable = [Path("/")] if rung.boxed else [*seen.pieces(), self.folder / "workspace"]
        return {
            "limits": asdict(world.limits),
            "user": someone() if os.getuid() == 0 else 0,
            "readable": [str(path) for path in readable],
            "scratch": SCRATCH if rung.boxed else str(scratch),
            "tiers": [str(each.package) for each in world.tiers if each.tier.id in ids],
            "modules": ["numpy", *(by_id[name].target for name in sorted(world.provided))],
            "serve": world.serve,
        }

    def prepare(self) -> None:
        """What a server that was just started should do before it has a child. Raises Ended."""

    def child(self, most: int) -> Wire:
        """A connection to a fresh child; a server that is gone is started again."""
        for again in (True, False):
            try:
                if not self.box:
                    self._climb()
                    self.prepare()
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
    """A user id that nobody else has, so that a limit of processes counts this box's alone."""
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
