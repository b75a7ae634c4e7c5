"""`tito test`: everything that can be tested here."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from tito.cli.module import report_as_json, run_and_remember
from tito.cli.out import json_option, say_findings, say_json
from tito.cli.report import say_integration, say_report
from tito.composition.gate import gate
from tito.curriculum.installed import installed
from tito.errors import LearnerFileError
from tito.learner.desk import Desk
from tito.model import Finding, IntegrationReport, TestReport
from tito.workspace.find import find_workspace


@click.command()
@click.option("--integration", is_flag=True, help="Run only the tests that go through modules.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1),
    default=120.0,
    show_default=True,
    metavar="SECONDS",
    help="Stop each module's tests, and the integration tests, after so long.",
)
@json_option
def test(integration: bool, timeout: float, as_json: bool) -> None:
    """Test your modules, then how all that is there works together.

    The integration tests come with the installed tiers, and run on your own modules and on those that
    are provided; without a workspace, on the reference. One that needs a module which is not complete
    is left out, and says so.
    """
    from tito.learner.integration import run_integration

    workspace = find_workspace()
    composition = gate(installed(), workspace)
    reports: list[TestReport] = []
    findings: list[Finding] = []
    if workspace and not integration:
        desk = Desk(workspace, composition.installed, composition)
        reports, findings = _modules(desk, timeout, say=not as_json)
    together = run_integration(composition, timeout)
    passed = together.passed and not findings and all(report.passed for report in reports)
    if as_json:
        say_json(_as_json(reports, together, passed))
    else:
        whose = "your modules" if workspace else "the reference, since there is no workspace here"
        click.echo(f"Integration tests, on {whose}:")
        say_integration(together)
    say_findings((*findings, *composition.installed.findings))
    sys.exit(0 if passed else 1)


def _modules(desk: Desk, timeout: float, say: bool) -> tuple[list[TestReport], list[Finding]]:
    """The report of every module that the learner has a file of, each shown as soon as it is there."""
    reports: list[TestReport] = []
    findings: list[Finding] = []
    for module in desk.course.modules:
        if desk.gate.is_provided(module) or not desk.learner_files(module):
            continue
        try:
            report, found = run_and_remember(desk, module, timeout)
        except LearnerFileError as error:
            findings += error.findings
            continue
        reports.append(report)
        findings += found
        if say:
            say_report(module, report, desk.shown(desk.learner_file(module)))
            click.echo()
    return reports, findings


def _as_json(
    reports: list[TestReport], together: IntegrationReport, passed: bool
) -> dict[str, object]:
    return {
        "modules": [report_as_json(report) for report in reports],
        "integration": {
            "tests": [{"name": name, **asdict(result)} for name, result in together.tests],
            "left_out": [asdict(finding) for finding in together.left_out],
            "findings": [asdict(finding) for finding in together.findings],
            "seconds": together.seconds,
            "passed": together.passed,
        },
        "passed": passed,
    }
