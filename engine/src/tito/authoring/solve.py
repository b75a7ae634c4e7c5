"""A module as a learner would hand it in who writes what the author wrote."""

from __future__ import annotations

from pathlib import Path

from tito.curriculum import files
from tito.curriculum.compile import read_draft
from tito.curriculum.views import SOLVED, view


def solved(folder: Path, suffix: str = ".ipynb") -> str:
    """The text of the learner's file for the module in this folder of a tier, with our solutions."""
    cells = view(read_draft(folder).lesson, SOLVED)
    return files.notebook(cells) if suffix == ".ipynb" else files.percent(cells)
