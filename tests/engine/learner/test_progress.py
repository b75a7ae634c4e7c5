"""How far a learner is follows from files and from the graph, and nothing else."""

from __future__ import annotations

import os

from support import Learner, edit, finish, hand_in
from tito.learner.desk import open_desk
from tito.learner.progress import (
    milestone_status,
    missing,
    module_progress,
    next_command,
    unlocked_by,
)
from tito.workspace.state import Result, State


def statuses() -> list[str]:
    return [entry.status for entry in module_progress(open_desk(), State())]


def test_a_module_goes_from_waiting_over_ready_and_started_to_completed(at_work: Learner) -> None:
    seen = [statuses()]
    hand_in(at_work, "counter")
    seen.append(statuses())
    finish(at_work, "counter")
    seen.append(statuses())
    hand_in(at_work, "total")
    seen.append(statuses())
    finish(at_work, "total")
    assert seen == [
        ["ready", "waiting"],
        ["started", "waiting"],
        ["completed", "ready"],
        ["completed", "started"],
    ]
    assert statuses() == ["completed", "completed"]


def test_what_was_changed_since_its_export_is_edited(at_work: Learner) -> None:
    path = hand_in(at_work, "counter")
    finish(at_work, "counter")
    exported = at_work.root / "abacus" / "core" / "counter.py"
    os.utime(exported, ns=(path.stat().st_mtime_ns + 1, path.stat().st_mtime_ns + 1))
    assert statuses()[0] == "completed"
    os.utime(exported, ns=(path.stat().st_mtime_ns - 1, path.stat().st_mtime_ns - 1))
    assert statuses()[0] == "edited"


def test_an_export_that_was_changed_by_hand_is_edited(at_work: Learner) -> None:
    hand_in(at_work, "counter")
    finish(at_work, "counter")
    exported = at_work.root / "abacus" / "core" / "counter.py"
    exported.write_bytes(exported.read_bytes().replace(b"\n", b"\r\n"))
    assert statuses()[0] == "completed", "other line ends are no change"
    edit(exported, "self.value += 1", "self.value += 2")
    assert statuses() == ["edited", "ready"]


def test_an_empty_folder_is_no_start(at_work: Learner) -> None:
    at_work.file("counter").parent.mkdir(parents=True)
    assert statuses()[0] == "ready"
    assert next_command(open_desk(), State()) == "tito module start counter"


def test_a_file_that_tito_did_not_make_completes_nothing(at_work: Learner) -> None:
    finish(at_work, "counter")
    exported = at_work.root / "abacus" / "core" / "counter.py"
    exported.write_text("class Counter: ...\n")
    assert statuses() == ["ready", "waiting"]


def test_what_is_provided_is_missing_nowhere(at_work: Learner) -> None:
    edit(at_work.root / "tito.toml", 'tiers = ["base"]', 'tiers = ["base"]\nprovided = ["counter"]')
    assert statuses() == ["provided", "ready"]
    assert missing(open_desk(), ("counter",)) == []


def test_the_next_command_leads_through_the_course_to_its_end(at_work: Learner) -> None:
    seen = [next_command(open_desk(), State())]
    hand_in(at_work, "counter")
    seen.append(next_command(open_desk(), State()))
    finish(at_work, "counter")
    seen.append(next_command(open_desk(), State()))
    finish(at_work, "total")
    seen.append(next_command(open_desk(), State()))
    passed = State(milestones={"2000_abacus": Result(1, 1, 0.0)})
    assert seen == [
        "tito module start counter",
        "tito module test counter",
        "tito module start total",
        "tito milestone run 2000_abacus",
    ]
    assert next_command(open_desk(), passed) == ""


def test_a_milestone_of_provided_modules_is_ready_and_nothing_to_do_next(
    at_work: Learner,
) -> None:
    given = 'tiers = ["base"]\nprovided = ["counter", "total"]'
    edit(at_work.root / "tito.toml", 'tiers = ["base"]', given)
    desk = open_desk()
    assert milestone_status(desk, State(), desk.milestone("abacus")) == "ready"
    assert next_command(desk, State()) == ""


def test_a_module_unlocks_what_has_then_everything_it_needs(at_work: Learner) -> None:
    finish(at_work, "counter")
    desk = open_desk()
    modules, milestones = unlocked_by(desk, desk.module("counter"))
    assert ([module.id for module in modules], milestones) == (["total"], [])
    finish(at_work, "total")
    desk = open_desk()
    assert unlocked_by(desk, desk.module("total")) == ([], [desk.milestone("abacus")])


def test_a_milestone_is_ready_when_its_modules_are_and_passed_when_it_was_run(
    at_work: Learner,
) -> None:
    finish(at_work, "counter")
    desk = open_desk()
    milestone = desk.milestone("abacus")
    assert milestone_status(desk, State(), milestone) == "waiting"
    finish(at_work, "total")
    assert milestone_status(open_desk(), State(), milestone) == "ready"
    passed = State(milestones={milestone.id: Result(1, 1, 0.0)})
    assert milestone_status(open_desk(), passed, milestone) == "passed"
