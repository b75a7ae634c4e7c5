"""The command `tito`. Each command's code is imported when it is called, so that start-up is short."""

from __future__ import annotations

import io
import sys
from typing import Any

import click

from tito.cli.lazy import LazyGroup
from tito.errors import TitoError

COMMANDS = {
    "init": "tito.cli.init:init",
    "status": "tito.cli.status:status",
    "module": "tito.cli.module:module",
    "hint": "tito.cli.hint:hint",
    "solution": "tito.cli.solution:solution",
    "test": "tito.cli.test:test",
    "milestone": "tito.cli.milestone:milestone",
    "tier": "tito.cli.tier:tier",
    "namespace": "tito.cli.namespace:namespace",
    "doctor": "tito.cli.doctor:doctor",
    "course": "tito.cli.course:course",
    "nbgrader": "tito.cli.nbgrader:nbgrader",
}


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        from importlib.metadata import version

        click.echo(f"tito {version('tinytorch-engine')}")
        ctx.exit()


@click.group(cls=LazyGroup, commands_at=COMMANDS, with_plugins=True)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the engine's version and exit.",
)
def tito() -> None:
    """Build a library module by module: start a lesson, test it, complete it, import it."""


def main() -> None:
    """Run the command line; every error becomes findings on stderr and an exit code."""
    sys.stdout = sys.stdout or io.StringIO()  # None if it was closed before we began
    sys.stderr = sys.stderr or io.StringIO()
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="replace")  # a cp1252 console has no arrow
    sys.exit(run())


def run(arguments: list[str] | None = None) -> int:
    try:
        code: Any = tito.main(arguments, prog_name="tito", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except TitoError as error:
        for finding in error.findings:
            click.echo(str(finding), err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        return 130
    except OSError as error:
        click.echo(f"error: {error.strerror or error}\n  where: {error.filename or ''}", err=True)
        return 1
