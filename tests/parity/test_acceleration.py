"""Module 17 beside torch: what works in blocks and tiles gives torch's numbers and gradients.

torch has these as `scaled_dot_product_attention`, `gelu` and `AdamW(fused=True)`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tinytorch.core
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tinytorch.optim.acceleration import BLOCK, FusedAdamW, flash_attention, fused_gelu

F = torch.nn.functional
TOLERANCE = {"float32": 2e-5, "float64": 1e-10}


def both(*arrays: np.ndarray) -> list[list[Any]]:
    return [
        [lib.tensor(each).requires_grad_() for each in arrays] for lib in (tinytorch.core, torch)
    ]


def close(got: Any, expected: Any, what: str) -> None:
    found, wanted = np.asarray(got.detach()), expected.detach().numpy()
    assert found.dtype == wanted.dtype
    np.testing.assert_allclose(found, wanted, 1e-5, TOLERANCE[found.dtype.name], err_msg=what)


@settings(max_examples=80, deadline=None, derandomize=True, database=None)
@given(st.data())
def test_attention_in_tiles(data: st.DataObject) -> None:
    """Any leading sizes, any tile, memory in another order, scores that differ a lot."""
    size = st.integers(1, 9)
    leading = data.draw(st.lists(st.integers(1, 3), max_size=2))
    length, keys, width, depth, tile = (data.draw(size) for _ in range(5))
    causal, scale = data.draw(st.booleans()), data.draw(st.sampled_from([None, 0.3, 20.0]))
    dtype = data.draw(st.sampled_from(["float32", "float64"]))
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    arrays = [
        rng.normal(size=(*leading, *last)).astype(dtype)
        for last in ((length, width), (keys, width), (keys, depth), (length, depth))
    ]
    if data.draw(st.booleans()):
        arrays = [np.asfortranarray(each) for each in arrays]
    if dtype == "float32" and scale == 20.0:
        scale = 2.0  # products that are rounded, times twenty, in an exponential
    mine, theirs = both(*arrays)
    got = flash_attention(*mine[:3], is_causal=causal, scale=scale, tile=tile)
    expected = F.scaled_dot_product_attention(*theirs[:3], is_causal=causal, scale=scale)
    close(got, expected, "output")
    got.backward(mine[3].detach())
    expected.backward(theirs[3].detach())
    for name, x, y in zip(("query", "key", "value"), mine, theirs, strict=False):
        close(x.grad, y.grad, f"gradient of {name}")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(), (0,), (3, 5), (2, BLOCK + 7), (3 * BLOCK,)])
def test_gelu_in_blocks(dtype: str, shape: tuple[int, ...]) -> None:
    array = np.asarray(3 * np.random.default_rng(1).normal(size=shape)).astype(dtype)
    (x,), (y,) = both(array)
    got, expected = fused_gelu(x), F.gelu(y, approximate="tanh")
    close(got, expected, "output")
    got.sum().backward()
    expected.sum().backward()
    close(x.grad, y.grad, "gradient")


@pytest.mark.parametrize("array", [[np.inf, -np.inf, np.nan, 0.0, -0.0, 1e30, -1e30, 40.0, -40.0]])
def test_gelu_of_what_is_no_ordinary_number(array: list[float]) -> None:
    x, y = tinytorch.core.tensor(array), torch.tensor(array)
    np.testing.assert_allclose(fused_gelu(x).numpy(), F.gelu(y, approximate="tanh").numpy(), 1e-6)


@pytest.mark.parametrize("options", [{}, {"lr": 0.1, "weight_decay": 0.2, "maximize": True}])
def test_adamw_in_blocks(options: dict[str, Any]) -> None:
    rng = np.random.default_rng(2)
    start = [rng.normal(size=size).astype(np.float32) for size in ((2, BLOCK), (7,), (BLOCK + 1,))]
    mine, theirs = both(*start)
    ours, torchs = FusedAdamW(mine, **options), torch.optim.AdamW(theirs, fused=True, **options)
    for step in range(5):
        for x, y, array in zip(mine, theirs, start, strict=True):
            grad = np.cos(array + step)
            x.grad, y.grad = tinytorch.core.tensor(grad), torch.tensor(grad)
        ours.step()
        torchs.step()
    for x, y in zip(mine, theirs, strict=True):
        close(x, y, "parameter")
        for name, value in torchs.state[y].items():
            close(ours.state[x][name], value, name)
