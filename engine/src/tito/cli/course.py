"""`tito course …`: an instructor's folder."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from tito.cli.init import absolute, wanted_tiers
from tito.cli.lazy import Group
from tito.cli.out import say_findings, say_next
from tito.curriculum.installed import installed
from tito.workspace.find import here


@click.group(cls=Group)
def course() -> None:
    """An instructor's folder: assignments, submissions, grades."""


@course.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--tiers", default="", help="The tiers that are handed out, by id, separated by commas."
)
@click.option("--name", default="", help="What nbgrader calls the course; by default, like DIR.")
def new(folder: Path, tiers: str, name: str) -> None:
    """Make DIR a course that nbgrader understands.

    Without --tiers, every tier that is installed is handed out. With it, whatever the named tiers
    need is provided ready-made.
    """
    from tito.grading.new import new_course

    root = absolute(folder)
    found = installed()
    chosen = wanted_tiers(found, tiers)
    model = found.course(chosen)
    made = new_course(root, name or root.name, tuple(chosen))
    count = sum(model.tier_of(module).id in chosen for module in model.modules)
    click.echo(f"{root} is a course now, {made.config.name}: {', '.join(chosen)}, {count} modules.")
    cd = f"cd {shlex.quote(str(folder))} && " if root != here() else ""
    say_next(f"{cd}tito nbgrader generate")


@course.command()
@click.option("--names", is_flag=True, help="Call students by their names.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write the page; by default report.html in the course.",
)
def report(names: bool, output: Path | None) -> None:
    """Write a page about the class: standings, hard tasks, flags."""
    from datetime import datetime

    from tito.grading.course import find_course
    from tito.grading.report import Look, page
    from tito.grading.standing import standings
    from tito.grading.syllabus import syllabus
    from tito.workspace.files import write_atomically

    folder = find_course()
    modules = syllabus(folder).modules
    titles = {(m.folder, test.id): test.title for m in modules for test in m.tests}
    found = list(standings(folder))
    path = output or folder.root / "report.html"
    look = Look(folder.config.name, datetime.now().astimezone(), titles, names)
    write_atomically(path, page(found, look))
    click.echo(f"The page is {path}")
    say_findings([standing.problem for standing in found if standing.problem])
