"""Looks for everything that could go wrong here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tito.composition.gate import gate
from tito.composition.strays import strays
from tito.curriculum.installed import Installed, installed
from tito.errors import TitoError
from tito.model import Course, Finding, Workspace
from tito.plugins.hooks import Hooks
from tito.workspace.find import find_workspace
from tito.workspace.state import read_state


def examine() -> list[Finding]:
    """Every finding, each once; nothing is raised and nothing is changed."""
    found = installed()
    hooks = Hooks(found.plugins)
    findings = list(found.findings)
    workspace = None
    try:
        workspace = find_workspace()
        course = gate(found, workspace).course
        findings += strays(course, workspace, Path.cwd())
        findings += _workspace(course, found, workspace) if workspace else ()
    except TitoError as error:
        findings += error.findings
    findings += hooks.call("tito_environment_checks", workspace=workspace)
    return list(dict.fromkeys((*findings, *hooks.findings)))


def _workspace(course: Course, found: Installed, workspace: Workspace) -> Iterator[Finding]:
    yield from read_state(workspace)[1]
    composition = gate(found, workspace)
    for module in course.modules:
        path = workspace.own_file(module)
        if (
            path.exists()
            and not composition.is_provided(module)
            and not composition.is_complete(module)
        ):
            message = f"{path.name} was not made by tito, so {module.target} stays locked"
            fix = f"move it away, then: tito module complete {module.id}"
            yield Finding(message, str(path), fix)
