"""The hostile submissions: what each tries, and what must come of it.

Most are answers to the two exercises of tests/data/hostile-lesson, and stand in `attacks/`, a table
a family. Those that are no text of an answer, but another file, are functions in `notebooks.py`.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NAME = "02_total"
NOTEBOOK = "total.ipynb"
CELLS = (
    "total-total", "test-total-total", "total-mean", "test-total-mean", "test-total-together",
)  # fmt: skip
POINTS = {"test-total-total": 30, "test-total-mean": 30, "test-total-together": 40}
MARKERS = ("solution-4711", "hidden-4711", "classmate-4711", "gradebook-4711")

# What is handed in by somebody who did everything, and nothing else.
HONEST = {
    "total-total": "def total(counters):\n    return sum(c.value for c in counters)\n",
    "total-mean": "def mean(counters):\n    return sum(c.value for c in counters) / len(counters)\n",
}

Files = Callable[[Path, Path], None]  # (the submission's folder, the honest notebook in it)


@dataclass(frozen=True)
class Attack:
    """`cells` are what becomes of CELLS, in that order, "any" where chance decides; `earned` are the
    points without those that a person decides about. Every one of `flags`, `notes` and `says` is part
    of a flag, a note or a cell's output; without `flags`, there may be none. `stock` says why it does
    not run with nbgrader; `beyond`, in words of docs/grading.md, why nothing in this process stops it.
    """

    family: str
    name: str
    tries: str
    cells: tuple[str, ...] = ("passed",) * 5
    earned: int = 100
    answers: dict[str, str] = field(default_factory=dict)
    change: Files | None = None
    flags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    stock: str = ""
    beyond: str = ""

    def put(self, folder: Path, release: Path, words: dict[str, str]) -> None:
        """Hand it in. `words` stand for places that the author of an attack might know."""
        folder.mkdir(parents=True)
        answers = {**HONEST, **self.answers}
        for word, meaning in words.items():
            answers = {cell: text.replace(word, meaning) for cell, text in answers.items()}
        (folder / NOTEBOOK).write_text(answered(release, answers))
        if self.change:
            self.change(folder, folder / NOTEBOOK)


def answered(release: Path, answers: dict[str, str]) -> str:
    """The notebook that was handed out, with these texts in its answer cells."""
    notebook: Any = json.loads(release.read_text())
    for cell in notebook["cells"]:
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id")
        cell["source"] = answers.get(grade_id, cell["source"])
    return json.dumps(notebook)


def attacks() -> list[Attack]:
    from grading.adversarial.notebooks import NOTEBOOKS

    return [*_tables(), *NOTEBOOKS]


def _tables() -> Iterator[Attack]:
    for path in sorted(HERE.glob("attacks/*.toml")):
        table = tomllib.loads(path.read_text())
        for each in table["attack"]:
            yield _attack(table["family"], **each)


def _attack(family: str, total: str = "", mean: str = "", cells: str = "", **about: Any) -> Attack:
    answers = {"total-total": total, "total-mean": mean}
    about |= {"answers": {cell: text for cell, text in answers.items() if text}}
    if cells:
        about["cells"] = tuple(cells.split(", "))
    for several in ("flags", "notes", "says"):
        about[several] = tuple(about.get(several, ()))
    return Attack(family, **about)
