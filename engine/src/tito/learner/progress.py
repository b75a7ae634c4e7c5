"""How far a learner is, derived from files and from the graph of requirements."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tito.curriculum.stamp import is_intact
from tito.learner.desk import Desk
from tito.model import Milestone, Module
from tito.workspace.given import made_from
from tito.workspace.state import Result, State

ModuleStatus = Literal["provided", "completed", "edited", "started", "ready", "waiting"]

MilestoneStatus = Literal["passed", "ready", "waiting"]


@dataclass(frozen=True, slots=True)
class ModuleProgress:
    """`edited` is completed, and its file or its export was changed since; `ready` can be started,
    `waiting` needs others."""

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
    if desk.learner_files(module):
        return "started"
    return "waiting" if missing(desk, module.requires) else "ready"


def is_edited(desk: Desk, module: Module) -> bool:
    """Whether what was tested is no longer what stands in the learner's file, or in its export.

    The file tells by its time: cheap, and right unless clocks lie.
    """
    exported = desk.workspace.own_file(module).stat().st_mtime_ns
    files = (path for path in desk.learner_files(module) if path.is_file())
    newer = any(path.stat().st_mtime_ns > exported for path in files)
    return newer or is_changed_by_hand(desk.workspace.own_file(module))


def is_changed_by_hand(exported: Path) -> bool:
    """Whether somebody changed a file after its export; its stamp holds a digest."""
    return not is_intact(exported.read_text(encoding="utf-8", errors="replace"))


def next_command(desk: Desk, state: State) -> str:
    """The command to type next; nothing when everything here is done.

    A milestone on nothing but provided modules may be run, and shows nothing of the learner's.
    """
    if module := next_module(desk):
        return f"tito module {'test' if desk.learner_files(module) else 'start'} {module.id}"
    for milestone in desk.course.milestones:
        needed = (desk.course.by_id[each] for each in milestone.requires)
        own = not all(map(desk.gate.is_provided, needed))
        if own and milestone_status(desk, state, milestone) == "ready":
            return f"tito milestone run {milestone.id}"
    return ""


def command_for(desk: Desk, module: Module) -> str:
    """The command that brings a module nearer to being complete."""
    return f"tito module {'complete' if desk.learner_files(module) else 'start'} {module.id}"


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


def milestone_status(desk: Desk, state: State, milestone: Milestone) -> MilestoneStatus:
    if milestone.id in state.milestones:
        return "passed"
    return "waiting" if missing(desk, milestone.requires) else "ready"


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


def waiting_updates(desk: Desk) -> list[Module]:
    """The modules that wait for an update."""
    mine = (module for module in desk.course.modules if not desk.gate.is_provided(module))
    return [module for module in mine if update_waits(desk, module)]


def update_waits(desk: Desk, module: Module) -> bool:
    """Whether another lesson is installed than the one that the learner's file was made from.

    If that is not known, nothing waits: what is new cannot be told.
    """
    files = [path for path in desk.learner_files(module) if path.is_file()]
    base = made_from(desk.workspace, module, files[0]) if files else None
    return base is not None and not same_bytes(base, desk.lesson_file(module, base.suffix))


def same_bytes(one: Path, other: Path) -> bool:
    """A lesson that is not there is told by the command that needs it."""
    try:
        sizes = one.stat().st_size == other.stat().st_size
        return sizes and one.read_bytes() == other.read_bytes()
    except FileNotFoundError:
        return True


def given_up(state: State, module: Module) -> list[str]:
    """The exercises whose solution was shown before the module passed."""
    owned = (key.partition("/") for key in state.given_up)
    return [task for name, _, task in owned if name == module.id]
