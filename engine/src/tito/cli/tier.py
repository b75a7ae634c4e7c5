"""`tito tier …`: what is installed."""

from __future__ import annotations

from dataclasses import asdict

import click

from tito.cli.out import json_option, say_findings, say_json, say_table
from tito.curriculum.installed import installed
from tito.model import Tier
from tito.workspace.find import find_workspace


@click.group()
def tier() -> None:
    """The tiers that are installed."""


@tier.command("list")
@json_option
def list_tiers(as_json: bool) -> None:
    """Show the installed tiers, their versions and what they require."""
    found = installed()
    workspace = find_workspace()
    if as_json:
        keys = ("id", "title", "distribution", "version", "requires")
        say_json([{key: asdict(each.tier)[key] for key in keys} for each in found.tiers])
    elif found.tiers:
        built = workspace.tiers if workspace else ()
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


def _span(tier: Tier) -> str:
    numbers = [module.number for module in tier.modules]
    return f"{min(numbers):02d}-{max(numbers):02d}" if numbers else ""


def _requires(tier: Tier) -> str:
    return (
        ", ".join(f"{name} {versions}".strip() for name, versions in tier.requires.items()) or "-"
    )
