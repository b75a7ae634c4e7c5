"""Files that hide a course from Python are found, with the command that removes them."""

from __future__ import annotations

import contextlib
import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from support import Learner, finish, run
from tito.authoring.solve import solved
from tito.cli import run as tito
from tito.composition.strays import strays
from tito.curriculum.installed import installed
from tito.learner.doctor import examine
from tito.model import Finding, Workspace

IN_THE_WORKSPACE = [
    "abacus/__init__.py",
    "abacus.py",
    "abacus/core/__init__.py",
    "abacus/core.py",
    "abacus/core/more/__init__.py",
    "abacus/core/more.py",
]
IN_THE_MODULES_FOLDER = [
    "modules/01_counter/abacus/__init__.py",
    "modules/01_counter/abacus.py",
]
COMMANDS = ["doctor", "namespace", "module test counter", "module complete counter"]


def plant(path: Path) -> Path:
    """A file that is in the way."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("raise RuntimeError('the wrong file was imported')\n")
    return path


def says(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command prints, whatever its exit code."""
    capsys.readouterr()
    with contextlib.suppress(SystemExit):
        tito(command.split())
    shown = capsys.readouterr()
    return shown.out + shown.err


@pytest.fixture
def started(here: Learner, monkeypatch: pytest.MonkeyPatch) -> Learner:
    """A learner with a solved module 01, in a folder whose name a shell would take apart."""
    lesson = here.site / "abacus_base" / "modules" / "01_counter"
    here.file("counter").parent.mkdir(parents=True)
    here.file("counter").write_text(solved(lesson), encoding="utf-8")
    odd = here.root.rename(here.root.with_name("my course (1)"))
    monkeypatch.chdir(odd)
    return Learner(odd, here.site)


@pytest.mark.parametrize("place", IN_THE_WORKSPACE + IN_THE_MODULES_FOLDER)
def test_every_command_that_would_fail_tells_path_and_remedy(
    started: Learner, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    stray = plant(started.root / place)
    for command in COMMANDS:
        shown = says(command, capsys)
        assert f"where: {stray}" in shown, command
        assert f"next:  rm {shlex.quote(str(stray))}" in shown, command


@pytest.mark.parametrize("place", IN_THE_WORKSPACE + IN_THE_MODULES_FOLDER)
def test_each_stray_is_in_the_way_and_the_remedy_removes_it(started: Learner, place: str) -> None:
    stray = plant(started.root / place)
    finish(started, "counter", "total")
    folder = started.root / "modules" / "01_counter" if "modules" in place else started.root
    command = (sys.executable, "-c", "import abacus.core.more; print(abacus.core.counter(2).value)")
    hidden = run(*command, cwd=folder, **started.variables())
    assert hidden.code, "else it would be no stray"
    (found,) = [finding for finding in examine() if finding.where == str(stray)]
    subprocess.run(shlex.split(found.fix), check=True)
    shown = run(*command, cwd=folder, **started.variables())
    assert shown.out == "2\n", shown.err


def test_test_and_complete_refuse_and_change_nothing(started: Learner) -> None:
    plant(started.root / "abacus.py")
    assert tito(["module", "test", "counter"]) == 1
    assert tito(["module", "complete", "counter"]) == 1
    assert not (started.root / "abacus").exists()
    assert not (started.root / ".tito" / "state.json").exists()


def test_a_stray_beside_another_modules_notebook_stops_only_that_module(started: Learner) -> None:
    stray = plant(started.root / "modules" / "02_total" / "abacus.py")
    assert started.tito("module", "complete", "counter").code == 0
    assert str(stray) in [finding.where for finding in examine()]


@pytest.mark.parametrize("place", ["abacus/__init__.py", "abacus.py"])
def test_a_stray_on_the_search_path_is_found(
    started: Learner,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    place: str,
) -> None:
    stray = plant(tmp_path / "elsewhere" / place)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "elsewhere")])
    for command in COMMANDS:
        assert f"rm {stray}" in says(command, capsys), command


def foreign(site: Path, name: str, *files: str) -> None:
    """A distribution of this name, as pip leaves it."""
    info = site / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "RECORD").write_text("".join(f"{file},,\n" for file in files))
    for file in files:
        plant(site / file)


def test_a_foreign_distribution_is_to_be_uninstalled(
    started: Learner,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    foreign(tmp_path / "other", "abacus", "abacus/__init__.py", "abacus/rows.py")
    monkeypatch.syspath_prepend(tmp_path / "other")
    for command in COMMANDS:
        shown = says(command, capsys)
        assert str(tmp_path / "other" / "abacus" / "__init__.py") in shown, command
        assert "next:  pip uninstall abacus\n" in shown, command


def test_a_foreign_distribution_may_have_another_name_and_the_same_folder(
    started: Learner,
) -> None:
    foreign(started.site, "counting-frame", "abacus/__init__.py")
    fixes = [finding.fix for finding in examine() if "hides the course" in finding.message]
    assert fixes == ["pip uninstall counting-frame"]


def test_scripts_read_the_same_findings(started: Learner) -> None:
    stray = plant(started.root / "abacus.py")
    shown = started.tito("doctor", "--json")
    assert shown.code == 1
    assert str(stray) in [finding["where"] for finding in json.loads(shown.out)]


def found_in(learner: Learner) -> list[Finding]:
    return list(strays(installed().course(), Workspace(learner.root, ("base",))))


def test_what_belongs_there_is_no_stray(here: Learner) -> None:
    finish(here, "counter", "total")
    (here.root / "abacus" / "core" / "extra.py").write_text("nine = 9\n")
    (here.root / "abacus" / "core" / "more").mkdir()
    (here.root / "abacuses.py").write_text("")
    assert found_in(here) == []


def test_one_stray_is_one_finding(here: Learner, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(here.root / "abacus.py")
    monkeypatch.setattr(sys, "path", ["", str(here.root), f"{here.root}/.", *sys.path])
    assert len(found_in(here)) == 1
