"""Runs all benchmarks and writes docs/benchmarks.md. Ends with 1 if a goal was missed.

python benchmarks/page.py
"""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

import against_torch
import growth
import startup

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
TEXT = """\
# Benchmarks

`python3 noxfile.py bench` writes this page; no number in it was typed. Everything is CPU time on one
thread. Competitors run in turns; times and ratios are medians over the rounds, and a ratio is taken
within a round, so that what else the machine does hits both.

Measured on {machine}.

## Beside torch

The same program in both libraries, but for the import lines. Below 1, we are faster.

{torch}

## Growth

A graph is built and walked back, with {small:,} and with {large:,} operations.

{growth}

## Start-up

What a command takes before it does anything, with {distributions} distributions installed.

{startup}
"""


def main() -> int:
    beside, fast = against_torch.table()
    grown, linear = growth.table()
    text = TEXT.format(
        machine=machine(), torch="\n".join(beside), growth="\n".join(grown),
        startup="\n".join(startup.table()), small=growth.SMALL, large=growth.LARGE,
        distributions=startup.DISTRIBUTIONS,
    )  # fmt: skip
    PAGE.write_text(text, encoding="utf-8")
    print(text)
    return 0 if fast and linear else 1


def machine() -> str:
    """What kind of machine, and with which versions; nothing that tells which one."""
    config: dict[str, Any] = np.show_config(mode="dicts")  # type: ignore[assignment]
    blas = config["Build Dependencies"]["blas"]
    return (
        f"{cpu()} ({platform.machine()}, {platform.system()}), Python {platform.python_version()},"
        f" NumPy {np.__version__} with {blas['name']} {blas['version']}, torch {torch.__version__}"
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
