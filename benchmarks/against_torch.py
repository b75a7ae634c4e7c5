"""The reference beside torch, on one thread: the same programs, run in turns.

python benchmarks/against_torch.py
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import tinytorch.core
import tinytorch.nn
import tinytorch.nn.functional
import tinytorch.optim
import torch

import gpt
from paired import Run, calls, in_turns, process

ROUNDS = 25
OURS = SimpleNamespace(
    torch=tinytorch.core, nn=tinytorch.nn, F=tinytorch.nn.functional, optim=tinytorch.optim
)
THEIRS = SimpleNamespace(torch=torch, nn=torch.nn, F=torch.nn.functional, optim=torch.optim)
# A facade loads its modules when their names are asked for, so every module is asked for one.
IMPORTS = (
    "from tinytorch.core import Tensor, no_grad, Trainer\n"
    "from tinytorch.nn import Linear, CrossEntropyLoss\n"
    "from tinytorch.nn.functional import relu, cross_entropy\n"
    "from tinytorch.data import DataLoader\n"
    "from tinytorch.optim import Adam\n"
)


@dataclass(frozen=True)
class Contest:
    """Two runs that do the same, and how many times as long as torch's ours may take."""

    name: str
    ours: Run
    theirs: Run
    goal: float


def chain(lib: Any) -> Callable[[], None]:
    """Twenty operations on eight numbers, forward and backward."""
    array = np.random.default_rng(0).normal(size=8).astype("float32")
    x, y = (lib.torch.tensor(each, requires_grad=True) for each in (array, array + 1))

    def run() -> None:
        x.grad = y.grad = None
        z = x
        for _ in range(4):
            z = z * y
            z = z + x
            z = lib.torch.tanh(z)
            z = z - y
            z = z * 0.5
        z.sum().backward()

    return run


def step(lib: Any, optimizer: str, **options: Any) -> Callable[[], None]:
    """One step of training a network with one hidden layer on images of 28×28."""
    random = np.random.default_rng(0)
    x = lib.torch.tensor(random.normal(size=(64, 784)).astype("float32"))
    y = lib.torch.tensor(random.integers(0, 10, 64))
    net = lib.nn.Sequential(lib.nn.Linear(784, 128), lib.nn.ReLU(), lib.nn.Linear(128, 10))
    moves = getattr(lib.optim, optimizer)(net.parameters(), **options)

    def run() -> None:
        moves.zero_grad()
        lib.F.cross_entropy(net(x), y).backward()
        moves.step()

    return run


def contests() -> list[Contest]:
    def both(name: str, number: int, goal: float, make: Callable[[Any], Any]) -> Contest:
        return Contest(name, calls(make(OURS), number), calls(make(THEIRS), number), goal)

    def started(code: str) -> Run:
        return process([sys.executable, "-c", code])

    mlp = "MLP step, batch 64, 784-128-10"
    return [
        both(f"{mlp}, SGD", 50, 0.9, lambda lib: step(lib, "SGD", lr=0.01)),
        both(f"{mlp}, AdamW", 50, 0.9, lambda lib: step(lib, "AdamW")),
        both("20 small operations, forward and backward", 200, 0.9, chain),
        both("GPT step, 2 layers of width 64, 8 texts of 64, AdamW", 5, 0.9, gpt.training),
        both("the same GPT writes 64 tokens, without a cache", 1, 1.0, gpt.writing),
        Contest("import, in a new process", started(IMPORTS), started("import torch"), 0.15),
    ]


def table() -> tuple[list[str], bool]:
    """The rows, and whether all goals were reached."""
    rows = ["| | TinyTorch, ms | torch, ms | ratio | goal |", "| --- | --- | --- | --- | --- |"]
    reached = True
    torch.set_num_threads(1)
    for contest in contests():
        times = in_turns({"ours": contest.ours, "theirs": contest.theirs}, ROUNDS)
        ours, theirs = times["ours"], times["theirs"]
        ratio = ours.ratio(theirs)
        reached &= ratio <= contest.goal
        shown = f"{ours.typical * 1e3:.3g} | {theirs.typical * 1e3:.3g} | {ratio:.2f}"
        missed = "" if ratio <= contest.goal else " (missed)"
        rows.append(f"| {contest.name} | {shown} | ≤ {contest.goal}{missed} |")
    return rows, reached


if __name__ == "__main__":
    rows, reached = table()
    print("\n".join(rows))
    sys.exit(not reached)
