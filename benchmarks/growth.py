"""How the cost of a graph grows: time per operation in a graph of n and of ten times n operations.

    python benchmarks/growth.py

If it is the same, the whole grows linearly.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tinytorch.core import tensor

from paired import Times, calls, in_turns

ROUNDS = 15
SMALL, LARGE = 1_000, 10_000
GOAL = 2.0


def chain(length: int) -> Callable[[], None]:
    """Every operation takes the result of the one before."""
    x = tensor([1.0, 2.0], requires_grad=True)

    def run() -> None:
        y = x
        for _ in range(length):
            y = y + 0.5
        y.sum().backward()

    return run


def reused(length: int) -> Callable[[], None]:
    """Every other operation takes one result twice: as many paths as two to the power of that."""
    x = tensor([1.0, 2.0], requires_grad=True)

    def run() -> None:
        y = x
        for _ in range(length // 2):
            y = (y + y) * 0.5
        y.sum().backward()

    return run


def first_again(length: int) -> Callable[[], None]:
    """Every operation takes the leaf, too, which adds up as many gradients."""
    x = tensor([1.0, 2.0], requires_grad=True)

    def run() -> None:
        y = x
        for _ in range(length):
            y = y + x
        y.sum().backward()

    return run


GRAPHS = {
    "a chain": chain,
    "results that are used twice": reused,
    "a leaf that is used by all": first_again,
}


@contextmanager
def without_collector() -> Iterator[None]:
    """Python looks through all objects now and then, and the more there are, the longer that takes."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def measure(make: Callable[[int], Callable[[], None]]) -> tuple[Times, Times, float]:
    """The times of a small and of a large graph, and how many times as long an operation takes."""
    small, large = calls(make(SMALL), LARGE // SMALL), calls(make(LARGE), 1)
    times = in_turns({"small": small, "large": large}, ROUNDS)
    return *times.values(), times["large"].ratio(times["small"]) * SMALL / LARGE


def table() -> tuple[list[str], bool]:
    """The rows, and whether all goals were reached."""
    head = f"| graph | µs per operation, of {SMALL:,} | of {LARGE:,} | ratio | goal |"
    rows = [f"{head} ratio without Python's collector |", "| --- | --- | --- | --- | --- | --- |"]
    reached = True
    for name, make in GRAPHS.items():
        small, large, ratio = measure(make)
        with without_collector():
            *_, alone = measure(make)
        reached &= ratio <= GOAL
        each = f"{small.typical / SMALL * 1e6:.2f} | {large.typical / LARGE * 1e6:.2f}"
        missed = "" if ratio <= GOAL else " (missed)"
        rows.append(f"| {name} | {each} | {ratio:.2f} | ≤ {GOAL}{missed} | {alone:.2f} |")
    return rows, reached


if __name__ == "__main__":
    print("\n".join(table()[0]))
