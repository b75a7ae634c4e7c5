"""`tito doctor` ends with exit code 1 if there is an error, and its JSON holds the findings."""

from __future__ import annotations

import json

import pytest

from support import OUR_TIERS, Learner, finish


def test_all_is_well(learner: Learner) -> None:
    finish(learner, "counter")
    done = learner.tito("doctor")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Nothing is wrong")
    assert json.loads(learner.tito("doctor", "--json").out) == []


@pytest.mark.parametrize(
    ("name", "level", "code"), [("abacus.py", "error", 1), (".tito/state.json", "warning", 0)]
)
def test_a_finding_is_shown_with_place_and_fix(
    learner: Learner, name: str, level: str, code: int
) -> None:
    path = learner.root / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("")
    done = learner.tito("doctor")
    assert (done.code, done.out) == (code, "")
    (finding,) = json.loads(learner.tito("doctor", "--json").out)
    assert (finding["level"], finding["where"]) == (level, str(path))
    lines = [f"{level}: {finding['message']}", f"  where: {path}", f"  next:  {finding['fix']}"]
    assert done.err.splitlines() == lines


def test_a_plugin_that_fails_is_a_finding_of_the_doctor_alone(learner: Learner) -> None:
    info = learner.site / "bad-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bad\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[tito]\nbad = bad_plugin\n")
    done = learner.tito("doctor")
    assert done.code == 0
    assert "warning: plugin 'bad' failed: ModuleNotFoundError" in done.err
    assert "TITO_DISABLE_PLUGINS=bad" in done.err
    assert learner.tito("doctor", TITO_DISABLE_PLUGINS=f"{OUR_TIERS},bad").err == ""
    assert learner.tito("module", "start", "counter").code == 0
