"""Proves which versions of engine and tiers work together, and writes the table in RELEASING.md.

    python releasing/matrix.py FOLDER [PYTHON…]

Every configuration of the tiers is played from wheels, with several Pythons, and with the lowest and
the highest versions of what they depend on. What the declared ranges allow must pass; what they
forbid must be refused, by pip and by tito. FOLDER keeps the environments and the transcripts.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from projects import projects
from repository import ROOT, Refused
from stands import Stand, stands
from table import write_table

sys.path.append(str(ROOT / "tests" / "journeys"))
from every import configurations

PYTHONS = ("3.11", "3.12", "3.13")
RESOLUTIONS = ("lowest", "highest")


@dataclass(frozen=True)
class Cell:
    configuration: tuple[str, ...]
    stand: Stand
    python: str
    resolution: str

    @property
    def name(self) -> str:
        parts = ("+".join(self.configuration), self.stand.folder.name, self.python, self.resolution)
        return "_".join(parts)


@dataclass(frozen=True)
class Outcome:
    cell: Cell
    passed: bool
    said: str  # "" where everything was played; what a user reads where the ranges forbid it


def prove(cell: Cell, place: Path) -> Outcome:
    """Install the cell's wheels into an environment of its own, and play its learner."""
    folder = place / cell.name
    folder.mkdir(parents=True)
    together = set().union(*map(cell.stand.needed, cell.configuration))
    if cell.stand.forbidden(together):
        outcome = _refused(cell, folder, together)
    else:
        steps = [*_installed(cell, folder, together), _journey(cell, folder)]
        passed = all(_run(step, cell, folder).returncode == 0 for step in steps)
        outcome = Outcome(cell, passed, "")
    print(f"{cell.name}: {'as it should' if outcome.passed else 'FAILED'}", flush=True)
    if not outcome.passed:
        print((folder / "transcript.txt").read_text(encoding="utf-8")[-4000:], flush=True)
    return outcome


def _installed(cell: Cell, folder: Path, names: set[str]) -> list[Sequence[str | Path]]:
    """What all of them depend on, with lowest versions the lowest of what they name; of the
    distributions those that the learner begins with. The journey brings the others."""
    needed = (each for name in names for each in cell.stand.wheels[name].requires)
    others = [str(each) for each in needed if each.name not in names]
    first = [cell.stand.wheels[name].path for name in cell.stand.needed(cell.configuration[0])]
    resolution = {"lowest": "lowest-direct", "highest": "highest"}[cell.resolution]
    how = ["--resolution", resolution, "--only-binary", ":all:"]
    return [_environment(cell, folder), [*_install(folder), *how, *others, *first]]


def _install(folder: Path) -> list[str | Path]:
    return ["uv", "pip", "install", "--quiet", "--python", _python(folder)]


def _environment(cell: Cell, folder: Path) -> Sequence[str | Path]:
    return [
        "uv",
        "venv",
        "--quiet",
        "--seed",
        "--python",
        _interpreter(cell.python),
        folder / "venv",
    ]


def _journey(cell: Cell, folder: Path) -> Sequence[str | Path]:
    learner = [_python(folder), cell.stand.learner, folder / "course"]
    return [*learner, *cell.configuration, "--without-milestones"]


def _refused(cell: Cell, folder: Path, names: set[str]) -> Outcome:
    """Neither pip nor tito takes wheels together whose ranges forbid it."""
    wheels = [cell.stand.wheels[name].path for name in sorted(names)]
    needed = (each for name in names for each in cell.stand.wheels[name].requires)
    _run(_environment(cell, folder), cell, folder)
    refused = _run([*_install(folder), *wheels], cell, folder).returncode != 0
    _run([*_install(folder), "--no-deps", *wheels], cell, folder)
    _run([*_install(folder), *(str(n) for n in needed if n.name not in names)], cell, folder)
    told = _run([_python(folder), "-m", "tito", "status"], cell, folder)
    return Outcome(cell, refused and told.returncode != 0, told.stderr.strip())


def _python(folder: Path) -> Path:
    return folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _interpreter(version: str) -> str:
    """Its path. Where pyenv stands in between, it is told which one is meant."""
    command = [f"python{version}", "-c", "import sys; print(sys.executable)"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, "PYENV_VERSION": version}
        )
    except FileNotFoundError:
        done = None
    if not done or done.returncode:
        raise Refused(f"there is no python{version}: install it, or name the Pythons after `--`")
    return done.stdout.strip()


def _run(step: Sequence[str | Path], cell: Cell, folder: Path) -> subprocess.CompletedProcess[str]:
    """No index has our wheels: pip, which the learner uses, finds those of the cell."""
    variables = {**os.environ, "PIP_FIND_LINKS": str(cell.stand.folder)}
    done = subprocess.run(step, cwd=folder, capture_output=True, text=True, env=variables)
    with (folder / "transcript.txt").open("a", encoding="utf-8") as transcript:
        transcript.write(f"$ {' '.join(map(str, step))}\n{done.stdout}{done.stderr}")
    return done


def main() -> None:
    place, *pythons = sys.argv[1:]
    folder = Path(place).absolute()
    pythons = pythons or list(PYTHONS)
    _, *tiers = projects()
    cells = [
        Cell(tuple(configuration), stand, python, resolution)
        for stand in stands(folder / "wheels")
        for configuration in configurations(tiers)
        for python, resolution in product(pythons, RESOLUTIONS)
    ]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(pool.map(lambda cell: prove(cell, folder), cells))
    write_table(outcomes)
    if failed := [outcome.cell.name for outcome in outcomes if not outcome.passed]:
        raise Refused("the ranges allow what does not work: " + ", ".join(failed))


if __name__ == "__main__":
    main()
