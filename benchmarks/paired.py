"""How everything here is measured: in turns, as CPU time, by the median.

What else the machine does hits all competitors of a round alike, so the ratio within a round says more
than either time. One round in which it did not is one of many, and the median does not see it.
"""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

Run = Callable[[], float]  # does the work once, and says how many CPU seconds it took


@dataclass(frozen=True)
class Times:
    """The times of one competitor, a number for each round."""

    seconds: list[float]

    @property
    def typical(self) -> float:
        return median(self.seconds)

    def over(self, other: Times) -> float:
        """How much more it takes than another."""
        return median(a - b for a, b in zip(self.seconds, other.seconds, strict=True))

    def ratio(self, other: Times) -> float:
        """How many times as long as another it takes."""
        return median(a / b for a, b in zip(self.seconds, other.seconds, strict=True))


def in_turns(runs: Mapping[str, Run], rounds: int) -> dict[str, Times]:
    """A B C, A B C, … after a first round that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    for _ in range(rounds):
        for name, run in runs.items():
            seconds[name].append(run())
    return {name: Times(found) for name, found in seconds.items()}


def calls(function: Callable[[], Any], number: int) -> Run:
    """The time of one call, as the mean of so many."""

    def run() -> float:
        begin = time.process_time()
        for _ in range(number):
            function()
        return (time.process_time() - begin) / number

    return run


def process(command: list[str], **options: Any) -> Run:
    """User and system time of a process, which has to end well."""

    def run() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True, **options)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return run
