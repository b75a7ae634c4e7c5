"""`tito dev …`: for authors of tiers."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tito.cli.lazy import Group
from tito.cli.out import say_findings
from tito.errors import UsageError
from tito.model import Finding


@click.group(cls=Group)
def dev() -> None:
    """For authors: build and check tiers from their sources."""


@dev.command()
@click.argument("projects", metavar="[PROJECT]…", nargs=-1, type=click.Path(path_type=Path))
def build(projects: tuple[Path, ...]) -> None:
    """Make the reference, the manifest and the lessons of a tier.

    Without PROJECT, of every tier that is installed in editable mode.
    """
    from tito.authoring.projects import build_project

    for project in _projects(projects):
        tier = build_project(project).manifest.tier
        click.echo(f"{tier.distribution} {tier.version}: {len(tier.modules)} modules built")


@dev.command()
@click.argument("projects", metavar="[PROJECT]…", nargs=-1, type=click.Path(path_type=Path))
def check(projects: tuple[Path, ...]) -> None:
    """Tell everything that is wrong in the sources of a tier.

    Without PROJECT, of every tier that is installed in editable mode.
    """
    from tito.authoring.projects import check_project

    findings = [finding for project in _projects(projects) for finding in check_project(project)]
    say_findings(findings)
    if any(finding.level == "error" for finding in findings):
        sys.exit(1)
    click.echo("The sources are sound.")


def _projects(named: tuple[Path, ...]) -> list[Path]:
    from tito.authoring.projects import editable_projects

    projects = list(named) or editable_projects()
    if not projects:
        finding = Finding(
            "no project is named, and no tier is installed in editable mode",
            fix=f"{click.get_current_context().command_path} DIR",
        )
        raise UsageError(finding)
    return projects
