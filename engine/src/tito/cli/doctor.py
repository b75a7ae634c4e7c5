"""`tito doctor`: everything that is wrong with this installation or workspace, and how to mend it."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from tito.cli.out import json_option, say_findings, say_json
from tito.learner.doctor import examine


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Look for everything that could go wrong. Exit code 1 if there is an error."""
    findings = examine()
    if as_json:
        say_json([asdict(finding) for finding in findings])
    elif findings:
        say_findings(findings)
    else:
        click.echo("Nothing is wrong: tiers, plugins, namespace and workspace fit together.")
    sys.exit(1 if any(finding.level == "error" for finding in findings) else 0)
