"""Everything a plugin can add, on one screen.

A plugin is a module, named by an entry point of the group `tito`. A function of it that carries the
name of a hook is that hook's implementation: a plugin imports nothing from the engine. It may leave
out parameters that it does not need. Hooks return data, and the engine acts on it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import click

    from tito.grading.executors import Executor
    from tito.grading.exporters import Exporter
    from tito.model import Course, Finding, Module, Workspace

hookspec = pluggy.HookspecMarker("tito")


@hookspec
def tito_tiers() -> Iterable[str | os.PathLike[str]]:  # type: ignore[empty-body]
    """Curriculum folders: each holds a `tier.yaml`, and was compiled by the engine's build hook."""


@hookspec
def tito_commands() -> Iterable[click.Command]:  # type: ignore[empty-body]
    """Commands to stand beside the engine's own. One that is named like an existing one is left out."""


@hookspec
def tito_environment_checks(workspace: Workspace | None) -> Iterable[Finding]:  # type: ignore[empty-body]
    """What `tito doctor` should tell about this machine, this installation or this workspace."""


@hookspec
def tito_module_checks(module: Module, course: Course, folder: Path) -> Iterable[Finding]:  # type: ignore[empty-body]
    """What `tito dev check` should tell about a module's source, in its folder of the tier."""


@hookspec
def tito_module_completed(course: Course, workspace: Workspace, module: Module) -> Iterable[str]:  # type: ignore[empty-body]
    """Lines to show after `tito module complete`: what is possible now."""


@hookspec
def tito_grading_executors() -> Iterable[Executor]:  # type: ignore[empty-body]
    """Where submissions can be graded: objects with a `name` for `--executor` and a method
    `grade(tasks, where)`, which takes tasks as it has room for them and gives what came of each."""


@hookspec
def tito_gradebook_exporters() -> Iterable[Exporter]:  # type: ignore[empty-body]
    """Formats for grades: objects with a `name` for `--format` and a method `export(sheet)`, which
    returns the text of a file."""
