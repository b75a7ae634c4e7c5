"""Milestones pass on whole modules, and name the one that is broken."""

from __future__ import annotations

import pytest

from curriculum_support import own
from tito.learner.desk import Desk
from tito.learner.milestone import run_milestone

# What is appended to the learner's exported file: something comes out, and it is wrong.
BROKEN = {
    "1958_perceptron": {
        "tensor": "_right = matmul\n\ndef matmul(input, other): return _right(input, other) * 0",
        "activations": "_right = sigmoid\n\ndef sigmoid(input): return _right(input) + 0.01",
        "layers": "_right = linear\n\ndef linear(input, weight, bias): return _right(input, weight)",
        "losses": (
            "_right = binary_cross_entropy\n\n"
            "def binary_cross_entropy(*args): return _right(*args) * 2"
        ),
    },
}
ALL = [(milestone, module) for milestone, broken in BROKEN.items() for module in broken]


def prepare(desk: Desk, milestone: str) -> None:
    for module in desk.course.requirements(*desk.milestone(milestone).requires):
        own(desk, desk.course.by_id[module])


def test_every_milestone_is_knocked_out_by_each_module_that_it_requires(desk: Desk) -> None:
    assert {m.id: set(m.requires) for m in desk.course.milestones} == {
        milestone: set(broken) for milestone, broken in BROKEN.items()
    }


@pytest.mark.parametrize("milestone", BROKEN)
def test_a_milestone_passes_on_whole_modules(desk: Desk, milestone: str) -> None:
    prepare(desk, milestone)
    folder, ended = run_milestone(desk, desk.milestone(milestone), 180)
    assert not ended
    pictures = list(folder.glob("*.svg"))
    assert pictures
    assert all(picture.read_text(encoding="utf-8").startswith("<svg") for picture in pictures)


@pytest.mark.parametrize(("milestone", "module"), ALL)
def test_a_broken_module_is_named(
    desk: Desk, milestone: str, module: str, capfd: pytest.CaptureFixture[str]
) -> None:
    prepare(desk, milestone)
    path = desk.workspace.own_file(desk.course.by_id[module])
    path.write_text(path.read_text(encoding="utf-8") + f"\n\n{BROKEN[milestone][module]}\n")
    _, ended = run_milestone(desk, desk.milestone(milestone), 180)
    assert ended
    assert f"the work of module {module!r}" in capfd.readouterr().err
