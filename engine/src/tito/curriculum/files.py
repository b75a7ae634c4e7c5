"""Writes cells as a notebook, or as a percent script."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from tito.curriculum.source import Cell

KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}

MINOR = 5  # from this format on, cells have ids


def notebook(cells: Iterable[Cell]) -> str:
    """A notebook in nbformat 4.5 without outputs. The same cells give the same bytes."""
    cells = tuple(cells)
    made = [cell_as_json(cell, name) for cell, name in zip(cells, cell_ids(cells), strict=True)]
    return as_json({"cells": made, "metadata": KERNEL, "nbformat": 4, "nbformat_minor": MINOR})


def as_json(notebook: dict[str, Any]) -> str:
    """The file's text, as Jupyter writes it."""
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def percent(cells: Iterable[Cell]) -> str:
    """The same notebook as a percent script, as jupytext writes it."""
    import jupytext

    return str(jupytext.writes(jupytext.reads(notebook(cells), fmt="ipynb"), fmt="py:percent"))


def cell_as_json(cell: Cell, cell_id: str) -> dict[str, Any]:
    made = {
        "cell_type": cell.kind,
        "id": cell_id,
        "metadata": cell.metadata,
        "source": cell.text.splitlines(keepends=True),
    }
    return made | ({"execution_count": None, "outputs": []} if cell.kind == "code" else {})


def cell_ids(cells: Iterable[Cell]) -> list[str]:
    """A cell that has an id keeps it. A graded cell's is its grade id; any other is numbered from
    the graded cell before it.

    So ids are the same from build to build, and a change in one section leaves all others alone.
    No grade id has the `_` before a number.
    """
    cells = tuple(cells)
    kept = {cell.id for cell in cells}
    ids: list[str] = []
    section, count = "start", Counter[str]()
    for cell in cells:
        section = cell.grade_id[:56] or section
        made = cell.id or cell.grade_id[:56]
        while not made or made in ids or (made != cell.id and made in kept):
            count[section] += 1
            made = f"{section}_{count[section]}"
        ids.append(made)
    return ids
