"""`tito status`: how far you are, and what to do next."""

from __future__ import annotations

from dataclasses import asdict

import click

from tito.cli.out import json_option, say_findings, say_json, say_next
from tito.learner.desk import Desk, open_desk
from tito.learner.progress import (
    ModuleProgress,
    given_up,
    milestone_status,
    module_progress,
    next_command,
    waiting_updates,
)
from tito.model import Module, Tier
from tito.workspace.state import State, read_state

DONE = ("completed", "edited")


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Show how far you are, and the command to type next."""
    desk = open_desk()
    state, findings = read_state(desk.workspace)
    progress = module_progress(desk, state)
    updates = waiting_updates(desk)
    if as_json:
        say_json(_as_json(desk, state, progress, updates))
    else:
        _say(desk, state, progress, updates)
    say_findings((*findings, *desk.installed.findings))


def _say(desk: Desk, state: State, progress: list[ModuleProgress], updates: list[Module]) -> None:
    click.echo(f"Workspace {desk.workspace.root}")
    for tier in desk.course.tiers:
        click.echo(f"  {tier.title}: {_tier_line(tier, progress)}")
    for each in desk.installed.tiers:
        if each.tier not in desk.course.tiers:
            add = f"tito tier add {each.tier.id}"
            click.echo(
                f"  {each.tier.title}: installed, and not in this workspace. To build it: {add}"
            )
    for entry in progress:
        if entry.status in ("edited", "started"):
            last = f", {entry.last.earned} of {entry.last.possible} points" if entry.last else ""
            what = "edited since it was completed" if entry.status == "edited" else "started"
            click.echo(f"  module {entry.module.number:02d} {entry.module.title}: {what}{last}")
    for entry in progress:
        if given_up(state, entry.module):
            head = f"  module {entry.module.number:02d} {entry.module.title}"
            click.echo(f"{head}: a solution was shown before it passed")
    for module in updates:
        head = f"  module {module.number:02d} {module.title}: a new lesson waits"
        click.echo(f"{head}: tito module update {module.id}")
    for milestone in desk.course.milestones:
        if (how := milestone_status(desk, state, milestone)) != "waiting":
            click.echo(f"  milestone {milestone.year} {milestone.title}: {how}")
    if command := next_command(desk, state):
        say_next(command)
    else:
        click.echo("Everything here is done.")


def _tier_line(tier: Tier, progress: list[ModuleProgress]) -> str:
    mine = [e for e in progress if e.module in tier.modules and e.status != "provided"]
    if not mine:
        return "provided"
    done = sum(entry.status in DONE for entry in mine)
    return f"{done} of {len(mine)} modules completed"


def _as_json(
    desk: Desk, state: State, progress: list[ModuleProgress], updates: list[Module]
) -> dict[str, object]:
    return {
        "workspace": str(desk.workspace.root),
        "tiers": {tier.id: _tier_line(tier, progress) for tier in desk.course.tiers},
        "modules": {
            e.module.id: {
                "status": e.status,
                "last": asdict(e.last) if e.last else None,
                "update_waits": e.module in updates,
                "given_up": given_up(state, e.module),
            }
            for e in progress
        },
        "milestones": {m.id: milestone_status(desk, state, m) for m in desk.course.milestones},
        "next": next_command(desk, state),
    }
