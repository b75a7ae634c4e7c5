"""`tito hint`: a little help with the exercise that fails now."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from tito.cli.module import run_and_remember, time_limit
from tito.cli.out import json_option, say_aside, say_findings, say_json, say_next
from tito.learner.desk import Desk, open_desk
from tito.learner.hints import Hint, current_module, next_hint
from tito.model import Module
from tito.workspace.state import Tested, read_state, record


@click.command()
@click.argument("name", metavar="[MODULE]", required=False)
@click.option("--again", is_flag=True, help="Repeat the last hint for this exercise.")
@time_limit
@json_option
def hint(name: str | None, again: bool, timeout: float, as_json: bool) -> None:
    """Show the next hint for the exercise that fails now.

    Each exercise has several hints, and each says more than the one before it. Your file is tested
    only if it has changed since its last test. Without MODULE, it is the module that you are at.
    """
    from tito.workspace.lock import locked

    desk = open_desk()
    module = desk.own_module(name) if name else current_module(desk, read_state(desk.workspace)[0])
    last = test_if_changed(desk, module, timeout)
    with locked(desk.workspace, say_aside):
        found = next_hint(module, last, read_state(desk.workspace)[0], again)
        if found and not again:
            say_findings(record(desk.workspace, "hints", found.key(module), found.stage))
    if as_json:
        shown = asdict(found) if found else None
        say_json({"module": module.id, "passed": last.passed, "hint": shown})
    elif found:
        _say(desk, module, found)
    else:
        _say_why_not(desk, module, last)
    sys.exit(0 if found or last.passed else 1)


def test_if_changed(desk: Desk, module: Module, timeout: float) -> Tested:
    """How the module's tests end on what is there now; they run only if they have not already."""
    from tito.learner.tested import last_tested

    state, _ = read_state(desk.workspace)
    if last := last_tested(desk, module, state):
        return last
    say_findings(run_and_remember(desk, module, timeout)[1])
    return read_state(desk.workspace)[0].tested[module.id]


def _say(desk: Desk, module: Module, found: Hint) -> None:
    click.echo(f"{found.task}, for the test {found.test}")
    click.secho(f"Hint {found.stage} of {found.of}", bold=True)
    click.echo(f"  {found.text}")
    if found.stage < found.of:
        say_next(f"try it, or for more: tito hint {module.id}")
    elif found.is_last_again:
        click.echo("You have had all hints for this exercise.")
        if desk.workspace.solutions:
            say_next(f"tito solution {module.id} {found.task.id} --give-up")


def _say_why_not(desk: Desk, module: Module, last: Tested) -> None:
    if last.passed:
        click.echo(f"Every test of {module.id} passes: there is nothing to hint at.")
        if not desk.gate.is_complete(module):
            say_next(f"tito module complete {module.id}")
        return
    title = next((test.title for test in module.tests if test.id == last.test), "")
    what = f"the test {title}, which goes through several exercises" if title else "no exercise"
    click.echo(f"What fails is {what}, so there is no hint. The test says what it expects.")
    say_next(f"tito module test {module.id}")
