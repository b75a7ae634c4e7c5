"""A test runs the learner's file and only it; whatever a cell does, the report says what and where."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support import Learner, edit, environment, finish, hand_in, put_first, wait_until_gone
from tito import model
from tito.errors import WorkspaceError
from tito.kernel import how_it_ended
from tito.learner.desk import Desk
from tito.learner.module import reset_tests
from tito.learner.run import (
    changed_cells,
    lost_exports,
    run_process,
    run_tests,
)
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


def findings(desk: Desk, module: str) -> list[tuple[str, str]]:
    """(place and message, fix) of what the learner must not change and did."""
    chosen = desk.module(module)
    path = desk.learner_file(chosen)
    arguments = desk.read(path), desk.handed_out(chosen, path.suffix), chosen
    found = [*changed_cells(*arguments), *lost_exports(*arguments)]
    return [(f"{finding.where}: {finding.message}", finding.fix) for finding in found]


@both_formats
@pytest.mark.parametrize("module", ["counter", "total"])
def test_solutions_and_cells_of_ones_own_are_no_change(
    at_work: Learner, desk: Desk, suffix: str, module: str
) -> None:
    put_first(hand_in(at_work, module, suffix), "#| export\nimport math")
    assert findings(desk, module) == []


@both_formats
@pytest.mark.parametrize("how", ["edited", "renamed", "deleted", "text"])
def test_a_test_that_is_not_as_handed_out_is_named_with_the_way_back(
    at_work: Learner, desk: Desk, suffix: str, how: str
) -> None:
    spoil(hand_in(at_work, "counter", suffix), how)
    ((found, fix),) = findings(desk, "counter")
    assert "the test cell 'test-counter-together'" in found
    assert fix == "tito module reset counter --tests"
    reset_tests(desk, desk.module("counter"))
    assert findings(desk, "counter") == []


def spoil(path: Path, how: str) -> None:
    """Do something to the last test of the counter module."""
    if how == "edited":
        edit(path, "(first.value, second.count()) == (1, 6)", "first")
    elif how == "renamed":
        edit(path, 'grade_id": "test-counter-together', 'grade_id": "mine')
    elif path.suffix == ".ipynb":
        notebook = json.loads(path.read_text())
        place = next(
            n for n, c in enumerate(notebook["cells"]) if c["id"] == "test-counter-together"
        )
        cell = notebook["cells"].pop(place)
        if how == "text":
            notebook["cells"].insert(place, {**cell, "cell_type": "markdown"})
        path.write_text(json.dumps(notebook))
    else:
        head, _, rest = path.read_text().rpartition("# %% nbgrader=")
        gone, text = rest[rest.index("# %%") :], f"# %% [markdown] nbgrader={rest}"
        path.write_text(head + (gone if how == "deleted" else text))


EXPORTS = {
    "taken off a task": ("counter", "#| export{n}class Counter", "class Counter"),
    "misspelt": ("counter", "#| export{n}class Counter", "#| exports{n}class Counter"),
    "taken off an import": ("total", "#| export{n}from abacus", "from abacus"),
    "on another import": ("total", "from abacus.core import Counter", "Counter = int"),
}


@both_formats
@pytest.mark.parametrize(("module", "old", "new"), EXPORTS.values(), ids=EXPORTS)
def test_a_lost_export_mark_is_named_with_the_way_back(
    at_work: Learner, desk: Desk, suffix: str, module: str, old: str, new: str
) -> None:
    path = hand_in(at_work, module, suffix)
    line_end = '\\n",\n    "' if suffix == ".ipynb" else "\n"
    edit(path, old.format(n=line_end), new.format(n=line_end))
    ((found, fix),) = findings(desk, module)
    assert found.startswith(f"modules/{path.parent.name}/{path.name}")
    assert "cell" in found
    assert fix == f"tito module reset {module} --tests"
    reset_tests(desk, desk.module(module))
    assert findings(desk, module) == []


def test_a_module_with_a_lost_export_mark_does_not_pass(at_work: Learner, desk: Desk) -> None:
    finish(at_work, "counter")
    edit(hand_in(at_work, "total"), '"#| export\\n",\n    "from abacus', '"from abacus')
    made = report(desk, "total")
    assert (made.earned, made.passed, len(made.findings)) == (100, False, 1)


def test_an_import_may_be_added_to_the_imports_that_were_given(
    at_work: Learner, desk: Desk
) -> None:
    edit(
        hand_in(at_work, "total", ".py"),
        "from abacus.core import Counter",
        "import math\nfrom abacus.core import Counter",
    )
    assert findings(desk, "total") == []


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
    "killing the group": ("import os; os.killpg(0, 9)", "SIGKILL"),
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


@pytest.mark.parametrize("whom", ["kill(os.getppid()", "killpg(os.getpgid(os.getppid())"])
def test_a_cell_that_kills_its_parent_or_the_parents_group_does_not_reach_tito(
    learner: Learner, whom: str
) -> None:
    put_first(hand_in(learner, "counter"), f"import os, time; os.{whom}, 9); time.sleep(9)")
    done = subprocess.run(
        [sys.executable, "-m", "tito", "module", "test", "counter"],
        cwd=learner.root,
        env=environment(**learner.variables()),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,  # so that nothing but tito could be reached
    )
    assert done.returncode == 1
    assert "Python itself crashed (SIGKILL)" in done.stdout
    assert "in modules/01_counter/counter.ipynb, cell 1" in done.stdout


def test_a_loop_in_a_test_is_the_failure_of_that_test(at_work: Learner, desk: Desk) -> None:
    edit(hand_in(at_work, "counter", ".py"), "self.value += 1", "while True: pass")
    made = report(desk, "counter", limit=4)
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
    wait_until_gone(int((tmp_path / "id").read_text()))


def test_a_thread_that_is_left_running_keeps_nobody_waiting(at_work: Learner, desk: Desk) -> None:
    code = "import threading, time; threading.Thread(target=time.sleep, args=[60]).start()"
    put_first(hand_in(at_work, "counter"), code)
    made = report(desk, "counter")
    assert made.passed
    assert made.seconds < 20


def test_an_endless_loop_ends_with_the_tito_that_was_killed(
    learner: Learner, tmp_path: Path
) -> None:
    mark = tmp_path / "id"
    code = f"import os; open({str(mark)!r}, 'w').write(str(os.getpid()))\nwhile True: pass"
    put_first(hand_in(learner, "counter"), code)
    command = [sys.executable, "-m", "tito", "module", "test", "counter"]
    started = subprocess.Popen(command, cwd=learner.root, env=environment(**learner.variables()))
    while not mark.exists() or not mark.read_text():
        time.sleep(0.02)
    started.kill()
    started.wait()
    wait_until_gone(int(mark.read_text()))


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
