"""`tito tier …`: what is installed."""

from __future__ import annotations

import click

from tito.cli.lazy import Group
from tito.cli.out import json_option, say_findings, say_json, say_table
from tito.curriculum.installed import installed
from tito.model import Tier
from tito.workspace.find import find_workspace


@click.group(cls=Group)
def tier() -> None:
    """The tiers that are installed."""


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
                    _requires(t),
                    "built" if t.id in built else "",
                )
                for t in (each.tier for each in found.tiers)
            ],
        )
    else:
        click.echo("No tier is installed. For example: pip install tinytorch-core")
    say_findings(found.findings)


def _as_json(tier: Tier, here: bool) -> dict[str, object]:
    keys = ("id", "title", "distribution", "version", "requires")
    modules = [{"number": module.number, "id": module.id} for module in tier.modules]
    return {**{key: getattr(tier, key) for key in keys}, "modules": modules, "here": here}


def _span(tier: Tier) -> str:
    numbers = [module.number for module in tier.modules]
    return f"{min(numbers):02d}-{max(numbers):02d}" if numbers else ""


def _requires(tier: Tier) -> str:
    return (
        ", ".join(f"{name} {versions}".strip() for name, versions in tier.requires.items()) or "-"
    )
