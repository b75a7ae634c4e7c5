"""Submissions of one module as a class might hand them in, the same each time for one seed.

    python tests/grading/synthetic.py COURSE ASSIGNMENT NUMBER [SEED]

A course folder gets them. A fifth are correct; most of the others have one mistake in one task, in
turn in each, or did only some of the tasks; some are blank, and some can hardly be read.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tito.authoring.mutants import mutants_of
from tito.curriculum import files
from tito.curriculum.compile import read_draft
from tito.curriculum.lesson import Lesson
from tito.curriculum.source import Cell, read_notebook
from tito.curriculum.views import SOLVED, view
from tito.grading.course import CourseFolder, read_course

KINDS = (
    "correct",
    "wrong",
    "wrong",
    "wrong",
    "partly",
    "wrong",
    "correct",
    "partly",
    "blank",
    "broken",
)


@dataclass(frozen=True)
class Handed:
    """What a student hands in: file name → bytes. `kind` says what it is like, `task` where."""

    student: str
    kind: str
    task: str
    files: dict[str, bytes]

    def put(self, submitted: Path, assignment: str) -> None:
        folder = submitted / self.student / assignment
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in self.files.items():
            (folder / name).write_bytes(data)


def class_of(course: CourseFolder, folder: Path, number: int, seed: int = 1) -> Iterator[Handed]:
    """Submissions of the assignment that was made of the module in this folder of a tier."""
    maker = Maker(course.release(folder.name), folder)
    for n in range(number):
        yield maker.handed(n, random.Random(f"{seed}-{n}"))


class Maker:
    def __init__(self, release: Path, folder: Path):
        self.lesson: Lesson = read_draft(folder).lesson
        self.module = folder.name.partition("_")[2]
        self.blank = read_notebook(release.read_text(encoding="utf-8"), release.name).cells
        solutions = {c.grade_id: c for c in view(self.lesson, SOLVED) if c.is_solution}
        self.solved = self.with_answers(solutions)
        self.tasks = [cell for cell in self.lesson.cells if cell.is_solution]
        self.mutants = {task.grade_id: [m.cell for m in mutants_of(task)] for task in self.tasks}

    def handed(self, n: int, chance: random.Random) -> Handed:
        kind = KINDS[n % len(KINDS)]
        task = self.tasks[n // 2 % len(self.tasks)]
        make: dict[str, Callable[[], tuple[Cell, ...]]] = {
            "correct": lambda: self.solved,
            "wrong": lambda: self.with_cell(chance.choice(self.mutants[task.grade_id])),
            "partly": lambda: self.up_to(task),
            "blank": lambda: self.blank,
            "broken": lambda: self.solved,
        }
        data = files.notebook(make[kind]()).encode()
        name = f"{self.module}.ipynb"
        given = broken(name, data, chance) if kind == "broken" else {name: data}
        return Handed(f"student-{n:05d}", kind, task.grade_id, given)

    def with_cell(self, mutant: Cell) -> tuple[Cell, ...]:
        """The solution with this one cell in its place."""
        one = view(replace(self.lesson, cells=(mutant,)), SOLVED)[0]
        return tuple(
            replace(cell, text=one.text) if cell.grade_id == one.grade_id else cell
            for cell in self.solved
        )

    def with_answers(self, answers: dict[str, Cell]) -> tuple[Cell, ...]:
        return tuple(
            replace(cell, text=answers[cell.grade_id].text) if cell.grade_id in answers else cell
            for cell in self.blank
        )

    def up_to(self, task: Cell) -> tuple[Cell, ...]:
        """Everything before this task is done, and it and everything after is as handed out."""
        at = next(n for n, cell in enumerate(self.blank) if cell.grade_id == task.grade_id)
        return (*self.solved[:at], *self.blank[at:])


def broken(name: str, data: bytes, chance: random.Random) -> dict[str, bytes]:
    """A file that cannot be read, or hardly."""
    text = data.decode()
    ways: list[dict[str, bytes]] = [
        {name: data[: len(data) // 2]},
        {name: b""},
        {name: b"\x89PNG\r\n\x1a\n" + bytes(chance.randrange(256) for _ in range(200))},
        {name: b"[" * 100_000},
        {name: b'{"nbformat": 4, "cells": 7}'},
        {name: text.encode("utf-16")},
        {f"copy of {name}": data},
        {f"a-{name}": data, f"b-{name}": data},
        {"notes.txt": b"I did it on paper"},
        {name: data.replace(b'"grade_id"', b'"grade_no"')},
    ]
    return chance.choice(ways)


if __name__ == "__main__":
    from curriculum_support import folder, tiers

    course, assignment, number, *seed = sys.argv[1:]
    module = tiers().course().by_id[assignment.partition("_")[2]]
    made = read_course(Path(course))
    for handed in class_of(made, folder(module), int(number), *map(int, seed)):
        handed.put(made.root / "submitted", assignment)
