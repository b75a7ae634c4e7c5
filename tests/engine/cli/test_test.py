"""`tito test` tests every module that the learner works in, and then all of them together."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support import Learner, Typist, edit, finish, hand_in


def told(someone: Typist, *arguments: str, **variables: str) -> tuple[int, dict[str, Any]]:
    done = someone.tito("test", *arguments, "--json", **variables)
    return done.code, json.loads(done.out)


def test_in_a_fresh_workspace_everything_is_left_out_and_says_why(learner: Typist) -> None:
    done = learner.tito("test")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "Integration tests, on your modules:\n"
        "abacus_base/tests/test_alone.py\n"
        "left out: it needs counter, which is not complete\n"
        "      next: tito module start counter\n"
        "abacus_base/tests/test_together.py\n"
        "left out: it needs counter, total, which are not complete\n"
        "      next: tito module start counter\n"
        "0 of 0 integration tests passed in 0 ms; files left out: 2\n"
    )


def test_it_tests_the_modules_at_hand_and_then_the_integration(learner: Typist) -> None:
    finish(learner, "counter")
    hand_in(learner, "counter")
    hand_in(learner, "total")
    done = learner.tito("test")
    assert (done.code, done.err) == (0, ""), done.out
    heads = [line for line in done.out.splitlines() if line.startswith(("Module", "Integration"))]
    assert heads == [
        "Module 01 Counter, modules/01_counter/counter.ipynb",
        "Module 02 Total, modules/02_total/total.ipynb",
        "Integration tests, on your modules:",
    ]
    assert "1 of 1 integration tests passed" in done.out
    assert "files left out: 1" in done.out
    listed = json.loads(learner.tito("module", "list", "--json").out)
    assert [row["last"]["earned"] for row in listed] == [100, 100], "results are remembered"


def test_only_the_integration_if_that_was_asked_for(learner: Typist) -> None:
    finish(learner, "counter", "total")
    hand_in(learner, "counter")
    code, data = told(learner, "--integration")
    assert (code, data["modules"], data["passed"]) == (0, [], True)
    assert [test["name"] for test in data["integration"]["tests"]] == [
        "abacus_base/tests/test_alone.py::test_counters_are_independent",
        "abacus_base/tests/test_together.py::test_what_was_counted_is_added_up",
        "abacus_base/tests/test_together.py::test_and_shared_out",
    ]
    assert {test["outcome"] for test in data["integration"]["tests"]} == {"passed"}
    assert not (learner.root / ".tito").exists()


@pytest.mark.parametrize("flags", [[], ["--integration"]])
def test_a_failing_integration_test_is_told_with_its_place(
    learner: Typist, flags: list[str]
) -> None:
    finish(learner, "counter", "total")
    edit(learner.root / "abacus/core/total.py", "return sum(", "return 1 + sum(")
    done = learner.tito("test", *flags)
    assert done.code == 1
    assert "FAIL  test_what_was_counted_is_added_up" in done.out
    assert "1 + 4 is 5" in done.out
    assert "abacus_base/tests/test_together.py:12:  assert total(counters) == 5" in done.out
    assert "1 of 3 integration tests passed" in done.out
    code, data = told(learner, *flags)
    assert (code, data["passed"], data["integration"]["passed"]) == (1, False, False)


def test_a_module_that_fails_fails_the_whole_and_the_others_run(learner: Typist) -> None:
    learner.tito("module", "start", "counter")
    finish(learner, "counter")
    hand_in(learner, "total")
    code, data = told(learner)
    assert code == 1
    assert [(m["module"], m["passed"]) for m in data["modules"]] == [
        ("counter", False),
        ("total", True),
    ]
    assert data["integration"]["passed"]


def test_a_file_that_cannot_be_read_is_told_and_the_others_run(learner: Typist) -> None:
    finish(learner, "counter")
    hand_in(learner, "counter").write_text("{")
    hand_in(learner, "total")
    done = learner.tito("test")
    assert done.code == 1
    assert "Module 02 Total" in done.out
    assert "1 of 1 integration tests passed" in done.out
    assert "this file is not JSON" in done.err


def test_without_a_workspace_the_reference_is_tested(learner: Typist) -> None:
    done = learner.tito("test", TITO_WORKSPACE="")
    assert (done.code, done.err) == (0, "")
    assert "Integration tests, on the reference, since there is no workspace here" in done.out
    assert "3 of 3 integration tests passed" in done.out


def test_a_provided_module_is_not_tested_and_its_integration_is(learner: Typist) -> None:
    hand_in(learner, "counter")
    path = learner.root / "tito.toml"
    path.write_text(path.read_text() + 'provided = ["counter"]\n')
    code, data = told(learner)
    assert (code, data["modules"]) == (0, [])
    assert len(data["integration"]["tests"]) == 1


def test_where_no_tier_brings_tests_that_is_a_failure(learner: Typist) -> None:
    for path in (learner.site / "abacus_base/tests").glob("test_*.py"):
        path.unlink()
    done = learner.tito("test", "--integration")
    assert done.code == 1
    assert "0 of 0 integration tests passed" in done.out
    assert "no installed tier brings integration tests" in done.err


def test_a_time_limit_ends_an_endless_loop(learner: Learner) -> None:
    finish(learner, "counter", "total")
    edit(learner.root / "abacus/core/total.py", "return sum(", "while True: pass\n    return sum(")
    done = learner.tito("test", "--integration", "--timeout", "3")
    assert done.code == 1
    assert "stopped after 3 s" in done.out
    assert "--  test_and_shared_out  not run" in done.out
