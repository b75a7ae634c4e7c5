"""The laws that every module keeps, proved by running it.

Its solutions pass with nothing but what it requires; handed out, it earns nothing, and shows nothing
of a solution; its tests notice mistakes. What can be seen without running is found by the compiler.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tito.authoring.leaks import leaks
from tito.authoring.mutation import ENOUGH, Mutation, mutate
from tito.authoring.solve import solved
from tito.authoring.workshop import workshop
from tito.curriculum.compile import read_draft
from tito.curriculum.installed import Installed
from tito.learner.desk import SUFFIXES
from tito.learner.run import run_tests
from tito.model import Finding, Module, TestReport

MOST_SECONDS = 180.0  # of a lesson that is run whole


def prove(found: Installed, module: Module, folder: Path, jobs: int) -> Iterator[Finding]:
    """What the module in this folder of an installed tier breaks; nothing if it keeps every law.

    Raises TitoError where it could not be run to its end.
    """
    broken = [*_solutions_pass(found, module, folder), *_nothing_is_given(found, module)]
    broken += _nothing_leaks(found, module, folder)
    yield from broken
    if not broken:  # the mutants of a lesson that fails say nothing
        yield from _mistakes_are_noticed(mutate(found, module, folder, jobs))


def _solutions_pass(found: Installed, module: Module, folder: Path) -> Iterator[Finding]:
    report = _report(found, module, solved(folder))
    for test, result in report.tests:
        if result.outcome != "passed":
            message = f"{test.id} fails on the solutions: {result.error or result.outcome}"
            yield Finding(
                message, f"{module.folder}: {result.where}", "mend the solution, or the test"
            )
    for result in report.problems:
        yield Finding(
            f"the solved lesson fails: {result.error}", f"{module.folder}: {result.where}"
        )
    yield from report.findings


def _nothing_is_given(found: Installed, module: Module) -> Iterator[Finding]:
    lesson = found.of(found.course().tier_of(module).id).lesson_file(module, SUFFIXES[0])
    for test, result in _report(found, module, lesson.read_text(encoding="utf-8")).tests:
        if result.outcome == "passed":
            fix = "let it ask for something that the learner writes"
            yield Finding(f"{test.id} passes before anything is written", module.folder, fix)


def _nothing_leaks(found: Installed, module: Module, folder: Path) -> Iterator[Finding]:
    source = read_draft(folder).lesson.cells
    with workshop(found, module) as desk:
        for suffix in SUFFIXES:
            yield from leaks(source, desk.handed_out(module, suffix).cells)


def _mistakes_are_noticed(mutation: Mutation) -> Iterator[Finding]:
    yield from mutation.findings
    if mutation.share < ENOUGH:
        module = mutation.module
        message = (
            f"{module.id}: its tests notice {mutation.share:.0%} of mistakes, not {ENOUGH:.0%}"
        )
        fix = f"tito dev mutants --module {module.id}  shows which they miss"
        yield Finding(message, module.folder, fix)


def _report(found: Installed, module: Module, text: str) -> TestReport:
    with workshop(found, module) as desk:
        path = desk.workspace.folder(module) / f"{module.id}{SUFFIXES[0]}"
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
        return run_tests(desk, module, MOST_SECONDS)
