"""A step of training a small convolutional network beside torch, on one thread: time and memory.

python benchmarks/cnn.py
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from paired import calls, in_turns

ROUNDS = 25
STEPS = 5  # before the memory is read
TIME_GOAL, MEMORY_GOAL = 0.8, 0.2


def ours() -> SimpleNamespace:
    import tinytorch.core
    import tinytorch.nn
    import tinytorch.nn.functional
    import tinytorch.optim

    return SimpleNamespace(
        torch=tinytorch.core,
        nn=tinytorch.nn,
        F=tinytorch.nn.functional,
        optim=tinytorch.optim,
    )


def theirs() -> SimpleNamespace:
    import torch

    torch.set_num_threads(1)
    return SimpleNamespace(torch=torch, nn=torch.nn, F=torch.nn.functional, optim=torch.optim)


LIBRARIES = {"ours": ours, "theirs": theirs}


def plain(lib: Any) -> list[Any]:
    """Two convolutions of 3×3, each pooled, for images of 28×28."""
    nn = lib.nn
    return [
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 10),
    ]  # fmt: skip


def normalized(lib: Any) -> list[Any]:
    first, relu, pool, second, *rest = plain(lib)
    return [first, lib.nn.BatchNorm2d(8), relu, pool, second, lib.nn.BatchNorm2d(16), *rest]


NETWORKS = {
    "CNN step, batch 32, conv 8, pool, conv 16, pool, linear, SGD": plain,
    "the same with batch normalization": normalized,
}


def step(lib: Any, layers: Callable[[Any], list[Any]]) -> Callable[[], None]:
    random = np.random.default_rng(0)
    x = lib.torch.tensor(random.normal(size=(32, 1, 28, 28)).astype("float32"))
    y = lib.torch.tensor(random.integers(0, 10, 32))
    net = lib.nn.Sequential(*layers(lib))
    moves = lib.optim.SGD(net.parameters(), lr=0.01)

    def run() -> None:
        moves.zero_grad()
        lib.F.cross_entropy(net(x), y).backward()
        moves.step()

    return run


def memory(library: str) -> list[float]:
    """The peaks in MB of a new process: as it begins, with all that a step needs, and after steps."""
    command = [sys.executable, __file__, library]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, encoding="utf-8")
    return [float(word) for word in done.stdout.split()]


def peaks(library: str) -> list[float]:
    bare = peak()
    ready = step(LIBRARIES[library](), plain)
    before = peak()
    for _ in range(STEPS):
        ready()
    return [bare, before, peak()]


def peak() -> float:
    """The most MB that this process ever had in memory. (What getrusage says, parents can raise.)"""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def table() -> tuple[list[str], bool]:
    """The rows, and whether all goals were reached."""
    rows = ["| | TinyTorch | torch | ratio | goal |", "| --- | --- | --- | --- | --- |"]
    reached = True

    def row(name: str, unit: str, mine: float, torchs: float, ratio: float, goal: float) -> None:
        nonlocal reached
        reached &= ratio <= goal
        missed = "" if ratio <= goal else " (missed)"
        cells = f"{mine:.3g} {unit} | {torchs:.3g} {unit} | {ratio:.2f} | ≤ {goal}{missed}"
        rows.append(f"| {name} | {cells} |")

    used = [memory(name) for name in LIBRARIES]
    for name, layers in NETWORKS.items():
        runs = {key: calls(step(make(), layers), 10) for key, make in LIBRARIES.items()}
        times = in_turns(runs, ROUNDS)
        each = (times[key].typical * 1e3 for key in LIBRARIES)
        row(name, "ms", *each, times["ours"].ratio(times["theirs"]), TIME_GOAL)
    for what, since in [("the steps", 1), ("import and steps", 0)]:
        mine, torchs = (found[-1] - found[since] for found in used)
        name = f"peak memory of {STEPS} steps without normalization: what {what} add to the process"
        row(name, "MB", mine, torchs, mine / torchs, MEMORY_GOAL)
    return rows, reached


def main() -> int:
    if len(sys.argv) > 1:
        print(*peaks(sys.argv[1]))
        return 0
    rows, reached = table()
    print("\n".join(rows))
    return not reached


if __name__ == "__main__":
    sys.exit(main())
