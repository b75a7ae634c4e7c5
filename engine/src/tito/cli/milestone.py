"""`tito milestone …`: history, re-created with your own code."""

from __future__ import annotations

import sys

import click

from tito.cli.lazy import Group
from tito.cli.out import json_option, say_aside, say_findings, say_json, say_table
from tito.learner.desk import open_desk
from tito.learner.progress import milestone_status, missing
from tito.workspace.state import read_state


@click.group(cls=Group)
def milestone() -> None:
    """Historical results, re-created with your own code."""


@milestone.command("list")
@json_option
def list_milestones(as_json: bool) -> None:
    """Show the milestones, and which modules each still needs."""
    desk = open_desk()
    state, findings = read_state(desk.workspace)
    rows = []
    for each in desk.course.milestones:
        needs = [module.id for module in missing(desk, each.requires)]
        status = milestone_status(desk, state, each)
        rows.append({"id": each.id, "title": each.title, "status": status, "needs": needs})
    if as_json:
        say_json(rows)
    else:
        heads = ("milestone", "title", "status", "needs")
        say_table(heads, [(r["id"], r["title"], r["status"], ", ".join(r["needs"])) for r in rows])
        if rows:
            click.echo("\nThe story of each: tito milestone about MILESTONE")
    say_findings(findings)


@milestone.command()
@click.argument("name", metavar="MILESTONE")
def about(name: str) -> None:
    """Tell what a milestone re-creates, and why it mattered."""
    from tito.learner.milestone import page

    desk = open_desk()
    click.echo(page(desk, desk.milestone(name)).rstrip())


@milestone.command()
@click.argument("name", metavar="MILESTONE")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1),
    default=600.0,
    show_default=True,
    metavar="SECONDS",
    help="Stop after so long.",
)
def run(name: str, timeout: float) -> None:
    """Run a milestone on your own modules. The pictures that it makes stay in the workspace."""
    import time

    from tito.learner.milestone import run_milestone
    from tito.workspace.lock import locked
    from tito.workspace.state import Result, record

    desk = open_desk()
    chosen = desk.milestone(name)
    with locked(desk.workspace, say_aside):
        folder, ended = run_milestone(desk, chosen, timeout)
        if not ended:
            findings = record(desk.workspace, "milestones", chosen.id, Result(1, 1, time.time()))
    if ended:
        click.secho(f"The milestone did not pass: {ended}", fg="red", err=True)
        sys.exit(1)
    click.secho(f"Milestone {chosen.year} {chosen.title}: passed.", fg="green")
    for made in sorted(folder.iterdir()):
        click.echo(f"  {desk.shown(made)}")
    click.echo(f"Its story: tito milestone about {chosen.id}")
    say_findings(findings)
