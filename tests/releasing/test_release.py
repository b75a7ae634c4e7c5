"""A release is proved or leaves nothing behind. On a repository of two small distributions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "releasing" / "release.py"
NAME, FOLDER = "toy-tier", "packages/toy-tier"
PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "{name}"
version = "0.1.0"
description = "Something small."
readme = "README.md"
requires-python = ">=3.11"
dependencies = {dependencies}
"""
NOT_FIXED = """
[tool.hatch.build.hooks.custom]
path = "hook.py"
"""
HOOK = """
from pathlib import Path
from uuid import uuid4
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
class Hook(BuildHookInterface):
    def initialize(self, version, build_data):
        Path(self.root, "{package}/chance.txt").write_text(str(uuid4()))
"""


def git(root: Path, *words: str) -> str:
    about = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    done = subprocess.run(["git", *about, *words], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def release(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "releasing" / PROGRAM.name), *words, "--without-journey"]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with the real programs in it; one fragment is waiting."""
    for folder, name, dependencies in (
        ("engine", "toy-engine", []),
        (FOLDER, NAME, ["toy-engine>=0.1,<0.2"]),
    ):
        project = tmp_path / folder
        package = project / "src" / name.replace("-", "_")
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("ONE = 1\n")
        text = PYPROJECT.format(name=name, dependencies=dependencies)
        (project / "pyproject.toml").write_text(text)
        (project / "README.md").write_text("# Small\n")
        (project / "CHANGELOG.md").write_text("# Changelog\n\n<!-- releases -->\n")
        (project / "changelog.d").mkdir()
        (project / "changelog.d" / "README").write_text("Fragments.\n")
    (tmp_path / FOLDER / "changelog.d" / "+one.added.md").write_text("A new one.\n")
    programs = tmp_path / "releasing"
    programs.mkdir()
    for path in PROGRAM.parent.glob("*.*"):
        (programs / path.name).write_bytes(path.read_bytes())
    (tmp_path / ".gitignore").write_text("dist/\n__pycache__/\n")
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    git(tmp_path, "config", "user.name", "a")
    git(tmp_path, "config", "user.email", "a@example.org")
    return committed(tmp_path)


def committed(root: Path) -> Path:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "As it stands")
    return root


def state(root: Path) -> tuple[str, str, str, str]:
    asked = (("rev-parse", "HEAD"), ("tag",), ("status", "--porcelain"), ("worktree", "list"))
    return tuple(git(root, *words) for words in asked)  # type: ignore[return-value]


def test_a_release_has_a_version_a_section_a_commit_and_a_tag(root: Path) -> None:
    done = release(root, NAME, "minor")
    assert done.returncode == 0, done.stderr
    assert git(root, "tag", "--points-at", "HEAD") == "toy-tier-v0.2.0"
    assert git(root, "log", "--format=%s", "-1") == "Release toy-tier 0.2.0"
    assert 'version = "0.2.0"' in (root / FOLDER / "pyproject.toml").read_text()
    assert 'version = "0.1.0"' in (root / "engine" / "pyproject.toml").read_text()
    log = (root / FOLDER / "CHANGELOG.md").read_text()
    assert "## 0.2.0 (" in log
    assert "- A new one." in log
    assert not list(root.glob("*/*/changelog.d/*.md"))
    assert git(root, "status", "--porcelain") == ""


def test_it_says_whose_range_leaves_the_new_version_out(root: Path) -> None:
    (root / "engine" / "changelog.d" / "+two.changed.md").write_text("Another.\n")
    done = release(committed(root), "toy-engine", "minor")
    assert done.returncode == 0, done.stderr
    assert "toy-tier 0.1.0 requires toy-engine" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("toy-tire",), "choose one of toy-engine, toy-tier"),
        ((NAME, "soon"), "say major, minor, patch"),
        ((NAME, "0.0.9"), "older than 0.1.0"),
        (("toy-engine",), "engine/changelog.d: no fragment"),
    ],
)
def test_what_makes_no_sense_is_refused(root: Path, words: tuple[str, ...], said: str) -> None:
    before = state(root)
    done = release(root, *words)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert state(root) == before


def test_nothing_is_released_twice_or_out_of_changes_that_are_not_committed(root: Path) -> None:
    git(root, "tag", "toy-tier-v0.1.0")
    done = release(root, NAME, "0.1.0")
    assert (done.returncode, "there already" in done.stderr) == (1, True)
    (root / "new.txt").write_text("not committed\n")
    done = release(root, NAME, "minor")
    assert (done.returncode, "not committed" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("pyproject.toml", 'homepage = "https://example.org"\n', "validate-pyproject objects"),
        ("src/toy_engine/__init__.py", "", "several wheels hold toy_engine/__init__.py"),
        ("src/tinytorch/__init__.py", "", "it would hide every other tier"),
        ("pyproject.toml", NOT_FIXED, "its bytes differ"),
    ],
)
def test_a_release_that_fails_leaves_nothing_behind(
    root: Path, path: str, text: str, said: str
) -> None:
    place = root / FOLDER / path
    place.parent.mkdir(exist_ok=True)
    (root / FOLDER / "hook.py").write_text(HOOK.format(package="src/toy_tier"))
    if path != "pyproject.toml":
        packages = ["src/toy_tier", str(place.parent.relative_to(root / FOLDER))]
        with (root / FOLDER / "pyproject.toml").open("a") as file:
            file.write(f"\n[tool.hatch.build.targets.wheel]\npackages = {packages}\n")
    with place.open("a") as file:
        file.write(text)
    before = state(committed(root))
    done = release(root, NAME, "minor")
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert state(root) == before
