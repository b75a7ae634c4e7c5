"""A linear layer with int8 weights beside the float layer and beside torch's: one thread, in turns.

There is no goal: NumPy has no product of int8, so ours contains a float product, and cannot be faster
than that. What it costs besides is the question. torch has kernels for the processor's own int8.

python benchmarks/int8.py
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import tinytorch.core
import tinytorch.nn
import torch
import torch.ao.quantization
from tinytorch.optim.quantization import (
    MinMaxObserver,
    QuantizedLinear,
    qint8,
    quantize_dynamic,
)

from paired import calls, in_turns

ROUNDS, CALLS = 41, 40
FEATURES, BATCH = 512, 32
Layer = Callable[[Any], Any]


def layers() -> tuple[dict[str, tuple[Layer, Any]], list[np.ndarray]]:
    """Name: a layer and its input. All have one weight, so their answers can be compared, too."""
    random = np.random.default_rng(0)
    inputs = random.normal(size=(BATCH, FEATURES)).astype(np.float32)
    ours = tinytorch.nn.Linear(FEATURES, FEATURES)
    theirs = torch.nn.Linear(FEATURES, FEATURES)
    theirs.load_state_dict({n: torch.tensor(t.numpy()) for n, t in ours.state_dict().items()})
    x, y = tinytorch.core.tensor(inputs), torch.tensor(inputs)
    seen = MinMaxObserver(qint8)
    seen(x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch moves its int8 to a distribution of its own
        coded = torch.ao.quantization.quantize_dynamic(torch.nn.Sequential(theirs))
    found: dict[str, tuple[Layer, Any]] = {
        "float32": (tinytorch.core.no_grad()(ours), x),
        "int8, dynamic": (quantize_dynamic(ours), x),
        "int8, static": (QuantizedLinear.from_float(ours, seen), x),
        "torch, float32": (torch.no_grad()(theirs), y),
        "torch, int8, dynamic": (torch.no_grad()(coded), y),
    }
    return found, [np.asarray(layer(input).detach()) for layer, input in found.values()]


def table() -> list[str]:
    found, answers = layers()
    runs = {name: calls(lambda f=f, x=x: f(x), CALLS) for name, (f, x) in found.items()}
    times = in_turns(runs, ROUNDS)
    rows = [
        "| | µs | of float32 in the same library | of torch's | error |",
        "| --- | --- | --- | --- | --- |",
    ]
    for (name, time), answer in zip(times.items(), answers, strict=True):
        plain = times["torch, float32" if name.startswith("torch") else "float32"]
        same = times.get(f"torch, {'int8, dynamic' if 'int8' in name else name}", time)
        error = np.sqrt(np.square(answer - answers[0]).mean() / np.square(answers[0]).mean())
        ratios = f"{time.ratio(plain):.2f} | {time.ratio(same):.2f}"
        rows.append(f"| {name} | {time.typical * 1e6:.0f} | {ratios} | {error:.1e} |")
    return rows


if __name__ == "__main__":
    torch.set_num_threads(1)
    print("\n".join(table()))
