"""`tito milestone …` shows what each still needs, runs it, and remembers that it passed."""

from __future__ import annotations

import json
from pathlib import Path

from support import Typist, finish, hand_in


def program(someone: Typist) -> Path:
    return someone.site / "abacus_base" / "milestones" / "2000_abacus" / "milestone.py"


def row(someone: Typist) -> list[str]:
    return someone.tito("milestone", "list").out.splitlines()[1].split()


def test_the_table_and_the_json_tell_the_same_on_the_whole_way(learner: Typist) -> None:
    seen = []
    for done in ((), ("counter",), ("total",)):
        finish(learner, *done)
        (data,) = json.loads(learner.tito("milestone", "list", "--json").out)
        needs = ", ".join(data["needs"]).split()
        assert row(learner) == [data["id"], *data["title"].split(), data["status"], *needs]
        seen.append((data["status"], data["needs"]))
    assert seen == [("waiting", ["counter", "total"]), ("waiting", ["total"]), ("ready", [])]
    learner.process("milestone", "run", "2000")
    assert row(learner)[-1] == "passed"


def test_a_milestone_whose_modules_are_not_complete_says_what_to_type_for_each(
    learner: Typist,
) -> None:
    hand_in(learner, "counter")
    program(learner).write_text("print('it ran')")
    done = learner.process("milestone", "run", "abacus")
    assert (done.code, done.out) == (2, "")
    assert [line for line in done.err.splitlines() if "next:" in line] == [
        "  next:  tito module complete counter",
        "  next:  tito module start total",
    ]


def test_a_milestone_that_passes_shows_its_output_and_what_it_made(learner: Typist) -> None:
    finish(learner, "counter", "total")
    done = learner.process("milestone", "run", "abacus")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "total: 2\nMilestone 2000 The abacus: passed.\n  milestones/2000_abacus/total.txt\n"
        "Its story: tito milestone about 2000_abacus\n"
    )
    state = json.loads((learner.root / ".tito" / "state.json").read_text())
    assert state["milestones"]["2000_abacus"]["earned"] == 1


def test_a_milestone_that_fails_is_told_and_not_remembered(learner: Typist) -> None:
    finish(learner, "counter", "total")
    program(learner).write_text("raise SystemExit('only 3 of 4 were right')")
    done = learner.process("milestone", "run", "abacus")
    assert done.code == 1
    assert "only 3 of 4 were right" in done.err
    assert "The milestone did not pass: the program ended itself with exit code 1" in done.err
    assert row(learner)[-1] == "ready"


def test_a_milestone_that_never_ends_is_stopped(learner: Typist) -> None:
    finish(learner, "counter", "total")
    program(learner).write_text("while True: pass")
    done = learner.process("milestone", "run", "abacus", "--timeout", "0.5")
    assert done.code == 1
    assert "The milestone did not pass: stopped after 0.5 s" in done.err


def test_what_was_printed_comes_before_what_tito_says(learner: Typist) -> None:
    finish(learner, "counter", "total")
    program(learner).write_text("print('first')\nprint('second')")
    assert learner.process("milestone", "run", "abacus").out.splitlines() == [
        "first",
        "second",
        "Milestone 2000 The abacus: passed.",
        "Its story: tito milestone about 2000_abacus",
    ]


def test_its_story_can_be_read_before_anything_is_built(learner: Typist) -> None:
    listed = learner.tito("milestone", "list").out
    assert listed.splitlines()[-1] == "The story of each: tito milestone about MILESTONE"
    about = program(learner).with_name("ABOUT.md")
    for name in ("2000_abacus", "abacus", "2000"):
        done = learner.tito("milestone", "about", name)
        assert (done.code, done.out, done.err) == (0, about.read_text(encoding="utf-8"), "")
    about.unlink()
    done = learner.tito("milestone", "about", "2000")
    assert (done.code, done.out) == (1, "")
    assert "the page of the milestone 2000_abacus cannot be read" in done.err
