"""nbgrader's own Autograde, which formgrader's button starts, goes through our sandbox."""

from __future__ import annotations

import json
from functools import partial

from grading.databases import lose_gradebook, rows
from grading.stock import nbgrader
from support import OUR_TIERS, tito
from tito.grading.course import MARKER, CourseFolder
from tito.grading.gradebook import record
from tito.grading.result import load

NAME = "01_counter"
GRADES = """SELECT s.student_id, c.name, g.auto_score, g.needs_manual_grade
    FROM grade g JOIN base_cell c ON c.id = g.cell_id JOIN submitted_notebook n ON n.id = g.notebook_id
    JOIN submitted_assignment s ON s.id = n.assignment_id"""


def test_its_grades_and_notebooks_are_ours(a_class: CourseFolder) -> None:
    before = rows(a_class.gradebook, GRADES)
    results = {path: path.read_bytes() for path in a_class.root.glob("results/*/*.json")}
    notebook = json.loads(a_class.autograded("student-00001", NAME).read_text())
    for path in results:
        path.unlink()
    lose_gradebook(a_class)
    record(a_class, NAME)  # the assignment is known again, and nobody is graded
    for student in ("student-00000", "student-00001"):
        done = nbgrader(a_class, "autograde", NAME, "--student", student, "--force")
        assert done.code == 0, done.err
    graded = ("student-00000", "student-00001")
    assert rows(a_class.gradebook, GRADES) == [row for row in before if row[0] in graded]
    again = {path: path.read_bytes() for path in a_class.root.glob("results/*/*.json")}
    assert again == {path: text for path, text in results.items() if path.stem in graded}
    assert json.loads(a_class.autograded("student-00001", NAME).read_text()) == notebook


def test_it_grades_as_the_course_says_and_so_does_our_command(
    a_class: CourseFolder, at_home: dict[str, str]
) -> None:
    """By nbgrader's rule, if that stands in course.toml: a test that writes to stderr earns 0."""
    student, marker = "student-00000", a_class.root / MARKER
    path = a_class.submitted(student, NAME) / "counter.ipynb"
    noisy = "        import warnings; warnings.warn('x'); return self.value\\n"
    path.write_text(path.read_text().replace("        return self.value\\n", noisy))
    marker.write_text(marker.read_text() + 'stderr = "fail"\n')
    done = nbgrader(a_class, "autograde", NAME, "--student", student, "--force")
    assert done.code == 0, done.err
    assert earned(a_class, student) == 40  # a warning is written once
    alone = {"PYTHONPATH": at_home["PYTHONPATH"], "TITO_DISABLE_PLUGINS": OUR_TIERS}
    ours = partial(tito, "nbgrader", "autograde", NAME, "--student", student, **alone)
    assert "1 of 1 submissions are graded already" in ours(cwd=a_class.root).out
    assert ours("--stderr", "ignore", cwd=a_class.root).code == 0
    assert earned(a_class, student) == 100


def earned(course: CourseFolder, student: str) -> float:
    return load(course.result(student, NAME).read_text()).earned


def test_what_a_submission_does_there_it_does_in_the_sandbox(a_class: CourseFolder) -> None:
    path = a_class.submitted("student-00000", NAME) / "counter.ipynb"
    target = a_class.root / "stolen"
    attack = f"open({str(target)!r}, 'w').write('x'); import os; os._exit(0)"
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "counter-count":
            cell["source"] = [attack]
    path.write_text(json.dumps(notebook))
    done = nbgrader(a_class, "autograde", NAME, "--student", "student-00000", "--force")
    assert done.code == 0, done.err
    assert not target.exists()
    scores = {
        row[1]: row[2] for row in rows(a_class.gradebook, GRADES) if row[0] == "student-00000"
    }
    assert scores["test-counter-count"] == 0
