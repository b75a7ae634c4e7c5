"""`tito dev new-tier` and `new-module` make what compiles, keeps every law, and can be learnt."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from support import OUR_TIERS, Run, edit, install_editable, run, tito

LESSON = "src/lib_games/modules/01_walk/walk_dev.py"


@dataclass
class Author:
    """Someone who makes a tier of their own where no other is installed."""

    place: Path
    paths: tuple[Path, ...] = ()

    @property
    def project(self) -> Path:
        return self.place / "lib-games"

    def tito(self, *words: object, at: Path | None = None) -> Run:
        paths = ":".join(map(str, self.paths))
        variables = {"TITO_DISABLE_PLUGINS": OUR_TIERS, "PYTHONPATH": paths}
        return tito(*words, cwd=at or self.place, **variables)

    def install(self) -> None:
        site = self.place / "site"
        site.mkdir()
        self.paths = tuple(install_editable(self.project, site))


@pytest.fixture
def author(tmp_path: Path) -> Author:
    someone = Author(tmp_path)
    for words in (
        ("new-tier", "lib-games", "--namespace", "lib"),
        ("new-module", "walk", someone.project),
        ("new-module", "long_jump", someone.project / "src", "--requires", "walk"),
    ):
        done = someone.tito("dev", *words)
        assert done.code == 0, done.err
        assert "Write yours over it" in done.out or "Next:" in done.out
    return someone


def test_it_keeps_every_law_and_can_be_learnt(author: Author) -> None:
    author.install()
    done = author.tito("dev", "check", author.project)
    assert (done.code, done.err) == (0, "")
    assert done.out == "01_walk: keeps the laws\n02_long_jump: keeps the laws\n"
    assert author.tito("init", "course").code == 0
    course = author.place / "course"
    assert author.tito("module", "start", "walk", at=course).code == 0
    tested = author.tito("module", "test", "walk", at=course)
    assert tested.code == 1
    assert "Task 1.1: walk_mean is not written yet" in tested.out + tested.err


def test_its_own_test_proves_the_laws(author: Author) -> None:
    author.install()
    test = author.project / "tests" / "test_laws.py"
    variables = {"PYTHONPATH": ":".join(map(str, author.paths)), "TITO_DISABLE_PLUGINS": OUR_TIERS}
    asked = ("-m", "pytest", "-q", "-p", "no:cacheprovider", test)
    done = run(sys.executable, *asked, cwd=author.place, **variables)
    assert "1 passed" in done.out, done.out + done.err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "sum(values) / len(values)",
            "sum(values)",
            "test-walk-mean fails on the solutions: 2 + 4",
        ),
        ("[value - walk_mean(values) for value in values]", "[0.0]", "passes before anything is"),
        ('assert str(error), "the error says what is wrong"', "pass", "93% of mistakes, not 95%"),
    ],
    ids=["a wrong solution", "a test of nothing", "a test that notices little"],
)
def test_a_lesson_that_breaks_a_law_is_told(author: Author, old: str, new: str, said: str) -> None:
    edit(author.project / LESSON, old, new)
    author.install()
    done = author.tito("dev", "check", author.project, "--module", "walk")
    assert (done.code, done.out) == (1, "01_walk: breaks a law\n")
    assert said in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("new-tier", "Games"), "cannot be the name of a distribution"),
        (("new-tier", "lib-games", "--namespace", "lib"), "there already"),
        (("new-tier", "lib-more", "--requires", "nothing"), "there is no tier 'nothing'"),
        (("new-module", "Walk", "lib-games"), "cannot be the name of a module"),
        (("new-module", "walk", "lib-games"), "there is a module 'walk' already"),
        (
            ("new-module", "run", "lib-games", "--number", "2"),
            "is the number of the module 'long_jump'",
        ),
        (("new-module", "run", "lib-games", "--requires", "fly"), "there is no module 'fly'"),
        (("new-module", "run"), "no tier's project is here"),
    ],
)
def test_what_cannot_be_made_is_said_and_nothing_is_written(
    author: Author, words: tuple[str, ...], said: str
) -> None:
    before = sorted(author.place.rglob("*"))
    done = author.tito("dev", *words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert sorted(author.place.rglob("*")) == before
