"""Calls the same function in torch and in TinyTorch, and compares what comes out."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import tinytorch.core
import tinytorch.data
import tinytorch.nn
import tinytorch.nn.functional
import tinytorch.optim
import torch
import torch.utils.data

OURS = {
    "torch": tinytorch.core,
    "nn": tinytorch.nn,
    "F": tinytorch.nn.functional,
    "data": tinytorch.data,
    "optim": tinytorch.optim,
}
THEIRS = {
    "torch": torch,
    "nn": torch.nn,
    "F": torch.nn.functional,
    "data": torch.utils.data,
    "optim": torch.optim,
}

Program = Callable[..., Any]


def both(program: Program, *arrays: Any) -> tuple[Any, Any]:
    """(ours, theirs): what `program(library, *tensors)` gives in each library, as plain data.

    `library` has the attributes torch, nn, F, data and optim. An exception is an outcome too.
    """
    return outcome(OURS, program, arrays), outcome(THEIRS, program, arrays)


def outcome(names: dict[str, Any], program: Program, arrays: tuple[Any, ...]) -> Any:
    library = type("Library", (), dict(names))
    tensors = [library.torch.tensor(a) if isinstance(a, np.ndarray) else a for a in arrays]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return plain(program(library, *tensors))
    except (RuntimeError, ValueError, TypeError, LookupError, AssertionError) as error:
        return error


def plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value.detach().numpy() if hasattr(value, "detach") else value


def assert_same(ours: Any, theirs: Any, tolerance: float = 1e-5) -> None:
    """Both failed, or both gave values of one shape, one dtype, and equal up to rounding."""
    if isinstance(theirs, Exception) or isinstance(ours, Exception):
        failed = isinstance(theirs, Exception), isinstance(ours, Exception)
        assert failed == (True, True), f"torch: {theirs!r}\nours: {ours!r}"
        return
    if isinstance(theirs, list):
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            assert_same(one, other, tolerance)
        return
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        for key in theirs:
            assert_same(ours[key], theirs[key], tolerance)
        return
    if isinstance(theirs, str | bytes | None):
        assert ours == theirs
        return
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape, f"shape {ours.shape}, torch has {theirs.shape}"
    assert ours.dtype == theirs.dtype, f"dtype {ours.dtype}, torch has {theirs.dtype}"
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)
