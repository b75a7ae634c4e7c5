"""`tito tier …`: what is installed, and what of it the workspace builds."""

from __future__ import annotations

import click

from tito.cli.lazy import Group
from tito.cli.out import json_option, say_aside, say_findings, say_json, say_next, say_table
from tito.composition.gate import absences
from tito.curriculum.installed import Installed, installed
from tito.model import Tier
from tito.model.course import unmet
from tito.workspace.find import find_workspace


@click.group(cls=Group)
def tier() -> None:
    """The tiers that are installed, and which of them you build."""


@tier.command("list")
@json_option
def list_tiers(as_json: bool) -> None:
    """Show the installed tiers, their versions and what they require."""
    found = installed()
    workspace = find_workspace()
    built = workspace.tiers if workspace else ()
    if as_json:
        say_json([_as_json(each.tier, each.tier.id in built) for each in found.tiers])
    elif found.tiers:
        say_table(
            ("tier", "distribution", "version", "modules", "requires", "here"),
            [
                (
                    t.id,
                    t.distribution,
                    t.version,
                    _span(t),
                    _requires(t, found),
                    "built" if t.id in built else "",
                )
                for t in (each.tier for each in found.tiers)
            ],
        )
    else:
        click.echo("No tier is installed. For example: pip install tinytorch-core")
    absent = absences(found, workspace) if workspace else {}
    wrong = unmet(tuple(each.tier for each in found.tiers))
    say_findings((*found.findings, *wrong, *absent.values()))


@tier.command()
@click.argument("name", metavar="TIER")
def add(name: str) -> None:
    """Take an installed tier into this workspace. Nothing that you have done is touched."""
    from tito.learner.desk import desk_of, open_desk
    from tito.learner.progress import next_module
    from tito.workspace.find import read_workspace
    from tito.workspace.lock import locked
    from tito.workspace.tiers import set_tiers

    before = open_desk()
    chosen = before.installed.tier_named(name)
    if chosen.id in before.workspace.tiers:
        click.echo(f"You build {chosen.title} here already.")
        return
    with locked(before.workspace, say_aside):
        # Another command may have been at work until now.
        desk = desk_of(read_workspace(before.workspace.root))
        wanted = {*desk.workspace.tiers, chosen.id}
        tiers = [each.tier.id for each in desk.installed.tiers if each.tier.id in wanted]
        desk.installed.course(tiers)  # raises if they do not fit together
        set_tiers(desk.workspace, tiers + list(absences(desk.installed, desk.workspace)))
    click.echo(f"You build {chosen.title} here now: {', '.join(m.id for m in chosen.modules)}.")
    after = desk_of(read_workspace(before.workspace.root))
    if following := next_module(after):
        say_next(f"tito module start {following.id}")


def _as_json(tier: Tier, here: bool) -> dict[str, object]:
    keys = ("id", "title", "distribution", "version", "requires")
    modules = [{"number": module.number, "id": module.id} for module in tier.modules]
    return {**{key: getattr(tier, key) for key in keys}, "modules": modules, "here": here}


def _span(tier: Tier) -> str:
    numbers = [module.number for module in tier.modules]
    return f"{min(numbers):02d}-{max(numbers):02d}" if numbers else ""


def _requires(tier: Tier, found: Installed) -> str:
    """Each requirement with the version that is here; whether that will do, a finding says."""
    versions = {each.tier.id: each.tier.version for each in found.tiers}
    shown = (
        f"{name} {wanted}".strip() + f" ({versions.get(name, 'not installed')})"
        for name, wanted in tier.requires.items()
    )
    return ", ".join(shown) or "-"
