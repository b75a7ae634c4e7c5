"""What `tito`'s commands cost before they do anything, with 180 distributions installed.

python benchmarks/startup.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib.metadata import distributions
from pathlib import Path

from paired import Times, in_turns, process

DISTRIBUTIONS = 180
ROUNDS = 15
COMMANDS = (["--version"], ["--help"], ["status"], ["module", "list"])
BARE = "bare Python"


def measure() -> dict[str, Times]:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": fill(Path(folder))}
        python = [sys.executable]
        workspace = Path(folder) / "course"
        subprocess.run(
            [*python, "-m", "tito", "init", workspace],
            check=True, env=environment, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        commands = {BARE: [*python, "-c", "pass"]}
        commands |= {f"tito {' '.join(c)}": [*python, "-m", "tito", *c] for c in COMMANDS}
        runs = {n: process(c, cwd=workspace, env=environment) for n, c in commands.items()}
        return in_turns(runs, ROUNDS)


def fill(folder: Path) -> str:
    """Make metadata of as many distributions as are missing to 180; returns the folder."""
    for number in range(DISTRIBUTIONS - len(list(distributions()))):
        info = folder / f"padding{number}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: padding{number}\nVersion: 1.0\n"
        )
        (info / "entry_points.txt").write_text(f"[console_scripts]\npad{number} = padding:main\n")
    return str(folder)


def table() -> list[str]:
    times = measure()
    bare = times.pop(BARE)
    rows = ["| command | ms over bare Python | times bare Python |", "| --- | --- | --- |"]
    for name, taken in times.items():
        rows.append(f"| `{name}` | {taken.over(bare) * 1e3:.0f} | {taken.ratio(bare):.1f} |")
    return rows


if __name__ == "__main__":
    print("\n".join(table()))
