"""Looks for everything that could go wrong here."""

from __future__ import annotations

from collections.abc import Iterator

from tito.composition.gate import gate
from tito.composition.strays import strays_everywhere
from tito.curriculum.installed import installed
from tito.errors import TitoError
from tito.learner.desk import desk_of
from tito.learner.progress import is_changed_by_hand
from tito.model import Finding, Workspace
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
        composition = gate(found, workspace)
        findings += composition.installed.findings
        findings += strays_everywhere(composition.course, workspace)
        if not found.tiers:
            fix = "install one with pip, for example: pip install tinytorch-core"
            findings.append(Finding("no tier is installed", fix=fix, level="warning"))
    except TitoError as error:
        findings += error.findings
    findings += hooks.call("tito_environment_checks", Finding, workspace=workspace)
    return list(dict.fromkeys((*findings, *hooks.findings)))


def check_workspace(workspace: Workspace) -> Iterator[Finding]:
    """An unreadable record of results, and files where exports belong that tito did not make, or
    that are no longer as it made them."""
    desk = desk_of(workspace)
    yield from read_state(workspace)[1]
    for module in desk.course.modules:
        path = workspace.own_file(module)
        if desk.gate.is_provided(module) or not path.exists():
            continue
        if not desk.gate.is_complete(module):
            message = f"{path.name} was not made by tito, so {module.target} stays locked"
            fix = f"move it away, then: tito module complete {module.id}"
            yield Finding(message, str(path), fix)
        elif is_changed_by_hand(path):
            message = f"{path.name} was changed after its export, so what is imported is not tested"
            fix = f"make the change in your file of {module.id}, then: tito module complete {module.id}"
            yield Finding(message, str(path), fix, level="warning")
