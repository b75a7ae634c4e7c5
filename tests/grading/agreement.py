"""A class is graded; a sample of it by stock nbgrader, too: no cell may have another score. Then
nbgrader's own feedback and export have to work on what we wrote.

    python tests/grading/agreement.py [SUBMISSIONS] [SAMPLE] [SEED]

Makes a course of the installed Foundation tier in a folder of its own.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from curriculum_support import folder, tiers
from grading.synthetic import class_of
from tito.grading.course import CourseFolder
from tito.grading.generate import generate
from tito.grading.new import new_course
from tito.grading.result import load
from tito.grading.syllabus import syllabus

MODULE, NAME = "tensor", "01_tensor"
SOME = "student-000??"  # whose feedback nbgrader writes: it takes half a second for each


def main(submissions: int = 1000, sample: int = 100, seed: int = 1) -> None:
    with tempfile.TemporaryDirectory(prefix="tito-agreement-") as made:
        course = new_course(Path(made) / "class", "agreement", ("foundation",))
        taught = syllabus(course)
        generate(taught, taught.module(MODULE))
        source = folder(tiers().course().by_id[MODULE])
        for handed in class_of(course, source, submissions, seed):
            handed.put(course.root / "submitted", NAME)
        say(course, "tito", "nbgrader", "autograde", NAME, "--stderr", "fail")
        say(course, "tito", "nbgrader", "verify", NAME, "--sample", str(sample))
        exported(course, submissions)
        fed_back(course)


def say(course: CourseFolder, module: str, *words: str) -> None:
    """Run it there, and tell its last words. It has to end well."""
    start = time.monotonic()
    command = [sys.executable, "-m", module, *words]
    done = subprocess.run(command, cwd=course.root, capture_output=True, encoding="utf-8")
    said = (done.stdout if module == "tito" else done.stderr).strip().splitlines()
    print(f"$ {module} {' '.join(words)}", f"[{time.monotonic() - start:.0f} s]", flush=True)
    print(*said[-4:], sep="\n", flush=True)
    if done.returncode:
        sys.exit(done.stderr)


def exported(course: CourseFolder, submissions: int) -> None:
    """nbgrader's own table of grades has everybody, with the points of our results."""
    say(course, "nbgrader", "export", "--to", "grades.csv")
    with open(course.root / "grades.csv", encoding="utf-8", newline="") as file:
        theirs = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    texts = ((each, course.result(each, NAME).read_text("utf-8")) for each in course.students(NAME))
    ours = {student: load(text).earned for student, text in texts}
    assert len(ours) == submissions
    assert theirs == ours


def fed_back(course: CourseFolder) -> None:
    say(course, "nbgrader", "generate_feedback", NAME, "--student", SOME)
    pages = sorted(course.root.glob(f"feedback/*/{NAME}/*.html"))
    assert len(pages) == len(list(course.root.glob(f"submitted/{SOME}"))), pages
    assert all("</html>" in page.read_text("utf-8") for page in pages)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
