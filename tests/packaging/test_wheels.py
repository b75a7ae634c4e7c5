"""The wheels, as they are installed: alone, without an index, and taken away again."""

from __future__ import annotations

import os
import venv
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from support import ROOT, Run, run

MOST_PACKAGES = 25
MOST_BYTES = 90_000_000  # without what Python caches as it runs
SIZE = """
from importlib.metadata import distributions
files = (d.locate_file(f) for d in distributions() if d.name not in ("pip", "setuptools")
         for f in d.files if not str(f).endswith(".pyc"))
print(sum(file.stat().st_size for file in files))
"""


@pytest.fixture(scope="session")
def wheelhouse() -> Path:
    """A folder with the wheels of this checkout and of all that they need; nox makes it."""
    return Path(os.environ["TITO_TEST_WHEELHOUSE"])


@pytest.fixture(scope="session")
def wheels(wheelhouse: Path) -> list[Path]:
    found = sorted(wheelhouse.glob("tinytorch_*.whl"))
    assert len(found) == 1 + len(list(ROOT.glob("packages/*/pyproject.toml")))
    return found


class Environment:
    """A fresh virtual environment that reaches no index."""

    def __init__(self, folder: Path, wheelhouse: Path):
        venv.create(folder, with_pip=True, symlinks=os.name != "nt")
        self.folder, self.wheelhouse = folder, wheelhouse
        self.python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    def pip(self, *arguments: object) -> Run:
        where = ("--no-index", "--find-links", self.wheelhouse)
        quiet = ("-m", "pip", "--disable-pip-version-check")
        more = where if arguments[0] == "install" else ()
        return run(self.python, *quiet, *arguments, *more, cwd=self.folder, timeout=300)

    def run(self, *arguments: object, **variables: str) -> Run:
        return run(self.python, *arguments, cwd=self.folder, PYTHONPATH="", **variables)


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


def test_the_journey_of_foundation(foundation: Environment, tmp_path: Path) -> None:
    script = ROOT / "tests" / "journeys" / "foundation.py"
    done = foundation.run(script, tmp_path / "course", PYTHONSAFEPATH="1")
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


def test_architecture_joins_a_workspace_and_leaves_it(tmp_path: Path, wheelhouse: Path) -> None:
    """What was done stays; without the tier, its names tell which distribution brings them."""
    made = Environment(tmp_path / "venv", wheelhouse)
    course = tmp_path / "course"
    assert made.pip("install", "tinytorch-core").code == 0
    assert made.run("-m", "tito", "init", course).code == 0
    missing = made.run("-P", "-c", "from tinytorch.nn import Conv2d")
    assert "pip install tinytorch-nn" in missing.err

    assert made.pip("install", "tinytorch-nn").code == 0
    workspace = {"TITO_WORKSPACE": str(course)}
    assert "tito tier add architecture" in made.run("-m", "tito", "status", **workspace).out
    assert made.run("-m", "tito", "tier", "add", "architecture", **workspace).code == 0
    locked = made.run("-P", "-c", "from tinytorch.nn import Conv2d", **workspace)
    assert "tito module start convolutions" in locked.err
    both = "from tinytorch.nn import Conv2d, Linear; print(Conv2d.__module__, Linear.__module__)"
    expected = "tinytorch.nn.convolution tinytorch.nn.layers\n"
    assert made.run("-P", "-c", both, TITO_WORKSPACE="").out == expected

    assert made.pip("uninstall", "-y", "tinytorch-nn").code == 0
    left = made.run("-P", "-c", "from tinytorch.nn import Linear; print('here')", TITO_WORKSPACE="")
    assert left.out == "here\n", left.err


def test_the_tier_installs_from_a_checkout_with_plain_pip(tmp_path: Path, wheelhouse: Path) -> None:
    made = Environment(tmp_path / "venv", wheelhouse)
    done = made.pip("install", ROOT / "packages" / "tinytorch-core")
    assert done.code == 0, done.out + done.err
    assert made.pip("check").code == 0
    requires = made.pip("show", "tinytorch-core").out
    assert "tinytorch-engine" in requires
    shown = made.run(
        "-c", "from importlib.metadata import requires; print(requires('tinytorch-core'))"
    )
    assert "file:" not in shown.out, "an installed wheel asks for the published engine"
