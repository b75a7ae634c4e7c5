"""Module 05 against torch.utils.data: shapes, lengths, order, structure and errors.

Which numbers a seed gives differs between the libraries; that they repeat does not.
"""

from __future__ import annotations

import gc
import itertools
import threading
import time
import traceback
import warnings
from collections import OrderedDict, defaultdict, namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tinytorch.core import Generator, get_rng_state, manual_seed, randint, randperm, set_rng_state
from tinytorch.core import tensor as our_tensor
from tinytorch.data import DataLoader, Dataset, RandomSampler, Subset, TensorDataset, random_split

from oracle import OURS, THEIRS, Program, assert_same, both

Point = namedtuple("Point", "x y")


def same_outcome(program: Program, *arrays: Any) -> None:
    """The same values, or an error of the same class."""
    ours, theirs = both(program, *arrays)
    assert_same(ours, theirs)
    if isinstance(theirs, Exception):
        assert type(ours) is type(theirs), f"torch: {theirs!r}\nours: {ours!r}"


def squares(library: Any, size: int) -> Any:
    """A dataset of a learner's own: sample i is (i, i * i)."""

    class Squares(library.data.Dataset):
        def __len__(self) -> int:
            return size

        def __getitem__(self, index: int) -> tuple[int, float]:
            return index, index * index / 2

    return Squares()


# Datasets


@pytest.mark.parametrize("index", [0, -1, 4, 5, slice(1, 4), [3, 0, 3], []])
def test_tensor_dataset(index: Any) -> None:
    x, y = np.arange(10.0, dtype="f").reshape(5, 2), np.arange(5)

    def program(library: Any, x: Any, y: Any) -> Any:
        dataset = library.data.TensorDataset(x, y)
        return [len(dataset), list(dataset.tensors), dataset[index]]

    same_outcome(program, x, y)


@pytest.mark.parametrize("sizes", [(3, 2), (3, 3, 4), ()])
def test_tensor_datasets_of_unequal_length(sizes: tuple[int, ...]) -> None:
    same_outcome(lambda library: len(library.data.TensorDataset(*map(library.torch.zeros, sizes))))


@pytest.mark.parametrize("index", [0, 2, -1, 3, [2, 0]])
def test_subset(index: Any) -> None:
    def program(library: Any, x: Any) -> Any:
        subset = library.data.Subset(library.data.TensorDataset(x), [4, 0, 2])
        inner = library.data.Subset(subset, [1, 2])
        return [len(inner), subset[index], inner[1], subset.indices]

    same_outcome(program, np.arange(5.0))


def test_a_subset_with_its_own_getitem_needs_getitems() -> None:
    def program(library: Any) -> Any:
        class Doubled(library.data.Subset):
            def __getitem__(self, idx: int) -> Any:
                return super().__getitem__(idx) * 2

        return Doubled([1, 2], [0])

    same_outcome(program)


def test_bare_base_classes() -> None:
    same_outcome(lambda library: library.data.Dataset()[0])
    same_outcome(lambda library: iter(library.data.Sampler()))


def test_a_subclass_keeps_its_getitem_in_batches() -> None:
    def program(library: Any, x: Any) -> Any:
        class Louder(library.data.TensorDataset):
            def __getitem__(self, index: Any) -> Any:
                return super().__getitem__(index)[0] * 10

        subset = library.data.Subset(Louder(x), [2, 1])
        return [list(library.data.DataLoader(each, 2)) for each in (Louder(x), subset)]

    same_outcome(program, np.arange(6.0).reshape(3, 2))


LENGTHS = [
    [6, 4], [10], [5, 5, 0], [0.5, 0.5], [0.55, 0.35, 0.1], [1 / 3] * 3, [0.1] * 10, [1.0], [9],
    [0.5, 0.6], [1.5, -0.5], [0.3, 0.3], [], [0.2, 0.7, 0.1], [11], [1, 0],
]  # fmt: skip


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize("size", [10, 1, 7])
def test_random_split(lengths: list[Any], size: int) -> None:
    def program(library: Any) -> Any:
        generator = library.torch.Generator().manual_seed(1)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            parts = library.data.random_split(range(size), lengths, generator=generator)
        together = sorted(sample for part in parts for sample in part)
        types = [type(part) is library.data.Subset for part in parts]
        return [list(map(len, parts)), together, types, len(caught)]

    same_outcome(program)


@settings(max_examples=200, deadline=None)
@given(size=st.integers(0, 300), parts=st.lists(st.integers(1, 20), min_size=1, max_size=6))
def test_random_split_by_any_fractions(size: int, parts: list[int]) -> None:
    fractions = [part / sum(parts) for part in parts]
    same_outcome(
        lambda library: [len(p) for p in library.data.random_split([None] * size, fractions)]
    )


# Samplers


@pytest.mark.parametrize("size", [1, 5])
@pytest.mark.parametrize("options", [{}, {"num_samples": 3}, {"num_samples": 12},
    {"replacement": True}, {"replacement": True, "num_samples": 40},
    {"num_samples": 0}, {"num_samples": -1}, {"num_samples": 2.5}], ids=str)  # fmt: skip
def test_random_sampler(size: int, options: dict[str, Any]) -> None:
    def program(library: Any) -> Any:
        sampler = library.data.RandomSampler(range(size), **options)
        drawn = list(sampler)
        rounds = [] if options.get("replacement") else [
            len(set(drawn[start : start + size])) for start in range(0, len(drawn), size)
        ]  # fmt: skip
        return [len(sampler), len(drawn), all(type(i) is int for i in drawn), rounds]

    same_outcome(program)


def test_samplers_of_nothing() -> None:
    same_outcome(lambda library: library.data.RandomSampler([]))
    same_outcome(lambda library: list(library.data.SequentialSampler([])))
    same_outcome(lambda library: list(library.data.DataLoader([])))
    same_outcome(lambda library: library.data.DataLoader([], shuffle=True))


@pytest.mark.parametrize("size", range(7))
@pytest.mark.parametrize("batch_size", [1, 2, 3, 6, 0, -1, 2.0, None, True])
@pytest.mark.parametrize("drop_last", [False, True])
def test_batch_sampler(size: int, batch_size: Any, drop_last: bool) -> None:
    def program(library: Any) -> Any:
        sampler = library.data.SequentialSampler(range(size))
        batches = library.data.BatchSampler(sampler, batch_size, drop_last)
        return [len(batches), list(batches), list(batches)]

    same_outcome(program)


# Collate

BATCHES: dict[str, Callable[[Any], Any]] = {
    "tensors": lambda torch: [torch.ones(2, 3), torch.zeros(2, 3)],
    "0-d tensors": lambda torch: [torch.tensor(3), torch.tensor(4)],
    "tensors of two dtypes": lambda torch: [torch.tensor([1.5]), torch.tensor([2])],
    "tensors of two shapes": lambda torch: [torch.ones(2), torch.ones(3)],
    "float32 arrays": lambda _: [np.ones((2, 1), "f"), np.zeros((2, 1), "f")],
    "float64 arrays": lambda _: [np.ones(2), np.zeros(2)],
    "arrays of two dtypes": lambda _: [np.ones(2, "f"), np.ones(2, "i8")],
    "arrays of two shapes": lambda _: [np.ones(2), np.ones((2, 1))],
    "0-d arrays": lambda _: [np.array(3), np.array(4)],
    "arrays of words": lambda _: [np.array(["a"])],
    "float32": lambda _: [np.float32(1), np.float32(2)],
    "float64": lambda _: [np.float64(1.5)],
    "int32": lambda _: [np.int32(1), np.int32(-2)],
    "uint8": lambda _: [np.uint8(255)],
    "bool_": lambda _: [np.True_, np.False_],
    "floats": lambda _: [1.5, 2.0],
    "floats first": lambda _: [1.5, 2],
    "ints": lambda _: [3, -1],
    "ints first": lambda _: [1, 2.5],
    "bools": lambda _: [True, False],
    "strings": lambda _: ["a", "b"],
    "bytes": lambda _: [b"a", b"b"],
    "tuples": lambda _: [(1, "a"), (2, "b")],
    "lists": lambda _: [[1, 2.5], [3, 4.5]],
    "ranges": lambda _: [range(2), range(2)],
    "tuples of two lengths": lambda _: [(1, 2), (1,)],
    "empty tuples": lambda _: [(), ()],
    "named tuples": lambda _: [Point(1, 2.0), Point(3, 4.0)],
    "dicts": lambda _: [{"a": 1, "b": 2.0}, {"b": 4.0, "a": 3}],
    "dicts of more keys": lambda _: [{"a": 1}, {"a": 2, "b": 3}],
    "dicts of fewer keys": lambda _: [{"a": 1, "b": 3}, {"a": 2}],
    "ordered dicts": lambda _: [OrderedDict(b=1, a=2)] * 2,
    "default dicts": lambda _: [defaultdict(list, a=1)] * 2,
    "nests": lambda torch: [(torch.ones(2), {"k": [1, (2.0, "w")]}, np.ones(1, "f"))] * 3,
    "nothing": lambda _: [],
    "None": lambda _: [None, None],
    "sets": lambda _: [{1}, {2}],
    "complex": lambda _: [1j],
    "dates": lambda _: [np.datetime64("2020")],
    "objects": lambda _: [object()],
}  # fmt: skip


@pytest.mark.parametrize("batch", BATCHES)
def test_collate(batch: str) -> None:
    def program(library: Any) -> Any:
        collated = library.data.default_collate(BATCHES[batch](library.torch))
        return [shape_of(collated), collated]

    same_outcome(program)


def shape_of(value: Any) -> Any:
    """The classes in a nest, which `plain` does not keep."""
    if isinstance(value, dict):
        return [type(value).__name__, {key: shape_of(each) for key, each in value.items()}]
    if isinstance(value, tuple | list):
        return [type(value).__name__, [shape_of(each) for each in value]]
    return type(value).__name__


def test_collate_lets_gradients_through() -> None:
    def program(library: Any) -> Any:
        learning = library.torch.tensor([1.0], requires_grad=True)
        batch = library.data.default_collate([learning, library.torch.tensor([2.0])])
        (batch * batch).sum().backward()
        return [batch, learning.grad]

    same_outcome(program)


# The loader


@settings(max_examples=150, deadline=None)
@given(
    size=st.integers(1, 20),
    batch_size=st.integers(1, 7),
    drop_last=st.booleans(),
    kind=st.sampled_from(("tensors", "own", "subset", "list")),
    own_collate=st.booleans(),
)
def test_loader_in_order(
    size: int, batch_size: int, drop_last: bool, kind: str, own_collate: bool
) -> None:
    def program(library: Any) -> Any:
        tensors = library.data.TensorDataset(library.torch.arange(size) * 2.5)
        dataset = {
            "tensors": tensors,
            "own": squares(library, size),
            "subset": library.data.Subset(tensors, list(range(size))[::-1]),
            "list": list(range(size)),
        }[kind]
        collate_fn = (lambda samples: [type(samples) is list, samples]) if own_collate else None
        loader = library.data.DataLoader(
            dataset, batch_size, drop_last=drop_last, collate_fn=collate_fn
        )
        return [len(loader), list(loader), list(loader), loader.batch_size, loader.drop_last]

    same_outcome(program)


@pytest.mark.parametrize("kind", ["tensors", "own"])
@pytest.mark.parametrize("drop_last", [False, True])
def test_loader_shuffles(kind: str, drop_last: bool) -> None:
    def program(library: Any) -> Any:
        tensors = library.data.TensorDataset(library.torch.arange(50))
        dataset = tensors if kind == "tensors" else squares(library, 50)
        loader = library.data.DataLoader(dataset, 8, True, drop_last=drop_last)
        library.torch.manual_seed(5)
        epochs = [[batch[0].tolist() for batch in loader] for _ in range(3)]
        library.torch.manual_seed(5)
        again = [[batch[0].tolist() for batch in loader] for _ in range(3)]
        flat = [list(itertools.chain(*epoch)) for epoch in epochs]
        return [
            [list(map(len, epoch)) for epoch in epochs],
            [len(set(epoch)) for epoch in flat],
            epochs == again,
            flat[0] != flat[1] != flat[2] != list(range(50)),
        ]

    same_outcome(program)


def test_loader_calls_getitems() -> None:
    def program(library: Any) -> Any:
        calls = []

        class Many(library.data.Dataset):
            def __len__(self) -> int:
                return 5

            def __getitems__(self, indices: list[int]) -> list[Any]:
                calls.append(list(indices))
                return [{"i": index} for index in indices]

        data = library.data
        batches = [list(data.DataLoader(d, 2)) for d in (Many(), data.Subset(Many(), [3, 1, 4]))]
        return [batches, calls]

    same_outcome(program)


OPTIONS: list[dict[str, Any]] = [
    {"batch_size": 0}, {"batch_size": -3}, {"batch_size": 2.0}, {"num_workers": -1},
    {"sampler": [0], "shuffle": True}, {"sampler": [2, 0, 2]}, {"sampler": [2, 0], "shuffle": False},
    {"batch_sampler": [[0, 2], [1]]}, {"batch_sampler": [[0]], "batch_size": 2},
    {"batch_sampler": [[0]], "shuffle": True}, {"batch_sampler": [[0]], "sampler": [0]},
    {"batch_sampler": [[0]], "drop_last": True}, {"prefetch_factor": 2}, {"sampler": [7]},
    {"num_workers": 1, "prefetch_factor": -1}, {"no_such_option": 1},
]  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_loader_options(options: dict[str, Any]) -> None:
    def program(library: Any) -> Any:
        loader = library.data.DataLoader([10, 20, 30], **options)
        return [len(loader), list(loader), loader.batch_size]

    same_outcome(program)


@pytest.mark.parametrize(
    "name", ["batch_size", "dataset", "sampler", "batch_sampler", "drop_last", "collate_fn"]
)
def test_what_a_loader_was_made_of_cannot_be_exchanged(name: str) -> None:
    same_outcome(lambda library: setattr(library.data.DataLoader([1, 2]), name, None))


# Random numbers


@pytest.mark.parametrize("arguments", [
    (5, (3,)), (2, 5, (2, 3)), (5, [2]), (5, ()), (0, (2,)), (5, 5, (2,)), (6, 5, (2,)),
    (5, 3), (2.5, (2,)), (-4, -1, (0,)),
], ids=str)  # fmt: skip
def test_randint(arguments: tuple[Any, ...]) -> None:
    def program(library: Any) -> Any:
        drawn = library.torch.randint(*arguments)
        low, high = arguments[:2] if len(arguments) == 3 else (0, arguments[0])
        numbers = drawn.numpy()
        return [drawn * 0, bool((numbers >= low).all() and (numbers < high).all())]

    same_outcome(program)


@pytest.mark.parametrize(("dtype", "high"), [
    ("uint8", 256), ("uint8", 257), ("int8", 128), ("int8", 129), ("float32", 9), ("int32", 2**31),
    ("int32", 2**31 + 1), ("int64", 2**63 - 1),
])  # fmt: skip
def test_dtypes_of_random_integers(dtype: str, high: int) -> None:
    def kind(library: Any) -> Any:
        return getattr(library.torch, dtype)

    same_outcome(lambda library: library.torch.randint(high, (4,), dtype=kind(library)) * 0)
    if high < 1000:
        same_outcome(lambda library: library.torch.randperm(high, dtype=kind(library)) * 0)


@pytest.mark.parametrize("n", [0, 1, 9, -1, 2.5])
def test_randperm(n: Any) -> None:
    def program(library: Any) -> Any:
        drawn = library.torch.randperm(n)
        return [drawn * 0, sorted(drawn.tolist())]

    same_outcome(program)


def test_all_numbers_and_all_orders_are_equally_likely() -> None:
    manual_seed(0)
    counts = np.bincount(randint(7, (70_000,)).numpy())
    assert len(counts) == 7
    assert (abs(counts - 10_000) < 5 * 100).all()  # five standard deviations
    orders: dict[tuple[int, ...], int] = defaultdict(int)
    for _ in range(24_000):
        orders[tuple(randperm(4).tolist())] += 1
    assert len(orders) == 24
    assert all(abs(count - 1000) < 5 * 32 for count in orders.values())


def test_the_state_of_a_generator() -> None:
    def program(library: Any) -> Any:
        lib = library.torch
        draw = [lambda g: lib.randint(1000, (3,), generator=g), lambda g: lib.randn(5, generator=g),
                lambda g: lib.rand(2, generator=g), lambda g: lib.randperm(7, generator=g)]  # fmt: skip
        generator, other = lib.Generator().manual_seed(3), lib.Generator()
        draw[0](generator)  # a start in the middle of a 64-bit draw
        state = generator.get_state()
        first = [d(generator).tolist() for d in draw]
        repeated = generator.set_state(state) is generator
        second = [d(generator).tolist() for d in draw]
        other.set_state(state)
        third = [d(other).tolist() for d in draw]
        copied = lib.tensor(state.tolist(), dtype=lib.uint8)  # as JSON would keep it
        lib.set_rng_state(copied)
        fourth = [d(None).tolist() for d in draw]
        equal = first == second == third == fourth
        same = lib.get_rng_state().tolist() == generator.get_state().tolist()
        return [str(state.dtype).removeprefix("torch."), state.ndim, repeated, equal, same]

    same_outcome(program)


@pytest.mark.parametrize("state", ["short", "floats", "a list", "cut"])
def test_what_is_no_state(state: str) -> None:
    def program(library: Any) -> Any:
        lib = library.torch
        wrong = {
            "short": lib.zeros(5, dtype=lib.uint8),
            "floats": lib.zeros(5),
            "a list": [1, 2],
            "cut": lib.get_rng_state()[:-3],
        }
        before = lib.get_rng_state().tolist()
        try:
            lib.set_rng_state(wrong[state])
        finally:
            assert lib.get_rng_state().tolist() == before, "nothing is lost"

    same_outcome(program)


def test_an_epoch_takes_one_draw_from_the_default_generator() -> None:
    """However long an epoch is, and whatever is drawn meanwhile."""
    states = []
    for size in (10, 1000):
        manual_seed(2)
        list(RandomSampler(range(size), num_samples=3000))
        states.append(get_rng_state().tolist())
    assert states[0] == states[1]


# Workers: threads here, processes there


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("prefetch_factor", [None, 1, 3])
def test_workers_change_nothing(workers: int, prefetch_factor: int | None) -> None:
    dataset = TensorDataset(our_tensor(np.arange(37)))
    state = get_rng_state()
    plain = [batch[0].tolist() for batch in DataLoader(dataset, 4, True)]
    after = get_rng_state().tolist()
    set_rng_state(state)
    loader = DataLoader(dataset, 4, True, num_workers=workers, prefetch_factor=prefetch_factor)
    assert loader.prefetch_factor == (prefetch_factor or 2)
    assert [batch[0].tolist() for batch in loader] == plain
    assert get_rng_state().tolist() == after


def test_a_worker_and_a_random_transform() -> None:
    """With one worker, a dataset that draws from a generator of its own gives the same samples."""

    class Noisy(Dataset):
        def __init__(self) -> None:
            self.generator = Generator().manual_seed(4)

        def __len__(self) -> int:
            return 20

        def __getitem__(self, index: int) -> Any:
            return OURS["torch"].randn(3, generator=self.generator) + index

    batches = [[b.tolist() for b in DataLoader(Noisy(), 3, num_workers=n)] for n in (0, 1)]
    assert batches[0] == batches[1]


class Failing(torch.utils.data.Dataset):
    """Outside of functions, so that torch's processes can have it."""

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> int:
        if index == 2:
            raise ValueError(f"sample {index} cannot be read")
        return index


def test_errors_of_workers() -> None:
    """An error comes in its place, leads to the line, and the loop may go on, as in torch."""
    seen = []
    for library, workers in ((OURS, 0), (OURS, 1), (OURS, 3), (THEIRS, 0), (THEIRS, 1)):
        iterator = iter(library["data"].DataLoader(Failing(), num_workers=workers))
        before = [next(iterator).tolist() for _ in range(2)]
        with pytest.raises(ValueError, match="sample 2 cannot be read") as caught:
            next(iterator)
        assert "__getitem__" in "".join(traceback.format_exception(caught.value))
        seen.append([before, [batch.tolist() for batch in iterator]])
    assert seen == [[[[0], [1]], [[3], [4], [5]]]] * 5


def loader_threads() -> set[threading.Thread]:
    return {t for t in threading.enumerate() if t.name.startswith("ThreadPoolExecutor")}


@pytest.mark.parametrize("leave", ["break", "error", "end", "never begun", "collected"])
def test_no_thread_is_left_behind(leave: str) -> None:
    before = loader_threads()
    loader = DataLoader(range(100), 2, num_workers=3)

    def use() -> None:
        if leave == "never begun":
            iter(loader)
        if leave == "collected":
            iterator = iter(loader)
            next(iterator)
            cycle: list[Any] = [iterator]
            cycle.append(cycle)
        else:
            for batch in loader:
                if leave == "break":
                    break
                if leave == "error":
                    raise RuntimeError("the loop failed", batch)

    try:
        use()
    except RuntimeError:
        assert leave == "error"
    gc.collect()
    assert loader_threads() == before


def test_the_queue_is_bounded() -> None:
    fetched = []

    class Counted(Dataset):
        def __len__(self) -> int:
            return 100

        def __getitem__(self, index: int) -> int:
            fetched.append(index)
            return index

    iterator = iter(DataLoader(Counted(), 1, num_workers=2, prefetch_factor=3))
    next(iterator)
    time.sleep(0.1)
    assert len(fetched) == 1 + 2 * 3


def test_two_epochs_at_once() -> None:
    loader = DataLoader(range(6), 2, num_workers=1)
    pairs = [(one.tolist(), two.tolist()) for one, two in zip(loader, loader, strict=True)]
    assert pairs == [([0, 1],) * 2, ([2, 3],) * 2, ([4, 5],) * 2]


# What the loader promises about speed


def test_a_batch_of_tensors_is_one_gather() -> None:
    """However many samples, one index per tensor: counted at the door."""
    indexed: list[Any] = []
    getitem = TensorDataset.__getitem__

    class Watched(TensorDataset):
        pass

    def watching(self: Any, index: Any) -> Any:
        indexed.append(index)
        return getitem(self, index)

    TensorDataset.__getitem__ = watching
    try:
        train, _ = random_split(Watched(our_tensor(np.arange(90))), [64, 26])
        for dataset in (train, Subset(train, range(64))):
            indexed.clear()
            batches = list(DataLoader(dataset, 16, shuffle=True))
            assert [len(batch[0]) for batch in batches] == [16] * 4
            assert [type(index) for index in indexed] == [list] * 4
    finally:
        TensorDataset.__getitem__ = getitem
