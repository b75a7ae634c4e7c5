"""`tito status` says how far you are and what to type next, and its JSON says the same."""

from __future__ import annotations

import json

import pytest

from support import Learner, edit, finish, hand_in, install, project


def test_the_way_through_a_course(learner: Learner) -> None:
    seen = [learner.tito("status").out.splitlines()[1:]]
    hand_in(learner, "counter")
    learner.tito("module", "test", "counter")
    seen.append(learner.tito("status").out.splitlines()[1:])
    learner.complete("counter", "total")
    seen.append(learner.tito("status").out.splitlines()[1:])
    learner.tito("milestone", "run", "abacus")
    seen.append(learner.tito("status").out.splitlines()[1:])
    assert seen == [
        ["  Base: 0 of 2 modules completed", "Next: tito module start counter"],
        [
            "  Base: 0 of 2 modules completed",
            "  module 01 Counter: started, 100 of 100 points",
            "Next: tito module test counter",
        ],
        [
            "  Base: 2 of 2 modules completed",
            "  milestone 2000 The abacus: ready",
            "Next: tito milestone run 2000_abacus",
        ],
        [
            "  Base: 2 of 2 modules completed",
            "  milestone 2000 The abacus: passed",
            "Everything here is done.",
        ],
    ]


@pytest.mark.parametrize("done", [(), ("counter",), ("counter", "total")])
def test_the_json_holds_what_the_text_says(learner: Learner, done: tuple[str, ...]) -> None:
    finish(learner, *done)
    text = learner.tito("status").out
    data = json.loads(learner.tito("status", "--json").out)
    assert text.startswith(f"Workspace {data['workspace']}\n")
    assert f"  Base: {data['tiers']['base']}\n" in text
    assert f"Next: {data['next']}\n" in text
    assert [m for m, entry in data["modules"].items() if entry["status"] == "completed"] == [*done]
    assert ("abacus: ready" in text) == (data["milestones"]["2000_abacus"] == "ready")


def test_what_was_edited_after_its_completion_is_told(learner: Learner) -> None:
    learner.complete("counter")
    edit(learner.file("counter"), "self.value += 1", "self.value += 2")
    assert "module 01 Counter: edited since it was completed" in learner.tito("status").out


def test_a_tier_that_others_need_is_shown_as_provided(learner: Learner) -> None:
    install(project("more-tier", learner.site.parent / "more"), learner.site)
    edit(learner.root / "tito.toml", '"base"', '"more"')
    data = json.loads(learner.tito("status", "--json").out)
    assert data["tiers"] == {"base": "provided", "more": "0 of 1 modules completed"}
    assert data["next"] == "tito module start tally"
