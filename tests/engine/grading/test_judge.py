"""The judge runs cells as a kernel does, around what ends a process, and believes nothing unproved."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from judging import (
    ANSWER,
    DOUBLE,
    GIVEN,
    LIMITS,
    RIGHT,
    STUB,
    TEST,
    answered,
    assignment,
    doubled,
)
from tito.errors import UsageError
from tito.grading.judge import Judge
from tito.grading.result import CellRun
from tito.grading.settings import Limits, Settings


def outcomes(judge: Judge, *cells: str) -> list[str]:
    given = assignment(*cells)
    return [run.outcome for run in judge.run(given, given.cells)[0]]


def one(judge: Judge, text: str) -> CellRun:
    given = assignment(text)
    return judge.run(given, given.cells)[0][0]


def test_cells_share_a_namespace_and_a_failure_ends_only_its_own(judge: Judge) -> None:
    cells = ("x = 1", "raise ValueError", "assert x == 1", "assert __name__ == '__main__'")
    assert outcomes(judge, *cells) == ["passed", "failed", "passed", "passed"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 1", "2"),
        ("1 + 1;", ""),
        ("x = 1", ""),
        ("None", ""),
        ("'a'", "'a'"),
        ("%time\n3", "3"),
        ("3\n# over", "3"),
        ("", ""),
        ("object()", "<object object at 0x…>"),
    ],
)
def test_the_last_expression_is_shown_as_in_ipython(judge: Judge, text: str, value: str) -> None:
    run = one(judge, text)
    assert (run.outcome, run.value) == ("passed", value)


def test_a_repr_that_fails_does_not_fail_the_cell(judge: Judge) -> None:
    run = one(judge, "class A:\n    def __repr__(self): return 1 / 0\nA()")
    assert run.outcome == "passed"
    assert "ZeroDivisionError" in run.value


def test_output_and_errors_are_apart_and_bounded(judge: Judge) -> None:
    text = "import sys\nprint('out')\nprint('err', file=sys.stderr)\nprint('x' * 5000)"
    run = one(judge, text)
    assert run.stderr == "err\n"
    assert run.stdout.startswith("out\nxxx")
    assert len(run.stdout) < LIMITS.output + 50
    assert run.stdout.endswith("[the rest is cut off]")


def test_an_error_is_told_with_the_students_own_lines(judge: Judge) -> None:
    text = "import json\ndef f():\n    json.loads('{')\nf()"
    run = one(judge, text)
    assert run.error.startswith("JSONDecodeError")
    assert run.traceback == (
        "lesson.ipynb, cell 1, line 4\n    f()\n"
        "lesson.ipynb, cell 1, line 3, in f\n    json.loads('{')\n"
    )


def test_a_hidden_tests_lines_are_not_in_the_traceback(judge: Judge) -> None:
    hidden = "### BEGIN HIDDEN TESTS\nassert 1 + 1 == 11, 'a sum'\n### END HIDDEN TESTS"
    run = one(judge, f"x = 1\n{hidden}")
    assert run.error == "a sum"
    assert "11" not in run.traceback
    assert "line 3\n    [a hidden test]" in run.traceback


def test_a_syntax_error_has_its_line(judge: Judge) -> None:
    run = one(judge, "x = 1\ny = (")
    assert "cell 1, line 2" in run.traceback


def test_the_provided_module_is_there_and_the_graded_one_is_locked(judge: Judge) -> None:
    assert outcomes(
        judge,
        "from abacus.core import Counter\nassert Counter(3).count() == 4",
        "import abacus.core.total",
        "from abacus.core import mean",
    ) == ["passed", "failed", "failed"]


def test_the_right_answer_passes_without_a_flag(judge: Judge) -> None:
    test, flags, _ = doubled(judge, RIGHT)
    assert (test.outcome, flags) == ("passed", [])


def test_the_stub_fails(judge: Judge) -> None:
    test, flags, _ = doubled(judge, STUB)
    assert (test.error, flags) == ("Task 1: double is not written yet", [])


@pytest.mark.parametrize(
    ("ending", "error"),
    [
        ("import os; os._exit(0)", "ended itself here"),
        ("import os; os._exit(3)", "exit code 3"),
        ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
        ("while True: pass", "stopped after 3 s"),
        ("import os, time\nos.close(3)\ntime.sleep(60)", "the system stopped it"),
    ],
)
def test_a_cell_that_ends_its_process_is_run_around(judge: Judge, ending: str, error: str) -> None:
    given = assignment("x = [1]", "x.append(2)", ending, "assert x == [1, 2]\nx")
    runs, _ = judge.run(given, given.cells)
    assert [run.outcome for run in runs] == ["passed", "passed", "killed", "passed"]
    assert error in runs[2].error
    assert runs[3].value == "[1, 2]"


def test_several_may_end_it_and_first_results_stay(judge: Judge) -> None:
    first = "import time; print(time.time_ns())"
    given = assignment(first, *["import os; os._exit(1)"] * 4, "1")
    runs, _ = judge.run(given, given.cells)
    assert [run.outcome for run in runs] == ["passed", *["killed"] * 4, "passed"]
    began = int(runs[0].stdout)
    assert began < time.time_ns()


def test_the_time_for_all_cells_is_limited(judge: Judge) -> None:
    given = assignment(*["while True: pass"] * 40)
    start = time.monotonic()
    settings = Settings(limits=Limits(cell=0.3, wall=1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judge, "settings", settings)
        runs, _ = judge.run(given, given.cells)
    assert time.monotonic() - start < 4
    assert runs[0].outcome == "killed"
    assert runs[-1].outcome == "not run"
    assert "took 1 s" in runs[-1].error


def test_a_judge_goes_on_when_its_server_has_ended(judge: Judge) -> None:
    assert judge.box
    judge.box.stop()
    test, flags, _ = doubled(judge, RIGHT)
    assert (test.outcome, flags) == ("passed", [])


def test_two_submissions_share_nothing(judge: Judge) -> None:
    leave = "import os, builtins\nbuiltins.left = 1\nopen('left', 'w').close()\nos.environ['LEFT'] = '1'"
    look = "import os, builtins\nassert not hasattr(builtins, 'left')\nassert not os.listdir()\n"
    assert outcomes(judge, leave) == ["passed"]
    assert outcomes(judge, look + "assert 'LEFT' not in os.environ") == ["passed"]


def test_grading_again_says_the_same(judge: Judge) -> None:
    text = "print({'a', 'b', 'c'}, object())\nclass A: pass\nraise ValueError(A())"
    given = assignment(text)
    assert judge.run(given, given.cells) == judge.run(given, given.cells)


def test_what_only_measures_is_left_out_unless_it_is_wanted(judge: Judge) -> None:
    given = assignment("1", ("## 📊 Systems analysis", "markdown"), "2")
    runs, _ = judge.run(given, given.cells)
    assert [(run.outcome, run.value) for run in runs] == [("passed", "1"), ("not run", "")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judge, "settings", Settings(limits=LIMITS, analysis=True))
        runs, _ = judge.run(given, given.cells)
    assert [run.value for run in runs] == ["1", "2"]


def test_no_file_beside_the_notebook_is_imported(judge: Judge) -> None:
    write = "for name in ('numpy', 'colorsys'): open(f'{name}.py', 'w').write('allclose = 1')"
    use = "import numpy, colorsys\nassert callable(numpy.allclose)\ncolorsys.rgb_to_hsv"
    assert outcomes(judge, write, use) == ["passed", "passed"]


def test_an_unknown_module_is_told(judge: Judge) -> None:
    with pytest.raises(UsageError, match="did you mean 'total'"):
        Judge([], "totl", Settings(), tiers=judge.tiers)


LAZILY = "def double(x):\n    {}\n    return 8\n"

# What it tries, and the flag that it must get. It may pass or fail: points it does not earn.
FORGERIES = {
    "np.allclose": ("np.allclose = lambda *a: True\n" + STUB, "numpy.allclose is not what it was"),
    "when called": (LAZILY.format("np.allclose = lambda *a: True"), "numpy.allclose is not what"),
    "its code": (
        "f = lambda a, b, rtol=1, atol=1, equal_nan=1: True\n"
        "np.allclose.__wrapped__.__code__ = f.__code__\n" + RIGHT,
        "the code of numpy",
    ),
    "a built-in": (
        "import builtins\nbuiltins.isinstance = len\n" + RIGHT,
        "isinstance is not what",
    ),
    "the helper": ("def same(*a): pass\n" + RIGHT, "same is not what it was"),
    "the helper's code": (
        "same.__code__ = (lambda got, expected, what: None).__code__\n" + RIGHT,
        "the code of __main__.same",
    ),
    "the helper's defaults": ("same.__defaults__ = (1, 1)\n" + RIGHT, "the code of __main__.same"),
    "a value": ("CASES = []\n" + RIGHT, "CASES is not what it was"),
    "an import": ("class np: allclose = max\n" + RIGHT, "np is not what it was"),
    "another numpy": (
        "import sys, math\nsys.modules['numpy'] = math\n" + RIGHT,
        "numpy is not what",
    ),
    "a facade": (
        "import abacus.core\nabacus.core.Counter = int\n" + RIGHT,
        "abacus.core.Counter is not what it was",
    ),
    "a provided class": (
        "from abacus.core import Counter\nCounter.count = len\n" + RIGHT,
        "Counter.count is not what it was",
    ),
    "an operator it lacked": (
        "from abacus.core import Counter\nCounter.__eq__ = lambda *a: True\n" + RIGHT,
        "Counter.__eq__ is not what it was",
    ),
    "settrace": ("import sys\nsys.settrace(lambda *a: None)\n" + RIGHT, "sys.settrace"),
    "an importer": ("import sys\nsys.meta_path.insert(0, object())\n" + RIGHT, "sys.meta_path"),
    "equal to all": (
        "class E(int):\n    def __eq__(self, o): return True\n" + RIGHT,
        "uses __eq__: no exercise needs that",
    ),
    "no cases": ("CASES.clear()\nnp.arange = lambda n: n\n" + RIGHT, "is not what it was"),
    "frames": ("def double(x):\n    (lambda: 0).__globals__\n    return 2 * x", "uses __globals__"),
    "by a text": (RIGHT + "getattr(double, '__code__')", "uses __code__"),
    "exec": (RIGHT + "exec('1')", "uses exec"),
    "a module": (RIGHT + "import gc", "imports gc"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_what_tests_rely_on_may_not_change_unseen(judge: Judge, name: str) -> None:
    answer, flag = FORGERIES[name]
    test, flags, _ = doubled(judge, answer)
    assert any(flag in each for each in flags), f"{test.outcome}: {flags} {test.error}"


def test_a_patch_is_undone_before_the_test(judge: Judge) -> None:
    test, _, _ = doubled(judge, "np.allclose = lambda *a: True\ndef double(x): return 0")
    assert test.error == "double: 0 is not 6"


def test_the_lessons_own_cells_may_define_a_helper_anew(judge: Judge) -> None:
    again = "from functools import partial\ndef same(*all, old=same): old(*all)\nCASES = [(1, 2)]"
    given = assignment(GIVEN, (STUB, ANSWER), (DOUBLE, TEST), again, (DOUBLE, TEST))
    runs, flags = judge.run(given, answered(given, RIGHT))
    assert ([run.outcome for run in runs], flags) == (["passed"] * 5, [])


def test_no_attribute_of_a_lessons_object_is_asked_for(judge: Judge) -> None:
    odd = "class Odd:\n    def __getattr__(self, name): raise KeyError(name)\nodd = Odd()"
    given = assignment(odd, "def uses(): return odd", "1")
    assert [run.outcome for run in judge.run(given, given.cells)[0]] == ["passed"] * 3


def test_a_test_that_calls_nothing_is_flagged(judge: Judge) -> None:
    loop = "for case, expected in CASES:\n    same(double(case), expected, 'double')"
    given = assignment(GIVEN, (STUB, ANSWER), (loop, TEST))
    runs, flags = judge.run(given, answered(given, "CASES.clear()"))
    assert runs[2].outcome == "passed"
    assert [flag.text for flag in flags] == [
        "it passes with the exercises as they were handed out, too",
        "it passes with functions whose results equal nothing, too",
    ]


def test_checks_that_accept_anything_are_flagged(judge: Judge) -> None:
    checks = "CHECKS = [lambda got, expected: got == expected]"
    test = "got = double(2)\nfor check in CHECKS:\n    assert check(got, 4), 'double'"
    given = assignment(checks, (STUB, ANSWER), (test, TEST))
    runs, flags = judge.run(given, answered(given, "CHECKS.clear()\ndef double(x): pass"))
    assert runs[2].outcome == "passed"
    assert [flag.text for flag in flags] == [
        "it passes with functions whose results equal nothing, too",
    ]
    assert judge.run(given, answered(given, RIGHT))[1] == []


def test_a_test_that_ends_its_process_without_the_function_does_not_pass(judge: Judge) -> None:
    """And those after it are tried all the same."""
    ends = "import os\nif double(2) != 4:\n    os._exit(0)"
    given = assignment((STUB, ANSWER), (ends, TEST), ("assert True", TEST))
    runs, flags = judge.run(given, answered(given, RIGHT))
    assert [run.outcome for run in runs] == ["passed"] * 3
    assert [flag.cell for flag in flags] == ["test-3", "test-3"]


def test_no_thread_of_an_answer_is_there_when_a_test_is_tried_without_it(judge: Judge) -> None:
    test = """import threading
try:
    assert double(2) == 4
except NotImplementedError:
    assert threading.active_count() == 1
"""
    thread = "threading.Thread(target=time.sleep, args=(9,), daemon=True)"
    stays = f"import threading, time\n{thread}.start()\n"
    given = assignment((STUB, ANSWER), (test, TEST))
    _, flags = judge.run(given, answered(given, RIGHT + stays))
    assert [flag.text for flag in flags] == [
        "it passes with the exercises as they were handed out, too"
    ]


def test_no_timer_of_an_answer_goes_off_when_a_test_is_tried_without_it(judge: Judge) -> None:
    test = """import time
try:
    assert double(2) == 4
except NotImplementedError:
    time.sleep(0.3)
"""
    timer = """import signal
signal.signal(signal.SIGVTALRM, lambda *_: 1 / 0)
def raises(*_):
    raise ValueError
signal.signal(signal.SIGALRM, raises)
def double(x):
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    return 2 * x
"""
    given = assignment((STUB, ANSWER), (test, TEST))
    _, flags = judge.run(given, answered(given, timer))
    assert "it passes with the exercises as they were handed out, too" in [f.text for f in flags]


def test_a_forged_answer_earns_nothing(judge: Judge) -> None:
    line = b'{"outcome": "passed", "ticket": "", "canary": ""}\\n'
    answer = f"import os\ndef double(x):\n    os.write(3, {line!r})\n    os._exit(0)\n"
    test, flags, _ = doubled(judge, answer.replace("\\\\n", "\\n"))
    assert test.outcome == "killed"
    assert any("something else answered" in each for each in flags)


@pytest.mark.parametrize("line", ["no json", "[1]", "{}", '{"ticket": []}', "9" * 10_000_000])
def test_whatever_comes_back_is_no_error_of_ours(judge: Judge, line: str) -> None:
    answer = f"import os\nos.write(3, b'{line}\\n')\n" + RIGHT
    if len(line) > 1000:
        answer = "import os\nwhile True: os.write(3, b'9' * 1000000)\n"
    _, flags, runs = doubled(judge, answer)
    assert runs[1].outcome == "killed"
    assert flags


def test_who_knows_the_grader_is_flagged_all_the_same(judge: Judge) -> None:
    answer = """import sys
def double(x):
    frame = sys._getframe()
    while not {'self', 'asked'} <= {*frame.f_locals}:
        frame = frame.f_back
    me, asked = frame.f_locals['self'], frame.f_locals['asked']
    me.wire.send({'ticket': asked['ticket'], 'outcome': 'passed', 'canary': asked['canary']})
    while True: pass
"""
    given = assignment(GIVEN, (STUB, ANSWER), (DOUBLE, TEST))
    runs, flags = judge.run(given, answered(given, answer))
    assert runs[2].outcome == "passed"
    assert any("_getframe" in flag.text for flag in flags)
    assert any("could not be tried" in flag.text for flag in flags)


def test_only_what_is_about_the_test_is_flagged(judge: Judge) -> None:
    """An answer that does something odd, and fails, needs no look of anybody."""
    test, flags, _ = doubled(judge, "import gc\ndef double(x): return x")
    assert (test.outcome, flags) == ("failed", [])


def test_magics_and_input_do_no_harm(judge: Judge) -> None:
    given = assignment("!rm -rf /\n%matplotlib inline", "input()")
    runs, _ = judge.run(given, given.cells)
    assert runs[0].outcome == "passed"
    assert "nobody answers" in runs[1].error


def test_nothing_is_left_in_the_file_system(judge: Judge, tmp_path: Path) -> None:
    with Judge(["counter"], "total", Settings(), tiers=judge.tiers) as made:
        folder = made.folder
        doubled(made, RIGHT)
    assert not folder.exists()
