"""Every public name that torch also has takes torch's parameters: names, order and defaults.

So do the methods of every public class. Ours may take fewer parameters. What torch has in C is looked
up in the stubs that torch brings along.
"""

from __future__ import annotations

import ast
import inspect
import timeit
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from oracle import COURSE, FACADES, OURS, SHARED, THEIRS, shared_attributes, shared_names

EMPTY = inspect.Parameter.empty
Defaults = dict[str, Any]
Signature = tuple[list[str], Defaults]  # those given by position, and the defaults of all

# each library's own object plays the same part as the default of a parameter
COUNTERPARTS = {
    repr(OURS["torch"].default_generator): repr(torch.default_generator),
    repr(OURS["torch"].int64): repr(torch.int64),
    repr(OURS["torch"].float32): repr(torch.float32),
    repr(OURS["F"].relu): repr(torch.nn.functional.relu),
    repr(timeit.default_timer): repr(THEIRS["profiling"].timer),  # torch waits for accelerators
}
OLD = "reduction is given by name; by position, torch has long deprecated parameters there"
STUB = "the stub has another name or default than the function itself"
DIFFERENCES = {
    "F.binary_cross_entropy": OLD,
    "F.binary_cross_entropy_with_logits": OLD,
    "F.cross_entropy": OLD,
    "F.max_pool2d": "torch writes *args, and has a function for each value of return_indices",
    "F.mse_loss": OLD,
    "F.nll_loss": OLD,
    "torch.Tensor.requires_grad_": STUB,
    "torch.Generator.set_state": STUB,
    "torch.var": STUB,
    "torch.no_grad": "torch hides the function that @no_grad gets",
    "torch.enable_grad": "torch calls the function that @enable_grad gets otherwise",
    "torch.randint": "low is 0 where torch has a signature without it",
    "torch.randperm": "int64 is what torch makes when there is no dtype",
    "nn.Module.to": "torch writes *args, and finds out which of them is a dtype",
}


def signatures_in_python(thing: Any) -> list[Signature]:
    """None or one: inspect knows nothing of what is written in C."""
    try:
        parameters = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return []
    positional = [p.name for p in parameters if p.kind <= inspect.Parameter.POSITIONAL_OR_KEYWORD]
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    defaults = {p.name: p.default for p in parameters if p.kind not in kinds}
    return [(positional, defaults)]


@cache
def stubs(file: str) -> dict[str, list[ast.FunctionDef]]:
    """`sum` or `TensorBase.sum` → its overloads in this file."""
    tree = ast.parse((Path(torch.__file__).parent / "_C" / file).read_text(encoding="utf-8"))
    found: dict[str, list[ast.FunctionDef]] = {}
    for node in tree.body:
        members = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        for each in members:
            if isinstance(each, ast.FunctionDef):
                found.setdefault(prefix + each.name, []).append(each)
    return found


def signature_of_stub(node: ast.FunctionDef) -> Signature:
    args = node.args
    positional = [arg.arg for arg in [*args.posonlyargs, *args.args]]
    defaults: Defaults = dict.fromkeys(positional, EMPTY)
    defaults |= zip(positional[::-1], map(value, args.defaults[::-1]), strict=False)
    for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        defaults[arg.arg] = EMPTY if default is None else value(default)
    return positional, defaults


def value(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)


def torchs_signatures(key: str, path: str) -> list[Signature]:
    thing = THEIRS[key]
    for name in path.split("."):
        thing = getattr(thing, name)
    return signatures_in_python(thing) or [*map(signature_of_stub, overloads(path))]


def overloads(path: str) -> list[ast.FunctionDef]:
    cls, _, name = path.rpartition(".")
    where = {"": "_VariableFunctions.pyi", "Tensor": "__init__.pyi", "Generator": "__init__.pyi"}
    prefix = {"Tensor": "TensorBase."}.get(cls, f"{cls}." if cls else "")
    return stubs(where[cls]).get(prefix + name, []) if cls in where else []


def mistakes(ours: Signature, theirs: Signature) -> Iterator[str]:
    """What of ours this signature of torch's does not take."""
    for mine, torchs in zip(ours[0], [*theirs[0], *[None] * len(ours[0])], strict=False):
        if mine != torchs:
            yield f"{mine!r} stands where torch has {torchs!r}"
    for name, default in ours[1].items():
        wanted = theirs[1].get(name)
        if name not in theirs[1]:
            yield f"torch has no {name!r}"
        # torch takes softmax without a dim, and warns; ours insists on it. And None is how we say that
        # an argument is not there, for which torch's C code has another signature.
        elif default is not EMPTY and not (default is None and wanted is EMPTY):
            counterpart = COUNTERPARTS.get(repr(default), repr(default))
            if counterpart != repr(wanted):
                yield f"{name} is {default!r}, in torch {wanted!r}"


def everything_that_can_be_called() -> Iterator[tuple[str, str]]:
    """(facade, name) and (facade, class.method)."""
    met = set()  # a method that is inherited needs one look
    for key, name in sorted(shared_names(), key=descent):
        ours = getattr(OURS[key], name)
        if callable(ours):
            yield key, name
        for method in shared_attributes(key, name) if isinstance(ours, type) else ():
            function = getattr(ours, method)
            if callable(function) and not method.startswith("__") and function not in met:
                met.add(function)
                yield key, f"{name}.{method}"


def descent(shared: tuple[str, str]) -> int:
    """How many ancestors a class has; base classes come first."""
    key, name = shared
    return len(getattr(getattr(OURS[key], name), "__mro__", ()))


def mistakes_of(key: str, path: str) -> list[str]:
    """What is wrong with our parameters, by the signature of torch's that they fit best."""
    thing = OURS[key]
    for name in path.split("."):
        thing = getattr(thing, name)
    ours, theirs = signatures_in_python(thing), torchs_signatures(key, path)
    if not ours or not theirs:
        return []
    return min((list(mistakes(ours[0], each)) for each in theirs), key=len)


CALLABLE = list(everything_that_can_be_called())


@pytest.mark.parametrize(("key", "path"), CALLABLE)
def test_parameters_are_torchs(key: str, path: str) -> None:
    wrong = mistakes_of(key, path)
    assert wrong == [] or f"{key}.{path}" in DIFFERENCES, wrong


def test_each_difference_is_still_one() -> None:
    assert {f"{key}.{path}" for key, path in CALLABLE if mistakes_of(key, path)} == set(DIFFERENCES)


def test_torchs_signatures_are_known() -> None:
    """Also where torch is written in C, but for these seven, which have no stub."""
    unknown = {f"{key}.{path}" for key, path in CALLABLE if not torchs_signatures(key, path)}
    functions = {"F.avg_pool2d", "F.gelu", "F.linear", "F.scaled_dot_product_attention"}
    assert unknown == functions | {"torch.Generator", "torch.Tensor", "profiling.ProfilerActivity"}


# What torch does not have: what later modules need to add operations, a trainer, text, positions,
# the model that writes, and what measures a whole.
OWN = {
    "torch": {
        "operation", "set_tape", "set_watch", "watched", "gradients", "getitem", "join", "cast",
        "Trainer", "accuracy", "confusion_matrix", "save_checkpoint", "load_checkpoint",
    },
    "data": {"Compose", "CharTokenizer", "BPETokenizer"},  # torchvision.transforms has the first
    "nn": {"LearnedPositions", "SinusoidalPositions", "GPT"},
    "F": {"sinusoidal_positions"},
    "profiling": {
        "costs", "latency", "peak_memory", "model_size", "speedup",
        "SimulatedClock", "bootstrap", "interleave", "judge", "judge_all", "Verdict", "draw_verdicts",
        "pareto_front", "draw_front",
        "Figure", "wilson", "gain", "geometric_mean", "fresh", "share_right", "race", "measure",
        "Event", "EVENTS", "places", "leaderboard", "Entry", "npz", "submission", "opened", "verify",
    },
}  # fmt: skip


def test_every_facade_is_compared_with_a_module_of_torch() -> None:
    assert set(COURSE.facades) == set(SHARED), "COUNTERPARTS in oracle.py lacks one"


def test_all_other_names_are_torchs() -> None:
    shared = set(shared_names())
    own = {key: {name for name in FACADES[key] if (key, name) not in shared} for key in FACADES}
    assert {key: names for key, names in own.items() if names} == OWN
