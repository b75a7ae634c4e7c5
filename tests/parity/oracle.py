"""Calls the same function in torch and in TinyTorch, and compares what comes out."""

from __future__ import annotations

import warnings
from collections import ChainMap
from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import numpy as np

from tito.curriculum.installed import installed

# facade: (what the tests call it, which module of torch it is; maybe several together)
COUNTERPARTS = {
    "tinytorch.core": ("torch", "torch"),
    "tinytorch.nn": ("nn", "torch.nn"),
    "tinytorch.nn.functional": ("F", "torch.nn.functional"),
    "tinytorch.nn.utils": ("utils", "torch.nn.utils"),
    "tinytorch.data": ("data", "torch.utils.data"),
    "tinytorch.optim": ("optim", "torch.optim"),
    "tinytorch.optim.lr_scheduler": ("lr_scheduler", "torch.optim.lr_scheduler"),
    "tinytorch.profiling": (
        "profiling",
        "torch.profiler",
        "torch.utils.flop_counter",
        "torch.utils.benchmark",
    ),
}
COURSE = installed().course()
SHARED = [facade for facade in COURSE.facades if facade in COUNTERPARTS]
FACADES = {COUNTERPARTS[facade][0]: COURSE.facades[facade] for facade in SHARED}
OURS = {COUNTERPARTS[facade][0]: import_module(facade) for facade in SHARED}

Program = Callable[..., Any]


def together(*modules: str) -> Any:
    """The module, or a namespace with the names of all of them."""
    first, *more = (import_module(module) for module in modules)
    return SimpleNamespace(**ChainMap(*map(vars, (first, *more)))) if more else first


THEIRS = {key: together(*modules) for key, *modules in COUNTERPARTS.values() if key in OURS}


def shared_names() -> list[tuple[str, str]]:
    """(key of the facade, name) of everything that we offer and torch has too."""
    return [
        (key, name)
        for key, names in FACADES.items()
        for name in sorted(names)
        if hasattr(THEIRS[key], name)
    ]


def shared_attributes(key: str, name: str) -> list[str]:
    """What a class of ours and torch's of that name both have: `sum`, `shape`, `__add__`."""
    ours, theirs = getattr(OURS[key], name), getattr(THEIRS[key], name)
    return [
        attribute
        for attribute in dir(ours)
        if hasattr(theirs, attribute)
        and (not attribute.startswith("_") or is_operator(ours, attribute))
    ]


def is_operator(cls: type, name: str) -> bool:
    """A method that Python calls by itself, as `__add__`, and not one that everything has."""
    given = {"__init__", "__hash__", "__repr__", "__reduce__", "__subclasshook__",
             "__init_subclass__"}  # fmt: skip
    method, inherited = getattr(cls, name), getattr(object, name, None)
    return (
        name.endswith("__") and callable(method) and method is not inherited and name not in given
    )


def both(program: Program, *arrays: Any) -> tuple[Any, Any]:
    """(ours, theirs): what `program(library, *tensors)` gives in each library, as plain data.

    `library` has the attributes torch, nn, F, data and so on. An exception is an outcome too.
    """
    return outcome(OURS, program, arrays), outcome(THEIRS, program, arrays)


def outcome(names: dict[str, Any], program: Program, arrays: tuple[Any, ...]) -> Any:
    library = type("Library", (), dict(names))
    tensors = [library.torch.tensor(a) if isinstance(a, np.ndarray) else a for a in arrays]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return plain(program(library, *tensors))
    except Exception as error:
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
