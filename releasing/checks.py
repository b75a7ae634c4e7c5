"""Checks sdists and wheels: their metadata, what they hold, that they share nothing, that they can
be made again to the same bytes.

    python releasing/checks.py FOLDER
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from pathlib import Path

from projects import projects
from repository import ROOT, Refused
from wheels import build_one

# A tier has equal composing lines (W002), lessons in folders that are no packages (W004), and its
# curriculum beside its portion of the namespace (W009).
USUAL = "W002,W004,W009"
NAMESPACE = "tinytorch/__init__.py"


def check(dist: Path, root: Path = ROOT) -> None:
    wheels = [path for path in archives(dist) if path.suffix == ".whl"]
    for project in projects(root).values():
        _run("validate-pyproject", project.folder / "pyproject.toml")
    _run("twine", "check", "--strict", *archives(dist))
    _run("check-wheel-contents", "--ignore", USUAL, *wheels)
    _share_nothing(wheels)


def check_reproducible(name: str, dist: Path, root: Path = ROOT) -> None:
    """Build the distribution once more, elsewhere, and compare."""
    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder).resolve()
        build_one(projects(root)[name].folder, again, dist)
        for path in archives(again):
            if _digest(path) != _digest(dist / path.name):
                raise Refused(
                    f"{path.name}: built twice, its bytes differ: what in it is not fixed?"
                )


def _share_nothing(wheels: list[Path]) -> None:
    names = [name for wheel in wheels for name in zipfile.ZipFile(wheel).namelist()]
    if shared := [name for name, count in Counter(names).items() if count > 1]:
        raise Refused(
            f"several wheels hold {', '.join(shared)}: a file belongs to one distribution"
        )
    if NAMESPACE in names:
        raise Refused(f"a wheel holds {NAMESPACE}: it would hide every other tier")


def archives(folder: Path) -> list[Path]:
    """Sdists and wheels: build writes a .gitignore beside them."""
    return sorted(path for path in folder.iterdir() if path.suffix in (".gz", ".whl"))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        said, _, _ = (done.stdout + done.stderr).partition("Traceback")
        raise Refused(f"{command[0]} objects:\n{said}")


if __name__ == "__main__":
    check(Path(sys.argv[1]).resolve())
