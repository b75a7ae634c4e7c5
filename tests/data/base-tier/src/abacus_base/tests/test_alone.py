"""Needs the first module only."""

from abacus.core import Counter

REQUIRES = ("counter",)


def test_counters_are_independent():
    first, second = Counter(), Counter()
    first.count()
    assert (first.value, second.value) == (1, 0), "counters share their value"
