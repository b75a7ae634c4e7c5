# %% [markdown]
# # 17 · Acceleration
#
# Your library computes the right numbers, and most of the time it waits: for numbers that come from
# memory, and go back there, and come again. You find out how fast this machine can be at best, see which
# of your operations are far from it and why, and rewrite those so that the same numbers come out with
# less traffic: a product in tiles, a chain of operations in one pass, attention without its big matrix.
# Hong and Kung (1981) proved how much a product must move, Williams, Waterman and Patterson (2009) drew
# the roofline, and Dao et al. (2022) made attention fast by doing *more* arithmetic and less moving.
#
# **Prerequisites:** modules 01, 02, 03, 06, 07, 12, 13 and 14; logarithmic scales.
# **Time:** about 210 minutes, nine exercises.
#
# ```mermaid
# flowchart LR
#     O[07 Optimizers] & A[12 Attention] & T[13 Transformers] --> F(17 Acceleration)
#     P[14 Profiling] --> F --> B[19 Benchmarking]
# ```

# %% [markdown]
# ## 🔧 Setup

# %%
#| default_exp optim.acceleration

# %%
#| export
from collections import namedtuple
from math import ceil, log2, pi, prod
from time import perf_counter
from types import SimpleNamespace

import numpy as np
import tinytorch.nn.functional as F
from tinytorch import nn, optim
from tinytorch.core import gradients, is_grad_enabled, operation, tensor, watched, zeros_like
from tinytorch.nn.attention import merge_heads
from tinytorch.optim.optimizers import adam_descend, decay, spare, update_moments
from tinytorch.profiling.profiler import FLOPS, attention_flops, costs, latency

# %%
from tinytorch.core import Tensor, manual_seed, no_grad, randn
from tinytorch.nn.transformer import next_token_loss
from tinytorch.profiling import peak_memory, profile

def same(got, expected, what, atol=1e-9):
    got, expected = (np.asarray(t.detach() if isinstance(t, Tensor) else t) for t in (got, expected))
    assert got.shape == expected.shape, f"{what}: shape {expected.shape} expected, got {got.shape}"
    assert got.dtype == expected.dtype, f"{what}: should be {expected.dtype}, got {got.dtype}"
    assert np.allclose(got, expected, 0, atol), f"{what}: should be\n{expected}, got\n{got}"

def numbers(*shape, dtype="d"): return np.random.default_rng(shape).normal(size=shape).astype(dtype)

def text(batch, length): return tensor(np.random.default_rng(0).integers(0, 65, (batch, length + 1)))

def step_of(model, optimizer, tokens):
    def step():
        optimizer.zero_grad()
        loss = next_token_loss(model, tokens)
        loss.backward()
        optimizer.step()
        return loss.item()
    return step

def in_turns(old, new, rounds=5):  # how many times as fast new is: median and quartiles of pairs
    def once(call): return latency(call, warmup=0, repeat=1).median
    ratios = [once(old) / once(new) for _ in range(rounds + 1)][1:]  # the first is to warm up
    lower, median, upper = np.percentile(ratios, (25, 50, 75))
    return f"{median:5.2f} × as fast (half of all pairs {lower:.2f} to {upper:.2f})"

# %% [markdown]
# ## 📦 Where this code lives
# The exported cells become `tinytorch/optim/acceleration.py`, and you import from there: `this_machine`
# and `chart`, `tiled_matmul`, `fused_gelu`, `FusedAdamW`, `flash_attention` and `FusedGPT`.

# %% [markdown]
# ## 1. The roof
# A machine can do so many FLOPs a second (its **peak**), and move so many bytes a second to and from
# memory (its **bandwidth**). Work of F FLOPs that moves B bytes needs at least F/peak seconds, and at
# least B/bandwidth; at best both at the same time. So the **least time** is the larger one. Take a
# machine that could do 100 FLOPs, and move 20 bytes, in a nanosecond, our unit of time here:
#
# ```
#                             FLOPs     bytes    F/peak   B/bandwidth     least time
#    add two arrays            1000    12,000        10           600            600     memory decides
#    a product 32 × 32       65,536    12,288       655           614            655     arithmetic does
# ```
#
# FLOPs divided by the least time are the greatest speed that work of this **intensity** (FLOPs for each
# byte, module 14) can have: intensity · bandwidth, until the peak is reached. On logarithmic scales that
# is a slope and a flat part, a roof. It bends at the **ridge**, where intensity = peak/bandwidth, here 5
# FLOPs a byte. Left of it, a faster processor brings nothing, and moving less brings everything.
#
# Both are measured: with large products, and an addition of arrays far larger than the caches. Other
# programs can only make a time longer, so here the *shortest* counts.

# %% nbgrader={"grade_id": "acceleration-roof"}
#| export
Machine = namedtuple("Machine", ["peak", "bandwidth"])  # FLOPs, and bytes, a second

def rate(amount, call, clock=perf_counter):
    """How much of an amount (FLOPs, bytes) a call does in a second, in the shortest of the `times` that
    module 14's `latency` takes with this clock. 6 FLOPs that took 3, 2 and 4: a rate of 3."""
    ### BEGIN SOLUTION
    return amount / min(latency(call, clock=clock).times)
    ### END SOLUTION

def roof(intensity, machine):
    """The greatest speed at this intensity, in FLOPs a second. At 2 FLOPs a byte, the machine of the
    example has 40e9; at 5 or more, 100e9."""
    ### BEGIN SOLUTION
    return min(machine.peak, intensity * machine.bandwidth)
    ### END SOLUTION

def least_time(flops, bytes, machine):
    """The least time for this work, in seconds, also if it has no FLOPs, as a copy hasn't."""
    ### BEGIN SOLUTION
    return max(flops / machine.peak, bytes / machine.bandwidth)
    ### END SOLUTION

def under_the_roof(rows, machine):
    """For each row of a profile's key_averages(), but not for those that moved no bytes, a tuple (key,
    intensity, FLOPs a second, least time / time). A row has key, flops, bytes_moved, intensity and, in
    µs, self_cpu_time_total."""
    ### BEGIN SOLUTION
    found = []
    for row in rows:
        if row.bytes_moved:
            time = row.self_cpu_time_total / 1e6
            share = least_time(row.flops, row.bytes_moved, machine) / time
            found.append((row.key, row.intensity, row.flops / time, share))
    return found
    ### END SOLUTION

def this_machine(sides=(128, 256, 512), length=2**23):
    """This one, in float32: the fastest product (side, side), and three arrays of so many numbers."""
    x, y, total = np.ones((3, length), np.float32)
    products = [np.ones((side, side), np.float32) for side in sides]
    return Machine(max(rate(2 * len(a)**3, lambda: a @ a) for a in products),
                   rate(3 * x.nbytes, lambda: np.add(x, y, out=total)))

# %% [markdown]
# ### 🧪 Unit Test: Roof

# %% nbgrader={"grade_id": "test-acceleration-roof", "points": 10}
def test_unit_roof():
    now, calls, looks = [0.0], [], [3.0, 9.0, 2.0, 4.0]
    def clock():
        now[0] += looks[len(calls) % 4]
        return now[0]
    got = rate(6, lambda: calls.append(1), clock)
    assert got == 3, f"6 FLOPs, of which the fastest call took 2 s: 3 a second, not {got}"
    example = Machine(100e9, 20e9)
    for intensity, expected in [(0, 0), (2, 40e9), (5, 100e9), (64, 100e9)]:
        got = roof(intensity, example)
        assert got == expected, f"at {intensity} FLOPs a byte, {expected} a second, not {got}"
    for flops, moved, expected in [(1000, 12_000, 6e-7), (65_536, 12_288, 6.5536e-7), (0, 40, 2e-9)]:
        got = least_time(flops, moved, example)
        assert abs(got - expected) < 1e-15, f"{flops} FLOPs, {moved} bytes: {expected} s, not {got}"
    Row = namedtuple("Row", "key flops bytes_moved intensity self_cpu_time_total")
    rows = [Row("a", 65_536, 12_288, 5.5, 1.6384), Row("view", 0, 0, 0, 1), Row("b", 0, 12, 0, 2)]
    got = under_the_roof(rows, example)
    assert [each[0] for each in got] == ["a", "b"], f"a and b, in this order, and no view: {got}"
    expected = [[5.5, 40e9, 0.4], [0, 0, 0.0003]]
    assert np.allclose([each[1:] for each in got], expected, 1e-9, 0), f"{expected}, not {got}"
test_unit_roof()

# %%
#| export
def chart(machine, points, width=64, height=11):
    """The roof, and points (name, intensity, FLOPs a second), each as the first letter of its name. A
    line is half of the one above it; the width is 16 doublings, 10 of them left of the ridge."""
    ridge, canvas = machine.peak / machine.bandwidth, [[" "] * width for _ in range(height)]
    def column(intensity): return round((log2(intensity / ridge) + 10) / 16 * (width - 1))
    along = [ridge * 2 ** (16 * place / (width - 1) - 10) for place in range(width)]
    for name, intensity, speed in [("·", each, roof(each, machine)) for each in along] + points:
        row = max(round(log2(machine.peak / speed)), 0)
        if 0 <= column(intensity) < width and row < height:
            canvas[row][column(intensity)] = name[0]
    lines = ["".join(line).rstrip() for line in canvas]
    return "\n".join(lines + [" " * column(ridge) + f"▲ {ridge:.1f} FLOPs a byte"])

# %% Your machine, and products under its roof. Each moves three matrices at least.
here = this_machine()
print(f"{here.peak / 1e9:.1f} FLOPs and {here.bandwidth / 1e9:.1f} bytes a ns")
squares = [(n, numbers(n, n, dtype="f")) for n in (16, 32, 64, 256, 512)]  # their intensity is n / 6
print(chart(here, [(str(n), n / 6, rate(2 * n**3, lambda: a @ a)) for n, a in squares]))

# %% [markdown]
# The top is the peak, each line down half of what is above it. A point *above* the slope is no miracle:
# what fits into a cache comes from there. What limits small products is the fixed price of a call.

# %% [markdown]
# ## 2. Tiles
# A product (n, k) @ (k, m) has 2·n·k·m FLOPs on n·k + k·m + n·m numbers, a wonderful intensity. But does
# every number move only once? Element by element, each one needs a row and a column, so everything is
# read again and again, unless it stays in the cache, which is fast, and small. So compute a **tile** of
# the result at a time, from a row of tiles of a and a column of tiles of b:
#
# ```
#          k                  m                   m            tile = 2, n = 4, k = 6, m = 4
#      ┌──┬──┬──┐        ┌──┬──┐           ┌──┬──┐
#    n │██│██│██│    k   │██│  │         n │██│  │      for one tile of c: 3 tiles of a, 3 of b
#      ├──┼──┼──┤   @    ├──┼──┤    =      ├──┼──┤      c has 4 tiles:     12 and 12
#      │  │  │  │        │██│  │           │  │  │      in numbers:        48 + 48, and 16 written
#      └──┴──┴──┘        ├──┼──┤           └──┴──┘
#                        │██│  │                        element by element: 96 + 96, and 16
#                        └──┴──┘
# ```
#
# a is read once for each column of tiles of c: ⌈m/tile⌉ times. b is read once for each row of them:
# ⌈n/tile⌉ times. Twice the tile, half the reading: in float32, about tile/4 FLOPs a byte. So from a tile
# of 4 · ridge on, memory doesn't decide any more, as long as three tiles fit into the cache. (With a
# cache of a given size, Hong and Kung proved, no order of the products can do essentially better.)
#
# In Python, a tile does something else, too: with tile = 1 it is a loop over numbers, with tile = n one
# call for everything. **Vectorisation** means to pay the price of a call for many numbers at once.

# %% nbgrader={"grade_id": "acceleration-tiles"}
#| export
def blocks(length, size):
    """Slices of `size` numbers, the last one of what is left, that cover 0 … length, as a list.
    blocks(5, 2) is [slice(0, 2), slice(2, 4), slice(4, 5)]."""
    ### BEGIN SOLUTION
    return [slice(start, min(start + size, length)) for start in range(0, length, size)]
    ### END SOLUTION

def tiled_matmul(a, b, c, tile):
    """Write a @ b into c, by tiles: a (n, k), b (k, m) and c (n, m) have a shape, and are read and
    written by a pair of slices, as a[rows, inner]. Returns nothing. Approach: for each tile of c, begin
    with 0, and add products of two tiles, each read once. Write c's tile when it is done."""
    ### BEGIN SOLUTION
    for rows in blocks(a.shape[0], tile):
        for columns in blocks(b.shape[1], tile):
            total = 0
            for inner in blocks(a.shape[1], tile):
                total = total + a[rows, inner] @ b[inner, columns]
            c[rows, columns] = total
    ### END SOLUTION

def tiled_traffic(n, k, m, tile):
    """How many numbers it reads and writes altogether: of the drawing's sizes, 112; tile 1: 208."""
    ### BEGIN SOLUTION
    return n * k * ceil(m / tile) + k * m * ceil(n / tile) + n * m
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Tiles
# `Slow` stands for memory: it notes how much moves, and the largest piece.

# %% nbgrader={"grade_id": "test-acceleration-tiles", "points": 12}
class Slow:
    moved = largest = 0
    def __init__(self, array): self.array, self.shape = array, array.shape
    def __setitem__(self, index, value): self[index][...] = value
    def __getitem__(self, index):
        piece = self.array[index]
        self.moved, self.largest = self.moved + piece.size, max(self.largest, piece.size)
        return piece

def test_unit_tiles():
    for length, size, expected in [(5, 2, [(0, 2), (2, 4), (4, 5)]), (3, 3, [(0, 3)]), (0, 2, [])]:
        got = [(each.start, each.stop) for each in blocks(length, size)]
        assert got == expected, f"blocks({length}, {size}): {expected}, got {got}"
    for tile, expected in [(2, 112), (1, 208), (4, 64), (100, 64)]:
        got = tiled_traffic(4, 6, 4, tile)
        assert got == expected, f"(4, 6) @ (6, 4) with tile {tile} moves {expected} numbers, not {got}"
    for n, k, m, tile in [(4, 6, 4, 2), (4, 6, 4, 1), (7, 5, 3, 2), (5, 2, 9, 4), (3, 4, 5, 10)]:
        a, b, c = Slow(numbers(n, k)), Slow(numbers(k, m)), Slow(np.full((n, m), 9.0))
        tiled_matmul(a, b, c, tile)
        same(c.array, a.array @ b.array, f"({n}, {k}) @ ({k}, {m}), tile {tile}")
        moved, expected = a.moved + b.moved + c.moved, tiled_traffic(n, k, m, tile)
        assert moved == expected, f"({n}, {k}) @ ({k}, {m}), tile {tile}: {expected} move, not {moved}"
        assert c.moved == n * m, f"c is written once, and not read: {n * m} numbers, not {c.moved}"
        assert max(each.largest for each in (a, b, c)) <= tile**2, f"pieces larger than a tile of {tile}"
test_unit_tiles()

# %% The same product with tiles of many sizes, from a loop to one call: products, traffic, and time.
a, b, c = (numbers(32, 32, dtype="f") for _ in range(3))
for tile in (1, 2, 4, 8, 16, 32):
    moved = 4 * tiled_traffic(32, 32, 32, tile)
    took = latency(lambda: tiled_matmul(a, b, c, tile), warmup=1, repeat=3).median
    print(f"tile {tile:2}: {(32 // tile)**3:6,} products, {moved:7,} bytes, "
          f"{2 * 32**3 / moved:4.1f} FLOPs a byte, {took * 1e6:9,.1f} µs")

# %% [markdown]
# Calls and bytes fall together here. The last line is one call into BLAS, which has its own tiles, for
# each cache and for the registers. So leave products to it, and take over what it does: the rest of
# this lesson is about operations for which there is no BLAS.

# %% [markdown]
# ## 3. A kernel
# Here is the GELU that your GPT uses (module 02), and what each line does with memory:
#
# ```
#    u = input * input                         read input                 write u
#    u *= 0.044715 · √(2/π);  u += √(2/π)      read u, twice              write u, twice
#    u *= input                                read u, input              write u
#    cdf = np.tanh(u)                          read u                     write cdf
#    cdf += 1;  cdf *= 0.5                     read cdf, twice            write cdf, twice
#    output = input * cdf                      read input, cdf            write output
# ```
#
# Eight **passes**: ten arrays are read, eight are written, and only one of each was needed. If they are
# larger than the cache, all of it goes to memory. **Fusion** makes one pass of many: take a block that
# fits into the cache, do *everything* with it, then take the next one. First the part that works on one
# block, the **kernel**. It must not make any arrays, for new memory isn't in the cache.
#
# While the block is there, compute what backward will need as well. With c = √(2/π):
#
# ```
#    Φ(x)  = (1 + tanh(c · x · (1 + 0.044715·x²))) / 2
#    slope = Φ(x) + x · 2c · Φ(x) · (1 - Φ(x)) · (1 + 3 · 0.044715·x²)         so that ẋ = g · slope
# ```
#
# At x = 1: Φ = 0.8412, output 0.8412, slope 0.8412 + 1 · 1.5958 · 0.8412 · 0.1588 · 1.1341 = 1.0830.

# %% nbgrader={"grade_id": "acceleration-kernel"}
#| export
C, CUBIC = (2 / pi) ** 0.5, 0.044715

def gelu_kernel(x, output, slope, scratch):
    """Write x·Φ(x) into output, and its slope into slope, unless that is None. Four arrays of one shape,
    none of which share memory; x stays as it is, scratch may be used. No new arrays; returns nothing.
    Approach: np.multiply(x, x, out=scratch) is needed twice: for Φ, which you build in output, and for
    the last bracket of the slope. 1 - Φ can be built in slope. Multiply output by x at the very end."""
    ### BEGIN SOLUTION
    np.multiply(x, x, out=scratch)
    np.multiply(scratch, C * CUBIC, out=output)
    output += C
    output *= x
    np.tanh(output, out=output)
    output += 1
    output *= 0.5
    if slope is not None:
        scratch *= 6 * C * CUBIC
        scratch += 2 * C
        scratch *= x
        scratch *= output
        np.subtract(1, output, out=slope)
        slope *= scratch
        slope += output
    output *= x
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Kernel

# %% nbgrader={"grade_id": "test-acceleration-kernel", "points": 12}
def plain_gelu(x): return F.gelu(x, approximate="tanh")

def test_unit_kernel():
    for shape, dtype, atol in [((1,), "d", 1e-9), ((3, 700), "d", 1e-9), ((60_000,), "f", 2e-6)]:
        x = 2 * numbers(*shape, dtype=dtype)
        x.flat[0] = 1
        learnt = tensor(x, requires_grad=True)
        plain_gelu(learnt).sum().backward()
        before, (output, slope, scratch) = x.copy(), np.full((3, *shape), np.nan, dtype)
        used = peak_memory(lambda: gelu_kernel(x, output, slope, scratch))
        same(output, plain_gelu(tensor(x)), f"x·Φ(x) of shape {shape}", atol)
        same(slope, learnt.grad, f"the slope of shape {shape}", atol)
        same(x, before, "x, which stays as it is", 0)
        assert used < 10_000, f"no new arrays, please: {used:,} bytes for x of {x.nbytes:,}"
        output[...] = np.nan
        gelu_kernel(x, output, None, scratch)
        same(output, plain_gelu(tensor(x)), "x·Φ(x), when nobody wants the slope", atol)
test_unit_kernel()

# %% [markdown]
# ## 4. An operation in blocks
# Now the operation around it, with the door and the tape. The kernel doesn't care for shapes, so take
# the numbers of input, output and slope as one row each, and cut them into blocks. One scratch array, as
# large as a block, serves all of them. If nobody will ask for a gradient (`is_grad_enabled()` is False,
# as while a text is generated), don't make a slope. Backward is one pass; in module 06 it is eleven.

# %% nbgrader={"grade_id": "acceleration-operation"}
#| export
BLOCK = 2**16  # numbers: few enough for a cache, and enough for the price of the calls

@operation
@np.errstate(all="ignore")
def fused_gelu(input):
    """F.gelu(input, approximate="tanh"), with the same errors. Returns output, of input's shape, and for
    the tape the slope, of any shape, or None for it. The only arrays as large as input are those two.
    Approach: np.ravel makes a row, without copying unless it must. The last block may be shorter."""
    if input.dtype.kind != "f": return F.gelu.forward(input)  # which refuses it
    ### BEGIN SOLUTION
    row = np.ravel(input)
    output, slope = np.empty_like(row), np.empty_like(row) if is_grad_enabled() else None
    scratch = np.empty_like(row[:BLOCK])
    for block in blocks(len(row), BLOCK):
        of_block = None if slope is None else slope[block]
        gelu_kernel(row[block], output[block], of_block, scratch[:block.stop - block.start])
    return output.reshape(input.shape), slope
    ### END SOLUTION

gradients(fused_gelu, input=lambda g, saved: g * saved.reshape(g.shape))

# %% [markdown]
# ### 🧪 Unit Test: Operation

# %% nbgrader={"grade_id": "test-acceleration-operation", "points": 10}
def test_unit_operation():
    for shape, dtype, atol in [((), "d", 1e-9), ((2, 5, 7), "d", 1e-9), ((3, BLOCK), "d", 1e-9),
                               ((0, 4), "d", 0), ((BLOCK + 1,), "f", 2e-6)]:
        found, g = [], tensor(numbers(*shape, dtype=dtype))
        for apply in (fused_gelu, plain_gelu):
            input = tensor(numbers(*shape[::-1], dtype=dtype).T, requires_grad=True)
            output = apply(input)
            output.backward(g)
            found.append((output, input.grad))
        for what, got, expected in zip(("output", "gradient"), *found):
            same(got, expected, f"the {what} of shape {shape}", atol)
    input, few = numbers(900, 1000, dtype="f"), 4 * BLOCK * 4
    before, forward = input.copy(), lambda: fused_gelu.forward(input)
    for arrays, call in [(2, forward), (1, no_grad(forward))]:
        used, most = peak_memory(call), arrays * input.nbytes + few
        assert used < most, f"{arrays} arrays like input, and scratch: < {most:,} bytes, not {used:,}"
    assert no_grad(forward)()[1] is None, "no slope, if nobody will ask"
    same(input, before, "input, which stays as it is", 0)
test_unit_operation()

# %% [markdown]
# ## 5. A step in one pass
# AdamW reads four arrays (parameters, gradients, two averages) and writes three. Module 07 makes
# thirteen passes over them. Its rules `decay`, `update_moments` and `adam_descend` are functions on
# arrays, so call them with blocks: all rules for one block, then the next one.
#
# Nothing is added up over elements, so the numbers are the same *to the last bit*. But `reshape(-1)` of
# a contiguous array is a view; of any other, a copy, and nobody would notice that it changes. Those,
# amsgrad, and what fits into one block, are left to module 07.

# %% nbgrader={"grade_id": "acceleration-step"}
#| export
class FusedAdamW(optim.AdamW):
    """AdamW, in one pass over the memory, with the same numbers and the same states."""
    def _move(self, param, grad, group):
        """Approach: add 1 to the array of state["step"], in place. Make rows of four `arrays`. Scratch
        is a `spare` array like the first BLOCK numbers of one, from the pool self._scratch. For each
        block, the three rules with slices: decay (decoupled), update_moments, adam_descend (with
        state["step"].item()). The last block may be shorter, and so must be its scratch."""
        if group["amsgrad"] or param.numel() <= BLOCK:
            return super()._move(param, grad, group)
        state = self.state[param]
        if not state:
            state.update(step=tensor(0.0), exp_avg=zeros_like(param), exp_avg_sq=zeros_like(param))
        arrays = param._array, grad, state["exp_avg"]._array, state["exp_avg_sq"]._array
        if not all(each.flags.c_contiguous for each in arrays):
            return super()._move(param, grad, group)
        ### BEGIN SOLUTION
        state["step"]._array += 1
        step, lr, betas = state["step"].item(), group["lr"], group["betas"]
        arrays = [each.reshape(-1) for each in arrays]
        whole = spare(arrays[0][:BLOCK], self._scratch)
        for block in blocks(len(arrays[0]), BLOCK):
            array, grad, first, second = (each[block] for each in arrays)
            scratch = whole[:len(array)]
            grad = decay(array, grad, lr, group["weight_decay"], True, scratch)
            update_moments(first, second, grad, betas, scratch)
            adam_descend(array, first, second, step, lr, betas, group["eps"], scratch)
        ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Step

# %% nbgrader={"grade_id": "test-acceleration-step", "points": 10}
def test_unit_step():
    shapes = (), (0,), (3, 5), (BLOCK + 1,), (2, BLOCK - 3), (BLOCK, 2)
    for options in ({}, {"lr": 0.1, "weight_decay": 0.5, "betas": (0.5, 0.7), "eps": 1e-2},
                    {"maximize": True, "amsgrad": True}):
        pairs = [[tensor(numbers(*shape), requires_grad=True) for shape in shapes] for _ in range(2)]
        for params in pairs:  # the memory of the last one is in another order
            params[-1]._array = np.asfortranarray(params[-1]._array)
        old, new = optim.AdamW(pairs[0], **options), FusedAdamW(pairs[1], **options)
        for step in range(4):
            for param in pairs[0] + pairs[1]:
                param.grad = tensor(np.cos(step + numbers(*param.shape)))
            old.step(), new.step()
            for a, b in zip(*pairs):
                what = f"of shape {a.shape} after step {step + 1}, with {options}"
                same(b, a.detach(), f"a parameter {what}", 0)
                for name, value in old.state[a].items():
                    same(new.state[b][name], value, f"{name} {what}", 0)
            states = old.state_dict(), new.state_dict()
            old.load_state_dict(states[1]), new.load_state_dict(states[0])
    large, few = tensor(np.ones((20, BLOCK)), requires_grad=True), 3 * BLOCK * 8
    large.grad = tensor(np.ones((20, BLOCK)))
    optimizer = FusedAdamW([large])
    for step, most in [(1, 2 * large.nbytes + few), (2, few)]:
        used = peak_memory(optimizer.step)
        assert used < most, f"scratch is as large as a block: step {step} took {used:,}, not < {most:,}"
test_unit_step()

# %% [markdown]
# ## 6. A softmax in pieces
# Attention's matrix of scores has L·S numbers, for 4096 tokens 2²⁴ in each head, and half a dozen
# passes. If only it could be done in tiles! But a softmax needs the maximum and the sum of the
# *whole* row before the first weight is known. Milakov and Gimelshein (2018) found that it doesn't, if
# one is ready to correct oneself. Keep three things of each row: **top**, the largest score so far;
# **total**, the sum of exp(score - top); and **mixed**, the sum of exp(score - top)·value. If a higher
# top comes along, both sums become smaller, by the same known factor, exp(old top - new top):
#
# ```
#    scores 2 │ 1, 3      values 30 │ 10, 20        e⁻¹ = 0.368, e⁻² = 0.135
#
#    after 2          top 2     total 1                               mixed 30
#    then 1 and 3     top 3     total e⁻¹·1 + e⁻² + 1 = 1.503         mixed e⁻¹·30 + e⁻²·10 + 20 = 32.390
#    the answer       mixed / total = 21.547, as the softmax of 2, 1, 3 gives
# ```
#
# Before the first piece, top is the lowest number there is, and both sums are 0. (Not -inf: a row in
# which nothing may be seen yet would compute -inf - -inf, and that is nan.)

# %% nbgrader={"grade_id": "acceleration-pieces"}
#| export
Partial = namedtuple("Partial", ["top", "total", "mixed"])  # arrays (R, 1), (R, 1), (R, D)

def nothing_yet(rows, width, dtype):
    total, mixed = np.zeros((rows, 1), dtype), np.zeros((rows, width), dtype)
    return Partial(np.full((rows, 1), np.finfo(dtype).min, dtype), total, mixed)

def absorb(partial, scores, value):
    """Bring the three arrays of a Partial up to date, in place, by scores (R, C), which may be -inf, and
    values (C, D). scores may be overwritten; make no other array of their size. Returns nothing.
    Approach: the new top; the factor (R, 1) for both sums; then scores become exponentials. Sums of rows
    are a product with a column of ones, as in module 12. top[...] = … writes into an array."""
    ### BEGIN SOLUTION
    top = np.maximum(partial.top, scores.max(1, keepdims=True))
    factor = np.exp(partial.top - top)
    scores -= top
    np.exp(scores, out=scores)
    for sums, values in ((partial.total, np.ones((len(value), 1), value.dtype)), (partial.mixed, value)):
        sums *= factor
        sums += scores @ values
    partial.top[...] = top
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Pieces

# %% nbgrader={"grade_id": "test-acceleration-pieces", "points": 10}
def test_unit_pieces():
    partial = nothing_yet(1, 1, np.float64)
    for scores, value, expected in [([[2.0]], [[30.0]], (2, 1, 30)),
                                    ([[1.0, 3.0]], [[10.0], [20.0]], (3, 1.503215, 32.389736))]:
        absorb(partial, np.array(scores), np.array(value))
        for name, got, wanted in zip(Partial._fields, partial, expected):
            same(got, np.array([[wanted]], float), f"the example: {name} after {scores}", 1e-6)
    scores, value = 300 * numbers(5, 40), numbers(40, 3)
    scores[0, :30] = scores[1, 20:] = -np.inf
    expected = F.softmax(tensor(scores), 1).numpy() @ value
    for size in (40, 1, 7):
        partial = nothing_yet(5, 3, np.float64)
        for block in blocks(40, size):
            absorb(partial, scores[:, block].copy(), value[block])
        same(partial.mixed / partial.total, expected, f"mixed / total, after pieces of {size}")
        same(partial.top, scores.max(1, keepdims=True), f"top, after pieces of {size}")
    scores, value = numbers(300, 300, dtype="f"), numbers(300, 2, dtype="f")
    partial = nothing_yet(300, 2, np.float32)
    used = peak_memory(lambda: absorb(partial, scores, value))
    assert used < scores.nbytes / 4, f"no array like scores ({scores.nbytes:,} bytes), but {used:,}"
test_unit_pieces()

# %% [markdown]
# ## 7. Attention without the square
# Now attention, for one head at a time. For a block of queries, take one block of keys and values after
# the other, and absorb: the scores of a tile are used at once, and forgotten. A causal mask offers
# something else: tiles in which *every* key is later than every query.
#
# ```
#              keys 0    1    2    3
#    queries 0    ◣    ·    ·    ·       ◣  partly hidden: a mask is added, -inf where a key is later
#            1    █    ◣    ·    ·       █  wholly visible
#            2    █    █    ◣    ·       ·  wholly hidden: don't compute it, don't even look at its keys
#            3    █    █    █    ◣
# ```
#
# Of many tiles, nearly half needn't be computed. The output of a row is mixed / total. Keep **log_sum**,
# top + log(total), one number for each row, the logarithm of the softmax's denominator: with it,
# exp(score - log_sum) gives any weight back when it is needed.

# %%
#| export
TILE = 256

def tile_scores(query, key, rows, columns, is_causal):
    """A new array: the scores of these queries and keys, -inf where the key is later than the query."""
    scores = query[rows] @ key[columns].T
    if is_causal and columns.stop > rows.start + 1:
        later = np.arange(columns.start, columns.stop) > np.arange(rows.start, rows.stop)[:, None]
        scores += np.where(later, -np.inf, 0).astype(scores.dtype)
    return scores

# %% nbgrader={"grade_id": "acceleration-attention"}
#| export
def visible(rows, keys, is_causal, tile):
    """The blocks of 0 … keys, a list of slices, that queries of the slice `rows` must look at.
    visible(slice(2, 4), 8, True, 2) is [slice(0, 2), slice(2, 4)]; if not is_causal, all four."""
    ### BEGIN SOLUTION
    return [block for block in blocks(keys, tile) if not is_causal or block.start < rows.stop]
    ### END SOLUTION

def head_forward(query, key, value, is_causal, tile):
    """The pair output (L, D), log_sum (L, 1) of one head: query (L, E), already scaled, key (S, E) and
    value (S, D). Approach: two np.empty to begin with. For each block of queries, nothing_yet; absorb
    the tile_scores of each visible block; then fill in what belongs to these rows."""
    ### BEGIN SOLUTION
    output = np.empty((len(query), value.shape[1]), query.dtype)
    log_sum = np.empty((len(query), 1), query.dtype)
    for rows in blocks(len(query), tile):
        partial = nothing_yet(rows.stop - rows.start, value.shape[1], query.dtype)
        for columns in visible(rows, len(key), is_causal, tile):
            absorb(partial, tile_scores(query, key, rows, columns, is_causal), value[columns])
        output[rows] = partial.mixed / partial.total
        log_sum[rows] = partial.top + np.log(partial.total)
    return output, log_sum
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Attention

# %% nbgrader={"grade_id": "test-acceleration-attention", "points": 12}
def test_unit_attention():
    for ends, late, expected in [((2, 4), 1, [0, 2]), ((2, 4), 0, [0, 2, 4, 6]), ((3, 5), 1, [0, 2, 4])]:
        got = [block.start for block in visible(slice(*ends), 8, late, 2)]
        assert got == expected, f"queries {ends}, causal {late}: blocks from {expected}, not {got}"
    for (L, S), E, D, tile, dtype, atol in [
            ((4, 4), 2, 3, 2, "d", 1e-9), ((5, 7), 3, 2, 3, "d", 1e-9), ((7, 5), 1, 4, 2, "d", 1e-9),
            ((3, 3), 2, 2, 8, "d", 1e-9), ((40, 40), 8, 8, 16, "f", 1e-5)]:
        arrays = [numbers(*shape, dtype=dtype) for shape in ((L, E), (S, E), (S, D))]
        for causal in (False, True):
            what = f"{L} queries, {S} keys, tile {tile}, causal {causal}"
            output, log_sum = head_forward(*arrays, causal, tile)
            expected = F.scaled_dot_product_attention(*map(tensor, arrays), is_causal=causal, scale=1)
            same(output, expected, what, atol)
            weights = np.exp(arrays[0] @ arrays[1].T) * (np.tri(L, S, dtype=dtype) if causal else 1)
            same(log_sum, np.log(weights.sum(1, keepdims=True)), f"log_sum of {what}", atol)
    query, key, value = np.ones((6, 2)), np.ones((6, 2)), np.ones((6, 1))
    key[4:] = value[4:] = np.nan
    output, _ = head_forward(query, key, value, True, 2)
    assert np.isfinite(output[:4]).all(), f"keys 4 and 5 are later, don't touch them: {output[:4]}"
    long = numbers(1024, 4, dtype="f")
    used = peak_memory(lambda: head_forward(long, long, long, True, 64))
    assert used < 200_000, f"some tiles of 64 × 64, and not 1024 × 1024, nor 64 × 1024: {used:,} bytes"
test_unit_attention()

# %% [markdown]
# ## 8. Backwards, by computing again
# Backward needs the weights, and they were thrown away. Dao's answer: compute them again. That is one
# product more, and no square matrix is written or read. For a tile, with the rows' log_sum, output and g
# (module 12 has the derivation):
#
# ```
#    w   =  exp(scores - log_sum)                  the weights of this tile
#    v̇  +=  wᵀ g                                   into the rows of this block of values
#    ṡ   =  w · (g vᵀ - row sums of g·output)      as long as the scores are scaled queries times keys,
#    q̇  +=  ṡ k                                    these are the gradients of both
#    k̇  +=  ṡᵀ q
# ```

# %% nbgrader={"grade_id": "acceleration-backward"}
#| export
def head_backward(g, query, key, value, output, log_sum, is_causal, tile):
    """The gradients of query (L, E), scaled as in head_forward, key (S, E) and value (S, D), from g and
    output (L, D) and log_sum (L, 1). Approach: three arrays of zeros, and the five lines for each tile.
    np.vecdot(g, output) has the row sums (L,), once for all tiles. Work in place on the tile."""
    ### BEGIN SOLUTION
    of_query, of_key, of_value = np.zeros_like(query), np.zeros_like(key), np.zeros_like(value)
    sums = np.vecdot(g, output)[:, None]
    for rows in blocks(len(query), tile):
        for columns in visible(rows, len(key), is_causal, tile):
            w = tile_scores(query, key, rows, columns, is_causal)
            w -= log_sum[rows]
            np.exp(w, out=w)
            of_value[columns] += w.T @ g[rows]
            w *= g[rows] @ value[columns].T - sums[rows]  # from here on it is ṡ
            of_query[rows] += w @ key[columns]
            of_key[columns] += w.T @ query[rows]
    return of_query, of_key, of_value
    ### END SOLUTION

# %%
#| export
def heads_of(*arrays): return [each.reshape(prod(each.shape[:-2]), *each.shape[-2:]) for each in arrays]

@operation
@np.errstate(all="ignore")
def flash_attention(query, key, value, is_causal=False, scale=None, tile=TILE):
    """F.scaled_dot_product_attention without mask and dropout, and without a matrix (…, L, S). query
    (…, L, E), key (…, S, E) and value (…, S, D) have the same leading sizes, and one floating dtype."""
    (*heads, L, E), (*others, S, width), shape = query.shape, key.shape, value.shape
    if [*heads, E, *key.shape[:-1]] != [*others, width, *shape[:-1]] or not S or \
            query.dtype.kind != "f" or not query.dtype == key.dtype == value.dtype:
        got = [f"{each.dtype} {each.shape}" for each in (query, key, value)]
        raise RuntimeError(f"flash_attention needs floats (…, L, E), (…, S, E), (…, S, D), got {got}")
    arrays = heads_of(query * (E**-0.5 if scale is None else scale), key, value)
    output, log_sum = (np.empty((prod(heads), L, size), query.dtype) for size in (shape[-1], 1))
    for head, each in enumerate(zip(*arrays)):
        output[head], log_sum[head] = head_forward(*each, is_causal, tile)
    return output.reshape(*heads, L, shape[-1]), SimpleNamespace(log_sum=log_sum, memo=(None, None))

def flash_gradients(g, query, key, value, output, log_sum, is_causal, scale, tile):
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    arrays = heads_of(g, query * scale, key, value, output)
    found = [np.empty_like(each) for each in arrays[1:4]]
    for head, each in enumerate(zip(*arrays, log_sum)):
        for whole, part in zip(found, head_backward(*each, is_causal, tile)):
            whole[head] = part
    found[0] *= scale
    return tuple(found)

def together(place):  # the rule of one of the three; all are called with the same g: compute once
    def rule(g, query, key, value, output, saved, is_causal, scale, tile):
        if saved.memo[0] is not g:
            compute = watched(flash_gradients, "flash_attention")
            saved.memo = g, compute(g, query, key, value, output, saved.log_sum, is_causal, scale, tile)
        return saved.memo[1][place].reshape((query, key, value)[place].shape)
    return rule
gradients(flash_attention, query=together(0), key=together(1), value=together(2))

costs(flash_attention, attention_flops)  # as torch counts: what a causal mask hides, too
FLOPS[flash_gradients] = lambda gradient, g, query, key, value, *_: (  # five products
    2 * attention_flops(g, query, key, value) + 2 * gradient.size * key.shape[-2])

# %% [markdown]
# ### 🧪 Unit Test: Backward

# %% nbgrader={"grade_id": "test-acceleration-backward", "points": 10}
def test_unit_backward():
    for leading, L, S, E, D, tile in [((), 4, 4, 2, 3, 2), ((2, 3), 5, 7, 3, 2, 3),
                                      ((3,), 7, 5, 1, 4, 2), ((1, 2), 6, 6, 4, 4, 100)]:
        shapes = [(*leading, *last) for last in ((L, E), (S, E), (S, D), (L, D))]
        for causal, scale in [(False, None), (True, None), (True, 0.3)]:
            found, what = [], f"{leading}, {L} queries, {S} keys, tile {tile}, causal {causal}, {scale=}"
            for apply, more in ((flash_attention, {"tile": tile}), (F.scaled_dot_product_attention, {})):
                *learnt, g = [tensor(numbers(*shape), requires_grad=True) for shape in shapes]
                output = apply(*learnt, is_causal=causal, scale=scale, **more)
                output.backward(g.detach())
                found.append([output, *(each.grad for each in learnt)])
            for name, got, expected in zip(("output", "q̇", "k̇", "v̇"), *found):
                same(got, expected, f"{name} of {what}")
    g, *long = (numbers(512, 4, dtype="f") for _ in range(4))
    output, log_sum = head_forward(*long, False, 64)
    used = peak_memory(lambda: head_backward(g, *long, output, log_sum, False, 64))
    assert used < 200_000, f"tiles of 64 × 64 are enough, and not 512 × 512: {used:,} bytes"
    log_sum, key = np.zeros((4, 1)), np.repeat([[1.0], [np.nan]], 4, 0)
    got = head_backward(log_sum, log_sum, key, key, log_sum, log_sum, True, 2)[0]
    assert np.isfinite(got).all(), f"keys from 4 on are later than all queries, don't touch them: {got}"
test_unit_backward()

# %% [markdown]
# ## 9. A faster GPT
# No model has to be patched for all this. A block takes its activation as an argument, and has a method
# `attend`, which a class that inherits from it may do in its own way. Parameters keep their names, so
# what was trained with one loads into the other. A GPT hands `attend` its causal mask; here, `is_causal`
# does that. Two cases are for the plain way, `super()`: attention's own `dropout` isn't 0 and it is
# training, for flash_attention has none; and a text of TILE tokens or fewer, which would be a single
# tile for each head, and save nothing.

# %% nbgrader={"grade_id": "acceleration-block"}
#| export
class FusedBlock(nn.TransformerEncoderLayer):
    """A block of a GPT: always causal, with flash_attention."""
    def attend(self, attention, input, source, mask, padding, is_causal):
        """What Block.attend returns for a causal mask. Approach: attention.project(input, input, input)
        makes three Tensors of heads (N, H, T, D); merge_heads(…, True) puts the answers (N, H, T, D)
        next to each other again, as (N, T, E); attention.out_proj is the last layer."""
        ### BEGIN SOLUTION
        if input.shape[1] <= TILE or (attention.dropout and attention.training):
            return super().attend(attention, input, source, mask, padding, is_causal)
        answers = flash_attention(*attention.project(input, input, input), is_causal=True)
        return attention.out_proj(merge_heads(answers, True))
        ### END SOLUTION

class FusedGPT(nn.GPT):
    """A GPT whose blocks are FusedBlocks. Arguments, names of parameters and numbers are the same."""
    def __init__(self, vocab_size, context, d_model=64, nhead=4, num_layers=2, dropout=0.0, tied=True):
        super().__init__(vocab_size, context, d_model, nhead, num_layers, dropout, tied)
        plain, self.blocks = self.blocks, nn.ModuleList()
        for block in plain:
            sizes = d_model, nhead, 4 * d_model, dropout
            self.blocks.append(FusedBlock(*sizes, fused_gelu, batch_first=True, norm_first=True))
            self.blocks[-1].load_state_dict(block.state_dict())

# %% [markdown]
# ### 🧪 Unit Test: Block

# %% nbgrader={"grade_id": "test-acceleration-block", "points": 8}
def test_unit_block():
    options = dict(dropout=0.3, activation=plain_gelu, batch_first=True, norm_first=True)
    plain, block = (kind(6, 2, 24, **options) for kind in (nn.TransformerEncoderLayer, FusedBlock))
    block.load_state_dict(plain.state_dict())
    for length, training, p, times in [(TILE + 1, False, 0.3, 1), (TILE + 1, True, 0.3, 0),
                                       (TILE + 1, True, 0.0, 1), (TILE, False, 0.0, 0)]:
        x, answers = randn(2, length, 6), []
        for each in (plain, block):
            each.train(training).self_attn.dropout = p
            manual_seed(2)
            with profile() as prof:
                answers.append(each(x, nn.Transformer.generate_square_subsequent_mask(length)))
        what = f"{length} tokens, training {training}, attention's dropout {p}"
        same(answers[1], answers[0], what, 1e-5)
        got = [event.name for event in prof.events()].count("flash_attention")
        assert got == times, f"{what}: flash_attention {times} times, not {got}"
test_unit_block()

# %% [markdown]
# ## 📊 Systems analysis
# First the course's own operations under your roof: a training step of a GPT, watched by module 14.
# Share is the least time divided by the time it took.

# %%
model = nn.GPT(65, 128, d_model=128)
step = step_of(model, optim.AdamW(model.parameters()), text(8, 128))
step()
with profile(with_flops=True) as prof:
    step()
rows = sorted(prof.key_averages(), key=lambda row: row.self_cpu_time_total, reverse=True)
found = under_the_roof(rows, here)[:9]
print(chart(here, [(letter, *row[1:3]) for letter, row in zip("ABCDEFGHI", found) if row[2]]))
for letter, (name, intensity, speed, share) in zip("ABCDEFGHI", found):
    print(f"{letter} {name:38} {intensity:5.1f} FLOPs/byte, {speed / 1e9:5.1f} a ns, share {share:.2f}")

# %% [markdown]
# What isn't drawn has no FLOPs in the counter of module 14. A share far below one: passes that nobody
# counts from outside, or calls that are too small. Above it: the numbers came from a cache.
#
# Now your work beside the plain way. Small blocks pay for calls, large ones leave the cache. Arrays that
# fit into the cache anyway have little to gain: look for the lines with large ones. The memory of plain
# attention grows with the square of the length, yours with the length; to a short text, tiles bring only
# more calls. The last lines are whole steps of training, each with both peaks of memory.

# %%
for length in (2**17, 2**22):
    x, output = np.ones((2, length), "f")
    for size in (2**10, 2**16, 2**20):
        def fused():
            scratch = np.empty(min(size, length), "f")
            for block in blocks(length, size):
                gelu_kernel(x[block], output[block], None, scratch[:block.stop - block.start])
        faster = in_turns(lambda: F.gelu.forward(x, "tanh"), fused)
        print(f"{length:10,} numbers, blocks of {size:9,}: {faster}")
for length in (2**17, 2**20, 2**22):
    x, y, g = (randn(length, requires_grad=True) for _ in range(3))
    ways = [lambda gelu=gelu: gelu(x).backward(g) for gelu in (plain_gelu, fused_gelu)]
    print(f"{length:9,} numbers, GELU, and back: {in_turns(*ways)}")
    x.grad = y.grad = g.detach()
    print(f"{length:9,} numbers, AdamW: {in_turns(optim.AdamW([x]).step, FusedAdamW([y]).step)}")
for length in (64, 256, 1024, 2048):
    q, k, v = (randn(2, length, 32, requires_grad=True) for _ in range(3))
    ways = [lambda attend=attend: attend(q, k, v, is_causal=True).backward(q)
            for attend in (F.scaled_dot_product_attention, flash_attention)]
    memory = " and ".join(f"{peak_memory(way) / 2**20:.1f}" for way in ways)
    print(f"{length:9} tokens, attention, and back: {in_turns(*ways)}, {memory} MiB")
for batch, length, width in ((16, 64, 64), (4, 256, 128), (1, 1024, 128)):
    pair = []
    for kind, optimizer in ((nn.GPT, optim.AdamW), (FusedGPT, FusedAdamW)):
        model = kind(65, length, d_model=width)
        pair.append(step_of(model, optimizer(model.parameters()), text(batch, length)))
    memory = " and ".join(f"{peak_memory(step) / 2**20:.1f}" for step in pair)
    print(f"{batch:2} texts of {length:4} tokens, width {width:3}: {in_turns(*pair)}, {memory} MiB")

# %% [markdown]
# ## 🧪 Module test
# ### 🧪 Unit Test: Acceleration together
# A plain and a fused GPT learn the same, exchange states, and differ in what they need.

# %% nbgrader={"grade_id": "test-acceleration-together", "points": 6}
def test_unit_together():
    manual_seed(4)
    plain, fused = (kind(65, 600, 8, nhead=2).double() for kind in (nn.GPT, FusedGPT))
    fused.load_state_dict(plain.state_dict())
    tokens, losses, memory = text(2, 600), [], []
    for model, kind in ((plain, optim.AdamW), (fused, FusedAdamW)):
        step = step_of(model, kind(model.parameters(), 0.01), tokens)
        losses.append([step() for _ in range(3)])
        memory.append(peak_memory(step))
    same(np.array(losses[1]), np.array(losses[0]), "losses of three steps", 1e-8)
    for (name, a), b in zip(plain.named_parameters(), fused.parameters()):
        same(b, a.detach(), f"{name} after four steps", 1e-6)
    assert memory[1] < memory[0] / 2, f"less than half of the memory for a step: {memory}"
test_unit_together()

# %% [markdown]
# ## 🤔 Questions to think about
# 1. A machine's processor becomes twice as fast, its memory stays. Where is the ridge now? Which of your
#    programs become faster, and what would you change in the others?
# 2. `FusedAdamW` gives the same numbers to the last bit, `flash_attention` doesn't. Why? Which of them
#    would you let somebody put into a program without asking?
# 3. Module 15 stores weights in int8. What does that do to the intensity of a linear layer for one row
#    of input, and for a thousand? When would it make the layer faster, and when only smaller?
# 4. Backward of `fused_gelu` keeps the slope. It could keep nothing, and compute it again, as
#    `flash_attention` does. What decides whether that pays? Try it.

# %% [markdown]
# ## 🎯 Summary
# `from tinytorch.optim.acceleration import FusedGPT, FusedAdamW`: they compute what GPT and AdamW do,
# and move less. You can say how fast an operation could be on this machine, and what keeps it from that.
# Some of your gains were clear, some were not. Module 19 tells which of them are real.
