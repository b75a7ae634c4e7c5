"""`tito status`: how far you are, and what to do next."""

from __future__ import annotations

import click

from tito.cli.out import json_option, say_findings, say_json, say_next
from tito.learner.desk import Desk, open_desk
from tito.learner.progress import ModuleProgress, missing, module_progress, next_module
from tito.model import Tier
from tito.workspace.state import State, read_state

DONE = ("completed", "edited")


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Show how far you are, and the command to type next."""
    desk = open_desk()
    state, findings = read_state(desk.workspace)
    progress = module_progress(desk, state)
    if as_json:
        say_json(_as_json(desk, state, progress))
    else:
        _say(desk, state, progress)
    say_findings((*findings, *desk.installed.findings))


def _say(desk: Desk, state: State, progress: list[ModuleProgress]) -> None:
    click.echo(f"Workspace {desk.workspace.root}")
    for tier in desk.course.tiers:
        click.echo(f"  {tier.title}: {_tier_line(tier, progress)}")
    for entry in progress:
        if entry.status in ("edited", "started"):
            last = f", {entry.last.earned} of {entry.last.possible} points" if entry.last else ""
            what = "edited since it was completed" if entry.status == "edited" else "started"
            click.echo(f"  module {entry.module.number:02d} {entry.module.title}: {what}{last}")
    for milestone in desk.course.milestones:
        if milestone.id in state.milestones:
            click.echo(f"  milestone {milestone.year} {milestone.title}: passed")
        elif not missing(desk, milestone.requires):
            click.echo(f"  milestone {milestone.year} {milestone.title}: ready")
    say_next(_next(desk, state))


def _tier_line(tier: Tier, progress: list[ModuleProgress]) -> str:
    mine = [entry for entry in progress if entry.module in tier.modules]
    if mine and all(entry.status == "provided" for entry in mine):
        return "provided"
    done = sum(entry.status in DONE for entry in mine)
    return f"{done} of {len(mine)} modules completed"


def _next(desk: Desk, state: State) -> str:
    if module := next_module(desk):
        started = desk.workspace.folder(module).is_dir()
        return f"tito module {'test' if started else 'start'} {module.id}"
    for milestone in desk.course.milestones:
        if milestone.id not in state.milestones:
            return f"tito milestone run {milestone.id}"
    return "everything here is done; more tiers: tito tier list"


def _as_json(desk: Desk, state: State, progress: list[ModuleProgress]) -> dict[str, object]:
    return {
        "workspace": str(desk.workspace.root),
        "tiers": list(desk.workspace.tiers),
        "modules": {entry.module.id: entry.status for entry in progress},
        "milestones": {m.id: m.id in state.milestones for m in desk.course.milestones},
        "next": _next(desk, state),
    }
