"""`tito nbgrader collect`: what students handed in, from wherever it is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tito.cli.out import say_findings, say_next, say_table
from tito.grading.course import find_course

if TYPE_CHECKING:
    from tito.grading.collect import Collection


@click.command()
@click.argument("assignment", metavar="ASSIGNMENT")
@click.option(
    "--from",
    "where",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A folder, or a zip archive of Canvas or Moodle.  [default: nbgrader's exchange]",
)
@click.option(
    "--pattern",
    default="",
    metavar="REGEX",
    help="How files are named, with groups: (?P<student>…), and (?P<file>…) for the last part.",
)
@click.option(
    "--students",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="A table called,student: who is who, as CSV.",
)
def collect(assignment: str, where: Path | None, pattern: str, students: Path | None) -> None:
    """Take in the submissions for an assignment.

    Of each student the last one counts; those before are kept in earlier/. Collecting again is safe.
    """
    from tito.grading import collect as collecting
    from tito.grading.stock import collect_from_exchange

    course = find_course()
    name = course.assignment(assignment)
    if where is None:
        collection = collect_from_exchange(course, name)
    else:
        table = collecting.read_students(students) if students else {}
        collection = collecting.collect(course, name, where, pattern, table)
    _say(collection)
    say_next(f"tito nbgrader autograde {name}")
    sys.exit(1 if any(finding.level == "error" for finding in collection.findings) else 0)


def _say(collection: Collection) -> None:
    rows = [
        (each.called, each.student, each.file, each.outcome + ", late" * each.late)
        for each in collection.students
    ]
    click.echo(f"Read as: {collection.layout}")
    say_table(("called", "student", "file", "it is"), rows)
    say_findings(collection.findings)
