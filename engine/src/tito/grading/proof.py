"""Proves an assignment before it is handed out: what it asks can be done, and is not given away."""

from __future__ import annotations

from collections.abc import Iterator

from tito.curriculum.regions import regions
from tito.curriculum.source import read_notebook
from tito.grading.assignment import Assignment, parse_assignment
from tito.grading.grade import Paper, grade
from tito.grading.intake import Submission
from tito.grading.judge import Judge
from tito.grading.result import Result
from tito.grading.syllabus import Syllabus
from tito.model import Finding, Module

SHORTEST = 8  # a line like `return x` says nothing


def prove(syllabus: Syllabus, module: Module, source: str, release: str) -> Iterator[Finding]:
    """Everything that is wrong with the two notebooks of a module's assignment. They are graded as
    submissions are, in the same sandbox."""
    yield from _given_away(module, source, release)
    yield from _refused_by_nbgrader(module, source, release)
    assignment = parse_assignment(module.folder, source, release)
    needed = syllabus.course.requirements(module.id) - {module.id}
    settings = syllabus.folder.settings
    with Judge(needed, module.id, settings, tiers=syllabus.installed) as judge:
        solved = _graded(assignment, source, judge)
        yield from _not_all(solved)
        yield from _not_nothing(_graded(assignment, release, judge))


def _graded(assignment: Assignment, notebook: str, judge: Judge) -> Result:
    """What a student would get who hands this in."""
    submission = Submission(f"{assignment.module}.ipynb", notebook.encode(), "")
    return grade(assignment, Paper("proof", submission, ""), "", judge.settings, judge)


def _not_all(result: Result) -> Iterator[Finding]:
    said = {run.id: run.error for run in result.runs}
    for score in result.scores:
        if score.earned != score.points and not score.manual:
            message = f"the solution does not earn the points of {score.id}: {said.get(score.id)}"
            yield Finding(message, result.assignment, "tito dev check tells more")
    for flag in result.flags:
        message = f"the solution is flagged, as if it cheated: {flag.text}"
        yield Finding(message, f"{result.assignment}, {flag.cell}")


def _not_nothing(result: Result) -> Iterator[Finding]:
    for score in result.scores:
        if score.earned or score.manual:
            message = f"what is handed out earns points already: {score.id}"
            yield Finding(message, result.assignment, "tito dev check tells more")


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
