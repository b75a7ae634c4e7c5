"""Points for what a run showed, by nbgrader's rules where nbgrader has one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tito.curriculum.source import Cell
from tito.grading.assignment import Assignment
from tito.grading.result import CellRun, Remark, Score
from tito.grading.settings import Settings


def scores(
    assignment: Assignment,
    cells: Sequence[Cell],
    runs: Iterable[CellRun],
    flags: Iterable[Remark],
    settings: Settings,
) -> tuple[Score, ...]:
    """Of every graded cell. `cells` are those of the submission, rebuilt; there is a run of each code
    cell, in order."""
    code = (cell for cell in cells if cell.kind == "code")
    by_id = {cell.grade_id: run for cell, run in zip(code, runs, strict=True)}
    flagged = {flag.cell for flag in flags}
    marked = (
        _answer(assignment, cell)
        if cell.is_solution or cell.kind != "code"
        else _test(cell, by_id.get(cell.grade_id), settings)
        for cell in cells
        if cell.nbgrader.get("grade")
    )
    graded = {cell.grade_id for cell in assignment.graded}
    anywhere = bool(flagged - graded)
    return tuple(_doubted(score, flagged, anywhere) for score in marked)


def points(cell: Cell) -> float:
    return float(cell.nbgrader.get("points", 0))


def _answer(assignment: Assignment, cell: Cell) -> Score:
    """A person grades it; as it was handed out, it earns nothing, and nobody needs to look."""
    untouched = cell.is_solution and cell.text == assignment.answers[cell.grade_id].text
    return Score(cell.grade_id, points(cell), 0.0, manual=not untouched)


def _test(cell: Cell, run: CellRun | None, settings: Settings) -> Score:
    most = points(cell)
    if run is None or run.outcome != "passed" or (run.stderr and settings.stderr == "fail"):
        return Score(cell.grade_id, most, 0.0)
    earned = partial_credit(run.value, most)
    if earned > most:
        return Score(cell.grade_id, most, 0.0, manual=True)
    return Score(cell.grade_id, most, earned)


def partial_credit(value: str, most: float) -> float:
    """What the last expression of a test shows is what it earns, if that is a number from 0 up; all
    points otherwise. Where nbgrader stops because it is too many, a person decides."""
    try:
        earned = float(value)
    except ValueError:
        return most
    return earned if earned >= 0.0 else most


def _doubted(score: Score, flagged: set[str], anywhere: bool) -> Score:
    """A flagged test earns nothing until a person decides; a flag on anything that is no graded
    cell casts doubt on every test that passed."""
    if score.id in flagged or (anywhere and score.earned):
        return Score(score.id, score.points, 0.0, manual=True)
    return score
