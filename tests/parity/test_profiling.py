"""What the profiler counts and writes, next to torch's."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch.nn.attention import SDPBackend, sdpa_kernel

from oracle import OURS, THEIRS, Program, both

LIBRARIES = {"ours": OURS, "theirs": THEIRS}
Build = Callable[[Any], tuple[Any, Callable[[], Any]]]


def mlp(lib: Any) -> Any:
    net = lib.nn.Sequential(lib.nn.Linear(12, 9), lib.nn.ReLU(), lib.nn.Linear(9, 4))
    return lib.F.cross_entropy(net(lib.torch.randn(5, 12)), lib.torch.tensor([0, 1, 2, 3, 0]))


def cnn(lib: Any) -> Any:
    nn = lib.nn
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 6, (3, 2), stride=2, dilation=(1, 2)), nn.Flatten(), nn.Linear(12, 4),
    )  # fmt: skip
    return net(lib.torch.randn(2, 3, 8, 10)).sum()


def transformer(lib: Any) -> Any:
    layer = lib.nn.TransformerEncoderLayer(16, 4, 32, 0.0, batch_first=True, norm_first=True)
    net = lib.nn.TransformerEncoder(layer, 2)
    return net(lib.torch.randn(3, 7, 16)).sum()


def attention(lib: Any, *learning: bool) -> Any:
    sizes = (2, 3, 4, 8), (2, 3, 5, 8), (2, 3, 5, 6)
    tensors = [
        lib.torch.randn(*size, requires_grad=learns)
        for size, learns in zip(sizes, learning, strict=True)
    ]
    return lib.F.scaled_dot_product_attention(*tensors).sum()


def total(make: Program, *options: Any, backward: bool = True) -> Program:
    def program(lib: Any) -> int:
        counter = lib.profiling.FlopCounterMode(display=False)
        with sdpa_kernel(SDPBackend.MATH), counter:  # the way whose products torch counts
            output = make(lib, *options)
            if backward:
                output.backward()
        return counter.get_total_flops()

    return program


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("make", [mlp, cnn, transformer])
def test_a_model_has_as_many_flops_as_in_torch(make: Program, backward: bool) -> None:
    ours, theirs = both(total(make, backward=backward))
    assert ours == theirs > 0


@pytest.mark.parametrize("learning", [(True, True, True), (True, False, False),
                                      (False, True, False), (False, False, True)])  # fmt: skip
def test_attention_has_torchs_flops_whatever_learns(learning: tuple[bool, ...]) -> None:
    ours, theirs = both(total(attention, *learning))
    assert ours == theirs > 0


def test_torch_does_not_count_a_matrix_times_a_vector_and_we_do() -> None:
    def program(lib: Any) -> int:
        with lib.profiling.FlopCounterMode(display=False) as counter:
            lib.torch.randn(3, 5) @ lib.torch.randn(5)
        return counter.get_total_flops()

    assert both(program) == (30, 0)


def test_torch_counts_too_much_for_a_filter_of_groups() -> None:
    """The weight's gradient, as if each filter saw all channels; backwards as forwards is ours."""

    def program(lib: Any) -> list[int]:
        weight = lib.torch.randn(6, 2, 3, 3, requires_grad=True)
        with lib.profiling.FlopCounterMode(display=False) as counter:
            output = lib.F.conv2d(lib.torch.randn(2, 4, 5, 5), weight, groups=2).sum()
            forward = counter.get_total_flops()
            output.backward()
        return [forward, counter.get_total_flops() - forward]

    (ours, our_backward), (theirs, their_backward) = both(program)
    assert ours == theirs == our_backward
    assert their_backward == 2 * our_backward


@pytest.mark.parametrize("name", ["trace.json", "trace.json.gz"])
def test_a_trace_has_the_form_of_torchs(tmp_path: Path, name: str) -> None:
    traces = {}
    for key, names in LIBRARIES.items():
        profiling, nn = names["profiling"], names["nn"]
        x, net = names["torch"].randn(3, 4), nn.Linear(4, 5)
        with profiling.profile() as prof, profiling.record_function("stretch"):
            net(x).sum().backward()
        path = tmp_path / key / name
        path.parent.mkdir()
        prof.export_chrome_trace(str(path))
        opener = gzip.open if name.endswith("gz") else open
        with opener(path, "rt", encoding="utf-8") as file:
            traces[key] = json.load(file)
    bars = {key: [e for e in t["traceEvents"] if e["ph"] == "X"] for key, t in traces.items()}
    (stretch,), (theirs,) = ([b for b in bars[key] if b["name"] == "stretch"] for key in bars)
    assert set(stretch) == set(theirs)
    assert {k: type(v) for k, v in stretch.items() if k != "tid"} == {
        k: type(v) for k, v in theirs.items() if k != "tid"
    }
    begin, end = stretch["ts"], stretch["ts"] + stretch["dur"]
    inner = [bar for bar in bars["ours"] if bar is not stretch]
    assert {"linear", "sum", "linear backward"} <= {bar["name"] for bar in inner}
    assert all(begin <= bar["ts"] and bar["ts"] + bar["dur"] <= end for bar in inner)
    assert all(isinstance(bar["tid"], int) and bar["pid"] == stretch["pid"] for bar in inner)


def test_errors_are_torchs() -> None:
    def early(lib: Any) -> Any:
        return lib.profiling.profile().key_averages()

    def wrong_column(lib: Any) -> Any:
        with lib.profiling.profile() as prof:
            lib.torch.zeros(2) + 1
        return prof.key_averages().table(sort_by="beauty")

    for program in (early, wrong_column):
        ours, theirs = both(program)
        assert type(ours) is type(theirs), (ours, theirs)


def test_memory_is_that_of_the_result_in_both() -> None:
    def program(lib: Any) -> int:
        x = lib.torch.tensor(np.ones((100, 1000), "float32"))
        with lib.profiling.profile(profile_memory=True) as prof:
            kept = x + x
        assert kept.shape == (100, 1000)
        rows = {row.key.removeprefix("aten::"): row for row in prof.key_averages()}
        return int(rows["add"].self_cpu_memory_usage)

    ours, theirs = both(program)
    assert theirs == 400_000 <= ours < 401_000
