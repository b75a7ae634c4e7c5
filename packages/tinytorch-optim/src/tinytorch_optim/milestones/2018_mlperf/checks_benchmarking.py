"""Module 19, next to clocks that are known beforehand, chances that can be counted, and loops."""

from itertools import accumulate, count
from math import ceil, comb, log10

import numpy as np
import tinytorch.core as torch
from tinytorch.profiling import Timer, benchmark
from tinytorch_core.evidence import agree, checking, compare, fault

NAMES = "one", "other"


def check_benchmarking():
    check_figures()
    check_blocks()
    check_timer()
    check_bootstrap()
    check_cover()
    check_turns()
    check_verdict()
    check_questions()
    check_front()


def random(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape)


def check_figures():
    """The more the middle half of the times agree, the more digits of their median can be believed."""
    times = np.exp(random(40) / 1000) * 1e-3
    middle = np.sort(times)[10:30]
    expected = int(log10(np.median(times) / (1.645 * middle.std() / len(middle) ** 0.5)))
    with checking("benchmarking", "significant figures"):
        found = [benchmark.significant_figures(list(times * n)) for n in (1, 1e-3)]
    # a thousand times as short, they are still as sure; but no clock can see less than 25 ns
    agree(
        "benchmarking", "digits to believe", found, [expected, max(int(log10(1e-6 / 25e-9)), 1)], 0
    )


def check_blocks():
    """A run takes 2 µs, and to look at the clock 1 ns: a thousandth of 0.2 s is 200 µs."""
    taken, seen = [], []

    def measure(number):
        return 1e-9 + 2e-6 * number

    with checking("benchmarking", "block_size"):
        size = benchmark.block_size(measure, 0.2)
        times = benchmark.measure_blocks(
            lambda number: taken.append(number) or measure(number),
            size,
            lambda times: seen.append(len(times)) or len(times) > 7,
            0.0006,
        )
        cut = benchmark.measure_blocks(measure, size, lambda times: False, 0.0001, 0.0009)
    agree("benchmarking", "the size of a block", size, 100, 0)
    compare("benchmarking", "the blocks that were measured", taken, [100] * 8, 0)
    agree("benchmarking", "blocks until there are enough", times, [measure(100)] * 8)
    compare("benchmarking", "blocks until the time is over", len(cut), 5, 0)


def check_timer():
    """By a clock that goes on by 3 s from look to look: a block takes 3 s, whatever it runs."""
    runs, looks = [], count(0, 3)
    with checking("benchmarking", "Timer"):
        timer = Timer("runs.append(1)", globals={"runs": runs}, timer=lambda: next(looks))
        found = timer.timeit(500)
        other = timer.timeit(100)
        (both,) = benchmark.Measurement.merge([found, other])
    agree("benchmarking", "seconds a run", found.median, 3 / 500)
    compare("benchmarking", "the runs, with those to warm up,", len(runs), 5 + 500 + 2 + 100, 0)
    agree("benchmarking", "the times of both together", both.times, [3 / 500, 3 / 100])


def check_bootstrap():
    """A share of 40: how many of 40 darts hit can be counted."""
    hits, darts = 12, 40
    data = np.arange(darts) < hits
    p = hits / darts
    chances = [comb(darts, k) * p**k * (1 - p) ** (darts - k) for k in range(darts + 1)]
    sums = np.array([*accumulate(chances)])
    for level in (0.95, 0.5):
        ends = [(sums < side).sum() / darts for side in ((1 - level) / 2, (1 + level) / 2)]
        torch.manual_seed(19)
        with checking("benchmarking", "bootstrap"):
            found = benchmark.bootstrap(data, np.mean, confidence_level=level)
        # a dart's breadth: an end may fall on the next possible share
        compare("benchmarking", f"the interval of a share, at {level},", found, ends, 1.01 / darts)
    print("  intervals of a share: as chances have it")


def check_cover():
    """Of many samples, the interval should cover the truth about as often as it says."""
    torch.manual_seed(19)
    samples = np.random.default_rng(19).normal(5, 2, (400, 30))
    with checking("benchmarking", "bootstrap"):
        found = [benchmark.bootstrap(sample, np.mean, 400) for sample in samples]
    share = np.mean([low < 5 < high for low, high in found])
    if not 0.89 < share < 0.98:
        fault("benchmarking", "bootstrap", f"intervals at 0.95 cover the truth in {share:.1%}")
    print(f"  the truth is in {share:.1%} of intervals at 0.95")


def check_turns():
    """In each round it is everybody's turn, in an order of its own, and each gets its own times."""
    calls, rounds = [], 40
    torch.manual_seed(19)
    with checking("benchmarking", "interleave"):
        clock = benchmark.SimulatedClock()
        works = [clock.work(seconds) for seconds in (1, 2, 4)]

        def one(place):
            return lambda: calls.append(place) or works[place]()

        times = benchmark.interleave([one(n) for n in range(3)], rounds, 1, 2, clock)
    compare("benchmarking", "the calls to warm up", calls[:3], [0, 1, 2], 0)
    compare("benchmarking", "all calls", len(calls), 3 + rounds * 3 * 2, 0)
    turns = np.reshape(calls[3:], (rounds, 3, 2))
    compare("benchmarking", "two calls in a row", turns[..., 1], turns[..., 0], 0)
    compare("benchmarking", "whose turn it is", np.sort(turns[..., 0]), [[0, 1, 2]] * rounds, 0)
    if len(orders := {tuple(order) for order in turns[..., 0]}) < 5:
        fault(
            "benchmarking", "interleave", f"in {rounds} rounds there are {len(orders)} orders of 6"
        )
    agree("benchmarking", "each one's times, round by round", times, [[1, 2, 4]] * rounds)


def check_verdict():
    """Pairs that were slow together: the ratio is that of pairs, and not of all to all."""
    slow, noise = np.exp(random(60)), np.exp(random(61)[:60] / 20)
    a, b = slow, 1.3 * slow * noise
    torch.manual_seed(19)
    with checking("benchmarking", "judge"):
        ahead, behind = benchmark.judge(a, b, NAMES), benchmark.judge(b, a, NAMES)
        even = benchmark.judge(a, a * noise / np.median(noise), NAMES)
        needed = ahead.pairs_needed(1.01)
    agree("benchmarking", "how many times as fast", ahead.ratio, 1.3 * np.median(noise))
    agree("benchmarking", "the other way round", behind.ratio, 1 / (1.3 * np.median(noise)))
    # the spread of a median of so many logarithms, if they come from a bell curve
    spread = 1.96 * 1.2533 / 20 / 60**0.5
    ends = np.log([ahead.low / ahead.ratio, ahead.high / ahead.ratio])
    compare("benchmarking", "the ends of a verdict's interval", ends, [-spread, spread], spread / 2)
    found = [verdict.faster for verdict in (ahead, behind, even)]
    if found != ["one", "other", None]:
        fault("benchmarking", "a verdict", f"it says {found}: should be one, other, and None")
    half = np.log(ahead.high / ahead.low) / 2
    agree("benchmarking", "pairs needed", needed, ceil(60 * (half / np.log(1.01)) ** 2), 0)


def check_questions():
    """All verdicts hold together: each must be surer."""
    times = np.exp(random(50, 4) / 10) * [1, 2, 1, 0.5]
    times[:, 2] = times[:, 0] * 1.1 ** (-1.0) ** np.arange(50)  # now the one, now the other
    torch.manual_seed(19)
    with checking("benchmarking", "judge_all"):
        verdicts = benchmark.judge_all(times, "abcd", 0.9)
        levels = [verdict.confidence_level for verdict in verdicts]
        faster = [(verdict.names[0], verdict.faster) for verdict in verdicts]
    agree("benchmarking", "how sure each of three is", levels, [1 - 0.1 / 3] * 3)
    if faster != [("b", "a"), ("c", None), ("d", "d")]:
        fault("benchmarking", "judge_all", f"who was compared, and is faster: {faster}")
    print("  verdicts on many: each names the faster, or nobody")


def check_front():
    """In a loop: who is at least as good in everything, and better in something, dominates."""
    points = np.random.default_rng(19).integers(0, 6, (40, 3))
    points = np.concatenate([points, points])  # neither of two equal ones dominates
    less = points * [1, -1, 1]  # of the second, more is better
    expected = [
        not any((other <= one).all() and (other < one).any() for other in less) for one in less
    ]
    with checking("benchmarking", "pareto_front"):
        front = benchmark.pareto_front(points, maximize=[1])
    front, expected = np.flatnonzero(front), np.flatnonzero(expected)
    agree("benchmarking", "what nothing dominates", front, expected, 0)
