"""Takes the lesson of the installed tier into a learner's file that was made from an older one."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tito.curriculum import files
from tito.curriculum.source import Cell, Source
from tito.errors import LearnerFileError
from tito.learner.desk import Desk
from tito.learner.files import as_source, read_learner_file
from tito.learner.merge import Placed, merge
from tito.learner.module import copy_aside, lesson_text
from tito.learner.progress import same_bytes
from tito.model import Finding, Module
from tito.workspace.given import made_from, write_lesson


@dataclass(frozen=True, slots=True)
class Update:
    """What the learner's file is to become; `conflicts` are for the learner to look at."""

    module: Module
    path: Path
    old: Source
    new: Source
    text: str
    lesson: str
    conflicts: tuple[Finding, ...]

    def diff(self) -> Iterable[str]:
        """What changes in the cells, as `diff -u` shows it."""
        old, new = _as_lines(self.old.cells), _as_lines(self.new.cells)
        return difflib.unified_diff(old, new, self.old.file, "after the update", lineterm="")


def plan(desk: Desk, module: Module) -> Update:
    """What an update would do. Nothing is written.

    Raises LearnerFileError if a file cannot be read, or if it is not known what theirs was made from.
    """
    path = desk.learner_file(module)
    own = desk.read(path)
    _refuse_open_strings(own, module)
    base = made_from(desk.workspace, module, path)
    if base is None:
        message = f"it is not known which version of the lesson {path.name} was made from"
        fix = f"put today's tests around what you wrote: tito module reset {module.id} --tests"
        raise LearnerFileError(Finding(message, own.file, fix))
    lesson = lesson_text(desk, module, path.suffix)
    given = desk.handed_out(module, path.suffix)
    placed = merge(read_learner_file(base, desk.shown(base)), own, given)
    write = _notebook if path.suffix == ".ipynb" else _script
    untouched = same_bytes(base, path) or (write is _script and _is_given(placed, given))
    text = lesson if untouched else write(path, placed)
    made = as_source(text, path.suffix, own.file)
    if len(made.cells) != len(placed):
        raise _open_string(own.cells[-1], module)
    return Update(module, path, own, made, text, lesson, tuple(_conflicts(placed, made)))


def _refuse_open_strings(own: Source, module: Module) -> None:
    """Raises LearnerFileError for a string that is never closed: it takes in the cells behind it."""
    for cell in own.cells:
        if cell.line and "\n# %%" in cell.text:
            raise _open_string(cell, module)


def _open_string(cell: Cell, module: Module) -> LearnerFileError:
    message = (
        "a string that begins in this cell is never closed, so nobody can tell where cells end"
    )
    fix = f"close it, then: tito module update {module.id}"
    return LearnerFileError(Finding(message, str(cell.origin), fix))


def apply(desk: Desk, update: Update) -> Path:
    """Write what was planned; returns the copy of what stood there."""
    kept = copy_aside(update.path, "before-update")
    write_lesson(desk.workspace, update.module, update.path, update.text, update.lesson)
    return kept


def _is_given(placed: Sequence[Placed], given: Source) -> bool:
    made = [(each.cell.kind, each.cell.text, each.cell.metadata) for each in placed]
    return made == [(cell.kind, cell.text, cell.metadata) for cell in given.cells]


def _script(path: Path, placed: Sequence[Placed]) -> str:
    return files.percent(each.cell for each in placed)


def _notebook(path: Path, placed: Sequence[Placed]) -> str:
    """With everything that the learner's notebook holds beside its cells; outputs of a cell whose
    code is as it was stay."""
    old = json.loads(path.read_text(encoding="utf-8-sig"))
    ids = files.cell_ids(each.cell for each in placed)
    cells = [_raw(each, name, old["cells"]) for each, name in zip(placed, ids, strict=True)]
    return files.as_json({**old, "cells": cells, "nbformat_minor": files.MINOR})


def _raw(placed: Placed, cell_id: str, old: Sequence[dict[str, Any]]) -> dict[str, Any]:
    made = files.cell_as_json(placed.cell, cell_id)
    if placed.own is None or placed.own.kind != placed.cell.kind:
        return made
    kept = old[placed.own.number - 1]
    as_it_was = placed.own.plain_text == placed.cell.plain_text
    if as_it_was and placed.cell.kind == "code":
        made |= {key: kept[key] for key in ("execution_count", "outputs") if key in kept}
    return {**kept, **made}


def _conflicts(placed: Sequence[Placed], made: Source) -> Iterable[Finding]:
    for at, each in enumerate(placed):
        if each.conflict:
            name = each.cell.grade_id or next(iter(each.cell.plain_text.splitlines()), "a cell")
            fix = "compare it with the marked cell behind it, and delete that"
            yield Finding(
                f"{name}: {each.conflict}", str(made.cells[at].origin), fix, level="warning"
            )


def _as_lines(cells: Iterable[Cell]) -> list[str]:
    return [line for c in cells for line in (f"# %% [{c.kind}]", *c.plain_text.splitlines(), "")]
