"""Runs the integration tests of the installed tiers on what can be imported now."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tito.composition.gate import Gate
from tito.composition.needs import unmet
from tito.composition.strays import refuse_strays
from tito.curriculum.integration import FOLDER, integration_files, requirements
from tito.errors import SourceError
from tito.learner.run import NOT_RUN, environment, run_process
from tito.model import CellResult, Finding, IntegrationReport

# What a learner's shell or project says to pytest is not meant for these tests.
FOREIGN = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The files that can run, findings of those that cannot yet, and of those that are wrong."""

    files: tuple[Path, ...]
    left_out: tuple[Finding, ...]
    findings: tuple[Finding, ...]


def choose(gate: Gate) -> Chosen:
    """Sort out the integration tests of every installed tier by what they need."""
    files: list[Path] = []
    left_out: list[Finding] = []
    findings: list[Finding] = []
    for found in gate.installed.tiers:
        for path in integration_files(found.package):
            try:
                ids = requirements(path)
            except SourceError as error:
                findings += error.findings
                continue
            if why := unmet(gate, ids, shown(path)):
                left_out.append(why)
            else:
                files.append(path)
    return Chosen(tuple(files), tuple(left_out), tuple(findings))


def shown(path: Path) -> str:
    """What messages call a test file: its path from the tier's package on."""
    package = next(folder.parent for folder in path.parents if folder.name == FOLDER)
    return path.relative_to(package.parent).as_posix()


def run_integration(gate: Gate, limit: float) -> IntegrationReport:
    """Run, in a process of its own, every test whose modules are own or provided."""
    chosen = choose(gate)
    if not chosen.files:
        none = Finding(
            "no installed tier brings integration tests", fix="update the tiers with pip"
        )
        wrong = chosen.findings or (() if chosen.left_out else (none,))
        return IntegrationReport((), chosen.left_out, wrong)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="tito-") as folder:
        refuse_strays(gate.course, gate.workspace)
        report, ended = _run(gate, chosen.files, Path(folder), limit)
    tests, findings = _results(report, chosen.files, ended)
    seconds = time.perf_counter() - start
    return IntegrationReport(tests, chosen.left_out, (*chosen.findings, *findings), seconds)


def _run(gate: Gate, files: tuple[Path, ...], folder: Path, limit: float) -> tuple[str, str]:
    """(the lines of the report, how the run failed or nothing)"""
    report, errors = folder / "report.jsonl", folder / "stderr"
    report.touch()
    (folder / "pytest.ini").write_text("[pytest]\n")
    root = str(gate.workspace.root) if gate.workspace else ""
    command = [
        *(sys.executable, "-P", "-B", "-m", "tito.learner.integration_runner"),
        *(str(report), str(os.getpid()), root, *map(str, files)),
    ]
    env = environment(gate.workspace) | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    for name in FOREIGN:
        env.pop(name, None)
    with errors.open("wb") as stderr:
        ended = run_process(command, folder, env, limit, stderr)
    text = report.read_text(encoding="utf-8")
    if ended and not text:
        ended += "\n" + errors.read_text(encoding="utf-8", errors="replace").strip()[-2000:]
    return text, ended


def _results(
    report: str, files: tuple[Path, ...], ended: str
) -> tuple[tuple[tuple[str, CellResult], ...], list[Finding]]:
    """Each collected test with its result; what kept others from being collected, or ended the run.

    A test that began and did not end was running when the process `ended`.
    """
    results: dict[str, CellResult] | None = None
    findings: list[Finding] = []
    for line in report.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue  # killed in the middle of its last line
        if "collected" in event:
            results = dict.fromkeys(event["collected"], NOT_RUN)
        elif "broken" in event:
            message = f"the integration test cannot be collected: {event['error']}"
            findings.append(Finding(message, event["broken"]))
        elif results is not None:
            name = event.pop("test")
            cut_short = CellResult("failed", error=ended or "the test ended the whole run")
            results[name] = CellResult(**event) if event else cut_short
    if results is None:
        why = ended or "a file ended the whole run while it was imported"
        return (), [*findings, Finding(f"the integration tests cannot be collected: {why}")]
    known = {finding.where for finding in findings} | {n.partition("::")[0] for n in results}
    empty = (file for file in map(shown, files) if file not in known)
    findings += (Finding("the integration test holds no test", file) for file in empty)
    if ended and not any(result.outcome == "failed" for result in results.values()):
        findings.append(Finding(f"the integration tests did not run to their end: {ended}"))
    return tuple(results.items()), findings
