"""Milestones pass on whole modules, name the one that is broken, and refuse what isn't the learner's."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from broken_modules import BROKEN
from curriculum_support import own
from tito.errors import UsageError
from tito.learner.desk import Desk
from tito.learner.milestone import run_milestone

ALL = [
    pytest.param(milestone, module, text, id=f"{milestone}-{module}-{number}")
    for milestone, modules in BROKEN.items()
    for module, texts in modules.items()
    for number, text in enumerate(texts)
]


def prepare(desk: Desk, milestone: str) -> None:
    for module in desk.course.requirements(*desk.milestone(milestone).requires):
        own(desk, desk.course.by_id[module])


def test_every_milestone_is_knocked_out_by_each_module_that_it_requires(desk: Desk) -> None:
    assert {m.id: set(m.requires) for m in desk.course.milestones} == {
        milestone: set(broken) for milestone, broken in BROKEN.items()
    }


@pytest.mark.parametrize("milestone", BROKEN)
def test_a_milestone_passes_on_whole_modules(
    desk: Desk, milestone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONSAFEPATH", "1")  # it finds the files beside it all the same
    prepare(desk, milestone)
    folder, ended = run_milestone(desk, desk.milestone(milestone), 180)  # what the design allows
    assert not ended
    pictures = list(folder.glob("*.svg"))
    assert pictures
    for picture in pictures:
        ElementTree.fromstring(picture.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("milestone", "module", "text"), ALL)
def test_a_broken_module_is_named(
    desk: Desk, milestone: str, module: str, text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    prepare(desk, milestone)
    path = desk.workspace.own_file(desk.course.by_id[module])
    path.write_text(path.read_text(encoding="utf-8") + f"\n\n{text}\n", encoding="utf-8")
    _, ended = run_milestone(desk, desk.milestone(milestone), 60)
    assert ended
    said = capfd.readouterr().err
    assert f"the work of module {module!r}" in said
    assert not re.search(r"\.py:\d+  ", said), "it crashed: something should come out, and be wrong"


@pytest.mark.parametrize("milestone", BROKEN)
def test_the_reference_never_stands_in_for_a_module(desk: Desk, milestone: str) -> None:
    prepare(desk, milestone)
    *_, last = desk.milestone(milestone).requires
    desk.workspace.own_file(desk.course.by_id[last]).unlink()
    with pytest.raises(UsageError, match=f"{last} is not complete"):
        run_milestone(desk, desk.milestone(milestone), 60)
