"""Decides which file provides each module right now: own, provided or locked."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from tito.curriculum.installed import Installed
from tito.curriculum.stamp import stamped_module
from tito.errors import UsageError
from tito.model import Course, Finding, Module, Workspace
from tito.names import resembling, unknown
from tito.workspace.find import MARKER

Status = Literal["own", "provided", "locked"]


@dataclass(frozen=True)
class Gate:
    """The composition of a course in a workspace, or of the installed references without one.

    `under_test` is the module whose own earlier export is locked too, so that what passes is what
    stands in the notebook.
    """

    installed: Installed
    course: Course
    workspace: Workspace | None
    under_test: str = ""

    @cached_property
    def _given(self) -> frozenset[str]:
        """The ids of the modules that are provided: there is no workspace, or it says so."""
        workspace = self.workspace
        return frozenset(
            module.id
            for module in self.course.modules
            if workspace is None
            or module.id in workspace.provided
            or self.course.tier_of(module).id not in workspace.tiers
        )

    def is_provided(self, module: Module) -> bool:
        return module.id in self._given

    def status(self, module: Module) -> Status:
        if self.is_provided(module):
            return "provided"
        if module.id == self.under_test or not self.is_complete(module):
            return "locked"
        return "own"

    def is_locked(self, name: str) -> bool:
        module = self.course.owner(name)
        return module is not None and self.status(module) == "locked"

    def open_modules(self) -> set[str]:
        """The ids of those that can be imported: neither they nor what they import is locked."""
        found: set[str] = set()
        for module in self.course.modules:  # in teaching order, so what it imports comes before it
            owners = {o.id for name in module.imports if (o := self.course.owner(name))}
            if self.status(module) != "locked" and owners <= found | {module.id}:
                found.add(module.id)
        return found

    def is_complete(self, module: Module) -> bool:
        """Whether the workspace holds this module as `tito module complete` exports it."""
        if self.workspace is None:
            return False
        try:
            with open(self.workspace.own_file(module), encoding="utf-8") as file:
                return stamped_module(file.readline()) == module.id
        except (OSError, UnicodeDecodeError):
            return False

    def file(self, module: Module) -> Path | None:
        """The file that provides the module now; None while it is locked."""
        status = self.status(module)
        if status == "provided":
            return self.installed.of(self.course.tier_of(module).id).reference_file(module)
        if status == "own" and self.workspace:
            return self.workspace.own_file(module)
        return None

    def extensions(self, module: Module) -> list[Module]:
        """Those that extend the module and can be had now.

        A module under test sees only what it requires, and no more than that.
        """
        seen = frozenset(self.course.by_id)
        if self.under_test in seen:
            seen = self.course.requirements(self.under_test)
        return [
            other
            for other in self.course.modules
            if other.extends == module.id and other.id in seen & self.open_modules()
        ]


def gate(installed: Installed, workspace: Workspace | None) -> Gate:
    """The gate of the workspace's tiers. Raises what `Installed.course` raises, and UsageError for a
    provided module that is none.

    A tier that was uninstalled takes nothing down: the others go on working, and its absence is one
    of the findings.
    """
    under_test = os.environ.get("TITO_UNDER_TEST", "")
    if workspace is None:
        return Gate(installed, installed.course(), None, under_test)
    try:
        absent = absences(installed, workspace)
        left = [tier for tier in workspace.tiers if tier not in absent]
        if absent and not left:  # the installed tiers' own findings may say why
            missing = (replace(finding, level="error") for finding in absent.values())
            raise UsageError((*installed.findings, *missing))
        course = installed.course(left)
        if not absent:
            _check_provided(workspace, course)
    except UsageError as error:
        where = str(workspace.root / MARKER)
        raise UsageError(replace(f, where=f.where or where) for f in error.findings) from None
    installed = replace(installed, findings=(*installed.findings, *absent.values()))
    return Gate(installed, course, workspace, under_test)


def absences(installed: Installed, workspace: Workspace) -> dict[str, Finding]:
    """The tiers of the workspace that are not installed, each with what to do.

    None is if all are, or if the name may be meant for one that is: to go on without it, with that
    tier left out or provided, could be far from what the learner wants.
    """
    present = {each.tier.id: each.tier for each in installed.tiers}
    missing = [name for name in workspace.tiers if name not in present]
    if not missing:
        return {}
    others = [tier for tier in present.values() if tier.id not in workspace.tiers]
    meant = [name for tier in others for name in (tier.id, tier.distribution)]
    if any(resembling(name, meant) for name in missing):
        return {}
    # What continues the installed tiers brings the first of them; the others are not known here.
    known = " or ".join(f"pip install {each}" for each in installed.following(present.values()))
    hows = [known, *([""] * len(missing))]
    return {
        name: Finding(
            f"this workspace builds the tier {name!r}, which is not installed",
            str(workspace.root / MARKER),
            f"{how or 'install its distribution with pip'}; to go on without it, take it out of tiers",
            level="warning",
        )
        for name, how in zip(missing, hows, strict=False)
    }


def _check_provided(workspace: Workspace, course: Course) -> None:
    """An id with a slip in it would leave a module locked that somebody meant to give."""
    known = course.by_id
    wrong = [unknown(name, known, "module", "") for name in workspace.provided if name not in known]
    if wrong:
        fix = f"correct 'provided'; the modules are: {', '.join(known)}"
        raise UsageError(replace(finding, fix=fix) for finding in wrong)
