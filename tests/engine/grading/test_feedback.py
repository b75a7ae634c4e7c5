"""Pages for students: nbgrader's own, with nothing in them that runs or that is not for students."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from grading.dangers import dangers
from grading.stock import nbgrader
from tito.grading.course import MARKER, CourseFolder
from tito.grading.feedback import write_feedback
from tito.grading.gradebook import record
from tito.grading.safe import markdown_to_html

NAME, STUDENT = "01_counter", "student-00001"
EVIL = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><circle/></svg>",
    "<a href='javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&#58;alert(1))",
    "![x](javascript:alert(1))",
    "<iframe src='data:text/html,<script>alert(1)</script>'></iframe>",
    "<div style='background:url(javascript:alert(1))' onclick=alert(1)>x</div>",
    "$\\href{javascript:alert(1)}{x}$",
    "```html\n<script>alert(1)</script>\n```",
    "<math><mtext></mtext><script>alert(1)</script></math>",
    "</div></body><script>alert(1)</script>",
]


@pytest.mark.parametrize("evil", EVIL)
def test_markdown_can_show_and_do_nothing(evil: str) -> None:
    made = markdown_to_html(evil)
    assert dangers(made) == []
    assert "\\href" not in made


def test_what_is_harmless_is_shown_as_it_was_meant() -> None:
    made = markdown_to_html(
        "## Why\n\n*x* < 3 and $a < b$, `y`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    )
    for part in ("<h2", "<em>x</em> &lt; 3", "$a &lt; b$", "<code>y</code>", "<td>1</td>"):
        assert part in made


def page(course: CourseFolder, student: str = STUDENT) -> str:
    assert write_feedback(course, NAME, [student], lambda: None) == []
    return course.feedback(student, NAME).read_text(encoding="utf-8")


def own_scripts(course: CourseFolder) -> list[str]:
    """What nbgrader's own template loads, with nothing of a student's in it."""
    return dangers(page(course, "student-00000"))


def answer(course: CourseFolder, text: str) -> None:
    """The student's answers and outputs say this; so does a note."""
    path = course.submitted(STUDENT, NAME) / "counter.ipynb"
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = [text] if cell["cell_type"] == "markdown" else [f"'''{text}'''"]
    path.write_text(json.dumps(notebook))
    data = json.loads(course.result(STUDENT, NAME).read_text())
    said = dict.fromkeys(("stdout", "stderr", "value", "error", "traceback"), text)
    data["runs"] = [run | said | {"outcome": "failed"} for run in data["runs"]]
    data["remarks"] = [{"kind": kind, "cell": text, "text": text} for kind in ("note", "flag")]
    course.result(STUDENT, NAME).write_text(json.dumps(data))
    record(course, NAME)


def test_nothing_that_a_student_wrote_runs(a_class: CourseFolder) -> None:
    usual = own_scripts(a_class)
    answer(a_class, "\n\n".join(EVIL))
    made = page(a_class)
    assert "alert(1)" in made
    assert dangers(made) == usual


def test_it_shows_points_notes_and_comments_but_neither_rubric_nor_flags(
    a_class: CourseFolder,
) -> None:
    answer(a_class, "the word")
    data: dict[str, Any] = json.loads(a_class.result(STUDENT, NAME).read_text())
    flag = {"kind": "flag", "cell": "test-counter-count", "text": "it equals everything"}
    note = {"kind": "note", "cell": "test-counter-count", "text": "this test was edited"}
    a_class.result(STUDENT, NAME).write_text(json.dumps(data | {"remarks": [flag, note]}))
    record(a_class, NAME)
    text = re.sub(r"<[^>]+>", "", page(a_class))
    assert "this test was edited" in text
    assert "a person will look at this" in text
    assert "Score: " in text
    for secret in ("equals everything", "Rubric", "HIDDEN", "counter(7)"):
        assert secret not in text


def fail_in_the_hidden_test(course: CourseFolder) -> None:
    data = json.loads(course.result(STUDENT, NAME).read_text())
    lines = [
        "counter.ipynb, cell 9, line 5",
        '    assert counter(7).count() == 8, "after 7 comes 8"',
    ]
    failed = {"outcome": "failed", "error": "after 7 comes 8", "traceback": "\n".join(lines)}
    for run in data["runs"]:
        run.update(failed if run["id"] == "test-counter-count" else {})
    course.result(STUDENT, NAME).write_text(json.dumps(data))
    record(course, NAME)


def test_a_failing_hidden_test_says_what_is_wrong_and_not_how_it_was_tested(
    a_class: CourseFolder,
) -> None:
    fail_in_the_hidden_test(a_class)
    made = page(a_class)
    assert "after 7 comes 8" in made
    assert "counter(7)" not in made
    assert "(a hidden test)" in made


def test_the_course_may_show_hidden_tests(a_class: CourseFolder) -> None:
    fail_in_the_hidden_test(a_class)
    marker: Path = a_class.root / MARKER
    marker.write_text(marker.read_text().replace("hidden_tests = false", "hidden_tests = true"))
    assert "counter(7)" in re.sub(r"<[^>]+>", "", page(a_class))


def test_nbgraders_own_command_is_as_safe(a_class: CourseFolder) -> None:
    usual = own_scripts(a_class)
    answer(a_class, "\n\n".join(EVIL))
    done = nbgrader(a_class, "generate_feedback", NAME, "--student", STUDENT, "--force")
    assert done.code == 0, done.err
    made = a_class.feedback(STUDENT, NAME).read_text(encoding="utf-8")
    assert dangers(made) == usual
    assert "Rubric" not in made


def test_a_page_that_cannot_be_made_is_said_and_the_others_are_there(a_class: CourseFolder) -> None:
    a_class.autograded(STUDENT, NAME).write_text("no notebook")
    told: list[None] = []
    (finding,) = write_feedback(
        a_class, NAME, [STUDENT, "student-00000"], lambda: told.append(None)
    )
    assert STUDENT in finding.where
    assert a_class.feedback("student-00000", NAME).exists()
    assert len(told) == 2
