"""Runs the mutants of a module in a process of its own: `python -m tito.authoring.mutants_runner`.

    mutants_runner FOLDER REPORT JOBS PARENT

Goes through the lesson in FOLDER cell by cell, as a kernel does. When it comes to an exercise, it
forks once for each mutant of it: the fork puts the mutant in the cell's place and goes on, until a
graded test fails. So nothing before the change is run again. Writes one JSON line to REPORT for
each mutant: `found` is the graded test that failed, or how the process ended; empty if it survived.
The first line is about the lesson without a mutant, of which any cell may fail.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from tito.authoring.mutants import Mutant, mutants
from tito.curriculum.anatomy import ANALYSIS, headings
from tito.curriculum.compile import read_draft
from tito.curriculum.draft import Draft
from tito.curriculum.source import Cell
from tito.curriculum.views import SOLVED, view
from tito.kernel import fresh_scope, how_it_ended, remember_lines
from tito.learner.runner import guard, run_cell

MOST_MEMORY = 4 * 2**30
MOST_SECONDS = 120  # on the clock; a mutant that computes is stopped earlier
PATIENCE = 10  # times as long as the lesson itself computes


def main(folder: str, report: str, jobs: str, parent: str) -> None:
    guard(int(parent))
    draft = read_draft(Path(folder))
    changed: dict[int, list[Mutant]] = defaultdict(list)
    for mutant in mutants(draft.lesson):
        changed[mutant.number].append(mutant)
    cells = list(tested(draft))
    scope = fresh_scope(str(Path.cwd() / draft.file))
    sys.path.insert(0, str(Path.cwd()))  # as for a learner
    with open(report, "a", encoding="utf-8", buffering=1) as out:
        forks = Forks(int(jobs), out)
        forks.start({"lesson": draft.file}, partial(first_failure, cells, scope))
        forks.seconds = 2 + round(PATIENCE * forks.wait())
        for n, cell in enumerate(cells):
            for mutant in changed[cell.number]:
                rest = [_solved(draft, mutant.cell), *cells[n + 1 :]]
                about = {key: getattr(mutant, key) for key in ("task", "place", "before", "after")}
                forks.start(about, partial(failing_test, rest, scope))
            if first_failure([cell], scope):
                break  # as it did in the first fork
        forks.wait()


def tested(draft: Draft) -> Iterator[Cell]:
    """The code cells, without the systems analysis: it measures for long, and tests nothing."""
    sections = [(place.line, title) for marks, title, place in headings(draft) if marks == "##"]
    for cell in view(draft.lesson, SOLVED):
        title = next((title for line, title in reversed(sections) if line < cell.line), "")
        if cell.kind == "code" and (title != ANALYSIS or cell.grade_id):
            yield cell


def _solved(draft: Draft, cell: Cell) -> Cell:
    return view(replace(draft.lesson, cells=(cell,)), SOLVED)[0]


def first_failure(cells: Sequence[Cell], scope: dict[str, Any]) -> str:
    """Run the cells; where and how the first one failed."""
    for cell in cells:
        remember_lines(cell)
        result = run_cell(cell, scope)
        if result["outcome"] == "failed":
            return f"{result['where']}: {result['error']}"
    return ""


def failing_test(cells: Sequence[Cell], scope: dict[str, Any]) -> str:
    """Run the cells up to the first graded test that fails; its grade id."""
    for cell in cells:
        if first_failure([cell], scope) and cell.is_test:
            return cell.grade_id
    return ""


@dataclass
class Forks:
    """Forks of this process, `jobs` at a time, each in a folder of its own.

    What each found is written to `out`. `seconds` is how long one may compute.
    """

    jobs: int
    out: TextIO
    seconds: int = MOST_SECONDS
    count: int = 0
    running: dict[int, tuple[dict[str, str], int, Path]] = field(default_factory=dict)

    def start(self, about: dict[str, str], call: Callable[[], str]) -> None:
        """Make the call in a fork; what it returns is told with what it is about."""
        while len(self.running) >= self.jobs:
            self._take()
        self.count += 1
        about = {**about, "number": f"{self.count}"}  # they end in another order than they begin
        folder = Path(f"{Path.cwd()}-{self.count}")
        shutil.copytree(".", folder)
        reading, writing = os.pipe()
        if process := os.fork():
            os.close(writing)
            self.running[process] = about, reading, folder
            return
        with suppress(BaseException):
            self._restrict()
            os.chdir(folder)
            os.write(writing, call().encode())
            os._exit(0)
        os._exit(1)

    def wait(self) -> float:
        """Until all have ended; returns the seconds that the last of them computed."""
        seconds = 0.0
        while self.running:
            seconds = self._take()
        return seconds

    def _take(self) -> float:
        process, status, used = os.wait4(-1, 0)
        if process not in self.running:  # left behind by a fork
            return 0.0
        about, reading, folder = self.running.pop(process)
        with open(reading, encoding="utf-8") as said:
            found = _ended(os.waitstatus_to_exitcode(status)) or said.read()
        self.out.write(json.dumps({**about, "found": found}) + "\n")
        shutil.rmtree(folder, ignore_errors=True)
        return used.ru_utime + used.ru_stime

    def _restrict(self) -> None:
        """The system ends a fork that takes too much, or waits for too long."""
        for limit, most in ((resource.RLIMIT_CPU, self.seconds), (resource.RLIMIT_AS, MOST_MEMORY)):
            with suppress(ValueError, OSError):  # not every system has each of them
                resource.setrlimit(limit, (most, most + 1))  # at the second, it is SIGKILL
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(MOST_SECONDS)


def _ended(code: int) -> str:
    limits = {
        -signal.SIGXCPU: "it computed for too long",
        -signal.SIGALRM: "it waited for too long",
    }
    return limits.get(code) or how_it_ended(code)


if __name__ == "__main__":
    main(*sys.argv[1:])
