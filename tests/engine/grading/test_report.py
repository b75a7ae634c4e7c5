"""The class page: right figures, no names unless asked for, and nothing in it that could run."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

from tito.grading.course import CourseFolder
from tito.grading.report import Look, page
from tito.grading.result import FORMAT, CellRun, Remark, Result, Score, dump
from tito.grading.standing import Standing, standings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TITLES = {("31_count", "up-test"): "Up by one"}
EVIL = "<script>alert(1)</script>"


def standing(student: str, *earned: float, flag: str = "", days: float = 1) -> Standing:
    scores = tuple(
        Score(f"{n}-test", 10.0, float(e)) for n, e in zip(("up", "down"), earned, strict=True)
    )
    remarks = (Remark("flag", "up-test", flag),) if flag else ()
    runs = (CellRun("up-test", "passed"),)
    result = Result(FORMAT, "31_count", student, "", "", runs, scores, remarks)
    return Standing(student, "31_count", NOW - timedelta(days=days), result)


CLASS = [
    standing("ada", 10, 10),
    standing("bob", 10, 0),
    standing("eve", 0, 0, flag=EVIL, days=0.25),
    standing("kim", 10, 10),
    Standing("zoe", "31_count", NOW, None),
]


class Text(HTMLParser):
    """The rows of the page's tables as texts, and every tag in it."""

    def __init__(self, html: str):
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.inside = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.rows[-1][-1] += data


def rows(named: bool = False, standings: list[Standing] = CLASS) -> list[list[str]]:
    found = Text(page(standings, Look("ML 101", NOW, TITLES, named))).rows
    return [[text.strip() for text in row] for row in found]


def test_an_assignment_in_figures() -> None:
    (row,) = [row for row in rows() if row[0] == "31_count" and len(row) == 8]
    # five handed in, four graded: shares 1, 0.5, 0 and 1, of which the third from below is 1
    assert row[1:7] == ["5", "4", "62%", "100%", "", "1"]


def test_who_stands_where() -> None:
    assert ["bob", "50%", "1 day ago"] in rows(named=True)
    assert ["eve", "0% ⚑", "6 hours ago"] in rows(named=True)
    assert ["zoe", "…", "just now"] in rows(named=True)


def test_what_the_class_fails_most_comes_first() -> None:
    tasks = [row[1:] for row in rows() if row[0] == "31_count" and len(row) == 4]
    up, down = ["Up by one", "25%", "4"], ["down-test", "50%", "4"]
    assert tasks[:2] == [down, up]
    assert tasks[2:4] == [up, down], "and then every task, in the lesson's order"


def test_two_submissions_say_more_about_people_than_about_a_task() -> None:
    few = page(CLASS[:2], Look("ML 101", NOW, TITLES))
    assert "no task was failed" in few
    assert few.count("down-test") == 1


def test_without_names_nobody_is_named_or_stands_in_alphabetical_order() -> None:
    html = page(CLASS, Look("ML 101", NOW, TITLES))
    assert not re.search("ada|bob|eve|kim|zoe", html)
    order = [row[:2] for row in rows() if row[0].startswith("student ") and len(row) == 3]
    assert order == [
        ["student 1", "100%"], ["student 2", "100%"], ["student 3", "50%"],
        ["student 4", "0% ⚑"], ["student 5", "…"],
    ]  # fmt: skip


def test_what_a_submission_says_is_shown_and_never_runs() -> None:
    html = page(CLASS, Look(EVIL, NOW, {("31_count", "up-test"): EVIL}, named=True))
    assert "script" not in Text(html).tags
    assert any(EVIL in row for row in Text(html).rows)
    assert "default-src 'none'" in html


def test_a_class_that_handed_in_nothing_has_a_page() -> None:
    assert "nothing was handed in" in page([], Look("ML 101", NOW, {}))


def test_standings_read_results_and_times(course: CourseFolder) -> None:
    """nbgrader's timestamp counts; without one, the newest file does."""
    name = course.assignments()[0]
    for student in ("ada", "bob", "eve"):
        course.submitted(student, name).mkdir(parents=True)
        course.result(student, name).parent.mkdir(parents=True, exist_ok=True)
    stamp = course.submitted("ada", name) / "timestamp.txt"
    stamp.write_text("2026-03-01 13:00:00 Europe/Berlin")
    os.utime(course.submitted("bob", name), (500, 500))
    course.result("ada", name).write_text(dump(CLASS[0].result))
    course.result("bob", name).write_text("{")
    ada, bob, eve = standings(course)
    assert ada.result == replace(CLASS[0].result, runs=())
    assert (bob.result, eve.result) == (None, None)
    assert (ada.handed_in, bob.handed_in) == (NOW, datetime.fromtimestamp(500, UTC))
    assert bob.problem.where == str(course.result("bob", name))
    assert (ada.problem, eve.problem) == (None, None)
