"""Releases one distribution: version, changelog, proof from wheels, commit and tag. Nothing is uploaded.

    python releasing/release.py DISTRIBUTION [major|minor|patch|VERSION] [--without-journey]

Everything happens in a worktree of its own. Only when all of it is proved does the branch move on to
the commit and get the tag; a release that fails leaves nothing behind.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from checks import check, check_reproducible
from journey import play
from packaging.version import Version
from projects import Project, following, projects
from repository import ROOT, Refused, git, releases, worktree
from wheels import build

CONFIG = Path(__file__).with_name("towncrier.toml")


def release(name: str, word: str, journey: bool, root: Path = ROOT) -> str:
    """Returns the tag."""
    project = _chosen(name, root)
    version = following(project.version, word)
    _may_be_released(project, version, root)
    with worktree(root=root) as tree:
        new = projects(tree)[name]
        new.bump(version)
        _write_changelog(new, version)
        git("commit", "--all", "--quiet", "--message", f"Release {name} {version}", at=tree)
        dist = build(tree / "dist", tree)
        check(dist, tree)
        check_reproducible(name, dist, tree)
        if journey:
            play(name, dist, tree)
        commit = git("rev-parse", "HEAD", at=tree)
    _warn_of_ranges(projects(root).values(), name, version)
    git("merge", "--ff-only", "--quiet", commit, at=root)
    git(
        "tag", "--annotate", "--message", f"{name} {version}", project.tag(version), commit, at=root
    )
    return project.tag(version)


def _chosen(name: str, root: Path) -> Project:
    known = projects(root)
    if name not in known:
        raise Refused(f"there is no distribution '{name}': choose one of {', '.join(known)}")
    return known[name]


def _may_be_released(project: Project, version: Version, root: Path) -> None:
    if git("status", "--porcelain", at=root):
        raise Refused("there are changes that are not committed: commit them, and release again")
    if project.tag(version) in releases(project.name, root):
        raise Refused(f"{project.tag(version)} is there already: say a newer version")
    if not project.fragments:
        folder = project.folder.relative_to(root) / "changelog.d"
        raise Refused(f"{folder}: no fragment says what is new in {project.name}: add one")


def _write_changelog(project: Project, version: Version) -> None:
    command = ["towncrier", "build", "--yes", "--config", CONFIG, "--dir", project.folder]
    about = ["--name", project.name, "--version", str(version), "--date", str(date.today())]
    done = subprocess.run([*command, *about], cwd=project.folder, capture_output=True, text=True)
    if done.returncode:
        raise Refused(f"{project.name}: towncrier could not write the changelog:\n{done.stderr}")


def _warn_of_ranges(known: Iterable[Project], name: str, version: Version) -> None:
    for other in known:
        for requirement in other.requires:
            if requirement.name == name and version not in requirement.specifier:
                print(f"note: {other.name} {other.version} requires {requirement}, not {version}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("distribution")
    parser.add_argument("version", nargs="?", default="patch", help="major, minor, patch, or 1.2.3")
    parser.add_argument(
        "--without-journey", action="store_true", help="for tests: build and check only"
    )
    words = parser.parse_args()
    tag = release(words.distribution, words.version, not words.without_journey)
    print(
        f"{tag} is released here. To publish it: git push --follow-tags, and nox -s upload -- {tag}"
    )


if __name__ == "__main__":
    sys.exit(main())
