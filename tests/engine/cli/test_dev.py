"""`tito dev …` builds and checks projects by name, or every tier that is installed in editable mode."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import Learner, edit, project, tito


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    return project("base-tier", tmp_path)


def source(root: Path) -> Path:
    return root / "src/abacus_base/modules/01_counter/counter_dev.py"


def test_a_project_is_built(alone: Path) -> None:
    done = tito("dev", "build", alone, cwd=alone.parent)
    assert (done.code, done.out) == (0, "abacus-base 0.1.0: 2 modules built\n")
    assert (alone / "_generated" / "compiled" / "lessons" / "counter.ipynb").is_file()


def test_a_sound_project_is_said_to_be_sound(alone: Path) -> None:
    done = tito("dev", "check", ".", cwd=alone, TITO_DISABLE_PLUGINS="foundation")
    assert (done.code, done.out, done.err) == (0, "The sources are sound.\n", "")


@pytest.mark.parametrize("command", ["build", "check"])
def test_everything_that_is_wrong_is_told_with_its_line(alone: Path, command: str) -> None:
    edit(source(alone), '"points": 60', '"points": 0')
    edit(source(alone), "### 🧪 Unit Test: Counter together", "### Together")
    done = tito("dev", command, alone, cwd=alone, TITO_DISABLE_PLUGINS="foundation")
    assert (done.code, done.out) == (1, "")
    assert "error: test 'test-counter-count' has no points" in done.err
    assert "error: test 'test-counter-together' has no heading" in done.err
    assert "where: counter_dev.py:" in done.err
    assert not (alone / "_generated").exists()


@pytest.mark.parametrize("command", ["build", "check"])
def test_without_a_project_and_without_an_editable_tier_it_says_so(
    learner: Learner, command: str
) -> None:
    done = learner.tito("dev", command)
    assert (done.code, done.out) == (2, "")
    assert "no project is named, and no tier is installed in editable mode" in done.err
    assert f"next:  tito dev {command} DIR" in done.err


def test_a_folder_that_is_no_project_is_told(learner: Learner) -> None:
    done = learner.tito("dev", "build", learner.root)
    assert (done.code, done.out) == (2, "")
    assert "no tier's project is here" in done.err


def test_every_editable_tier_is_built(alone: Path) -> None:
    tito("dev", "build", alone, cwd=alone)
    edit(source(alone), "It costs nothing.", "It costs next to nothing.")
    info = alone / "src" / "abacus_base-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: abacus-base\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[tito]\nabacus = abacus_base.plugin\n")
    variables = {"PYTHONPATH": str(alone / "src"), "TITO_DISABLE_PLUGINS": "foundation"}
    stale = tito("tier", "list", cwd=alone, **variables)
    assert "tito dev build" in stale.err
    done = tito("dev", "build", cwd=alone.parent, **variables)
    assert done.out == "abacus-base 0.1.0: 2 modules built\n"
    assert tito("tier", "list", cwd=alone, **variables).err == ""
