"""Hostile submissions that are no text of an answer: other cells, other bytes, other files.

Each function changes an honest submission: its folder, and the notebook in it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from grading.adversarial.suite import CELLS, Attack

NOTEBOOKS: list[Attack] = []
NOTHING = ("",) * 5  # nothing could be read, so nothing ran

EASY = "def total(counters):\n    return 0\n"
FAILED = ("passed", "failed", "passed", "passed", "failed")


def attack(family: str, tries: str, **about: Any) -> Callable[[Any], Any]:
    """Add the function to the suite, under its own name."""

    def added(change: Any) -> Any:
        name = change.__name__.replace("_", "-")
        NOTEBOOKS.append(Attack(family, name, tries, change=change, **about))
        return change

    return added


def cells(notebook: Any) -> dict[str, Any]:
    """The cells that have a grade id, under it."""
    ids = (
        (cell["metadata"].get("nbgrader", {}).get("grade_id"), cell) for cell in notebook["cells"]
    )
    return {grade_id: cell for grade_id, cell in ids if grade_id}


def edit(path: Path, change: Callable[[Any, dict[str, Any]], None]) -> None:
    notebook = json.loads(path.read_text())
    change(notebook, cells(notebook))
    path.write_text(json.dumps(notebook))


CELLS_AND_METADATA = "Cells and their metadata"


@attack(
    CELLS_AND_METADATA, "tests that check nothing", answers={"total-total": EASY}, cells=FAILED,
    earned=30, notes=("this test was edited: restored",),
)  # fmt: skip
def tests_edited(folder: Path, path: Path) -> None:
    def change(notebook: Any, by_id: Any) -> None:
        for name in CELLS[1::2] + CELLS[4:]:
            by_id[name]["source"] = "pass"

    edit(path, change)


@attack(
    CELLS_AND_METADATA, "tests that are gone", answers={"total-total": EASY}, cells=FAILED, earned=30,
    notes=("this test is gone: restored",),
)  # fmt: skip
def tests_deleted(folder: Path, path: Path) -> None:
    def change(notebook: Any, by_id: Any) -> None:
        notebook["cells"] = [c for c in notebook["cells"] if c is not by_id["test-total-total"]]

    edit(path, change)


@attack(
    CELLS_AND_METADATA, "tests that are markdown, and so do not run", answers={"total-total": EASY},
    cells=FAILED, earned=30, notes=("this test is a markdown cell now: restored",),
)  # fmt: skip
def tests_as_markdown(folder: Path, path: Path) -> None:
    def change(notebook: Any, by_id: Any) -> None:
        by_id["test-total-total"]["cell_type"] = "markdown"

    edit(path, change)


@attack(
    CELLS_AND_METADATA, "a million points for each test",
    notes=("the points of this test were changed: restored",),
)  # fmt: skip
def points_changed(folder: Path, path: Path) -> None:
    def change(notebook: Any, by_id: Any) -> None:
        for name in ("test-total-total", "test-total-mean"):
            by_id[name]["metadata"]["nbgrader"]["points"] = 1_000_000

    edit(path, change)


@attack(
    CELLS_AND_METADATA, "points that are no number: infinite, negative, text, a list",
    notes=("the points of this test were changed: restored",),
)  # fmt: skip
def points_no_number(folder: Path, path: Path) -> None:
    def change(notebook: Any, by_id: Any) -> None:
        odd = (float("inf"), -5, "100", [1], {"a": 1})
        for cell, points in zip(by_id.values(), odd, strict=False):
            cell["metadata"]["nbgrader"]["points"] = points

    edit(path, change)


@attack(
    CELLS_AND_METADATA, "the same grade id on several cells, with tests that check nothing",
    answers={"total-total": EASY}, cells=FAILED, earned=30,
    notes=("there are 3 of this cell: the last one counts",),
)  # fmt: skip
def grade_ids_twice(folder: Path, path: Path) -> None:
    def change(notebook: Any, by_id: Any) -> None:
        easy = {**by_id["test-total-total"], "source": "pass"}
        notebook["cells"] += [{**easy, "id": "easy1"}, {**easy, "id": "easy2"}]

    edit(path, change)


@attack(
    CELLS_AND_METADATA, "a graded cell of its own, worth more than all the others",
    notes=("this cell is none of the assignment's: left out",),
)  # fmt: skip
def foreign_grade_id(folder: Path, path: Path) -> None:
    def change(notebook: Any, by_id: Any) -> None:
        easy = json.loads(json.dumps(by_id["test-total-total"]))
        easy["metadata"]["nbgrader"] |= {"grade_id": "bonus", "points": 1000}
        notebook["cells"].append({**easy, "id": "bonus", "source": "pass"})

    edit(path, change)


@attack(
    CELLS_AND_METADATA, "exercises and tests that changed their grade ids",
    cells=("failed", "failed", "passed", "passed", "failed"), earned=30,
    notes=("this test was edited: restored",),
)  # fmt: skip
def grade_ids_swapped(folder: Path, path: Path) -> None:
    def change(notebook: Any, by_id: Any) -> None:
        one, other = by_id["total-total"], by_id["test-total-total"]
        one["metadata"], other["metadata"] = other["metadata"], one["metadata"]

    edit(path, change)


@attack(
    CELLS_AND_METADATA,
    "cells in the opposite order, so that the last one defines what the first needs",
)
def order_reversed(folder: Path, path: Path) -> None:
    edit(path, lambda notebook, by_id: notebook["cells"].reverse())


@attack(
    CELLS_AND_METADATA, "cells between the others that patch the tools of the tests",
    notes=("1 code cells outside the exercises were added or changed",),
)  # fmt: skip
def cells_added(folder: Path, path: Path) -> None:
    def change(notebook: Any, by_id: Any) -> None:
        patch = {"cell_type": "code", "id": "mine", "metadata": {}, "outputs": []}
        patch |= {"execution_count": None, "source": "import os; os._exit(0)"}
        notebook["cells"].insert(0, patch)

    edit(path, change)


@attack(CELLS_AND_METADATA, "outputs, kernels and widgets of its own, as if the tests had run")
def outputs_forged(folder: Path, path: Path) -> None:
    def change(notebook: Any, by_id: Any) -> None:
        shown = {"output_type": "execute_result", "execution_count": 1, "metadata": {}}
        by_id["test-total-total"]["outputs"] = [{**shown, "data": {"text/plain": "1000"}}]
        notebook["metadata"] = {"kernelspec": {"name": "bash", "language": "bash"}, "widgets": 7}

    edit(path, change)


@attack(
    CELLS_AND_METADATA, "cells without text, type or metadata, and some that are no cells",
    cells=NOTHING, earned=0,
)  # fmt: skip
def cells_without_parts(folder: Path, path: Path) -> None:
    def change(notebook: Any, by_id: Any) -> None:
        notebook["cells"] += [{}, 7, None, [], {"cell_type": "code"}, {"source": 1}]

    edit(path, change)


@attack(
    CELLS_AND_METADATA, "metadata of the wrong kinds at every place",
    cells=FAILED, earned=30,
)  # fmt: skip
def metadata_odd(folder: Path, path: Path) -> None:
    def change(notebook: Any, by_id: Any) -> None:
        by_id["total-total"]["metadata"]["nbgrader"] = "yes"
        by_id["test-total-total"]["metadata"]["nbgrader"] |= {
            "grade_id": ["a"],
            "schema_version": "x",
        }
        by_id["test-total-mean"]["metadata"] |= {"nbgrader": None}

    edit(path, change)


@attack(CELLS_AND_METADATA, "grade ids that are paths, markup, commands and a megabyte")
def grade_ids_hostile(folder: Path, path: Path) -> None:
    def change(notebook: Any, by_id: Any) -> None:
        for name in ("../../x", "<script>alert(1)</script>", "\x1b[2J", "x" * 1_000_000, "=1+1"):
            cell = json.loads(json.dumps(by_id["test-total-total"]))
            cell["metadata"]["nbgrader"]["grade_id"] = name
            notebook["cells"].append({**cell, "id": f"n{len(notebook['cells'])}"})

    edit(path, change)


@attack(
    CELLS_AND_METADATA, "ten thousand cells, each of which has to be told about",
    cells=NOTHING, earned=0, notes=("at most",),
)  # fmt: skip
def cells_too_many(folder: Path, path: Path) -> None:
    def change(notebook: Any, by_id: Any) -> None:
        cell = by_id["total-total"]
        notebook["cells"] += [{**cell, "id": f"n{n}"} for n in range(10_000)]

    edit(path, change)


BYTES = "Files that are no notebook"


@attack(BYTES, "half of a notebook", cells=NOTHING, earned=0)
def truncated(folder: Path, path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


@attack(BYTES, "an empty file", cells=NOTHING, earned=0, notes=("is empty",))
def empty(folder: Path, path: Path) -> None:
    path.write_bytes(b"")


@attack(BYTES, "a picture", cells=NOTHING, earned=0)
def picture(folder: Path, path: Path) -> None:
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 100)


@attack(BYTES, "JSON that is a number, a text or a list", cells=NOTHING, earned=0)
def other_json(folder: Path, path: Path) -> None:
    path.write_text("[4]")


@attack(BYTES, "lists in lists, a hundred thousand deep", cells=NOTHING, earned=0)
def nested(folder: Path, path: Path) -> None:
    path.write_text('{"cells": ' + "[" * 100_000 + "]" * 100_000 + "}")


@attack(BYTES, "a notebook of a hundred megabytes", cells=NOTHING, earned=0, notes=("at most",))
def hundred_megabytes(folder: Path, path: Path) -> None:
    edit(path, lambda notebook, by_id: notebook["metadata"].update(x="x" * 100_000_000))


@attack(
    BYTES, "a number of a million digits, an infinity, the same key twice", cells=NOTHING, earned=0
)
def numbers(folder: Path, path: Path) -> None:
    text = path.read_text()
    path.write_text(text.replace('"nbformat": 4', '"nbformat": ' + "4" * 1_000_000))


@attack(BYTES, "the whole notebook in UTF-16")
def utf16(folder: Path, path: Path) -> None:
    path.write_bytes(path.read_text().encode("utf-16"))


@attack(BYTES, "a byte order mark, and Windows's line ends")
def from_windows(folder: Path, path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))


@attack(
    BYTES, "letters in Windows's encoding", notes=("not in UTF-8",),
    answers={"total-total": "# tüt\ndef total(counters):\n    return sum(c.value for c in counters)\n"},
)  # fmt: skip
def latin(folder: Path, path: Path) -> None:
    text = json.dumps(json.loads(path.read_text()), ensure_ascii=False)
    path.write_bytes(text.replace("🧪", "").encode("cp1252", errors="replace"))


@attack(BYTES, "zeros, halves of characters and the highest letters in an answer")
def odd_letters(folder: Path, path: Path) -> None:
    def change(notebook: Any, by_id: Any) -> None:
        by_id["total-total"]["source"] += "# \ud800 \udfff \U0010ffff \u202e \uffff"

    edit(path, change)


@attack(BYTES, "the notebook format of 2011", notes=("old notebook format 3",))
def format_3(folder: Path, path: Path) -> None:
    notebook = json.loads(path.read_text())
    old = []
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        code = {"input": text, "language": "python", "collapsed": False, "outputs": []}
        parts = code if cell["cell_type"] == "code" else {"source": text}
        old.append({"cell_type": cell["cell_type"], "metadata": cell["metadata"], **parts})
    worksheets = [{"cells": old, "metadata": {}}]
    path.write_text(
        json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": worksheets})
    )


@attack(BYTES, "a notebook format of the future", cells=NOTHING, earned=0)
def format_99(folder: Path, path: Path) -> None:
    edit(path, lambda notebook, by_id: notebook.update(nbformat=99))


@attack(BYTES, "a text where the list of cells should be", cells=NOTHING, earned=0)
def cells_no_list(folder: Path, path: Path) -> None:
    edit(path, lambda notebook, by_id: notebook.update(cells="cells"))


FILES = "Files that are something else"


@attack(FILES, "a link to the accounts of this machine", cells=NOTHING, earned=0, notes=("link",))
def link_to_passwd(folder: Path, path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


@attack(FILES, "a link to what a classmate handed in", cells=NOTHING, earned=0, notes=("link",))
def link_to_classmate(folder: Path, path: Path) -> None:
    path.unlink()
    path.symlink_to("../../classmate/02_total/total.ipynb")


@attack(FILES, "a link to the source with the solutions", cells=NOTHING, earned=0, notes=("link",))
def link_to_source(folder: Path, path: Path) -> None:
    path.unlink()
    path.symlink_to("../../../source/02_total/total.ipynb")


@attack(FILES, "a folder that is a link to a classmate's", cells=NOTHING, earned=0, notes=("link",))
def link_as_folder(folder: Path, path: Path) -> None:
    path.unlink()
    folder.rmdir()
    folder.symlink_to("../classmate/02_total")


@attack(
    FILES, "a file that never ends: a link to /dev/zero", cells=NOTHING, earned=0, notes=("link",)
)
def link_to_device(folder: Path, path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


@attack(FILES, "a pipe, at whose other end nobody writes", cells=NOTHING, earned=0)
def pipe(folder: Path, path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@attack(FILES, "a folder with the name of the notebook", cells=NOTHING, earned=0)
def folder_as_notebook(folder: Path, path: Path) -> None:
    path.unlink()
    path.mkdir()


@attack(FILES, "a link that leads to itself", cells=NOTHING, earned=0, notes=("link",))
def link_to_itself(folder: Path, path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


@attack(FILES, "modules beside the notebook that take the place of others")
def modules_beside(folder: Path, path: Path) -> None:
    for name in ("numpy", "sitecustomize", "usercustomize", "abacus", "json", "conftest"):
        (folder / f"{name}.py").write_text("import os; os._exit(0)")
    (folder / "x.pth").write_text("import os; os._exit(0)")
    (folder / "nbgrader_config.py").write_text(
        "c = get_config()\nc.foo = 1\nimport os; os._exit(0)"
    )


@attack(
    FILES, "ten thousand files beside the notebook", cells=NOTHING, earned=0, notes=("more than",)
)
def many_files(folder: Path, path: Path) -> None:
    for number in range(10_000):
        (folder / f"{number}.txt").touch()


@attack(
    FILES,
    "several notebooks, none of the right name",
    cells=NOTHING,
    earned=0,
    notes=("none is called",),
)
def several(folder: Path, path: Path) -> None:
    path.rename(folder / "one.ipynb")
    (folder / "two <script>\x1b[2J.ipynb").write_text("{}")


@attack(FILES, "nothing", cells=NOTHING, earned=0, notes=("there is no notebook",))
def nothing(folder: Path, path: Path) -> None:
    path.unlink()
