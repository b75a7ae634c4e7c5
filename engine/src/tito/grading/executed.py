"""The executed notebook of a submission, as nbgrader's autograde leaves it: for graders and feedback.

It holds the assignment's cells with the student's answers, and what the run showed. What is said
about the submission stands in cells of its own, and each of those says whom it is for.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any, Literal

from tito.curriculum.files import KERNEL, cell_ids
from tito.curriculum.source import Cell
from tito.grading.assignment import Assignment
from tito.grading.result import CellRun, Remark, Result

NOT_RUN = CellRun("", "not run")
NEEDLESS = "this cell was not run for grading"
Reader = Literal["student", "grader"]
MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$:])")


class Press:
    """Prints executed notebooks of an assignment, one for each submission."""

    def __init__(self, assignment: Assignment):
        self._rubrics = assignment.rubrics
        self._cells = assignment.master
        self._ids = cell_ids(self._cells)

    def notebook(self, answers: Iterable[Cell], result: Result) -> str:
        """`answers` are the cells of the submission, rebuilt; only their texts count."""
        runs, numbers = iter(result.runs), count(1)
        made = []
        for cell, cell_id, answer in zip(self._cells, self._ids, answers, strict=True):
            shown = _cell(cell, cell_id, answer.text)
            if cell.kind == "code":
                number = next(numbers)
                outputs = list(_outputs(cell, next(runs, NOT_RUN), number))
                shown |= {"execution_count": number, "outputs": outputs}
            made.append(shown)
            if rubric := self._rubrics.get(cell.grade_id):
                made.append(_aside("grader", f"rubric-{cell.grade_id}", rubric))
        return _dumped([*_said(result.remarks), *made])


def _dumped(cells: list[dict[str, Any]]) -> str:
    """Without indents, which would take ten times as long."""
    notebook = {
        "cells": cells,
        "metadata": KERNEL,
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, sort_keys=True, ensure_ascii=False) + "\n"


def reader(cell: dict[str, Any]) -> Reader | None:
    """Whom a cell of ours is for; None for a cell of the assignment."""
    about = cell["metadata"].get("tito")
    return about["for"] if isinstance(about, dict) else None


def _cell(cell: Cell, cell_id: str, text: str) -> dict[str, Any]:
    return {
        "cell_type": cell.kind,
        "id": cell_id,
        "metadata": cell.metadata,
        "source": text.splitlines(keepends=True),
    }


def _outputs(cell: Cell, run: CellRun, number: int) -> Iterator[dict[str, Any]]:
    """A cell that did not run to its end shows an error: nbgrader takes none for success. One that
    nobody wants to run, as it only measures, says so in words."""
    if run.outcome == "not run" and not cell.grade_id:
        yield {"output_type": "stream", "name": "stdout", "text": run.error or NEEDLESS}
        return
    for name, text in (("stdout", run.stdout), ("stderr", run.stderr)):
        if text:
            yield {"output_type": "stream", "name": name, "text": text}
    if run.value:
        data = {"text/plain": run.value}
        yield {
            "output_type": "execute_result",
            "execution_count": number,
            "data": data,
            "metadata": {},
        }
    if run.outcome != "passed":
        said = run.error or f"this cell: {run.outcome}"
        lines = [*run.traceback.splitlines(), *said.split("\n")]
        yield {"output_type": "error", "ename": run.outcome, "evalue": said, "traceback": lines}


def _said(remarks: tuple[Remark, ...]) -> Iterator[dict[str, Any]]:
    """Notes for the student; for the grader, what is flagged and why. A student is only told that a
    person will look: the reasons would teach the next one to hide better."""
    notes = [remark for remark in remarks if remark.kind == "note"]
    flags = [remark for remark in remarks if remark.kind == "flag"]
    lines = [_line(note.cell, note.text) for note in notes]
    lines += [_line(cell, "a person will look at this") for cell in sorted({f.cell for f in flags})]
    if lines:
        yield _aside("student", "notes", "\n".join(["**Notes on this submission**\n", *lines]))
    if flags:
        reasons = [_line(flag.cell, flag.text) for flag in flags]
        head = "**For you as the grader: please look at this**\n"
        yield _aside("grader", "flags", "\n".join([head, *reasons]))


def _line(cell: str, text: str) -> str:
    return f"- {plain(cell)}: {plain(text)}" if cell else f"- {plain(text)}"


def plain(text: str) -> str:
    """Text from anywhere as Markdown that shows it, and does nothing else."""
    return MARKDOWN.sub(r"\\\1", html.escape(" ".join(text.split()), quote=False))


def _aside(whom: Reader, name: str, text: str) -> dict[str, Any]:
    return {
        "cell_type": "markdown",
        "id": f"tito-{name}"[:64],
        "metadata": {"tito": {"for": whom}},
        "source": text.splitlines(keepends=True),
    }
