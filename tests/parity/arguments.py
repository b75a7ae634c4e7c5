"""Random arguments for everything that we export: how a table of them is written.

A strategy makes a `Case`: the arrays that become tensors, and the program to run on them. It is drawn
once, and run in both libraries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

Draw = st.DrawFn
Shape = tuple[int, ...]
FLOATS = ("float32", "float64")
NUMBERS = (*FLOATS, "int64", "int32", "uint8", "int8")
DTYPES = (*NUMBERS, "bool")
SIZES = (1, 2, 3, 3, 2, 4, 0)


def call(lib: Any, thing: Any, *tensors: Any, **options: Any) -> Any:
    return thing(*tensors, **options)


@dataclass(frozen=True)
class Case:
    """`program(library, thing, *tensors, **options)`, where thing is what the name stands for.

    The first `learns` of the tensors require grad, if they are floating.
    """

    tensors: Sequence[np.ndarray]
    options: dict[str, Any] = field(default_factory=dict)
    program: Callable[..., Any] = call
    learns: int = 99


Strategy = st.SearchStrategy[Case]
TABLE: dict[str, Strategy] = {}


def covers(names: str) -> Callable[[Callable[[Draw], Case]], Callable[[Draw], Case]]:
    """These names, such as `F.relu torch.relu`, take the arguments that this function draws."""

    def register(build: Callable[[Draw], Case]) -> Callable[[Draw], Case]:
        for name in names.split():
            assert name not in TABLE, f"{name} is covered twice"
            TABLE[name] = st.composite(build)()
        return build

    return register


def one_of(draw: Draw, *choices: Any) -> Any:
    return draw(st.sampled_from(choices))


def some_of(draw: Draw, **choices: Sequence[Any]) -> dict[str, Any]:
    """Some of these options, each with one of its values."""
    names = draw(st.sets(st.sampled_from(sorted(choices))))
    return {name: one_of(draw, *choices[name]) for name in sorted(names)}


def shape(draw: Draw, least: int = 0, most: int = 3, sizes: Sequence[int] = SIZES) -> Shape:
    return tuple(draw(st.lists(st.sampled_from(sizes), min_size=least, max_size=most)))


def array(draw: Draw, size: Shape | None = None, dtypes: Sequence[str] = FLOATS) -> np.ndarray:
    """Numbers of moderate size. Whole ones are among them, so that there are ties and zeros."""
    size = shape(draw) if size is None else size
    dtype = one_of(draw, *dtypes)
    values = np.asarray(np.random.default_rng(draw(st.integers(0, 2**32))).normal(size=size) * 3)
    if one_of(draw, False, False, True):
        values = values.round() + 0.0  # -0.0 becomes 0.0
    if dtype == "uint8":
        values = np.abs(values)
    return np.asarray(values, dtype)


def positive(draw: Draw, size: Shape | None = None) -> np.ndarray:
    values = array(draw, size)
    return np.asarray(np.abs(values) + 0.125, values.dtype)


def chances(draw: Draw, size: Shape, dtypes: Sequence[str] = FLOATS) -> np.ndarray:
    """Numbers from 0 to 1, seldom one beyond. Whole ones are among them."""
    values = np.random.default_rng(draw(st.integers(0, 2**32))).random(size)
    if one_of(draw, False, False, False, True):
        values = np.round(values)
    elif one_of(draw, *[False] * 9, True):
        values = values * 2
    return np.asarray(values, one_of(draw, *dtypes))


def broadcasting(draw: Draw, count: int, sizes: Sequence[int] = SIZES) -> list[Shape]:
    """Shapes that broadcast together, but for one time in eight."""
    full = shape(draw, sizes=sizes)
    shapes = []
    for _ in range(count):
        kept = full[draw(st.integers(0, len(full))) if one_of(draw, True, False) else 0 :]
        ones = draw(st.lists(st.booleans(), min_size=len(kept), max_size=len(kept)))
        shapes.append(tuple(1 if one else size for one, size in zip(ones, kept, strict=True)))
    if one_of(draw, *[False] * 7, True):
        shapes[-1] = (*shapes[-1][:-1], 5)
    return shapes


def operands(draw: Draw, count: int, dtypes: Sequence[str] = DTYPES) -> list[np.ndarray]:
    """Arrays whose shapes broadcast, half of the time of one dtype."""
    if one_of(draw, True, False):
        dtypes = (one_of(draw, *dtypes),)
    return [array(draw, size, dtypes) for size in broadcasting(draw, count)]


def dim(draw: Draw, ndim: int) -> int:
    """A dimension of so many, seldom one that is not there."""
    if one_of(draw, *[False] * 9, True):
        return ndim + 1
    return draw(st.integers(-max(ndim, 1), max(ndim, 1) - 1))


def dims(draw: Draw, ndim: int) -> dict[str, Any]:
    """Options of a reduction: nothing, or a dimension, or several as a tuple or a list, or None."""
    several = draw(st.lists(st.integers(-ndim, ndim - 1), max_size=ndim) if ndim else st.just([]))
    if one_of(draw, *[True] * 4, False):
        dims = one_of(draw, None, dim(draw, ndim), dim(draw, ndim), tuple(several), several)
        return {"dim": dims} | some_of(draw, keepdim=(True, False))
    return {}


# Running a case


def thing(libraries: dict[str, Any], name: str) -> Any:
    """What a name in the table stands for. For `Tensor.sum`, a function that calls the method."""
    key, _, attribute = name.partition(".")
    if key != "Tensor":
        return getattr(libraries[key], attribute)

    def of_a_tensor(tensor: Any, *args: Any, **options: Any) -> Any:
        value = getattr(tensor, attribute)
        return value(*args, **options) if callable(value) else value

    return of_a_tensor


def all_tensors(library: Any, value: Any) -> Iterator[Any]:
    """The tensors in what a program returned."""
    if isinstance(value, library.torch.Tensor):
        yield value
    elif isinstance(value, tuple | list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from all_tensors(library, item)
