"""`tito init`: make a folder a workspace."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from tito.cli.out import say_next
from tito.curriculum.installed import Installed, installed
from tito.errors import UsageError, WorkspaceError
from tito.model import Finding
from tito.workspace.files import write_atomically
from tito.workspace.find import MARKER, here, render


@click.command()
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default=Path())
@click.option("--tiers", default="", help="The tiers that you build, by id, separated by commas.")
def init(folder: Path, tiers: str) -> None:
    """Make DIR (by default this folder) a workspace.

    Without --tiers you build every tier that is installed. With it, whatever the named tiers need
    is provided ready-made.
    """
    root = absolute(folder)
    marker = root / MARKER
    if marker.exists():
        finding = Finding(
            "this is a workspace already", str(marker), f"cd {shlex.quote(str(root))}"
        )
        raise WorkspaceError(finding)
    found = installed()
    wanted = tuple(wanted_tiers(found, tiers))
    course = found.course(wanted)
    write_atomically(marker, render(wanted))
    own = [module for module in course.modules if course.tier_of(module).id in wanted]
    click.echo(f"{root} is a workspace now: {', '.join(wanted)} with {len(own)} modules to build.")
    cd = f"cd {shlex.quote(str(folder))} && " if root != here() else ""
    say_next(f"{cd}tito module start {own[0].id}" if own else f"{cd}tito status")


def absolute(folder: Path) -> Path:
    """Raises UsageError if it is said from a folder that is gone."""
    if not folder.is_absolute() and here() is None:
        message = "the current folder is gone, so nothing can be made in it"
        raise UsageError(Finding(message, fix="cd to a folder that is there"))
    return folder.absolute()


def wanted_tiers(found: Installed, tiers: str) -> list[str]:
    """The tiers' ids in teaching order; raises UsageError if none is named or installed."""
    names = [name.strip() for name in tiers.split(",") if name.strip()]
    chosen = {found.tier_named(name).id for name in names}
    ids = [each.tier.id for each in found.tiers if not names or each.tier.id in chosen]
    if not ids:
        fix = "install one with pip, for example: pip install tinytorch-core"
        raise UsageError(
            (
                Finding("no tier is installed", "entry points of the group 'tito'", fix),
                *found.findings,
            )
        )
    return ids
