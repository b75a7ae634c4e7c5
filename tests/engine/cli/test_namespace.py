"""`tito namespace` tells which file each module and each name comes from."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from support import Learner, edit, finish


def modules(someone: Learner) -> dict[str, tuple[str, str]]:
    data = json.loads(someone.tito("namespace", "--json").out)
    return {module["target"]: (module["status"], module["file"]) for module in data["modules"]}


def test_own_and_locked_modules_are_told_apart(learner: Learner) -> None:
    finish(learner, "counter")
    assert modules(learner) == {
        "abacus.core.counter": ("own", str(learner.root / "abacus/core/counter.py")),
        "abacus.core.total": ("locked", ""),
    }


def test_what_is_told_is_what_python_imports(learner: Learner) -> None:
    edit(learner.root / "tito.toml", 'tiers = ["base"]', 'tiers = ["base"]\nprovided = ["counter"]')
    finish(learner, "total")
    for target, (status, file) in modules(learner).items():
        code = f"from importlib import import_module; print(import_module({target!r}).__file__)"
        assert status != "locked"
        assert learner.python(code).out == f"{file}\n"


def test_outside_of_a_workspace_everything_is_provided(learner: Learner) -> None:
    outside = replace(learner, root=learner.root.parent)
    assert {status for status, _ in modules(outside).values()} == {"provided"}


@pytest.mark.parametrize("names", [False, True])
def test_the_table_and_the_json_tell_the_same(learner: Learner, names: bool) -> None:
    finish(learner, "counter")
    shown = learner.tito("namespace", *(["--names"] if names else [])).out
    data = json.loads(learner.tito("namespace", "--json").out)
    first, _, second = shown.partition("\n\n")
    assert [line.split() for line in first.splitlines()[1:]] == [
        [m["target"], m["status"], *([m["file"]] if m["file"] else [])] for m in data["modules"]
    ]
    rows = [[n["name"], n["status"], n["target"]] for n in data["names"]]
    assert [line.split() for line in second.splitlines()[1:]] == (rows if names else [])
    assert ["abacus.core.more.mean", "locked", "abacus.core.total"] in rows


def test_a_file_that_hides_the_course_is_told(learner: Learner) -> None:
    (learner.root / "abacus.py").write_text("")
    shown = learner.tito("namespace")
    assert "hides the course" in shown.err
    assert f"next:  rm {learner.root / 'abacus.py'}" in shown.err
