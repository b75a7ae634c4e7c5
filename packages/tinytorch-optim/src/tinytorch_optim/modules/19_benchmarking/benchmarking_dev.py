# %% [markdown]
# # 19 · Benchmarking
#
# Is the difference real? You made models smaller and faster, and each time a stopwatch agreed. But
# stopwatches always find *some* difference, even between a program and itself. You build what tells a
# difference from noise: blocks that a clock can see, intervals instead of numbers, fair pairs, a verdict
# in words, and a map of what is worth keeping. Gosset (1908), who brewed beer, asked what few
# measurements can say. Efron (1979) let a sample answer that by itself, by drawing from it again and
# again. Georges, Buytaert and Eeckhout (2007) looked into papers about fast programs: most of them
# reported one number, and some had the wrong winner.
#
# **Prerequisites:** modules 01, 03, 13, 14, 15 and 18; medians, quantiles and logarithms.
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
from dataclasses import KW_ONLY, dataclass, fields
from math import ceil, exp, floor, inf, log, log2, log10, sqrt
from textwrap import dedent

import numpy as np
import tinytorch.core as torch

# %%
from tinytorch import nn, optim
from tinytorch.core import Generator, manual_seed, no_grad, randn, tensor

def equal(got, expected, what):
    assert got == expected, f"{what}: should be {expected}, got {got}"

def close(got, expected, what, atol=1e-9):
    assert np.shape(got) == np.shape(expected), f"{what}: should be\n{expected}, got\n{got}"
    assert np.allclose(got, expected, 1e-6, atol), f"{what}: should be\n{expected}, got\n{got}"

def refuses(error, call, *parts):
    try:
        got = call()
    except error as problem:
        assert all(part in str(problem) for part in parts), f"it should say {parts}: {problem}"
    else:
        raise AssertionError(f"this should raise {error.__name__}, but it returned {got!r}")

# %% [markdown]
# ## 📦 Where this code lives
# The exported cells become `tinytorch/profiling/benchmark.py`. From `tinytorch.profiling` you get `Timer`,
# `Measurement`, `TaskSpec` and `Compare`, as in `torch.utils.benchmark`; and what torch lacks:
# `bootstrap`, `interleave`, `judge`, `judge_all`, `pareto_front`, and a `SimulatedClock`.

# %% [markdown]
# ## 1. How many digits are true

# %% nbgrader={"grade_id": "benchmarking-figures"}
#| export
@dataclass(frozen=True)
class TaskSpec:
    """What was measured, and what it is called in a table: `sub_label` its row, `description` its
    column, `label` the table."""
    stmt: str
    setup: str
    _: KW_ONLY
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None

    @property
    def title(self):
        name = self.stmt if self.label is None else self.label
        return name + (f": {self.sub_label}" if self.sub_label else "")

def significant_figures(times):
    """How many digits of the median of times (in seconds, one or more) can be believed, 1 to 4.

    Approach: as above: sort, the middle half, its half-width, but at least 25e-9, as in torch, and the
    logarithm to base 10 of median / half-width, rounded down."""
    ### BEGIN SOLUTION
    times, count = sorted(times), len(times)
    middle = times[count // 4:ceil(3 * count / 4)]
    half_width = max(1.645 * np.std(middle) / sqrt(len(middle)), 25e-9)
    return min(max(floor(log10(np.median(times) / half_width)), 1), 4)
    ### END SOLUTION

def trim_sigfig(x, n):
    """The number x with n significant figures: 1234.5 with 2 is 1200, and 0.0456 with 1 is 0.05.
    Approach: 10 ** (ceil(log10(|x|)) - n) is the value of the last figure that counts."""
    ### BEGIN SOLUTION
    scale = 10.0 ** (ceil(log10(abs(x))) - n)
    return round(x / scale) * scale
    ### END SOLUTION

@dataclass(repr=False)
class Measurement:
    """Some runs of a statement; each of raw_times is for number_per_run of them, in seconds."""
    number_per_run: int
    raw_times: list
    task_spec: TaskSpec
    metadata: dict | None = None

    times = property(lambda self: [time / self.number_per_run for time in self.raw_times])
    median = property(lambda self: float(np.median(self.times)))
    mean = property(lambda self: float(np.mean(self.times)))
    iqr = property(lambda self: float(np.subtract(*np.quantile(self.times, [0.75, 0.25]))))
    significant_figures = property(lambda self: significant_figures(self.times))
    has_warnings = property(lambda self: not self.meets_confidence())
    title = property(lambda self: self.task_spec.title)
    as_row_name = property(lambda self: self.sub_label or self.stmt or "[Unknown]")

    def meets_confidence(self, threshold=0.1): return self.iqr / self.median < threshold

    def __getattr__(self, name):  # stmt, setup, label, sub_label, description
        if name in (field.name for field in fields(TaskSpec)):
            return getattr(self.task_spec, name)
        raise AttributeError(f"a Measurement has no {name!r}")

    @staticmethod
    def merge(measurements):
        """A list with one Measurement for each task, in the order in which the tasks come: its
        raw_times are all their times, in order, for one run each."""
        ### BEGIN SOLUTION
        found = defaultdict(list)
        for each in measurements:
            found[each.task_spec] += each.times
        return [Measurement(1, times, task_spec) for task_spec, times in found.items()]
        ### END SOLUTION

    def __repr__(self):
        unit, scale = select_unit(self.median)
        low, high = np.quantile(self.times, [0.25, 0.75]) / scale
        return (f"<Measurement of {self.title}>\n"
                f"  Median: {self.median / scale:.2f} {unit}\n"
                f"  IQR:    {self.iqr / scale:.2f} {unit} ({low:.2f} to {high:.2f})\n"
                f"  {len(self.times)} measurements, {self.number_per_run} runs per measurement"
                + f"\n  WARNING: IQR is {self.iqr / self.median:.0%} of the median" * self.has_warnings)

def select_unit(t):
    unit = {-3: "ns", -2: "us", -1: "ms"}.get(floor(log10(t) / 3), "s")
    return unit, {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}[unit]

# %% [markdown]
# ### 🧪 Unit Test: Figures

# %% nbgrader={"grade_id": "test-benchmarking-figures", "points": 14}
def test_unit_figures():
    equal(trim_sigfig(1234.5, 2), 1200, "two figures of 1234.5")
test_unit_figures()

# %% [markdown]
# ## 2. Blocks that a clock can see

# %% nbgrader={"grade_id": "benchmarking-blocks"}
#| export
def block_size(measure, min_run_time):
    """1, 10, 100, …: the first number whose block is long enough: measure(number) is the time of a
    block of so many runs."""
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
    """Times of blocks, measure(number), at least one, until they add up to min_run_time and
    enough(times) says so, but no more after they add up to more than max_run_time.
    If there is a callback, callback(number, time) after each block."""
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
    equal(block_size(lambda number: 1e-9 + 2e-6 * number, 0.2), 100, "block")
test_unit_blocks()

# %% [markdown]
# ## 3. A timer

# %% nbgrader={"grade_id": "benchmarking-timer"}
#| export
class Timer:
    """Measures a statement, as torch.utils.benchmark.Timer does."""
    def __init__(self, stmt="pass", setup="pass", *, timer=timeit.default_timer, globals=None,
                 label=None, sub_label=None, description=None):
        if not isinstance(stmt, str):
            raise ValueError(f"stmt must be code in a str, as 'f(x)' with globals={{'f': f, 'x': x}}, "
                             f"not {stmt!r}")
        stmt, setup = (dedent(code).removeprefix("\n").rstrip() for code in (stmt, setup))
        names = {"torch": torch} | (globals or {})
        self._timer = timeit.Timer(stmt, setup, timer, names)
        self._task_spec = TaskSpec(stmt, setup, label=label, sub_label=sub_label,
                                   description=description)

    def _timeit(self, number): return max(self._timer.timeit(number), 1e-9)

    def timeit(self, number=1000000):
        """A Measurement of one block of so many runs, after number // 100 runs to warm up, but at
        least 2."""
        ### BEGIN SOLUTION
        self._timeit(max(number // 100, 2))
        return Measurement(number, [self._timeit(number)], self._task_spec)
        ### END SOLUTION

    def blocked_autorange(self, callback=None, min_run_time=0.2):
        """A Measurement of blocks of a good size, which take min_run_time together."""
        ### BEGIN SOLUTION
        number = block_size(self._timeit, min_run_time)
        times = measure_blocks(self._timeit, number, lambda times: True, min_run_time, inf, callback)
        return Measurement(number, times, self._task_spec)
        ### END SOLUTION

    def adaptive_autorange(self, threshold=0.1, *, min_run_time=0.01, max_run_time=10.0, callback=None):
        """A Measurement of blocks that took min_run_time, and that goes on until there are more than
        three, and their iqr is less than threshold of their median, or max_run_time is over."""
        number = block_size(self._timeit, 0.05)
        def enough(times):
            ### BEGIN SOLUTION
            found = Measurement(number, times, self._task_spec)
            return len(times) > 3 and found.meets_confidence(threshold)
            ### END SOLUTION
        times = measure_blocks(self._timeit, number, enough, min_run_time, max_run_time, callback)
        return Measurement(number, times, self._task_spec)

class Compare:
    """A table of Measurements for each label: a row for each sub_label, a column for each
    description; medians of all that were taken of the same."""
    def __init__(self, results):
        self._results, self._trim = [], False
        self.extend_results(results)

    def extend_results(self, results):
        for each in results:
            if not isinstance(each, Measurement):
                raise ValueError(f"Compare takes Measurements, not {each!r}")
        self._results += results

    def trim_significant_figures(self): self._trim = True
    def print(self): print(self)
    def __str__(self):
        labels = defaultdict(list)
        for each in Measurement.merge(self._results):
            labels[each.label].append(each)
        return "\n".join(self._table(label, found) for label, found in labels.items())

    def _table(self, label, found):
        unit, scale = select_unit(min(each.median for each in found))
        def shown(each):
            value = each.median / scale
            return trim_sigfig(value, each.significant_figures) if self._trim else value
        columns = list(dict.fromkeys(each.description for each in found))
        rows = list(dict.fromkeys(each.as_row_name for each in found))
        cells = {(each.as_row_name, each.description): f"{shown(each):.1f}" for each in found}
        table = [["", *(column or "" for column in columns)],
                 *([f"  {row}", *(cells.get((row, column), "") for column in columns)] for row in rows)]
        widths = [max(map(len, column)) for column in zip(*table)]
        lines = ["  |  ".join([row[0].ljust(widths[0]), *map(str.center, row[1:], widths[1:])])
                 for row in table]
        head = f" {label or ''} ".center(len(lines[0]) - 2, "-")
        return "\n".join([f"[{head}]", *lines, "", f"Times are in {unit}.", ""])

# %% [markdown]
# ### 🧪 Unit Test: Timer

# %% nbgrader={"grade_id": "test-benchmarking-timer", "points": 12}
def test_unit_timer():
    equal(Timer().timeit(10).number_per_run, 10, "runs")
test_unit_timer()

# %% [markdown]
# ## 4. What else could it have been?

# %% nbgrader={"grade_id": "benchmarking-bootstrap"}
#| export
Interval = namedtuple("Interval", ["low", "high"])

def resample(data, n_resamples, generator=None):
    """From data (n, …), samples (n_resamples, n, …): rows of data, drawn with replacement.
    Approach: torch.randint draws the numbers of rows; an array of them, as an index, does the rest."""
    ### BEGIN SOLUTION
    rows = torch.randint(0, len(data), (n_resamples, len(data)), generator=generator).numpy()
    return data[rows]
    ### END SOLUTION

def bootstrap(data, statistic=np.median, n_resamples=9999, confidence_level=0.95, generator=None):
    """The Interval in which the statistic of data (n, …) lies, in confidence_level of all resamples;
    half of the others lie below, half above."""
    data = np.asarray(data)
    if len(data) == 0 or not 0 < confidence_level < 1:
        raise ValueError(f"bootstrap takes one row or more, and a confidence_level between 0 and 1, not "
                         f"{len(data)} rows and {confidence_level}")
    ### BEGIN SOLUTION
    values = statistic(resample(data, n_resamples, generator), axis=1)
    outside = (1 - confidence_level) / 2
    return Interval(*map(float, np.quantile(values, [outside, 1 - outside])))
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Bootstrap

# %% nbgrader={"grade_id": "test-benchmarking-bootstrap", "points": 14}
def test_unit_bootstrap():
    equal(bootstrap([3.0]), (3, 3), "one number")
test_unit_bootstrap()

# %% [markdown]
# ## 5. Fair pairs

# %% nbgrader={"grade_id": "benchmarking-interleave"}
#| export
class SimulatedClock:
    """A clock for experiments: time passes only while a call of `work` runs. Everything gets slower
    by `drift` in each second, and each call takes longer by chance, by about the share `noise`."""
    def __init__(self, noise=0.0, drift=0.0, generator=None):
        self.noise, self.drift, self.generator, self.now = noise, drift, generator, 0.0
    def __call__(self): return self.now
    def work(self, seconds):
        def call():
            chance = abs(torch.randn(1, generator=self.generator).item())
            self.now += seconds * (1 + self.drift * self.now) * exp(self.noise * chance)
        return call

def interleave(calls, rounds=30, warmup=3, number=1, timer=timeit.default_timer):
    """Times (rounds, len(calls)), in seconds: each round measures each call once, forwards in the
    first round, backwards in the second, and so on. Before that, `warmup` rounds aren't measured."""
    ### BEGIN SOLUTION
    watches = [timeit.Timer(call, timer=timer) for call in calls]
    times = np.empty((rounds, len(calls)))
    for _ in range(warmup):
        for call in calls:
            call()
    for round in range(rounds):
        for place in range(len(calls))[::-1 if round % 2 else 1]:
            times[round, place] = watches[place].timeit(number) / number
    return times
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Pairs

# %% nbgrader={"grade_id": "test-benchmarking-interleave", "points": 12}
def test_unit_interleave():
    clock = SimulatedClock()
    equal(interleave([clock.work(1), clock.work(2)], 2, timer=clock).tolist(), [[1, 2], [1, 2]], "times")
test_unit_interleave()

# %% [markdown]
# ## 6. A verdict in words

# %% nbgrader={"grade_id": "benchmarking-judge"}
#| export
@dataclass(frozen=True)
class Verdict:
    """names[0] is `ratio` times as fast as names[1], somewhere from `low` to `high`."""
    names: tuple
    ratio: float
    low: float
    high: float
    pairs: int
    confidence_level: float

    @property
    def faster(self):
        """The name of the faster one; None if that can't be told: 1 lies between low and high."""
        ### BEGIN SOLUTION
        if self.low > 1:
            return self.names[0]
        return self.names[1] if self.high < 1 else None
        ### END SOLUTION

    def pairs_needed(self, ratio):
        """How many pairs would tell such a ratio from 1, about: a whole number."""
        ### BEGIN SOLUTION
        half_width = log(self.high / self.low) / 2
        return ceil(self.pairs * (half_width / log(ratio)) ** 2)
        ### END SOLUTION

    def __str__(self):
        (a, b), numbers = self.names, (self.ratio, self.low, self.high)
        level = f"{self.confidence_level:.3g}"
        if self.faster is None:
            return (f"no difference can be told from {self.pairs} pairs: {a} is {self.low:.3f} to "
                    f"{self.high:.3f} times as fast as {b} (at {level})")
        if self.faster == b:
            (a, b), numbers = (b, a), (1 / self.ratio, 1 / self.high, 1 / self.low)
        ratio, low, high = (f"{number:.3f}" for number in numbers)
        return f"{a} is {ratio} times as fast as {b} ({low} to {high} at {level}, {self.pairs} pairs)"

def paired(a, b, confidence_level):  # both as arrays, if they can be judged
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"pairs are as many times of A as of B, not {a.shape} and {b.shape}")
    if not (np.isfinite([a, b]).all() and (np.minimum(a, b) > 0).all()):
        raise ValueError("a time isn't above 0: measure blocks, with a larger `number`")
    least = ceil(log2(2 / (1 - confidence_level)))
    if len(a) < least:
        raise ValueError(f"{len(a)} pairs can't be sure at {confidence_level:.3g}: take {least} or more")
    return a, b

def judge(a, b, names=("A", "B"), confidence_level=0.95, n_resamples=9999, generator=None):
    """The Verdict on times a and b (n,), of which a[i] and b[i] were measured side by side."""
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
    equal(judge([1] * 6, [2] * 6).faster, "A", "the faster one")
test_unit_judge()

# %% [markdown]
# ## 7. Many questions

# %% nbgrader={"grade_id": "benchmarking-many"}
#| export
def judge_all(times, names, confidence_level=0.95, n_resamples=9999, generator=None):
    """Verdicts on times (n, k), as `interleave` gives them: one for each column but the first, compared
    with the first. All of them hold together at confidence_level."""
    ### BEGIN SOLUTION
    times = np.asarray(times)
    first, *others = range(len(names))
    level = 1 - (1 - confidence_level) / max(len(others), 1)
    return [judge(times[:, each], times[:, first], (names[each], names[first]), level,
                  n_resamples, generator) for each in others]
    ### END SOLUTION

def draw_verdicts(verdicts, width=60):
    """Text, a line for each verdict: its interval, on an axis of ratios on which equal steps are equal
    factors; ┊ is 1."""
    ends = np.log([[v.low, v.ratio, v.high] for v in verdicts])
    left, right = min(ends.min(), 0), max(ends.max(), 1e-9)
    def place(value): return round((value - left) / (right - left) * (width - 1))
    room = max(len(v.names[0]) for v in verdicts)
    lines = []
    for v, (low, middle, high) in zip(verdicts, ends):
        line = np.full(width, " ")
        line[place(0)] = "┊"
        line[place(low):place(high) + 1] = "─"
        line[place(middle)] = "●" if v.faster else "○"
        lines.append(f"{v.names[0]:{room}} {''.join(line)} {v.low:.2f} to {v.high:.2f}")
    return "\n".join(lines)

# %% [markdown]
# ### 🧪 Unit Test: Many

# %% nbgrader={"grade_id": "test-benchmarking-many", "points": 8}
def test_unit_many():
    equal(len(judge_all(np.ones((8, 3)), "abc")), 2, "verdicts")
test_unit_many()

# %% [markdown]
# ## 8. What is worth keeping

# %% nbgrader={"grade_id": "benchmarking-pareto"}
#| export
def pareto_front(points, maximize=()):
    """For points (n, k), an array (n,) of truths: which of them no other point dominates. In the columns
    named by maximize, more is better, in all others less."""
    points = np.array(points, float)
    if points.ndim != 2 or np.isnan(points).any():
        raise ValueError(f"points must be rows of numbers, without nan, not\n{points}")
    ### BEGIN SOLUTION
    points[:, list(maximize)] *= -1
    one, other = points[:, None], points[None]
    dominates = (one <= other).all(2) & (one < other).any(2)
    return ~dominates.any(0)
    ### END SOLUTION

def draw_front(x, y, names, front, width=60, height=12):
    """Text: points as letters, large on the front, small elsewhere; below, what they stand for. Equal steps
    to the right are equal factors of x."""
    canvas = np.full((height, width), " ")
    def places(values, size):
        span = np.ptp(values) or 1
        return ((values - np.min(values)) / span * (size - 1)).round().astype(int)
    columns, rows = places(np.log(x), width), places(np.asarray(y), height)
    for column, row, letter, kept in zip(columns, rows, "abcdefghijklmnopqrstuvwxyz", front):
        canvas[height - 1 - row, column] = letter.upper() if kept else letter
    legend = ", ".join(f"{letter} {name}" for letter, name in zip("abcdefghijklmnopqrstuvwxyz", names))
    return "\n".join([*("│" + "".join(line) for line in canvas), "└" + "─" * width, legend])

# %% [markdown]
# ### 🧪 Unit Test: Pareto

# %% nbgrader={"grade_id": "test-benchmarking-pareto", "points": 8}
def test_unit_pareto():
    equal(pareto_front([[1, 2], [2, 1], [2, 2]]).tolist(), [True, True, False], "front")
test_unit_pareto()

# %% [markdown]
# ## 📊 Systems analysis

# %%
print(f"{Timer('sum(range(100))').blocked_autorange(min_run_time=0.02).median * 1e6:.2f} µs")

# %% [markdown]
# ## 🧪 Module test
# ### 🧪 Unit Test: Benchmarking together

# %% nbgrader={"grade_id": "test-benchmarking-together", "points": 4}
def test_unit_together():
    clock = SimulatedClock()
    equal(judge(*interleave([clock.work(1), clock.work(2)], 8, timer=clock).T).faster, "A", "the faster")
test_unit_together()

# %% [markdown]
# ## 🤔 Questions to think about
# 1. ?

# %% [markdown]
# ## 🎯 Summary
# `from tinytorch.profiling import Timer`
