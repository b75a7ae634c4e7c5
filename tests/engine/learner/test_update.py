"""`pip install -U` brings a new lesson, and an update takes it into a learner's file."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import nbformat
import pytest

from support import Learner, edit, killed_at, put_first
from tito.errors import LearnerFileError
from tito.learner import module as lesson
from tito.learner import update
from tito.learner.desk import Desk
from tito.learner.progress import update_waits, waiting_updates
from tito.learner.run import run_tests
from tito.model import Module

both_formats = pytest.mark.parametrize("suffix", [".ipynb", ".py"])


@pytest.fixture
def counter(desk: Desk) -> Module:
    return desk.module("counter")


def release(desk: Desk, module: Module) -> None:
    """A new version of the tier is installed: other text, another test, another docstring."""
    for suffix in (".ipynb", ".py"):
        path = desk.lesson_file(module, suffix)
        edit(path, "It costs nothing.", "It costs an addition.")
        edit(path, "two calls give 1 and 2", "the second call gives 2")
        edit(path, "One more; returns the number so far.", "Add one, and return the number.")


def begin(desk: Desk, module: Module, suffix: str) -> Path:
    return lesson.start(desk, module, suffix)[0]


def solve(path: Path) -> None:
    stub = 'raise NotImplementedError(\\"Task 1.1: Counter.count\\")'
    line_end = "\\n" if path.suffix == ".ipynb" else "\n"
    stub = stub if path.suffix == ".ipynb" else stub.replace("\\", "")
    solution = "self.value += 1\n        return self.value  # mine"
    if path.suffix == ".ipynb":
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for each in notebook["cells"]:
            text = "".join(each["source"]).replace(stub.replace("\\", ""), solution)
            each["source"] = text.splitlines(keepends=True)
        path.write_text(json.dumps(notebook), encoding="utf-8")
    else:
        edit(path, stub, solution.replace("\n", line_end))


@both_formats
def test_an_untouched_lesson_becomes_the_new_one_byte_for_byte(
    desk: Desk, counter: Module, suffix: str
) -> None:
    path = begin(desk, counter, suffix)
    assert not update_waits(desk, counter)
    release(desk, counter)
    assert waiting_updates(desk) == [counter]
    update.apply(desk, update.plan(desk, counter))
    assert path.read_bytes() == desk.lesson_file(counter, suffix).read_bytes()
    assert waiting_updates(desk) == []


@both_formats
def test_a_solved_lesson_gets_new_text_and_tests_and_still_passes(
    desk: Desk, counter: Module, suffix: str
) -> None:
    path = begin(desk, counter, suffix)
    solve(path)
    put_first(path, "mine = 1")
    before = path.read_bytes()
    release(desk, counter)
    made = update.plan(desk, counter)
    assert path.read_bytes() == before, "planning writes nothing"
    kept = update.apply(desk, made)
    assert kept.read_bytes() == before
    text = path.read_text(encoding="utf-8")
    for line in ("costs an addition", "second call", "Add one, and", "# mine", "mine = 1"):
        assert line in text, line
    report = run_tests(desk, counter, 30)
    assert (made.conflicts, report.passed, report.findings) == ((), True, ())
    assert update.plan(desk, counter).text == text, "updating twice changes nothing"


def cells(path: Path) -> dict[str, dict[str, Any]]:
    return {each["id"]: each for each in json.loads(path.read_text(encoding="utf-8"))["cells"]}


def test_outputs_of_unchanged_cells_stay_and_others_go(desk: Desk, counter: Module) -> None:
    path = begin(desk, counter, ".ipynb")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    output = {"name": "stdout", "output_type": "stream", "text": ["seen\n"]}
    for each in notebook["cells"]:
        if each["cell_type"] == "code":
            each |= {"outputs": [output], "execution_count": 7}
    notebook["metadata"]["mine"] = {"kept": True}
    path.write_text(json.dumps(notebook), encoding="utf-8")
    release(desk, counter)
    update.apply(desk, update.plan(desk, counter))
    made = cells(path)
    assert made["test-counter-together"]["outputs"] == [output]
    assert made["test-counter-together"]["execution_count"] == 7
    assert made["test-counter-count"]["outputs"] == []
    assert json.loads(path.read_text())["metadata"]["mine"] == {"kept": True}
    nbformat.validate(nbformat.read(path, as_version=4))


def test_a_notebook_without_ids_gets_them(desk: Desk, counter: Module) -> None:
    """As Colab saves it."""
    path = begin(desk, counter, ".ipynb")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for each in notebook["cells"]:
        del each["id"]
    path.write_text(json.dumps(notebook | {"nbformat_minor": 4}), encoding="utf-8")
    release(desk, counter)
    update.apply(desk, update.plan(desk, counter))
    assert path.read_bytes() == desk.lesson_file(counter, ".ipynb").read_bytes()
    nbformat.validate(nbformat.read(path, as_version=4))


@both_formats
def test_a_conflict_is_listed_with_its_place(desk: Desk, counter: Module, suffix: str) -> None:
    path = begin(desk, counter, suffix)
    solve(path)
    release(desk, counter)
    edit(desk.lesson_file(counter, suffix), "def count(self):", "def count(self, step=1):")
    made = update.plan(desk, counter)
    (finding,) = made.conflicts
    assert finding.message == "counter-count: both changed it; yours counts"
    update.apply(desk, made)
    text = path.read_text(encoding="utf-8")
    assert "# mine" in text
    assert "def count(self, step=1):" in text
    number = int(finding.where.rpartition(" " if suffix == ".ipynb" else ":")[2])
    if suffix == ".ipynb":
        assert list(cells(path)).index("counter-count") == number - 1
    else:
        assert text.split("\n")[number - 1] == "#| export"
    report = run_tests(desk, counter, 30)
    assert report.passed, "what stands beside theirs is not run"
    assert update.plan(desk, counter).text == text


@pytest.mark.parametrize("where", ["in the middle", "at the end"])
def test_a_script_with_an_open_string_is_refused(desk: Desk, counter: Module, where: str) -> None:
    """It takes in whatever cells stand behind it."""
    path = begin(desk, counter, ".py")
    if where == "in the middle":
        edit(path, '"""One more; returns the number so far."""', '"""One more')
    else:
        path.write_text(path.read_text(encoding="utf-8") + '\n# %%\nnote = """mine\n')
    before = path.read_bytes()
    release(desk, counter)
    if where == "at the end":
        with desk.lesson_file(counter, ".py").open("a") as file:
            file.write("\n# %% [markdown]\n# The end\n")
    with pytest.raises(LearnerFileError, match="never closed"):
        update.plan(desk, counter)
    assert path.read_bytes() == before


def test_a_notebook_that_became_a_script_is_updated(desk: Desk, counter: Module) -> None:
    begin(desk, counter, ".ipynb").unlink()
    path = desk.workspace.folder(counter) / "counter.py"
    path.write_bytes(desk.lesson_file(counter, ".py").read_bytes())
    release(desk, counter)
    assert update_waits(desk, counter)
    update.apply(desk, update.plan(desk, counter))
    assert path.read_bytes() == desk.lesson_file(counter, ".py").read_bytes()
    assert not update_waits(desk, counter)


@both_formats
def test_a_file_of_unknown_origin_waits_for_nothing_and_the_way_out_works(
    desk: Desk, counter: Module, suffix: str
) -> None:
    path = desk.workspace.folder(counter) / f"counter{suffix}"
    path.parent.mkdir(parents=True)
    path.write_bytes(desk.lesson_file(counter, suffix).read_bytes())
    release(desk, counter)
    assert not update_waits(desk, counter)
    with pytest.raises(LearnerFileError, match="tito module reset counter --tests"):
        update.plan(desk, counter)
    lesson.reset_tests(desk, counter)
    assert not update_waits(desk, counter)
    assert update.plan(desk, counter).conflicts == ()


def test_resetting_takes_the_new_lesson(desk: Desk, counter: Module) -> None:
    begin(desk, counter, ".ipynb")
    release(desk, counter)
    lesson.reset(desk, counter)
    assert not update_waits(desk, counter)


def test_the_difference_is_shown_by_cells(desk: Desk, counter: Module) -> None:
    begin(desk, counter, ".ipynb")
    release(desk, counter)
    lines = list(update.plan(desk, counter).diff())
    assert "-It costs nothing." in lines
    assert "+It costs an addition." in lines
    assert not any('"source"' in line for line in lines)


def test_killed_at_any_line_the_old_or_the_new_file_is_there_and_the_next_one_finishes(
    at_work: Learner, desk: Desk, counter: Module
) -> None:
    path = begin(desk, counter, ".ipynb")
    solve(path)
    old = path.read_bytes()
    lessons = desk.workspace.root / ".tito" / "lessons"
    begun = {each: each.read_bytes() for each in lessons.iterdir()}
    release(desk, counter)
    new = update.plan(desk, counter).text.encode()
    files = ("workspace/files.py", "workspace/given.py")
    line, ended = 0, -signal.SIGKILL
    while ended == -signal.SIGKILL:
        line += 2
        path.write_bytes(old)
        for each in lessons.iterdir():
            each.unlink()
        for each, content in begun.items():
            each.write_bytes(content)
        ended = killed_at(line, files, ["module", "update", "counter"])
        assert path.read_bytes() in (old, new)
        assert update_waits(desk, counter) == (path.read_bytes() == old)
        assert update.plan(desk, counter).text.encode() == new
    assert (ended, line > 20, os.listdir(path.parent).count(path.name)) == (0, True, 1)
