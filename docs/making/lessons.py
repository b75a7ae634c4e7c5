"""A module's page: the lesson as a learner gets it, with what its cells print once it is solved."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from kept import digest, kept
from tito.authoring.leaks import leaks
from tito.authoring.solve import solved
from tito.authoring.workshop import workshop
from tito.curriculum import files
from tito.curriculum.compile import read_draft
from tito.curriculum.installed import Installed
from tito.curriculum.source import Cell
from tito.curriculum.views import LEARNER, view
from tito.errors import SourceError
from tito.learner.run import run_file
from tito.model import Finding, Module

MOST_SECONDS = 1200.0
ABOVE = """\
:::::{{dropdown}} What you will be able to do, and what to read
:icon: mortar-board
{about}
:::::

:::{{tip}}
`tito module start {id}` puts this lesson into your workspace as a notebook. Here, what you write is
still to be written, and below the cells stands what a solved lesson prints. Tests and hints are
folded away.
:::
"""
HINTS = """\
::::{{dropdown}} Hints

{hints}
::::
"""
HINT = """\
:::{{dropdown}} {number}
{hint}
:::
"""
# Hints are text with code in it: outside of backticks, no sign is Markdown's.
SIGN = re.compile(r"(`[^`]*`)|([!-/:-@\[-_{-~])")


def source_folder(found: Installed, module: Module) -> Path:
    tier = found.course().tier_of(module)
    return found.of(tier.id).package / "modules" / module.folder


def sources(found: Installed, *modules: str) -> list[Path]:
    """The sources of these modules and of all that they need."""
    course = found.course()
    needed = [m for m in course.modules if m.id in course.requirements(*modules)]
    return [source_folder(found, m) / f"{m.id}_dev.py" for m in needed]


def lesson_page(found: Installed, module: Module, outputs: Path) -> str:
    """The page as a notebook. Raises SourceError if it would show anything of a solution."""
    folder = source_folder(found, module)
    lesson = read_draft(folder).lesson
    name = f"{module.id}-{digest(sources(found, module.id))}"
    printed = kept(outputs, name, lambda: what_it_prints(found, module, folder))
    cells = json.loads(files.notebook(with_tags(cell) for cell in view(lesson, LEARNER)))
    for number, cell in enumerate(cells["cells"], 1):
        if text := printed.get(str(number)):
            cell["outputs"] = [{"name": "stdout", "output_type": "stream", "text": text}]
    about = (folder / "ABOUT.md").read_text(encoding="utf-8").partition("\n")[2]  # without title
    page = cells | {"cells": [*with_words(cells["cells"], module, about)]}
    refuse_leaks(lesson.cells, page)
    return json.dumps(page)


def what_it_prints(found: Installed, module: Module, folder: Path) -> dict[str, str]:
    """Cell number → its output, from the lesson with our solutions in a workspace of its own."""
    print(f"running module {module.folder} …", flush=True)
    with workshop(found, module) as desk:
        path = desk.workspace.folder(module) / f"{module.id}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(solved(folder), encoding="utf-8")
        results = run_file(desk, path, module.id, MOST_SECONDS)
    failed = [r for r in results.values() if r.outcome == "failed"]
    if failed:
        raise SourceError(Finding(f"{module.folder} fails: {r.error}", r.where) for r in failed)
    return {str(number): result.output for number, result in results.items() if result.output}


def with_tags(cell: Cell) -> Cell:
    """MyST-NB folds a cell with the tag `hide-input`; `exercise` is marked by our style."""
    tags = ["hide-input"] if cell.is_test else ["exercise"] if cell.is_solution else []
    return replace(cell, metadata={**cell.metadata, "tags": tags})


def with_words(cells: list[dict[str, Any]], module: Module, about: str) -> Iterator[dict[str, Any]]:
    """The cells, what the module is about behind the first one, and hints behind each exercise."""
    title, *others = cells
    yield title
    yield words("about", ABOVE.format(about=about, id=module.id))
    for cell in others:
        yield cell
        if staged := module.hints.get(cell["id"]):
            parts = (HINT.format(number=n, hint=as_text(h)) for n, h in enumerate(staged, 1))
            yield words(f"hints-{cell['id']}", HINTS.format(hints="\n".join(parts)))


def as_text(hint: str) -> str:
    return SIGN.sub(lambda match: match[1] or f"\\{match[2]}", hint)


def words(name: str, text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name[:64], "metadata": {}, "source": text}


def refuse_leaks(source: tuple[Cell, ...], page: dict[str, Any]) -> None:
    """Everything that the page says, outputs too, is held against the solutions."""
    shown = []
    for number, cell in enumerate(page["cells"], 1):
        texts = [cell["source"], *(output["text"] for output in cell.get("outputs", ()))]
        shown += [Cell("markdown", "".join(text), "the page", 0, number) for text in texts]
    if findings := list(leaks(source, shown)):
        raise SourceError(findings)
