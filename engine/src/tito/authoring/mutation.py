"""Whether a module's graded tests notice mistakes: each mutant of its solutions should fail one."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from tito.authoring.workshop import workshop
from tito.curriculum.config import read_config
from tito.curriculum.installed import Installed
from tito.errors import TitoError
from tito.learner.run import environment, run_process
from tito.model import Finding, Module

ENOUGH = 0.95
EQUIVALENT = "mutants.yaml"
MOST_SECONDS = 2 * 3600.0


@dataclass(frozen=True, slots=True)
class Equivalent:
    """An entry of `mutants.yaml`: a mutant that nobody can tell from the solution, and why."""

    before: str
    after: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """A mutant and what killed it; if nothing did, `reason` says why nothing can."""

    task: str
    place: str
    before: str
    after: str
    killed_by: str
    reason: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        return self.task, self.before, self.after


@dataclass(frozen=True, slots=True)
class Mutation:
    """A module's mutants; `findings` are entries of its `mutants.yaml` that fit none."""

    module: Module
    outcomes: tuple[Outcome, ...]
    findings: tuple[Finding, ...]

    @property
    def killed(self) -> int:
        return sum(bool(each.killed_by) for each in self.outcomes)

    @property
    def equivalent(self) -> list[Outcome]:
        return [each for each in self.outcomes if each.reason]

    @property
    def survivors(self) -> list[Outcome]:
        return [each for each in self.outcomes if not each.killed_by and not each.reason]

    @property
    def share(self) -> float:
        """How many of the mutants that can be killed are killed."""
        possible = len(self.outcomes) - len(self.equivalent)
        return self.killed / possible if possible else 1.0

    @property
    def enough(self) -> bool:
        return self.share >= ENOUGH and not self.findings


def mutate(found: Installed, module: Module, folder: Path, jobs: int) -> Mutation:
    """Run every mutant of the lesson in `folder`, `jobs` at a time.

    Raises TitoError if the lesson itself fails.
    """
    if not hasattr(os, "fork"):
        fix = "run it on Linux or macOS, or in the Windows Subsystem for Linux"
        raise TitoError(Finding("mutants run in forks, which this system does not have", fix=fix))
    equivalent = read_equivalent(folder)
    return judge(module, _run(found, module, folder, jobs), equivalent)


def read_equivalent(folder: Path) -> dict[str, tuple[Equivalent, ...]]:
    """Grade id → its equivalent mutants. Raises SourceError for a file of another shape."""
    path = folder / EQUIVALENT
    kind = dict[str, tuple[Equivalent, ...]]
    entries: dict[str, tuple[Equivalent, ...]] = read_config(kind, path) if path.exists() else {}
    return entries


def judge(
    module: Module, outcomes: list[Outcome], equivalent: dict[str, tuple[Equivalent, ...]]
) -> Mutation:
    """Tell the equivalent mutants from the survivors, and find entries that fit no survivor."""
    reasons = {
        (task, _plain(entry.before), _plain(entry.after)): entry.reason
        for task, entries in equivalent.items()
        for entry in entries
    }
    judged = tuple(
        each if each.killed_by else replace(each, reason=reasons.get(each.key, ""))
        for each in outcomes
    )
    used = {each.key for each in judged if each.reason}
    file = f"{module.folder}/{EQUIVALENT}"
    stale = [_stale(key, outcomes, file) for key in reasons if key not in used]
    return Mutation(module, judged, tuple(stale))


def _plain(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().split("\n"))


def _stale(key: tuple[str, str, str], outcomes: list[Outcome], file: str) -> Finding:
    task, before, after = key
    killer = next((each.killed_by for each in outcomes if each.key == key), "")
    why = f"it is killed by {killer}" if killer else "there is no such mutant, or it has no reason"
    message = f"{task}: no equivalent mutant is {before!r} -> {after!r}: {why}"
    return Finding(message, file, "delete the entry, or correct it")


def _run(found: Installed, module: Module, source: Path, jobs: int) -> list[Outcome]:
    """In a workspace where what the module requires is provided, and all the rest is locked."""
    place = tempfile.TemporaryDirectory(prefix="tito-")
    with workshop(found, module) as desk, place as temporary:
        work, report = Path(temporary) / "work", Path(temporary) / "report"
        work.mkdir()
        command = [
            *(sys.executable, "-P", "-m", "tito.authoring.mutants_runner"),
            *(str(source), str(report), str(jobs), str(os.getpid())),
        ]
        env = {**environment(desk.workspace, module.id), "TMPDIR": temporary}
        with open(f"{report}.err", "w+b") as stderr:
            ended = run_process(command, work, env, MOST_SECONDS, stderr)
            stderr.seek(0)
            ended = f"{ended}\n{stderr.read().decode(errors='replace')}" if ended else ""
        lines = report.read_text(encoding="utf-8").splitlines() if report.exists() else []
        lesson, *ran = map(json.loads, lines or ['{"found": ""}'])
    if failed := lesson["found"] or ended:
        early = "fails without its systems analysis, before anything is changed"
        message = f"{module.id} {early if lesson['found'] else 'could not be run to its end'}"
        fix = f"mend it, then: tito dev mutants --module {module.id}"
        raise TitoError(Finding(f"{message}:\n{failed.strip()}", module.folder, fix))
    ran.sort(key=lambda each: int(each.pop("number")))
    return [Outcome(killed_by=each.pop("found"), **each) for each in ran]
