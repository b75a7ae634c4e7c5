# %% [markdown]
# # 05 · Data loader
#
# Training wants its data a hundred times over: each time in another order, in batches, and never a
# sample of the test among them. You build the machine that serves it, from "what is sample 17?" to
# threads that fetch the next batches while this one is being learnt. Fisher and Yates (1938)
# printed a way to shuffle with pencil and random digits. Robbins and Monro (1951) proved that noisy
# steps get there, so that a small random batch will do; all of deep learning lives on that.
#
# **Prerequisites:** module 01; generators; `try … finally`. **Time:** 180 minutes, seven exercises.
#
# ```mermaid
# flowchart LR
#     T[01 Tensor] --> D(05 Data loader) --> R[08 Training] & C[09 Convolutions] & K[10 Tokenization]
# ```

# %% [markdown]
# ## 🔧 Setup

# %%
#| default_exp data.loader

# %%
#| export
import operator
import warnings
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from itertools import accumulate, islice
from math import floor, isclose

import numpy as np

from tinytorch.core import Generator, Tensor, default_generator, float64, from_numpy, int64
from tinytorch.core import stack, tensor

# %%
import threading, time
from collections import Counter, OrderedDict, namedtuple
from tinytorch.core import arange, float32, manual_seed, ones, randn, uint8

def same(got, expected, what):
    assert isinstance(got, Tensor), f"{what}: should be a Tensor, got {type(got).__name__}"
    got, expected = got.numpy(), np.asarray(expected)
    equal = got.dtype == expected.dtype and np.array_equal(got, expected)
    assert equal, f"{what}: should be {expected.dtype}\n{expected}, got {got.dtype}\n{got}"

def refuses(error, call, *parts):
    try:
        got = call()
    except error as problem:
        missing = [part for part in parts if part not in str(problem)]
        assert not missing, f"the error message should mention {missing}: {problem}"
    else:
        raise AssertionError(f"this should raise {error.__name__}, but it returned {got!r}")

# %% [markdown]
# ## 📦 Where this code lives
# The exported cells become `tinytorch/data/loader.py`. `tinytorch.data` plays `torch.utils.data`,
# so you earn `from tinytorch.data import DataLoader`; random integers join `tinytorch.core`.

# %% [markdown]
# ## 1. A dataset answers two questions
# How many samples are there, `len(dataset)`, and what is number i, `dataset[i]`? Nothing else is
# asked, so a list is a dataset, and so is this one, of a million samples and no memory:
#
# ```python
# class Squares(Dataset):
#     def __len__(self): return 1_000_000
#     def __getitem__(self, index): return index, index * index
# ```
#
# A sample is made when it is wanted: read from a file, cut out of a long text, changed by a
# *transform*, any callable. One that draws random numbers (turn a bit, add noise) gives another
# picture each time, a dataset without end. `Compose` chains transforms: if f divides by 16 and g
# subtracts 0.5, Compose([f, g])(12) is 0.25. It is the one class here that torch has elsewhere,
# in `torchvision.transforms`.
#
# What fits into memory is best held in tensors, side by side; sample i is made of their rows i:
#
# ```
#      images (5, 2, 2)    labels (5,)
#    3 │█████████│         │ 7 │            dataset[3]      = (images[3], labels[3])
#    4 │░░░░░░░░░│         │ 1 │            dataset[[3, 0]] = (images[[3, 0]], labels[[3, 0]])
# ```
#
# A list as index **gathers**: one call of NumPy copies all these rows, where asking for each sample
# costs several calls of Python. So a dataset may have a method `__getitems__(indices)` that returns
# many samples, as anything that behaves like a list of them. A small TensorDataset does: it has a
# length, and item i is a tuple. And it has its columns ready (part 5).
#
# One trap. Somebody inherits from your class and overrides `__getitem__` to add noise. If
# `__getitems__` goes on as before, the noise is silently gone. `type(self).__getitem__` is the
# method that self really has.

# %% nbgrader={"grade_id": "dataloader-datasets"}
#| export
class Dataset:
    """Samples with numbers. A subclass has __getitem__(index), and __len__() if there is an end."""
    def __getitem__(self, index):
        raise NotImplementedError(f"{type(self).__name__} is a Dataset without __getitem__")

class Compose:
    """Several transforms as one."""
    def __init__(self, transforms): self.transforms = transforms
    def __repr__(self): return f"Compose({self.transforms})"
    def __call__(self, img):
        """Apply each transform to what the one before returned; the first one, to img."""
        ### BEGIN SOLUTION
        for transform in self.transforms:
            img = transform(img)
        return img
        ### END SOLUTION

class TensorDataset(Dataset):
    """Rows of tensors that belong together: sample i is the tuple of their rows i."""
    def __init__(self, *tensors):
        """Keep the tuple as self.tensors. Raise AssertionError, with all the sizes, unless they
        have the same number of rows, `size(0)`."""
        ### BEGIN SOLUTION
        sizes = [column.size(0) for column in tensors]
        if len(set(sizes)) > 1:
            raise AssertionError(f"tensors of one dataset need the same number of rows: {sizes}")
        self.tensors = tensors
        ### END SOLUTION
    def __len__(self): return self.tensors[0].size(0)
    def __getitem__(self, index):
        """A tuple with tensor[index] of each tensor; index may be a number, a slice or a list."""
        ### BEGIN SOLUTION
        return tuple(column[index] for column in self.tensors)
        ### END SOLUTION
    def __getitems__(self, indices):
        """The samples with these numbers (a list), as a TensorDataset of the gathered rows. But if
        self has a __getitem__ other than TensorDataset's: the list of what that returns."""
        ### BEGIN SOLUTION
        if type(self).__getitem__ is not TensorDataset.__getitem__:
            return [self[index] for index in indices]
        return TensorDataset(*self[indices])
        ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Datasets
# Transforms in their order; samples, gathered samples, and a subclass that insists on its own.

# %% nbgrader={"grade_id": "test-dataloader-datasets", "points": 15}
def test_unit_datasets():
    halve, shift = (lambda x: x / 16), (lambda x: x - 0.5)
    assert Compose([halve, shift])(12) == 0.25, "first divide, then subtract"
    assert Compose([shift, halve])(8.5) == 0.5, "first subtract, then divide"
    assert Compose([])("as it was") == "as it was", "without transforms, nothing changes"
    a, b = np.arange(20.0).reshape(5, 2, 2), np.arange(5) * 7
    images, labels = tensor(a), tensor(b)
    dataset = TensorDataset(images, labels)
    assert len(dataset) == 5 and dataset.tensors == (images, labels), "five rows, and the tensors"
    for index in (3, -1, slice(1, 4), [4, 0, 4]):
        sample = dataset[index]
        assert type(sample) is tuple and len(sample) == 2, f"a sample is a pair, not {sample!r}"
        same(sample[0], a[index], f"the image at {index}")
        same(sample[1], b[index], f"the label at {index}")
    batch = dataset.__getitems__([4, 0, 4])
    assert type(batch) is TensorDataset and len(batch) == 3, "__getitems__ gathers a TensorDataset"
    same(batch.tensors[0], a[[4, 0, 4]], "the gathered images")
    same(list(batch)[1][1], b[0], "the label of the second sample in the batch")
    class Louder(TensorDataset):
        def __getitem__(self, index): return super().__getitem__(index)[0] * 10
    got = Louder(images).__getitems__([2, 1])
    assert type(got) is list, "with a __getitem__ of its own: the list of what that returns"
    same(stack(got), a[[2, 1]] * 10, "the samples of the subclass")
    refuses(AssertionError, lambda: TensorDataset(images, images, labels[:4]), "5", "4")
test_unit_datasets()

# %% [markdown]
# ## 2. Random numbers that repeat
# Shuffling needs whole numbers. Random bits modulo n aren't fair: three bits are a number from 0 to
# 7, and modulo 5 they make 0, 1 and 2 twice as likely as 3 and 4. NumPy's `integers(low, high,
# size)` throws the surplus away. Its `permutation(n)` shuffles as Fisher and Yates did:
#
# ```
#    0 1 2 3    swap the last with one of all 4, say number 1    0 3 2 │ 1
#    0 3 2      swap the last with one of these 3, say number 0  2 3 │ 0 1
#    2 3        swap the last with one of these 2, say itself    2 │ 3 0 1
# ```
#
# 4 · 3 · 2 choices, 24 orders, each as likely as any other. A `Generator` of module 01 holds a
# NumPy generator with these methods as `_numpy`; `default_generator` serves all who bring none. What
# comes next is decided by its **state**, a few numbers: save them, and the future can be repeated.

# %% nbgrader={"grade_id": "dataloader-random"}
#| export
def fitting(low, high, dtype):
    """dtype, or RuntimeError if it can't hold all of range(low, high)."""
    ends = np.array([low, high - 1] if low < high else [])
    if (ends.astype(dtype) != ends).any():
        raise RuntimeError(f"{dtype} cannot hold all numbers from {low} to {high - 1}")
    return dtype

def randint(low=0, high=None, size=None, *, generator=None, dtype=None):
    """A Tensor of this size (a tuple) of whole numbers, low <= number < high, all equally likely.
    randint(5, (2,)) means randint(0, 5, (2,)).

    Approach: raise RuntimeError, with both, unless low is below high. `fitting` checks the dtype,
    which is int64 if None. Draw from `_numpy` of generator, or of default_generator, and convert
    the Tensor with `to`."""
    if size is None:
        high, size = None, high
    if high is None:
        low, high = 0, low
    if not isinstance(size, (tuple, list)):
        raise TypeError(f"the size of a random tensor is a tuple of ints, not {size!r}")
    low, high = operator.index(low), operator.index(high)
    ### BEGIN SOLUTION
    if low >= high:
        raise RuntimeError(f"randint needs low < high, got {low} and {high}")
    dtype = fitting(low, high, dtype or int64)
    numpy = (generator or default_generator)._numpy
    return from_numpy(numpy.integers(low, high, size)).to(dtype)
    ### END SOLUTION

def randperm(n, *, generator=None, dtype=int64):
    """The numbers 0 … n - 1 in a random order, a Tensor of shape (n,). Raise RuntimeError, with n,
    if n is negative; `fitting` again, for 0 and n."""
    n = operator.index(n)
    ### BEGIN SOLUTION
    if n < 0:
        raise RuntimeError(f"randperm needs n >= 0, got {n}")
    dtype = fitting(0, n, dtype)
    numpy = (generator or default_generator)._numpy
    return from_numpy(numpy.permutation(n)).to(dtype)
    ### END SOLUTION

def get_rng_state(): return default_generator.get_state()  # a uint8 Tensor, to be saved
def set_rng_state(new_state): default_generator.set_state(new_state)

# %% [markdown]
# ### 🧪 Unit Test: Random numbers
# Each number and each order comes up equally often; sequences repeat; what can't be is refused.

# %% nbgrader={"grade_id": "test-dataloader-random", "points": 13}
def test_unit_random():
    manual_seed(3)
    counts = Counter(randint(2, 7, (5000,)).tolist())
    assert sorted(counts) == [2, 3, 4, 5, 6], f"from 2 up to 7, without 7: got {sorted(counts)}"
    assert all(850 < n < 1150 for n in counts.values()), f"a thousand times each, got {counts}"
    assert set(randint(2, (99,)).tolist()) == {0, 1}, "randint(2, (99,)) draws 0 and 1"
    assert randint(9, (2,)).dtype == randperm(2).dtype == int64, "int64, if nobody says otherwise"
    orders = Counter(tuple(randperm(3).tolist()) for _ in range(1800))
    assert len(orders) == 6 and min(orders.values()) > 220, f"six orders, 300 times each: {orders}"
    assert randperm(0).shape == (0,) and randperm(1).tolist() == [0], "randperm(0) is empty"
    def calls(own=None):
        return randint(999, (2, 3), generator=own).tolist(), randperm(9, generator=own).tolist()
    state = get_rng_state()
    mine = [calls(Generator().manual_seed(8)) for _ in range(2)]
    assert mine[0] == mine[1], "the same seed, the same numbers"
    assert get_rng_state().tolist() == state.tolist(), "leave the default generator out of it"
    before = calls()
    assert calls() != before, "the default generator goes on"
    set_rng_state(state)
    assert calls() == before, "the same state, the same numbers"
    for dtype in (int64, uint8, float32):
        for got in (randint(256, (2, 1), dtype=dtype), randperm(256, dtype=dtype)):
            assert got.dtype == dtype and got.shape in {(2, 1), (256,)}, f"{dtype}, got {got!r}"
    refuses(RuntimeError, lambda: randint(257, (1,), dtype=uint8), "256")
    refuses(RuntimeError, lambda: randint(-1, 5, (1,), dtype=uint8), "-1")
    refuses(RuntimeError, lambda: randperm(257, dtype=uint8), "256")
    refuses(RuntimeError, lambda: randint(5, 5, (1,)), "5")
    refuses(RuntimeError, lambda: randperm(-1), "-1")
test_unit_random()

# %% [markdown]
# ## 3. Splitting
# A network can learn its samples by heart. What it understood shows only on samples that it never
# saw. So the data is split *first*, at random (files are often sorted), into parts that share
# nothing. Fractions leave a rest, which goes to the parts from the front, one sample each:
#
# ```
#    10 by [0.55, 0.35, 0.1]      floor: 5, 3, 1      one is left: 6, 3, 1
#    shuffled    8 3 5 0 9 1 │ 4 2 7 │ 6
#    ends                    6       9   10       accumulate([6, 3, 1])
# ```
#
# Nothing is copied: a `Subset` is a list of indices, and looks up twice: sample 0 is `dataset[8]`.

# %% nbgrader={"grade_id": "dataloader-split"}
#| export
class Subset(Dataset):
    """The samples of dataset with these numbers, in this order."""
    def __init__(self, dataset, indices):
        self.dataset, self.indices = dataset, indices
        mine = type(self)  # the trap of part 1; torch refuses it here, and so do we
        if mine.__getitem__ is not Subset.__getitem__ and mine.__getitems__ is Subset.__getitems__:
            raise NotImplementedError(f"{mine.__name__} has __getitem__: it needs __getitems__ too")
    def __len__(self): return len(self.indices)
    def __getitem__(self, idx):
        """Sample idx of this subset. If idx is a list: dataset[the list of their numbers there]."""
        ### BEGIN SOLUTION
        if isinstance(idx, list):
            return self.dataset[[self.indices[i] for i in idx]]
        return self.dataset[self.indices[idx]]
        ### END SOLUTION
    def __getitems__(self, indices):
        """Many samples: by dataset's __getitems__, if it has that, and otherwise as a list."""
        ### BEGIN SOLUTION
        many = getattr(self.dataset, "__getitems__", None)
        if many is not None:
            return many([self.indices[i] for i in indices])
        return [self[i] for i in indices]
        ### END SOLUTION

def share(total, fractions):
    """Whole numbers in these proportions that add up to total: share(10, [0.55, 0.35, 0.1]) is
    [6, 3, 1]. Approach: the floor of each product, then one more for each, from the front, until
    nothing is missing."""
    for i, fraction in enumerate(fractions):
        if not 0 <= fraction <= 1:
            raise ValueError(f"fraction {fraction} at index {i} is not between 0 and 1")
    ### BEGIN SOLUTION
    counts = [floor(total * fraction) for fraction in fractions]
    for k in range(total - sum(counts)):
        counts[k % len(counts)] += 1
    ### END SOLUTION
    for i, count in enumerate(counts):
        if count == 0:
            warnings.warn(f"part {i} of the split is empty", stacklevel=3)
    return counts

def random_split(dataset, lengths, generator=default_generator):
    """A list of Subsets of these lengths that share no sample.
    Approach: lengths that add up to 1 (`isclose`, and not above 1) are fractions: `share` them out.
    Raise ValueError, with both numbers, if the lengths don't add up to the samples. Then cut one
    random permutation (a list) into pieces."""
    ### BEGIN SOLUTION
    if isclose(sum(lengths), 1) and sum(lengths) <= 1:
        lengths = share(len(dataset), lengths)
    if sum(lengths) != len(dataset):
        raise ValueError(f"lengths add up to {sum(lengths)}, the dataset has {len(dataset)}")
    indices = randperm(len(dataset), generator=generator).tolist()
    ends = accumulate(lengths)
    return [Subset(dataset, indices[end - n:end]) for n, end in zip(lengths, ends)]
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Splitting
# Lookups; lengths; that each sample is in one part; that parts are random and can be repeated.

# %% nbgrader={"grade_id": "test-dataloader-split", "points": 17}
def test_unit_split():
    calls, letters = [], list("abcde")
    class Counted(list):
        def __getitems__(self, indices): return calls.append(indices) or [self[i] for i in indices]
    part = Subset(letters, [4, 0, 2])
    assert [part[i] for i in (0, 1, 2, -1)] == list("eacc"), "each index is looked up twice"
    assert part.__getitems__([2, 0]) == ["c", "e"], "__getitems__ of a dataset without that method"
    inner = Subset(Subset(Counted(letters), [3, 2, 1]), [2, 0])
    assert inner.__getitems__([0, 1, 1]) == list("bdd"), "a subset of a subset"
    assert calls == [[1, 3, 3]], f"the dataset's own __getitems__, once for all: {calls}"
    rows = Subset(TensorDataset(arange(5) * 3), [4, 0, 2])
    same(rows[[2, 0]][0], [6, 12], "a list as the index of a subset")
    for total, fractions, wanted in [
        (10, [0.55, 0.35, 0.1], [6, 3, 1]), (1797, [0.8, 0.2], [1438, 359]), (5, [0.4], [5]),
        (9, [1 / 6] * 6, [2, 2, 2, 1, 1, 1]), (7, [0.5, 0.5], [4, 3]),
    ]:
        got = share(total, fractions)
        assert got == wanted, f"share({total}, {fractions}) should be {wanted}, got {got}"
    data = list("qwertzuiop")
    for lengths in ([6, 3, 1], [0.55, 0.35, 0.1]):
        parts = random_split(data, lengths)
        assert [type(p) for p in parts] == [Subset] * 3, "a list of Subsets"
        assert [len(p) for p in parts] == [6, 3, 1], f"{lengths}: got {list(map(len, parts))}"
        together = sorted(sample for part in parts for sample in part)
        assert together == sorted(data), f"each sample in exactly one part, got {together}"
    def order(**options): return random_split(data, [10], **options)[0].indices
    one, again, two = (order(generator=Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert one == again != two, "the generator decides, and repeats"
    assert order() != order(), "each call draws anew"
    for wrong in ([6, 3], [0.5, 0.6], [0.5, 0.4], [0.5, 0.5 + 1e-12], [12]):
        refuses(ValueError, lambda: random_split(data, wrong), "10")
test_unit_split()

# %% [markdown]
# ## 4. Samplers
# A **sampler** says in which order samples come; going through it once is an epoch. A batch sampler
# puts their numbers together in lists.
#
# ```
#    RandomSampler   3 0 4 2 1     BatchSampler(…, 2, drop_last=False)   [3, 0] [4, 2] [1]
#                                  BatchSampler(…, 2, drop_last=True)    [3, 0] [4, 2]
# ```
#
# Why shuffle? If all zeros come first and then all ones, the ones undo what the zeros taught. Why
# drop the last? A batch of one makes a noisy step as large as the others. In a test, keep it.
#
# With a generator of its own, a sampler draws from that. Without, it takes *one* number from the
# default generator, the seed of a new one. So an epoch's order is settled when it begins, and the
# state before it is enough to repeat it, whatever else draws numbers meanwhile.

# %% nbgrader={"grade_id": "dataloader-samplers"}
#| export
def positive(name, number):
    if type(number) is not int or number <= 0:
        raise ValueError(f"{name} should be a positive integer, but got {name}={number}")
    return number

class Sampler:
    """An order of samples or of batches. A subclass has __iter__, and perhaps __len__."""
    def __iter__(self):
        raise NotImplementedError(f"{type(self).__name__} is a Sampler without __iter__")

class SequentialSampler(Sampler):
    def __init__(self, data_source): self.data_source = data_source
    def __iter__(self): return iter(range(len(self.data_source)))
    def __len__(self): return len(self.data_source)

class RandomSampler(Sampler):
    """Rounds of all samples, until there are num_samples (None: one round). With replacement, each
    index is drawn from all of them."""
    def __init__(self, data_source, replacement=False, num_samples=None, generator=None):
        self.data_source, self.replacement = data_source, replacement
        self._num_samples, self.generator = num_samples, generator
        positive("num_samples", self.num_samples)
    @property
    def num_samples(self):  # a dataset may have grown since yesterday
        return len(self.data_source) if self._num_samples is None else self._num_samples
    def __len__(self): return self.num_samples
    def __iter__(self):
        """Yield ints, for n samples. With replacement: num_samples from `randint`. Otherwise a new
        `randperm` of n for each round; of the last round, only what is still missing:
        3 samples and num_samples=7 could give 2 0 1, 1 2 0, 0. All from this generator."""
        n, generator = len(self.data_source), self.generator
        if generator is None:
            generator = Generator().manual_seed(randint(2**63 - 1, ()).item())
        ### BEGIN SOLUTION
        if self.replacement:
            yield from randint(n, (self.num_samples,), generator=generator).tolist()
        else:
            for start in range(0, self.num_samples, n):
                order = randperm(n, generator=generator).tolist()
                yield from order[:self.num_samples - start]
        ### END SOLUTION

class BatchSampler(Sampler):
    """Lists of batch_size indices of a sampler; with drop_last, without an incomplete last one."""
    def __init__(self, sampler, batch_size, drop_last):
        self.sampler, self.drop_last = sampler, drop_last
        self.batch_size = positive("batch_size", batch_size)
    def __iter__(self):
        """Yield the lists. Approach: make one iterator of the sampler, and take the next list from
        it with `islice` (a walrus in the while is handy) until that is empty."""
        ### BEGIN SOLUTION
        indices = iter(self.sampler)
        while batch := list(islice(indices, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch
        ### END SOLUTION
    def __len__(self):
        """How many lists these are, by arithmetic: divmod(len(self.sampler), self.batch_size)."""
        ### BEGIN SOLUTION
        full, rest = divmod(len(self.sampler), self.batch_size)
        return full if rest == 0 or self.drop_last else full + 1
        ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Samplers
# Orders and batches, their lengths, and how they depend on the generators.

# %% nbgrader={"grade_id": "test-dataloader-samplers", "points": 13}
def test_unit_samplers():
    manual_seed(5)
    for wanted in (1, 4, 10, 23):
        got = list(RandomSampler(range(10), num_samples=wanted))
        assert len(got) == wanted and set(map(type, got)) == {int}, f"{wanted} ints, got {got}"
        rounds = [got[start:start + 10] for start in range(0, wanted, 10)]
        assert all(len(set(r)) == len(r) for r in rounds), f"each sample once a round: {rounds}"
    assert rounds[0] != rounds[1], "every round has an order of its own"
    assert set(got) == set(range(10)), f"indices from 0 to 9, got {got}"
    many = list(RandomSampler(range(5), replacement=True, num_samples=99))
    assert len(many) == 99 and set(many) == set(range(5)), "99 draws from five"
    assert any(len(set(many[i:i + 5])) < 5 for i in range(0, 95, 5)), "with replacement: no rounds"
    for options in ({"replacement": True}, {"num_samples": 25}):
        own = [Generator().manual_seed(seed) for seed in (1, 1, 2)]
        one, again, two = (list(RandomSampler(range(10), generator=g, **options)) for g in own)
        assert one == again != two, f"{options}: the generator decides"
        state, sampler = get_rng_state(), RandomSampler(range(10), **options)
        alone = list(sampler)
        set_rng_state(state)
        among_others = [index for index in sampler if randn(3).shape]
        assert among_others == alone, f"{options}: others drew numbers, and the order changed"
    for n, drop_last, wanted in [
        (5, False, [[0, 1], [2, 3], [4]]), (5, True, [[0, 1], [2, 3]]), (1, False, [[0]]),
        (4, False, [[0, 1], [2, 3]]), (4, True, [[0, 1], [2, 3]]), (1, True, []),
    ]:
        batches = BatchSampler(SequentialSampler(range(n)), 2, drop_last)
        assert list(batches) == wanted, f"{n} by 2, {drop_last=}: got {list(batches)}"
        assert len(batches) == len(wanted), f"{n} by 2, {drop_last=}: length {len(batches)}"
test_unit_samplers()

# %% [markdown]
# ## 5. Collate: from rows to columns
# A batch of samples is a list of rows; a network wants one tensor for each column.
#
# ```
#    [(image 3, 7),                     the images, stacked: (2, 8, 8)
#     (image 0, 4)]  ── zip(*batch) ──▶ the labels, one Tensor: [7, 4]
# ```
#
# | first sample | the batch |
# | --- | --- |
# | Tensor, NumPy array or number | a Tensor of its dtype, by `pile` |
# | float | a Tensor of float64: Python's floats have 64 bits |
# | int, bool | a Tensor of int64 or bool |
# | str, bytes | unchanged |
# | dict | a dict: each key with the batch of its values |
# | tuple, list | a list: each position with its batch; a named tuple stays one |
#
# The function calls itself for each column, so a tuple may hold a dict: of the two samples `(1,
# {"x": 2.0})` and `(3, {"x": 4.0})` it makes `[tensor([1, 3]), {"x": tensor([2., 4.])}]`.

# %% nbgrader={"grade_id": "dataloader-collate"}
#| export
def is_numeric(sample):
    array = isinstance(sample, (np.ndarray, np.generic)) and sample.dtype.kind in "biuf"
    return array or isinstance(sample, Tensor)

def pile(batch):
    """What `stack` does, for all that is numeric. NumPy alone is many times faster, if it will do."""
    if len({x.dtype for x in batch}) > 1 or any(getattr(x, "requires_grad", False) for x in batch):
        return stack([x if isinstance(x, Tensor) else from_numpy(x) for x in batch])
    return from_numpy(np.array([x.numpy() if isinstance(x, Tensor) else x for x in batch]))

def default_collate(batch):
    """Make one batch of these samples; what the first one is decides. Raise RuntimeError if tensors
    and arrays differ in shape, or tuples and lists in length, and show what they have; TypeError,
    with the first one's type, for what the table doesn't have.
    Approach: go down the table with isinstance. The order matters: NumPy's float64 is a Python
    float too, and a str is a Sequence. `copy(first)`, `update`d, is a dict of the same class. A
    named tuple has `_fields`, and its class takes the columns as arguments."""
    if type(batch) is TensorDataset:  # gathered by part 1: the columns are there
        return list(batch.tensors)
    first = batch[0]
    ### BEGIN SOLUTION
    if is_numeric(first):
        shapes = {np.shape(sample) for sample in batch}
        if len(shapes) > 1:
            raise RuntimeError(f"the samples of a batch need one shape, got {shapes}")
        return pile(batch)
    if isinstance(first, float):
        return tensor(batch, dtype=float64)
    if isinstance(first, int):
        return tensor(batch)
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        columns = copy(first)
        columns.update({key: default_collate([row[key] for row in batch]) for key in first})
        return columns
    if isinstance(first, Sequence):
        lengths = set(map(len, batch))
        if len(lengths) > 1:
            raise RuntimeError(f"the samples of a batch need one length, got {lengths}")
        columns = [default_collate(column) for column in zip(*batch)]
        return type(first)(*columns) if hasattr(first, "_fields") else columns
    raise TypeError(f"a batch is made of tensors, arrays, numbers, dicts or lists: {type(first)}")
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Collate
# Each line of the table, nests of them, and samples that don't fit together.

# %% nbgrader={"grade_id": "test-dataloader-collate", "points": 12}
def test_unit_collate():
    a = np.arange(6.0, dtype="f").reshape(2, 3)
    for batch, wanted in [
        ([tensor(a), tensor(-a)], np.stack([a, -a])), ([a, -a, a], np.stack([a, -a, a])),
        ([np.float32(1), np.float32(2)], np.float32([1, 2])), ([np.uint8(3)], np.uint8([3])),
        ([1.5, 2], [1.5, 2.0]), ([3, 1], [3, 1]), ([True, False], [True, False]),
    ]:
        same(default_collate(batch), wanted, f"a batch of {type(batch[0]).__name__}")
    for words in (["a", "b"], [b"a", b"b"]):
        assert default_collate(words) == words, "strings and bytes stay as they are"
    Point = namedtuple("Point", "x y")
    point = default_collate([Point(1, 2.0), Point(3, 4.0)])
    assert type(point) is Point, f"a named tuple stays one, got {point!r}"
    same(point.y, [2.0, 4.0], "the second field")
    ordered = default_collate([OrderedDict(b=1, a=2)] * 2)
    assert type(ordered) is OrderedDict and list(ordered) == ["b", "a"], "a dict keeps its class"
    mixed = [(a, [1, {"k": "u", "f": 2.0}]), (a, [3, {"f": 4.0, "k": "v"}])]
    got = default_collate(mixed)
    assert type(got) is list and len(got) == 2, f"a tuple becomes a list, as in torch, got {got!r}"
    same(got[0], np.stack([a, a]), "the first column")
    same(got[1][0], [1, 3], "ints in a list in a tuple")
    same(got[1][1]["f"], [2.0, 4.0], "floats in a dict in a list in a tuple")
    assert list(got[1][1]["k"]) == ["u", "v"], "strings in a dict in a list in a tuple"
    assert mixed[0][1][1]["f"] == 2.0, "the samples themselves must stay as they are"
    refuses(RuntimeError, lambda: default_collate([ones(2), ones(3)]), "(2,)", "(3,)")
    refuses(RuntimeError, lambda: default_collate([np.ones((2, 1)), np.ones(2)]), "(2, 1)", "(2,)")
    refuses(RuntimeError, lambda: default_collate([(1, 2), (1,)]), "2", "1")
    refuses(TypeError, lambda: default_collate([None, None]), "NoneType")
    refuses(TypeError, lambda: default_collate([np.array("word")]), "ndarray")
test_unit_collate()

# %% [markdown]
# ## 6. DataLoader
# Now the parts fall into place. Each batch begins as a list of indices:
#
# ```
#    sampler ──▶ batch sampler ──▶ fetch ──▶ collate_fn ──▶ for images, labels in loader:
#    3 0 4 2 1      [3, 0]        samples     tensors
# ```
#
# The loader is no iterator: it *makes* one, an epoch, each time a `for` asks. `fetch` is torch's
# protocol: a dataset with `__getitems__` gets the whole list, any other is asked `dataset[i]` for
# each. A `collate_fn` of your own gets a list of samples either way.

# %% nbgrader={"grade_id": "dataloader-loader"}
#| export
class DataLoader:
    """Goes through a dataset in batches, once for each `for`."""
    def __init__(self, dataset, batch_size=1, shuffle=None, sampler=None, batch_sampler=None,
                 num_workers=0, collate_fn=None, *, drop_last=False, generator=None,
                 prefetch_factor=None):
        """Fill in what is missing. No sampler: a RandomSampler with this generator to shuffle, and
        otherwise a SequentialSampler. No batch_sampler: make one; if there is one, batch_size
        becomes None. Raise ValueError, naming them, for a sampler with shuffle, and a batch_sampler
        with any of batch_size (not 1), shuffle, sampler and drop_last: who would decide?"""
        if num_workers < 0:
            raise ValueError(f"num_workers should not be negative, but got {num_workers}")
        if prefetch_factor is not None and (num_workers == 0 or prefetch_factor < 1):
            raise ValueError("prefetch_factor should be at least 1, and needs num_workers > 0")
        ### BEGIN SOLUTION
        if sampler is not None and shuffle:
            raise ValueError("give a sampler or shuffle, not both")
        if batch_sampler and (batch_size != 1 or shuffle or sampler is not None or drop_last):
            raise ValueError("give a batch_sampler, or batch_size, shuffle, sampler and drop_last")
        if shuffle:
            sampler = RandomSampler(dataset, generator=generator)
        elif sampler is None:
            sampler = SequentialSampler(dataset)
        if batch_sampler is None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        else:
            batch_size = None
        ### END SOLUTION
        vars(self).update(
            dataset=dataset, batch_size=batch_size, sampler=sampler, batch_sampler=batch_sampler,
            num_workers=num_workers, collate_fn=collate_fn or default_collate, drop_last=drop_last,
            generator=generator, prefetch_factor=prefetch_factor or (2 if num_workers else None))
    def __setattr__(self, name, value):  # the samplers are made: they wouldn't notice
        if name in ("dataset", "batch_size", "sampler", "batch_sampler", "drop_last"):
            raise ValueError(f"{name} can't change any more: make a new DataLoader")
        super().__setattr__(name, value)
    def __len__(self): return len(self.batch_sampler)
    def _fetch(self, indices):
        """The batch of these samples, by the dataset's __getitems__ if it has that, collated. If
        they come as a TensorDataset, anything but default_collate gets a list of them instead."""
        ### BEGIN SOLUTION
        many = getattr(self.dataset, "__getitems__", None)
        samples = [self.dataset[index] for index in indices] if many is None else many(indices)
        if type(samples) is TensorDataset and self.collate_fn is not default_collate:
            samples = list(samples)
        return self.collate_fn(samples)
        ### END SOLUTION
    def __iter__(self):
        """An iterator that fetches batch after batch, each when it is asked for: one `map`."""
        if self.num_workers > 0:  # part 7
            ahead = self.num_workers * self.prefetch_factor
            futures = fetch_ahead(self._fetch, self.batch_sampler, self.num_workers, ahead)
            return map(Future.result, futures)
        ### BEGIN SOLUTION
        return map(self._fetch, self.batch_sampler)
        ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: DataLoader
# Epochs in and out of order, other people's samplers, laziness, and contradictions.

# %% nbgrader={"grade_id": "test-dataloader-loader", "points": 13}
def test_unit_loader():
    asked, data = [], [10 * i for i in range(5)]
    class Slow(Dataset):
        def __len__(self): return 5
        def __getitem__(self, index): return asked.append(index) or data[index]
    class Fast(Slow):
        def __getitems__(self, many): return asked.append(many) or tuple(data[i] for i in many)
    values = lambda loader: [batch.tolist() for batch in loader]
    for options, wanted in [
        ({}, [[0], [10], [20], [30], [40]]), ({"batch_size": 2}, [[0, 10], [20, 30], [40]]),
        ({"batch_size": 2, "drop_last": True}, [[0, 10], [20, 30]]),
        ({"batch_size": 2, "sampler": [4, 0, 4]}, [[40, 0], [40]]),
        ({"batch_sampler": [[3, 1], [2]]}, [[30, 10], [20]]),
    ]:
        loader = DataLoader(Slow(), **options)
        assert values(loader) == wanted, f"{options}: should be {wanted}, got {values(loader)}"
        assert len(loader) == len(wanted), f"{options}: {len(wanted)} batches, got {len(loader)}"
    assert DataLoader(data).batch_size == 1 and loader.batch_size is None, "loader.batch_size"
    own = [Generator().manual_seed(seed) for seed in (1, 1, 2)]
    one, again, two = (values(DataLoader(data, 2, True, generator=g)) for g in own)
    assert one == again != two, "the generator decides the order"
    loader = DataLoader(range(50), 8, shuffle=True)
    first, second = (sum(values(loader), []) for _ in range(2))
    assert sorted(first) == sorted(second) == list(range(50)), "each sample once an epoch"
    assert first != second, "a new order for each epoch"
    asked.clear()
    iterator = iter(DataLoader(Slow(), 2))
    assert next(iterator).tolist() == [0, 10] and asked == [0, 1], "one batch, and not the next"
    asked.clear()
    assert values(DataLoader(Fast(), 3)) == [[0, 10, 20], [30, 40]], "with __getitems__"
    assert asked == [[0, 1, 2], [3, 4]], f"__getitems__ gets the whole list: {asked}"
    kinds = [[*DataLoader(d, 5, collate_fn=type)] for d in (TensorDataset(arange(5)), Fast())]
    assert kinds == [[list], [tuple]], f"a list for a TensorDataset, others as they are: {kinds}"
    for options in [
        {"sampler": [0], "shuffle": True}, {"batch_sampler": [[0]], "batch_size": 2},
        {"batch_sampler": [[0]], "shuffle": True}, {"batch_sampler": [[0]], "sampler": [0]},
        {"batch_sampler": [[0]], "drop_last": True}, {"batch_size": 0},
    ]:
        refuses(ValueError, lambda: DataLoader(data, **options), *options)
    refuses(ValueError, lambda: setattr(loader, "batch_size", 3), "batch_size")
test_unit_loader()

# %% [markdown]
# ## 7. Fetching ahead
# While a batch is being learnt, the next could be on its way from the disk. So workers fetch, and
# the loop finds its batch ready. In torch they are processes; ours are **threads**.
#
# ```
#    without         fetch 0 │ learn 0 │ fetch 1 │ learn 1 │ fetch 2 │ learn 2
#    one worker      fetch 0 │ fetch 1 │ fetch 2 │
#    the loop                │ learn 0 │ learn 1 │ learn 2
# ```
#
# `pool.submit(fetch, indices)` returns at once, with a **future**: a promise whose `result()` waits,
# and raises here, with its traceback, what `fetch` raised there. A queue of promises, the oldest
# redeemed first, keeps the order, whichever batch is ready first. It is bounded: when more than
# `num_workers * prefetch_factor` are pending, the oldest goes out. The loop itself draws the
# indices, so workers don't change the shuffle. And if someone leaves the loop early, Python closes
# the generator: GeneratorExit is raised at the `yield`, and a `finally` sends the workers home.
#
# What threads can't do: run Python twice at once. The interpreter's lock (GIL) is held by one
# thread at a time, and given back while waiting and inside long NumPy calls. And two workers may
# call your dataset at the same moment: if it keeps its place in a file, or draws random numbers,
# give it one worker, so that its calls stay in order.

# %% nbgrader={"grade_id": "dataloader-ahead"}
#| export
def fetch_ahead(fetch, batches, workers, ahead):
    """Yield a future of fetch(indices) for each indices in batches, in their order, where this many
    workers do the work, and `ahead` futures are pending while the caller has the one before them.

    Approach: a ThreadPoolExecutor(workers), a deque, and a loop that submits. Whenever more than
    `ahead` are pending, yield the oldest; after the loop, what is left. However this ends,
    `pool.shutdown(cancel_futures=True)` drops what hasn't begun and waits for what has."""
    ### BEGIN SOLUTION
    pool, pending = ThreadPoolExecutor(workers), deque()
    try:
        for indices in batches:
            pending.append(pool.submit(fetch, indices))
            if len(pending) > ahead:
                yield pending.popleft()
        while pending:
            yield pending.popleft()
    finally:
        pool.shutdown(cancel_futures=True)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Fetching ahead
# Order, how far ahead, how many at once, who hears of errors, and who goes home.

# %% nbgrader={"grade_id": "test-dataloader-ahead", "points": 12}
def test_unit_ahead():
    threads, begun, drawn = threading.active_count(), [], []
    def late(i):  # the first of each three is the slowest
        time.sleep(0.004 * (2 - i % 3))
        return i * i
    squares = [future.result() for future in fetch_ahead(late, range(7), 3, 5)]
    assert squares == [0, 1, 4, 9, 16, 25, 36], f"the order of the batches, got {squares}"
    futures = fetch_ahead(late, (drawn.append(i) or i for i in range(9)), 2, 3)
    next(futures)
    assert drawn == [0, 1, 2, 3], f"the first is out and three are ahead, but drawn were {drawn}"
    next(futures)
    assert drawn == [0, 1, 2, 3, 4], f"whenever one goes out, one is submitted: {drawn}"
    del futures
    assert threading.active_count() == threads, "someone left early, and threads are still there"
    meet = threading.Barrier(2)
    both = [future.result() for future in fetch_ahead(lambda i: meet.wait(5) + 1, [0, 1], 2, 1)]
    assert sorted(both) == [1, 2], "two workers fetch at the same time"
    running = lambda i: (time.sleep(0.002), threading.active_count() - threads)[1]
    most = max(future.result() for future in fetch_ahead(running, range(9), 2, 8))
    assert most == 2, f"two workers are two threads, there were {most}"
    slow = fetch_ahead(lambda i: (begun.append(i), time.sleep(0.05)), range(30), 1, 20)
    next(slow).result()
    slow.close()
    assert len(begun) < 10, f"on leaving, drop what hasn't begun; {len(begun)} were fetched"
    class Broken(Dataset):
        def __len__(self): return 4
        def __getitem__(self, index): return 1 / (index - 1)
    iterator = iter(DataLoader(Broken(), num_workers=1))
    assert next(iterator).tolist() == [-1.0], "the batch before the error comes"
    refuses(ZeroDivisionError, lambda: next(iterator))
    assert [b.tolist() for b in iterator] == [[1.0], [0.5]], "and the loop may go on after it"
    assert threading.active_count() == threads, "after the last batch, the workers go home"
test_unit_ahead()

# %% [markdown]
# ## 📊 Systems analysis
# What does a batch cost, and when do workers help?

# %%
from timeit import repeat
def best(call, calls):  # microseconds, the best of five: other programs only slow us down
    return min(repeat(call, number=calls, repeat=5)) / calls * 1e6

class OneByOne(TensorDataset):  # its own __getitem__: the loader has to ask sample by sample
    def __getitem__(self, index): return super().__getitem__(index)

print("A batch of 64 samples of a TensorDataset, in µs:")
for width in (8, 64, 512):
    x, y, indices = randn(2000, width), arange(2000), randperm(2000)[:64].tolist()
    one, gathered = (DataLoader(kind(x, y))._fetch for kind in (OneByOne, TensorDataset))
    slow, fast = best(lambda: one(indices), 20), best(lambda: gathered(indices), 200)
    print(f"  width {width:3}: one by one {slow:6.1f}, gathered {fast:5.1f}")
class Waiting(Dataset):  # as a disk or a network would make us wait
    def __len__(self): return 64
    def __getitem__(self, index): return time.sleep(0.0005) or 1.0
class Counting(Waiting):  # Python's own work
    def __getitem__(self, index): return float(sum(range(20_000)))

def epoch(dataset, workers, products):
    for _ in DataLoader(dataset, 8, num_workers=workers):
        for _ in range(products):  # "learning"
            weights @ weights
weights = np.ones((256, 256), "f")
print("An epoch of 8 batches, in ms:")
for dataset, products in ((Waiting(), 0), (Waiting(), 20), (Counting(), 0)):
    times = {n: best(lambda: epoch(dataset, n, products), 1) / 1000 for n in (0, 1, 4)}
    row = ", ".join(f"{n} workers {t:5.1f}" for n, t in times.items())
    print(f"  {type(dataset).__name__:8} {'and learning' if products else '':12} {row}")

# %% [markdown]
# One by one, each sample pays for several calls of Python, whatever its width; gathered, its row is
# copied among others. A dataset of yours that can gather should have `__getitems__`.
#
# While one worker waits, learning goes on; several workers wait at once. But a single one saves
# nothing if there is nothing else to do, and Python's own work needs the lock: the threads take
# turns, and the total stays about what it was. Processes, as in torch, help there, and cost more:
# each starts an interpreter, and every batch travels from one memory to another.

# %% [markdown]
# ## 🧪 Module test
# ### 🧪 Unit Test: Data loader together
# Samples split, transformed, shuffled, batched; and two epochs, repeated with workers.

# %% nbgrader={"grade_id": "test-dataloader-together", "points": 5}
def test_unit_together():
    class Scaled(Dataset):
        def __init__(self, dataset, transform): self.dataset, self.transform = dataset, transform
        def __len__(self): return len(self.dataset)
        def __getitem__(self, index):
            x, y = self.dataset[index]
            return {"x": self.transform(x), "y": y}
    a = np.arange(90, dtype="f").reshape(30, 3)
    rows = TensorDataset(tensor(a), arange(30))
    manual_seed(4)
    train, test = random_split(rows, [0.8, 0.2])
    scaled = Scaled(train, Compose([lambda x: x / 2, lambda x: x + 1]))
    loader, seen = DataLoader(scaled, batch_size=5, shuffle=True, drop_last=True), []
    state = get_rng_state()
    for batch in loader:
        y = batch["y"].tolist()
        same(batch["x"], a[y] / 2 + 1, "each x comes with its own y, transformed")
        seen.append(y)
    flat = sum(seen, [])
    assert list(map(len, seen)) == [5] * 4 and len(loader) == 4, "24 samples are 4 batches of 5"
    assert len({*flat, *(int(y) for _, y in test)}) == 26, "no sample twice, none of the test"
    again = [batch["y"].tolist() for batch in loader]
    assert again != seen, "the next epoch has another order"
    for workers in (0, 1, 3):
        set_rng_state(state)
        loader = DataLoader(scaled, 5, True, num_workers=workers, drop_last=True)
        got = [[batch["y"].tolist() for batch in loader] for epoch in range(2)]
        assert got == [seen, again], f"{workers} workers, from the saved state: the same epochs"
    for batch, wanted in zip(DataLoader(Subset(rows, range(10)), 4), (a[:4], a[4:8], a[8:10])):
        same(batch[0], wanted, "a batch of a subset of tensors")
test_unit_together()

# %% [markdown]
# ## 🤔 Questions to think about
# 1. Your files hold each picture three times, slightly turned. Test accuracy is splendid, on new
#    pictures it isn't. What went wrong in the split, and what should be split instead?
# 2. In a file of 100 GB, a jump costs a thousand times more than reading on. How would you shuffle?
# 3. With `drop_last=True`, are some samples never learnt? Does shuffling change the answer?
# 4. A dataset adds noise from the default generator, and so does the model. Why may two runs with
#    the same seed differ if a worker fetches, and what would make them equal?

# %% [markdown]
# ## 🎯 Summary
# `tinytorch.data` now gives you datasets that are described and not copied, splits that share
# nothing, orders that repeat from a saved state, and batches that are gathered at once or fetched
# ahead. So far nothing learns: in module 06, the tape goes into the door.
