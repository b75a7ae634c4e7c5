"""Runs a milestone's program on the learner's modules."""

from __future__ import annotations

import sys
from pathlib import Path

from tito.composition.strays import refuse_strays
from tito.errors import LearnerFileError, UsageError
from tito.learner.desk import Desk
from tito.learner.progress import command_for, missing
from tito.learner.run import environment, run_process
from tito.model import Finding, Milestone


def folder_of(desk: Desk, milestone: Milestone) -> Path:
    """Where the installed tier keeps the milestone's program and its page."""
    tier = next(tier for tier in desk.course.tiers if milestone in tier.milestones)
    return desk.installed.of(tier.id).package / "milestones" / milestone.id


def page(desk: Desk, milestone: Milestone) -> str:
    """What the milestone re-creates, and why it mattered. Raises LearnerFileError without a page."""
    path = folder_of(desk, milestone) / "ABOUT.md"
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"the page of the milestone {milestone.id} cannot be read: {error}"
        fix = "update the tier that brings it with pip"
        raise LearnerFileError(Finding(message, str(path), fix)) from None


def run_milestone(desk: Desk, milestone: Milestone, limit: float) -> tuple[Path, str]:
    """(the folder with its pictures, how it failed or nothing). What it prints is shown as it comes.

    Raises UsageError if a module that it needs is not complete: the reference never stands in.
    """
    if waiting := missing(desk, milestone.requires):
        raise UsageError(
            Finding(
                f"milestone {milestone.id} runs on your modules, and {module.id} is not complete",
                fix=command_for(desk, module),
            )
            for module in waiting
        )
    folder = desk.workspace.root / "milestones" / milestone.id
    folder.mkdir(parents=True, exist_ok=True)
    refuse_strays(desk.course, desk.workspace, folder)
    command = [sys.executable, "-u", str(folder_of(desk, milestone) / "milestone.py")]
    # It speaks to the learner's console in that console's own encoding, whatever that can show.
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    console = {"PYTHONIOENCODING": f"{encoding}:replace"}
    beside = {"PYTHONSAFEPATH": ""}  # a milestone imports the files in its folder
    env = environment(desk.workspace) | console | beside
    return folder, run_process(command, folder, env, limit, stderr=None)
