"""What grading one submission came to. One JSON file each; everything else is made from these.

A result says nothing of when and how fast it was made: grading again gives the same bytes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, is_dataclass
from typing import Literal

from tito.curriculum.structure import Mismatch, structure

FORMAT = 1

# passed and failed cells ran; a killed one ended its process; one that never began is not run.
Outcome = Literal["passed", "failed", "killed", "not run"]


@dataclass(frozen=True, slots=True)
class CellRun:
    """What one code cell showed. `value` is the repr of its last expression, `error` is empty or in
    words, `traceback` has the lines that a student needs."""

    id: str
    outcome: str
    stdout: str = ""
    stderr: str = ""
    value: str = ""
    error: str = ""
    traceback: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """What a graded cell is worth. `earned` is what the run proves; with `manual`, a person decides,
    and `earned` counts until then."""

    id: str
    points: float
    earned: float
    manual: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about the submission, for its author (a note) or for the instructor (a flag).

    A note tells what was restored; a flag, why a person should look at the cell.
    """

    kind: str
    cell: str
    text: str


@dataclass(frozen=True, slots=True)
class Result:
    """`submission` and `grader` are digests: of the bytes handed in, and of all that grading them
    depends on. A result holds as long as both do."""

    format: int
    assignment: str
    student: str
    submission: str
    grader: str
    runs: tuple[CellRun, ...]
    scores: tuple[Score, ...]
    remarks: tuple[Remark, ...]

    @property
    def earned(self) -> float:
        return sum(score.earned for score in self.scores)

    @property
    def points(self) -> float:
        return sum(score.points for score in self.scores)

    @property
    def flags(self) -> tuple[Remark, ...]:
        return tuple(remark for remark in self.remarks if remark.kind == "flag")


def dump(result: Result) -> str:
    return _dumped(result, "\n") + "\n"


def _dumped(value: object, line: str) -> str:
    """As `json.dumps` with indent=1 and sort_keys=True writes it, which takes five times as long."""
    if isinstance(value, tuple):
        parts = [_dumped(each, line + " ") for each in value]
        return f"[{line} {f',{line} '.join(parts)}{line}]" if parts else "[]"
    if is_dataclass(value):
        names = sorted(field.name for field in fields(value))
        parts = [f'"{name}": {_dumped(getattr(value, name), line + " ")}' for name in names]
        return f"{{{line} {f',{line} '.join(parts)}{line}}}"
    return json.dumps(value)


def load(text: str) -> Result:
    """Raises ValueError for anything but a result of this format."""
    try:
        data = json.loads(text)
        result: Result = structure(Result, data, "")
    except (Mismatch, RecursionError) as error:
        raise ValueError(str(error)) from None
    if result.format != FORMAT:
        raise ValueError(f"it has format {result.format}, and this engine knows {FORMAT}")
    return result
