"""Integration tests run on the learner's modules, and whatever ends the run, each has its outcome."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from support import Learner, edit, finish, wait_until_gone
from tito.errors import WorkspaceError
from tito.learner.desk import Desk
from tito.learner.integration import run_integration
from tito.model import IntegrationReport

HEAD = 'REQUIRES = ("counter",)\n'


def add(someone: Learner, code: str, name: str = "test_mine.py") -> None:
    """Another integration test of the tier; the ones that it brings are taken away."""
    folder = someone.site / "abacus_base" / "tests"
    for path in folder.glob("test_*.py"):
        path.unlink()
    (folder / name).write_text(code)


def run(desk: Desk, limit: float = 60) -> IntegrationReport:
    return run_integration(desk.gate, limit)


def outcomes(report: IntegrationReport) -> dict[str, str]:
    return {name.partition("::")[2]: result.outcome for name, result in report.tests}


def test_what_is_complete_runs_and_the_rest_is_left_out(at_work: Learner, desk: Desk) -> None:
    finish(at_work, "counter")
    report = run(desk)
    ((name, result),) = report.tests
    assert name == "abacus_base/tests/test_alone.py::test_counters_are_independent"
    assert (result.outcome, result.error, report.findings) == ("passed", "", ())
    (left,) = report.left_out
    assert (left.where, left.fix) == (
        "abacus_base/tests/test_together.py",
        "tito module start total",
    )
    assert report.passed
    assert 0 < result.seconds < report.seconds

    finish(at_work, "total")
    report = run(desk)
    assert (len(report.tests), report.left_out, report.passed) == (3, (), True)


def test_it_is_the_learners_own_code_that_runs_and_is_named(at_work: Learner, desk: Desk) -> None:
    finish(at_work, "counter", "total")
    own = at_work.root / "abacus/core/total.py"
    edit(own, "return sum(counter.value for counter in counters)", "return 1 / 0")
    line = own.read_text().splitlines().index("    return 1 / 0") + 1
    report = run(desk)
    assert outcomes(report) == {
        "test_counters_are_independent": "passed",
        "test_what_was_counted_is_added_up": "failed",
        "test_and_shared_out": "failed",
    }
    failed = dict(report.tests)["abacus_base/tests/test_together.py::test_and_shared_out"]
    assert failed.error == "ZeroDivisionError: division by zero"
    assert failed.where == f"abacus/core/total.py:{line}"
    assert failed.source == "return 1 / 0"
    assert not report.passed


def test_an_assert_is_told_with_its_message_place_and_output(at_work: Learner, desk: Desk) -> None:
    finish(at_work, "counter", "total")
    edit(
        at_work.root / "abacus/core/counter.py", "self.value += 1", "print('one'); self.value += 2"
    )
    report = run(desk)
    failed = dict(report.tests)["abacus_base/tests/test_alone.py::test_counters_are_independent"]
    assert failed.error.startswith("counters share their value")
    assert failed.where == "abacus_base/tests/test_alone.py:11"
    assert failed.source.startswith("assert (first.value, second.value)")
    assert failed.output == "one\n"


def test_setup_and_teardown_count_and_skips_say_why(at_work: Learner, desk: Desk) -> None:
    finish(at_work, "counter")
    code = HEAD + (
        "import pytest\n"
        "@pytest.fixture\ndef before(): raise OSError('no room')\n"
        "@pytest.fixture\ndef after():\n    yield\n    raise OSError('left over')\n"
        "def test_before(before): pass\n"
        "def test_after(after): pass\n"
        "def test_skipped(): pytest.skip('only on Sundays')\n"
        "@pytest.mark.xfail(strict=True)\ndef test_expected(): pass\n"
        "@pytest.mark.parametrize('n', [1, 2])\ndef test_each(n): assert n == 1\n"
    )
    add(at_work, code)
    report = run(desk)
    assert outcomes(report) == {
        "test_before": "failed",
        "test_after": "failed",
        "test_skipped": "skipped",
        "test_expected": "failed",
        "test_each[1]": "passed",
        "test_each[2]": "failed",
    }
    errors = [result.error for _, result in report.tests]
    assert errors[0].endswith("no room")
    assert errors[1].endswith("left over")
    assert "only on Sundays" in errors[2]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("while True: pass", "stopped after 3 s"),
        ("import os; os._exit(0)", "the test ended the whole run"),
        ("import os; os._exit(3)", "exit code 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashed (SIGSEGV)"),
        ("raise KeyboardInterrupt", "exit code 2"),
    ],
)
def test_a_test_that_ends_the_run_is_told_and_the_next_are_not_run(
    at_work: Learner, desk: Desk, code: str, error: str
) -> None:
    finish(at_work, "counter")
    add(at_work, f"{HEAD}def test_a(): pass\ndef test_b():\n    {code}\ndef test_c(): pass\n")
    report = run(desk, 3)
    assert outcomes(report) == {"test_a": "passed", "test_b": "failed", "test_c": "not run"}
    assert error in dict(report.tests)["abacus_base/tests/test_mine.py::test_b"].error
    assert (report.findings, report.passed) == ((), False)


def test_a_test_that_kills_its_parent_reaches_no_more_than_the_guard(
    at_work: Learner, desk: Desk
) -> None:
    """Whether it ends before it is swept away with its group is a race; it has not passed."""
    finish(at_work, "counter")
    add(at_work, f"{HEAD}def test_a():\n    import os; os.kill(os.getppid(), 9)\n")
    assert not run(desk).passed


def test_a_test_that_exits_fails_alone(at_work: Learner, desk: Desk) -> None:
    finish(at_work, "counter")
    add(at_work, f"{HEAD}def test_a(): raise SystemExit\ndef test_b(): pass\n")
    assert outcomes(run(desk)) == {"test_a": "failed", "test_b": "passed"}


def test_a_file_that_cannot_be_imported_is_a_finding_and_the_others_run(
    at_work: Learner, desk: Desk
) -> None:
    finish(at_work, "counter", "total")
    own = at_work.root / "abacus/core/total.py"
    own.write_text(own.read_text().replace("def mean", "def meen"))
    report = run(desk)
    assert outcomes(report) == {"test_counters_are_independent": "passed"}
    (finding,) = report.findings
    assert finding.where == "abacus_base/tests/test_together.py"
    assert "cannot be collected: ImportError" in finding.message
    assert "abacus.core.more.mean belongs to" in finding.message
    assert not report.passed


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import os; os._exit(0)", "a file ended the whole run while it was imported"),
        ("while True: pass", "stopped after 3 s"),
    ],
)
def test_a_file_that_ends_the_run_while_it_is_imported(
    at_work: Learner, desk: Desk, code: str, why: str
) -> None:
    finish(at_work, "counter")
    add(at_work, f"{HEAD}{code}\n")
    report = run(desk, 3)
    assert (report.tests, report.passed) == ((), False)
    (finding,) = report.findings
    assert f"the integration tests cannot be collected: {why}" in finding.message


def test_nothing_collected_and_nothing_left_out_has_not_passed(
    at_work: Learner, desk: Desk
) -> None:
    add(at_work, HEAD, "none_here.py")
    report = run(desk)
    assert (report.tests, report.left_out, report.passed) == ((), (), False)


def test_a_file_without_a_test_is_a_finding(at_work: Learner, desk: Desk) -> None:
    finish(at_work, "counter")
    add(at_work, HEAD + "def tset_it(): pass\n")
    report = run(desk)
    (finding,) = report.findings
    assert finding.message == "the integration test holds no test"
    assert not report.passed


def test_a_file_that_does_not_say_what_it_needs_is_a_finding(at_work: Learner, desk: Desk) -> None:
    finish(at_work, "counter")
    (at_work.site / "abacus_base/tests/test_mine.py").write_text("def test_it(): pass\n")
    report = run(desk)
    assert outcomes(report) == {"test_counters_are_independent": "passed"}
    (finding,) = report.findings
    assert "has 0 lines REQUIRES" in finding.message
    assert not report.passed


def test_what_the_learner_says_to_pytest_is_not_meant_for_these_tests(
    at_work: Learner, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(at_work, "counter")
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k nothing")
    monkeypatch.setenv("PYTEST_PLUGINS", "nothing_like_this")
    for folder in (at_work.root, at_work.site, at_work.site.parent):
        (folder / "pytest.ini").write_text("[pytest]\naddopts = -k nothing\n")
        (folder / "conftest.py").write_text("raise OSError('not meant for these')\n")
    before = sorted(at_work.site.rglob("*"))
    assert outcomes(run(desk)) == {"test_counters_are_independent": "passed"}
    assert sorted(at_work.site.rglob("*")) == before, "the run leaves nothing in the installation"


def test_a_tier_may_bring_fixtures(at_work: Learner, desk: Desk) -> None:
    finish(at_work, "counter")
    add(at_work, HEAD + "def test_it(seven): assert seven == 7\n")
    fixture = "import pytest\n\n@pytest.fixture\ndef seven(): return 7\n"
    (at_work.site / "abacus_base/tests/conftest.py").write_text(fixture)
    assert run(desk).passed


def test_what_hides_the_namespace_is_told_first(at_work: Learner, desk: Desk) -> None:
    finish(at_work, "counter")
    (at_work.root / "abacus" / "__init__.py").touch()
    with pytest.raises(WorkspaceError, match="hides the course"):
        run(desk)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no guard without fork")
def test_no_process_is_left_behind(at_work: Learner, desk: Desk, tmp_path: Path) -> None:
    finish(at_work, "counter")
    place = tmp_path / "pid"
    code = f"import os, pathlib; pathlib.Path({str(place)!r}).write_text(str(os.getpid()))"
    add(at_work, f"{HEAD}def test_it():\n    {code}\n    while True: pass\n")
    start = time.monotonic()
    run(desk, 3)
    assert time.monotonic() - start < 20
    wait_until_gone(int(place.read_text()))
