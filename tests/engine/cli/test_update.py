"""`tito module update` as a learner types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support import Learner, edit, hand_in


def lessons(someone: Learner) -> Path:
    return someone.site / "abacus_base" / "_compiled" / "lessons"


def release(someone: Learner, module: str = "counter") -> None:
    """A new version of the tier is installed."""
    for suffix in (".ipynb", ".py"):
        path = lessons(someone) / f"{module}{suffix}"
        text = path.read_text(encoding="utf-8").replace("It costs nothing.", "It costs little.")
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def waits(learner: Learner) -> Learner:
    """Someone who has begun a module of which there is a newer lesson now."""
    learner.tito("module", "start", "counter")
    release(learner)
    return learner


def test_without_anything_new_nothing_is_done(learner: Learner) -> None:
    learner.tito("module", "start", "counter")
    before = learner.file("counter").read_bytes()
    for arguments in ([], ["counter"], ["--check"], ["counter", "--check"]):
        done = learner.tito("module", "update", *arguments)
        assert (done.code, done.out, done.err) == (0, "No update waits.\n", "")
    assert learner.tito("module", "update", "--diff").out == ""
    assert learner.file("counter").read_bytes() == before
    assert len(list(learner.file("counter").parent.iterdir())) == 1


def test_status_and_check_say_that_an_update_waits(waits: Learner) -> None:
    command = "tito module update counter"
    assert f"module 01 Counter: a new lesson waits: {command}" in waits.tito("status").out
    data = json.loads(waits.tito("status", "--json").out)
    assert {m: e["update_waits"] for m, e in data["modules"].items()} == {
        "counter": True,
        "total": False,
    }
    check = waits.tito("module", "update", "--check")
    assert (check.code, check.out) == (1, f"An update waits: {command}\n")


def test_the_difference_is_shown_and_nothing_is_written(waits: Learner) -> None:
    before = waits.file("counter").read_bytes()
    shown = waits.tito("module", "update", "--diff")
    assert shown.code == 0
    changed = [line for line in shown.out.splitlines() if line[:1] in "+-"]
    assert changed[2:] == ["-It costs nothing.", "+It costs little."]
    assert waits.file("counter").read_bytes() == before
    assert waits.tito("module", "update", "--check").code == 1


def test_an_update_keeps_a_copy_and_says_what_to_do_next(waits: Learner) -> None:
    before = waits.file("counter").read_bytes()
    done = waits.tito("module", "update")
    assert done.code == 0
    first, second, last = done.out.splitlines()
    assert first == "modules/01_counter/counter.ipynb is the new lesson, with what you wrote in it."
    kept = waits.root / second.removeprefix("A copy of what stood there: ")
    assert kept.read_bytes() == before
    assert last.endswith("tito module test counter")
    new = (lessons(waits) / "counter.ipynb").read_bytes()
    assert waits.file("counter").read_bytes() == new
    assert waits.tito("module", "update").out == "No update waits.\n"
    assert "a new lesson" not in waits.tito("status").out


def test_conflicts_are_listed(waits: Learner) -> None:
    edit(waits.file("counter"), "It costs nothing.", "It costs me an hour.")
    done = waits.tito("module", "update")
    assert done.code == 0
    assert "both changed it; yours counts" in done.err
    assert "counter.ipynb, cell " in done.err
    for text in ("It costs little.", "It costs me an hour."):
        assert text in waits.file("counter").read_text()


def test_a_completed_module_counts_as_edited_after_its_update(learner: Learner) -> None:
    learner.complete("counter")
    release(learner)
    learner.tito("module", "update")
    assert "Counter: edited since it was completed" in learner.tito("status").out
    assert learner.tito("module", "test", "counter").code == 0


def test_a_file_whose_lesson_is_not_known_is_left_alone_with_the_way_out(learner: Learner) -> None:
    path = hand_in(learner, "counter")
    before = path.read_bytes()
    done = learner.tito("module", "update", "counter")
    assert done.code == 1
    assert "tito module reset counter --tests" in done.err
    assert path.read_bytes() == before


def test_a_file_that_cannot_be_read_keeps_no_other_from_its_update(waits: Learner) -> None:
    waits.tito("module", "start", "total", "--force")
    waits.file("counter").write_text("{")
    for suffix in (".ipynb", ".py"):
        edit(lessons(waits) / f"total{suffix}", "# 02 · Total", "# 02 · The total")
    done = waits.tito("module", "update")
    assert done.code == 1
    assert "counter.ipynb" in done.err
    assert waits.file("counter").read_text() == "{"
    assert waits.file("total").read_bytes() == (lessons(waits) / "total.ipynb").read_bytes()
