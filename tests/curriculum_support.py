"""What the tests over all modules and milestones share."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tito.curriculum.compile import read_draft
from tito.curriculum.installed import Installed, installed
from tito.curriculum.views import REFERENCE, view
from tito.export import export
from tito.learner.desk import Desk
from tito.learner.run import run_tests
from tito.model import Module, TestReport


@cache
def tiers() -> Installed:
    return installed()


def folder(module: Module) -> Path:
    tier = tiers().of(tiers().course().tier_of(module).id)
    return tier.package / "modules" / module.folder


def modules() -> list[Module]:
    return list(tiers().course().modules)


def own(desk: Desk, module: Module) -> None:
    """Put the module's export into the workspace, without the tests that `complete` would run."""
    path = desk.workspace.own_file(module)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(exported(module.id), encoding="utf-8")


@cache
def exported(id: str) -> str:
    """The file of a learner who solved this module as we did."""
    module = tiers().course().by_id[id]
    return export(view(read_draft(folder(module)).lesson, REFERENCE), module, "the law")


def hand_in(desk: Desk, module: Module, text: str) -> TestReport:
    """Test a learner's file with this text, where only what the module requires is complete."""
    for needed in desk.course.requirements(module.id) - {module.id}:
        own(desk, desk.course.by_id[needed])
    path = desk.workspace.folder(module) / f"{module.id}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return run_tests(desk, module, 180)
