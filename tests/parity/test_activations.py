"""Module 02 against torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle import Program, assert_same, both

POINTWISE: dict[str, Program] = {
    "relu": lambda lib, x: lib.F.relu(x),
    "sigmoid": lambda lib, x: lib.F.sigmoid(x),
    "tanh": lambda lib, x: lib.F.tanh(x),
    "gelu": lambda lib, x: lib.F.gelu(x),
    "gelu by tanh": lambda lib, x: lib.F.gelu(x, approximate="tanh"),
    "gelu by nothing known": lambda lib, x: lib.F.gelu(x, approximate="best"),
    "torch.relu": lambda lib, x: lib.torch.relu(x),
    "torch.sigmoid": lambda lib, x: lib.torch.sigmoid(x),
    "torch.tanh": lambda lib, x: lib.torch.tanh(x),
}


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray:
    """Numbers from tiny to huge, in every shape up to three dimensions."""
    shape = tuple(draw(st.lists(st.integers(1, 4), max_size=3)))
    scale = draw(st.sampled_from((1e-3, 1.0, 30.0, 1000.0)))
    values = np.random.default_rng(draw(st.integers(0, 2**31))).normal(size=shape) * scale
    return np.asarray(values).astype(draw(st.sampled_from(("float32", "float64"))))


@pytest.mark.parametrize("name", POINTWISE)
@settings(max_examples=80, deadline=None)
@given(x=arrays())
def test_pointwise(name: str, x: np.ndarray) -> None:
    assert_same(*both(POINTWISE[name], x), tolerance=1e-5)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@settings(max_examples=120, deadline=None)
@given(x=arrays(), dim=st.integers(-4, 3))
def test_softmax(name: str, x: np.ndarray, dim: int) -> None:
    def program(lib: Any, tensor: Any) -> Any:
        return [getattr(lib.F, name)(tensor, dim=dim), getattr(lib.torch, name)(tensor, dim)]

    assert_same(*both(program, x), tolerance=1e-5)
