"""Plays a learner of one distribution in a fresh environment, from wheels.

python releasing/journey.py DISTRIBUTION FOLDER_OF_WHEELS
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from projects import projects
from repository import ROOT, Refused


def play(name: str, dist: Path, root: Path = ROOT) -> None:
    """A tier's own learner; of the engine, a learner of the first tier. Raises Refused with what
    the learner saw if it does not go as it should."""
    engine, first, *_ = projects(root)
    tier = first if name == engine else name
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder).resolve()
        venv.create(place / "venv", with_pip=True, symlinks=os.name != "nt")
        python = place / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        learner = root / "tests" / "journeys" / "learner.py"
        for command in (
            [python, "-m", "pip", "install", "--quiet", "--find-links", dist, tier],
            [python, learner, place / "course", tier],
        ):
            done = subprocess.run(command, cwd=place, capture_output=True, text=True)
            if done.returncode:
                raise Refused(f"{name}: its journey failed\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    play(sys.argv[1], Path(sys.argv[2]).resolve())
