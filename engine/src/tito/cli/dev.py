"""`tito dev …`: for authors of tiers."""

from __future__ import annotations

import os
import sys
import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tito.cli.lazy import Group
from tito.cli.out import json_option, say_findings, say_json, say_table
from tito.errors import UsageError
from tito.model import Finding

if TYPE_CHECKING:
    from tito.authoring.mutation import Mutation


jobs_option = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many run at a time.  [default: all CPUs]",
)


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
@click.option("--module", "names", metavar="MODULE", multiple=True, help="Only this module.")
@click.option("--sources", is_flag=True, help="Only read the sources; run nothing.")
@jobs_option
def check(
    projects: tuple[Path, ...], names: tuple[str, ...], sources: bool, jobs: int | None
) -> None:
    """Prove that the modules of a tier keep the laws.

    Tells everything that is wrong in the sources. If nothing is, runs each module: its solutions
    must pass with only what it requires, the handed-out lesson must earn nothing and show nothing
    of a solution, and the tests must notice mistakes. Without PROJECT, of every tier that is
    installed in editable mode.
    """
    from tito.authoring.projects import check_project

    chosen = _projects(projects)
    _end_if_wrong([finding for project in chosen for finding in check_project(project)])
    if sources:
        click.echo("The sources are sound.")
        return
    from tito.authoring.laws import prove
    from tito.authoring.projects import lessons
    from tito.curriculum.installed import installed

    found, wrong = installed(), []
    for module, folder in lessons(found, chosen, names):
        findings = list(prove(found, module, folder, jobs or os.cpu_count() or 1))
        wrong += findings
        errors = any(each.level == "error" for each in findings)
        click.echo(f"{module.folder}: {'breaks a law' if errors else 'keeps the laws'}")
    _end_if_wrong(wrong)


@dev.command("new-tier")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--namespace", help="Where its names go.  [default: where the installed tiers' go]")
@click.option("--requires", metavar="TIER", multiple=True, help="A tier that it builds on.")
def new_tier(folder: Path, namespace: str | None, requires: tuple[str, ...]) -> None:
    """Make the project of a tier of your own.

    FOLDER, which is made, is named like the distribution: tinytorch-games.
    """
    from tito.authoring import skeleton
    from tito.curriculum.installed import installed

    found = installed()
    spaces = {each.tier.namespace for each in found.tiers}
    if not namespace:
        namespace = spaces.pop() if len(spaces) == 1 else folder.name.partition("-")[0]
    skeleton.new_tier(found, folder, namespace, requires)
    click.echo(f"{folder.name} is the project of a tier whose names go to {namespace}. Next:")
    click.echo(f"  cd {folder}")
    click.echo("  tito dev new-module NAME && pip install -e . && tito dev check")


@dev.command("new-module")
@click.argument("name")
@click.argument("project", default=".", type=click.Path(path_type=Path))
@click.option("--requires", metavar="MODULE", multiple=True, help="A module that it builds on.")
@click.option("--number", type=click.IntRange(1, 99), help="Its place among all modules.")
def new_module(name: str, project: Path, requires: tuple[str, ...], number: int | None) -> None:
    """Make a lesson that works, to be written over.

    It comes into the project of a tier that is here, or into PROJECT.
    """
    from tito.authoring import skeleton
    from tito.curriculum.installed import installed

    folder = skeleton.new_module(installed(), name, requires, number, project)
    click.echo(f"{folder} is a lesson that keeps every law. Write yours over it, and then:")
    click.echo("  tito dev build && tito dev check")


def _end_if_wrong(findings: list[Finding]) -> None:
    say_findings(findings)
    if any(finding.level == "error" for finding in findings):
        sys.exit(1)


@dev.command()
@click.argument("projects", metavar="[PROJECT]…", nargs=-1, type=click.Path(path_type=Path))
@click.option("--module", "names", metavar="MODULE", multiple=True, help="Only this module.")
@jobs_option
@json_option
def mutants(
    projects: tuple[Path, ...], names: tuple[str, ...], jobs: int | None, as_json: bool
) -> None:
    """Tell which mistakes in a solution no graded test notices.

    Makes one small mistake after the other in the solutions of each module, and runs its tests.
    Without PROJECT, in every tier that is installed in editable mode.
    """
    from tito.authoring.mutation import mutate
    from tito.authoring.projects import lessons
    from tito.curriculum.installed import installed

    found, jobs = installed(), jobs or os.cpu_count() or 1
    chosen = lessons(found, _projects(projects), names)
    ran = [mutate(found, module, folder, jobs) for module, folder in chosen]
    if as_json:
        say_json([_as_json(each) for each in ran])
    else:
        _say_mutants(ran)
    say_findings(finding for each in ran for finding in each.findings)
    sys.exit(0 if all(each.enough for each in ran) else 1)


def _as_json(mutation: Mutation) -> dict[str, object]:
    return {
        "module": mutation.module.folder,
        "killed": mutation.killed,
        "share": mutation.share,
        "enough": mutation.enough,
        "mutants": [asdict(outcome) for outcome in mutation.outcomes],
    }


def _say_mutants(ran: list[Mutation]) -> None:
    for outcome in (outcome for each in ran for outcome in each.survivors):
        click.secho(f"{outcome.place} {outcome.task}: no test notices", fg="yellow")
        click.echo(textwrap.indent(outcome.before, "  - "))
        click.echo(textwrap.indent(outcome.after, "  + "))
    say_table(
        ("module", "mutants", "killed", "equivalent", "share"),
        [
            (m.module.folder, len(m.outcomes), m.killed, len(m.equivalent), f"{m.share:.1%}")
            for m in ran
        ],
    )


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
