"""Needs both."""

from abacus.core import Counter, total
from abacus.core.more import mean

REQUIRES = ("total",)


def test_what_was_counted_is_added_up():
    counters = [Counter(), Counter(4)]
    counters[0].count()
    assert total(counters) == 5, "1 + 4 is 5"


def test_and_shared_out():
    assert mean([Counter(1), Counter(4)]) == 2.5, "5 / 2 is 2.5"
