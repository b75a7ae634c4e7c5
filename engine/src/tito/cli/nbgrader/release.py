"""`tito nbgrader release`: hand assignments out."""

from __future__ import annotations

from pathlib import Path

import click

from tito.cli.nbgrader import require_nbgrader
from tito.cli.out import say_next
from tito.grading.course import find_course


@click.command()
@click.argument("assignments", metavar="ASSIGNMENT...", nargs=-1, required=True)
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Put them into this folder, or an archive if it ends in .zip, for a learning platform.",
)
@click.option("--force", is_flag=True, help="Replace what is in nbgrader's exchange already.")
def release(assignments: tuple[str, ...], to: Path | None, force: bool) -> None:
    """Hand assignments out: through nbgrader's exchange, or as files."""
    require_nbgrader()
    from tito.grading.release import release_to, release_to_exchange

    course = find_course()
    names = [course.assignment(name) for name in assignments]
    if to:
        for inside in release_to(course, names, to):
            click.echo(f"released: {to / inside}")
    else:
        for name in names:
            click.echo(f"released: {name}, to {release_to_exchange(course, name, force)}")
    say_next(f"tito nbgrader collect {names[0]}")
