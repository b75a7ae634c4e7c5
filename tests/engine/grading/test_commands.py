"""What an instructor types, from new to export, in processes of its own."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from grading.synthetic import class_of
from support import OUR_TIERS, ROOT, Run, run, tito
from tito.grading.course import read_course

NAME = "01_counter"


@pytest.fixture
def here(abacus: Path, tmp_path: Path) -> dict[str, str]:
    """The environment in which the base tier is all there is."""
    path = os.pathsep.join((str(abacus), str(ROOT / "tests")))
    return {"PYTHONPATH": path, "TITO_DISABLE_PLUGINS": OUR_TIERS}


def test_a_course_from_new_to_export(here: dict[str, str], counter: Path, tmp_path: Path) -> None:
    root = tmp_path / "class"

    def typed(*arguments: object, cwd: Path = root) -> str:
        done = tito(*arguments, cwd=cwd, **here)
        assert done.code == 0, done.err
        return done.out

    assert "cd class && tito nbgrader generate" in typed("course", "new", "class", cwd=tmp_path)
    assert "01_counter is made: 1 exercises, 100 points" in typed("nbgrader", "generate")
    assert "01_counter is as it was" in typed("nbgrader", "generate", "counter")
    typed("nbgrader", "release", "counter", "--to", tmp_path / "out")
    assert (tmp_path / "out" / NAME / "counter.ipynb").is_file()
    for handed in class_of(read_course(root), counter, 4):
        handed.put(root / "submitted", NAME)
    waiting = json.loads(typed("nbgrader", "status", "--json"))[0]
    assert (waiting["released"], waiting["submitted"], waiting["graded"]) == (True, 4, 0)
    assert "Next: tito nbgrader autograde 01_counter" in typed("nbgrader", "status")
    typed("nbgrader", "autograde", "counter")
    assert json.loads(typed("nbgrader", "status", "--json"))[0]["graded"] == 4
    assert "feedback for 4 students" in typed("nbgrader", "feedback", "counter")
    assert len(list(root.glob("feedback/*/*/counter.html"))) == 4
    exported = json.loads(
        typed("nbgrader", "export", "--format", "json", "--assignment", "counter")
    )
    scores = [grade["score"] for grade in exported["assignments"][0]["grades"].values()]
    assert scores.count(100.0) >= 1
    assert len(scores) == 4
    compared = json.loads(typed("nbgrader", "verify", "counter", "--sample", "2", "--json"))
    assert compared["differences"] == []
    assert compared["cells"] == 6


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("generate",), "there is no course here"),
        (("status",), "tito course new"),
        (("export",), "tito course new"),
    ],
)
def test_outside_of_a_course_the_next_step_is_told(
    words: tuple[str, ...], said: str, here: dict[str, str], tmp_path: Path
) -> None:
    done = tito("nbgrader", *words, cwd=tmp_path, **here)
    assert done.code == 1
    assert said in done.err
    assert "Traceback" not in done.err


WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("nbgrader", "nbconvert", "sqlalchemy"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "nbgrader" else found(name, *more)
from tito.cli import main
main()
"""


def without_nbgrader(*words: str, cwd: Path, here: dict[str, str]) -> Run:
    return run(sys.executable, "-c", WITHOUT, *words, cwd=cwd, **here)


@pytest.mark.parametrize(
    "words",
    [
        ("generate",),
        ("release", "counter"),
        ("status",),
        ("feedback",),
        ("export",),
        ("verify", "counter"),
    ],
)
def test_without_nbgrader_what_to_install_is_told(
    words: tuple[str, ...], here: dict[str, str], generated: Path
) -> None:
    done = without_nbgrader("nbgrader", *words, cwd=generated, here=here)
    assert done.code == 2
    assert "pip install 'tinytorch-engine[grading]'" in done.err
    assert "Traceback" not in done.err


def test_a_learner_needs_none_of_it(here: dict[str, str], tmp_path: Path) -> None:
    for words in (("--help",), ("nbgrader", "--help"), ("course", "new", "c"), ("tier", "list")):
        done = without_nbgrader(*words, cwd=tmp_path, here=here)
        assert done.code == 0, done.err
