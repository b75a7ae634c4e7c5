"""No hostile submission crashes or holds up grading, earns what it did not earn, or costs anybody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from grading.adversarial.hostile_class import (
    CLASSMATE,
    LIMITS,
    HostileClass,
    beside,
    graded_class,
    hostile_course,
    student,
)
from grading.adversarial.page import PAGE, page
from grading.adversarial.suite import CELLS, HERE, MARKERS, NAME, POINTS, Attack, attacks
from tito.grading.feedback import write_feedback
from tito.grading.gradebook import record
from tito.grading.oracle import grades

ATTACKS = attacks()
SHOWN = {
    "html", "terminal", "exception-name", "lone-surrogates", "grade-ids-hostile", "hostile-repr",
    "several", "odd-letters",
}  # fmt: skip
GUIDE = PAGE.with_name("grading.md")
PATIENCE = 15.0  # seconds beside those of the submission: a busy machine, a judge that starts anew


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostileClass]:
    root = tmp_path_factory.mktemp("hostile")
    with hostile_course(root) as (course, site):
        yield graded_class(root, course, site, ATTACKS)


def each(beyond: bool = False) -> pytest.MarkDecorator:
    chosen = [(n, attack) for n, attack in enumerate(ATTACKS) if attack.beyond or not beyond]
    cases = [pytest.param(n, attack, id=attack.name) for n, attack in chosen]
    return pytest.mark.parametrize(("number", "attack"), cases)


@each()
def test_what_becomes_of_it(hostile: HostileClass, number: int, attack: Attack) -> None:
    result = hostile.result(student(number, attack))
    runs = {run.id: run.outcome for run in result.runs}
    wanted = zip(CELLS, attack.cells, strict=True)
    assert all(cell in ("any", runs.get(name, "")) for name, cell in wanted), result.runs
    assert result.earned == attack.earned, result.scores


@each()
def test_why_a_person_should_look_at_it(hostile: HostileClass, number: int, attack: Attack) -> None:
    result = hostile.result(student(number, attack))
    flags = [flag.text for flag in result.flags]
    assert bool(flags) == bool(attack.flags), flags
    notes = [remark.text for remark in result.remarks if remark.kind == "note"]
    said = [run.stdout + run.stderr + run.value for run in result.runs]
    for wanted, found in ((attack.flags, flags), (attack.notes, notes), (attack.says, said)):
        for text in wanted:
            assert any(text in each for each in found), (text, found, result.runs)


@each()
def test_no_point_is_given_for_what_did_not_run(
    hostile: HostileClass, number: int, attack: Attack
) -> None:
    result = hostile.result(student(number, attack))
    ran = {run.id for run in result.runs if run.outcome == "passed"}
    flagged = {flag.cell for flag in result.flags}
    for score in result.scores:
        assert score.points == POINTS.get(score.id, 0)
        assert score.earned in (0, score.points if score.id in ran - flagged else 0)


@each()
def test_it_ends_in_time(hostile: HostileClass, number: int, attack: Attack) -> None:
    assert hostile.seconds[student(number, attack)] < LIMITS.wall + PATIENCE


@each()
def test_the_classmate_beside_it_has_the_same_result(
    hostile: HostileClass, number: int, attack: Attack
) -> None:
    assert hostile.as_classmate(beside(number, attack)) == hostile.alone


@each()
def test_it_read_nothing_that_is_secret(hostile: HostileClass, number: int, attack: Attack) -> None:
    if not attack.beyond:
        text = hostile.text(student(number, attack))
        assert [marker for marker in MARKERS if marker in text] == []


@pytest.mark.xfail(strict=True, reason="what in-process tests cannot guarantee")
@each(beyond=True)
def test_it_is_caught(hostile: HostileClass, number: int, attack: Attack) -> None:
    result = hostile.result(student(number, attack))
    secrets = [marker for marker in MARKERS if marker in hostile.text(student(number, attack))]
    assert result.flags or (result.earned < 100 and not secrets)


@each(beyond=True)
def test_what_is_not_caught_is_documented(number: int, attack: Attack) -> None:
    text = GUIDE.read_text().partition("What in-process tests cannot guarantee")[2]
    assert attack.beyond in text


def test_the_classmate_is_right(hostile: HostileClass) -> None:
    result = hostile.result(CLASSMATE)
    assert (result.earned, result.remarks) == (100, ())


def test_everybody_is_graded(hostile: HostileClass) -> None:
    assert hostile.summary.findings == []
    assert hostile.summary.counts["graded"] == 2 * len(ATTACKS) + 1


def test_only_results_were_written(hostile: HostileClass) -> None:
    written = {path for path in hostile.written if not path.startswith("course/results/")}
    assert written == set()


def test_no_process_is_left(hostile: HostileClass) -> None:
    assert hostile.left == []


def test_all_of_this_was_in_a_sandbox(hostile: HostileClass) -> None:
    assert hostile.summary.sandbox.startswith("bubblewrap + namespaces + Landlock")


@pytest.fixture(scope="module")
def recorded(hostile: HostileClass) -> HostileClass:
    """With all of it in nbgrader's gradebook, and executed notebooks."""
    record(hostile.course, NAME)
    return hostile


def test_nbgraders_gradebook_has_the_same_points(recorded: HostileClass) -> None:
    graded = grades(recorded.course, NAME)
    names = [s for n, attack in enumerate(ATTACKS) for s in (student(n, attack), beside(n, attack))]
    for name in names:
        earned = {score.id: score.earned for score in recorded.result(name).scores}
        assert {cell: score or 0 for cell, score in graded[name].items()} == earned


def test_feedback_shows_what_was_written_and_runs_nothing_of_it(recorded: HostileClass) -> None:
    names = [student(n, attack) for n, attack in enumerate(ATTACKS) if attack.name in SHOWN]
    assert write_feedback(recorded.course, NAME, [CLASSMATE, *names], lambda: None) == []
    pages = {name: recorded.course.feedback(name, NAME).read_text() for name in (CLASSMATE, *names)}
    assert len(pages) == len(SHOWN) + 1
    usual = active(pages.pop(CLASSMATE))
    for name, text in pages.items():
        assert active(text) == usual, name
        assert not any(marker in text for marker in MARKERS), name


class Active(HTMLParser):
    """Collects what a browser would run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "iframe", "object", "embed", "svg", "math", "base", "form"):
            self.found.append(tag)
        runs = [name for name, value in attrs if "javascript:" in (value or "").lower()]
        self.found += [*runs, *(name for name, _ in attrs if name.startswith("on"))]


def active(page: str) -> list[str]:
    parser = Active()
    parser.feed(page)
    return parser.found


def test_the_page_about_attacks_is_what_the_suite_says() -> None:
    assert PAGE.read_text() == page(), "python tests/grading/adversarial/page.py"


def test_nbgrader_was_measured_with_each_attack_that_it_can_be() -> None:
    measured = json.loads((HERE / "stock.json").read_text())
    assert set(measured) == {attack.name for attack in ATTACKS if not attack.stock}


def test_each_attack_has_a_name_of_its_own_and_the_suite_is_large() -> None:
    names = [attack.name for attack in ATTACKS]
    assert len(set(names)) == len(names) >= 60
