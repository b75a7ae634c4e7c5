"""Builds every distribution of a checkout, each wheel out of its sdist.

    python releasing/wheels.py FOLDER [DISTRIBUTION…]

Later ones find earlier ones in the folder, so nothing has to be published. The same sources give
the same bytes: the dates inside the archives are fixed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from projects import projects
from repository import ROOT, Refused

DATE = "1577836800"  # 2020-01-01, for every file in an archive


def build(dist: Path, root: Path = ROOT, names: Iterable[str] = ()) -> Path:
    """Put sdists and wheels of these distributions, or of all, into the folder."""
    known = projects(root)
    for name in names or known:
        _build(known[name].folder, dist)
    return dist


def _build(folder: Path, dist: Path) -> None:
    command = [sys.executable, "-m", "build", "--outdir", str(dist), str(folder)]
    variables = {**os.environ, "PIP_FIND_LINKS": str(dist), "SOURCE_DATE_EPOCH": DATE}
    done = subprocess.run(command, env=variables, capture_output=True, text=True)
    if done.returncode:
        raise Refused(f"{folder}: it cannot be built\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    build(Path(sys.argv[1]).resolve(), names=sys.argv[2:])
