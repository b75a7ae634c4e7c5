"""`tito nbgrader verify`: our grades beside nbgrader's own."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from tito.cli.nbgrader import require_nbgrader
from tito.cli.out import json_option, say_json, say_table, seconds
from tito.grading.course import find_course


@click.command()
@click.argument("assignment", metavar="ASSIGNMENT")
@click.option(
    "--sample",
    "size",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    metavar="N",
    help="How many submissions; it is always the same ones.",
)
@json_option
def verify(assignment: str, size: int, as_json: bool) -> None:
    """Grade a sample of submissions with nbgrader's own autograde, too.

    Each cell is compared. nbgrader runs them without a sandbox, in a copy of the course. Its
    rule holds for both: a test that writes to stderr fails.
    """
    require_nbgrader()
    from tito.grading.verify import compare, sample

    course = find_course()
    name = course.assignment(assignment)
    found = compare(course, name, sample(course, name, size))
    if as_json:
        say_json(asdict(found))
    else:
        number = len(found.students)
        click.echo(f"{number} submissions of {name}, {found.cells} graded cells")
        click.echo(f"ours: {seconds(found.ours)}, nbgrader: {seconds(found.theirs)}")
        if found.ungraded:
            click.echo(
                f"nbgrader could not grade {len(found.ungraded)}: {', '.join(found.ungraded)}"
            )
        if found.differences:
            rows = [(d.student, d.cell, d.ours, d.theirs) for d in found.differences]
            say_table(("student", "cell", "ours", "nbgrader"), rows)
        else:
            click.secho("No cell has another score.", fg="green")
    sys.exit(1 if found.differences else 0)
