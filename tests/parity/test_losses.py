"""Module 04 against torch, over shapes, reductions and awkward targets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle import Program, assert_same, both

REDUCTIONS = ("mean", "sum", "none")


def numbers(seed: int, *shape: int, scale: float = 1.0) -> np.ndarray:
    return (np.random.default_rng(seed).normal(size=shape) * scale).astype("float32")


@settings(max_examples=120, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    classes=st.integers(1, 6),
    more=st.lists(st.integers(1, 3), max_size=2),
    scale=st.sampled_from((1.0, 100.0)),
    reduction=st.sampled_from(REDUCTIONS),
    ignored=st.booleans(),
)
def test_cross_entropy(
    seed: int, classes: int, more: list[int], scale: float, reduction: str, ignored: bool
) -> None:
    logits = numbers(seed, 4, classes, *more, scale=scale)
    target = np.random.default_rng(seed).integers(0, classes, (4, *more))
    if ignored:
        target[0] = -100

    def program(lib: Any, x: Any, t: Any) -> Any:
        layer = lib.nn.CrossEntropyLoss(reduction=reduction)
        return [lib.F.cross_entropy(x, t, reduction=reduction), layer(x, t)]

    assert_same(*both(program, logits, target), tolerance=1e-4)


POINTWISE: dict[str, Program] = {
    "mse": lambda lib, x, y, r: [
        lib.F.mse_loss(x, y, reduction=r),
        lib.nn.MSELoss(reduction=r)(x, y),
    ],
    "bce": lambda lib, x, y, r: [
        lib.F.binary_cross_entropy(lib.F.sigmoid(x), lib.F.sigmoid(y), reduction=r),
        lib.nn.BCELoss(reduction=r)(lib.F.sigmoid(x), lib.F.sigmoid(y)),
    ],
    "bce with logits": lambda lib, x, y, r: [
        lib.F.binary_cross_entropy_with_logits(x, lib.F.sigmoid(y), reduction=r),
        lib.nn.BCEWithLogitsLoss(reduction=r)(x, lib.F.sigmoid(y)),
    ],
}


@pytest.mark.parametrize("name", POINTWISE)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), scale=st.sampled_from((1.0, 30.0)))
def test_losses_of_equal_shapes(name: str, reduction: str, seed: int, scale: float) -> None:
    x, y = numbers(seed, 3, 4, scale=scale), numbers(seed + 1, 3, 4)
    assert_same(*both(lambda lib, a, b: POINTWISE[name](lib, a, b, reduction), x, y), 1e-4)


AWKWARD: dict[str, Program] = {
    "one sample": lambda lib, x, t: lib.F.cross_entropy(x[0], t[0]),
    "nll": lambda lib, x, t: lib.F.nll_loss(lib.F.log_softmax(x, dim=1), t),
    "too many targets": lambda lib, x, t: lib.F.cross_entropy(x[:2], t),
    "a class that is not there": lambda lib, x, t: lib.F.cross_entropy(x, t + 7),
    "everything ignored": lambda lib, x, t: lib.F.cross_entropy(x, t * 0 - 100),
    "another ignored index": lambda lib, x, t: lib.F.cross_entropy(x, t, ignore_index=1),
    "an unknown reduction": lambda lib, x, t: lib.F.mse_loss(x, x, reduction="average"),
    "chances above one": lambda lib, x, t: lib.F.binary_cross_entropy(x + 9, x),
    "certainty": lambda lib, x, t: lib.F.binary_cross_entropy(x * 0 + 1, x * 0),
    "unequal shapes": lambda lib, x, t: lib.F.binary_cross_entropy(lib.F.sigmoid(x), x[0]),
    "broadcast": lambda lib, x, t: lib.F.mse_loss(x, x[:1]),
}


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward(name: str) -> None:
    target = np.array([0, 1, 2, 1])
    assert_same(*both(AWKWARD[name], numbers(5, 4, 3), target), 1e-4)
