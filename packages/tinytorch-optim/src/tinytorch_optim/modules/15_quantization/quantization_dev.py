# %% [markdown]
# # 15 · Quantization
#
# A weight takes 32 bits, and most of them tell nothing that matters: a network that sees through noise
# sees through rounding, too. With 8 bits it needs a quarter of the memory, and its arithmetic can be
# done in whole numbers. You build that for real: codes stored as int8, sums that are exact, layers that
# use nothing else. Bennett (1948) computed how loud rounding is, Vanhoucke, Senior and Mao (2011) ran
# speech networks on 8 bits, and Jacob et al. (2018) wrote down the arithmetic that phones use since.
#
# **Prerequisites:** modules 01, 03, 04, 06 and 07; binary numbers; rounding errors.
# **Time:** about 210 minutes, eight exercises.
#
# ```mermaid
# flowchart LR
#     L[03 Layers] & O[07 Optimizers] --> Q(15 Quantization) --> C[16 Compression] & B[19 Benchmarking]
# ```

# %% [markdown]
# ## 🔧 Setup

# %%
#| default_exp optim.quantization

# %%
#| export
from collections import namedtuple
from copy import deepcopy
from functools import partial
from operator import attrgetter

import numpy as np
import tinytorch.core as torch
from tinytorch import nn
from tinytorch.core import Tensor, from_numpy, operation, tensor

QuantizedType = namedtuple("QuantizedType", "name storage quant_min quant_max")
qint8 = QuantizedType("qint8", np.dtype("int8"), -128, 127)
quint8 = QuantizedType("quint8", np.dtype("uint8"), 0, 255)
per_tensor_affine, per_tensor_symmetric = "per_tensor_affine", "per_tensor_symmetric"
per_channel_affine, per_channel_symmetric = "per_channel_affine", "per_channel_symmetric"

# %%
import io
from timeit import repeat
import tinytorch.nn.functional as F
from tinytorch import optim
from tinytorch.core import manual_seed, no_grad, randn
from tinytorch_core.digits import load_digits, split  # 1,797 images of 8×8, the data of 1986

def same(got, expected, what, atol=1e-6, dtype=None, rtol=1e-5):
    got, expected = (t.detach().numpy() if isinstance(t, Tensor) else np.asarray(t)
                     for t in (got, expected))
    assert dtype in (None, got.dtype), f"{what}: should be {np.dtype(dtype)}, not {got.dtype}"
    assert got.shape == expected.shape, f"{what}: shape {expected.shape} expected, got {got.shape}"
    close = np.allclose(got, expected, rtol, atol)
    assert close, f"{what}: should be\n{expected}, got\n{got}"

def refuses(error, call, *parts):
    try:
        got = call()
    except error as problem:
        assert all(part in str(problem) for part in parts), f"it should say {parts}: {problem}"
    else:
        raise AssertionError(f"this should raise {error.__name__}, but it returned {got!r}")

# %%
# The network that this lesson will shrink: that of 1986, trained on the digits, right here.
x, y, x_test, y_test = map(tensor, split(*load_digits()))
x, x_test = x.reshape(-1, 64), x_test.reshape(-1, 64)
manual_seed(1)
net, rng = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)), np.random.default_rng(1)
optimizer = optim.AdamW(net.parameters(), lr=0.01, weight_decay=0.1)
for _ in range(20):
    for batch in np.array_split(rng.permutation(len(x)), len(x) // 32):
        optimizer.zero_grad()
        F.cross_entropy(net(x[batch]), y[batch]).backward()
        optimizer.step()

def share_right(model):  # of the images that it never learnt from
    return (model(x_test).detach().numpy().argmax(1) == y_test.numpy()).mean()
print(f"{share_right(net):.1%} of {len(x_test)} new images right")

# %% [markdown]
# ## 📦 Where this code lives
# The exported cells become `tinytorch/optim/quantization.py`. PyTorch spreads these names over `torch`
# and `torch.ao.quantization`, and `torch.optim` has none of them; so here you import them from
# `tinytorch.optim.quantization`, and `tinytorch.optim` stays what it is. `QuantizedLinear`,
# `MSEObserver`, `int_matmul` and what is made of them are ours.

# %% [markdown]
# ## 1. A grid of whole numbers
# A **code** is a whole number between quant_min and quant_max. What it means is said by two numbers that
# many codes share, the **scale** (the step of the grid) and the **zero point** (the code that means 0).
# With 4 bits, codes -8 … 7, scale 0.5 and zero point 3:
#
# ```
#    value = (code - zero_point) · scale          code = round(value / scale + zero_point), in bounds
#
#    code      -8  …   2     3     4     5     6     7
#    value   -5.5  … -0.5    0    0.5   1.0   1.5   2.0
#
#    0.6 → 1.2 + 3 = 4.2 → 4 → 0.5          0.75 → 1.5 + 3 = 4.5 → 4 → 0.5   (half: to even)
#    9.0 → 18  + 3 = 21  → 7 → 2.0          0.25 → 0.5 + 3 = 3.5 → 4 → 0.5
# ```
#
# Half goes to the even neighbour, as `np.rint` does: always up would push every sum upwards. What is
# outside goes to the end of the grid: it **saturates**.
#
# **How wrong can it be?** Prove it before you write it. Inside the grid's range, a value lies between
# two points that are one scale apart, and takes the nearer: it moves by at most **scale/2**. Outside, it
# moves by its distance to the end, if that is more. This holds for *every* number, so it is a law for
# your code.

# %% nbgrader={"grade_id": "quantization-codes"}
#| export
def encode(array, scale, zero_point, quant_min, quant_max):
    """The codes of an array of floats: whole numbers, still of the array's dtype.

    array [0.6, 0.75, 9.0], scale 0.5, zero_point 3 and -8 … 7 give [4., 4., 7.]. scale and zero_point
    are numbers, or arrays that broadcast. Make both np.float32, so that float32 stays float32."""
    ### BEGIN SOLUTION
    codes = np.rint(array * (1 / np.float32(scale)) + np.float32(zero_point))
    return np.clip(codes, quant_min, quant_max)
    ### END SOLUTION

def decode(codes, scale, zero_point):
    """What codes of any dtype mean, as float32. int8 can't hold 127 - (-128): convert first."""
    ### BEGIN SOLUTION
    return (codes.astype(np.float32) - np.float32(zero_point)) * np.float32(scale)
    ### END SOLUTION

def error_bound(array, scale, zero_point, quant_min, quant_max):
    """How far `decode(encode(array))` may be away from each number of array: the law above.
    For 0.6, 0.75 and 9.0 it is 0.25, 0.25 and 7. Approach: where are both ends of the grid?"""
    ### BEGIN SOLUTION
    low, high = (quant_min - zero_point) * scale, (quant_max - zero_point) * scale
    return np.maximum(np.maximum(low - array, array - high), scale / 2)
    ### END SOLUTION

# %% [markdown]
# Codes, and what they mean, in one object with the methods that torch's quantized tensors have. A matrix
# may have one grid (**per tensor**), or one for each of its rows (**per channel**, along an axis).

# %%
#| export
def along(values, axis, ndim):  # one number for each place on the axis, in a shape that broadcasts
    return values if axis is None else values.reshape([-1 if a == axis else 1 for a in range(ndim)])

class QuantizedTensor:
    """codes (int8 or uint8), with a scale and a zero point; or, along an axis, with arrays of them."""
    def __init__(self, codes, scale, zero_point, dtype, axis=None):
        self.codes, self.dtype, self.axis = codes, dtype, axis
        self.scale, self.zero_point = np.float64(scale), np.int32(zero_point)
    shape, ndim, nbytes = (property(attrgetter(f"codes.{n}")) for n in ("shape", "ndim", "nbytes"))
    def int_repr(self): return tensor(self.codes)
    def dequantize(self):
        scale, zero_point = (along(v, self.axis, self.ndim) for v in (self.scale, self.zero_point))
        return from_numpy(decode(self.codes, scale, zero_point))
    def qscheme(self): return per_tensor_affine if self.axis is None else per_channel_affine
    def q_scale(self): return float(self.scale)
    def q_zero_point(self): return int(self.zero_point)
    def q_per_channel_scales(self): return tensor(self.scale)
    def q_per_channel_zero_points(self): return tensor(self.zero_point.astype(np.int64))
    def q_per_channel_axis(self): return self.axis

def quantize(input, scale, zero_point, dtype, axis=None):
    array, least, most = input.detach().numpy(), dtype.quant_min, dtype.quant_max
    if array.dtype != np.float32:
        raise RuntimeError(f"only float32 is quantized, not {array.dtype}: call float() first")
    if np.any(zero_point < least) or np.any(zero_point > most):
        raise RuntimeError(f"a zero point of {dtype.name} lies in {least} … {most}: {zero_point}")
    grid = (along(each, axis, array.ndim) for each in (scale, zero_point))
    codes = encode(array, *grid, least, most).astype(dtype.storage)
    return QuantizedTensor(codes, scale, zero_point, dtype, axis)
def quantize_per_tensor(input, scale, zero_point, dtype):
    return quantize(input, float(scale), int(zero_point), dtype)

def quantize_per_channel(input, scales, zero_points, axis, dtype):
    scales, zero_points, axis = scales.numpy(), zero_points.numpy(), axis % input.ndim
    if scales.shape != zero_points.shape or scales.shape != (input.shape[axis],):
        raise RuntimeError(f"axis {axis} of {input.shape} needs as many scales and zero points as "
                           f"places, not {scales.shape} and {zero_points.shape}")
    return quantize(input, scales, zero_points, dtype, axis)

# %% [markdown]
# ### 🧪 Unit Test: Codes

# %% nbgrader={"grade_id": "test-quantization-codes", "points": 12}
def test_unit_codes():
    values, grid = np.float32([0.6, 0.75, 0.25, 9, -9, 0]), (0.5, 3, -8, 7)
    codes = encode(values, np.float64(0.5), np.int64(3), *grid[2:])
    same(codes, [4, 4, 4, 7, -8, 3], "the codes of 0.6, 0.75, 0.25, 9, -9 and 0", dtype="f")
    same(decode(codes, 0.5, 3), [0.5, 0.5, 0.5, 2, -5.5, 0], "and what they mean", dtype="f")
    same(error_bound(values, *grid), [0.25, 0.25, 0.25, 7, 3.5, 0.25], "and how wrong they may be")
    same(decode(np.int8([127, -128]), 1.0, -128), [255, 0], "int8 codes, zero point -128", dtype="f")
    q = quantize_per_tensor(tensor([[1.0, -2.0], [0.3, 100.0]]), 0.1, 10, quint8)
    same(q.int_repr(), [[20, 0], [13, 255]], "per tensor, 0 … 255, a byte for each", dtype="uint8")
    q = quantize_per_channel(tensor([[1.0, -2], [1, -2]]), tensor([0.1, 1.0]), tensor([0, 5]), 0, qint8)
    same(q.int_repr(), [[10, -20], [6, 3]], "a grid for each row", dtype="int8")
    same(q.dequantize(), [[1, -2], [1, -2]], "and back", dtype="f")
    for scale, zero_point, least, most in [grid, (0.02, -128, -128, 127), (3.0, 0, -2, 1)]:
        array = np.random.default_rng(0).normal(0, 100 * scale, 5000).astype("f")
        error = np.abs(decode(encode(array, scale, zero_point, least, most), scale, zero_point) - array)
        bound = error_bound(array, scale, zero_point, least, most)
        assert (error <= bound + 1e-4 * scale).all(), f"scale {scale}: the law is broken"
        same(bound, np.maximum(error, scale / 2), "half a step, and outside the way to the end", 1e-4)
test_unit_codes()

# %% [markdown]
# ## 2. From a range to a grid
# Which grid? Numbers from min to max should just fit: quant_max - quant_min steps in between. But 0 must
# be *on* the grid. Paddings, masks and half of what ReLU gives are zeros, and an error there would be
# everywhere. So the range is first stretched to contain 0, then the zero point is rounded:
#
# ```
#    affine      -1 … 3     scale = 4/255 = 0.01569     zero_point = -128 - round(-1/scale) = -64
#                 2 … 3     becomes 0 … 3               zero_point = -128
#    symmetric   -1 … 3     becomes -3 … 3              zero_point = 0,  scale = 3/127.5 = 0.02353
# ```
#
# **Symmetric** grids waste codes if the numbers lean to one side, but a zero point of 0 saves work, as
# you'll see in part 6; weights are mostly symmetric anyway. (-3 gets -128 there, and 3 should get 127.5:
# it saturates, within half a step.) For codes 0 … 255 the middle is 128. And a range of nothing, all
# zeros, must not divide by 0: no scale is below EPS.

# %% nbgrader={"grade_id": "quantization-qparams"}
#| export
EPS = float(np.finfo(np.float32).eps)

def choose_qparams(min_val, max_val, quant_min, quant_max, qscheme=per_tensor_affine):
    """(scale, zero_point) for numbers between min_val and max_val, which are float32, arrays or tensors.
    Both are NumPy's, of their shape: float32, and int64 from quant_min to quant_max.
    Approach: stretch with np.minimum and np.maximum. For a symmetric scheme, the larger side gets half
    of the steps, and the zero point is the middle code, (quant_min + quant_max + 1) // 2."""
    ### BEGIN SOLUTION
    low, high = np.minimum(min_val, 0), np.maximum(max_val, 0)
    steps = quant_max - quant_min
    if qscheme in (per_tensor_symmetric, per_channel_symmetric):
        scale = np.maximum(np.maximum(-low, high) / (steps / 2), EPS)
        return scale, np.full(scale.shape, (quant_min + quant_max + 1) // 2)
    scale = np.maximum((high - low) / steps, EPS)
    zero_point = np.clip(quant_min - np.rint(low / scale), quant_min, quant_max)
    return scale, zero_point.astype(np.int64)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Grids

# %% nbgrader={"grade_id": "test-quantization-qparams", "points": 12}
def test_unit_qparams():
    signed, unsigned, four = (-128, 127), (0, 255), (-8, 7)
    affine, even = per_tensor_affine, per_tensor_symmetric
    for low, high, codes, scheme, scale, zero_point in [
        (-1, 3, signed, affine, 4 / 255, -64), (2, 3, signed, affine, 3 / 255, -128),
        (-3, -2, unsigned, affine, 3 / 255, 255), (-4, 3, four, affine, 7 / 15, 1),
        (-1, 3, unsigned, even, 3 / 127.5, 128), (-1, 3, signed, even, 3 / 127.5, 0),
        (-4, 3, four, even, 4 / 7.5, 0), (-1, 3, (-2, 2), even, 1.5, 0),
        (0, 0, signed, affine, EPS, -128), (0, 0, signed, even, EPS, 0),
        (np.array([-1, 0, -2]), np.array([3, 2, -1]), signed, per_channel_affine,
         np.array([4, 2, 2]) / 255, [-64, -128, 127]),
        (np.array([-1, 0, -2]), np.array([3, 2, -1]), signed, per_channel_symmetric,
         np.array([3, 2, 2]) / 127.5, [0, 0, 0]),
    ]:
        got, what = choose_qparams(np.float32(low), np.float32(high), *codes, scheme), f"{low} … {high}"
        same(got[0], scale, f"the scale of {what} on {codes}, {scheme}", 1e-12, np.float32)
        same(got[1], zero_point, f"the zero point of {what} on {codes}, {scheme}", 0, np.int64)
test_unit_qparams()

# %% [markdown]
# ## 3. Looking at what passes
# The range of a weight can be read off. That of what flows between layers depends on the input: put an
# **observer** in its way, let typical data pass (**calibration**), and it remembers the smallest and the
# largest number so far. It hands on what it gets, unchanged.
#
# Per channel, it remembers an extreme for each place along one axis, so it reduces over *all others*.
# Why bother? One row of a weight may be far larger than another, and on a common grid all of the
# small row would be within one step.

# %% nbgrader={"grade_id": "quantization-observers"}
#| export
class MinMaxObserver(nn.Module):
    """Remembers the extremes of what it is called with, and chooses a grid for them."""
    ch_axis = None
    def __init__(self, dtype=quint8, qscheme=per_tensor_affine, *, quant_min=None, quant_max=None):
        super().__init__()
        self.dtype, self.qscheme = dtype, qscheme
        self.quant_min = dtype.quant_min if quant_min is None else quant_min
        self.quant_max = dtype.quant_max if quant_max is None else quant_max
        self.register_buffer("min_val", tensor(np.inf))
        self.register_buffer("max_val", tensor(-np.inf))

    def forward(self, x_orig):
        """Bring self.min_val and self.max_val up to date; return x_orig itself. Nothing in it (no
        elements) is nothing new. With self.ch_axis, they get the shape (places along it,).
        Approach: `array.min(axes)`, axes being None or a tuple of all dimensions but ch_axis, which
        may be negative. Assign new float32 tensors: the first extremes, ±inf, give way to anything."""
        ### BEGIN SOLUTION
        if x_orig.numel():
            array, axes = x_orig.detach().numpy(), None
            if self.ch_axis is not None:
                axes = tuple(a for a in range(array.ndim) if a != self.ch_axis % array.ndim)
            self.min_val = tensor(np.minimum(self.min_val, array.min(axes)), dtype=torch.float32)
            self.max_val = tensor(np.maximum(self.max_val, array.max(axes)), dtype=torch.float32)
        return x_orig
        ### END SOLUTION

    def calculate_qparams(self):
        """(scale, zero_point): tensors (1,), or with ch_axis (places,). Raises RuntimeError if nothing
        was seen. Approach: choose_qparams takes tensors, too; np.atleast_1d makes (1,) of ()."""
        ### BEGIN SOLUTION
        if np.any(self.min_val > self.max_val):
            raise RuntimeError("an observer that has seen nothing: run a batch through the model first")
        grid = choose_qparams(self.min_val, self.max_val, self.quant_min, self.quant_max, self.qscheme)
        return tuple(tensor(np.atleast_1d(each)) for each in grid)
        ### END SOLUTION
    @classmethod
    def with_args(cls, **options): return partial(cls, **options)  # called, it makes an observer

class PerChannelMinMaxObserver(MinMaxObserver):
    def __init__(self, ch_axis=0, dtype=quint8, qscheme=per_channel_affine, **options):
        super().__init__(dtype, qscheme, **options)
        self.ch_axis = ch_axis

def quantize_by(observer, input):  # the input on the observer's grid, as a QuantizedTensor
    scale, zero_point = observer.calculate_qparams()
    if observer.ch_axis is None:
        return quantize_per_tensor(input, scale.item(), zero_point.item(), observer.dtype)
    return quantize_per_channel(input, scale, zero_point, observer.ch_axis, observer.dtype)
def fake_quantize(observer, input):  # there and back, for any range of codes: what is left of it
    grid = [along(each.numpy(), observer.ch_axis, input.ndim) for each in observer.calculate_qparams()]
    codes = encode(input.detach().numpy(), *grid, observer.quant_min, observer.quant_max)
    return from_numpy(decode(codes, *grid))

# %% [markdown]
# ### 🧪 Unit Test: Observers

# %% nbgrader={"grade_id": "test-quantization-observers", "points": 12}
def test_unit_observers():
    observer, batch = MinMaxObserver(qint8), tensor([0.2, -1.0])
    refuses(RuntimeError, observer.calculate_qparams, "seen nothing")
    assert observer(batch) is batch, "an observer returns what it got"
    for more in (tensor(np.array([[0.5, 3.0]])), torch.zeros(0, 3), tensor([0.0])):
        observer(more)
    same(observer.min_val, -1, "the smallest so far", dtype="f")
    same(observer.max_val, 3, "the largest so far, of float64", dtype="f")
    for got, wanted in zip(observer.calculate_qparams(), ([4 / 255], [-64])):
        same(got, wanted, "scale, then zero point, each (1,)")
    images, four = torch.arange(-10.0, 14).reshape(2, 3, 4), {"quant_min": -8, "quant_max": 7}
    for axis, low, high in [(0, [-10, 1], [1, 13]), (1, [-10, -6, -2], [5, 9, 13]),
                            (-1, [-10, -9, -8, -7], [10, 11, 12, 13])]:
        channels = PerChannelMinMaxObserver(axis, qint8, per_channel_symmetric, **four)
        for batch in (images.requires_grad_(), images / 2):
            assert channels(batch) is batch, "an observer returns what it got"
        same(channels.min_val, low, f"the smallest along axis {axis}")
        same(channels.max_val, high, f"the largest along axis {axis}")
        wanted = np.maximum(-np.float32(low), high) / 7.5
        same(channels.calculate_qparams()[0], wanted, f"the scales along axis {axis}, 4 bits")
test_unit_observers()

# %% [markdown]
# ## 4. Clipping
# One number far out makes the step large for all others. A smaller range cuts it off, and rounds the
# rest more finely: of the whole range, nothing is cut off and all is coarse; of a tenth, all is fine and
# much is cut off. In between is a best share, with the least squared error. Nobody has to know the
# distribution for that: keep what passes, try shares, measure.

# %% nbgrader={"grade_id": "quantization-clipping"}
#| export
class MSEObserver(MinMaxObserver):
    """Of the ranges share · (min … max), the one on whose grid all that it saw has the least error."""
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.seen = []
    def forward(self, x_orig):
        self.seen.append(x_orig.detach().numpy().flatten())  # a copy
        return super().forward(x_orig)
    def calculate_qparams(self):
        """As above: tensors (1,). Try the shares 1.00, 0.99, …, 0.01.
        Approach: for each, choose_qparams of both extremes times the share (a plain number, or the
        dtype changes), then the sum of squares of what encode and decode change. Begin with what
        `super().calculate_qparams()` gives: it also refuses if nothing was seen."""
        ### BEGIN SOLUTION
        best, least = super().calculate_qparams(), np.inf
        values, codes = np.concatenate(self.seen), (self.quant_min, self.quant_max)
        for percent in range(100, 0, -1):
            low, high = (each * (percent / 100) for each in (self.min_val, self.max_val))
            grid = choose_qparams(low, high, *codes, self.qscheme)
            error = np.square(decode(encode(values, *grid, *codes), *grid) - values).sum()
            if error < least:
                best, least = grid, error
        return tuple(tensor(np.atleast_1d(each)) for each in best)
        ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Clipping

# %% nbgrader={"grade_id": "test-quantization-clipping", "points": 10}
def test_unit_clipping():
    refuses(RuntimeError, MSEObserver(qint8).calculate_qparams, "seen nothing")
    normal, even = np.random.default_rng(3).normal(size=2000), {"qscheme": per_tensor_symmetric}
    for values, options in [
        (np.append(normal, 40), {}), (normal, {"quant_min": -4, "quant_max": 3}), (normal - 2, even),
        (np.append(np.full(20_000, 0.01), 1), {"quant_min": 0, "quant_max": 1}), (np.ones(3), even)]:
        observer, values = MSEObserver(qint8, **options), values.astype("f")
        for part in map(tensor, np.array_split(values, 3)):
            observer(part)
            part.fill_(0)
        codes, ends = (observer.quant_min, observer.quant_max), np.float32([values.min(), values.max()])
        def error(grid): return np.square(decode(encode(values, *grid, *codes), *grid) - values).sum()
        grids = [choose_qparams(*(ends * (p / 100)), *codes, observer.qscheme) for p in range(1, 101)]
        least, got = min(map(error, grids)), observer.calculate_qparams()
        assert got[0].shape == got[1].shape == (1,), f"scale and zero point are (1,), got {got}"
        same(error([each.numpy() for each in got]), least, f"the least error, {options}", 0, rtol=1e-3)
test_unit_clipping()

# %% [markdown]
# ## 5. Products of codes, exactly
# The product of two int8 codes needs 16 bits, and a sum of many of them 32: chips for networks have an
# instruction that multiplies int8 and adds into int32. NumPy has none. Its `@` on whole numbers is a
# plain loop, because BLAS, the library behind fast products, knows floats only. But floats *are* exact
# for whole numbers, sums on the way included, as long as the digits suffice: float32 has 24 bits, so up
# to 2²⁴.
#
# ```
#    largest product    int8 · int8     128 · 128 = 2¹⁴      2²⁴ / 2¹⁴ = 1024 products add up exactly
#                       uint8 · int8    255 · 128 = 32,640   2²⁴ // 32,640 = 514
# ```
#
# So: float32 products over blocks of that length, each turned into int32, and added there. Every bit is
# what integer hardware would get, in whatever order BLAS adds. And there is the limit of the trick: we
# get the exact sums and the small memory, but the speed of floats, not of int8.

# %% nbgrader={"grade_id": "quantization-product"}
#| export
def exact_length(a, b):
    """How many products of a code of dtype a (np.int8 or np.uint8) and one of dtype b certainly add up
    exactly in float32. Approach: np.iinfo(dtype) has min and max; the larger size counts."""
    ### BEGIN SOLUTION
    a, b = (max(-np.iinfo(each).min, np.iinfo(each).max) for each in (a, b))
    return 2**24 // (a * b)
    ### END SOLUTION

def int_matmul(a, b):
    """a (M, K) @ b (K, N), arrays of codes, as int32 (M, N): exact, by float32 products of blocks.
    K may be 0, or not a multiple of the length."""
    ### BEGIN SOLUTION
    length, sums = exact_length(a.dtype, b.dtype), np.zeros((len(a), b.shape[1]), np.int32)
    for start in range(0, a.shape[1], length):
        block = slice(start, start + length)
        product = a[:, block].astype(np.float32) @ b[block].astype(np.float32)
        sums += product.astype(np.int32)
    return sums
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Products

# %% nbgrader={"grade_id": "test-quantization-product", "points": 10}
def test_unit_product():
    rng = np.random.default_rng(2)
    for kinds, length in (["b", "b"], 1024), (["B", "b"], 514), (["b", "B"], 514), (["B", "B"], 258):
        got = exact_length(*map(np.dtype, kinds))
        assert got == length, f"{kinds} (b: int8, B: uint8): {length} products, got {got}"
        for m, k, n in [(2, 3, 4), (3, 1024, 2), (3, 1025, 2), (2, 5000, 3), (2, 0, 3), (0, 5, 1)]:
            a, b = (rng.integers(256, size=s).astype(t) for s, t in zip([(m, k), (k, n)], kinds))
            worst = [np.full_like(each, np.iinfo(each.dtype).max) for each in (a, b)]
            worst[1][:1] = 126  # sums beyond 2²⁴, and odd
            for left, right in [(a, b), worst]:
                same(int_matmul(left, right), left.astype(int) @ right.astype(int),
                     f"{(m, k)} @ {(k, n)}, {kinds}", dtype=np.int32, rtol=0, atol=0)
test_unit_product()

# %% [markdown]
# ## 6. Zero points
# A linear layer wants Σ (a - z)·(w - v), for codes a and w with zero points z and v. But a - z may need
# nine bits. So multiply the codes as they are, and correct the sum. Take K = 2 products:
#
# ```
#    a = (3, 5), z = 1         means  (2,  4)
#    w = (2, -1), v = 1        means  (1, -2)         2·1 + 4·(-2)           = -6
#
#    Σ a·w  -  z·Σw  -  v·Σa  +  K·z·v
#       1   -  1·1   -  1·8   +  2·1·1                                       = -6
# ```
#
# One of these terms costs a sum over each new input; it is 0 if v is 0. Therefore weights get symmetric
# grids. Σw never changes: real layers keep it, and so will yours.
#
# Now the sum is a whole number that means sum · (scale of a) · (scale of w). The next layer wants codes
# on *its* grid, so the sum is **requantized**: multiplied by one number, rounded, moved, saturated.
#
# ```
#    multiplier = scale_a · scale_w / scale_out = 0.5 · 0.25 / 0.2 = 0.625
#    -6 · 0.625 + 3 = -0.75  →  code -1, which means (-1 - 3) · 0.2 = -0.8      (exactly: -0.75)
# ```
#
# A bias joins the sums before that, as a whole number on their grid: round(bias / (scale_a · scale_w)).
# Then nothing between the codes that come in and those that go out is a float, but for the multiplier.

# %% nbgrader={"grade_id": "quantization-linear"}
#| export
def integer_linear(input, weight, weight_sums=None):
    """Σ (a - z)·(w - v): exact int32 (M, N), of QuantizedTensors input (M, K), with one grid, and weight
    (N, K), with one or a grid for each row. weight_sums is Σw, int32 (N,), if it is known.
    Approach: int_matmul, then the corrections, in place. `sum(1, dtype=np.int32)` adds up rows.
    If all zero points of the weight are 0, spare yourself the sums of the input."""
    ### BEGIN SOLUTION
    z, v = input.zero_point, weight.zero_point
    if weight_sums is None:
        weight_sums = weight.codes.sum(1, dtype=np.int32)
    sums = int_matmul(input.codes, weight.codes.T)
    sums -= z * weight_sums
    if v.any():
        sums -= input.codes.sum(1, dtype=np.int32)[:, None] * v
        sums += input.shape[1] * z * v
    return sums
    ### END SOLUTION

def requantize(sums, multiplier, zero_point, dtype):
    """Codes of this dtype (its storage) of int32 sums. multiplier is a number, or an array that
    broadcasts. Round before the zero point is added."""
    ### BEGIN SOLUTION
    codes = np.rint(sums * multiplier) + zero_point
    return np.clip(codes, dtype.quant_min, dtype.quant_max).astype(dtype.storage)
    ### END SOLUTION

def quantized_linear(input, weight, bias, scale, zero_point, dtype=qint8):
    """From codes to codes: the layer's output on the grid (scale, zero_point), a QuantizedTensor.
    bias is a tensor of floats (N,), or None. Approach: the scale of the sums is that of the input times
    that of the weight (N,) or (). np.rint(bias / it) as int32 is added to the sums."""
    ### BEGIN SOLUTION
    sums, step = integer_linear(input, weight), input.scale * weight.scale
    if bias is not None:
        sums += np.rint(bias.detach().numpy() / step).astype(np.int32)
    codes = requantize(sums, step / scale, zero_point, dtype)
    return QuantizedTensor(codes, scale, zero_point, dtype)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Zero points

# %% nbgrader={"grade_id": "test-quantization-linear", "points": 14}
def test_unit_linear():
    a, w = (QuantizedTensor(np.int8([c]), s, 1, qint8) for c, s in [((3, 5), 0.5), ((2, -1), 0.25)])
    same(integer_linear(a, w), [[-6]], "the example", dtype=np.int32)
    same(quantized_linear(a, w, None, 0.2, 3).codes, [[-1]], "the example, requantized", dtype=np.int8)
    same(quantized_linear(a, w, tensor([0.08]), 0.125, 0).codes, [[-5]], "and a bias of 0.64 steps")
    same(requantize(np.int32([-1000, 1000, 3, 5, 6]), 0.5, 1, qint8), [-128, 127, 3, 3, 4],
         "saturated, and half to even before the zero point", dtype=np.int8)
    same(requantize(np.int32([[300], [-7]]), np.array([0.5, 1]), 9, quint8), [[159, 255], [5, 2]],
         "a multiplier for each column, and codes 0 … 255", dtype=np.uint8)
    rng = np.random.default_rng(5)
    for m, k, n, kind in [(3, 7, 4, qint8), (2, 1500, 3, quint8), (0, 4, 2, qint8)]:
        for v, axis in [(0, None), (-9, None), (rng.integers(-20, 20, n), 0)]:
            codes, w = (rng.integers(256, size=(i, k)).astype(kind.storage) for i in (m, n))
            a = QuantizedTensor(codes, 0.02, kind.quant_max - 100, kind)
            scale = 0.01 if axis is None else rng.uniform(0.001, 0.01, n)
            w = QuantizedTensor(w, scale, v, kind, axis)
            exact = (codes - a.zero_point) @ (w.codes - w.zero_point.reshape(-1, 1)).T
            what = f"{(m, k, n)}, {kind.name}, zero points {a.zero_point} and {v}"
            same(integer_linear(a, w), exact, what, 0, np.int32, 0)
            known = w.codes.sum(1, dtype=np.int32) + 1  # a wrong one, to see that it is taken
            same(integer_linear(a, w, known), exact - a.zero_point, "known sums", 0, np.int32, 0)
            bias = rng.normal(size=n).astype("f") * 100
            for given, zero, out in (tensor(bias), -3, qint8), (None, 120, quint8):
                real = exact * (0.02 * scale) + (0 if given is None else bias)
                step = np.abs(real).max(initial=1) / 100
                got = quantized_linear(a, w, given, step, zero, out)
                same(got.dequantize(), real, f"within half a step, {what}", 0.51 * step)
                assert got.codes.dtype == out.storage, f"{out.name} is not stored as {got.codes.dtype}"
test_unit_linear()

# %% [markdown]
# ## 7. A layer
# `QuantizedLinear` takes floats and gives floats, so that it fits wherever a Linear stood. Within, there
# are codes only:
#
# ```
#    input (…, K) float32 ─encode─▶ int8 ─┐
#                         weight (N, K) int8 ─▶ int32 sums ─ · scales + bias ─▶ (…, N) float32
# ```
#
# The grid of the input is **static**, chosen by an observer in a calibration; or **dynamic**, chosen
# anew for each batch from its own range: no calibration, never saturated, a little work each time. The
# weight's grid is symmetric, with a scale for each row.
#
# Everything is a buffer, so files are as small as memory. And nothing here learns: rounding is a
# staircase, its slope is 0 or infinite, and so the layer has no gradients.

# %% nbgrader={"grade_id": "quantization-layer"}
#| export
@operation
def int8_linear(input, weight, scale, weight_sums, bias, input_scale, input_zero_point):
    """The layer, on arrays: input float32 (…, K), weight int8 (N, K), scale (N,), weight_sums (N,), and
    bias (N,) or None; returns float32 (…, N). If input_scale is None, the range of this input decides,
    on the codes of qint8; a range that begins with `initial=0` needs no case for an empty input.
    Approach: reshape the input to (rows, K). Make QuantizedTensors of both (the weight's zero point
    is 0), call integer_linear, and multiply the sums by both scales, in float32."""
    if input.dtype != np.float32:
        raise RuntimeError(f"int8_linear wants float32, not {input.dtype}: call float() first")
    ### BEGIN SOLUTION
    codes = qint8.quant_min, qint8.quant_max
    if input_scale is None:
        low, high = input.min(initial=0), input.max(initial=0)
        input_scale, input_zero_point = choose_qparams(low, high, *codes)
    rows = encode(input.reshape(-1, weight.shape[1]), input_scale, input_zero_point, *codes)
    x = QuantizedTensor(rows.astype(np.int8), input_scale, input_zero_point, qint8)
    w = QuantizedTensor(weight, scale, 0, qint8)
    output = integer_linear(x, w, weight_sums).astype(np.float32)
    output *= input_scale * scale
    if bias is not None:
        output += bias
    return output.reshape(*input.shape[:-1], len(weight))
    ### END SOLUTION

weight_observer = PerChannelMinMaxObserver.with_args(dtype=qint8, qscheme=per_channel_symmetric)

class QuantizedLinear(nn.Module):
    """A Linear that keeps int8. With dynamic=True, each input gets a grid of its own."""
    def __init__(self, in_features, out_features, bias=True, dynamic=True):
        super().__init__()
        self.in_features, self.out_features, self.dynamic = in_features, out_features, dynamic
        self.register_buffer("weight", tensor(np.zeros((out_features, in_features), np.int8)))
        self.register_buffer("scale", torch.ones(out_features))
        self.register_buffer("weight_sums", tensor(np.zeros(out_features, np.int32)))
        self.register_buffer("bias", torch.zeros(out_features) if bias else None)
        self.register_buffer("input_scale", None if dynamic else tensor(1.0))
        self.register_buffer("input_zero_point", None if dynamic else tensor(0))
    @classmethod
    def from_float(cls, mod, observer=None, of_weight=weight_observer):
        """Of a Linear. observer has seen its inputs, and chooses their grid; without one: dynamic.
        Approach: an empty layer first, of the same sizes. of_weight() makes an observer: show it
        mod.weight, and `quantize_by` gives codes and scales. Then `copy_` into the buffers. One of
        them is the sum of each row of codes. Where one scale serves all rows, `copy_` spreads it."""
        if observer is not None and observer.dtype != qint8:
            raise ValueError(f"QuantizedLinear needs observers of qint8, not {observer.dtype.name}")
        ### BEGIN SOLUTION
        layer = cls(mod.in_features, mod.out_features, mod.bias is not None, observer is None)
        of_weight = of_weight()
        coded = quantize_by(of_weight, of_weight(mod.weight))
        layer.weight.copy_(coded.int_repr())
        layer.scale.copy_(coded.scale)
        layer.weight_sums.copy_(coded.codes.sum(1))
        if mod.bias is not None:
            layer.bias.copy_(mod.bias.detach())
        if observer is not None:
            scale, zero_point = observer.calculate_qparams()
            layer.input_scale.fill_(scale.item())
            layer.input_zero_point.fill_(zero_point.item())
        return layer
        ### END SOLUTION
    def forward(self, input):
        return int8_linear(input.detach(), self.weight, self.scale, self.weight_sums, self.bias,
                           self.input_scale, self.input_zero_point)
    def extra_repr(self):
        kept = "in_features", "out_features", "dynamic"
        return ", ".join(f"{name}={getattr(self, name)}" for name in kept)

# %% [markdown]
# ### 🧪 Unit Test: Layer

# %% nbgrader={"grade_id": "test-quantization-layer", "points": 14}
def test_unit_layer():
    manual_seed(4)
    inputs, observer = randn(3, 4, 6) + 1, MinMaxObserver(qint8)
    observer(inputs)
    step, zero = (each.item() for each in observer.calculate_qparams())
    for bias, seen in [(True, None), (False, None), (True, observer), (False, observer)]:
        linear = nn.Linear(6, 5, bias)
        layer, what = QuantizedLinear.from_float(linear, seen), f"{bias=}, static={seen is not None}"
        weight = linear.weight.detach().numpy()
        scale = np.abs(weight).max(1) / np.float32(127.5)
        same(layer.scale, scale, f"a scale for each row, {what}", dtype="f")
        codes = encode(weight, scale[:, None], 0, -128, 127)  # the largest lie between two codes
        same(layer.weight, codes, f"codes, {what}", 1, "int8")
        same(layer.weight_sums, layer.weight.numpy().astype(int).sum(1), f"sums of rows, {what}")
        assert (layer.bias is None) == (not bias), f"a bias if there was one, {what}"
        kept = decode(layer.weight.numpy(), scale[:, None], 0)
        for louder in (1 / 8, 8):
            grid = (step, zero) if seen else (step * louder, zero)  # a static grid saturates
            codes = encode(louder * inputs.numpy(), *grid, -128, 127)
            expected = decode(codes, *grid) @ kept.T + (linear.bias.detach().numpy() if bias else 0)
            got = layer(louder * inputs)
            same(got, expected, f"what the codes mean, multiplied as floats, {what}", 1e-4, np.float32)
        assert layer(torch.zeros(0, 6)).shape == (0, 5), f"an empty batch, {what}"
        twin = QuantizedLinear(6, 5, bias, seen is None)
        twin.load_state_dict(layer.state_dict())
        same(twin(8 * inputs), got, f"another layer with this state, {what}")
        twin.weight_sums.add_(1)
        assert not np.allclose(twin(inputs), layer(inputs)), "a layer takes the sums that it keeps"
test_unit_layer()

# %% [markdown]
# ## 8. A whole model
# Nobody rewrites a model layer by layer. Copy it, walk through the copy, and put another layer wherever
# a Linear stands. The given model must stay as it is: whoever compares before and after needs both, and
# may go on training. And where *one* layer stood in two places, one layer stands in both places after.
#
# ```
#    quantize_dynamic(net)                     every Linear becomes a dynamic QuantizedLinear
#    prepared = prepare(net)                   every Linear gets an observer in front of it
#    for batch in …: prepared(batch)           calibration: it answers as before, and remembers
#    small = convert(prepared)                 every pair becomes a static QuantizedLinear
# ```
#
# Which observers? A **QConfig** names two, as functions that make one: for activation and for weight.

# %% nbgrader={"grade_id": "quantization-model"}
#| export
QConfig = namedtuple("QConfig", "activation weight")
default_qconfig = QConfig(MinMaxObserver.with_args(dtype=qint8), weight_observer)

class Observed(nn.Module):
    """A Linear, and an observer of what it is called with."""
    def __init__(self, linear, qconfig):
        super().__init__()
        self.linear, self.observer, self.qconfig = linear, qconfig.activation(), qconfig
    def forward(self, input): return self.linear(self.observer(input))

def swapped(model, kind, make):
    """A copy of model where make(module) stands in place of each module that is of this kind. Called
    once for each such module, however many places it stands in. model itself may be one.
    Approach: deepcopy, then an inner function that returns what should stand in place of a module: the
    made one, kept in a dictionary; or itself, after `setattr` of what stands in place of its children.
    Find these in `module._modules.items()`, which has second places, too; a child may be None."""
    ### BEGIN SOLUTION
    made = {}
    def instead_of(module):
        if isinstance(module, kind):
            if module not in made:
                made[module] = make(module)
            return made[module]
        for name, child in module._modules.items():
            if child is not None:
                setattr(module, name, instead_of(child))
        return module
    return instead_of(deepcopy(model))
    ### END SOLUTION

def quantize_dynamic(model, qconfig_spec=None, dtype=qint8):
    """A copy of model, with QuantizedLinear in place of each Linear. (qconfig_spec: {nn.Linear}.)"""
    if dtype != qint8 or not set(qconfig_spec or ()) <= {nn.Linear}:
        raise ValueError(f"only nn.Linear, and only to qint8: not {qconfig_spec} to {dtype}")
    ### BEGIN SOLUTION
    return swapped(model, nn.Linear, QuantizedLinear.from_float)
    ### END SOLUTION

def prepare(model):
    """A copy of model, with Observed in place of each Linear. If model has an attribute qconfig, it is
    used instead of default_qconfig."""
    ### BEGIN SOLUTION
    qconfig = getattr(model, "qconfig", default_qconfig)
    return swapped(model, nn.Linear, lambda linear: Observed(linear, qconfig))
    ### END SOLUTION

def convert(module):
    """A copy of what was prepared, and calibrated since, with QuantizedLinear in place of Observed."""
    ### BEGIN SOLUTION
    return swapped(module, Observed, lambda each: QuantizedLinear.from_float(
        each.linear, each.observer, each.qconfig.weight))
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Models

# %% nbgrader={"grade_id": "test-quantization-model", "points": 10}
def test_unit_model():
    manual_seed(6)
    first, inputs = nn.Linear(4, 4), randn(5, 4)
    model = nn.Sequential(first, nn.Tanh(), nn.Sequential(first, nn.ReLU()), nn.Linear(4, 2, False))
    model[1].add_module("gap", None)
    before, exact = {n: p.tolist() for n, p in model.state_dict().items()}, model(inputs).detach()
    small = quantize_dynamic(model, {nn.Linear})
    kinds = " ".join(type(module).__name__ for module in small.modules())
    wanted = "Sequential QuantizedLinear Tanh Sequential ReLU QuantizedLinear"
    assert kinds == wanted and small[0] is small[2][0], f"one for one: {wanted}, got {kinds}"
    same(small(inputs), exact, "nearly the same answers", 0.05)
    assert quantize_dynamic(first).dynamic, "a Linear alone is a model, too"
    prepared = prepare(model)
    for batch in (inputs, 2 * inputs):
        same(prepared(batch), model(batch), "while it is calibrated, it answers as before")
    static = convert(prepared)
    for small, pair in (static[0], prepared[0]), (static[3], prepared[3]):
        same([small.input_scale.item(), small.input_zero_point.item()],
             [each.item() for each in pair.observer.calculate_qparams()], "the grid of its observer")
    same(static(inputs), exact, "nearly the same answers, static", 0.05)
    assert {n: p.tolist() for n, p in model.state_dict().items()} == before, "the model has changed"
    assert [*map(type, (model[0], prepared[0]))] == [nn.Linear, Observed], "and so have its layers"
    model.qconfig = QConfig(MSEObserver.with_args(dtype=qint8), MinMaxObserver.with_args(
        dtype=qint8, qscheme=per_tensor_symmetric))
    (prepared := prepare(model))(inputs)
    assert isinstance(prepared[0].observer, MSEObserver), "model.qconfig chooses the observers"
    assert len(set(convert(prepared)[3].scale.tolist())) == 1, "and those of weights"
test_unit_model()

# %% [markdown]
# ## 📊 Systems analysis
# The trained network, in memory and in a file, and how often it is right:

# %%
(prepared := prepare(net))(x[:200])  # calibration
models = {"float32": net, "int8, dynamic": quantize_dynamic(net), "int8, static": convert(prepared)}

for name, model in models.items():
    state = {n: t.numpy() for n, t in model.state_dict().items()}
    np.savez(file := io.BytesIO(), **state)
    weights, whole = (sum(a.nbytes for n, a in state.items() if n.endswith(e)) for e in ("weight", ""))
    print(f"  {name:14} weights {weights:6} bytes, all {whole:6}, file {len(file.getvalue()):6}, "
          f"right {share_right(model):.1%}")

# %% [markdown]
# The weights take exactly a quarter. Scales, sums and the bias take 12 bytes for each *row*, which is
# much beside rows of 64 and little beside rows of 1000; and a file has a header for each array.
#
# How few bits would do? Weights on a grid for each matrix, for each row, and inputs as they are:

# %%
def share_right_with(bits, observer):
    copy = deepcopy(net)
    for weight in (copy[0].weight.detach(), copy[2].weight.detach()):
        see = observer(quant_min=-2 ** (bits - 1), quant_max=2 ** (bits - 1) - 1)
        weight.copy_(fake_quantize(see, see(weight)))
    return share_right(copy)

print("  bits              ", *(f"{bits:6}" for bits in range(8, 1, -1)))
for what, observer in {
    "a grid for all": MinMaxObserver.with_args(dtype=qint8, qscheme=per_tensor_symmetric),
    "clipped": MSEObserver.with_args(dtype=qint8, qscheme=per_tensor_symmetric),
    "a grid for a row": PerChannelMinMaxObserver.with_args(dtype=qint8, qscheme=per_channel_symmetric),
}.items():
    print(f"  {what:18}", *(f"{share_right_with(bits, observer):6.1%}" for bits in range(8, 1, -1)))

# %% [markdown]
# Half the step is half the error: each bit less doubles it, and at first nobody notices. Where it hurts,
# the choice of the grid counts. (Fewer than 8 bits save memory only if codes share bytes.)
#
# And the time? A layer of 512×512, a batch of 32, in µs: the best of many runs.

# %%
def best(call): return min(repeat(call, number=3, repeat=15)) / 3 * 1e6
linear, batch, seen = nn.Linear(512, 512), randn(32, 512), MinMaxObserver(qint8)
static, dynamic = (seen(batch), [QuantizedLinear.from_float(linear, o) for o in (seen, None)])[1]
codes, weight = quantize_by(seen, batch).codes, static.weight.numpy().T
wide = codes.astype("f"), weight.astype("f")
for what, call in {
    "float32 layer": no_grad()(lambda: linear(batch)), "int8 layer, static": lambda: static(batch),
    "int8 layer, dynamic": lambda: dynamic(batch), "  encode input": lambda: quantize_by(seen, batch),
    "  widen the weight": lambda: weight.astype("f"), "  product in float32": lambda: wide[0] @ wide[1],
    "NumPy's int32 product": lambda: codes.astype(np.int32) @ weight.astype(np.int32),
}.items():
    print(f"  {what:22} {best(call):8.0f}")

# %% [markdown]
# Our int8 layer can't beat the float layer: it *contains* the same float product, and encodes and widens
# besides. What it saves is memory, and the trips to it. Its sums are those of a chip that multiplies
# int8, many at once, in an instruction that NumPy can't reach: four codes fit where one float did, and
# that is where the speed of int8 comes from. NumPy's own integer product takes none of these roads.

# %% [markdown]
# ## 🧪 Module test
# ### 🧪 Unit Test: Quantization together

# %% nbgrader={"grade_id": "test-quantization-together", "points": 6}
def test_unit_together():
    exact = share_right(net)
    (prepared := prepare(net))(x[:200])
    for name, model in ("dynamic", quantize_dynamic(net)), ("static", convert(prepared)):
        right, small = share_right(model), sum(t.nbytes for t in (model[0].weight, model[2].weight))
        assert abs(right - exact) <= 0.01, f"{name}: {right:.1%} right, in float {exact:.1%}"
        whole = sum(p.nbytes for p in net.parameters() if p.ndim == 2)
        assert 4 * small == whole, f"{name}: {small} bytes of weights are no quarter of {whole}"
    # Pixels come in as codes, scores go out as codes. And ReLU? The grid of what it gave begins at 0:
    # what is below saturates there, for nothing.
    hidden, scores = MinMaxObserver(qint8), MinMaxObserver(qint8)
    scores(net[2](hidden(net[1](net[0](x[:200])))))
    signal = quantize_by(prepared[0].observer, x_test)
    for layer, seen, look in (net[0], hidden, weight_observer()), (net[2], scores, weight_observer()):
        scale, zero_point = (each.item() for each in seen.calculate_qparams())
        weight = quantize_by(look, look(layer.weight))
        signal = quantized_linear(signal, weight, layer.bias, scale, zero_point)
    right = (signal.codes.argmax(1) == y_test.numpy()).mean()
    assert abs(right - exact) <= 0.01, f"in codes only: {right:.1%} right, in float {exact:.1%}"
test_unit_together()

# %% [markdown]
# ## 🤔 Questions to think about
# 1. A dynamic layer's answer to an image depends on the other images of its batch. How, and how much?
#    With which grids would it not, at what price, and what would the correction terms look like?
# 2. You train *with* the rounding in place. Its slope is 0 nearly everywhere: which gradient would you
#    pretend it has, where, and why might that work? (It is called the straight-through estimator.)
# 3. Two codes of 4 bits fit into a byte. How long could the blocks of `int_matmul` be? And how long may
#    a row of int8 be until int32 itself overflows?
# 4. MSEObserver keeps all that it sees. With a histogram of 2048 bins instead, what would you lose?

# %% [markdown]
# ## 🎯 Summary
# `tinytorch.optim.quantization` turns a model into one whose linear layers store int8 and multiply
# codes, by `quantize_dynamic`, or `prepare`, calibration, `convert`. You can say how wrong it may get,
# and why it is smaller but, in NumPy, not faster. Module 16 throws parts of a model away.
