"""`tito module update`: new lesson text for what a learner has begun."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click

from tito.cli.out import plain, say_aside, say_findings, say_next
from tito.errors import LearnerFileError
from tito.learner.desk import Desk, open_desk
from tito.learner.progress import update_waits, waiting_updates
from tito.model import Finding, Module


@click.command()
@click.argument("name", metavar="[MODULE]", required=False)
@click.option("--diff", is_flag=True, help="Show what would change, and write nothing.")
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 if an update waits.")
def update(name: str | None, diff: bool, check: bool) -> None:
    """Take new lesson text into your file. What you wrote stays.

    The lesson comes with its tier: pip install -U brings a new one. A copy of your file is kept.
    Where you and the lesson changed the same thing, both are there, marked. Without MODULE, every
    module that waits is updated.
    """
    from tito.workspace.lock import locked

    desk = open_desk()
    chosen = [desk.own_module(name)] if name else waiting_updates(desk)
    modules = [module for module in chosen if update_waits(desk, module)]
    if diff:
        _say_diffs(desk, chosen)
    elif check:
        for module in modules:
            click.echo(f"An update waits: tito module update {module.id}")
    else:
        with locked(desk.workspace, say_aside):
            _update(desk, chosen)
    if not modules and not diff:
        click.echo("No update waits.")
    if check and modules:
        sys.exit(1)


def _say_diffs(desk: Desk, modules: Iterable[Module]) -> None:
    from tito.learner.update import plan

    for module in modules:
        for line in plan(desk, module).diff():
            click.echo(plain(line))


def _update(desk: Desk, modules: Iterable[Module]) -> None:
    """Raises LearnerFileError at the end for the files that cannot be updated; the others are."""
    from tito.learner.update import apply, plan

    findings: list[Finding] = []
    for module in modules:
        try:
            made = plan(desk, module)  # also tells what keeps it from being updated
        except LearnerFileError as error:
            findings += error.findings
            continue
        if update_waits(desk, module):
            kept = apply(desk, made)
            click.echo(f"{desk.shown(made.path)} is the new lesson, with what you wrote in it.")
            click.echo(f"A copy of what stood there: {desk.shown(kept)}")
            say_findings(made.conflicts)
            say_next(f"load the file anew in your editor, then: tito module test {module.id}")
    if findings:
        raise LearnerFileError(findings)
