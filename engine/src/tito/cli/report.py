"""Shows test reports."""

from __future__ import annotations

import textwrap

import click

from tito.cli.out import MARKS, say_findings, seconds
from tito.model import CellResult, IntegrationReport, Module, TestReport

MOST_LINES = 12  # of printed output shown for a failing test
MOST_COLUMNS = 160


def say_report(module: Module, report: TestReport, file: str) -> None:
    """Each test on a line with its points and time; what failed says why and where."""
    click.echo(f"Module {module.number:02d} {module.title}, {file}")
    for problem in report.problems:
        _say_problem(problem)
    width = max((len(test.title) for test, _ in report.tests), default=0)
    for test, result in report.tests:
        mark, color = MARKS[result.outcome]
        earned = test.points if result.outcome == "passed" else 0
        time = seconds(result.seconds) if result.outcome != "not run" else "not run"
        head = click.style(f"{mark:>4}", fg=color)
        note = "  (it printed something)" if result.outcome == "passed" and result.output else ""
        click.echo(f"{head}  {test.title.ljust(width)}  {earned:>3}/{test.points:<3}  {time}{note}")
        if result.outcome == "failed":
            _say_details(result)
    passed = sum(result.outcome == "passed" for _, result in report.tests)
    click.echo(
        f"{report.earned} of {report.possible} points, {passed} of {len(report.tests)} tests passed"
        f" in {seconds(report.seconds)}"
    )
    say_findings(report.findings)


def say_integration(report: IntegrationReport) -> None:
    """Each file with its tests, each on a line; then what was left out, why, and what to type next."""
    shown = ""
    for name, result in report.tests:
        file, _, test = name.partition("::")
        if file != shown:
            click.echo(file)
            shown = file
        mark, color = MARKS[result.outcome]
        time = seconds(result.seconds) if result.outcome != "not run" else "not run"
        click.echo(f"{click.style(f'{mark:>4}', fg=color)}  {test}  {time}")
        if result.outcome in ("failed", "skipped"):
            _say_details(result)
    for finding in report.left_out:
        click.echo(finding.where)
        click.echo(f"{click.style('left out', fg='yellow')}: {finding.message}")
        click.echo(f"      next: {finding.fix}")
    passed = sum(result.outcome == "passed" for _, result in report.tests)
    count = f"{passed} of {len(report.tests)} integration tests passed"
    left_out = f"; files left out: {len(report.left_out)}" if report.left_out else ""
    click.echo(f"{count} in {seconds(report.seconds)}{left_out}")
    say_findings(report.findings)


def _say_problem(problem: CellResult) -> None:
    """A cell outside the tests that failed; often why the tests after it do."""
    click.secho("A cell outside the tests fails:", fg="yellow")
    _say_details(problem)


def _say_details(result: CellResult) -> None:
    click.echo(textwrap.indent(result.error, "      "))
    if result.where:
        place = f"{result.where}:  {result.source}" if result.source else f"in {result.where}"
        click.echo(f"      {place}")
    if result.output:
        lines = result.output.rstrip().splitlines()
        click.echo("      it printed:")
        for line in lines[:MOST_LINES]:
            click.echo(f"        {line[:MOST_COLUMNS]}{' …' * (len(line) > MOST_COLUMNS)}")
        if len(lines) > MOST_LINES:
            click.echo("        … and more")
