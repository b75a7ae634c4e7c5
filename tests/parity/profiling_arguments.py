"""Arguments for what tinytorch.profiling offers, and torch.profiler and torch's FLOP counter have."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from hypothesis import strategies as st

from arguments import Case, Draw, array, covers, one_of, some_of


def work(lib: Any, kind: str, *tensors: Any) -> Any:
    operation = {
        "matmul": lib.torch.matmul,
        "linear": lib.F.linear,
        "conv2d": lib.F.conv2d,
        "composed": lambda x, w: lib.torch.tanh(lib.F.linear(x, w)) @ w,
    }[kind]
    return operation(*tensors)


def drawn(draw: Draw) -> tuple[str, list[np.ndarray]]:
    n, k, m = (one_of(draw, 2, 3, 5) for _ in range(3))
    batch = one_of(draw, (), (4,), (2, 3))
    kind = one_of(draw, "matmul", "linear", "conv2d", "composed")
    sizes = {
        "matmul": [(*batch, n, k), one_of(draw, (k, m), (*batch, k, m))],
        "linear": [(*batch, n, k), (m, k), (m,)][: one_of(draw, 2, 3)],
        "conv2d": [(n, k, 6, 7), (m, k, 3, 2), (m,)][: one_of(draw, 2, 3)],
        "composed": [(*batch, n, k), (m, k)],
    }[kind]
    return kind, [array(draw, size, ("float32",)) for size in sizes]


@covers("profiling.FlopCounterMode")
def counts(draw: Draw) -> Case:
    def program(lib: Any, cls: Any, *tensors: Any, kind: str, backward: bool) -> Any:
        counter = cls(display=False)
        with counter:
            output = work(lib, kind, *tensors)
            if backward:
                output.sum().backward()
        total = counter.get_total_flops()
        assert sum(counter.get_flop_counts().get("Global", {}).values()) == total
        with counter:
            pass
        return [total, counter.get_total_flops()]

    kind, given = drawn(draw)
    options = {"kind": kind, "backward": one_of(draw, True, True, False)}
    return Case(given, options, program, learns=one_of(draw, 1, 2, 3))


@covers("profiling.profile profiling.record_function profiling.ProfilerActivity")
def stretches(draw: Draw) -> Case:
    def program(lib: Any, thing: Any, *tensors: Any, kind: str, times: int, memory: bool) -> Any:
        names = lib.profiling

        @names.record_function("outer")
        def outer() -> None:
            for _ in range(times):
                with names.record_function("inner"):
                    work(lib, kind, *tensors)

        with names.profile(
            activities=[names.ProfilerActivity.CPU], profile_memory=memory, with_flops=True
        ) as prof:
            outer()
        rows = {row.key: row for row in prof.key_averages()}
        events = [event for event in prof.events() if event.name in ("outer", "inner")]
        shown = prof.key_averages().table(sort_by="cpu_time_total", row_limit=1)
        assert "outer" in shown
        assert rows["outer"].cpu_time_total >= rows["inner"].cpu_time_total
        assert rows["inner"].cpu_time_total >= rows["inner"].self_cpu_time_total >= 0
        return [
            [(rows[name].count, rows[name].key) for name in ("outer", "inner")],
            sum(event.name == "inner" for event in events),
            names.ProfilerActivity.CPU.name,
        ]

    kind, given = drawn(draw)
    options = {"kind": kind, "times": one_of(draw, 1, 2), "memory": one_of(draw, False, True)}
    return Case(given, options, program)


@covers("profiling.Timer profiling.Measurement")
def simulated(draw: Draw) -> Case:
    """A statement whose runs take what we say, by a clock that we move."""

    def program(lib: Any, cls: Any, *, costs: list[float], overhead: float, call: Any) -> Any:
        clock = Clock(overhead)
        names = {"run": lambda: clock.move(costs), "lib": lib}
        timer = lib.profiling.Timer("run()", timer=clock, globals=names, label="label")
        found, heard = call(timer, lambda *block: heard_of.append(block)), list(heard_of)
        heard_of.clear()
        return [
            found.times, found.raw_times, found.number_per_run, found.median, found.mean, found.iqr,
            found.meets_confidence(0.3), found.stmt, found.label, found.description,
            found.as_row_name, found.significant_figures, heard,
        ]  # fmt: skip

    heard_of: list[Any] = []
    number, time = one_of(draw, 1, 7, 500, 1234), one_of(draw, 1.0, 3.0)
    call = one_of(
        draw,
        lambda timer, heard: timer.timeit(number),
        lambda timer, heard: timer.blocked_autorange(heard, min_run_time=time),
        lambda timer, heard: timer.adaptive_autorange(
            0.2, min_run_time=time, max_run_time=9 * time, callback=heard
        ),
    )
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    costs = one_of(draw, 1e-4, 0.01, 0.9) * random.exponential(size=41) + 1e-4
    options = {"costs": costs.tolist(), "overhead": one_of(draw, 0.0, 1e-7, 1e-5), "call": call}
    return Case([], options, program)


class Clock:
    """Time passes when somebody looks, and when somebody works."""

    def __init__(self, overhead: float) -> None:
        self.overhead, self.now, self.runs = overhead, 0.0, 0

    def __call__(self) -> float:
        self.now += self.overhead
        return self.now

    def move(self, costs: list[float]) -> None:
        self.now += costs[self.runs % len(costs)]
        self.runs += 1


@covers("profiling.TaskSpec profiling.Compare")
def tables(draw: Draw) -> Case:
    """Measurements of several tasks, as a table, and pooled."""

    def program(lib: Any, thing: Any, *, given: list[Any], trim: bool) -> Any:
        found = [
            lib.profiling.Measurement(number, times, lib.profiling.TaskSpec(**task))
            for number, times, task in given
        ]
        compare = lib.profiling.Compare(found[:1])
        compare.extend_results(found[1:])
        if trim:
            compare.trim_significant_figures()
        merged = lib.profiling.Measurement.merge(found)
        cells = re.findall(r"(?<= )\d+(?:\.\d+)?(?=\s|$)", str(compare).replace(",", ""))
        return [
            sorted(map(float, cells)),
            [(each.raw_times, each.number_per_run, each.label, each.setup) for each in merged],
            [(each.significant_figures, each.median, each.as_row_name) for each in merged],
        ]

    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    given = []
    for _ in range(one_of(draw, 1, 2, 3, 6)):
        task = {"stmt": one_of(draw, "f()", "g()"), "setup": one_of(draw, "pass", "import os")}
        task |= some_of(draw, label=("L", "M"), sub_label=("s", "t"))
        task["description"] = one_of(draw, "d", "e")  # torch's table can't do without
        scale = one_of(draw, 3e-7, 4e-5, 0.02, 7.0)
        times = scale * (
            1 + one_of(draw, 0.001, 0.1) * random.exponential(size=one_of(draw, 1, 4, 9))
        )
        given.append((one_of(draw, 1, 3), times.tolist(), task))
    # torch gives all numbers in a column the decimals of the least sure one, we give each its own
    trim = len(given) == 1 and one_of(draw, False, True)
    return Case([], {"given": given, "trim": trim}, program)
