"""Every public name that torch also has takes torch's parameter names and defaults."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import tinytorch.core
import torch

from oracle import OURS, THEIRS
from tito.curriculum.installed import installed

FACADES = {
    "tinytorch.core": "torch",
    "tinytorch.nn": "nn",
    "tinytorch.nn.functional": "F",
    "tinytorch.data": "data",
    "tinytorch.optim": "optim",
}
# each library's own object plays the same part as the default of a parameter
COUNTERPARTS = {id(tinytorch.core.default_generator): torch.default_generator}
# torch has it, but not in torch.utils.data
ELSEWHERE = {"Compose": "torchvision.transforms"}


def shared() -> list[tuple[str, str]]:
    """(facade, name) of everything that both libraries offer and can be called."""
    course = installed().course()
    return [
        (key, name)
        for facade, key in FACADES.items()
        for name in sorted(course.facades[facade])
        if callable(getattr(THEIRS[key], name, None))
    ]


def parameters(thing: Any) -> dict[str, Any] | None:
    """Parameter name → default; None where torch's C code does not tell."""
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):
        return None
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return {n: p.default for n, p in signature.parameters.items() if p.kind not in kinds}


@pytest.mark.parametrize(("facade", "name"), shared())
def test_parameters_are_torchs(facade: str, name: str) -> None:
    theirs = parameters(getattr(THEIRS[facade], name))
    if theirs is None:
        return
    for parameter, default in (parameters(getattr(OURS[facade], name)) or {}).items():
        assert parameter in theirs, (
            f"{name} has no parameter {parameter!r} in torch: {list(theirs)}"
        )
        default = COUNTERPARTS.get(id(default), default)
        # torch still takes softmax without a dim, and warns; ours insists on it
        assert default in (theirs[parameter], inspect.Parameter.empty), f"{name}({parameter}=…)"


def test_most_names_are_torchs() -> None:
    """What torch does not have is what later modules need to add operations, and little else."""
    course = installed().course()
    own = {
        name
        for facade, key in FACADES.items()
        for name in course.facades[facade]
        if not hasattr(THEIRS[key], name)
    }
    assert own - set(ELSEWHERE) <= {"operation", "set_tape", "getitem", "join", "cast"}
