"""One submission → its result. Nothing that was handed in raises an exception here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from tito.curriculum.source import Cell
from tito.grading.assignment import Assignment
from tito.grading.intake import Refused, Submission
from tito.grading.reading import cells_of
from tito.grading.rebuild import Rebuilt, rebuild
from tito.grading.result import FORMAT, CellRun, Remark, Result, Score
from tito.grading.scores import points, scores
from tito.grading.settings import Settings

MOST_REMARKS = 50
MOST_TEXT = 1_000  # characters of a remark


class Judging(Protocol):
    """Runs cells where they can do no harm."""

    def run(
        self, assignment: Assignment, cells: Sequence[Cell]
    ) -> tuple[list[CellRun], list[Remark]]: ...


@dataclass(frozen=True, slots=True)
class Paper:
    """What one student handed in for an assignment. `digest` is of all their files that matter: with
    `against="own"`, those of earlier modules, too."""

    student: str
    submission: Submission
    digest: str


def grade(
    assignment: Assignment, paper: Paper, grader: str, settings: Settings, judge: Judging
) -> Result:
    """`grader` is the digest of everything else that the result depends on."""
    result = Result(FORMAT, assignment.name, paper.student, paper.digest, grader, (), (), ())
    try:
        rebuilt = rebuilt_from(assignment, paper.submission)
    except Refused as error:
        return replace(result, scores=_nothing(assignment), remarks=(_refusal(error),))
    runs, flags = judge.run(assignment, rebuilt.cells)
    return replace(
        result,
        runs=tuple(runs),
        scores=scores(assignment, rebuilt.cells, runs, flags, settings),
        remarks=_bounded([*rebuilt.notes, *flags]),
    )


def rebuilt_from(assignment: Assignment, submission: Submission) -> Rebuilt:
    """The assignment's cells with the student's answers. Raises Refused if there is nothing to read."""
    try:
        source, said = cells_of(submission)
        rebuilt = rebuild(assignment, source)
    except Refused:
        raise
    except Exception as error:  # whatever a reader may raise on hostile bytes
        raise Refused(f"the notebook cannot be read: {type(error).__name__}") from None
    notes = (*submission.remarks, *(Remark("note", "", text) for text in said), *rebuilt.notes)
    return replace(rebuilt, notes=notes)


def _nothing(assignment: Assignment) -> tuple[Score, ...]:
    return tuple(Score(cell.grade_id, points(cell), 0.0) for cell in assignment.graded)


def _refusal(error: Refused) -> Remark:
    text = f"{error}. So nothing could be graded; mend the file and hand it in again."
    return Remark("note", "", text[:MOST_TEXT])


def _bounded(remarks: Iterable[Remark]) -> tuple[Remark, ...]:
    """Flags first to be kept: someone may bury theirs under ten thousand notes."""
    remarks = list(remarks)
    notes = [remark for remark in remarks if remark.kind == "note"]
    flags = [remark for remark in remarks if remark.kind != "note"]
    if (more := len(notes) - MOST_REMARKS) > 0:
        notes[MOST_REMARKS:] = [Remark("note", "", f"and {more} more of these")]
    return tuple(replace(remark, text=remark.text[:MOST_TEXT]) for remark in [*notes, *flags])
