"""Modules, milestones and the learner's file are found by what people call them."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import Learner, a_module, a_tier, edit, hand_in, install, project
from tito.errors import LearnerFileError, UsageError, WorkspaceError
from tito.learner.desk import Desk, desk_of, module_named, open_desk
from tito.model import Course
from tito.workspace.find import find_workspace


@pytest.mark.parametrize("name", ["counter", "1", "01", "001", "01_counter", "c", "count", "01_c"])
def test_a_module_goes_by_id_number_folder_or_how_one_begins(desk: Desk, name: str) -> None:
    assert desk.module(name).id == "counter"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("countr", "did you mean 'counter'?"),
        ("Counter", "did you mean 'counter'?"),
        ("02-total", "did you mean '02_total'?"),
        ("zzz", "there is no module 'zzz'"),
        ("", "there is no module ''"),
        ("0", "there is no module '0'"),
        ("3", "there is no module '3'"),
        ("9" * 5000, "there is no module"),
        ("-1", "there is no module '-1'"),
    ],
)
def test_any_other_name_is_told_with_where_to_look(desk: Desk, name: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        desk.module(name)
    (finding,) = caught.value.findings
    assert words in finding.message
    assert "tito module list" in finding.fix
    assert caught.value.exit_code == 2


def test_a_beginning_that_fits_two_modules_names_both() -> None:
    course = Course(
        (a_tier("t", a_module("losses", 4), a_module("loader", 5), facades=("lib.core",)),)
    )
    with pytest.raises(UsageError, match="'lo' could be any of: loader, losses"):
        module_named(course, "lo")


def test_a_tier_that_the_learner_does_not_build_is_provided(at_work: Learner) -> None:
    (at_work.site.parent / "more").mkdir()
    install(project("more-tier", at_work.site.parent / "more"), at_work.site)
    edit(at_work.root / "tito.toml", '"base"', '"more"')
    with pytest.raises(UsageError, match="counter is provided") as caught:
        open_desk().own_module("counter")
    assert caught.value.findings[0].fix == "to build it yourself: tito tier add base"


def test_a_name_that_is_the_beginning_of_another_is_no_doubt() -> None:
    course = Course(
        (a_tier("t", a_module("train", 4), a_module("training", 5), facades=("lib.core",)),)
    )
    assert module_named(course, "train").number == 4


def test_a_number_is_never_the_beginning_of_another() -> None:
    course = Course(
        (a_tier("t", a_module("first", 1), a_module("last", 20), facades=("lib.core",)),)
    )
    with pytest.raises(UsageError, match="there is no module '2'"):
        module_named(course, "2")


@pytest.mark.parametrize("name", ["2000_abacus", "2000", "abacus", "aba"])
def test_a_milestone_goes_by_id_year_or_name(desk: Desk, name: str) -> None:
    assert desk.milestone(name).id == "2000_abacus"


def test_an_unknown_milestone_is_told_with_the_one_that_was_meant(desk: Desk) -> None:
    with pytest.raises(UsageError, match="no milestone 'abakus'; did you mean 'abacus'"):
        desk.milestone("abakus")


def test_a_module_that_is_provided_is_not_the_learners_to_build(
    at_work: Learner, desk: Desk
) -> None:
    edit(at_work.root / "tito.toml", 'tiers = ["base"]', 'tiers = ["base"]\nprovided = ["counter"]')
    workspace = find_workspace()
    assert workspace
    with pytest.raises(UsageError, match="counter is provided") as caught:
        desk_of(workspace).own_module("counter")
    (finding,) = caught.value.findings
    assert finding.where == str(at_work.root / "tito.toml")
    assert finding.fix == "to build it yourself: take 'counter' out of provided"


@pytest.mark.parametrize("suffix", [".ipynb", ".py"])
def test_the_learners_file_is_the_one_that_is_there(
    at_work: Learner, desk: Desk, suffix: str
) -> None:
    path = hand_in(at_work, "counter", suffix)
    assert desk.learner_file(desk.module("counter")) == path


def test_no_file_and_two_files_are_told_with_what_to_do(at_work: Learner, desk: Desk) -> None:
    counter = desk.module("counter")
    with pytest.raises(LearnerFileError, match=r"counter\.ipynb or counter\.py") as caught:
        desk.learner_file(counter)
    assert caught.value.findings[0].fix == "tito module start counter"
    for suffix in (".ipynb", ".py"):
        hand_in(at_work, "counter", suffix)
    with pytest.raises(LearnerFileError, match=r"two files, counter\.ipynb and counter\.py"):
        desk.learner_file(counter)


def test_outside_of_a_workspace_the_way_to_one_is_told(
    at_work: Learner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WorkspaceError) as caught:
        open_desk()
    (finding,) = caught.value.findings
    assert (finding.where, finding.fix) == (str(tmp_path), "tito init DIR && cd DIR")
