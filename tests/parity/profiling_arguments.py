"""Arguments for what tinytorch.profiling offers, and torch.profiler and torch's FLOP counter have."""

from __future__ import annotations

from typing import Any

import numpy as np

from arguments import Case, Draw, array, covers, one_of


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
