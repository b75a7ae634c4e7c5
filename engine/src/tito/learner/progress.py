"""How far a learner is, derived from files and from the graph of requirements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tito.learner.desk import Desk
from tito.model import Milestone, Module
from tito.workspace.state import Result, State

ModuleStatus = Literal["provided", "completed", "edited", "started", "ready", "waiting"]


@dataclass(frozen=True, slots=True)
class ModuleProgress:
    """`edited` is completed, and changed since; `ready` can be started, `waiting` needs others."""

    module: Module
    status: ModuleStatus
    last: Result | None


def module_progress(desk: Desk, state: State) -> list[ModuleProgress]:
    """Every module of the course, in order."""
    return [
        ModuleProgress(module, module_status(desk, module), state.modules.get(module.id))
        for module in desk.course.modules
    ]


def module_status(desk: Desk, module: Module) -> ModuleStatus:
    if desk.gate.is_provided(module):
        return "provided"
    if desk.gate.is_complete(module):
        return "edited" if is_edited(desk, module) else "completed"
    if desk.workspace.folder(module).is_dir():
        return "started"
    return "waiting" if missing(desk, module.requires) else "ready"


def is_edited(desk: Desk, module: Module) -> bool:
    """Whether the learner's file was written after its export: cheap, and right unless clocks lie."""
    exported = desk.workspace.own_file(module).stat().st_mtime_ns
    folder = desk.workspace.folder(module)
    files = (folder / f"{module.id}{suffix}" for suffix in (".ipynb", ".py"))
    return any(path.stat().st_mtime_ns > exported for path in files if path.is_file())


def missing(desk: Desk, requires: tuple[str, ...]) -> list[Module]:
    """Those of the required modules that are neither complete nor provided."""
    modules = (desk.course.by_id[module_id] for module_id in requires)
    return [m for m in modules if not (desk.gate.is_provided(m) or desk.gate.is_complete(m))]


def next_module(desk: Desk) -> Module | None:
    """The module to go on with: one that is started, else the first that is ready."""
    statuses = [(module_status(desk, module), module) for module in desk.course.modules]
    for wanted in ("started", "ready"):
        for status, module in statuses:
            if status == wanted:
                return module
    return None


def unlocked_by(desk: Desk, module: Module) -> tuple[list[Module], list[Milestone]]:
    """What needs this module and has now everything that it needs."""
    modules = [
        other
        for other in desk.course.modules
        if module.id in other.requires and module_status(desk, other) == "ready"
    ]
    milestones = [
        milestone
        for milestone in desk.course.milestones
        if module.id in milestone.requires and not missing(desk, milestone.requires)
    ]
    return modules, milestones
