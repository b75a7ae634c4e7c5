# %% [markdown]
# # 19 · Benchmarking
#
# Is the difference real? You made models smaller and faster, and each time a stopwatch agreed. But a
# stopwatch finds *some* difference even between a program and itself. You build what tells a difference
# from noise: blocks that a clock can see, intervals instead of numbers, fair pairs, a verdict in words,
# and a map of what is worth keeping. Gosset (1908), who brewed beer, asked what a few measurements can
# say. Efron (1979) let a sample answer that by itself, by drawing from it again and again. Georges,
# Buytaert and Eeckhout (2007) showed that the usual ways to time Java could find the wrong winner.
#
# **Prerequisites:** modules 01, 03, 06, 07 and 13 to 15, 18; medians, quantiles and logarithms.
# **Time:** about 180 minutes, eight exercises.
#
# ```mermaid
# flowchart LR
#     P[14 Profiling] & Q[15 Quantization] & M[18 Memoization] --> B(19 Benchmarking) --> O[20 Olympics]
# ```

# %% [markdown]
# ## 🔧 Setup

# %%
#| default_exp profiling.benchmark

# %%
#| export
import timeit
from collections import defaultdict, namedtuple
from dataclasses import KW_ONLY, dataclass
from math import ceil, exp, floor, inf, log, log2, log10, sqrt
from textwrap import dedent

import numpy as np
import tinytorch.core as torch
from tinytorch.profiling.profiler import in_columns

# %%
from tinytorch import nn, optim
from tinytorch.core import Generator, manual_seed, no_grad, randn, tensor
from tinytorch.nn import functional as F, transformer
from tinytorch.optim import memoization
from tinytorch.optim.quantization import quantize_dynamic
from tinytorch.profiling import model_size
from tinytorch_core.digits import load_digits, split  # the data of 1986

def equal(got, expected, what):
    assert got == expected, f"{what}: should be {expected}, got {got}"
def close(got, expected, what, rtol=1e-9, atol=0):
    assert np.shape(got) == np.shape(expected), f"{what}: should be {expected}, got {got}"
    assert np.allclose(got, expected, rtol, atol), f"{what}: should be {expected}, got {got}"

def refuses(error, call, *parts):
    try:
        got = call()
    except error as problem:
        assert all(part in str(problem) for part in parts), f"it should say {parts}: {problem}"
    else:
        raise AssertionError(f"this should raise {error.__name__}, but it returned {got!r}")

def seeded(seed=0): return Generator().manual_seed(seed)

# %% [markdown]
# ## 📦 Where this code lives
# The exported cells become `tinytorch/profiling/benchmark.py`. From `tinytorch.profiling` you get
# `Timer`, `Measurement`, `TaskSpec`, `Compare`, as in `torch.utils.benchmark`, and what it lacks:
# `bootstrap`, `interleave`, `judge`, `judge_all`, `pareto_front`, drawings and a `SimulatedClock`.

# %% [markdown]
# ## 1. How many digits are true
# Module 14 gave you a median and quartiles. Now write the result down: 10.4937182 microseconds? Measure
# again, and all but the first digits are others. How many would come again? `torch.utils.benchmark` has
# a rule of thumb. Here are eight times:
#
# ```
#    sorted         10.0  10.1 │ 10.2  10.4  10.6  10.9 │ 11.5  40.0       median 10.5
#    the middle half             10.2  10.4  10.6  10.9                    σ = 0.259
#    half-width                  1.645 · 0.259 / √4 = 0.213
#    figures                     10.5 / 0.213 = 49;  log₁₀ 49 = 1.69, rounded down: 1
# ```
#
# What was interrupted is left out. The mean of n numbers scatters √n times less than one of them, and
# nine of ten normal numbers lie within 1.645 σ: so ±0.213 is about what the next experiment may differ
# by. It fits 49 times into the median, and not 100 times: the second digit isn't sure. (The middle half
# of n times begins at n // 4 and ends before ⌈3n / 4⌉. No clock is trusted beyond 25 billionths.)

# %% nbgrader={"grade_id": "benchmarking-figures"}
#| export
@dataclass(frozen=True)
class TaskSpec:
    """What is measured, and where it stands: in which table, row (`sub_label`) and column."""
    stmt: str
    setup: str
    _: KW_ONLY
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None

def significant_figures(times):
    """How many figures of the median of `times` (one or more, in seconds) can be believed: 1 to 4."""
    ### BEGIN SOLUTION
    times, count = sorted(times), len(times)
    middle = times[count // 4:ceil(3 * count / 4)]
    half_width = max(1.645 * np.std(middle) / sqrt(len(middle)), 25e-9)
    return min(max(floor(log10(np.median(times) / half_width)), 1), 4)
    ### END SOLUTION

@dataclass(repr=False)
class Measurement:
    """Blocks of runs of a statement: each of raw_times is for number_per_run runs, in seconds."""
    number_per_run: int
    raw_times: list
    task_spec: TaskSpec
    metadata: dict | None = None
    times = property(lambda self: [time / self.number_per_run for time in self.raw_times])
    median = property(lambda self: float(np.median(self.times)))
    mean = property(lambda self: float(np.mean(self.times)))
    iqr = property(lambda self: float(np.subtract(*np.quantile(self.times, [0.75, 0.25]))))
    significant_figures = property(lambda self: significant_figures(self.times))
    as_row_name = property(lambda self: self.sub_label or self.stmt or "[Unknown]")
    def meets_confidence(self, threshold=0.1): return self.iqr / self.median < threshold
    def __getattr__(self, name):  # stmt, setup, label, sub_label, description
        if name in TaskSpec.__dataclass_fields__:
            return getattr(self.task_spec, name)
        raise AttributeError(f"a Measurement has no {name!r}")

    @staticmethod
    def merge(measurements):
        """A list with one Measurement for each task_spec, in the order in which they come first. Its
        raw_times are the `times` of all that have it, in order, with a number_per_run of 1."""
        ### BEGIN SOLUTION
        found = defaultdict(list)
        for each in measurements:
            found[each.task_spec] += each.times
        return [Measurement(1, times, task_spec) for task_spec, times in found.items()]
        ### END SOLUTION

    def __repr__(self):
        unit, scale = select_unit(self.median)
        return (f"<Measurement of {self.label or self.stmt}: median {self.median / scale:.2f} {unit}, "
                f"IQR {self.iqr / scale:.2f}, {len(self.times)} blocks of {self.number_per_run} runs>")

def select_unit(t):
    unit = {-3: "ns", -2: "us", -1: "ms"}.get(floor(log10(t) / 3), "s")
    return unit, {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}[unit]

# %% [markdown]
# ### 🧪 Unit Test: Figures

# %% nbgrader={"grade_id": "test-benchmarking-figures", "points": 12}
def test_unit_figures():
    eight = [11.5, 10.0, 10.9, 10.1, 10.6, 40.0, 10.4, 10.2]
    for times, expected, why in [
        (eight, 1, "the example"), ([t + 20 for t in eight], 2, "30.5 / 0.213 = 143"),
        ([t + 8 for t in eight], 1, "18.5 / 0.213 = 87"),
        ([1] * 3 + [29.1, 30, 30, 30, 30, 30.9] + [99] * 3, 1, "the middle of 12 are 6: 86"),
        ([1] * 3 + [30, 30, 30, 30, 30, 31] + [99] * 3, 2, "the middle of 12 are 6: 120"),
        ([5.0] * 3, 4, "never more than 4"), ([1, 5, 30], 1, "never less than 1"),
        ([3e-6], 2, "one time, no σ, but 25e-9: 120"), ([2e-6, 2e-6], 1, "25e-9: 80"),
        ([30.0, 30.0, 30.2, 30.7, 99.0], 2, "the middle of five: 30.0, 30.2, 30.7")]:
        equal(significant_figures(times), expected, f"figures of {times}, {why}")
    add, mul = TaskSpec("a + b", "pass"), TaskSpec("a * b", "pass", label="product")
    parts = [Measurement(10, [20.0, 40.0], add), Measurement(1, [7.0], mul),
             Measurement(2, [6.0], TaskSpec("a + b", "pass"), {"who": "me"})]
    expected = [Measurement(1, [2.0, 4.0, 3.0], add), Measurement(1, [7.0], mul)]
    equal(Measurement.merge(part for part in parts), expected, "two of one task, one of another")
test_unit_figures()

# %% [markdown]
# ## 2. Blocks that a clock can see
# A clock ticks, and to look at it takes time, too. A short run starts and ends between two ticks, and
# seems to take nothing. So measure a **block** of many runs between two looks ▲, and divide:
#
# ```
#    ticks     │         │         │         │         │         │
#    single     ▲─▲ ▲─▲ ▲─▲                                         0, 0 and 1 tick
#    block      ▲─────────────────────────────────────────▲         4 ticks for 14 runs
# ```
#
# How long? Long enough that looks and ticks vanish in it, but no longer, or there are few, and each is
# interrupted. torch tries blocks of 1, 10, 100, … runs. It takes the first that is so long that the
# **overhead**, a block of no runs, is at most 1e-4 of it, and that it is at least a thousandth of
# min_run_time, the time that all blocks together should take; or that is longer than min_run_time, all
# alone. With an overhead of 1e-7, a run of 2e-6, and min_run_time = 0.2:
#
# ```
#    runs                1         10         100        1000
#    a block             2.1e-6    2.01e-5    2.001e-4   2.0001e-3       at least 2e-4: from 100 on
#    overhead / block    0.048     0.005      0.0005     0.00005         at most 1e-4: this is it
# ```
#
# Then blocks are measured until **enough** is known, whatever that is: a function of the times so far.

# %% nbgrader={"grade_id": "benchmarking-blocks"}
#| export
def block_size(measure, min_run_time):
    """How many runs a block should have, as above; measure(number) is the time of one with so many.
    The overhead is the median of five blocks of 0 runs, measured before all others."""
    ### BEGIN SOLUTION
    overhead = np.median([measure(0) for _ in range(5)])
    number = 1
    while True:
        taken = measure(number)
        if overhead / taken <= 1e-4 and taken >= min_run_time / 1000 or taken > min_run_time:
            return number
        number *= 10
    ### END SOLUTION

def measure_blocks(measure, number, enough, min_run_time, max_run_time=inf, callback=None):
    """A list of times of blocks, measure(number): at least one, and more as long as they add up to
    less than min_run_time, or enough(times) isn't true; but none after they add up to more than
    max_run_time. After each block, call callback(number, its time), if there is a callback."""
    ### BEGIN SOLUTION
    times = []
    while not times or sum(times) < min_run_time or not enough(times):
        times.append(measure(number))
        if callback:
            callback(number, times[-1])
        if sum(times) > max_run_time:
            break
    return times
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Blocks

# %% nbgrader={"grade_id": "test-benchmarking-blocks", "points": 14}
def test_unit_blocks():
    def size(overheads, blocks, min_run_time):  # which block it takes, and what it asked for
        given, asked = iter(overheads), []
        def measure(number):
            asked.append(number)
            return next(given) if number == 0 else blocks[number]
        return block_size(measure, min_run_time), asked
    run = {10**k: 1e-7 + 2e-6 * 10**k for k in range(6)}
    equal(size([1e-7] * 5, run, 0.2), (1000, [0] * 5 + [1, 10, 100, 1000]), "the example, its blocks")
    for overheads, blocks, least, expected, why in [
        ([1] * 5, {1: 10_000}, 1e7, 1, "both conditions, just so"),
        ([1] * 5, {1: 9_999, 10: 90_000}, 1e6, 10, "the overhead is more than 1e-4"),
        ([1] * 5, {1: 10_000, 10: 90_000}, 1.0005e7, 10, "shorter than a thousandth"),
        ([9, 1, 2, 50, 3], {1: 29_000, 10: 31_000}, 1e7, 10, "the overhead is the median, 3"),
        ([1] * 5, {1: 5, 10: 6}, 5, 10, "as long as min_run_time is not more"),
        ([1] * 5, {1: 4, 10: 3, 100: 6}, 5, 100, "more than min_run_time, whatever the overhead")]:
        equal(size(overheads, blocks, least)[0], expected, f"block size, {why}")
    heard = []
    for enough, least, most, expected, why in [
        (lambda times: True, 0, inf, [30], "at least one block"),
        (lambda times: True, 40, inf, [30, 10], "exactly min_run_time is enough"),
        (lambda times: True, 40.1, inf, [30, 10, 20], "less than min_run_time isn't"),
        (lambda times: len(times) == 4, 40, inf, [30, 10, 20, 40], "until enough says so"),
        (lambda times: False, 0, 40, [30, 10, 20], "it stops above max_run_time, not at it"),
        (lambda times: False, 999, 59.9, [30, 10, 20], "max_run_time wins")]:
        for callback in (None, lambda *block: heard.append(block)):
            left = iter([3, 1, 2, 4, 5])
            got = measure_blocks(lambda n: next(left) * n, 10, enough, least, most, callback)
            equal(got, expected, f"times of blocks: {why}")
        equal(heard, [(10, time) for time in expected], "what the callback hears")
        heard.clear()
test_unit_blocks()

# %% [markdown]
# ## 3. A timer
# `Timer` has torch's name and methods. It takes code as text, so that nothing runs but what is measured,
# and its names from `globals`. Python's `timeit` does the innermost loop, without the garbage collector.
# When to stop, `adaptive_autorange` decides by how far the times scatter, and not by whether they please
# you. And since no test may hang on the mood of a machine, the clock can be another one: on a
# `SimulatedClock`, time passes only while a call works.

# %% nbgrader={"grade_id": "benchmarking-timer"}
#| export
class Timer:
    """Measures a statement. `setup` runs before each block; `timer` is the clock."""
    def __init__(self, stmt="pass", setup="pass", *, timer=timeit.default_timer, globals=None,
                 label=None, sub_label=None, description=None):
        if not isinstance(stmt, str):
            raise ValueError(f"stmt is code in a str, as in Timer('f()', globals={{'f': f}}): {stmt!r}")
        stmt, setup = (dedent(code).removeprefix("\n").rstrip() for code in (stmt, setup))
        self._timer = timeit.Timer(stmt, setup, timer, {"torch": torch} | (globals or {}))
        self._task_spec = TaskSpec(stmt, setup, label=label, sub_label=sub_label,
                                   description=description)

    def _timeit(self, number): return max(self._timer.timeit(number), 1e-9)  # nothing takes no time

    def timeit(self, number=1000000):
        """A Measurement with one block of so many runs. Before it, a block that nobody looks at, to
        warm up: a hundredth of the runs, rounded down, but at least 2."""
        ### BEGIN SOLUTION
        self._timeit(max(number // 100, 2))
        return Measurement(number, [self._timeit(number)], self._task_spec)
        ### END SOLUTION

    def blocked_autorange(self, callback=None, min_run_time=0.2):
        """A Measurement with blocks of the right size that take min_run_time together. (To find the
        size warms up.) Approach: `block_size`, then `measure_blocks`, for which all is enough."""
        ### BEGIN SOLUTION
        number = block_size(self._timeit, min_run_time)
        times = measure_blocks(self._timeit, number, lambda times: True, min_run_time, inf, callback)
        return Measurement(number, times, self._task_spec)
        ### END SOLUTION

    def adaptive_autorange(self, threshold=0.1, *, min_run_time=0.01, max_run_time=10.0, callback=None):
        """As long as needed, at most max_run_time: more than three blocks of which a Measurement
        meets_confidence(threshold) are enough."""
        number = block_size(self._timeit, 0.05)
        def enough(times):
            ### BEGIN SOLUTION
            found = Measurement(number, times, self._task_spec)
            return len(times) > 3 and found.meets_confidence(threshold)
            ### END SOLUTION
        times = measure_blocks(self._timeit, number, enough, min_run_time, max_run_time, callback)
        return Measurement(number, times, self._task_spec)

class Compare:
    """A table for each label, with a row for each sub_label and a column for each description."""
    def __init__(self, results):
        self._results, self._trim = [], False
        self.extend_results(results)
    def extend_results(self, results): self._results += results
    def trim_significant_figures(self): self._trim = True
    def print(self): print(self)
    def __str__(self):
        tables = defaultdict(list)
        for each in Measurement.merge(self._results):
            tables[each.label].append(each)
        return "\n\n".join(self._table(*table) for table in tables.items())
    def _table(self, label, found):
        unit, scale = select_unit(min(each.median for each in found))
        rows, columns = defaultdict(dict), dict.fromkeys(each.description for each in found)
        for each in found:
            digits = f".{each.significant_figures}g" if self._trim else ".1f"
            value = f"{float(f'{each.median / scale:{digits}}'):,}"
            rows[each.as_row_name][each.description] = value.removesuffix(".0" * self._trim)
        lines = [[name, *(row.get(key, "") for key in columns)] for name, row in rows.items()]
        return in_columns([f"{label or ''} in {unit}", *(key or "" for key in columns)], lines)

class SimulatedClock:
    """A clock for experiments. A call that `work(seconds)` makes takes longer by chance, by a share
    like `noise`; all work gets slower, each second by the share `drift`; a look takes `overhead`."""
    def __init__(self, noise=0.0, drift=0.0, overhead=0.0, generator=None):
        self.noise, self.drift, self.overhead = noise, drift, overhead
        self.generator, self.now = generator, 0.0
    def __call__(self):
        self.now += self.overhead
        return self.now
    def work(self, seconds):
        def call():
            chance = abs(torch.randn(1, generator=self.generator).item()) if self.noise else 0
            self.now += seconds * (1 + self.drift * self.now) * exp(self.noise * chance)
        return call

# %% [markdown]
# ### 🧪 Unit Test: Timer

# %% nbgrader={"grade_id": "test-benchmarking-timer", "points": 12}
def test_unit_timer():
    def of(*costs, overhead=0.0):  # a Timer whose runs cost so much, the last cost for ever
        clock, runs, costs = SimulatedClock(overhead=overhead), [], list(costs)
        def f():
            runs.append(1)
            clock.now += costs.pop(0) if len(costs) > 1 else costs[0]
        return Timer("f()", timer=clock, globals={"f": f}, label="simulated"), runs
    for number, warmup in [(500, 5), (399, 3), (299, 2), (10, 2), (1, 2)]:
        timer, runs = of(*[9.0] * warmup, 2.0)
        expected = Measurement(number, [2.0 * number], timer._task_spec)
        equal(timer.timeit(number), expected, f"timeit({number}), warmed up")
        equal(len(runs), warmup + number, f"runs for timeit({number})")
    timer, heard = of(2**-18, overhead=2**-24)[0], []
    found = timer.blocked_autorange(lambda *block: heard.append(block), 0.02)
    equal((found.number_per_run, len(found.times)), (1000, 6), "runs in a block, and blocks")
    equal(heard, [(1000, time) for time in found.raw_times], "what the callback hears")
    equal(found.task_spec, timer._task_spec, "what was measured")
    for blocks, options, expected in [
        ([4, 4, 4], {}, 4), ([4, 9, 1, 9, 1, 4], {}, 9), ([4, 9, 1, 9, 1], {"threshold": 3}, 4),
        ([1, 9] * 20, {"max_run_time": 31}, 8), ([4, 4, 4], {"min_run_time": 22}, 6)]:
        timer, runs = of(5, *blocks, 4)
        found = timer.adaptive_autorange(**({"max_run_time": 999} | options))
        equal(len(found.times), expected, f"blocks after {blocks} with {options}")
        equal(found.task_spec, timer._task_spec, "what was measured")
    refuses(ValueError, lambda: Timer(test_unit_timer), "str")
test_unit_timer()

# %%
# Sums of rows, in two ways, as far as they can be believed; and what an empty block takes here.
compare = Compare(
    Timer(stmt, globals={"x": randn(n, n), "ones": torch.ones(n)}, label="Sums of rows",
          description=f"n={n}").blocked_autorange(min_run_time=0.02)
    for n in (32, 256) for stmt in ("x.sum(1)", "x @ ones"))
compare.trim_significant_figures()
print(compare, f"\nempty: {Timer()._timeit(0) * 1e9:.0f} ns")

# %% [markdown]
# ## 4. What else could it have been?
# You measured thirty times and have a median. Thirty other times would have given another one. How
# much another? The rule of thumb thinks of normal numbers, and times aren't: a run can be very late, but
# hardly early. To repeat the whole experiment a thousand times would tell, and take all day.
#
# Efron's idea: your sample is the best picture you have of what times there are. So **draw from the
# sample** instead, with replacement, as many times as it has, and again, thousands of times. Some times
# come twice, some never, and each **resample** has a median of its own. Of three times, there are 27:
#
# ```
#    data              2 3 7
#    resamples         2 2 2   2 2 3   2 7 3   7 7 2   3 3 7   …
#    their medians       2       2       3       7       3           of all 27:  7 × 2, 13 × 3, 7 × 7
# ```
#
# How these medians scatter, those of other experiments might. Cut off equally many at both ends, so that
# the share `confidence_level` is left, say 19 of 20: that is the **percentile interval**. It works as
# well for means or ratios, and nothing has to be normal.

# %% nbgrader={"grade_id": "benchmarking-bootstrap"}
#| export
Interval = namedtuple("Interval", ["low", "high"])

def resample(data, n_resamples, generator=None):
    """From an array (n, …), samples (n_resamples, n, …): rows of it, drawn with replacement. Approach:
    torch.randint(…, generator=generator) draws numbers of rows; .numpy() makes an index of them."""
    ### BEGIN SOLUTION
    rows = torch.randint(0, len(data), (n_resamples, len(data)), generator=generator).numpy()
    return data[rows]
    ### END SOLUTION

def bootstrap(data, statistic=np.median, n_resamples=9999, confidence_level=0.95, generator=None):
    """The percentile Interval of a statistic of data (n, …): two Python floats. The values for all
    samples at once are statistic(samples, axis=1), and np.quantile finds where to cut.
    Example: a quarter of all medians of [2, 3, 7] is 2, and a quarter is 7. So [2, 7]."""
    data = np.asarray(data)
    if len(data) == 0 or not 0 < confidence_level < 1:
        raise ValueError(f"{len(data)} rows at {confidence_level}: take one or more, between 0 and 1")
    ### BEGIN SOLUTION
    values = statistic(resample(data, n_resamples, generator), axis=1)
    outside = (1 - confidence_level) / 2
    return Interval(*map(float, np.quantile(values, [outside, 1 - outside])))
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Bootstrap

# %% nbgrader={"grade_id": "test-benchmarking-bootstrap", "points": 14}
def test_unit_bootstrap():
    samples = resample(np.array([2, 3, 7]), 20_000, seeded())
    equal(samples.shape, (20_000, 3), "shape of 20,000 samples of three")
    shares = [np.mean((samples == row).all(1)) for row in ([2, 2, 2], [3, 7, 2], [7, 7, 3])]
    close(shares, [1 / 27] * 3, "shares of 2 2 2, 3 7 2 and 7 7 3 in all samples", atol=0.006)
    pairs = resample(np.array([[1, 10], [2, 20], [3, 30], [4, 40]]), 50, seeded(1))
    equal(pairs.shape, (50, 4, 2), "shape of 50 samples of four pairs")
    assert (pairs[..., 1] == 10 * pairs[..., 0]).all(), "pairs are drawn together, as rows"
    one, same, other = (resample(np.arange(9), 5, seeded(seed)).tolist() for seed in (3, 3, 4))
    assert one == same != other, "the same generator draws the same samples, another others"
    seen = []
    def count(samples, axis):
        seen.append((samples.shape, axis))
        return np.arange(len(samples))
    close(bootstrap([5, 6, 7], count, 201, 0.9), (10, 190), "of 0 to 200, a tenth is outside")
    close(bootstrap([5, 6, 7], count, confidence_level=0.5), (2499.5, 7498.5), "half of 0 to 9998")
    equal(seen, [((201, 3), 1), ((9999, 3), 1)], "samples and axis for the statistic")
    nine = np.array([1, 2, 4, 8, 16, 32, 64, 128, 256])
    for level, low in [(0.5, 8), (0.8, 4), (0.9, 4), (0.96, 2), (0.99, 2)]:
        got = bootstrap(nine, confidence_level=level, generator=seeded(5))
        equal(got, (low, 256 / low), f"interval of {nine} at {level}")
        equal([type(end) for end in got], [float, float], "types of the ends")
    normal = np.random.default_rng(0).normal(5, 2, 400)
    expected = normal.mean() + 1.96 * normal.std() / 20 * np.array([-1, 1])
    close(bootstrap(normal, np.mean), expected, "a mean, about ± 1.96 σ / √n", 0, 0.04)
    refuses(ValueError, lambda: bootstrap([1, 2], confidence_level=95), "95")
test_unit_bootstrap()

# %%
# How often does it hold? Times whose true median is log 2; the share should be 0.95.
rng = np.random.default_rng(0)
for n in (3, 6, 12, 30, 120):
    intervals = np.array([bootstrap(rng.exponential(size=n), n_resamples=400) for _ in range(300)])
    held = np.mean((intervals[:, 0] <= log(2)) & (log(2) <= intervals[:, 1]))
    print(f"{n:4} times each: {held:.0%} hold, width {np.median(np.ptp(intervals, axis=1)):.2f}")

# %% [markdown]
# With three times it promises too much. Four times as many make the interval half as wide. What it says
# is: *if these times are a fair sample*, the true median is here, nearly always. The "if" is up to you.
#
# ## 5. Fair pairs
# The same program, twice: first thirty runs of one, then thirty of the other, on a machine that gets
# slower all the time, like one that gets warm, or on which somebody else starts to work:

# %%
clock = SimulatedClock(noise=0.02, drift=0.002, generator=seeded())
for name in ("A", "the same"):
    found = Timer("call()", timer=clock, globals={"call": clock.work(1)})
    times = [found._timeit(1) for _ in range(30)]
    print(f"{name:8} {np.median(times):.3f}, interval", "{:.3f} to {:.3f}".format(*bootstrap(times)))

# %% [markdown]
# Two intervals, far apart, and no difference. More repeats don't help: the second thirty came from
# another machine, so to speak. The remedy is old: sow seeds that you compare side by side, on *every*
# field (Fisher, 1925). So let A and B **take turns**, and compare each run with its neighbour.
#
# ```
#    one after the other     A A A A A A  B B B B B B         B always has the slower machine
#    in turns                A B  A B  A B  A B  A B          B is always one run later
#    shuffled                A B  B A  B A  A B  B A          chance is fair to both
# ```
#
# Chance is fairer than any fixed order: each program leaves memory and caches behind for the one that
# comes after it. The very first runs are special, too: nothing is cached yet. They only warm up.

# %% nbgrader={"grade_id": "benchmarking-interleave"}
#| export
def interleave(calls, rounds=30, warmup=3, number=1, timer=timeit.default_timer, generator=None):
    """For a list of calls, times (rounds, len(calls)) in seconds, an array of floats: in each round,
    each call's time, for which it runs `number` times in a row. Each round has an order of its own, a
    torch.randperm(…, generator=generator). Before all, each call runs `warmup` times, in turns.
    Approach: timeit.Timer(call, timer=timer).timeit(number) is the time of a block of calls."""
    ### BEGIN SOLUTION
    for call in warmup * calls:
        call()
    watches = [timeit.Timer(call, timer=timer) for call in calls]
    times = np.empty((rounds, len(calls)))
    for row in times:
        for place in torch.randperm(len(calls), generator=generator).tolist():
            row[place] = watches[place].timeit(number) / number
    return times
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Pairs

# %% nbgrader={"grade_id": "test-benchmarking-interleave", "points": 12}
def test_unit_interleave():
    clock, order = SimulatedClock(), []
    def named(name, seconds):
        def call():
            order.append(name)
            clock.now += seconds * len(order)
        return call
    calls = [named("a", 1), named("b", 10), named("c", 100)]
    times, orders = interleave(calls, 300, 2, timer=clock, generator=seeded()), order[6:]
    equal("".join(order[:6]), "abcabc", "two rounds to warm up")
    rounds = ["".join(order[6 + 3 * k:9 + 3 * k]) for k in range(300)]
    equal(sorted(set(rounds)), ["abc", "acb", "bac", "bca", "cab", "cba"], "orders of the rounds")
    assert max(map(rounds.count, rounds)) < 90, "all orders should be about equally frequent"
    expected = [[cost * (7 + 3 * k + one.index(name)) for name, cost in zip("abc", (1, 10, 100))]
                for k, one in enumerate(rounds)]
    close(times, expected, "times, each in the column of its call")
    order.clear()
    interleave(calls, 300, 0, timer=clock, generator=seeded())
    equal(order, orders, "the same generator, the same orders, after no warm-up")
    order.clear()
    close(interleave(calls[:1], 2, 0, 3, clock), [[2], [5]], "the time of one call, of three in a row")
test_unit_interleave()

# %% [markdown]
# ## 6. A verdict in words
# Pairs are compared by their **ratio**, since a slow moment slows both by the same factor:
#
# ```
#    a           10     11     20     10     12     10    10       in the third pair, somebody else
#    b           13     14     26     13     15     14    12       was using the machine
#    b / a       1.30   1.27   1.30   1.30   1.25   1.40  1.20     A is faster, by a factor of 1.30
# ```
#
# Factors 2 and 1/2 are equally far from "no difference", so compute with **logarithms**, log 2 and
# -log 2. Then it doesn't matter who is called A. The median of the logarithms and its bootstrap interval
# make one of three sentences, by where the interval lies:
#
# ```
#                                  1
#     A is faster                  ┊     ─────●────
#     B is faster    ────●──       ┊
#     can't be told            ────┊──○───
# ```
#
# The third doesn't say that there is no difference, but that it is somewhere between these two ends, and
# the experiment can't see it. For **more pairs**, intervals get narrower with √n: if n pairs give one
# that reaches h to both sides, in logarithms, n·(h / log r)² pairs give one that reaches log r, and
# tells a ratio r from 1. Do **few** do? If A and B are equal, a coin decides each pair, and n of n agree
# with chance 2·(1/2)ⁿ. For five that is 1/16, and we accept to be wrong in 1/20: it takes six.

# %% nbgrader={"grade_id": "benchmarking-judge"}
#| export
@dataclass(frozen=True)
class Verdict:
    """names[0] is `ratio` times as fast as names[1], or else by a factor from `low` to `high`."""
    names: tuple
    ratio: float
    low: float
    high: float
    pairs: int
    confidence_level: float
    @property
    def faster(self):
        """The name of the faster one, or None, if 1 lies in the interval, or at an end of it."""
        ### BEGIN SOLUTION
        if self.low > 1:
            return self.names[0]
        return self.names[1] if self.high < 1 else None
        ### END SOLUTION

    def pairs_needed(self, ratio):
        """About how many pairs tell this ratio from 1, rounded up; h is half of the interval's width, in
        logarithms. If 30 pairs gave 0.95 to 1.06: h is 0.0548, and to tell 1.02 it takes 230."""
        ### BEGIN SOLUTION
        half_width = log(self.high / self.low) / 2
        return ceil(self.pairs * (half_width / log(ratio)) ** 2)
        ### END SOLUTION

    def __str__(self):
        (a, b), numbers = self.names, (self.ratio, self.low, self.high)
        if self.faster == b:
            (a, b), numbers = (b, a), (1 / self.ratio, 1 / self.high, 1 / self.low)
        ratio, low, high = (f"{number:.3f}" for number in numbers)
        words, n = f"times as fast as {b} ({100 * self.confidence_level:.5g} %", self.pairs
        return (f"{a} is {ratio} {words}: {low} to {high}, {n} pairs)" if self.faster else
                f"no difference can be told from {n} pairs: {a} is {low} to {high} {words})")

def paired(a, b, confidence_level):  # both as arrays, if they can be judged
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"pairs are as many times of A as of B, not {a.shape} and {b.shape}")
    if not all((0 < times).all() and (times < inf).all() for times in (a, b)):
        raise ValueError("not every time is above 0: measure longer blocks, with a larger `number`")
    if len(a) < (least := ceil(log2(2 / (1 - confidence_level)))):
        raise ValueError(f"{len(a)} pairs are too few for {confidence_level:.3g}: take {least} or more")
    return a, b

def judge(a, b, names=("A", "B"), confidence_level=0.95, n_resamples=9999, generator=None):
    """The Verdict about times a and b, (n,) each: a[i] and b[i] were measured side by side. Its names
    are a tuple, its ratios floats. Approach: logarithms of b / a, their median, `bootstrap`, and exp."""
    a, b = paired(a, b, confidence_level)
    ### BEGIN SOLUTION
    logs = np.log(b / a)
    low, high = bootstrap(logs, np.median, n_resamples, confidence_level, generator)
    ratios = np.exp([np.median(logs), low, high]).tolist()
    return Verdict(tuple(names), *ratios, len(logs), confidence_level)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Verdict

# %% nbgrader={"grade_id": "test-benchmarking-judge", "points": 14}
def test_unit_judge():
    a, b = np.array([10, 11, 20, 10, 12, 10, 10]), np.array([13, 14, 26, 13, 15, 14, 12])
    got = judge(a, b, ["new", "old"], generator=seeded())
    close([got.ratio, got.low, got.high], [1.3, 1.25, 1.3], "ratio, low and high of the seven pairs")
    equal((got.names, got.pairs, got.confidence_level), (("new", "old"), 7, 0.95), "the rest of it")
    equal({type(x) for x in (got.ratio, got.low, got.high)}, {float}, "types of the ratios")
    equal((got.faster, judge(b, a, generator=seeded()).faster), ("new", "B"), "the faster one")
    a, b = np.exp(np.random.default_rng(2).normal(0, 0.1, (2, 21)))
    slow = 1.02 ** np.arange(21)
    one, other, slower = (judge(*both, "AB", 0.9, 999, generator=seeded(2))
                          for both in ((a, b), (b, a), (a * slow, b * slow)))
    close([1 / other.ratio, 1 / other.high, 1 / other.low], [one.ratio, one.low, one.high],
          "A and B have changed places", 0.02)
    close([slower.ratio, slower.low, slower.high], [one.ratio, one.low, one.high], "both slower", 1e-6)
    wide = judge(a, b, "AB", 0.99, generator=seeded(2))
    assert wide.low < one.low < one.high < wide.high, f"surer is wider: {wide}, {one}"
    equal((few := judge(a, b, n_resamples=1)).low, few.high, "low, high: one resample, one median")
    for low, high, faster, ratio, pairs in [
        (0.95, 1.06, None, 1.02, 230), (0.95, 1.06, None, 1 / 1.02, 230), (1, 4, None, 2, 30),
        (1.5, 1.5, "A", 2, 0), (0.25, 4, None, 2, 120), (1, 4, None, 1.9, 35), (1.01, 1.2, "A", 3, 1),
        (0.8, 0.99, "B", 3, 1), (0.25, 1, None, 2, 30)]:
        got = Verdict(("A", "B"), 1, low, high, 30, 0.95)
        equal(got.faster, faster, f"the faster one, if {low} to {high}")
        equal(got.pairs_needed(ratio), pairs, f"pairs to tell {ratio}, if 30 give {low} to {high}")
    refuses(ValueError, lambda: judge([1] * 5, [2] * 5), "5 pairs", "6")
    refuses(ValueError, lambda: judge([1] * 6 + [0], [2] * 7), "number")
test_unit_judge()

# %%
# The same two programs as before, now in pairs, and one that really is a little slower:
clock = SimulatedClock(noise=0.02, drift=0.002, generator=seeded())
times = interleave([clock.work(1), clock.work(1), clock.work(1.03)], timer=clock)
print(same := judge(times[:, 0], times[:, 1], ("A", "the same")))
print(judge(times[:, 0], times[:, 2], ("A", "a slower one")))
print(f"To tell a ratio of 1.002 would take about {same.pairs_needed(1.002)} pairs.")

# %% [markdown]
# ## 7. Many questions
# One in 20 verdicts about equal programs is wrong: we agreed to that. So ask 20 questions, and expect a
# "discovery". Twenty variants of a program, of which you show the best: that *is* twenty questions.
# **Bonferroni's** remedy: share out what may go wrong. Of k questions, each may be wrong in 1/(20·k). So
# its interval is wider, and all of them hold together.

# %% nbgrader={"grade_id": "benchmarking-many"}
#| export
def judge_all(times, names, confidence_level=0.95, n_resamples=9999, generator=None):
    """From times (n, k), as `interleave` gives them, a list of k - 1 Verdicts: the second column
    compared with the first, the third with the first, … Together they hold at confidence_level.
    names are k; those of a verdict are (its own column's, the first one's)."""
    ### BEGIN SOLUTION
    first, *others = range(len(names))
    level = 1 - (1 - confidence_level) / max(len(others), 1)
    return [judge(times[:, each], times[:, first], (names[each], names[first]), level,
                  n_resamples, generator) for each in others]
    ### END SOLUTION

def draw_verdicts(verdicts, width=50):
    """Text, a line for each verdict: its interval, on an axis where equal steps are equal factors."""
    ends = np.log([[each.low, each.ratio, each.high] for each in verdicts])
    left, right = min(ends.min(), 0), max(ends.max(), 1e-9)
    places = ((np.append(ends, 0) - left) / (right - left) * (width - 1)).round().astype(int)
    rows = []
    for each, (low, middle, high) in zip(verdicts, places[:-1].reshape(-1, 3)):
        line = np.full(width, " ")
        line[low:high + 1] = "─"
        line[places[-1]], line[middle] = "┊", "●" if each.faster else "○"
        rows.append([each.names[0], "".join(line), f"{each.low:.3f} to {each.high:.3f}"])
    return in_columns(["", "", "factor"], rows)

# %% [markdown]
# ### 🧪 Unit Test: Many questions

# %% nbgrader={"grade_id": "test-benchmarking-many", "points": 8}
def test_unit_many():
    times = np.exp(np.random.default_rng(3).normal(0, 0.1, (25, 4))) * [1, 1, 0.5, 2]
    names = ["old", "same", "half", "double"]
    for columns, level, resamples in [(4, 0.95, 9999), (3, 0.8, 999), (2, 0.9, 99), (1, 0.9, 99)]:
        got = judge_all(times[:, :columns], names[:columns], level, resamples, seeded())
        each_level, generator = 1 - (1 - level) / max(columns - 1, 1), seeded()
        expected = [judge(times[:, k], times[:, 0], (names[k], "old"), each_level, resamples, generator)
                    for k in range(1, columns)]
        equal(got, expected, f"verdicts on {columns} columns")
    found = [each.faster for each in judge_all(times, names, generator=seeded())]
    equal(found, [None, "half", "old"], "the faster ones")
test_unit_many()

# %% [markdown]
# Who **peeks** asks often, too: looks every ten pairs, and stops as soon as there is a difference.
# What does all that do to programs that are equal?

# %%
manual_seed(0)
rng, experiments = np.random.default_rng(0), 100
def after(n, column=1): return judge(times[:n, 0], times[:n, column], n_resamples=400).faster
counts = dict.fromkeys(["one question", "ten questions", "ten, shared out", "peeking"], 0)
for _ in range(experiments):
    times = np.exp(0.05 * rng.normal(size=(100, 11)))
    shared_out = judge_all(times[:30], "ABCDEFGHIJK", n_resamples=1000)
    counts["one question"] += after(100) is not None
    counts["ten questions"] += any(after(30, column) for column in range(1, 11))
    counts["ten, shared out"] += any(each.faster for each in shared_out)
    counts["peeking"] += any(after(n) for n in range(10, 101, 10))
for name, count in counts.items():
    print(f"{name:16} found a difference in {count / experiments:4.0%} of the experiments")

# %% [markdown]
# So decide **before** how many pairs, or stop by how wide the interval is, never by what it says.
#
# ## 8. What is worth keeping
# Models are small, fast *and* right, or one at the price of another. Which are worth keeping? One that
# is no worse in anything and better in something **dominates** another, and nobody needs the other:
#
# ```
#    model    bytes    right                             right │           C   D
#    A           10       80                                   │
#    B           20       80     dominated by A                │   A   b
#    C           30       95                                   │
#    D           40       96                                   └───────────────── bytes
# ```
#
# What nothing dominates is the **Pareto front** (1906): from one of its points to another, you only gain
# by losing something. Two that are equal in all don't dominate each other. Which point you want is a
# question of taste, or of your phone: no computation will tell.

# %% nbgrader={"grade_id": "benchmarking-pareto"}
#| export
def pareto_front(points, maximize=()):
    """For points (n, k), an array (n,) of bool: which of them no other dominates. Less is better, but
    in the columns whose numbers are in maximize, more is.
    pareto_front([[10, 80], [20, 80], [30, 95]], maximize=[1]) is [True, False, True]."""
    points = np.array(points, float)
    if points.ndim != 2 or np.isnan(points).any():
        raise ValueError(f"points are rows of numbers, none of them nan, not\n{points}")
    ### BEGIN SOLUTION
    points[:, list(maximize)] *= -1
    one, other = points[:, None], points[None]
    dominates = (one <= other).all(2) & (one < other).any(2)
    return ~dominates.any(0)
    ### END SOLUTION

def draw_front(x, y, names, front, width=60, height=12):
    """Text: a letter for each point, a capital on the front. To the right, equal steps are factors."""
    canvas, letters = np.full((height, width), " "), "abcdefghijklmnopqrstuvwxyz"
    def places(v, size): return ((v - v.min()) / (np.ptp(v) or 1) * (size - 1)).round().astype(int)
    where = zip(places(np.log(x), width), places(-np.asarray(y), height), letters, front)
    for column, row, letter, kept in sorted(where, key=lambda point: point[3]):  # the front on top
        canvas[row, column] = letter.upper() if kept else letter
    legend = ", ".join(f"{letter} {name}" for letter, name in zip(letters, names))
    return "\n".join([*("│" + "".join(line) for line in canvas), "└" + "─" * width, legend])

# %% [markdown]
# ### 🧪 Unit Test: Pareto

# %% nbgrader={"grade_id": "test-benchmarking-pareto", "points": 10}
def test_unit_pareto():
    table = [[10, 80], [20, 80], [30, 95], [40, 96]]
    for points, maximize, expected in [
        (table, [1], "A CD"), (table, (), "A   "), (table, {0, 1}, "   D"), ([[1, 2, 3]], [0, 2], "A"),
        ([[1, 1], [1, 1], [2, 0]], (), "ABC"), ([[3], [1], [2], [1]], [], " B D")]:
        got = pareto_front(points, maximize).tolist()
        shown = "".join(letter if kept is True else " " for letter, kept in zip("ABCD", got))
        equal(shown, expected, f"front of {points}, maximizing {maximize}")
    points = np.random.default_rng(4).integers(0, 6, (60, 3)).astype(float)
    for maximize in [(), (0,), (2, 1), (0, 1, 2)]:
        signed = points * [-1 if k in maximize else 1 for k in range(3)]
        expected = [not any((q <= p).all() and (q < p).any() for q in signed) for p in signed]
        equal(pareto_front(points, maximize).tolist(), expected, f"front, maximizing {maximize}")
    refuses(ValueError, lambda: pareto_front([[1, np.nan]]), "nan")
test_unit_pareto()

# %% [markdown]
# ## 📊 Systems analysis
# Now the course's own inventions have to prove themselves. In each contest, the first program takes
# part twice, as a **control**. If it is found faster than itself, the experiment is wrong.

# %%
def contest(rounds, **programs):
    names, calls = list(programs), list(programs.values())
    names.insert(1, f"{names[0]} again")
    verdicts = judge_all(interleave([calls[0], *calls], rounds), names)
    print(*verdicts, draw_verdicts(verdicts), "", sep="\n")

gpt, start, linear = nn.GPT(65, 64).eval(), tensor([[1]]), nn.Linear(512, 512)
batch, int8 = randn(32, 512), quantize_dynamic(nn.Sequential(linear))
with no_grad():
    contest(40, float32=lambda: linear(batch), int8=lambda: int8(batch))
contest(15, generate=lambda: transformer.generate(gpt, start, 32, 0),
        cached=lambda: memoization.generate(gpt, start, 32, 0))

# %% [markdown]
# What is nearly equal takes many pairs, what is far apart few: `pairs_needed` tells, after a few. Now
# the map: networks of several widths learn the digits of 1986, and each is also made int8.

# %%
x, y, x_test, y_test = map(tensor, split(*load_digits()))
def learned(width):
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))
    optimizer, rng = optim.AdamW(model.parameters(), lr=0.01), np.random.default_rng(0)
    for rows in sum((np.array_split(rng.permutation(len(x)), 24) for _ in range(12)), []):
        optimizer.zero_grad()
        F.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
    return model

models = {f"{width}": learned(width) for width in (4, 8, 16, 32, 64)}
models |= {f"{name} int8": quantize_dynamic(model) for name, model in models.items()}
with no_grad():
    hits = [model(x_test).numpy().argmax(1) == y_test.numpy() for model in models.values()]
    times = interleave([lambda model=model: model(x_test) for model in models.values()], 20)
sizes, right = [model_size(model).bytes for model in models.values()], np.mean(hits, 1)
front = pareto_front(np.column_stack([sizes, np.median(times, 0), right]), maximize=[2])
for name, size, time, hit, kept in zip(models, sizes, np.median(times, 0), hits, front):
    print(f"{'*' if kept else ' '} {name:8} {size:7,} bytes {time * 1e6:6.0f} µs {hit.mean():6.1%}",
          "right, {:.1%} to {:.1%}".format(*bootstrap(hit, np.mean, 1999)))
print(draw_front(sizes, right, models, pareto_front(np.column_stack([sizes, right]), [1])))

# %% [markdown]
# A share of right answers is a measurement too, on some images and not on others, and its interval is
# wide. But all models saw the *same* images: those are pairs. Resample differences, image by image:

# %%
of = dict(zip(models, np.array(hits, int)))
for one, other in [("64 int8", "64"), ("64", "32"), ("64", "8"), ("64", "4")]:
    low, high = bootstrap(of[one] - of[other], np.mean)
    print(f"{one:7} less {other:2}: {low:+.1%} to {high:+.1%} {'' if low > 0 or high < 0 else '?'}")

# %% [markdown]
# ## 🧪 Module test
# ### 🧪 Unit Test: Benchmarking together
# A whole experiment on a noisy machine that gets slower, where we know the truth.

# %% nbgrader={"grade_id": "test-benchmarking-together", "points": 4}
def test_unit_together():
    clock = SimulatedClock(noise=0.03, drift=0.001, overhead=1e-6, generator=seeded(6))
    seconds = {"old": 1, "same": 1, "better": 0.9, "worse": 1.2}
    calls = [clock.work(each) for each in seconds.values()]
    times = interleave(calls, 40, timer=clock, generator=seeded(7))
    verdicts = judge_all(times, list(seconds), 0.9999, generator=seeded(8))
    equal([each.faster for each in verdicts], [None, "better", "old"], "who is faster")
    for each in verdicts:
        close(each.ratio, 1 / seconds[each.names[0]], f"{each.names[0]}, how fast", 0.03)
    points = np.column_stack([np.median(times, 0), [5, 4, 4, 3]])
    equal(pareto_front(points).tolist(), [False, False, True, True], "front of time and size")
test_unit_together()

# %% [markdown]
# ## 🤔 Questions to think about
# 1. Something slows your machine down in every fourth run. What would A B A B make of that, or A B B A?
#    What do shuffled pairs make of it? Try all with a clock of your own.
# 2. When is the least of all times a better number than their median? What does the bootstrap say about
#    the minimum of [2, 3, 7]?
# 3. A point leaves the front since another was 0.1 % faster, once. What is a front of intervals?
# 4. A colleague measures one program today and the other tomorrow, 10,000 times each, and gets very
#    narrow intervals. What do they not contain?

# %% [markdown]
# ## 🎯 Summary
# `from tinytorch.profiling import Timer, interleave, judge, pareto_front`: you measure blocks, in turns,
# know how sure you are, and say in words what follows. That ends the tier: you made models smaller and
# faster, and can prove it. In module 20, others will check your claims, with these tools.
