"""The repository: its commands, its tags, and other states of it beside the one that is checked out."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]


class Refused(SystemExit):
    """What is wrong and what to do next, in one message; the program ends with it."""


def git(*arguments: str | Path, at: Path = ROOT) -> str:
    done = subprocess.run(["git", *arguments], cwd=at, capture_output=True, text=True)
    if done.returncode:
        raise Refused(f"git {' '.join(map(str, arguments))}: {done.stderr.strip()}")
    return done.stdout.strip()


def releases(name: str, root: Path = ROOT) -> list[str]:
    """Tags of a distribution's releases, the last one first."""
    tags = git("tag", "--list", f"{name}-v*", at=root).split()
    return sorted(tags, key=lambda tag: Version(tag.removeprefix(f"{name}-v")), reverse=True)


@contextmanager
def worktree(commit: str = "HEAD", root: Path = ROOT) -> Iterator[Path]:
    """A checkout of its own, which is gone in the end."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder).resolve() / "tree"
        git("worktree", "add", "--quiet", "--detach", tree, commit, at=root)
        try:
            yield tree
        finally:
            git("worktree", "remove", "--force", tree, at=root)
