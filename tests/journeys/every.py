"""Plays a learner, and then an instructor, in every configuration of the tiers.

    python every.py FOLDER WHEELS DISTRIBUTION…

Each in a fresh environment, and two at a time. The distributions stand in the order in which their
tiers are taught; `WHEELS` is the folder of their wheels. `FOLDER` keeps the environments, what was
made in them, and the transcripts; a transcript that ends with a failure is printed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

LEARNER, INSTRUCTOR = (Path(__file__).with_name(f"{who}.py") for who in ("learner", "instructor"))


def configurations(distributions: Sequence[str]) -> list[list[str]]:
    """What learners may build: the first tiers of the course, however many, or a later one alone."""
    together = [list(distributions[:n]) for n in range(1, len(distributions) + 1)]
    return together + [[each] for each in distributions[1:]]


def play(configuration: list[str], folder: Path, wheels: str) -> bool:
    """Play one configuration; says how it ended, and whether it went as it should."""
    began = time.monotonic()
    place = folder / "+".join(configuration)
    venv.create(place / "venv", with_pip=True, clear=True, symlinks=os.name != "nt")
    python = place / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = [python, "-m", "pip", "install", "--quiet"]
    environment = {**os.environ, "PIP_FIND_LINKS": wheels}
    with (place / "transcript.txt").open("w+", encoding="utf-8") as transcript:
        for command in (
            [*install, configuration[0]],
            [python, LEARNER, place / "course", *configuration],
            [*install, "tinytorch-engine[grading]"],
            [python, INSTRUCTOR, place / "class", *configuration],
        ):
            done = subprocess.run(
                command, env=environment, stdout=transcript, stderr=subprocess.STDOUT
            )
            if done.returncode:
                transcript.seek(0)
                print(transcript.read())
                break
    ended = "did not go as it should" if done.returncode else "done"
    print(f"{place.name}: {ended} after {time.monotonic() - began:.0f} s", flush=True)
    return done.returncode == 0


def main() -> int:
    folder, wheels, *distributions = sys.argv[1:]
    with ThreadPoolExecutor(2) as pool:
        went = pool.map(
            lambda each: play(each, Path(folder).absolute(), wheels), configurations(distributions)
        )
        return 0 if all(list(went)) else 1


if __name__ == "__main__":
    sys.exit(main())
