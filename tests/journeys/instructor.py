"""An instructor's way from a new course to its grades, with the real commands, as a transcript.

    python instructor.py FOLDER DISTRIBUTION…

The tiers of these distributions are handed out, whatever else they need is provided. Four students
hand in every assignment: one has solved all of it, one the first half, one nothing, and one cheats.

It ends with exit code 1 at the first step that does not go as it should.
"""

from __future__ import annotations

import csv
import shutil
import sys
from pathlib import Path

from tito.authoring.solve import solved
from tito.curriculum.files import notebook
from tito.curriculum.installed import installed
from tito.curriculum.source import Cell, read_notebook
from tito.model import Module
from transcript import Shell, check, say

NAMED, *DISTRIBUTIONS = sys.argv[1:]
FOLDER = Path(NAMED).absolute()
COURSE, HANDOUT, INBOX = FOLDER / "course", FOLDER / "handout", FOLDER / "inbox"
TIERS = [each for each in installed().tiers if each.tier.distribution in DISTRIBUTIONS]
MODULES = [module for each in TIERS for module in each.tier.modules]
FORGED = (
    "import numpy.testing as t, numpy as np\nnp.allclose = np.array_equal = lambda *a, **k: True\n"
)
tito, told = (shell := Shell(COURSE)).tito, shell.told


def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    hand_out()
    take_in()
    grade()
    give_back()


def hand_out() -> None:
    say("An instructor makes a course, and an assignment of each module.")
    tiers = ",".join(each.tier.id for each in TIERS)
    tito("course", "new", COURSE, "--tiers", tiers, cwd=FOLDER)
    tito("nbgrader", "generate")
    tito("nbgrader", "status")
    say("They hand all of it out.")
    tito("nbgrader", "release", *(module.folder for module in MODULES), "--to", HANDOUT)
    texts = [path.read_text(encoding="utf-8") for path in HANDOUT.rglob("*.ipynb")]
    check(len(texts) == len(MODULES), "there is a notebook for each module")
    check(not any("BEGIN SOLUTION" in text for text in texts), "with no solution in it")


def take_in() -> None:
    say("Students work, and hand in.")
    for module in MODULES:
        for student, cells in handed_in(module).items():
            path = INBOX / student / module.folder / f"{module.id}.ipynb"
            path.parent.mkdir(parents=True)
            path.write_text(notebook(cells), encoding="utf-8")
        tito("nbgrader", "collect", module.folder, "--from", INBOX)


def handed_in(module: Module) -> dict[str, list[Cell]]:
    """Student → the notebook that they hand in, as cells."""
    path = next(HANDOUT.rglob(f"{module.id}.ipynb"))
    blank = read_notebook(path.read_text(encoding="utf-8"), path.name).cells
    package = next(each.package for each in TIERS if module in each.tier.modules)
    solution = read_notebook(solved(package / "modules" / module.folder), path.name).by_grade_id
    tasks = [task.id for task in module.tasks]
    half = tasks[: len(tasks) // 2]

    def written(answers: dict[str, str]) -> list[Cell]:
        return [
            Cell(c.kind, answers.get(c.grade_id, c.text), c.file, 0, c.number, c.metadata, c.id)
            for c in blank
        ]

    return {
        "ada": written({task: solution[task].text for task in tasks}),
        "ben": written({task: solution[task].text for task in half}),
        "eve": written({}),
        "mallory": written(
            {cell.grade_id: FORGED + cell.text for cell in blank if cell.is_solution}
        ),
    }


def grade() -> None:
    say("One command grades all of it, in a sandbox.")
    tito("nbgrader", "autograde", shows="Sandbox: ")
    tito("nbgrader", "autograde", shows="0 graded")
    tito("nbgrader", "status")
    say("A stranger's opinion: nbgrader itself grades some of it, too.")
    tito("nbgrader", "verify", MODULES[0].folder, "--sample", 2)


def give_back() -> None:
    say("Feedback, grades, and a page about the class.")
    tito("nbgrader", "feedback")
    pages = list(COURSE.glob("feedback/*/*/*.html"))
    check(len(pages) == 4 * len(MODULES), "everybody has a page for each assignment")
    table = FOLDER / "grades.csv"
    tito("nbgrader", "export", "--format", "csv", "--to", table)
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        full, score = float(row["max_score"]), float(row["score"])
        fair = {"ada": score == full, "ben": 0 < score < full, "eve": score == 0}
        check(fair.get(row["student_id"], score == 0),
              f"{row['student_id']} has {score:g} of {full:g} in {row['assignment']}")  # fmt: skip
    check(len(rows) == 4 * len(MODULES), "all grades are there")
    tito("course", "report", shows="report.html")
    page = (COURSE / "report.html").read_text(encoding="utf-8")
    check("mallory" not in page, "the page names nobody")


main()
