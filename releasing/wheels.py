"""Builds every distribution of a checkout, each wheel out of its sdist.

    python releasing/wheels.py FOLDER

Later ones find earlier ones in the folder, so nothing has to be published. The same sources give
the same bytes: the dates inside the archives are fixed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from projects import projects
from repository import ROOT, Refused

DATE = "1577836800"  # 2020-01-01, for every file in an archive


def build(dist: Path, root: Path = ROOT) -> Path:
    """Put sdist and wheel of every distribution into the folder."""
    for project in projects(root).values():
        build_one(project.folder, dist, dist)
    return dist


def build_one(folder: Path, dist: Path, others: Path) -> None:
    """Build the project in the folder; what it is built with, it finds among the others."""
    command = [sys.executable, "-m", "build", "--outdir", str(dist), str(folder)]
    variables = {**os.environ, "PIP_FIND_LINKS": str(others), "SOURCE_DATE_EPOCH": DATE}
    done = subprocess.run(command, env=variables, capture_output=True, text=True)
    if done.returncode:
        raise Refused(f"{folder}: it cannot be built\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    build(Path(sys.argv[1]).resolve())
