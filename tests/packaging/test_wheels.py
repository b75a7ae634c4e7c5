"""The wheels, as they are installed: alone, without an index, and taken away again."""

from __future__ import annotations

import json
import sys
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from curriculum_support import exported, modules, tiers
from environments import Environment
from support import ROOT, run
from tito.workspace.find import MARKER, render

MOST_PACKAGES = 25
MOST_BYTES = 90_000_000  # without what Python caches as it runs
SIZE = """
from importlib.metadata import distributions
files = (d.locate_file(f) for d in distributions() if d.name not in ("pip", "setuptools")
         for f in d.files if not str(f).endswith(".pyc"))
print(sum(file.stat().st_size for file in files))
"""


@pytest.fixture(scope="session")
def wheels(wheelhouse: Path) -> list[Path]:
    found = sorted(wheelhouse.glob("tinytorch_*.whl"))
    assert len(found) == 1 + len(list(ROOT.glob("packages/*/pyproject.toml")))
    return found


@pytest.fixture(scope="session")
def foundation(tmp_path_factory: pytest.TempPathFactory, wheelhouse: Path) -> Environment:
    """An environment with the Foundation tier and nothing else."""
    made = Environment(tmp_path_factory.mktemp("foundation") / "venv", wheelhouse)
    done = made.pip("install", "tinytorch-core")
    assert done.code == 0, done.err
    return made


def test_wheels_share_no_file_and_no_namespace_init(wheels: list[Path]) -> None:
    names = [name for wheel in wheels for name in zipfile.ZipFile(wheel).namelist()]
    shared = [name for name, count in Counter(names).items() if count > 1]
    assert not shared
    assert "tinytorch/__init__.py" not in names


def test_every_tier_is_built_by_the_same_backend() -> None:
    """It must lie in each project's folder, so it stands there several times, and never differs."""
    assert len({path.read_bytes() for path in ROOT.glob("packages/*/checkout.py")}) == 1


def test_wheels_hold_both_licenses_and_no_generated_leftovers(wheels: list[Path]) -> None:
    for wheel in wheels:
        names = zipfile.ZipFile(wheel).namelist()
        expected = {"LICENSE"} if "engine" in wheel.name else {"LICENSE", "LICENSE-LESSONS"}
        assert expected == {Path(n).name for n in names if ".dist-info/licenses/" in n}
        assert not [name for name in names if "__pycache__" in name or "_generated" in name]


def test_no_wheel_names_a_folder_of_the_machine_that_built_it(wheels: list[Path]) -> None:
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                assert str(ROOT).encode() not in archive.read(name), f"{wheel.name}: {name}"


def test_foundation_installs_alone_with_few_packages(foundation: Environment) -> None:
    listed = foundation.pip("list", "--format=freeze").out.split()
    brought = [line for line in listed if not line.startswith(("pip==", "setuptools=="))]
    assert len(brought) <= MOST_PACKAGES, brought
    assert foundation.pip("check").code == 0
    assert 0 < int(foundation.run("-c", SIZE).out) <= MOST_BYTES


DISTRIBUTIONS = [each.tier.distribution for each in tiers().tiers]


# The first tier, all of them, and the last one on what is provided: `nox -s journeys` plays the rest.
PLAYED = [DISTRIBUTIONS[:1], DISTRIBUTIONS, DISTRIBUTIONS[-1:]]


@pytest.mark.parametrize("configuration", PLAYED, ids="+".join)
def test_a_journey(configuration: list[str], tmp_path: Path, wheelhouse: Path) -> None:
    """Of Foundation with its milestones. The longer ones are run by `nox -s journeys`."""
    made = Environment(tmp_path / "venv", wheelhouse)
    first, *others = configuration
    assert made.pip("install", first).code == 0
    words = ["--without-milestones"] if others or first != DISTRIBUTIONS[0] else []
    script = ROOT / "tests" / "journeys" / "learner.py"
    pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheelhouse)}
    command = (script, tmp_path / "course", *configuration, *words)
    done = made.run(*command, timeout=600, **pip)
    assert done.code == 0, done.out + done.err


def test_without_a_workspace_everything_is_provided(foundation: Environment) -> None:
    code = "from tinytorch.core import tensor; print((tensor([1., 2.]) + 1).tolist())"
    assert foundation.run("-P", "-c", code).out == "[2.0, 3.0]\n"


def test_plain_pytest_runs_the_integration_tests(foundation: Environment, tmp_path: Path) -> None:
    """On the reference, and in a workspace where nothing is built yet: all are skipped."""
    pytest_command = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--pyargs", "tinytorch_core")
    done = foundation.run(*pytest_command, TITO_WORKSPACE="")
    assert done.code == 0, done.out + done.err
    assert " passed" in done.out
    assert " failed" not in done.out
    foundation.run("-m", "tito", "init", tmp_path / "course")
    done = foundation.run(*pytest_command, TITO_WORKSPACE=str(tmp_path / "course"))
    assert done.code == 0, done.out + done.err
    assert " skipped" in done.out
    assert " passed" not in done.out


def test_a_third_party_tier_comes_and_goes(tmp_path: Path, wheelhouse: Path, toy: Path) -> None:
    """Build the toy tier with the published engine, install it beside Foundation, remove it."""
    made = Environment(tmp_path / "venv", wheelhouse)
    assert made.pip("install", "tinytorch-core").code == 0
    done = made.pip("install", toy)
    assert done.code == 0, done.out + done.err
    use = "from tinytorch.toy import Counter, count; from tinytorch.core import tensor;"
    assert made.run("-P", "-c", f"{use} print(count(tensor([1., 2.])))").out == "3.0\n"
    assert "toy-tier" in made.run("-m", "tito", "tier", "list").out
    assert made.run("-m", "tito", "toy").out == "the toy tier is here\n"

    assert made.pip("uninstall", "-y", "toy-tier").code == 0
    left = made.run("-P", "-c", "from tinytorch.core import Tensor; print('here')")
    assert left.out == "here\n", left.err
    assert "toy" not in made.run("-m", "tito", "tier", "list").out


# Wheels, editables, and mixes of both

WHEEL, EDITABLE = "wheel", "editable"
MIXES = {
    "wheels": (WHEEL, WHEEL),
    "the first tier in a checkout": (EDITABLE, WHEEL),
    "the later ones in a checkout": (WHEEL, EDITABLE),
    "all tiers in a checkout": (EDITABLE, EDITABLE),
}
# All that the commands and the facades tell of a course, whatever file it comes from.
TOLD = """
import contextlib, importlib, io, json
from tito.cli import run
def told(*arguments):
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
        run([*arguments, "--json"])
    return json.loads(out.getvalue())
course = told("namespace", "--names")
homes = sorted({module["target"].rpartition(".")[0] for module in course["modules"]}
               | {each["name"].rpartition(".")[0] for each in course["names"]})
offered = {home: importlib.import_module(home).__all__ for home in homes}
files = [module.pop("file") for module in course["modules"]]
print(json.dumps({"tiers": told("tier", "list"), "namespace": course, "offered": offered}))
"""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, wheelhouse: Path) -> Environment:
    """An environment with all that engine and tiers need, and what builds them; they come and go."""
    made = Environment(tmp_path_factory.mktemp("mixed") / "venv", wheelhouse)
    done = made.pip("install", "hatchling", "editables", *DISTRIBUTIONS)
    assert done.code == 0, done.err
    return made


@pytest.fixture(scope="session")
def everything_here() -> object:
    """What the tiers of this checkout tell; each mix must tell the same."""
    done = run(sys.executable, "-c", TOLD, cwd=ROOT, TITO_WORKSPACE="")
    assert done.code == 0, done.err
    return json.loads(done.out)


@pytest.fixture(scope="session")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which everything is built, but for the last module."""
    folder = tmp_path_factory.mktemp("course")
    (folder / MARKER).write_text(render(tuple(each.tier.id for each in tiers().tiers)))
    for module in modules()[:-1]:
        path = folder.joinpath(*module.target.split(".")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(exported(module.id), encoding="utf-8")
    return folder


@pytest.mark.parametrize("order", [1, -1], ids=["in order", "the other way round"])
@pytest.mark.parametrize("mix", MIXES)
def test_wheels_and_editables_mix_in_any_order(
    site: Environment, mix: str, order: int, everything_here: object, course: Path
) -> None:
    """One tier's wheel beside another's checkout, and the engine once this way and once that."""
    first, later = MIXES[mix]
    kinds = dict.fromkeys(DISTRIBUTIONS, later) | {DISTRIBUTIONS[0]: first}
    assert site.pip("uninstall", "-y", "tinytorch-engine", *DISTRIBUTIONS).code == 0
    put(site, "tinytorch-engine", ROOT / "engine", {1: WHEEL, -1: EDITABLE}[order])
    for name in DISTRIBUTIONS[::order]:
        put(site, name, ROOT / "packages" / name, kinds[name])

    assert site.pip("check").code == 0
    told = site.run("-P", "-c", TOLD, TITO_WORKSPACE="")
    assert told.code == 0, told.err
    assert json.loads(told.out) == everything_here
    own = site.run("-P", "-c", HOMES, TITO_WORKSPACE=str(course))
    assert own.code == 0, own.err
    assert set(own.out.split()) == {str(course)}
    *_, last = modules()
    facade, (name, *_) = next(iter(last.exports.items()), (last.target, last.names))
    locked = site.run("-P", "-c", f"from {facade} import {name}", TITO_WORKSPACE=str(course))
    assert f"tito module start {last.id}" in locked.err


# Where the files of all modules lie that can be had, as they are imported through the facades.
HOMES = """
import sys
from importlib import import_module
from tito.curriculum.installed import installed
for module in installed().course().modules[:-1]:
    for facade, names in (module.exports or {module.target: module.names}).items():
        getattr(import_module(facade), names[0])
    home = sys.modules[module.target].__file__
    print(home[: -len(module.target.replace(".", "/") + ".py") - 1])
"""


def put(site: Environment, name: str, project: Path, kind: str) -> None:
    """Install one distribution and nothing else; an editable one with what is installed already."""
    what = [name] if kind == WHEEL else ["--no-build-isolation", "--editable", project]
    done = site.pip("install", "--no-deps", *what)
    assert done.code == 0, done.out + done.err


@pytest.mark.parametrize("kind", [WHEEL, EDITABLE])
def test_uninstalling_a_tier_leaves_the_others_and_tells_what_brings_it_back(
    site: Environment, kind: str, course: Path
) -> None:
    """Without a workspace, and in one where the tier was built, too."""
    put(site, "tinytorch-engine", ROOT / "engine", WHEEL)
    for name in DISTRIBUTIONS:
        put(site, name, ROOT / "packages" / name, kind)
    assert site.pip("uninstall", "-y", *DISTRIBUTIONS[1:]).code == 0
    for workspace in ("", str(course)):
        where = {"TITO_WORKSPACE": workspace}
        left = site.run("-P", "-c", "from tinytorch.nn import Linear; print('here')", **where)
        assert left.out == "here\n", left.err
        for asks in ("from tinytorch.nn import Conv2d", "import tinytorch.nn as nn; nn.Conv2d"):
            missing = site.run("-P", "-c", asks, **where)
            assert missing.code == 1
            assert missing.err.count("pip install tinytorch-nn") == 1, missing.err
        listed = site.run("-m", "tito", "tier", "list", **where)
        assert "tinytorch-nn" not in listed.out
    told = site.run("-m", "tito", "status", TITO_WORKSPACE=str(course))
    assert (told.code, told.err.count("pip install tinytorch-nn")) == (0, 1), told.err


def test_tiers_install_from_a_checkout_with_plain_pip(tmp_path: Path, wheelhouse: Path) -> None:
    """The last one brings those that it requires, and the engine, from next door."""
    made = Environment(tmp_path / "venv", wheelhouse)
    done = made.pip("install", ROOT / "packages" / DISTRIBUTIONS[-1])
    assert done.code == 0, done.out + done.err
    assert made.pip("check").code == 0
    for name in DISTRIBUTIONS:
        code = f"from importlib.metadata import requires; print(requires({name!r}))"
        shown = made.run("-c", code).out
        assert "tinytorch-engine" in shown
        assert "file:" not in shown, "an installed wheel asks for the published engine"
