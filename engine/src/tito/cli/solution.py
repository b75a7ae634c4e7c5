"""`tito solution`: ours beside yours."""

from __future__ import annotations

import shutil
import time
from dataclasses import asdict

import click

from tito.cli.hint import test_if_changed
from tito.cli.module import time_limit
from tito.cli.out import json_option, plain, say_aside, say_findings, say_json
from tito.errors import UsageError
from tito.learner.desk import Desk, open_desk
from tito.model import Finding, Module
from tito.workspace.state import record_all


@click.command()
@click.argument("name", metavar="MODULE")
@click.argument("task", metavar="[TASK]", required=False)
@click.option("--give-up", is_flag=True, help="Show it before the module passes; that is recorded.")
@time_limit
@json_option
def solution(name: str, task: str | None, give_up: bool, timeout: float, as_json: bool) -> None:
    """Show our solution beside yours, after the module passes.

    TASK is an exercise, by its id or number; without it, all are shown. Where the two agree, lines are
    left out.
    """
    from tito.learner.solution import pairs, refuse_if_switched_off, task_named

    desk = open_desk()
    module = desk.own_module(name)
    refuse_if_switched_off(desk)
    tasks = (task_named(module, task),) if task else module.tasks
    _require_passed(desk, module, [each.id for each in tasks], task, give_up, timeout)
    found = pairs(desk, module, tasks)
    if as_json:
        say_json([asdict(pair) for pair in found])
        return
    for pair in found:
        click.secho(str(pair.task), bold=True)
        _say_pair(pair.yours, pair.ours)


def _require_passed(
    desk: Desk, module: Module, tasks: list[str], task: str | None, give_up: bool, timeout: float
) -> None:
    """Raises UsageError if the module does not pass and the learner does not give up; that they do
    is recorded."""
    from tito.workspace.lock import locked

    if desk.gate.is_complete(module) or test_if_changed(desk, module, timeout).passed:
        return
    if not give_up:
        anyway = f"tito solution {module.id}{f' {task}' if task else ''} --give-up"
        message = f"module {module.id} does not pass yet, and a solution would spoil it"
        fix = f"tito hint {module.id} (or see it all the same: {anyway})"
        raise UsageError(Finding(message, desk.shown(desk.learner_file(module)), fix))
    with locked(desk.workspace, say_aside):
        entries = (("given_up", f"{module.id}/{each}", time.time()) for each in tasks)
        say_findings(record_all(desk.workspace, entries))


def _say_pair(yours: str, ours: str) -> None:
    """Side by side if the terminal is wide enough, else one after the other."""
    from tito.learner.solution import rows

    if yours == ours:
        click.echo("  yours is ours, line for line")
        return
    lines = [
        (plain(left.expandtabs(4)), mark, plain(right.expandtabs(4)))
        for left, mark, right in rows(yours, ours)
    ]
    width = max(len("yours"), *(len(left) for left, _, _ in lines))
    widest = width + 5 + max(len(right) for _, _, right in lines)
    if widest <= shutil.get_terminal_size().columns:
        for left, mark, right in [("yours", "", "ours"), *lines]:
            click.echo(f"  {left.ljust(width)} {mark or ' '} {right}".rstrip())
        return
    for head, side in (("yours", 0), ("ours", 2)):
        click.echo(f"  {head}:")
        for row in lines:
            if row[side] or not row[1]:
                click.echo(f"    {row[side]}".rstrip())
