"""Runs all benchmarks and writes docs/benchmarks.md. Ends with 1 if a goal was missed.

    python benchmarks/page.py

Each runs in a process of its own: torch's many objects, for example, make Python's collector dear.
"""

from __future__ import annotations

import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
TEXT = """\
# Benchmarks

`python3 noxfile.py bench` writes this page; no number in it was typed. Everything is CPU time on one
thread, unless the clock is named. Competitors run in turns; times and ratios are medians over the
rounds, and a ratio is taken within a round, so that what else the machine does hits both.

Measured on {machine}.

## Beside torch

The same program in both libraries, but for the import lines. Below 1, we are faster.

{against_torch}

## A convolutional network

The same program again, its time and its memory: how much it raises the peak of its process.

{cnn}

## Whole numbers

A linear layer, 512×512, for a batch of 32, with weights as int8. There is no goal. Ours stores a
quarter, and its sums are those of integer hardware, but it takes them from a float product, because
NumPy has none of int8; torch uses the processor's own. The error is that of all outputs, as a share of
their size.

{int8}

## Writing with a cache

A GPT of 2 layers of width 64 writes 64 tokens after one, greedily: by module 18, by torch with a cache
of its own, and by module 13. All three write the same.

{cached}

## Growth

A graph is built and walked back, once with ten times as many operations: linear, if each takes as long.

{growth}

## Start-up

What a command takes before it does anything, where many distributions are installed.

{startup}

## Grading

`tito nbgrader autograde` beside nbgrader's own, on a class that handed in the tensor module: of ten, two
are correct, four have a mistake, two did a part, one is blank, one broken. With everything, from reading
the file to gradebook and notebooks; without what it takes to begin. nbgrader runs all cells without
holding them back. We run them in the sandbox, each passed test twice more without the student's
functions, and leave out the cells that only measure.

{autograding}
"""


def main() -> int:
    names = ("against_torch", "cnn", "int8", "cached", "growth", "startup", "autograding")
    done = {name: run(HERE / f"{name}.py") for name in names}
    tables = {name: process.stdout.rstrip() for name, process in done.items()}
    text = TEXT.format(machine=machine(), **tables)
    PAGE.write_text(text, encoding="utf-8")
    print(text)
    return max(process.returncode for process in done.values())


def run(script: Path) -> subprocess.CompletedProcess[str]:
    """What it prints is a table; 1 means that a goal was missed."""
    command = [sys.executable, str(script)]
    done = subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8")
    if done.returncode not in (0, 1) or not done.stdout:
        sys.exit(f"{script.name} ended with {done.returncode}")
    return done


def machine() -> str:
    """What kind of machine, and with which versions; nothing that tells which one."""
    config: dict[str, Any] = np.show_config(mode="dicts")  # type: ignore[assignment]
    blas = config["Build Dependencies"]["blas"]
    return (
        f"{cpu()} ({platform.machine()}, {platform.system()}), Python {platform.python_version()},"
        f" NumPy {np.__version__} with {blas['name']} {blas['version']}, torch {version('torch')}"
    )


def cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


if __name__ == "__main__":
    sys.exit(main())
