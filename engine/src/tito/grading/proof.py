"""Proves an assignment before it is handed out: what it asks can be done, and is not given away."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from tito.composition.gate import gate
from tito.curriculum.regions import regions
from tito.curriculum.source import Cell, read_notebook
from tito.grading.syllabus import Syllabus
from tito.learner.desk import Desk
from tito.learner.run import run_file
from tito.model import CellResult, Finding, Module, Workspace
from tito.workspace.find import MARKER, listed, render

TIME_LIMIT = 600.0
SHORTEST = 8  # a line like `return x` says nothing


def prove(syllabus: Syllabus, module: Module, source: str, release: str) -> Iterator[Finding]:
    """Everything that is wrong with the two notebooks of a module's assignment."""
    yield from _given_away(module, source, release)
    yield from _refused_by_nbgrader(module, source, release)
    for text, kind, wanted in ((source, "solution", True), (release, "release", False)):
        for test, result in _graded(syllabus, module, text):
            passed = result is not None and result.outcome == "passed"
            if passed != wanted:
                what = "passes already" if passed else f"fails: {_why(result)}"
                message = f"the {kind} of {module.folder} is not what it should be: a test {what}"
                yield Finding(message, test.grade_id, f"tito dev check, then see {test.place()}")


def _why(result: CellResult | None) -> str:
    return result.error if result else "it did not run"


def _given_away(module: Module, source: str, release: str) -> Iterator[Finding]:
    """Lines that stand in solutions and hidden tests only, and are handed out all the same."""
    secret, shown = set[str](), set[str]()
    for cell in read_notebook(source, "the source").cells:
        hidden = {n for r in regions(cell) for n in range(r.begin, r.end + 1)}
        for number, line in enumerate(cell.text.split("\n")):
            kept = number in hidden or (cell.is_solution and cell.kind == "markdown")
            (secret if kept else shown).add(line.strip())
    for cell in read_notebook(release, "the release").cells:
        for offset, line in enumerate(cell.text.split("\n")):
            if len(line.strip()) > SHORTEST and line.strip() in secret - shown:
                message = f"the release of {module.folder} gives away: {line.strip()}"
                yield Finding(message, str(cell.place(offset)))


def _refused_by_nbgrader(module: Module, *notebooks: str) -> Iterator[Finding]:
    import nbformat
    from nbgrader.nbgraderformat import MetadataValidator

    for text in notebooks:
        try:
            made = nbformat.reads(text, as_version=4)
            nbformat.validate(made)
            MetadataValidator().validate_nb(made)
        except Exception as error:  # each of the two raises errors of its own
            yield Finding(f"nbgrader would not accept this assignment: {error}", module.folder)


def _graded(
    syllabus: Syllabus, module: Module, notebook: str
) -> Iterable[tuple[Cell, CellResult | None]]:
    """Each test of the notebook with what it showed, on the reference of all other modules."""
    tiers = tuple(tier.id for tier in syllabus.course.tiers)
    provided = tuple(other.id for other in syllabus.course.modules if other != module)
    with tempfile.TemporaryDirectory(prefix="tito-") as folder:
        workspace = Workspace(Path(folder), tiers, provided)
        (workspace.root / MARKER).write_text(f"{render(tiers)}provided = {listed(provided)}\n")
        path = workspace.root / f"{module.id}.ipynb"
        path.write_text(notebook, encoding="utf-8")
        desk = Desk(workspace, syllabus.installed, gate(syllabus.installed, workspace))
        results = run_file(desk, path, module.id, TIME_LIMIT)
    cells = read_notebook(notebook, path.name).cells
    return [(cell, results.get(cell.number)) for cell in cells if cell.is_test]
