"""Our grades beside stock nbgrader's, cell by cell."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tito.grading import verify
from tito.grading.course import CourseFolder, read_course
from tito.grading.verify import Difference, compare, sample

NAME = "01_counter"


def test_the_sample_is_the_same_whoever_comes_later(a_class: CourseFolder) -> None:
    chosen = sample(a_class, NAME, 4)
    assert len(chosen) == 4
    assert chosen == sorted(chosen)
    a_class.submitted("zz", NAME).mkdir(parents=True)
    assert len(set(sample(a_class, NAME, 4)) - set(chosen)) <= 1
    assert len(sample(a_class, NAME, 99)) == 11


def test_each_cell_of_everybody_has_nbgraders_score(a_class: CourseFolder) -> None:
    before = {path: path.read_bytes() for path in a_class.root.rglob("*") if path.is_file()}
    found = compare(a_class, NAME, sample(a_class, NAME, 10))
    assert found.differences == ()
    assert found.cells == 3 * (10 - len(found.ungraded))
    assert len(found.ungraded) <= 1
    assert found.ours > 0
    assert found.theirs > 0
    after = {path: path.read_bytes() for path in a_class.root.rglob("*") if path.is_file()}
    assert after == before


def test_a_gradebook_that_the_environment_names_is_not_read_for_nbgraders(
    a_class: CourseFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TITO_GRADEBOOK", f"sqlite:///{tmp_path / 'ours.db'}")
    found = compare(read_course(a_class.root), NAME, ["student-00000"])
    assert (found.ungraded, found.cells, found.differences) == ((), 3, ())
    assert not (tmp_path / "ours.db").exists()


def test_by_nbgraders_rule_stderr_costs_the_points_of_both(a_class: CourseFolder) -> None:
    path = a_class.submitted("student-00000", NAME) / "counter.ipynb"
    noisy = path.read_text().replace(
        "        return self.value\\n",
        "        import sys; print('x', file=sys.stderr); return self.value\\n",
    )
    assert noisy != path.read_text()
    path.write_text(noisy)
    assert compare(a_class, NAME, ["student-00000"]).differences == ()


def test_a_difference_is_reported(a_class: CourseFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = verify._ours

    def generous(*arguments: object) -> object:
        results = ours(*arguments)  # type: ignore[arg-type]
        given = tuple(
            replace(score, earned=score.points) for score in results["student-00008"].scores
        )
        return results | {"student-00008": replace(results["student-00008"], scores=given)}

    monkeypatch.setattr(verify, "_ours", generous)
    found = compare(a_class, NAME, ["student-00008"])
    blank = json.loads(a_class.result("student-00008", NAME).read_text())
    assert all(score["earned"] == 0 for score in blank["scores"])
    assert found.differences == (
        Difference("student-00008", "test-counter-count", 60.0, 0.0),
        Difference("student-00008", "test-counter-together", 40.0, 0.0),
    )
