"""`tito module …`: a learner's work on one module."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict

import click

from tito.cli.lazy import Group
from tito.cli.out import json_option, say_aside, say_findings, say_json, say_next, say_table
from tito.cli.report import say_report
from tito.cli.update import update
from tito.errors import UsageError
from tito.learner.desk import Desk, open_desk
from tito.learner.progress import command_for, missing, module_progress, next_command
from tito.model import Finding, Module, TestReport
from tito.workspace.state import Result, read_state

time_limit = click.option(
    "--timeout",
    type=click.FloatRange(min=0.1),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Stop after so long.",
)

force_option = click.option(
    "--force", is_flag=True, help="Go on even if a module that it builds on is not complete."
)


@click.group(cls=Group)
def module() -> None:
    """Start, test, complete and reset modules. MODULE is an id, a number, or how one begins."""


@module.command("list")
@json_option
def list_modules(as_json: bool) -> None:
    """Show every module of the course, and how far you are."""
    desk = open_desk()
    state, findings = read_state(desk.workspace)
    progress = module_progress(desk, state)
    if as_json:
        say_json([_as_json(desk, entry.module, entry.status, entry.last) for entry in progress])
    else:
        say_table(
            ("", "module", "title", "status", "points"),
            [
                (f"{e.module.number:02d}", e.module.id, e.module.title, e.status, points(e.last))
                for e in progress
            ],
        )
    say_findings((*findings, *desk.installed.findings))


def points(last: Result | None) -> str:
    return f"{last.earned}/{last.possible}" if last else ""


def _as_json(desk: Desk, module: Module, status: str, last: Result | None) -> dict[str, object]:
    return {
        "id": module.id,
        "number": module.number,
        "title": module.title,
        "summary": module.summary,
        "tier": desk.course.tier_of(module).id,
        "requires": module.requires,
        "target": module.target,
        "minutes": module.minutes,
        "status": status,
        "last": asdict(last) if last else None,
    }


@module.command()
@click.argument("name", metavar="MODULE")
@click.option(
    "--format",
    "suffix",
    type=click.Choice(["ipynb", "py"]),
    default="ipynb",
    show_default=True,
    help="A notebook, or a script in percent format.",
)
@force_option
def start(name: str, suffix: str, force: bool) -> None:
    """Put the module's notebook into the workspace. One that is there is never touched."""
    from tito.learner.module import start as start_module
    from tito.workspace.lock import locked

    desk = open_desk()
    chosen = desk.own_module(name)
    _require(desk, chosen, force)
    with locked(desk.workspace, say_aside):
        path, new = start_module(desk, chosen, f".{suffix}")
    head = "Here is" if new else "You already have"
    click.echo(f"{head} module {chosen.number:02d} {chosen.title}: {desk.shown(path)}")
    click.echo(f"{chosen.summary} About {chosen.minutes} minutes.")
    say_next(f"open the file, then: tito module test {chosen.id}")


@module.command()
@click.argument("name", metavar="MODULE")
@time_limit
@json_option
def test(name: str, timeout: float, as_json: bool) -> None:
    """Run your file of the module, and show what each test says."""
    desk = open_desk()
    chosen = desk.own_module(name)
    report, findings = run_and_remember(desk, chosen, timeout)
    if as_json:
        say_json(report_as_json(report))
    else:
        say_report(chosen, report, desk.shown(desk.learner_file(chosen)))
        if report.passed:
            say_next(f"tito module complete {chosen.id}")
    say_findings(findings)
    sys.exit(0 if report.passed else 1)


@module.command()
@click.argument("name", metavar="MODULE")
@time_limit
@force_option
def complete(name: str, timeout: float, force: bool) -> None:
    """Test the module and export it. From then on you can import it."""
    from tito.learner.module import complete as complete_module
    from tito.learner.tested import digest_of_work
    from tito.plugins.hooks import Hooks
    from tito.workspace.lock import locked

    desk = open_desk()
    chosen = desk.own_module(name)
    _require(desk, chosen, force)
    with locked(desk.workspace, say_aside):
        digest = digest_of_work(desk, chosen)
        done = complete_module(desk, chosen, timeout)
        findings = _remember(desk, chosen, done.report, digest)
    say_report(chosen, done.report, desk.shown(desk.learner_file(chosen)))
    if done.file is None:
        say_findings(findings)
        click.secho("Not complete yet, so nothing was exported.", fg="yellow")
        sys.exit(1)
    click.secho(
        f"Module {chosen.number:02d} {chosen.title} is complete: {desk.shown(done.file)}",
        fg="green",
    )
    if done.kept:
        click.echo(f"The old export had been changed by hand; a copy: {desk.shown(done.kept)}")
    for line in import_lines(chosen):
        click.echo(f"  {line}")
    hooks = Hooks(desk.installed.plugins)
    arguments = {"course": desk.course, "workspace": desk.workspace, "module": chosen}
    for line in hooks.call("tito_module_completed", str, **arguments):
        click.echo(line)
    if following := next_command(desk, read_state(desk.workspace)[0]):
        say_next(following)
    say_findings((*findings, *hooks.findings))


def import_lines(chosen: Module) -> Iterator[str]:
    """What can be typed now: names from facades, or, if the module is in none, the module itself."""
    for facade, names in chosen.exports.items():
        yield f"from {facade} import {', '.join(names[:4])}{', …' if len(names) > 4 else ''}"
    if not chosen.exports:
        package, _, name = chosen.target.rpartition(".")
        yield f"from {package} import {name}"


@module.command()
@click.argument("name", metavar="MODULE")
@click.option(
    "--tests",
    is_flag=True,
    help="Put back only the tests and other given code; your solutions stay.",
)
@click.option("--yes", is_flag=True, help="Do it without asking.")
def reset(name: str, tests: bool, yes: bool) -> None:
    """Put the module back as it was handed out. What stands there is kept beside it."""
    from tito.learner.module import reset as reset_module
    from tito.learner.module import reset_tests
    from tito.workspace.lock import locked

    desk = open_desk()
    chosen = desk.own_module(name)
    over = f"Start {chosen.id} over, without your solutions?"
    question = f"Put the tests of {chosen.id} back as handed out?" if tests else over
    if not yes and not _agreed(f"{question} A copy of your file is kept."):
        sys.exit(1)
    with locked(desk.workspace, say_aside):
        path, kept = (reset_tests if tests else reset_module)(desk, chosen)
    with_what = ", with your solutions in it" if tests else ""
    click.echo(f"{desk.shown(path)} is as it was handed out{with_what}.")
    if kept:
        click.echo(f"A copy of what stood there: {desk.shown(kept)}")
    say_next(f"tito module test {chosen.id}")


module.add_command(update)


@module.command()
@click.argument("name", metavar="MODULE")
@click.option("--export", is_flag=True, help="Print the file that it is exported to.")
def path(name: str, export: bool) -> None:
    """Print where your file of the module is."""
    desk = open_desk()
    chosen = desk.own_module(name)
    click.echo(str(desk.workspace.own_file(chosen) if export else desk.learner_file(chosen)))


def _agreed(question: str) -> bool:
    """The answer; nobody there to give one is a no. What a no means is said."""
    unchanged = "Nothing was changed."
    try:
        if click.confirm(question, err=True):
            return True
    except (click.Abort, RuntimeError):  # the end of stdin, or no stdin at all
        unchanged = f"\n{unchanged} To go on without being asked, add --yes."
    click.echo(unchanged, err=True)
    return False


def run_and_remember(
    desk: Desk, module: Module, timeout: float
) -> tuple[TestReport, list[Finding]]:
    """The module's tests, run, and what is wrong with the record of results."""
    from tito.learner.run import run_tests
    from tito.learner.tested import digest_of_work
    from tito.workspace.lock import locked

    with locked(desk.workspace, say_aside):
        digest = digest_of_work(desk, module)
        report = run_tests(desk, module, timeout)
        return report, _remember(desk, module, report, digest)


def report_as_json(report: TestReport) -> dict[str, object]:
    totals = {"earned": report.earned, "possible": report.possible, "passed": report.passed}
    return asdict(report) | totals


def _remember(desk: Desk, module: Module, report: TestReport, digest: str) -> list[Finding]:
    import time

    from tito.learner.tested import tested
    from tito.workspace.state import Entry, record_all

    entries: dict[str, Entry] = {
        "modules": Result(report.earned, report.possible, time.time()),
        "tested": tested(desk, module, report, digest),
    }
    named = ((kind, module.id, entry) for kind, entry in entries.items())
    return record_all(desk.workspace, named)


def _require(desk: Desk, chosen: Module, force: bool) -> None:
    """Tell of required modules that are not complete; without `force`, raises UsageError."""
    findings = [
        Finding(
            f"module {chosen.id} builds on {needed.id}, which is not complete",
            fix=f"{command_for(desk, needed)} (or go on all the same: --force)",
            level="warning" if force else "error",
        )
        for needed in missing(desk, chosen.requires)
    ]
    if findings and not force:
        raise UsageError(findings)
    say_findings(findings)
