"""Arguments for what tinytorch.data offers. More of it, by hand, is in test_loader.py."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from arguments import NUMBERS, Case, Draw, array, covers, one_of, shape, some_of


def columns(draw: Draw) -> list[np.ndarray]:
    """One to three arrays with as many rows, seldom with one more."""
    rows = draw(st.integers(0, 7))
    count = draw(st.integers(1, 3))
    arrays = [array(draw, (rows, *shape(draw, most=2)), NUMBERS) for _ in range(count)]
    if one_of(draw, *[False] * 9, True):
        arrays.append(array(draw, (rows + 1,)))
    return arrays


@covers("data.TensorDataset")
def tables(draw: Draw) -> Case:
    index = one_of(draw, 0, -1, 3, slice(1, 4), slice(None, None, 2), [0, 1, 0], [])
    return Case(
        columns(draw), {"index": index},
        lambda lib, cls, *tensors, index: [len(cls(*tensors)), cls(*tensors)[index]],
        learns=0,
    )  # fmt: skip


@covers("data.Dataset")
def datasets_of_your_own(draw: Draw) -> Case:
    def program(lib: Any, cls: Any) -> Any:
        class Squares(cls):
            def __len__(self) -> int:
                return size

            def __getitem__(self, index: int) -> tuple[int, float]:
                return index, index * index / 2

        loader = lib.data.DataLoader(Squares(), batch_size=batch)
        return [len(loader), list(loader)]

    size, batch = draw(st.integers(0, 7)), draw(st.integers(1, 4))
    return Case([], {}, program)


@covers("data.Subset")
def some_samples(draw: Draw) -> Case:
    indices = draw(st.lists(st.integers(-3, 5), max_size=5))
    index = one_of(draw, 0, -1, 2, [0, 1], [])

    def program(lib: Any, cls: Any, *tensors: Any) -> Any:
        subset = cls(lib.data.TensorDataset(*tensors), indices)
        return [len(subset), subset[index], subset.indices]

    return Case(columns(draw), {}, program, learns=0)


@covers("data.random_split")
def random_parts(draw: Draw) -> Case:
    size = draw(st.integers(0, 30))
    cuts = sorted(draw(st.lists(st.integers(0, size), max_size=3)))
    lengths: list[float] = [b - a for a, b in zip([0, *cuts], [*cuts, size], strict=True)]
    if one_of(draw, *[False] * 7, True):
        lengths[0] += 1
    elif size and one_of(draw, True, False):
        lengths = [length / size for length in lengths]

    def program(lib: Any, f: Any) -> Any:
        parts = f(range(size), lengths)
        return [list(map(len, parts)), sorted(sample for part in parts for sample in part)]

    return Case([], {}, program)


@covers("data.Sampler")
def orders_of_your_own(draw: Draw) -> Case:
    def program(lib: Any, cls: Any, x: Any) -> Any:
        class Backwards(cls):
            def __iter__(self) -> Any:
                return iter(range(len(x) - 1, -1, -1))

            def __len__(self) -> int:
                return len(x)

        loader = lib.data.DataLoader(lib.data.TensorDataset(x), 2, sampler=Backwards())
        return [len(loader), list(loader)]

    return Case([array(draw, shape(draw, least=1))], {}, program, learns=0)


@covers("data.SequentialSampler")
def the_given_order(draw: Draw) -> Case:
    size = draw(st.integers(0, 5))
    return Case([], {}, lambda lib, cls: [list(cls(range(size))), len(cls(range(size)))])


@covers("data.RandomSampler")
def a_random_order(draw: Draw) -> Case:
    size = draw(st.integers(1, 9))
    options = some_of(draw, replacement=(True, False), num_samples=(1, 5, 20, 0, -1))

    def program(lib: Any, cls: Any) -> Any:
        sampler = cls(range(size), **options)
        drawn = list(sampler)
        known = all(0 <= index < size for index in drawn)
        return [len(sampler), len(drawn), known, sorted(drawn[:size]) if not options else []]

    return Case([], {}, program)


@covers("data.BatchSampler")
def lists_of_indices(draw: Draw) -> Case:
    size, batch, drop = draw(st.integers(0, 9)), draw(st.integers(0, 4)), one_of(draw, True, False)

    def program(lib: Any, cls: Any) -> Any:
        sampler = cls(range(size), batch, drop)
        return [list(sampler), len(sampler)]

    return Case([], {}, program)


SAMPLE = st.recursive(
    st.integers(-9, 9) | st.floats(-9, 9) | st.booleans() | st.sampled_from(["a", "b", b"c"]),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(st.sampled_from("xyz"), inner, max_size=2)
        | st.tuples(inner, inner)
    ),
    max_leaves=4,
)


@covers("data.default_collate")
def samples(draw: Draw) -> Case:
    if one_of(draw, True, False):
        size = shape(draw, most=2)
        more = [size, size, (*size, 2)] if one_of(draw, *[False] * 9, True) else [size, size]
        kind = (one_of(draw, *NUMBERS),)
        return Case(
            [array(draw, each, kind) for each in more], {}, lambda lib, f, *x: f(list(x)), learns=0
        )
    sample, count = draw(SAMPLE), draw(st.integers(1, 3))
    return Case([], {"sample": sample}, lambda lib, f, sample: f([sample] * count))


@covers("data.DataLoader")
def loaders(draw: Draw) -> Case:
    options = some_of(
        draw, batch_size=(1, 2, 3, 0, -1), drop_last=(True, False), shuffle=(True, False),
        sampler=([0, 2, 1], None), batch_sampler=([[0, 1], [2]], None),
        collate_fn=(len, None), num_workers=(0, 0, -1), prefetch_factor=(None, 2),
    )  # fmt: skip

    def program(lib: Any, cls: Any, *tensors: Any, **options: Any) -> Any:
        loader = cls(lib.data.TensorDataset(*tensors), **options)
        batches = list(loader)
        shapes = [[list(c.shape) for c in b] if isinstance(b, list) else b for b in batches]
        facts = [len(loader), loader.batch_size, loader.drop_last, shapes]
        return [*facts, [] if options.get("shuffle") else batches]

    return Case(columns(draw), options, program, learns=0)
