"""`tito nbgrader status`: where each assignment stands."""

from __future__ import annotations

from dataclasses import asdict

import click

from tito.cli.nbgrader import require_nbgrader
from tito.cli.out import json_option, say_findings, say_json, say_next, say_table
from tito.grading.course import find_course


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Show where each assignment stands."""
    require_nbgrader()
    from tito.grading.overview import overview

    rows, findings = overview(find_course())
    say_findings(findings)
    if as_json:
        say_json([asdict(row) for row in rows])
        return
    heads = ("assignment", "released", "submitted", "graded", "stale", "by hand", "flagged")
    say_table(
        heads,
        [
            (
                row.assignment,
                "yes" if row.released else "-",
                *(row.submitted, row.graded, row.stale, row.by_hand, row.flagged),
            )
            for row in rows
        ],
    )
    if not rows:
        say_next("tito nbgrader generate")
    elif waiting := [row for row in rows if row.graded < row.submitted or row.stale]:
        say_next(f"tito nbgrader autograde {waiting[0].assignment}")
