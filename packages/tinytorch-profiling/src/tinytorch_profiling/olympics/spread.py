"""How far a figure can be trusted: the bootstrap, and a sign test."""

from dataclasses import dataclass
from math import comb

import numpy as np

SHARE = 0.95  # of the repetitions lie within the bounds
REPETITIONS = 2000


@dataclass(frozen=True)
class Figure:
    value: float
    low: float
    high: float


def exact(value):
    """What is counted, and comes out the same each time."""
    return Figure(float(value), float(value), float(value))


def figure(statistic, size, seed=0):
    """`statistic` of all, and bounds: it is repeated with samples that are drawn from the same things,
    some of them twice and some not at all. It gets arrays of indices, one sample a row."""
    samples = np.random.default_rng(seed).integers(0, size, (REPETITIONS, size))
    value = statistic(np.arange(size)[None])[0]
    edge = (1 - SHARE) / 2
    low, high = np.quantile(statistic(samples), [edge, 1 - edge])
    return Figure(float(value), float(low), float(high))


def by_chance(worse, better):
    """How likely it is that of so many changes at least so many are for the worse, if each might as
    well have been for the better."""
    changes = worse + better
    return sum(comb(changes, k) for k in range(worse, changes + 1)) / 2**changes
