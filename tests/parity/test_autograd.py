"""Module 06 against torch: the gradients of every operation, and what backward refuses.

Where we differ on purpose, and why:

- An in-place change of what requires grad is refused; torch records it. The tape has no rule for a
  write, and a silent wrong gradient would be worse (`test_what_torch_allows_and_we_refuse`).
- A graph is freed by its first backward, all of it. In torch, a second backward works as long as no
  operation in it had kept a tensor, which only those know who know what each operation keeps.
- `max(x)` and `min(x)` give the gradient to the first of several equal elements, where torch
  shares it: ours takes the element out by its index, as `max(x, dim)` does in both libraries.
- The standard deviation of equal numbers has the slope nan: it is composed, and √ is vertical at 0.
  torch says 0.
- `clamp` has no gradient for its bounds, the binary cross-entropies none for target and weight.
- A generator function that `no_grad` decorates runs outside of it, as contextlib has it.
"""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, mutually_broadcastable_shapes

from oracle import OURS, THEIRS, Program, assert_same, both
from tito.curriculum.installed import installed

TOLERANCE = {"float32": 2e-4, "float64": 1e-8}
DTYPES = st.sampled_from(sorted(TOLERANCE))
SEEDS = st.integers(0, 2**31)


def weights(shape: tuple[int, ...]) -> np.ndarray:
    """A gradient for an output of this shape that treats no two elements alike."""
    return np.cos(np.arange(np.prod(shape, dtype=int)) + 0.5).reshape(shape)


def numbers(seed: int, shape: tuple[int, ...], dtype: str = "float64") -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def positive(seed: int, shape: tuple[int, ...], dtype: str = "float64") -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.2, 2, shape).astype(dtype)


def gradients(program: Program) -> Program:
    """The program's outputs, and the gradients of all its floating-point arguments."""

    def run(lib: Any, *args: Any) -> Any:
        inputs = [a for a in args if hasattr(a, "requires_grad_") and "float" in str(a.dtype)]
        for x in inputs:
            x.requires_grad_(True)
        outputs = program(lib, *args)
        outputs = list(outputs) if isinstance(outputs, tuple | list) else [outputs]
        for n, output in enumerate(outputs):
            v = lib.torch.tensor(weights(tuple(output.shape)), dtype=output.dtype)
            output.backward(v, retain_graph=n < len(outputs) - 1)
        return [*outputs, *(x.grad for x in inputs)]

    return run


def agree(program: Program, *args: Any, tolerance: float = 1e-8) -> None:
    assert_same(*both(gradients(program), *args), tolerance=tolerance)


# --- elementwise --------------------------------------------------------------------------------

UNARY: dict[str, Callable[[Any, Any], Any]] = {
    "neg": lambda lib, x: lib.torch.neg(x),
    "abs": lambda lib, x: lib.torch.abs(x),
    "exp": lambda lib, x: lib.torch.exp(x),
    "log": lambda lib, x: lib.torch.log(x.abs()),
    "sqrt": lambda lib, x: lib.torch.sqrt(x.abs()),
    "clone": lambda lib, x: lib.torch.clone(x),
    "relu": lambda lib, x: lib.F.relu(x),
    "sigmoid": lambda lib, x: lib.F.sigmoid(x),
    "tanh": lambda lib, x: lib.torch.tanh(x),
    "gelu": lambda lib, x: lib.F.gelu(x),
    "gelu by tanh": lambda lib, x: lib.F.gelu(x, approximate="tanh"),
    "clamp": lambda lib, x: lib.torch.clamp(x, -0.5, 0.8),
    "clamp below": lambda lib, x: x.clamp(min=0.1),
    "clamp above": lambda lib, x: x.clamp(max=0.1),
    "masked_fill": lambda lib, x: x.masked_fill(x > 0.3, 7.0),
    "pow": lambda lib, x: x**2 + x**3 + x**4 + x**0 + x**1 + x.abs() ** 1.5 + x.abs() ** -0.5,
    "numbers on both sides": lambda lib, x: 2 - (3 / x) * 2 + 1 - x / 4 + 2**x,
    "as another dtype": lambda lib, x: x.to(lib.torch.float64) * x.float(),
    "a residual path": lambda lib, x: lib.F.relu(lib.F.tanh(x) * x + x) + x,
    "used three times": lambda lib, x: x * x * x - x,
    "a detour": lambda lib, x: x * x.detach() + (x > 0).to(x.dtype),
    "softmax": lambda lib, x: lib.F.softmax(x, -1),
    "log_softmax": lambda lib, x: lib.F.log_softmax(x, 0),
}


@pytest.mark.parametrize("name", UNARY)
@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, shape=array_shapes(min_dims=1, max_dims=3, max_side=4), dtype=DTYPES)
def test_of_one_tensor(name: str, seed: int, shape: tuple[int, ...], dtype: str) -> None:
    agree(UNARY[name], numbers(seed, shape, dtype), tolerance=TOLERANCE[dtype])


BINARY: dict[str, Callable[[Any, Any, Any], Any]] = {
    "add": lambda lib, x, y: x + y,
    "sub": lambda lib, x, y: x - y,
    "mul": lambda lib, x, y: x * y,
    "div": lambda lib, x, y: x / y,
    "pow": lambda lib, x, y: x**y,
    "maximum": lambda lib, x, y: lib.torch.maximum(x, y),
    "minimum": lambda lib, x, y: lib.torch.minimum(x, y),
    "where": lambda lib, x, y: lib.torch.where(x > 0.9, x, y),
    "where, with numbers": lambda lib, x, y: (
        lib.torch.where(x > y, x, 2.0) + lib.torch.where(x > y, 0.5, y)
    ),
    "masked_fill": lambda lib, x, y: (x + y).masked_fill(y > 1, 0.5),
    "both, twice": lambda lib, x, y: x * y + x / y - y,
}


@pytest.mark.parametrize("name", BINARY)
@settings(max_examples=40, deadline=None)
@given(
    seed=SEEDS,
    shapes=mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3),
    dtypes=st.tuples(DTYPES, DTYPES),
)
def test_of_two_tensors(name: str, seed: int, shapes: Any, dtypes: tuple[str, str]) -> None:
    x, y = (
        positive(seed + n, shape, dtype)
        for n, (shape, dtype) in enumerate(zip(shapes.input_shapes, dtypes, strict=True))
    )
    agree(BINARY[name], x, y, tolerance=max(TOLERANCE[dtype] for dtype in dtypes))


def test_whole_numbers_take_no_gradient() -> None:
    x, n = numbers(1, (2, 3), "float32"), np.array([1, 2, 3])
    agree(
        lambda lib, x, n: x * n + n / x - n + x**n + lib.torch.maximum(x, n), x, n, tolerance=1e-5
    )
    assert both(lambda lib, x: (x.requires_grad_() > 0).requires_grad, x) == (False, False)
    assert both(lambda lib, x: x.requires_grad_().long().requires_grad, x) == (False, False)
    assert both(lambda lib, x: x.requires_grad_().argmax().requires_grad, x) == (False, False)


# --- products -----------------------------------------------------------------------------------

PRODUCTS = [
    ((2, 3), (3, 4)), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((5, 2, 3), (3, 4)),
    ((5, 2, 3), (5, 3, 4)), ((2, 3), (4, 3, 2)), ((4, 2, 3), (3,)), ((3,), (4, 3, 2)),
    ((4, 1, 2, 3), (2, 3, 3)), ((1, 2, 3), (6, 3, 2)), ((0, 3), (3, 2)), ((2, 0), (0, 3)),
    ((1, 1), (1, 1)), ((1, 1), (1,)), ((1,), (1, 1)), ((2, 1, 2, 3), (1, 3, 3, 2)),
]  # fmt: skip


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("left", "right"), PRODUCTS)
def test_matmul(left: tuple[int, ...], right: tuple[int, ...], dtype: str) -> None:
    x, y = numbers(1, left, dtype), numbers(2, right, dtype)
    agree(lambda lib, x, y: lib.torch.matmul(x, y), x, y, tolerance=TOLERANCE[dtype])


LINEAR = [
    ((4, 3), (2, 3), (2,)), ((5, 4, 3), (2, 3), (2,)), ((3,), (2, 3), (2,)), ((4, 3), (2, 3), None),
    ((0, 3), (2, 3), (2,)), ((4, 3), (3,), None), ((5, 4, 3), (3,), None), ((3,), (3,), None),
    ((4, 3), (1, 3), (1,)),
]  # fmt: skip


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shapes", LINEAR)
def test_linear(shapes: Any, dtype: str) -> None:
    arrays = [numbers(n, shape, dtype) for n, shape in enumerate(shapes) if shape is not None]
    agree(lambda lib, *tensors: lib.F.linear(*tensors), *arrays, tolerance=TOLERANCE[dtype])


# --- reductions ---------------------------------------------------------------------------------

REDUCED: dict[str, Callable[..., Any]] = {
    "sum": lambda lib, x, dim, keep: lib.torch.sum(x, dim, keep),
    "mean": lambda lib, x, dim, keep: x.mean(dim, keepdim=keep),
    "var": lambda lib, x, dim, keep: x.var(dim, keepdim=keep),
    "var of all": lambda lib, x, dim, keep: x.var(dim, correction=0, keepdim=keep),
    "std": lambda lib, x, dim, keep: x.std(dim, keepdim=keep),
    "max": lambda lib, x, dim, keep: x.max(dim, keep).values,
    "min": lambda lib, x, dim, keep: x.min(dim, keepdim=keep).values,
    "softmax": lambda lib, x, dim, keep: lib.F.softmax(x, dim),
    "log_softmax": lambda lib, x, dim, keep: lib.F.log_softmax(x, dim),
}


@pytest.mark.parametrize("name", REDUCED)
@settings(max_examples=40, deadline=None)
@given(
    data=st.data(),
    seed=SEEDS,
    shape=array_shapes(min_dims=1, max_dims=4, min_side=2, max_side=3),
    dtype=DTYPES,
    keep=st.booleans(),
)
def test_along_a_dimension(
    name: str, data: Any, seed: int, shape: tuple[int, ...], dtype: str, keep: bool
) -> None:
    dims: Any = st.integers(-len(shape), len(shape) - 1)
    if name in ("sum", "mean", "var", "var of all", "std"):
        least = 0 if name in ("sum", "mean") else 1  # torch's slope of var(x, ()) is inf
        several = st.sets(st.integers(0, len(shape) - 1), min_size=least).map(tuple)
        dims = dims | st.none() | several | several.map(list)
    dim = data.draw(dims)
    agree(
        lambda lib, x: REDUCED[name](lib, x, dim, keep),
        numbers(seed, shape, dtype),
        tolerance=TOLERANCE[dtype],
    )


WHOLE: dict[str, Program] = {
    "sum": lambda lib, x: x.sum(),
    "mean": lambda lib, x: lib.torch.mean(x),
    "var": lambda lib, x: lib.torch.var(x),
    "std": lambda lib, x: lib.torch.std(x),
    "max": lambda lib, x: lib.torch.max(x),
    "min": lambda lib, x: x.min(),
    "max and its place": lambda lib, x: x.max(1)[0] * x.argmax(1).to(x.dtype),
}


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_of_everything(name: str, dtype: str) -> None:
    agree(WHOLE[name], numbers(5, (3, 4), dtype), tolerance=TOLERANCE[dtype])


@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 3)])
def test_of_nothing(shape: tuple[int, ...]) -> None:
    for name in ("sum", "mean"):
        for dim in (None, 0, -1):
            agree(lambda lib, x, n=name, d=dim: getattr(lib.torch, n)(x, d), np.zeros(shape))
    agree(lambda lib, x: lib.F.relu(x * x + x), np.zeros(shape))
    agree(lambda lib, x: lib.torch.cat([x, x]), np.zeros(shape))


# --- shapes, views, parts -----------------------------------------------------------------------

SHAPED: dict[str, Program] = {
    "reshape": lambda lib, x: lib.torch.reshape(x, (4, -1)) * 2,
    "view": lambda lib, x: x.view(-1) * x.reshape(24),
    "flatten": lambda lib, x: lib.torch.flatten(x, 1) + x.flatten(0, 1).sum(),
    "transpose": lambda lib, x: lib.torch.transpose(x, 0, 2) * 3,
    "permute": lambda lib, x: lib.torch.permute(x, (2, 0, 1)) + x.permute(-1, 0, 1),
    "T of a matrix": lambda lib, x: x[0].T @ x[1],
    "mT": lambda lib, x: x.mT @ x,
    "squeeze": lambda lib, x: lib.torch.squeeze(x[:1]) + x[:, :1].squeeze(1).sum(0),
    "squeeze nothing": lambda lib, x: x.squeeze(1) * x.squeeze(),
    "unsqueeze": lambda lib, x: lib.torch.unsqueeze(x, 1) * x.unsqueeze(-1).sum(),
    "contiguous": lambda lib, x: x.transpose(0, 1).contiguous() ** 2,
    "cat": lambda lib, x: lib.torch.cat([x, x[:, :1], x * 2], 1),
    "cat from behind": lambda lib, x: lib.torch.cat((x, x[..., 1:]), dim=-1),
    "stack": lambda lib, x: lib.torch.stack([x, x * x, x[:1] + x], dim=1),
    "stack at the end": lambda lib, x: lib.torch.stack([x[0], x[1]], -1),
    "several results": lambda lib, x: (x[0] * 2, x.sum(1), x),
    "a view of a view": lambda lib, x: x[1:].transpose(1, 2)[0, 1:] * x[0, 0],
    "gather": lambda lib, x: lib.torch.gather(
        x,
        2,
        lib.torch.tensor([[[0, 0, 3], [1, 1, 1], [2, 0, 2]], [[3, 3, 3], [0, 1, 2], [1, 1, 0]]]),
    ),
}


@pytest.mark.parametrize("name", SHAPED)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_shapes(name: str, dtype: str) -> None:
    agree(SHAPED[name], numbers(3, (2, 3, 4), dtype), tolerance=TOLERANCE[dtype])


INDICES: dict[str, Callable[[Any, Any], Any]] = {
    "a number": lambda lib, x: x[1],
    "numbers": lambda lib, x: x[-1, 0, 2],
    "a slice": lambda lib, x: x[:, 1:],
    "steps": lambda lib, x: x[..., ::2],
    "a new dimension": lambda lib, x: x[:, None, 0],
    "everything": lambda lib, x: x[...],
    "a list": lambda lib, x: x[:, [2, 0, 2]],
    "a tensor": lambda lib, x: x[lib.torch.tensor([1, 1, 0])],
    "tensors": lambda lib, x: x[lib.torch.tensor([1, 1]), lib.torch.tensor([2, 2])],
    "a tensor and a slice": lambda lib, x: x[:, lib.torch.tensor([0, 0, 1]), 1:3],
    "a mask": lambda lib, x: x[x > 0],
    "a mask of rows": lambda lib, x: x[lib.torch.tensor([True, False])],
    "a number and a list": lambda lib, x: x[1, [0, 0]],
    "twice": lambda lib, x: x[0][1] + x[0][2],
    "nothing": lambda lib, x: x[:0],
}


@pytest.mark.parametrize("name", INDICES)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_indices(name: str, dtype: str) -> None:
    agree(lambda lib, x: INDICES[name](lib, x) * 2, numbers(4, (2, 3, 4), dtype), tolerance=1e-5)


# --- losses -------------------------------------------------------------------------------------

REDUCTION = st.sampled_from(("mean", "sum", "none"))


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
@settings(max_examples=120, deadline=None)
@given(
    seed=SEEDS,
    batch=st.integers(1, 4),
    classes=st.integers(1, 5),
    more=st.lists(st.integers(1, 3), max_size=2),
    single=st.booleans(),
    weighted=st.booleans(),
    ignored=st.sampled_from((0.0, 0.4, 1.0)),
    reduction=REDUCTION,
    dtype=DTYPES,
)
def test_losses_of_classes(
    name: str, seed: int, batch: int, classes: int, more: list[int], single: bool,
    weighted: bool, ignored: float, reduction: str, dtype: str,
) -> None:  # fmt: skip
    rng = np.random.default_rng(seed)
    scores, labels = (
        rng.normal(size=(batch, classes, *more)),
        rng.integers(0, classes, (batch, *more)),
    )
    labels = np.where(rng.random(labels.shape) < ignored, -100, labels)
    if single:
        scores, labels = scores[(0, slice(None)) + (0,) * len(more)], labels.reshape(-1)[:1][0]
    weight = rng.uniform(0.5, 2, classes).astype(dtype)

    def program(lib: Any, x: Any) -> Any:
        logs = lib.F.log_softmax(x, min(1, x.dim() - 1)) if name == "nll_loss" else x
        t, w = lib.torch.tensor(labels), lib.torch.tensor(weight) if weighted else None
        return getattr(lib.F, name)(logs, t, w, reduction=reduction)

    agree(program, scores.astype(dtype), tolerance=TOLERANCE[dtype])


@settings(max_examples=80, deadline=None)
@given(
    seed=SEEDS,
    shape=array_shapes(max_dims=3, max_side=4),
    weighted=st.booleans(),
    scale=st.sampled_from((1.0, 30.0)),
    reduction=REDUCTION,
    dtype=DTYPES,
)
def test_losses_of_numbers(
    seed: int, shape: tuple[int, ...], weighted: bool, scale: float, reduction: str, dtype: str
) -> None:
    x = numbers(seed, shape, dtype) * np.dtype(dtype).type(scale)
    y = np.random.default_rng(seed).uniform(0, 1, shape).astype(dtype)
    w, tolerance = positive(seed, shape, dtype), TOLERANCE[dtype]

    def of_chances(lib: Any, x: Any) -> Any:
        t, weight = lib.torch.tensor(y), lib.torch.tensor(w) if weighted else None
        return lib.F.binary_cross_entropy(lib.F.sigmoid(x), t, weight, reduction=reduction)

    def of_scores(lib: Any, x: Any) -> Any:
        t, weight = lib.torch.tensor(y), lib.torch.tensor(w) if weighted else None
        options = {"pos_weight": weight, "reduction": reduction}
        return lib.F.binary_cross_entropy_with_logits(x, t, weight, **options)

    agree(lambda lib, x, y: lib.F.mse_loss(x, y, reduction=reduction), x, y, tolerance=tolerance)
    agree(of_scores, x, tolerance=tolerance)
    if scale == 1:
        agree(of_chances, x, tolerance=tolerance)


def test_mse_that_broadcasts() -> None:
    x, y = numbers(1, (3, 1)), numbers(2, (4,))
    for reduction in ("mean", "sum", "none"):
        agree(lambda lib, x, y, r=reduction: lib.F.mse_loss(x, y, reduction=r), x, y)
    x, n = numbers(1, (3,), "float32"), np.array([1, 2, 3])
    agree(lambda lib, x, n: lib.F.mse_loss(x, n), x, n, tolerance=1e-6)


# --- corners ------------------------------------------------------------------------------------

CORNERS = np.array([-np.inf, -2.0, -1.0, 0.0, 1.0, 2.0, np.inf])
AT_CORNERS: dict[str, Program] = {
    "x**0": lambda lib, x: x**0,
    "x**0.0": lambda lib, x: x**0.0,
    "x**1": lambda lib, x: x**1,
    "x**2": lambda lib, x: x**2,
    "x**3": lambda lib, x: x**3,
    "x**-1": lambda lib, x: x**-1,
    "x**0.5": lambda lib, x: x[1:] ** 0.5,
    "0**x": lambda lib, x: 0.0**x,
    "2**x": lambda lib, x: 2**x,
    "abs": lambda lib, x: x.abs(),
    "sqrt": lambda lib, x: lib.torch.sqrt(x),
    "log": lambda lib, x: lib.torch.log(x),
    "1/x": lambda lib, x: 1 / x,
    "relu": lambda lib, x: lib.F.relu(x),
    "relu below a root": lambda lib, x: lib.torch.sqrt(lib.F.relu(x)),
    "clamp at its bounds": lambda lib, x: x.clamp(-1, 1),
    "clamp below a root": lambda lib, x: lib.torch.sqrt(x.clamp(min=0)),
    "clamp to one number": lambda lib, x: x.clamp(1, 1),
    "maximum of equals": lambda lib, x: lib.torch.maximum(x, x * 1),
    "minimum with a bound": lambda lib, x: lib.torch.minimum(x, lib.torch.ones_like(x)),
    "where, around a root": lambda lib, x: lib.torch.where(x > 0, lib.torch.sqrt(x), x * 0.5),
    "masked roots": lambda lib, x: lib.torch.sqrt(x).masked_fill(x < 1, 0.0),
    "max of equals": lambda lib, x: lib.torch.stack([x, x]).max(0).values,
    "tanh": lambda lib, x: lib.F.tanh(x),
    "sigmoid": lambda lib, x: lib.F.sigmoid(x),
    "gelu": lambda lib, x: lib.F.gelu(x[1:-1]),
    "softmax": lambda lib, x: lib.F.softmax(x[:-1], 0),
}


@pytest.mark.parametrize("name", AT_CORNERS)
def test_at_corners(name: str) -> None:
    agree(AT_CORNERS[name], CORNERS)


def test_powers_at_zero() -> None:
    bases, exponents = np.array([0.0, 0, 0, 0, 1, 2, -2]), np.array([0.0, 1, 2, -1, 0, 0, 2])
    agree(lambda lib, x, y: x**y, bases, exponents)
    agree(lambda lib, x, y: lib.torch.pow(x, y), bases[:4].astype("f"), exponents[:4].astype("f"))


# --- backward itself ----------------------------------------------------------------------------


def leaf(lib: Any, *values: float) -> Any:
    return lib.torch.tensor(list(values), requires_grad=True)


def twice(y: Any) -> Any:
    y.backward()
    return y.backward()


def changed(x: Any, y: Any) -> Any:
    x.add_(1)
    return y.backward()


def unrecorded_change(lib: Any, operation: Callable[[Any], Any], of_output: bool = False) -> Any:
    x = leaf(lib, 1.0, 2.0)
    y = operation(x)
    with lib.torch.no_grad():
        (y if of_output else x).mul_(3.0)
    y.sum().backward()
    return x.grad


def through_a_view(lib: Any) -> Any:
    x, w = lib.torch.tensor([1.0, 2.0]), leaf(lib, 1.0, 2.0)
    y = (x * w).sum()
    x[:1].add_(1.0)
    y.backward()
    return w.grad


WALKS: dict[str, Callable[[Any], Any]] = {
    "no scalar": lambda lib: (leaf(lib, 1.0, 2.0) * 2).backward(),
    "no scalar, a leaf": lambda lib: leaf(lib, 1.0, 2.0).backward(),
    "a gradient of another shape": lambda lib: (leaf(lib, 1.0, 2.0) * 2).backward(
        lib.torch.ones(3)
    ),
    "a gradient to be broadcast": lambda lib: (leaf(lib, 1.0, 2.0) * 2).backward(lib.torch.ones(1)),
    "nothing requires grad": lambda lib: lib.torch.ones(1).backward(),
    "after detach": lambda lib: (leaf(lib, 1.0) * 2).detach().backward(),
    "after no_grad": lambda lib: lib.torch.no_grad()(lambda: leaf(lib, 1.0) * 2)().backward(),
    "a second time": lambda lib: twice(leaf(lib, 2.0) * leaf(lib, 1.0)),
    "a second time, exp": lambda lib: twice(lib.torch.exp(leaf(lib, 2.0))),
    "a second time, a loss": lambda lib: twice(lib.F.mse_loss(leaf(lib, 2.0), leaf(lib, 1.0))),
    "a leaf in place": lambda lib: leaf(lib, 2.0).add_(1),
    "a part of a leaf": lambda lib: leaf(lib, 2.0).__setitem__(0, 1.0),
    "a view of a leaf in place": lambda lib: leaf(lib, 2.0)[:1].add_(1),
    "a needed value": lambda lib: unrecorded_change(lib, lambda x: x * x),
    "a needed output": lambda lib: unrecorded_change(lib, lib.torch.exp, True),
    "a value that no rule needs": lambda lib: unrecorded_change(lib, lambda x: x + x),
    "an input where the output is needed": lambda lib: unrecorded_change(lib, lib.torch.exp),
    "an output where the input is needed": lambda lib: unrecorded_change(lib, lib.torch.log, True),
    "a needed constant": lambda lib: (
        (c := lib.torch.ones(1)), changed(c, leaf(lib, 2.0) * c)
    )[1],
    "a constant that is not needed": lambda lib: (
        (c := lib.torch.ones(1)), changed(c, leaf(lib, 2.0) + c)
    )[1],
    "through a view": through_a_view,
    "numpy of what requires grad": lambda lib: leaf(lib, 2.0).numpy(),
    "whole numbers": lambda lib: lib.torch.tensor([1], requires_grad=True),
}  # fmt: skip


@pytest.mark.parametrize("name", WALKS)
def test_what_backward_refuses(name: str) -> None:
    ours, theirs = both(WALKS[name])
    assert_same(ours, theirs)
    if isinstance(theirs, Exception):
        assert type(ours) is type(theirs)


def accumulated(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0)
    results = []
    for _ in range(3):
        (x * x).sum().backward()
        results.append(x.grad.clone())
    kept = x.grad
    (3 * x).sum().backward()
    results.append(kept)  # the same object, added to in place
    x.grad = None
    y = (x * x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    return [*results, x.grad, x.grad.requires_grad, kept is x.grad]


def of_a_leaf(lib: Any) -> Any:
    x, g = leaf(lib, 2.0), lib.torch.tensor([5.0])
    x.backward(g)
    x.grad.mul_(2)
    return [x.grad, g]


def two_losses(lib: Any) -> Any:
    x, w = leaf(lib, 1.0, 2.0), leaf(lib, 3.0, 4.0)
    h = x * w
    first, second = (h * h).sum(), lib.torch.exp(w).sum()
    first.backward()
    second.backward()
    return [x.grad, w.grad]


def gradients_of_parameters(lib: Any) -> Any:
    net = lib.nn.Sequential(lib.nn.Linear(3, 4), lib.nn.Tanh(), lib.nn.Linear(4, 2))
    for n, p in enumerate(net.parameters()):
        p.data = lib.torch.tensor(numbers(n, tuple(p.shape), "float32"))
    x = lib.torch.tensor(numbers(9, (5, 3), "float32"))
    lib.F.cross_entropy(net(x), lib.torch.tensor([0, 1, 1, 0, 1])).backward()
    before = [p.grad.clone() for p in net.parameters()]
    net.zero_grad()
    return [*before, *(p.grad for p in net.parameters() if p.grad is not None)]


@pytest.mark.parametrize(
    "program",
    [accumulated, of_a_leaf, two_losses, gradients_of_parameters],
    ids=lambda p: p.__name__,
)
def test_what_reaches_the_leaves(program: Program) -> None:
    assert_same(*both(program))


def test_what_torch_allows_and_we_refuse() -> None:
    def computed(lib: Any) -> Any:
        y = leaf(lib, 2.0) * 1
        y.add_(1)
        return y

    def filled(lib: Any) -> Any:
        canvas = lib.torch.zeros(2)
        canvas[0] = leaf(lib, 2.0)[0]
        return canvas

    def sums(lib: Any) -> Any:
        x = leaf(lib, 2.0)
        twice(x + 1)
        return x.grad

    for program in (computed, filled, sums):
        ours, theirs = both(program)
        assert isinstance(ours, RuntimeError)
        assert not isinstance(theirs, Exception)
    (_, ours), (_, theirs) = both(gradients(lambda lib, x: x.max()), np.array([1.0, 3, 3]))
    assert (ours / ours.sum()).tolist() == [0, 1, 0]
    assert (theirs / theirs.sum()).tolist() == [0, 0.5, 0.5]


# --- modes --------------------------------------------------------------------------------------


def nested(lib: Any) -> list[bool]:
    torch, seen = lib.torch, []

    def look() -> None:
        seen.append(torch.is_grad_enabled())

    with torch.no_grad():
        look()
        with torch.enable_grad():
            look()
            with torch.set_grad_enabled(False):
                look()
            look()
        look()
        with torch.set_grad_enabled(True):
            look()
    look()
    try:
        with torch.no_grad(), torch.enable_grad():
            raise ValueError
    except ValueError:
        look()
    torch.set_grad_enabled(False)
    look()
    with torch.no_grad():
        torch.set_grad_enabled(True)
        look()
    look()
    torch.set_grad_enabled(mode=True)
    look()
    state = torch.set_grad_enabled(False)
    look()
    with state:
        look()
    look()
    return seen


def decorated(lib: Any) -> list[Any]:
    torch, seen = lib.torch, []

    @torch.no_grad()
    def without(n: int) -> None:
        """Recursive."""
        seen.append(torch.is_grad_enabled())
        if n:
            without(n - 1)
            seen.append(torch.is_grad_enabled())

    @torch.no_grad
    def bare(fail: bool) -> bool:
        if fail:
            raise ValueError
        return torch.is_grad_enabled()

    @torch.enable_grad()
    def recorded() -> bool:
        return torch.is_grad_enabled()

    @torch.set_grad_enabled(False)
    def switched() -> bool:
        return torch.is_grad_enabled()

    seen.append(torch.is_grad_enabled())
    without(2)
    seen += [bare(False), torch.is_grad_enabled(), switched(), torch.is_grad_enabled()]
    try:
        bare(True)
    except ValueError:
        seen.append(torch.is_grad_enabled())
    with torch.no_grad():
        seen += [recorded(), torch.is_grad_enabled()]
    return [*seen, without.__name__, without.__doc__, bare.__name__]


def in_threads(lib: Any) -> list[bool]:
    torch, seen = lib.torch, []

    def look() -> None:
        seen.append(torch.is_grad_enabled())
        torch.set_grad_enabled(False)
        seen.append(torch.is_grad_enabled())

    with torch.no_grad():
        for _ in range(2):
            thread = threading.Thread(target=look)
            thread.start()
            thread.join()
        seen.append(torch.is_grad_enabled())
    return [*seen, torch.is_grad_enabled()]


def results(lib: Any) -> list[bool]:
    torch, x = lib.torch, leaf(lib, 1.0)
    with torch.no_grad():
        y, made = x * 2, torch.zeros(2, requires_grad=True)
        x.mul_(2)
    flags = [y.requires_grad, y.is_leaf, made.requires_grad, (x * 2).is_leaf]
    loss = (x * x).sum()
    with torch.no_grad():
        loss.backward()
    return [*flags, x.grad.item() == 4.0]


@pytest.mark.parametrize(
    "program", [nested, decorated, in_threads, results], ids=lambda p: p.__name__
)
def test_modes(program: Program) -> None:
    try:
        ours, theirs = both(program)
        assert ours == theirs
    finally:
        for library in (OURS, THEIRS):
            library["torch"].set_grad_enabled(True)


def test_backward_in_threads_at_once() -> None:
    torch, results = OURS["torch"], {}

    def work(n: int) -> None:
        x = torch.tensor([float(n)], requires_grad=True)
        for _ in range(50):
            x.grad = None
            z = x
            for _ in range(20):
                z = z + x
            z.backward()
        results[n] = x.grad.item()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == dict.fromkeys(range(6), 21.0)


# --- depth, memory, time ------------------------------------------------------------------------


def test_a_long_chain() -> None:
    def program(lib: Any) -> Any:
        x = z = leaf(lib, 0.5)
        for _ in range(10_000):
            z = z * 1.0001 + 0.00001
        z.backward()
        return x.grad

    assert_same(*both(program), tolerance=1e-3)


def test_a_dropped_graph_of_a_hundred_thousand_nodes_is_freed() -> None:
    x = z = leaf(type("Ours", (), OURS), 1.0)
    for n in range(100_000):
        z = z * 0.5 if n % 2 else z + x
    node = weakref.ref(z._array)
    del z
    assert node() is None


def test_backward_keeps_nothing_alive() -> None:
    gc.disable()  # no cycle may be needed to free anything
    try:
        torch, F = OURS["torch"], OURS["F"]
        x, w = torch.ones(8), torch.ones(8, requires_grad=True)
        hidden = F.tanh(x * w)
        product, output = hidden * hidden, torch.exp(hidden)
        kept = [weakref.ref(t._array) for t in (hidden, product, output)]
        loss = (product + output).sum()
        del hidden, output
        assert [ref() is None for ref in kept] == [False, False, False]
        del product  # a sum asks for nothing
        assert [ref() is None for ref in kept] == [False, True, False]
        loss.backward()
        assert [ref() is None for ref in kept] == [True, True, True]
    finally:
        gc.enable()


def test_what_is_not_differentiated_is_not_kept() -> None:
    torch = OURS["torch"]
    w, mask = torch.ones(8, requires_grad=True), torch.ones(8)
    scaled = w * 2
    gone = weakref.ref(scaled._array)
    y = scaled * mask  # mask requires no grad, so nobody will ask for scaled
    del scaled
    assert gone() is None
    y.sum().backward()
    assert w.grad.tolist() == [2.0] * 8


def test_reused_tensors_take_linear_time() -> None:
    torch = OURS["torch"]

    def seconds(depth: int) -> float:
        x = z = torch.ones(4, requires_grad=True)
        for _ in range(depth):
            z = (z + z * 0.5) * 0.5 + x * 0.1  # paths double with every step
        start = time.process_time()
        z.sum().backward()
        return time.process_time() - start

    seconds(50)
    assert min(seconds(800) for _ in range(5)) < 30 * min(seconds(100) for _ in range(5))


# --- nothing left out ---------------------------------------------------------------------------

# from the modules 01 to 04: what makes no floats, or makes them of nothing
WITHOUT_GRADIENT = {
    "Tensor", "Generator", "default_generator", "tensor", "from_numpy", "float32", "float64",
    "int64", "int32", "int8", "uint8", "operation", "set_tape", "set_watch", "watched", "join",
    "getitem", "cast", "eq", "ne", "lt", "le", "gt", "ge", "allclose", "broadcast_shapes", "argmax",
    "argmin", "zeros", "ones", "full", "zeros_like", "ones_like", "arange", "manual_seed", "rand",
    "randn",
}  # fmt: skip


def test_every_operation_is_compared() -> None:
    course = installed().course()
    early = {m.id for m in course.modules if m.number <= 4}
    offered = {
        name
        for facade in ("tinytorch.core", "tinytorch.nn.functional")
        for name, module in course.facades[facade].items()
        if module.id in early
    }
    tables = (UNARY, BINARY, REDUCED, WHOLE, SHAPED)
    compared = {name for table in tables for name in table}
    compared |= {
        "matmul",
        "linear",
        "cross_entropy",
        "nll_loss",
        "mse_loss",
        "binary_cross_entropy",
    }
    compared |= {"binary_cross_entropy_with_logits", "dropout"}
    assert offered - WITHOUT_GRADIENT - compared == set()
