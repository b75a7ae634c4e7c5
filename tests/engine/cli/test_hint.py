"""`tito hint` and `tito solution`: help that comes step by step, and what was taken is remembered."""

from __future__ import annotations

import json

import pytest

from support import Learner, edit, hand_in, put_first
from tito.model import Workspace
from tito.workspace.state import read_state

HINTS = ["A counter is a number that grows.", "Add one.", "`self.value += 1`"]


@pytest.fixture
def begun(learner: Learner) -> Learner:
    """Someone at whose first exercise nothing is written, and whose file counts how often it runs."""
    learner.tito("module", "start", "counter")
    runs = learner.root / "runs"
    put_first(learner.file("counter"), f"open({str(runs)!r}, 'a').write('x')")
    return learner


def runs(someone: Learner) -> int:
    path = someone.root / "runs"
    return len(path.read_text()) if path.exists() else 0


def shown(someone: Learner, *arguments: str) -> str:
    """The text of the hint."""
    done = someone.tito("hint", *arguments)
    assert done.code == 0, done.err
    return next(line.strip() for line in done.out.splitlines() if line.startswith("  "))


def test_each_call_gives_the_next_hint_and_the_file_runs_once(begun: Learner) -> None:
    assert [shown(begun) for _ in range(3)] == HINTS
    assert runs(begun) == 1
    over = begun.tito("hint")
    assert HINTS[2] in over.out
    assert "You have had all hints" in over.out
    assert "tito solution counter counter-count --give-up" in over.out
    assert runs(begun) == 1


def test_again_repeats_the_last_hint(begun: Learner) -> None:
    assert [shown(begun, "--again") for _ in range(2)] == HINTS[:1] * 2
    asked = [shown(begun), shown(begun), shown(begun, "--again"), shown(begun)]
    assert asked == [HINTS[0], HINTS[1], HINTS[1], HINTS[2]]


def test_a_result_of_a_test_is_used(begun: Learner) -> None:
    begun.tito("module", "test", "counter")
    shown(begun)
    assert runs(begun) == 1


def test_a_changed_file_is_tested_anew(begun: Learner) -> None:
    shown(begun)
    put_first(begun.file("counter"), "mine = 1")
    assert shown(begun) == HINTS[1]
    assert runs(begun) == 2


def test_a_changed_module_that_it_builds_on_is_a_reason_to_test_anew(learner: Learner) -> None:
    learner.complete("counter")
    learner.tito("module", "start", "total")
    put_first(learner.file("total"), f"open({str(learner.root / 'runs')!r}, 'a').write('x')")
    shown(learner)
    shown(learner)
    assert runs(learner) == 1
    edit(learner.file("counter"), "self.value += 1", "self.value += 2 - 1")
    learner.tito("module", "complete", "counter")
    shown(learner)
    assert runs(learner) == 2


def test_the_hint_is_for_the_exercise_that_fails(learner: Learner) -> None:
    learner.tito("module", "start", "total", "--force")
    assert "A sum is built up." in learner.tito("hint").out
    hand_in(learner, "counter")
    learner.tito("module", "complete", "counter")
    edit(hand_in(learner, "total"), "return total(counters) / len(counters)", "return 0")
    assert "A mean is a total, shared out." in learner.tito("hint").out


def test_a_cell_that_fails_before_the_tests_is_what_the_hint_is_for(begun: Learner) -> None:
    path = hand_in(begun, "counter")
    edit(path, "self.value += 1", "self.value += ")
    assert shown(begun) == HINTS[0]


def test_what_goes_through_several_exercises_has_no_hint(begun: Learner) -> None:
    edit(hand_in(begun, "counter"), "self.value = value", "Counter.value = value")
    done = begun.tito("hint")
    assert done.code == 1
    assert "What fails is the test Counter together" in done.out
    assert "Next: tito module test counter" in done.out
    assert json.loads(begun.tito("hint", "--json").out) == {
        "module": "counter",
        "passed": False,
        "hint": None,
    }


def test_what_passes_needs_no_hint(learner: Learner) -> None:
    hand_in(learner, "counter")
    done = learner.tito("hint")
    assert (done.code, done.err) == (0, "")
    assert "Every test of counter passes" in done.out
    assert "Next: tito module complete counter" in done.out
    learner.tito("module", "complete", "counter")
    done = learner.tito("hint", "counter")
    assert (done.code, done.err) == (0, "")
    assert "Next" not in done.out


def test_the_json_holds_the_same(begun: Learner) -> None:
    data = json.loads(begun.tito("hint", "--json").out)
    assert (data["module"], data["passed"]) == ("counter", False)
    hint = data["hint"]
    assert (hint["task"]["id"], hint["stage"], hint["of"]) == ("counter-count", 1, 3)
    assert hint["text"] == HINTS[0]


def test_where_nothing_is_begun_that_is_said(learner: Learner) -> None:
    done = learner.tito("hint")
    assert done.code == 2
    assert "next:  tito module start counter" in done.err


def given_up(someone: Learner) -> list[str]:
    return list(read_state(Workspace(someone.root, ("base",)))[0].given_up)


def test_a_solution_is_shown_beside_theirs_after_the_module_passes(learner: Learner) -> None:
    edit(hand_in(learner, "counter"), "self.value += 1", "self.value = 1 + self.value")
    done = learner.tito("solution", "counter", COLUMNS="200")
    assert done.code == 0
    assert done.out.startswith("Task 1.1: ")
    row = next(line for line in done.out.splitlines() if "|" in line)
    assert row.split("|")[0].strip() == "self.value = 1 + self.value"
    assert row.split("|")[1].strip() == "self.value += 1"
    narrow = learner.tito("solution", "counter", COLUMNS="40")
    assert "|" not in narrow.out
    for text in ("yours:", "ours:", "self.value = 1 + self.value", "self.value += 1"):
        assert text in narrow.out
    assert given_up(learner) == []


def test_a_solution_that_is_ours_is_told(learner: Learner) -> None:
    hand_in(learner, "counter")
    assert "yours is ours, line for line" in learner.tito("solution", "counter").out


def test_a_solution_is_not_shown_before_unless_they_give_up(begun: Learner) -> None:
    refused = begun.tito("solution", "counter")
    assert (refused.code, refused.out) == (2, "")
    assert "tito solution counter --give-up" in refused.err
    assert "self.value += 1" not in refused.err
    assert given_up(begun) == []
    done = begun.tito("solution", "counter", "1", "--give-up")
    assert done.code == 0
    assert "self.value += 1" in done.out
    assert given_up(begun) == ["counter/counter-count"]
    line = "module 01 Counter: a solution was shown before it passed"
    assert line in begun.tito("status").out
    data = json.loads(begun.tito("status", "--json").out)["modules"]
    assert [data[each]["given_up"] for each in ("counter", "total")] == [["counter-count"], []]
    assert runs(begun) == 1


def test_a_course_can_switch_solutions_off(learner: Learner) -> None:
    hand_in(learner, "counter")
    with (learner.root / "tito.toml").open("a") as file:
        file.write("solutions = false\n")
    for more in ([], ["--give-up"]):
        done = learner.tito("solution", "counter", *more)
        assert (done.code, done.out) == (2, "")
        assert "solutions = false" in done.err
    assert given_up(learner) == []


def test_an_exercise_is_found_by_number_and_id(learner: Learner) -> None:
    learner.complete("counter", "total")
    for name in ("2.2", "2", "total-mean", "total-m"):
        data = json.loads(learner.tito("solution", "total", name, "--json").out)
        assert [pair["task"]["id"] for pair in data] == ["total-mean"]
    assert "tito solution total" in learner.tito("solution", "total", "nothing").err
