"""`tito nbgrader export`: the grades, for others."""

from __future__ import annotations

from pathlib import Path

import click

from tito.cli.nbgrader import require_nbgrader
from tito.grading.course import find_course


@click.command()
@click.option(
    "--format",
    "wanted",
    default="csv",
    show_default=True,
    metavar="FORMAT",
    help="csv (nbgrader's own), canvas, moodle, json, or one that a plugin brings.",
)
@click.option(
    "--to",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write it there instead of showing it.",
)
@click.option("--assignment", multiple=True, metavar="NAME", help="Only this one; may be repeated.")
@click.option("--student", multiple=True, metavar="NAME", help="Only this one; may be repeated.")
def export(
    wanted: str, to: Path | None, assignment: tuple[str, ...], student: tuple[str, ...]
) -> None:
    """Give the grades to others.

    They are what the gradebook has, with what graders gave by hand.
    """
    require_nbgrader()
    from tito.grading.exporters import exporter
    from tito.grading.sheet import read_sheet
    from tito.workspace.files import write_atomically

    course = find_course()
    chosen = exporter(wanted)
    text = chosen.export(read_sheet(course, [course.assignment(a) for a in assignment], student))
    if to:
        write_atomically(to, text)
        click.echo(f"The grades are in {to}.")
    else:
        click.echo(text, nl=False)
