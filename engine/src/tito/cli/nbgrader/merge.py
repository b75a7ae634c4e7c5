"""`tito nbgrader merge`: the results of several machines in one place."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tito.cli.out import say_findings
from tito.grading.course import find_course


@click.command()
@click.argument(
    "folders", metavar="[DIR]…", nargs=-1, type=click.Path(path_type=Path, file_okay=False)
)
def merge(folders: tuple[Path, ...]) -> None:
    """Bring the results of several machines together.

    Each DIR is what `autograde --results DIR` wrote; the gradebook is written at the end.
    Without DIR, only the gradebook: for shards that wrote into the course's own results/.
    """
    from tito.grading.merge import merge as bring_together
    from tito.grading.record import recorded

    course = find_course()
    merged = bring_together(course, folders)
    click.echo(f"{merged.counts['new']} new results, {merged.counts['as before']} as before")
    findings = [*merged.findings, *recorded(course, merged.assignments or course.assignments())]
    say_findings(findings)
    sys.exit(1 if any(finding.level == "error" for finding in findings) else 0)
