"""Makes mutants: a lesson with one small mistake in a solution, as a learner might make it."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tito.authoring.edits import Edits
from tito.curriculum.lesson import Lesson
from tito.curriculum.source import Cell


@dataclass(frozen=True, slots=True)
class Mutant:
    """A cell with one change. `before` and `after` are the lines in which it differs, without the
    blanks around them; `place` is the first of these in the source."""

    task: str
    number: int
    place: str
    before: str
    after: str
    cell: Cell


def mutants(lesson: Lesson) -> Iterator[Mutant]:
    """Every mutant of every solution in the lesson, in the order of the source, none twice."""
    for cell in lesson.cells:
        if cell.is_solution:
            yield from mutants_of(cell)


def mutants_of(cell: Cell) -> Iterator[Mutant]:
    known = {_meaning(cell.text)}
    for edit in Edits(cell).all():
        text = cell.text[: edit.start] + edit.text + cell.text[edit.end :]
        meaning = _meaning(text)
        if meaning and meaning not in known:
            known.add(meaning)
            offset, before, after = _difference(cell.text, text)
            place = str(cell.place(offset))
            changed = replace(cell, text=text)
            yield Mutant(cell.grade_id, cell.number, place, before, after, changed)


def _meaning(text: str) -> str:
    """The same for two texts that differ in layout only; empty if the text is no valid Python."""
    try:
        tree = ast.parse(text)
        with warnings.catch_warnings(action="ignore"):
            compile(tree, "a mutant", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return ""
    return ast.dump(tree)


def _difference(old: str, new: str) -> tuple[int, str, str]:
    """(offset of the first line that differs, the lines there in the old text, in the new one)"""
    a, b = old.split("\n"), new.split("\n")
    first = next(n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y)
    last = 0
    while last < min(len(a), len(b)) - first - 1 and a[-1 - last] == b[-1 - last]:
        last += 1
    before, after = (
        "\n".join(map(str.strip, lines[first : len(lines) - last])) for lines in (a, b)
    )
    return first, before, after
