"""Tests a module: runs the learner's file, and only it, and tells what every graded test showed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from tito.composition.strays import refuse_strays
from tito.curriculum.source import Cell, Source
from tito.kernel import ENDED, how_it_ended
from tito.learner.desk import Desk
from tito.model import CellResult, Finding, Module, TestReport, Workspace

NOT_RUN = CellResult("not run")


def run_tests(desk: Desk, module: Module, time_limit: float) -> TestReport:
    """Run the learner's file in a process of its own. Raises LearnerFileError if there is none."""
    path = desk.learner_file(module)
    source = desk.read(path)
    refuse_strays(desk.course, desk.workspace, path.parent)
    start = time.perf_counter()
    ran = run_file(desk, path, module.id, time_limit)
    seconds = time.perf_counter() - start
    origins = {cell.number: str(cell.origin) for cell in source.cells}
    results = {n: replace(r, where=r.where or origins.get(n, "")) for n, r in ran.items()}
    handed_out = desk.handed_out(module, path.suffix)
    tests = [cell for cell in source.cells if cell.grade_id]
    by_id = {cell.grade_id: results.get(cell.number, NOT_RUN) for cell in tests}
    numbers = {cell.number for cell in tests if cell.is_test}
    return TestReport(
        module.id,
        tuple((test, by_id.get(test.id, NOT_RUN)) for test in module.tests),
        tuple(r for n, r in results.items() if n not in numbers and r.outcome == "failed"),
        (
            *changed_cells(source, handed_out, module),
            *lost_exports(source, handed_out, module),
        ),
        seconds,
    )


def changed_cells(source: Source, handed_out: Source, module: Module) -> list[Finding]:
    """What the learner must not change and did: graded cells gone, tests edited, exports off."""
    present = source.by_grade_id
    findings = []
    for given in handed_out.by_grade_id.values():
        cell = present.get(given.grade_id)
        kind = "test" if given.is_test else "exercise"
        if cell is None:
            problem, where = "is gone", source.file
        elif cell.kind != given.kind:
            problem, where = f"is a {cell.kind} cell now", str(cell.origin)
        elif given.is_test and cell.plain_text != given.plain_text:
            problem, where = "is not as it was handed out", str(cell.origin)
        elif _directives(cell) != _directives(given):
            problem, where = "has lost or changed its '#|' lines", str(cell.origin)
        else:
            continue
        fix = f"tito module reset {module.id} --tests"
        findings.append(Finding(f"the {kind} cell {given.grade_id!r} {problem}", where, fix))
    return findings


def lost_exports(source: Source, handed_out: Source, module: Module) -> list[Finding]:
    """Cells without a task, like imports, that were handed out to be exported and no longer are.

    A learner may change what is in them. Nothing names such a cell in a percent script, so it is
    told by its first line.
    """
    exported = {line for cell in source.cells if cell.is_exported for line in _code(cell)}
    findings = []
    for given in handed_out.cells:
        first = next(iter(_code(given)), "")
        if given.is_exported and not given.grade_id and first and first not in exported:
            same = (str(cell.origin) for cell in source.cells if first in _code(cell))
            message = f"the cell that begins with {first!r} is gone, or no longer exported"
            fix = f"tito module reset {module.id} --tests"
            findings.append(Finding(message, next(same, source.file), fix))
    return findings


def _code(cell: Cell) -> list[str]:
    """The cell's lines without directives and blank ones."""
    gone = {directive.offset for directive in cell.directives()}
    lines = enumerate(cell.plain_text.splitlines())
    return [line for offset, line in lines if line and offset not in gone]


def _directives(cell: Cell) -> list[tuple[str, str]]:
    return [(directive.name, directive.value) for directive in cell.directives()]


def run_file(desk: Desk, path: Path, under_test: str, time_limit: float) -> dict[int, CellResult]:
    """Cell number → result, for every code cell that began; cell 0 if the run did not get there."""
    with tempfile.TemporaryDirectory(prefix="tito-") as folder:
        report, errors = Path(folder) / "report.jsonl", Path(folder) / "stderr"
        report.touch()
        command = [
            *(sys.executable, "-P", "-m", "tito.learner.runner"),
            *(str(path), desk.shown(path), str(report), str(os.getpid())),
        ]
        env = environment(desk.workspace, under_test)
        with errors.open("wb") as stderr:
            ended = run_process(command, path.parent, env, time_limit, stderr)
        results = _results(report.read_text(encoding="utf-8"), ended)
        if ended and not results:
            tail = errors.read_text(encoding="utf-8", errors="replace").strip()[-2000:]
            results[0] = CellResult("failed", error=f"{ended or ENDED}\n{tail}".strip())
    return results


def _results(report: str, ended: str) -> dict[int, CellResult]:
    """A cell that began and did not end was running when the process `ended`."""
    results: dict[int, CellResult] = {}
    for line in report.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue  # killed in the middle of its last line
        number = event.pop("cell")
        results[number] = (
            CellResult(**event) if event else CellResult("failed", error=ended or ENDED)
        )
    return results


def environment(workspace: Workspace | None, under_test: str = "") -> dict[str, str]:
    """One thread: on a shared machine BLAS threads that wait for each other cost up to 190 times."""
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return {
        **dict.fromkeys(threads, "1"),
        **os.environ,
        "TITO_WORKSPACE": str(workspace.root) if workspace else "",
        "TITO_UNDER_TEST": under_test,
        "PYTHONIOENCODING": "utf-8",
    }


def run_process(
    command: list[str], folder: Path, env: dict[str, str], limit: float, stderr: IO[bytes] | None
) -> str:
    """Run to the end or to the time limit; returns how it failed, in words, or nothing.

    Output goes to nobody but for `stderr`; with None, it is shown as it comes.
    """
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if stderr else None,
        stderr=stderr,
        start_new_session=True,
    )
    try:
        return how_it_ended(process.wait(limit))
    except subprocess.TimeoutExpired:
        return f"stopped after {limit:g} s: is there a loop that never ends?"
    finally:
        stop_group(process)


def stop_group(process: subprocess.Popen[Any]) -> None:
    """End the process and everything it started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
