"""`tito nbgrader …`: from modules to grades, with nbgrader's own files at every step."""

from __future__ import annotations

import click

from tito.cli.lazy import LazyGroup

COMMANDS: dict[str, str] = {  # name → "tito.cli.nbgrader.NAME:NAME"
    "generate": "tito.cli.nbgrader.generate:generate",
    "collect": "tito.cli.nbgrader.collect:collect",
    "autograde": "tito.cli.nbgrader.autograde:autograde",
    "merge": "tito.cli.nbgrader.merge:merge",
}


@click.group(cls=LazyGroup, commands_at=COMMANDS)
def nbgrader() -> None:
    """Hand out modules as assignments, grade what comes back, give feedback."""
