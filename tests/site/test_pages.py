"""What `docs/making` writes: lessons without solutions, links that lead somewhere, facts of the code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import facts
from kept import digest, kept
from lessons import as_text, lesson_page, refuse_leaks, source_folder, sources, with_words
from links import DeadLink, relinked
from support import ROOT
from tito.curriculum.compile import read_draft
from tito.curriculum.installed import installed
from tito.errors import SourceError

FOUND = installed()
MODULE = FOUND.course().by_id["tensor"]


def a_page(outputs: Path, printed: dict[str, str]) -> list[dict[str, object]]:
    """The cells of MODULE's page, if a run had printed this."""
    name = f"{MODULE.id}-{digest(sources(FOUND, MODULE.id))}"
    kept(outputs, name, lambda: printed)
    return list(json.loads(lesson_page(FOUND, MODULE, outputs))["cells"])


def test_an_output_stands_below_its_cell_and_hints_below_their_exercise(tmp_path: Path) -> None:
    cells = read_draft(source_folder(FOUND, MODULE)).lesson.cells
    exercise = next(cell for cell in cells if cell.is_solution)
    test = next(cell for cell in cells if cell.is_test)
    page = a_page(tmp_path, {str(test.number): "all is well\n"})
    (shown,) = (cell for cell in page if cell.get("outputs"))
    assert "".join(shown["source"]) == test.text  # type: ignore[arg-type]
    assert shown["outputs"][0]["text"] == "all is well\n"  # type: ignore[index]
    ids = [cell["id"] for cell in page]
    hints = page[ids.index(exercise.grade_id) + 1]["source"]
    assert all(as_text(hint) in str(hints) for hint in MODULE.hints[exercise.grade_id])


def test_nothing_in_a_hint_is_markdown_but_code() -> None:
    assert as_text("`a_b*c` is r'[^\\W_]' * 2") == r"`a_b*c` is r\'\[\^\\W\_\]\' \* 2"


@pytest.mark.parametrize("where", ["source", "outputs"])
def test_a_page_that_shows_a_line_of_a_solution_is_refused(tmp_path: Path, where: str) -> None:
    cells = read_draft(source_folder(FOUND, MODULE)).lesson.cells
    exercise = next(cell for cell in cells if cell.is_solution)
    lines = exercise.text.split("\n")
    secret = lines[lines.index("    ### BEGIN SOLUTION") + 1]
    page = a_page(tmp_path, {})
    code = next(cell for cell in page if cell["cell_type"] == "code")
    code[where] = secret if where == "source" else [{"text": f"it prints\n{secret}\n"}]
    with pytest.raises(SourceError, match="shows a line of a solution"):
        refuse_leaks(cells, {"cells": page})


def test_every_exercise_of_every_module_has_its_hints_on_the_page() -> None:
    for module in FOUND.course().modules:
        cells = [{"id": task.id} for task in module.tasks]
        page = list(with_words([{"id": "title"}, *cells], module, ""))
        assert sum(cell["id"].startswith("hints-") for cell in page) == len(module.tasks)


def test_what_was_run_is_run_again_only_when_a_source_changes(tmp_path: Path) -> None:
    source = tmp_path / "source.py"
    runs = []

    def made() -> int:
        name = digest([source])
        return int(kept(tmp_path / "outputs", name, lambda: runs.append(name) or len(runs)))

    source.write_text("one")
    assert [made(), made()] == [1, 1]
    source.write_text("two")
    assert [made(), made()] == [2, 2]


def test_links_lead_to_pages_or_become_words(tmp_path: Path) -> None:
    file, page, code = (tmp_path / name for name in ("README.md", "docs/it.md", "code.py"))
    page.parent.mkdir()
    for path in (file, page, code):
        path.touch()
    pages = {file: Path("deep/start.md"), page: Path("it.md")}
    text = (
        "[a](docs/it.md#here) [`b`](code.py) [c](https://host/x) [d](#below)\n```\n[e](x.md)\n```\n"
    )
    expected = "[a](../it.md#here) `b` [c](https://host/x) [d](#below)\n```\n[e](x.md)\n```\n"
    assert relinked(text, file, pages) == expected
    with pytest.raises(DeadLink, match=r"there is no docs/gone\.md"):
        relinked("[x](docs/gone.md)", file, pages)


def test_every_key_that_a_file_may_have_gets_its_type() -> None:
    text = facts.with_types((ROOT / "docs" / "reference.md").read_text(encoding="utf-8"))
    assert "| `minutes` | how long it takes | a whole number |" in text
    assert "| `tiers` | ids of the tiers that are handed out; whatever else" in text
    rows = [
        line
        for line in text.split("## `tier.yaml`")[1].split("## ")[0].splitlines()
        if "| `" in line
    ]
    assert all(line.count(" | ") == 2 for line in rows)


def test_commands_and_hooks_are_all_there() -> None:
    assert "## `tito nbgrader autograde`" in facts.commands()
    assert "--without-" not in facts.commands()
    hooks = facts.hooks()
    for name in ("tito_tiers", "tito_gradebook_exporters"):
        assert f"## `{name}`" in hooks
    assert "UsageError` | 2" in facts.errors_and_findings()
