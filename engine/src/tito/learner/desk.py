"""A learner's desk: the workspace, what is installed, and the gate between them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tito.composition.gate import Gate, gate
from tito.curriculum.installed import Installed, installed
from tito.errors import LearnerFileError, UsageError, WorkspaceError
from tito.model import Course, Finding, Milestone, Module, Workspace
from tito.names import pick, unknown
from tito.workspace.find import MARKER, find_workspace, here

if TYPE_CHECKING:
    from tito.curriculum.source import Source

SUFFIXES = (".ipynb", ".py")


@dataclass(frozen=True)
class Desk:
    """Everything that a learner's command needs to know. Made by `open_desk`."""

    workspace: Workspace
    installed: Installed
    gate: Gate

    @property
    def course(self) -> Course:
        return self.gate.course

    def module(self, name: str) -> Module:
        """The module with this id, number (`3`, `03`), folder (`03_layers`) or unique prefix."""
        return module_named(self.course, name)

    def own_module(self, name: str) -> Module:
        """The same, if it is the learner's to build; raises UsageError if it is provided."""
        module = self.module(name)
        if self.gate.is_provided(module):
            message = f"module {module.id} is provided in this workspace; there is nothing to build"
            tier = self.course.tier_of(module).id
            change = f"tito tier add {tier}"
            if module.id in self.workspace.provided:
                change = f"take {module.id!r} out of provided"
            fix = f"to build it yourself: {change}"
            raise UsageError(Finding(message, str(self.workspace.root / MARKER), fix))
        return module

    def milestone(self, name: str) -> Milestone:
        """The milestone with this id, year, name (`perceptron`) or unique prefix of its id."""
        names = {milestone.id: milestone for milestone in self.course.milestones}
        names |= {m.id.partition("_")[2]: m for m in self.course.milestones}
        return pick(name, names, "milestone", "tito milestone list")

    def learner_file(self, module: Module) -> Path:
        """The learner's file of a module; raises LearnerFileError if there is none, or two."""
        folder = self.workspace.folder(module)
        found = self.learner_files(module)
        if len(found) == 1 and found[0].is_file():
            return found[0]
        if len(found) == 1:
            message = f"{found[0].name} is no file"
            fix = f"move it away, then: tito module start {module.id}"
        elif found:
            message = f"module {module.id} has two files, {found[0].name} and {found[1].name}"
            fix = "keep the one you work in, and move the other out of this folder"
        else:
            message = f"module {module.id} has no file {module.id}.ipynb or {module.id}.py here"
            fix = f"tito module start {module.id}"
        raise LearnerFileError(Finding(message, str(folder), fix))

    def learner_files(self, module: Module) -> list[Path]:
        """Whatever stands where the learner's file belongs: nothing, one file, or trouble."""
        folder = self.workspace.folder(module)
        paths = (folder / f"{module.id}{suffix}" for suffix in SUFFIXES)
        return [path for path in paths if os.path.lexists(path)]

    def lesson_file(self, module: Module, suffix: str) -> Path:
        return self.installed.of(self.course.tier_of(module).id).lesson_file(module, suffix)

    def shown(self, path: Path) -> str:
        """A path as messages show it: within the workspace, from its root."""
        try:
            return path.relative_to(self.workspace.root).as_posix()
        except ValueError:
            return str(path)

    def read(self, path: Path) -> Source:
        """The learner's cells; raises LearnerFileError if the file cannot be read as a lesson."""
        return _read(path, self.shown(path))

    def handed_out(self, module: Module, suffix: str) -> Source:
        """The module as its tier hands it out, from its `.ipynb` or its `.py` form."""
        path = self.lesson_file(module, suffix)
        return _read(path, path.name)


def open_desk() -> Desk:
    """Raises WorkspaceError outside of a workspace, and CourseError if the tiers do not fit."""
    workspace = find_workspace()
    if workspace is None:
        message = "this folder is no workspace: no tito.toml here, nor in any folder above"
        raise WorkspaceError(Finding(message, str(here() or ""), "tito init DIR && cd DIR"))
    return desk_of(workspace)


def desk_of(workspace: Workspace) -> Desk:
    """Raises CourseError if the installed tiers do not fit together."""
    composition = gate(installed(), workspace)
    return Desk(workspace, composition.installed, composition)


def module_named(course: Course, name: str) -> Module:
    if name.isdecimal():
        for module in course.modules:
            if str(module.number) == name.lstrip("0"):
                return module
        raise UsageError(unknown(name, (), "module", "tito module list"))
    names = {module.id: module for module in course.modules}
    names |= {module.folder: module for module in course.modules}
    return pick(name, names, "module", "tito module list")


def _read(path: Path, shown: str) -> Source:
    from tito.learner.files import read_learner_file  # 4 ms that commands which only list save

    return read_learner_file(path, shown)
