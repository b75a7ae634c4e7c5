"""A test runs the learner's file and only it, and whatever a cell does, the report says what and where."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support import Learner, edit, environment, finish, hand_in, put_first
from tito import model
from tito.errors import WorkspaceError
from tito.learner.desk import Desk
from tito.learner.run import how_it_ended, run_process, run_tests
from tito.model import CellResult

both_formats = pytest.mark.parametrize("suffix", [".ipynb", ".py"])


def report(desk: Desk, module: str, limit: float = 30) -> model.TestReport:
    return run_tests(desk, desk.module(module), limit)


def result(made: model.TestReport, test: str) -> CellResult:
    return next(result for tested, result in made.tests if tested.id == test)


@both_formats
def test_our_solutions_pass(at_work: Learner, desk: Desk, suffix: str) -> None:
    hand_in(at_work, "counter", suffix)
    made = report(desk, "counter")
    assert (made.passed, made.earned, made.problems, made.findings) == (True, 100, (), ())


BREAKS = {
    "a wrong operator": ("self.value += 1", "self.value -= 1"),
    "a deleted statement": ("        return self.value", "        pass"),
    "a deleted function": ("def counter(value=0)", "def contour(value=0)"),
    "a syntax error": ("self.value += 1", "self.value +="),
}


@both_formats
@pytest.mark.parametrize(("old", "new"), BREAKS.values(), ids=BREAKS)
def test_a_broken_file_fails_although_a_complete_export_is_there(
    at_work: Learner, desk: Desk, suffix: str, old: str, new: str
) -> None:
    finish(at_work, "counter")
    edit(hand_in(at_work, "counter", suffix), old, new)
    made = report(desk, "counter")
    assert not made.passed
    assert made.earned < 100


def test_a_name_under_test_cannot_come_from_the_export(at_work: Learner, desk: Desk) -> None:
    finish(at_work, "counter")
    path = hand_in(at_work, "counter")
    edit(path, "    return Counter(value)", "    return 7")
    put_first(path, "from abacus.core import counter")
    assert "under test" in report(desk, "counter").problems[0].error


def test_a_required_module_comes_from_its_export_and_not_from_its_notebook(
    at_work: Learner, desk: Desk
) -> None:
    finish(at_work, "counter")
    edit(hand_in(at_work, "counter"), "self.value += 1", "self.value +=")
    hand_in(at_work, "total")
    assert report(desk, "total").passed


def test_a_syntax_error_is_found_with_cell_and_line_of_a_notebook(
    at_work: Learner, desk: Desk
) -> None:
    edit(hand_in(at_work, "counter"), "self.value += 1", "self.value +=")
    (problem,) = report(desk, "counter").problems
    assert problem.error == "SyntaxError: invalid syntax"
    assert problem.where == "modules/01_counter/counter.ipynb, cell 6, line 14"
    assert problem.source == "self.value +="


def test_a_syntax_error_is_found_with_its_line_of_a_script(at_work: Learner, desk: Desk) -> None:
    path = hand_in(at_work, "counter", ".py")
    edit(path, "self.value += 1", "self.value +=")
    line = path.read_text().split("\n").index("        self.value +=") + 1
    (problem,) = report(desk, "counter").problems
    assert (problem.where, problem.source) == (
        f"modules/01_counter/counter.py:{line}",
        "self.value +=",
    )


@both_formats
def test_an_error_is_told_with_the_innermost_line_of_the_learner(
    at_work: Learner, desk: Desk, suffix: str
) -> None:
    path = hand_in(at_work, "counter", suffix)
    edit(path, "self.value += 1", "self.value += sum(None)")
    failed = result(report(desk, "counter"), "test-counter-count")
    assert failed.error == "TypeError: 'NoneType' object is not iterable"
    assert failed.source == "self.value += sum(None)"
    if suffix == ".py":
        file, line = failed.where.split(":")
        assert (at_work.root / file).read_text().split("\n")[int(line) - 1].strip() == failed.source


def test_a_failed_assert_says_what_the_lesson_says(at_work: Learner, desk: Desk) -> None:
    edit(hand_in(at_work, "counter"), "self.value += 1", "self.value += 2")
    failed = result(report(desk, "counter"), "test-counter-count")
    assert failed.error == "two calls give 1 and 2"
    assert failed.source.startswith("assert [first.count()")


DISASTERS = {
    "an endless loop": ("while True: pass", "stopped after 1 s"),
    "a long sleep": ("import time; time.sleep(60)", "stopped after 1 s"),
    "exit()": ("exit()", "called exit()"),
    "os._exit(0)": ("import os; os._exit(0)", "ended itself"),
    "os._exit(3)": ("import os; os._exit(3)", "exit code 3"),
    "a segfault": ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
    "an abort": ("import os; os.abort()", "SIGABRT"),
    "endless recursion": ("def f(): f()\nf()", "calls itself without end"),
    "killing oneself": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
    "killing the parent": ("import os, time; os.kill(os.getppid(), 9); time.sleep(9)", "SIGKILL"),
    "killing the group": ("import os; os.killpg(0, 9)", "SIGKILL"),
    "killing the parent's group": ("import os; os.killpg(os.getpgid(os.getppid()), 9)", "SIGKILL"),
    "asking for input": ("input('your name? ')", "asks for input"),
    "Ctrl-C": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "no more memory": ("bytearray(1 << 62)", "MemoryError"),
    "an error that cannot be shown": (
        "class E(Exception):\n    def __str__(self): raise ValueError\nraise E",
        "E",
    ),
}


@pytest.mark.parametrize(("code", "words"), DISASTERS.values(), ids=DISASTERS)
def test_a_disaster_is_a_failure_that_names_its_cell(
    at_work: Learner, desk: Desk, code: str, words: str
) -> None:
    put_first(hand_in(at_work, "counter"), code)
    made = report(desk, "counter", limit=1)
    (problem,) = made.problems
    assert not made.passed
    assert words in problem.error
    assert problem.where.startswith("modules/01_counter/counter.ipynb, cell 1")


def test_a_loop_in_a_test_is_the_failure_of_that_test(at_work: Learner, desk: Desk) -> None:
    edit(hand_in(at_work, "counter", ".py"), "self.value += 1", "while True: pass")
    made = report(desk, "counter", limit=1)
    outcomes = [tested.outcome for _, tested in made.tests]
    assert outcomes == ["failed", "not run"]
    assert made.tests[0][1].where.startswith("modules/01_counter/counter.py:")


def test_ten_megabytes_of_print_are_cut_to_what_a_person_can_read(
    at_work: Learner, desk: Desk
) -> None:
    path = hand_in(at_work, "counter")
    edit(path, "    first = counter()", "    first = counter(print('x' * 10_000_000))")
    printed = result(report(desk, "counter"), "test-counter-count").output
    assert len(printed) < 30_000
    assert printed.endswith("[the rest is cut off]")


def test_what_a_cell_prints_is_kept_with_its_errors(at_work: Learner, desk: Desk) -> None:
    code = "self.value += 1; import sys; print('one'); print('two', file=sys.stderr)"
    edit(hand_in(at_work, "counter"), "self.value += 1", code)
    assert result(report(desk, "counter"), "test-counter-together").output == "one\ntwo\n" * 2


def test_nothing_that_a_cell_started_is_left_running(
    at_work: Learner, desk: Desk, tmp_path: Path
) -> None:
    code = "import subprocess; child = subprocess.Popen(['sleep', '60'])\n"
    put_first(
        hand_in(at_work, "counter"),
        f"{code}open({str(tmp_path / 'id')!r}, 'w').write(str(child.pid))",
    )
    assert report(desk, "counter").passed
    assert not is_running(int((tmp_path / "id").read_text()))


def test_a_thread_that_is_left_running_keeps_nobody_waiting(at_work: Learner, desk: Desk) -> None:
    code = "import threading, time; threading.Thread(target=time.sleep, args=[60]).start()"
    put_first(hand_in(at_work, "counter"), code)
    made = report(desk, "counter")
    assert made.passed
    assert made.seconds < 20


def wait_for(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def is_running(process: int) -> bool:
    """Whether it runs; what has ended and was only not yet fetched by its parent does not."""
    try:
        os.kill(process, 0)
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except FileNotFoundError:  # it has just ended, or this is no Linux
        return not Path("/proc").exists()
    return state != "Z"


def test_an_endless_loop_ends_with_the_tito_that_was_killed(
    learner: Learner, tmp_path: Path
) -> None:
    mark = tmp_path / "id"
    code = f"import os; open({str(mark)!r}, 'w').write(str(os.getpid()))\nwhile True: pass"
    put_first(hand_in(learner, "counter"), code)
    command = [sys.executable, "-m", "tito", "module", "test", "counter"]
    started = subprocess.Popen(command, cwd=learner.root, env=environment(**learner.variables()))
    wait_for(lambda: mark.exists() and mark.read_text() != "")
    started.kill()
    started.wait()
    wait_for(lambda: not is_running(int(mark.read_text())))


def test_a_file_beside_the_notebook_does_not_take_the_place_of_the_standard_library(
    at_work: Learner, desk: Desk
) -> None:
    path = hand_in(at_work, "counter")
    for name in ("json", "linecache", "dataclasses"):
        path.with_name(f"{name}.py").write_text("raise ImportError('mine')")
    path.with_name("helper.py").write_text("ONE = 1")
    put_first(path, "import json; from helper import ONE; assert json.dumps(ONE) == '1'")
    assert report(desk, "counter").passed


@pytest.mark.parametrize("stray", ["abacus.py", "abacus/__init__.py"])
def test_a_file_that_hides_the_course_is_refused_before_anything_runs(
    at_work: Learner, desk: Desk, stray: str
) -> None:
    path = hand_in(at_work, "counter").parent / stray
    path.parent.mkdir(exist_ok=True)
    path.write_text("")
    with pytest.raises(WorkspaceError) as caught:
        report(desk, "counter")
    assert caught.value.findings[0].fix == f"rm {path.resolve()}"


def test_a_notebook_without_code_has_passed_nothing(at_work: Learner, desk: Desk) -> None:
    path = hand_in(at_work, "counter")
    path.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    made = report(desk, "counter")
    assert (made.passed, made.earned, made.problems) == (False, 0, ())
    assert {tested.outcome for _, tested in made.tests} == {"not run"}


@pytest.mark.parametrize(
    ("code", "words"),
    [(0, ""), (3, "exit code 3"), (-9, "SIGKILL"), (-11, "SIGSEGV"), (-63, "signal 63")],
)
def test_how_a_process_ended_is_said_in_words(code: int, words: str) -> None:
    assert words in how_it_ended(code)
    assert bool(how_it_ended(code)) == bool(code)


def test_a_time_limit_is_told_as_it_was_given(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "while True: pass"]
    with (tmp_path / "stderr").open("wb") as stderr:
        assert "stopped after 0.3 s" in run_process(command, tmp_path, {}, 0.3, stderr)
