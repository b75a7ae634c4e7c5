"""`tito module …` as a learner types it."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support import (
    Learner,
    a_module,
    edit,
    environment,
    finish,
    hand_in,
    put_first,
    wait_until_gone,
)
from tito.cli.module import import_lines

both_formats = pytest.mark.parametrize("suffix", [".ipynb", ".py"])


def everything(folder: Path) -> dict[str, bytes]:
    """Every file under the folder with its bytes, but for the lock."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def exported(someone: Learner, module: str = "counter") -> Path:
    return someone.root / "abacus" / "core" / f"{module}.py"


def test_a_module_from_start_to_import(learner: Learner) -> None:
    learner.tito("module", "start", "counter")
    untouched = learner.tito("module", "test", "1")
    assert untouched.code == 1
    assert "Task 1.1: Counter.count is not written yet" in untouched.out
    assert "0 of 100 points, 0 of 2 tests passed" in untouched.out

    learner.solve("counter")
    done = learner.tito("module", "complete", "count")
    assert done.code == 0
    assert "100 of 100 points, 2 of 2 tests passed" in done.out
    assert "Unlocked: module 02 Total" in done.out

    imported = learner.python("from abacus.core import counter; print(counter(2).count())")
    assert imported.out == "3\n", imported.err


def test_the_list_shows_how_far_each_module_is(learner: Learner) -> None:
    finish(learner, "counter")
    hand_in(learner, "total")
    learner.tito("module", "test", "total")
    shown = learner.tito("module", "list")
    assert [line.split() for line in shown.out.splitlines()] == [
        ["module", "title", "status", "points"],
        ["01", "counter", "Counter", "completed"],
        ["02", "total", "Total", "started", "100/100"],
    ]


def test_the_list_as_json_holds_what_the_table_shows(learner: Learner) -> None:
    hand_in(learner, "counter")
    learner.tito("module", "test", "counter")
    table = learner.tito("module", "list").out.splitlines()[1:]
    for line, data in zip(
        table, json.loads(learner.tito("module", "list", "--json").out), strict=True
    ):
        last = data["last"]
        points = [f"{last['earned']}/{last['possible']}"] if last else []
        number = f"{data['number']:02d}"
        assert line.split() == [number, data["id"], data["title"], data["status"], *points]


@pytest.mark.parametrize(
    ("options", "suffix"),
    [((), ".ipynb"), (("--format", "ipynb"), ".ipynb"), (("--format", "py"), ".py")],
)
def test_start_writes_the_format_that_is_asked_for(
    learner: Learner, options: tuple[str, ...], suffix: str
) -> None:
    done = learner.tito("module", "start", "counter", *options)
    assert done.code == 0
    assert f"modules/01_counter/counter{suffix}" in done.out
    assert [path.suffix for path in learner.file("counter").parent.iterdir()] == [suffix]


def test_starting_again_points_to_the_file_and_leaves_it_alone(learner: Learner) -> None:
    path = hand_in(learner, "counter", ".py")
    before = everything(learner.root)
    again = learner.tito("module", "start", "counter")
    assert (again.code, everything(learner.root)) == (0, before)
    assert "You already have module 01 Counter: modules/01_counter/counter.py" in again.out
    assert path.is_file()


@pytest.mark.parametrize(
    ("started", "command"),
    [(False, "tito module start counter"), (True, "tito module complete counter")],
)
def test_what_is_built_upon_comes_first_unless_forced(
    learner: Learner, started: bool, command: str
) -> None:
    if started:
        hand_in(learner, "counter")
    refused = learner.tito("module", "start", "total")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith("error: module total builds on counter, which is not complete")
    assert f"next:  {command}" in refused.err
    assert not learner.file("total").exists()
    forced = learner.tito("module", "start", "total", "--force")
    assert forced.code == 0
    assert forced.err.startswith("warning: module total builds on counter")
    assert learner.file("total").exists()


@pytest.mark.parametrize("command", ["start", "test", "complete", "reset", "path"])
def test_nothing_is_done_with_a_module_that_is_provided(learner: Learner, command: str) -> None:
    edit(learner.root / "tito.toml", 'tiers = ["base"]', 'tiers = ["base"]\nprovided = ["counter"]')
    before = everything(learner.root)
    refused = learner.tito("module", command, "counter")
    assert refused.code == 2
    assert "module counter is provided in this workspace" in refused.err
    assert everything(learner.root) == before


def test_each_test_is_reported_with_title_points_time_line_and_output(learner: Learner) -> None:
    path = hand_in(learner, "counter")
    edit(path, "    first = counter()", "    first = print('hello') or counter()")
    edit(path, "    first, second = counter(), counter(5)", "    first = print('bye') or None")
    out = learner.tito("module", "test", "counter").out.splitlines()
    assert out[0] == "Module 01 Counter, modules/01_counter/counter.ipynb"
    words = out[1].split()
    assert (words[0], words[1], words[2]) == ("ok", "Counter.count", "60/60")
    assert words[4] == "ms"
    assert out[1].endswith("(it printed something)")
    assert out[2].split()[:4] == ["FAIL", "Counter", "together", "0/40"]
    assert out[3].strip() == "AttributeError: 'NoneType' object has no attribute 'count'"
    assert out[4].strip() == "modules/01_counter/counter.ipynb, cell 11, line 3:  first.count()"
    assert [line.strip() for line in out[5:7]] == ["it printed:", "bye"]
    assert out[7].startswith("60 of 100 points, 1 of 2 tests passed in ")


def test_the_report_as_json_holds_the_same(learner: Learner) -> None:
    edit(hand_in(learner, "counter"), "self.value += 1", "self.value += 2")
    shown = learner.tito("module", "test", "counter", "--json")
    report = json.loads(shown.out)
    assert shown.code == 1
    assert (report["passed"], report["earned"], report["possible"]) == (False, 0, 100)
    tests = [(test["title"], test["points"], result["outcome"]) for test, result in report["tests"]]
    assert tests == [("Counter.count", 60, "failed"), ("Counter together", 40, "failed")]


def test_a_flood_of_output_is_shown_as_a_few_short_lines(learner: Learner) -> None:
    path = hand_in(learner, "counter")
    flood = "[print('y' * 500) for _ in range(20_000)] and None"
    edit(path, "    first = counter()", f"    first = {flood}")
    shown = learner.tito("module", "test", "counter")
    assert len(shown.out) < 5_000
    assert "… and more" in shown.out
    assert max(map(len, shown.out.splitlines())) < 200


def test_the_result_is_remembered(learner: Learner) -> None:
    hand_in(learner, "counter")
    learner.tito("module", "test", "counter")
    edit(learner.file("counter"), "self.value += 1", "self.value += 2")
    learner.tito("module", "test", "counter")
    (first, _) = json.loads(learner.tito("module", "list", "--json").out)
    assert (first["last"]["earned"], first["last"]["possible"]) == (0, 100)
    assert abs(first["last"]["at"] - time.time()) < 60


def test_a_time_limit_can_be_given(learner: Learner) -> None:
    put_first(hand_in(learner, "counter"), "while True: pass")
    shown = learner.tito("module", "test", "counter", "--timeout", "0.5")
    assert shown.code == 1
    assert "stopped after 0.5 s" in shown.out
    assert "in modules/01_counter/counter.ipynb, cell 1" in shown.out


@both_formats
def test_a_changed_test_is_named_with_the_way_back_and_the_way_works(
    learner: Learner, suffix: str
) -> None:
    edit(hand_in(learner, "counter", suffix), "(first.value, second.count()) == (1, 6)", "first")
    refused = learner.tito("module", "complete", "counter")
    assert refused.code == 1
    assert "error: the test cell 'test-counter-together' is not as it was handed out" in refused.err
    assert "next:  tito module reset counter --tests" in refused.err
    assert not exported(learner).exists()
    assert learner.tito("module", "reset", "counter", "--tests", "--yes").code == 0
    assert learner.tito("module", "complete", "counter").code == 0


def test_what_no_facade_offers_is_imported_as_a_module() -> None:
    assert list(import_lines(a_module("cache", 1))) == ["from lib.core import cache"]
    offered = a_module("counter", 2, exports={"lib.core": tuple("abcde")})
    assert list(import_lines(offered)) == ["from lib.core import a, b, c, d, …"]


def test_completing_tells_what_can_be_imported_and_what_is_unlocked(learner: Learner) -> None:
    hand_in(learner, "counter")
    first = learner.tito("module", "complete", "counter").out
    assert "Module 01 Counter is complete: abacus/core/counter.py" in first
    assert "from abacus.core import Counter, counter" in first
    assert first.endswith("Unlocked: module 02 Total\nNext: tito module start total\n")
    hand_in(learner, "total")
    second = learner.tito("module", "complete", "total").out
    assert "from abacus.core.more import total, mean" in second
    assert "Unlocked: milestone 2000 The abacus: tito milestone run 2000_abacus" in second
    assert second.endswith("Next: tito milestone run 2000_abacus\n")


def test_what_does_not_pass_is_not_exported_and_that_is_said(learner: Learner) -> None:
    edit(hand_in(learner, "counter"), "self.value += 1", "self.value += 2")
    done = learner.tito("module", "complete", "counter")
    assert done.code == 1
    assert done.out.endswith("Not complete yet, so nothing was exported.\n")
    assert not exported(learner).exists()


def test_reset_without_an_answer_changes_nothing(learner: Learner) -> None:
    hand_in(learner, "counter")
    before = everything(learner.root)
    for options in ((), ("--tests",)):
        done = learner.tito("module", "reset", "counter", *options)
        assert done.code == 1
        assert done.err.splitlines()[-1] == (
            "Nothing was changed. To go on without being asked, add --yes."
        )
    assert everything(learner.root) == before


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 1), ("", 1)])
def test_reset_does_what_is_answered(learner: Learner, answer: str, code: int) -> None:
    path = hand_in(learner, "counter")
    before = path.read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "tito", "module", "reset", "counter"],
        cwd=learner.root,
        env=environment(**learner.variables()),
        input=f"{answer}\n",
        capture_output=True,
        text=True,
    )
    assert done.returncode == code
    assert "Start counter over, without your solutions?" in done.stderr
    assert done.stderr.endswith("Nothing was changed.\n") == (code == 1)
    assert (path.read_bytes() == before) == (code == 1)


def test_reset_says_where_the_copy_is(learner: Learner) -> None:
    path = hand_in(learner, "counter")
    before = path.read_bytes()
    done = learner.tito("module", "reset", "counter", "--yes")
    copy = learner.root / done.out.split("A copy of what stood there: ")[1].splitlines()[0]
    assert copy.read_bytes() == before
    assert done.out.endswith("Next: tito module test counter\n")


def test_the_paths_of_a_module_are_printed_alone(learner: Learner) -> None:
    path = hand_in(learner, "counter", ".py")
    assert learner.tito("module", "path", "1").out == f"{path}\n"
    assert learner.tito("module", "path", "1", "--export").out == f"{exported(learner)}\n"


BAD_FILES = {
    "not JSON": b"{",
    "no notebook": b"[]",
    "format 3": b'{"nbformat": 3, "worksheets": []}',
    "not UTF-8": b'{"nbformat": 4, "cells": ["\xe9"]}',
}


@pytest.mark.parametrize("command", [("test",), ("complete",), ("reset", "--tests", "--yes")])
@pytest.mark.parametrize("content", BAD_FILES.values(), ids=BAD_FILES)
def test_a_file_that_is_no_notebook_is_told_and_left_alone(
    learner: Learner, command: tuple[str, ...], content: bytes
) -> None:
    hand_in(learner, "counter").write_bytes(content)
    before = everything(learner.root)
    done = learner.tito("module", command[0], "counter", *command[1:])
    assert (done.code, done.out) == (1, "")
    head, where, following = done.err.splitlines()
    assert head.startswith("error: ")
    assert where == "  where: modules/01_counter/counter.ipynb"
    assert following.startswith("  next:  ")
    assert everything(learner.root) == before


@pytest.mark.parametrize("what", ["nothing", "two files", "a folder"])
@pytest.mark.parametrize("command", ["test", "complete", "path"])
def test_a_file_that_is_not_there_is_told_with_what_to_do(
    learner: Learner, what: str, command: str
) -> None:
    if what == "two files":
        hand_in(learner, "counter", ".ipynb")
        hand_in(learner, "counter", ".py")
    if what == "a folder":
        learner.file("counter").mkdir(parents=True)
    before = everything(learner.root)
    done = learner.tito("module", command, "counter")
    assert (done.code, done.out) == (1, "")
    assert [line[:9] for line in done.err.splitlines()] == [
        "error: mo"[:9],
        "  where: ",
        "  next:  ",
    ] or (what == "a folder" and "counter.ipynb is no file" in done.err)
    assert everything(learner.root) == before


def test_a_record_that_cannot_be_read_is_kept_aside_and_said(learner: Learner) -> None:
    hand_in(learner, "counter")
    state = learner.root / ".tito" / "state.json"
    state.parent.mkdir()
    state.write_bytes(b"\xff{")
    listed = learner.tito("module", "list")
    assert (listed.code, state.read_bytes()) == (0, b"\xff{")
    assert "warning: the record of test results cannot be read" in listed.err
    tested = learner.tito("module", "test", "counter")
    assert tested.code == 0
    (kept,) = state.parent.glob("state.unreadable-*.json")
    assert kept.read_bytes() == b"\xff{"
    assert kept.name in tested.err
    assert json.loads(state.read_text())["modules"]["counter"]["earned"] == 100


def started(someone: Learner, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tito", *arguments],
        cwd=someone.root,
        env=environment(**someone.variables()),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs the tests in the background may have told everything to ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def test_of_two_commands_at_once_the_second_waits_and_both_succeed(learner: Learner) -> None:
    put_first(hand_in(learner, "counter"), "import time; time.sleep(1)")
    both = [started(learner, "module", "complete", "counter") for _ in range(2)]
    said = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    waiting = "another tito command is at work in this workspace; waiting for it …\n"
    assert sorted(err for _, err in said) == ["", waiting]
    assert learner.python("import abacus.core.counter").code == 0


def test_ctrl_c_ends_the_test_and_everything_in_it(learner: Learner, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    code = f"import os; open({str(mark)!r}, 'w').write(str(os.getpid()))\nwhile True: pass"
    put_first(hand_in(learner, "counter"), code)
    process = started(learner, "module", "test", "counter")
    while not mark.exists() or not mark.read_text():
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err.strip()) == (130, "stopped")
    wait_until_gone(int(mark.read_text()))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("command", ["start", "complete", "reset"])
def test_whenever_a_command_is_killed_the_old_or_the_new_file_is_there(
    learner: Learner, command: str, seed: int
) -> None:
    given = (learner.site / "abacus_base/_compiled/lessons/counter.ipynb").read_bytes()
    before = {b""}
    if command != "start":
        before = {hand_in(learner, "counter").read_bytes()}
    options = ["--yes"] if command == "reset" else []
    process = started(learner, "module", command, "counter", *options)
    time.sleep(random.Random(f"{command}{seed}").uniform(0, 0.3))
    process.kill()
    process.communicate()
    own = learner.file("counter")
    assert (own.read_bytes() if own.exists() else b"") in before | {given}
    if exported(learner).exists():
        assert learner.python("from abacus.core import Counter").code == 0
    hand_in(learner, "counter") if command == "complete" else None
    assert learner.tito("module", command, "counter", *options).code == 0
