"""`tito nbgrader generate`: assignments from modules."""

from __future__ import annotations

import time

import click

from tito.cli.nbgrader import require_nbgrader
from tito.cli.out import say_next, seconds
from tito.grading.course import find_course


@click.command()
@click.argument("modules", metavar="[MODULE]...", nargs=-1)
@click.option("--force", is_flag=True, help="Change an assignment that students have already.")
def generate(modules: tuple[str, ...], force: bool) -> None:
    """Make the assignments of the course, or of these modules only.

    Each is proved before it is written: the solution earns all points, what is handed out earns
    none, and gives nothing away.
    """
    require_nbgrader()
    from tito.grading.generate import generate as make
    from tito.grading.syllabus import syllabus

    taught = syllabus(find_course())
    chosen = [taught.module(name) for name in modules] or taught.modules
    for module in chosen:
        start = time.perf_counter()
        made = make(taught, module, force)
        if made.is_new or made.changes:
            took = seconds(time.perf_counter() - start)
            what = "is made" if made.is_new else "is made anew"
            facts = f"{made.tasks} exercises, {made.points:g} points, proved in {took}"
            click.echo(f"{made.name} {what}: {facts}")
            for change in made.changes:
                click.echo(f"    {change}")
        else:
            click.echo(f"{made.name} is as it was")
    say_next(f"tito nbgrader release {chosen[0].folder}")
