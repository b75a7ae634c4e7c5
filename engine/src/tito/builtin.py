"""The engine's own plugin: what it adds to itself through its hooks, as any other plugin would."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

# Every command, and every import of a composed package, loads this file: the rest comes on call.
if TYPE_CHECKING:
    import click

    from tito.grading.executors import Executor
    from tito.grading.exporters import Exporter
    from tito.model import Course, Finding, Module, Workspace


def tito_commands() -> list[click.Command]:
    """`tito dev`, the authors' commands."""
    from tito.cli.dev import dev

    return [dev]


def tito_environment_checks(workspace: Workspace | None) -> Iterator[Finding]:
    """A record of results that cannot be read, and exports that tito did not make."""
    from tito.learner.doctor import check_workspace

    if workspace:
        yield from check_workspace(workspace)


def tito_module_checks(module: Module, course: Course) -> Iterator[Finding]:
    """A module imports only what it requires."""
    from tito.authoring.imports import check_imports

    yield from check_imports(module, course)


def tito_module_completed(workspace: Workspace, module: Module) -> Iterator[str]:
    """The modules and milestones that are unlocked now."""
    from tito.learner.desk import desk_of
    from tito.learner.progress import unlocked_by

    modules, milestones = unlocked_by(desk_of(workspace), module)
    for unlocked in modules:
        yield f"Unlocked: module {unlocked.number:02d} {unlocked.title}"
    for milestone in milestones:
        command = f"tito milestone run {milestone.id}"
        yield f"Unlocked: milestone {milestone.year} {milestone.title}: {command}"


def tito_grading_executors() -> list[Executor]:
    """The processors of this machine, and the machines of a Dask cluster."""
    from tito.grading.distributed import OnDask
    from tito.grading.executors import Local

    return [Local(), OnDask()]


def tito_gradebook_exporters() -> Iterable[Exporter]:
    """nbgrader's CSV, Canvas, Moodle, JSON."""
    from tito.grading.exporters import EXPORTERS

    return EXPORTERS
