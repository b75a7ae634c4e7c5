"""`tito dev …` builds and checks projects by name, or every tier that is installed in editable mode."""

from __future__ import annotations

import json
import os
import textwrap
from pathlib import Path

import pytest

from support import OUR_TIERS, Learner, Run, edit, install, install_editable, project, tito


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
    done = tito("dev", "check", "--sources", ".", cwd=alone, TITO_DISABLE_PLUGINS=OUR_TIERS)
    assert (done.code, done.out, done.err) == (0, "The sources are sound.\n", "")


@pytest.mark.parametrize("command", ["build", "check"])
def test_everything_that_is_wrong_is_told_with_its_line(alone: Path, command: str) -> None:
    edit(source(alone), '"points": 60', '"points": 0')
    edit(source(alone), "### 🧪 Unit Test: Counter together", "### Together")
    done = tito("dev", command, alone, cwd=alone, TITO_DISABLE_PLUGINS=OUR_TIERS)
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
    variables = {"PYTHONPATH": str(alone / "src"), "TITO_DISABLE_PLUGINS": OUR_TIERS}
    stale = tito("tier", "list", cwd=alone, **variables)
    assert "tito dev build" in stale.err
    done = tito("dev", "build", cwd=alone.parent, **variables)
    assert done.out == "abacus-base 0.1.0: 2 modules built\n"
    assert tito("tier", "list", cwd=alone, **variables).err == ""


@pytest.fixture
def author(alone: Path, site: Path) -> Learner:
    """Someone who has installed the project in editable mode."""
    install_editable(alone, site)
    return Learner(alone, site)


def at(author: Learner) -> str:
    """What an editable install adds to the path."""
    return os.pathsep.join(map(str, (author.root / "src", author.root / "_generated", author.site)))


def mutants(author: Learner, *arguments: object) -> Run:
    author.tito("dev", "build", author.root)
    return author.tito("dev", "mutants", *arguments, PYTHONPATH=at(author))


def test_mutants_are_counted_for_each_module(author: Learner) -> None:
    done = mutants(author)
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "module      mutants  killed  equivalent  share\n"
        "01_counter  6        6       0           100.0%\n"
        "02_total    8        8       0           100.0%\n"
    )


def weaken(root: Path) -> None:
    path = root / "src/abacus_base/modules/02_total/total_dev.py"
    edit(path, "mean([Counter(1), Counter(4)]) == 2.5", "mean([Counter(3)]) == 3")
    edit(path, "counters), mean(counters)) == (10, 5.0)", "counters), 5.0) == (10, 5.0)")


def test_a_survivor_is_shown_with_its_place_and_fails(author: Learner) -> None:
    weaken(author.root)
    done = mutants(author, "--module", "total")
    assert (done.code, done.err) == (1, "")
    assert done.out == (
        "total_dev.py:61 total-mean: no test notices\n"
        "  - return total(counters) / len(counters)\n"
        "  + return total(counters)\n"
        "total_dev.py:61 total-mean: no test notices\n"
        "  - return total(counters) / len(counters)\n"
        "  + return total(counters) * len(counters)\n"
        "module    mutants  killed  equivalent  share\n"
        "02_total  8        6       0           75.0%\n"
    )


def test_an_equivalent_mutant_is_listed_beside_the_lesson(author: Learner) -> None:
    weaken(author.root)
    path = author.root / "src/abacus_base/modules/02_total/mutants.yaml"
    entries = """\
        total-mean:
          - before: return total(counters) / len(counters)
            after: return total(counters) * len(counters)
            reason: The tests have one counter.
          - before: return total(counters) / len(counters)
            after: return total(counters)
            reason: The tests have one counter.
    """
    path.write_text(textwrap.dedent(entries))
    done = mutants(author, "--module", "total")
    assert (done.code, done.err) == (0, "")
    assert "02_total  8        6       2           100.0%" in done.out
    path.write_text(textwrap.dedent(entries).replace("*", "+"))
    done = mutants(author, "--module", "total")
    assert done.code == 1
    assert "there is no such mutant" in done.err
    assert "where: 02_total/mutants.yaml" in done.err


def test_mutants_as_json(author: Learner) -> None:
    done = mutants(author, "--json", "--module", "2", "--jobs", "1")
    (total,) = json.loads(done.out)
    assert {key: total[key] for key in ("module", "killed", "share", "enough")} == {
        "module": "02_total",
        "killed": 8,
        "share": 1.0,
        "enough": True,
    }
    assert total["mutants"][0] == {
        "task": "total-total",
        "place": "total_dev.py:38",
        "before": "return sum(counter.value for counter in counters)",
        "after": "return None",
        "killed_by": "test-total-total",
        "reason": "",
    }


def test_a_tier_that_is_not_installed_or_not_built_has_no_mutants_yet(author: Learner) -> None:
    done = author.tito("dev", "mutants", author.root, PYTHONPATH="")
    assert (done.code, done.out) == (1, "")
    assert "error: abacus-base is not installed" in done.err
    assert f"next:  pip install -e {author.root}" in done.err
    edit(source(author.root), "It costs nothing.", "It costs next to nothing.")
    done = author.tito("dev", "mutants", PYTHONPATH=at(author))
    assert (done.code, done.out) == (1, "")
    assert "counter_dev.py has changed since it was compiled" in done.err
    assert "next:  tito dev build" in done.err


def test_a_module_of_another_project_is_refused(author: Learner, tmp_path: Path) -> None:
    install(project("more-tier", tmp_path), author.site)
    done = mutants(author, author.root, "--module", "tally")
    assert (done.code, done.out) == (2, "")
    assert "the module 'tally' is in no project that was named" in done.err
