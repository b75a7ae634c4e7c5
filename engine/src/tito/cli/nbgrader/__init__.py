"""`tito nbgrader …`: from modules to grades, with nbgrader's own files at every step."""

from __future__ import annotations

import click

from tito.cli.lazy import LazyGroup
from tito.errors import UsageError
from tito.model import Finding

COMMANDS: dict[str, str] = {  # name → "tito.cli.nbgrader.NAME:NAME"
    "generate": "tito.cli.nbgrader.generate:generate",
    "release": "tito.cli.nbgrader.release:release",
    "collect": "tito.cli.nbgrader.collect:collect",
    "autograde": "tito.cli.nbgrader.autograde:autograde",
    "merge": "tito.cli.nbgrader.merge:merge",
    "status": "tito.cli.nbgrader.status:status",
    "feedback": "tito.cli.nbgrader.feedback:feedback",
    "export": "tito.cli.nbgrader.export:export",
    "verify": "tito.cli.nbgrader.verify:verify",
}


@click.group(cls=LazyGroup, commands_at=COMMANDS)
def nbgrader() -> None:
    """Hand out modules as assignments, grade what comes back, give feedback."""


def require_nbgrader() -> None:
    """Raises UsageError with what to install where nbgrader is not."""
    from importlib.util import find_spec

    if find_spec("nbgrader") is None:
        fix = "pip install 'tinytorch-engine[grading]'"
        raise UsageError(Finding("nbgrader is not installed", fix=fix))
