"""A milestone runs on the learner's own modules, in its own process, and never on the reference."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import Learner, edit, finish, hand_in
from tito.errors import UsageError, WorkspaceError
from tito.learner.desk import open_desk
from tito.learner.milestone import run_milestone


def run_it(limit: float = 30) -> tuple[Path, str]:
    desk = open_desk()
    return run_milestone(desk, desk.milestone("abacus"), limit)


def program(someone: Learner) -> Path:
    return someone.site / "abacus_base" / "milestones" / "2000_abacus" / "milestone.py"


@pytest.mark.parametrize("done", [(), ("counter",), ("total",)])
def test_it_never_runs_before_the_modules_are_complete_although_the_reference_is_there(
    at_work: Learner, done: tuple[str, ...]
) -> None:
    finish(at_work, *done)
    hand_in(at_work, "counter")
    with pytest.raises(UsageError) as caught:
        run_it()
    fixes = {"counter": "tito module complete counter", "total": "tito module start total"}
    assert [f.fix for f in caught.value.findings] == [f for m, f in fixes.items() if m not in done]
    assert not (at_work.root / "milestones").exists()


def test_it_runs_on_the_learners_exports(at_work: Learner) -> None:
    finish(at_work, "counter", "total")
    edit(at_work.root / "abacus/core/total.py", "return sum(", "return 100 + sum(")
    assert "exit code 1" in run_it()[1]


def test_what_it_makes_stays_in_the_workspace(at_work: Learner) -> None:
    finish(at_work, "counter", "total")
    folder, ended = run_it()
    assert ended == ""
    assert folder == at_work.root / "milestones" / "2000_abacus"
    assert (folder / "total.txt").read_text() == "2"


def test_a_module_that_is_provided_counts_as_there(at_work: Learner) -> None:
    edit(at_work.root / "tito.toml", 'tiers = ["base"]', 'tiers = ["base"]\nprovided = ["counter"]')
    finish(at_work, "total")
    assert run_it()[1] == ""


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("while True: pass", "stopped after 0.5 s"),
        ("raise SystemExit('too few')", "exit code 1"),
        ("import os; os.abort()", "SIGABRT"),
        ("input()", "exit code 1"),
    ],
)
def test_a_program_that_fails_or_never_ends_is_told(
    at_work: Learner, code: str, words: str
) -> None:
    finish(at_work, "counter", "total")
    program(at_work).write_text(code)
    assert words in run_it(limit=0.5)[1]


def test_a_file_that_hides_the_course_is_refused(at_work: Learner) -> None:
    finish(at_work, "counter", "total")
    (at_work.root / "abacus.py").write_text("")
    with pytest.raises(WorkspaceError, match="hides the course"):
        run_it()
