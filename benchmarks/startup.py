"""CPU time of `tito`'s commands at start-up, with 180 distributions installed.

    python benchmarks/startup.py

Bare Python and the commands run in turns (A B C … A B C …), so that whatever else the machine does hits
all of them alike. What is shown are medians: of CPU time over bare Python's, and of the ratio to it.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from importlib.metadata import distributions
from pathlib import Path
from statistics import median

DISTRIBUTIONS = 180
ROUNDS = 15
COMMANDS = (["--version"], ["--help"], ["status"], ["module", "list"])


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": fill(Path(folder))}
        python = [sys.executable]
        workspace = Path(folder) / "course"
        subprocess.run([*python, "-m", "tito", "init", workspace], check=True, env=environment)
        runs = {"bare Python": [*python, "-c", "pass"]}
        runs |= {f"tito {' '.join(c)}": [*python, "-m", "tito", *c] for c in COMMANDS}
        times: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(ROUNDS):
            for name, command in runs.items():
                times[name].append(cpu_time(command, workspace, environment))
    bare = times.pop("bare Python")
    print(f"bare Python: {median(bare) * 1e3:.0f} ms")
    for name, measured in times.items():
        over = median(one - other for one, other in zip(measured, bare, strict=True))
        ratio = median(one / other for one, other in zip(measured, bare, strict=True))
        print(f"{name:18} {over * 1e3:5.0f} ms over bare Python, {ratio:4.1f} times as long")


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


def cpu_time(command: list[str], folder: Path, environment: dict[str, str]) -> float:
    """Seconds of user and system time of a process that ends well."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


main()
