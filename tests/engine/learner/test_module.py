"""Only start, complete and reset write a learner's files, each in one step, and nothing is ever lost."""

from __future__ import annotations

import os
import re
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from support import Learner, edit, finish, hand_in, killed_at, put_first
from tito.errors import LearnerFileError
from tito.learner import module as lesson
from tito.learner.desk import Desk
from tito.learner.run import run_tests
from tito.model import Module
from tito.workspace.state import read_state

both_formats = pytest.mark.parametrize("suffix", [".ipynb", ".py"])


@pytest.fixture
def counter(desk: Desk) -> Module:
    return desk.module("counter")


def everything(folder: Path) -> dict[str, bytes]:
    """Every file under the folder with its bytes."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@both_formats
def test_start_gives_what_the_tier_hands_out(desk: Desk, counter: Module, suffix: str) -> None:
    path, new = lesson.start(desk, counter, suffix)
    assert new
    assert path.read_bytes() == desk.lesson_file(counter, suffix).read_bytes()


@both_formats
def test_start_never_touches_a_file_that_is_there(
    at_work: Learner, desk: Desk, counter: Module, suffix: str
) -> None:
    path = hand_in(at_work, "counter", suffix)
    path.write_bytes(b"\xff mine")
    for other in (".ipynb", ".py"):
        assert lesson.start(desk, counter, other) == (path, False)
    assert everything(path.parent) == {path.name: b"\xff mine"}


@pytest.mark.parametrize("what", ["a folder", "a link to nowhere"])
def test_start_leaves_alone_what_is_no_file(
    at_work: Learner, desk: Desk, counter: Module, what: str
) -> None:
    path = at_work.file("counter")
    path.parent.mkdir(parents=True)
    if what == "a folder":
        path.mkdir()
    else:
        path.symlink_to("nowhere")
    for command in (
        lambda: lesson.start(desk, counter, ".py"),
        lambda: lesson.reset(desk, counter),
    ):
        with pytest.raises(LearnerFileError, match=r"counter\.ipynb is no file"):
            command()
    assert list(path.parent.iterdir()) == [path]


@both_formats
def test_the_export_is_what_stands_in_the_learners_file(
    at_work: Learner, desk: Desk, counter: Module, suffix: str
) -> None:
    path = hand_in(at_work, "counter", suffix)
    edit(path, "self.value += 1", "self.value += int('1')")
    put_first(path, "#| export\nMINE = 'my own cell'")
    done = lesson.complete(desk, counter, 30)
    assert done.file
    values: dict[str, object] = {"__name__": "own"}
    exec(done.file.read_text(), values)
    assert values["MINE"] == "my own cell"
    assert values["__all__"] == ["MINE", "Counter", "counter"]
    assert "int('1')" in done.file.read_text()
    assert "test_unit" not in done.file.read_text()


@both_formats
def test_exporting_twice_gives_the_same_bytes(
    at_work: Learner, desk: Desk, counter: Module, suffix: str
) -> None:
    hand_in(at_work, "counter", suffix)
    first = lesson.complete(desk, counter, 30).file
    assert first
    before = first.read_bytes()
    lesson.complete(desk, counter, 30)
    assert first.read_bytes() == before


def test_what_fails_leaves_the_earlier_export_as_it_was(
    at_work: Learner, desk: Desk, counter: Module
) -> None:
    edit(hand_in(at_work, "counter"), "self.value += 1", "self.value += 2")
    finish(at_work, "counter")
    before = everything(at_work.root)
    assert lesson.complete(desk, counter, 30).file is None
    assert everything(at_work.root) == before


def test_a_new_export_is_imported_although_python_has_cached_the_old_one(
    at_work: Learner, desk: Desk, counter: Module
) -> None:
    seen = []
    for value in ("10", "20"):
        put_first(hand_in(at_work, "counter"), f"#| export\nVALUE = {value}")
        file = lesson.complete(desk, counter, 30).file
        assert file
        os.utime(file, (2_000_000_000, 2_000_000_000))  # as if both were made within one second
        code = "from abacus.core.counter import VALUE; print(VALUE)"
        seen.append(at_work.python(code, PYTHONDONTWRITEBYTECODE="").out)
    assert seen == ["10\n", "20\n"]


def test_a_file_that_is_saved_during_its_tests_is_not_exported(
    at_work: Learner, desk: Desk, counter: Module
) -> None:
    path = hand_in(at_work, "counter")
    later = path.read_text().replace("self.value += 1", "self.value += 3")
    put_first(path, f"from pathlib import Path; Path({str(path)!r}).write_text({later!r})")
    with pytest.raises(LearnerFileError, match="saved while its tests ran"):
        lesson.complete(desk, counter, 30)
    assert not desk.workspace.own_file(counter).exists()


@both_formats
def test_a_magic_in_an_exported_cell_is_refused_with_its_line(
    at_work: Learner, desk: Desk, counter: Module, suffix: str
) -> None:
    path = hand_in(at_work, "counter", suffix)
    edit(path, "self.value += 1", "%time self.value += 1")
    edit(path, "return self.value", "self.value += 1; return self.value")
    with pytest.raises(LearnerFileError) as caught:
        lesson.complete(desk, counter, 30)
    (finding,) = caught.value.findings
    assert "%time self.value += 1" in finding.message
    line = int(re.findall(r"\d+$", finding.where)[0])
    assert "cell 6, line 14" in finding.where or "%time" in path.read_text().split("\n")[line - 1]


@both_formats
def test_a_helper_in_a_cell_that_is_not_exported_is_told_and_nothing_is_exported(
    at_work: Learner, desk: Desk, counter: Module, suffix: str
) -> None:
    path = hand_in(at_work, "counter", suffix)
    edit(path, "self.value += 1", "self.value += one()")
    put_first(path, "def one(): return 1")
    assert run_tests(desk, counter, 30).passed
    with pytest.raises(LearnerFileError) as caught:
        lesson.complete(desk, counter, 30)
    (finding,) = caught.value.findings
    name = desk.shown(path)
    helper, use = (
        (f"{name}, cell 1", "cell 7, line 14") if suffix == ".ipynb" else (f"{name}:", f"{name}:")
    )
    assert finding.message.startswith(
        "'one' is used in an exported cell, and the cell that defines"
    )
    assert helper in finding.message
    assert use in finding.where
    assert "'#| export'" in finding.fix
    assert not desk.workspace.own_file(counter).exists()
    line_end = "\\n" if suffix == ".ipynb" else "\n"
    edit(path, "def one(): return 1", f"#| export{line_end}def one(): return 1")
    done = lesson.complete(desk, counter, 30)
    assert done.file
    values: dict[str, Any] = {}
    exec(done.file.read_text(), values)
    assert values["counter"](4).count() == 5


def test_an_export_that_was_changed_by_hand_is_kept_beside_the_new_one(
    at_work: Learner, desk: Desk, counter: Module
) -> None:
    hand_in(at_work, "counter")
    first = lesson.complete(desk, counter, 30)
    assert first.file
    assert first.kept is None
    made = first.file.read_text()
    first.file.write_text(changed := made.replace("+= 1", "+= 2"))
    again = lesson.complete(desk, counter, 30)
    assert again.kept
    assert again.kept.read_text() == changed
    assert again.file
    assert again.file.read_text() == made
    assert lesson.complete(desk, counter, 30).kept is None


@both_formats
def test_reset_hands_out_anew_and_keeps_each_version_under_a_name_of_its_own(
    at_work: Learner, desk: Desk, counter: Module, suffix: str
) -> None:
    path = hand_in(at_work, "counter", suffix)
    kept = []
    for number in range(3):
        path.write_text(f"version {number}")
        again, backup = lesson.reset(desk, counter)
        assert again == path
        assert path.read_bytes() == desk.lesson_file(counter, suffix).read_bytes()
        assert backup
        kept.append(backup)
    assert [backup.read_text() for backup in kept] == ["version 0", "version 1", "version 2"]
    assert {backup.suffix for backup in kept} == {suffix}
    assert desk.learner_file(counter) == path


def test_reset_of_a_module_that_was_never_started_starts_it(desk: Desk, counter: Module) -> None:
    path, backup = lesson.reset(desk, counter)
    assert backup is None
    assert path.read_bytes() == desk.lesson_file(counter, ".ipynb").read_bytes()


@both_formats
def test_reset_of_one_of_two_files_is_refused(
    at_work: Learner, desk: Desk, counter: Module, suffix: str
) -> None:
    for each in (".ipynb", ".py"):
        hand_in(at_work, "counter", each)
    before = everything(at_work.root)
    with pytest.raises(LearnerFileError, match="two files"):
        lesson.reset(desk, counter)
    assert everything(at_work.root) == before


@both_formats
def test_restored_tests_pass_again_with_the_learners_solutions(
    at_work: Learner, desk: Desk, counter: Module, suffix: str
) -> None:
    path = hand_in(at_work, "counter", suffix)
    edit(path, "[first.count(), first.count()] == [1, 2]", "True")
    edit(path, 'grade_id": "test-counter-together', 'grade_id": "mine')
    edit(path, "self.value += 1", "self.value += 2 - 1")
    put_first(path, "mine = 1")
    assert len(run_tests(desk, counter, 30).findings) == 2
    restored, backup = lesson.reset_tests(desk, counter)
    made = run_tests(desk, counter, 30)
    assert (restored, made.passed, made.findings) == (path, True, ())
    assert backup
    for text in ("self.value += 2 - 1", "mine = 1"):
        assert text in path.read_text()


@both_formats
def test_restoring_the_tests_twice_loses_nothing(
    at_work: Learner, desk: Desk, counter: Module, suffix: str
) -> None:
    path = hand_in(at_work, "counter", suffix)
    edit(path, "# 01 · Counter", "# 01 · Counter, by me")
    put_first(path, "mine = 1")
    lesson.reset_tests(desk, counter)
    once = path.read_bytes()
    lesson.reset_tests(desk, counter)
    assert path.read_bytes() == once
    assert "mine = 1" in path.read_text()
    assert "Counter, by me" in path.read_text()


def test_a_tier_without_its_lessons_is_told_with_the_command_that_mends_it(
    at_work: Learner, desk: Desk, counter: Module
) -> None:
    shutil.rmtree(at_work.site / "abacus_base" / "_compiled" / "lessons")
    with pytest.raises(LearnerFileError) as caught:
        lesson.start(desk, counter, ".ipynb")
    assert caught.value.findings[0].fix == "pip install --force-reinstall abacus-base"
    assert not at_work.file("counter").exists()


@pytest.mark.parametrize(
    ("arguments", "files"),
    [
        (["module", "start", "counter"], ("workspace/files.py", "learner/module.py")),
        (["module", "reset", "counter", "--yes"], ("workspace/files.py", "learner/module.py")),
        (["module", "complete", "counter"], ("workspace/files.py",)),
    ],
    ids=["start", "reset", "complete"],
)
def test_killed_at_any_line_the_old_or_the_new_files_are_there(
    at_work: Learner, desk: Desk, arguments: list[str], files: tuple[str, ...]
) -> None:
    own, module = at_work.file("counter"), desk.module("counter")
    given = desk.lesson_file(module, ".ipynb").read_bytes()
    old = {"complete": hand_in(at_work, "counter").read_bytes(), "start": b"", "reset": b"mine"}
    line, ended = 0, -signal.SIGKILL
    while ended == -signal.SIGKILL:
        before = old[arguments[1]]
        own.write_bytes(before) if before else own.unlink(missing_ok=True)
        line += 1
        ended = killed_at(line, files, arguments)
        assert (own.read_bytes() if own.exists() else b"") in (before, given)
        exported = desk.workspace.own_file(module)
        if exported.exists():
            compile(exported.read_text(), "exported", "exec")
        assert read_state(desk.workspace)[1] == []
    assert (ended, line > 10) == (0, True)
