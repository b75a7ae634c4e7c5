# %% [markdown]
# # 09 · Convolutions
#
# A Linear layer doesn't know that two pixels are neighbours, and what it learnt about a seven in
# the middle says nothing about one in the corner. A convolution looks through a small window, with
# the same weights wherever that stands. You turn it from loops into a matrix product that keeps up
# with PyTorch. Hubel and Wiesel (1962) found cells in a cat's brain that watch for edges nearby,
# Fukushima (1980) built a network of such cells, LeCun et al. (1989) taught one to read post codes.
#
# **Prerequisites:** modules 01, 03 and 06; strides of an array; mean and variance.
# **Time:** about 210 minutes, seven exercises.
#
# ```mermaid
# flowchart LR
#     T[01 Tensor] & L[03 Layers] & G[06 Autograd] --> C(09 Convolutions) --> P[14 Profiling]
# ```

# %% [markdown]
# ## 🔧 Setup

# %%
#| default_exp nn.convolution

# %%
#| export
from collections import namedtuple
from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided
from tinytorch.core import gradients, ones, operation, rand, tensor, zeros
from tinytorch.nn import Module, Parameter

# %%
import tracemalloc
from timeit import repeat
import tinytorch.nn.functional as F
from tinytorch import nn
from tinytorch.core import Tensor, float64, manual_seed, randn
from tinytorch.core.autograd import gradcheck

RNG = np.random.default_rng(9)
def random(*shape): return RNG.normal(size=shape)

def same(got, expected, what, rtol=1e-5):
    got, expected = (a.detach() if isinstance(a, Tensor) else a for a in (got, expected))
    got, expected = np.asarray(got), np.asarray(expected)
    kind, wanted = f"{got.dtype} {got.shape}", f"{expected.dtype} {expected.shape}"
    assert kind == wanted, f"{what}: should be {wanted}, got {kind}"
    assert np.allclose(got, expected, rtol, 1e-6), f"{what}: should be\n{expected}, got\n{got}"

def right_gradients(what, call, *arrays):  # of float64 tensors, against measured slopes
    inputs = [tensor(array, dtype=float64, requires_grad=True) for array in arrays]
    assert gradcheck(call, inputs, raise_exception=False), f"{what}: a gradient isn't the slope"

def allocated(call):  # the most bytes that a call has in use
    tracemalloc.start()
    call()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most

# %% [markdown]
# ## 📦 Where this code lives
# The exported cells become `tinytorch/nn/convolution.py`. They earn you `nn.Conv2d`, the pools,
# `nn.BatchNorm2d`, and the functions behind them in `tinytorch.nn.functional`.

# %% [markdown]
# ## 1. A window that slides
# Lay a small **kernel** of weights on the image, multiply what lies on each other, add it all up:
# that is one output. Then move on.
#
# ```
#    image (4, 4)        kernel (2, 2)      output (3, 3)
#    [1 2]0 1             1  0               [ 0] -1  -2        1·1 + 2·0 + 0·0 + 1·(-1) = 0
#    [0 1]3 2             0 -1                 0   0   3        2·1 + 0·0 + 1·0 + 3·(-1) = -1
#     2 0 1 0                                  1   0  -2
#     1 1 0 3
# ```
#
# A **stride** of 2 moves two pixels at a time, and leaves [[0, -2], [1, -2]] of that. **Padding**
# puts zeros around the image, so that its edges get as many windows as its middle. **Dilation** 2
# spreads the kernel: it takes every second pixel, and three of them **span** five.
#
# ```
#    span = dilation · (kernel - 1) + 1            windows = ⌊(size - span) / stride⌋ + 1
#    28 pixels, kernel 3: (28 - 3)/1 + 1 = 26      stride 2: ⌊25/2⌋ + 1 = 13
# ```
#
# A **Slide** holds all of this for height and width, in pairs. `padding="same"` adds span - 1 zeros
# altogether, so that nothing is lost (with stride 1), and "valid" adds none.

# %%
#| export
Slide = namedtuple("Slide", "kernel stride dilation margins")
def pair(value):  # 3 means (3, 3), and so does (3,)
    value = (value,) if isinstance(value, int) else tuple(value)
    return value * 2 if len(value) == 1 else value

def sliding(kernel, stride, padding, dilation):
    kernel, stride, dilation = map(pair, (kernel, stride, dilation))
    if padding == "same" and stride == (1, 1):
        zeros = [d * (k - 1) for k, d in zip(kernel, dilation)]
        margins = [(n // 2, n - n // 2) for n in zeros]
    elif padding == "valid" or not isinstance(padding, str):
        margins = [(n, n) for n in pair(0 if padding == "valid" else padding)]
    else:
        raise RuntimeError(f"padding is 'valid', numbers, or, with stride 1, 'same'; not {padding}")
    slide = Slide(kernel, stride, dilation, margins)
    if min(*kernel, *stride, *dilation) < 1 or min(margins)[0] < 0:
        raise RuntimeError(f"only margins may be 0, and nothing may be negative: {slide}")
    return slide

def out_size(size, kernel, stride, dilation):  # how many windows fit into size pixels
    span = dilation * (kernel - 1) + 1
    if span > size:
        raise RuntimeError(f"a kernel that spans {span} doesn't fit into {size} pixels")
    return (size - span) // stride + 1

# %% [markdown]
# Colour images have three **channels**, and a layer makes many output channels, each with a kernel
# as deep as the input. For N images, with stride s and dilation d:
#
# ```
#    input (N, C, H, W)      weight (O, C, K, K)      bias (O,)      output (N, O, OH, OW)
#    output[n, o, y, x] = bias[o] + Σ weight[o, c, i, j] · input[n, c, y·s + i·d, x·s + j·d]
#                                c, i, j
# ```
#
# Write that down as it stands. It is slow, but nothing is easier to trust.

# %% nbgrader={"grade_id": "convolutions-loops"}
def conv2d_loops(input, weight, bias, slide):
    """The definition above, on arrays, for slide.stride and slide.dilation, without padding.
    Approach: zeros of the output's shape and input's dtype, then two loops: `for n, o, y, x in
    np.ndindex(output.shape)` over outputs, and in it, over the c, i, j of weight.shape[1:]."""
    _, stride, dilation, _ = slide
    ### BEGIN SOLUTION
    height, width = map(out_size, input.shape[2:], weight.shape[2:], stride, dilation)
    output = np.zeros((len(input), len(weight), height, width), input.dtype)
    for n, o, y, x in np.ndindex(output.shape):
        output[n, o, y, x] = bias[o]
        for c, i, j in np.ndindex(weight.shape[1:]):
            row, column = y * stride[0] + i * dilation[0], x * stride[1] + j * dilation[1]
            output[n, o, y, x] += weight[o, c, i, j] * input[n, c, row, column]
    return output
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Loops
# The example, and random shapes against NumPy's windows and `einsum`.

# %% nbgrader={"grade_id": "test-convolutions-loops", "points": 12}
IMAGE = np.float32([[[[1, 2, 0, 1], [0, 1, 3, 2], [2, 0, 1, 0], [1, 1, 0, 3]]]])

def all_windows(x, slide, outside=0):  # of x (N, C, H, W) and its margins: (N, C, OH, OW, KH, KW)
    (sy, sx), (dy, dx), spans = *slide[1:3], [d * (k - 1) + 1 for k, _, d, _ in zip(*slide)]
    x = np.pad(x, [(0, 0), (0, 0), *slide.margins], constant_values=outside)
    views = np.lib.stride_tricks.sliding_window_view(x, spans, (2, 3))
    return views[:, :, ::sy, ::sx, ::dy, ::dx]

def by_numpy(x, w, b, slide, groups=1):
    parts = zip(np.split(all_windows(x, slide), groups, 1), np.split(w, groups))
    return np.concatenate([np.einsum("ncyxij,ocij->noyx", *p) for p in parts], 1) + b[:, None, None]

def test_unit_loops():
    got = conv2d_loops(IMAGE, np.array([[[[1, 0], [0, -1]]]]), [0], sliding(2, 1, 0, 1))
    same(got, np.float32([[[[0, -1, -2], [0, 0, 3], [1, 0, -2]]]]), "the example")
    for size, *ways in [((5, 4), (2, 3), 1, 0, 1), ((7, 6), (3, 2), (2, 1), 0, (1, 2)),
                        ((6, 9), (2, 2), (1, 3), 0, (4, 1)), ((3, 3), (3, 3), 1, 0, 1)]:
        x, w, b, slide = random(2, 3, *size), random(4, 3, *ways[0]), random(4), sliding(*ways)
        same(conv2d_loops(x, w, b, slide), by_numpy(x, w, b, slide), f"images {size}, {slide}")
test_unit_loops()

# %%
x, w, b = random(1, 1, 28, 28), random(8, 1, 3, 3), random(8)
loops = min(repeat(lambda: conv2d_loops(x, w, b, sliding(3, 1, 0, 1)), number=1, repeat=2))
print(f"8 kernels, one picture: {loops:.3f} s. 60,000 pictures: {loops * 1000:.0f} minutes.")

# %% [markdown]
# ## 2. All windows at once
# NumPy shall see all windows as *one* array, and nothing is copied. A view's strides (module 01)
# say how far to step in memory along each dimension. A step to the next window is s pixels long,
# one inside of a window d pixels:
#
# ```
#    view[c, i, j, y, x, n] = image[c, y·s + i·d, x·s + j·d, n]
#                                                                  a row in memory, s = d = 1:
#    a step in i, or j:           d of the image's own steps         1 2 0 1
#    a step in y, or x:           s of the image's own steps        [1 2]        windows 0, 1, 2
#    a step in c, or n:           one                                 [2 0]      share pixels
#                                                                       [0 1]
# ```
#
# **The batch comes last** here, and that is a trick. Whatever a convolution copies, it moves by
# pixels. In memory of the order (C, H, W, N), a pixel of all N images is one block, and NumPy moves
# blocks; in the order (N, C, H, W), the pieces are single numbers. So our layers keep their images
# in the order (C, H, W, N), and show users an (N, C, H, W) *view*. relu and others keep the order.

# %%
#| export
def batch_last(array):  # (N, C, H, W), or a single image (C, H, W), as (C, H, W, N) without gaps
    order = array.transpose(1, 2, 3, 0) if array.ndim == 4 else array[..., None]
    return np.ascontiguousarray(order)
def batch_first(array, ndim): return array.transpose(3, 0, 1, 2) if ndim == 4 else array[..., 0]

def framed(shape, slide, value, dtype):
    """An array (C, H, W, N) full of value, and in it the view for images of this shape."""
    if len(shape) not in (3, 4):
        raise RuntimeError(f"images are (N, C, H, W), or (C, H, W), not {shape}")
    (top, bottom), (left, right) = slide.margins
    *batch, channels, height, width = shape
    size = channels, top + height + bottom, left + width + right, prod(batch)
    frame = np.full(size, value, dtype)
    return frame, frame[:, top:top + height, left:left + width]

def pad(array, slide, value=0):
    """The images of array (N, C, H, W) with their margins, in the order (C, H, W, N)."""
    if slide.margins == [(0, 0), (0, 0)] and array.ndim in (3, 4):
        return batch_last(array)
    frame, inside = framed(array.shape, slide, value, array.dtype)
    batch_first(inside, array.ndim)[...] = array
    return frame

# %% nbgrader={"grade_id": "convolutions-windows"}
#| export
def windows(image, slide):
    """All windows on image (C, H, W, N): a view (C, KH, KW, OH, OW, N), by the formula above.
    Approach: `out_size` for both directions, then as_strided(image, shape, strides). Both tuples
    have six entries, and image.strides has the image's own steps, in bytes."""
    (kernel_h, kernel_w), (stride_h, stride_w), (dilation_h, dilation_w), _ = slide
    ### BEGIN SOLUTION
    channels, *size, batch = image.shape
    out_h, out_w = map(out_size, size, slide.kernel, slide.stride, slide.dilation)
    c, h, w, n = image.strides
    strides = c, dilation_h * h, dilation_w * w, stride_h * h, stride_w * w, n
    return as_strided(image, (channels, kernel_h, kernel_w, out_h, out_w, batch), strides)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Windows
# Every element, for several orders of memory; and that no byte was copied.

# %% nbgrader={"grade_id": "test-convolutions-windows", "points": 14}
def test_unit_windows():
    image = random(3, 9, 8, 2)
    for slide in (sliding((2, 3), (3, 1), 0, (4, 2)), sliding((3, 2), (1, 2), 0, (1, 3))):
        for a in (image, image[:, ::-1], np.asfortranarray(image)):
            view, expected = windows(a, slide), all_windows(batch_first(a, 4), slide)
            same(view, expected.transpose(1, 4, 5, 2, 3, 0), f"windows of (3, 9, 8, 2), {slide}")
            assert np.shares_memory(view, a), "windows should be a view: don't copy"
            assert view.flags.writeable, "gradients will be written to windows: not read-only"
test_unit_windows()

# %% [markdown]
# ## 3. One matrix product
# Write the kernel of each output channel as a row, and the pixels of each window as a column, in
# the same order. Then the definition is a product of matrices, and the windows' view, reshaped, is
# the second one. The example again:
#
# ```
#    weight (O, C·K·K)  @  columns (C·K·K, OH·OW·N)  =  output (O, OH·OW·N)
#
#    [1 0 0 -1]         @  1 2 0 0 1 3 2 0 1         =  [0 -1 -2  0  0  3  1  0 -2]
#                          2 0 1 1 3 2 0 1 0
#                          0 1 3 2 0 1 1 1 0
#                          1 3 2 0 1 0 1 0 3
# ```
#
# It has a price: each pixel stands in up to K·K columns, and this time it is copied: a 3×3 kernel
# makes nine times the bytes of the images. So we take a **strip** of output rows at a time, so few
# that its columns fit into the cache next to a processor's core.
#
# **Groups** cut the channels into equal parts: with two, the first half of the output sees only the
# first half of the input. To `@`, that is a batch of G products:
# weight (G, O/G, C/G·K·K) @ columns (G, C/G·K·K, …) = output (G, O/G, …).

# %% nbgrader={"grade_id": "convolutions-forward"}
#| export
STRIP = 2**18  # bytes

def grouped(array, groups):  # (A, …) as (groups, A/groups, the rest in one)
    return array.reshape(groups, len(array) // groups, prod(array.shape[1:]))

def check_conv2d(input, weight, bias, groups):
    if weight.ndim != 4 or input.ndim < 3 or len(weight) % groups or (
            input.shape[-3] != weight.shape[1] * groups):
        raise RuntimeError(f"conv2d: input {input.shape} doesn't fit weight {weight.shape} with "
                           f"groups={groups}: (N, C, H, W) needs (O, C/groups, KH, KW)")
    for other in (weight, bias):
        if other is not None and (other.dtype, len(other)) != (input.dtype, len(weight)):
            raise RuntimeError(f"conv2d: {other.dtype} {other.shape} doesn't fit input "
                               f"{input.dtype} {input.shape} and weight {weight.shape}")

def strips(view):
    """Cut windows (C, KH, KW, OH, OW, N) into strips. Yields pairs of slices: which output rows, of
    the OH, and which positions, of the OH·OW·N. For OH = 5, OW·N = 10, if two rows fit:
    (slice(0, 2), slice(0, 20)), (slice(2, 4), slice(20, 40)), (slice(4, 5), slice(40, 50)).
    Strips have as many rows as fit into STRIP bytes, the last one what is left, none less than
    one, and without bytes there is one strip. view.nbytes counts as if all was copied."""
    ### BEGIN SOLUTION
    rows, width = view.shape[3], prod(view.shape[4:])
    height = max(1, rows * STRIP // (view.nbytes or 1))
    for top in range(0, rows, height):
        bottom = min(top + height, rows)
        yield slice(top, bottom), slice(top * width, bottom * width)
    ### END SOLUTION

def columns(view, rows, groups):
    """The columns of these output rows (a slice), copied: (G, C/G·KH·KW, how many · OW·N)."""
    ### BEGIN SOLUTION
    part = view[:, :, :, rows]
    return part.reshape(groups, prod(part.shape[:3]) // groups, prod(part.shape[3:]))
    ### END SOLUTION

@operation
def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Convolve input (N, C, H, W), or (C, H, W), with weight (O, C/groups, KH, KW), and add bias.
    Approach: take `windows` of the `pad`ded input. output is np.empty (G, O/G, OH·OW·N), and for
    each strip, np.matmul(…, out=output[:, :, positions]) fills in its part. Then (O, OH, OW, N),
    plus the bias (if any), in place, and `batch_first`, with as many dimensions as input has."""
    check_conv2d(input, weight, bias, groups)
    slide = sliding(weight.shape[2:], stride, padding, dilation)
    ### BEGIN SOLUTION
    view, kernels = windows(pad(input, slide), slide), grouped(weight, groups)
    output = np.empty((*kernels.shape[:2], prod(view.shape[3:])), input.dtype)
    for rows, positions in strips(view):
        np.matmul(kernels, columns(view, rows, groups), out=output[:, :, positions])
    output = output.reshape(len(weight), *view.shape[3:])
    if bias is not None:
        output += bias[:, None, None, None]
    return batch_first(output, input.ndim)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Convolution
# Strips; all options against NumPy, in one strip and in several; memory.

# %% nbgrader={"grade_id": "test-convolutions-forward", "points": 18}
OPTIONS = [  # size of the input, of the weight; stride, padding, dilation; groups
    ((2, 3, 5, 6), (4, 3, 3, 2), (1, 0, 1), 1), ((3, 2, 6, 7), (3, 2, 2, 3), (2, (1, 2), 1), 1),
    ((2, 4, 7, 5), (6, 2, 3, 3), (1, 1, (2, 1)), 2),
    ((1, 3, 4, 4), (3, 1, 4, 2), (1, "same", 1), 3),
]

def test_unit_convolution():
    global STRIP
    for STRIP, batch, cuts in [(9_000, 5, [0, 1, 2, 3]), (11_520, 2, [0, 2, 3]), (9, 0, [0, 3])]:
        size, width = (4, 3, 3, 3, 10, batch), 10 * batch
        wanted = [(slice(a, b), slice(a * width, b * width)) for a, b in zip(cuts, cuts[1:])]
        got = list(strips(np.broadcast_to(np.float64(1), size)))
        assert got == wanted, f"{STRIP=}, windows {size} of 8 bytes: {wanted}, not {got}"
    for STRIP in (1500, 2**18):
        for size, kernel, ways, groups in OPTIONS:
            x, w, b = random(*size), random(*kernel), random(kernel[0])
            slide = sliding(kernel[2:], *ways)
            expected, what = by_numpy(x, w, b, slide, groups), f"{slide}, {groups=}"
            for part in (slice(None), 0, slice(0, 0)):
                got = conv2d(*map(tensor, (x[part], w, b)), *ways, groups)
                same(got, expected[part], f"{what}, of the images {part}")
            got = conv2d(tensor(x), tensor(w), None, *ways, groups)
            same(got, expected - b[:, None, None], f"{what}, no bias")
    x, w = randn(16, 8, 64, 64), randn(8, 8, 3, 3)
    most, y = allocated(lambda: conv2d(x, w)) / x.nbytes, conv2d(x, w)
    assert most < 3.3, f"a copy of the input, an output, a strip: not {most:.1f} × the input"
    assert y.numpy().transpose(1, 2, 3, 0).flags.c_contiguous, "its memory's order is (C, H, W, N)"
test_unit_convolution()

# %% [markdown]
# ## 4. Backwards
# A convolution is a product, so you know its gradients from module 06, up to reshaping:
#
# ```
#    output = weight @ columns          weight: g @ columnsᵀ          columns: weightᵀ @ g
# ```
#
# For the weight, the columns are made anew, strip by strip: to keep them would save little time, at
# K·K times the memory of the image. The gradient of the columns must go back to the pixels they
# were copied from. Where windows overlap, a pixel was used several times, and **gets the sum**:
#
# ```
#    gradient of the columns, for a row of 4 pixels     of the pixels
#    window 0:  [a b]                                    a
#    window 1:    [c d]                                  b + c
#    window 2:      [e f]                                d + e
#                                                        f
# ```
#
# `view += all of it` would be wrong: of the elements that lie on one pixel, the last one written
# would win. But take one of the **places** in the kernel, say all left ones (a, c, e): those lie on
# different pixels. So for each place, multiply g by that place's part of the weight, and add.

# %% nbgrader={"grade_id": "convolutions-backward"}
#| export
def places(view):  # a view for each place in the kernel: that number of every window
    return [view[:, i, j] for i in range(view.shape[1]) for j in range(view.shape[2])]

def conv2d_weight(g, input, weight, stride, padding, dilation, groups):
    """The gradient of weight, from g of the output's shape. Approach: the same view and the same
    strips as forwards; g as the product left it, `grouped` and `batch_last`; add up in zeros."""
    slide = sliding(weight.shape[2:], stride, padding, dilation)
    ### BEGIN SOLUTION
    view, g = windows(pad(input, slide), slide), grouped(batch_last(g), groups)
    gradient = np.zeros_like(grouped(weight, groups))
    for rows, positions in strips(view):
        gradient += g[:, :, positions] @ columns(view, rows, groups).swapaxes(1, 2)
    return gradient.reshape(weight.shape)
    ### END SOLUTION

def conv2d_input(g, weight, stride, padding, dilation, groups, shape):
    """The gradient of input, of this shape. Approach: go through the `places` of a frame of zeros
    (C, OH, OW, N), and along with them through those of batch_last(weight), (C/G, O), of which
    transposing and `grouped` make (G, C/G, O/G), to multiply g: (G, O/G, OH·OW·N), as the product
    left it forwards. Add that to the place. What gathers inside of the margins is the answer."""
    slide = sliding(weight.shape[2:], stride, padding, dilation)
    frame, inside = framed(shape, slide, 0, g.dtype)
    ### BEGIN SOLUTION
    g = grouped(batch_last(g), groups)
    for place, kernel in zip(places(windows(frame, slide)), places(batch_last(weight))):
        place += (grouped(kernel.T, groups).swapaxes(1, 2) @ g).reshape(place.shape)
    ### END SOLUTION
    return batch_first(inside, len(shape))

def row_sums(rows):  # a product with ones adds up several times as fast as `sum`
    return rows @ np.ones(rows.shape[1], rows.dtype)

gradients(conv2d, input=conv2d_input, weight=conv2d_weight,
          bias=lambda g: row_sums(grouped(batch_last(g), 1)[0]))

# %% [markdown]
# ### 🧪 Unit Test: Gradients
# A row of pixels by hand, and all options against slopes, in one strip and in several.

# %% nbgrader={"grade_id": "test-convolutions-backward", "points": 18}
def test_unit_gradients():
    global STRIP
    x, w = (tensor(a, requires_grad=True) for a in ([[[1.0, 2, 0, 1]]], [[[[3.0, 5]]]]))
    conv2d(x, w).backward(tensor([[[1.0, 10, 100]]]))
    same(x.grad, np.float32([[[3, 5 + 30, 50 + 300, 500]]]), "a row of 4: g·3 left, g·5 right")
    same(w.grad, np.float32([[[[1 + 20, 2 + 100]]]]), "the weight's: Σ g · the pixels it met")
    for STRIP in (1500, 2**18):
        for size, kernel, ways, groups in OPTIONS:
            for images in (size, size[1:]):
                arrays = random(*images), random(*kernel), random(kernel[0])
                right_gradients(f"{images}, {kernel}, {ways}, {groups=}",
                                lambda x, w, b: conv2d(x, w, b, *ways, groups), *arrays)
test_unit_gradients()

# %%
#| export
class Conv2d(Module):
    """conv2d with parameters of its own, just as Linear has them (module 03)."""
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1,
                 groups=1, bias=True, padding_mode="zeros"):
        super().__init__()
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ValueError(f"groups={groups} must divide {in_channels} and {out_channels}")
        if padding_mode != "zeros":
            raise ValueError(f"padding_mode={padding_mode!r} isn't built here, only 'zeros'")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        slide = sliding(kernel_size, stride, padding, dilation)
        self.kernel_size, self.stride, self.dilation = slide.kernel, slide.stride, slide.dilation
        self.padding = padding if isinstance(padding, str) else pair(padding)
        self.weight = Parameter(zeros(out_channels, in_channels // groups, *self.kernel_size))
        self.register_parameter("bias", Parameter(zeros(out_channels)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self):  # the bound is 1/√n for n numbers that one output adds up
        bound = (prod(self.weight.shape[1:]) or 1) ** -0.5
        for parameter in self.parameters():
            parameter.detach().copy_((2 * rand(parameter.shape) - 1) * bound)

    def forward(self, input):
        return conv2d(input, self.weight, self.bias, self.stride, self.padding, self.dilation,
                      self.groups)

    def extra_repr(self):
        text = f"kernel_size={self.kernel_size}, stride={self.stride}"
        for name, usual in [("padding", (0, 0)), ("dilation", (1, 1)), ("groups", 1)]:
            text += "" if getattr(self, name) == usual else f", {name}={getattr(self, name)}"
        text += "" if self.bias is not None else ", bias=False"
        return f"{self.in_channels}, {self.out_channels}, {text}"

# %% [markdown]
# ## 5. Pooling
# Whether there is an edge matters more than on which pixel exactly. **Max pooling** keeps the
# largest of each window, **average pooling** the mean. With windows of 2×2, and a stride of 2 (by
# default, that is the kernel's size), three quarters of the numbers are gone.
#
# ```
#    1 2 0 1     max   2 3     average  1.0  1.5     backwards, g = [[10, 20], [30, 40]]:
#    0 1 3 2           2 3              1.0  1.0     max     0 10  0  0     average  2.5 2.5 5 5
#    2 0 1 0                                                 0  0 20  0              2.5 2.5 5 5
#    1 1 0 3                                                30  0  0  0              7.5 …
#                                                            0  0  0 40
# ```
#
# `view.max((1, 2))` would search window by window. Turn it around: each of the `places` has one
# number of every window, and np.maximum compares two such arrays at full speed. Backwards, only the
# winner's place gets g; **on a tie the first one** (windows full of zeros are common). So we note
# `which` place won, in few bytes. `which == number` is a mask of 0 and 1, to multiply g with.

# %% nbgrader={"grade_id": "convolutions-pooling"}
#| export
def pooling(kernel_size, stride, padding, dilation=1):
    stride = kernel_size if stride in (None, ()) else stride
    slide = sliding(kernel_size, stride, padding, dilation)
    for (margin, _), kernel, step in zip(slide.margins, slide.kernel, slide.dilation):
        if margin > (step * (kernel - 1) + 1) // 2:
            raise RuntimeError(f"padding must be at most half of what the kernel spans: {slide}")
    return slide

@operation
def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1):
    """The largest number in each window; margins never win.
    Approach: take a copy of the first of the `places` for the best so far, and for `which` zeros in
    the np.min_scalar_type of the last place's number. Then place by place: where is it *larger*?
    That mask times its number (in the dtype of `which`) is 0 elsewhere, and numbers grow, so that
    np.maximum enters it. Return the maxima, batch first, and `which` for the tape."""
    slide = pooling(kernel_size, stride, padding, dilation)
    view = windows(pad(input, slide, -np.inf), slide)
    ### BEGIN SOLUTION
    first, *others = places(view)
    best, which = first.copy(), np.zeros(first.shape, np.min_scalar_type(len(others)))
    for number, other in enumerate(others, start=1):
        larger = other > best
        np.maximum(which, larger * which.dtype.type(number), out=which)
        np.maximum(best, other, out=best)
    return batch_first(best, input.ndim), which
    ### END SOLUTION

def max_pool2d_input(g, kernel_size, stride, padding, dilation, saved, shape):
    """The gradient of input. Approach: the places of a frame of zeros; `saved` is `which`, and g is
    needed `batch_last`. If windows lie apart, there is nothing to add up, and with
    np.multiply(…, out=place) the place's part goes straight to where it belongs."""
    slide = pooling(kernel_size, stride, padding, dilation)
    apart = slide.dilation == (1, 1) and np.all(np.array(slide.stride) >= slide.kernel)
    frame, inside = framed(shape, slide, 0, g.dtype)
    ### BEGIN SOLUTION
    g = batch_last(g)
    for number, place in enumerate(places(windows(frame, slide))):
        if apart:
            np.multiply(g, saved == number, out=place)
        else:
            place += g * (saved == number)
    ### END SOLUTION
    return batch_first(inside, len(shape))

@operation
def avg_pool2d(input, kernel_size, stride=None, padding=0):
    """The mean of each window; the zeros of the margins count."""
    slide = pooling(kernel_size, stride, padding)
    ### BEGIN SOLUTION
    total = sum(places(windows(pad(input, slide), slide)))
    total /= prod(slide.kernel)
    return batch_first(total, input.ndim)
    ### END SOLUTION

def avg_pool2d_input(g, kernel_size, stride, padding, shape):
    slide = pooling(kernel_size, stride, padding)
    frame, inside = framed(shape, slide, 0, g.dtype)
    ### BEGIN SOLUTION
    g = batch_last(g) / prod(slide.kernel)
    for place in places(windows(frame, slide)):
        place += g
    ### END SOLUTION
    return batch_first(inside, len(shape))

gradients(max_pool2d, input=max_pool2d_input)
gradients(avg_pool2d, input=avg_pool2d_input)

# %% [markdown]
# ### 🧪 Unit Test: Pooling
# The examples; all options against the definition; gradients; ties; many places.

# %% nbgrader={"grade_id": "test-convolutions-pooling", "points": 14}
def test_unit_pooling():
    x, g = tensor(IMAGE, requires_grad=True), tensor([[[[10.0, 20], [30, 40]]]])
    for pool, output, gradient in [
        (max_pool2d, [[2, 3], [2, 3]], np.diag([30, 10, 20, 40])[[1, 2, 0, 3]]),
        (avg_pool2d, [[1, 1.5], [1, 1]], np.kron([[2.5, 5], [7.5, 10]], np.ones((2, 2)))),
    ]:
        x.grad, y = None, pool(x, 2)
        y.backward(g)
        same(y, np.float32([[output]]), f"{pool.__name__} of the example")
        same(x.grad, np.float32([[gradient]]), f"the example's gradient in {pool.__name__}")
    def check(pool, reduce, outside, *options):
        a, slide, what = random(2, 3, 7, 8), pooling(*options), f"{pool.__name__} with {options}"
        expected = reduce(all_windows(a, slide, outside), axis=(4, 5))
        for part in (slice(None), 0, slice(0, 0)):
            same(pool(tensor(a[part]), *options), expected[part], f"{what} of the images {part}")
            right_gradients(what, lambda x: pool(x, *options), a[part])
    for options in [((2, 3), None, 0), ((2, 3), (1, 2), (1, 0)), ((2, 3), 3, 1)]:
        check(avg_pool2d, np.mean, 0, *options)
        for dilation in (1, 2):
            check(max_pool2d, np.max, -np.inf, *options, dilation)
    x = tensor([[[7.0, 7], [7, 7]]], requires_grad=True)
    max_pool2d(x, 2).backward(ones(1, 1, 1))
    same(x.grad, np.float32([[[1, 0], [0, 0]]]), "on a tie, only the first one gets the gradient")
    x = tensor(np.arange(400.0).reshape(1, 20, 20), requires_grad=True)
    (max_pool2d(x, 20) + max_pool2d(-x, 20)).backward(ones(1, 1, 1))
    got = np.flatnonzero(x.grad.numpy()).tolist()
    assert got == [0, 399], f"in one window of 400 places, the first and the last: not {got}"
    dtype = max_pool2d.forward(IMAGE, 2)[1].dtype
    assert dtype == "uint8", f"four places can be counted in one byte each, not in {dtype}"
test_unit_pooling()

# %%
#| export
class Pool2d(Module):
    def __init__(self, kernel_size, stride=None, padding=0):
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding = padding
    def extra_repr(self):
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"

class AvgPool2d(Pool2d):
    def forward(self, input): return avg_pool2d(input, self.kernel_size, self.stride, self.padding)

class MaxPool2d(Pool2d):
    def __init__(self, kernel_size, stride=None, padding=0, dilation=1):
        super().__init__(kernel_size, stride, padding)
        self.dilation = dilation
    def forward(self, input):
        return max_pool2d(input, self.kernel_size, self.stride, self.padding, self.dilation)
    def extra_repr(self):
        return f"{super().extra_repr()}, dilation={self.dilation}, ceil_mode=False"

# %% [markdown]
# ## 6. Batch normalization
# While a deep network learns, each layer builds on outputs whose scale keeps changing. Ioffe and
# Szegedy (2015) put each channel back to mean 0 and variance 1, over the batch and all pixels, and
# gave it a learnt scale and shift instead. Much larger learning rates became safe:
#
# ```
#    x̂ = (x - mean) / √(var + eps)        output = weight · x̂ + bias
#
#    1, 3 in a channel:  mean 2, var ((-1)² + 1²)/2 = 1, x̂ = -1, 1; weight 10, bias 5: -5, 15
# ```
#
# **Backwards**, mean and variance depend on x as well. Add a constant to a whole channel, and
# nothing changes; stretch it, and (but for eps) nothing changes. So whatever of g would shift or
# stretch is taken out, unless mean and variance are constants:
#
# ```
#    ẋ = weight/√(var + eps) · (g - mean(g) - x̂ · mean(g·x̂))     constants: weight/√(…) · g
# ```

# %% nbgrader={"grade_id": "convolutions-standardize"}
#| export
def channel_rows(array):  # (N, C, …) as (C, n); a view, if the memory's order is batch last
    return np.moveaxis(array, 0, -1).reshape(array.shape[1], array.size // (array.shape[1] or 1))

def from_channel_rows(rows, shape):
    return np.moveaxis(rows.reshape(*shape[1:], shape[0]), -1, 0)

def moments(rows):
    """The mean and the variance (divided by n) of each row of an array (C, n), two arrays (C,).
    Approach: `row_sums`; of centred rows, np.vecdot(rows, rows) has the sums of squares."""
    ### BEGIN SOLUTION
    mean = row_sums(rows) / rows.shape[1]
    centred = rows - mean[:, None]
    return mean, np.vecdot(centred, centred) / rows.shape[1]
    ### END SOLUTION

@operation
def standardize(input, weight, bias, mean, var, eps, training):
    """weight · x̂ + bias, for an input (N, C, …); the others are (C,). Save the pair x̂ (as rows),
    1/√(var + eps). Approach: work on `channel_rows`, in place on what is yours; keep x̂ intact."""
    ### BEGIN SOLUTION
    scale = 1 / np.sqrt(var + eps)
    normal = channel_rows(input) - mean[:, None]
    normal *= scale[:, None]
    output = normal * weight[:, None]
    output += bias[:, None]
    return from_channel_rows(output, input.shape), (normal, scale)
    ### END SOLUTION

def standardize_input(g, weight, saved, training):
    """The gradient of input: in training, by the first formula, otherwise by the second."""
    (normal, scale), rows = saved, channel_rows(g)
    ### BEGIN SOLUTION
    if training:
        rows = rows - (row_sums(rows) / rows.shape[1])[:, None]
        rows -= normal * (np.vecdot(rows, normal) / rows.shape[1])[:, None]
    rows = rows * (weight * scale)[:, None]
    ### END SOLUTION
    return from_channel_rows(rows, g.shape)

gradients(standardize, input=standardize_input,
          weight=lambda g, saved: np.vecdot(channel_rows(g), saved[0]),
          bias=lambda g: row_sums(channel_rows(g)))

# %% [markdown]
# ### 🧪 Unit Test: Standardize
# The example; moments of numbers far from 0; gradients of both kinds against slopes.

# %% nbgrader={"grade_id": "test-convolutions-standardize", "points": 12}
def test_unit_standardize():
    a, one = random(3, 40) * 2 + 1000, np.float32([1])
    for got, expected in zip(moments(a), (a.mean(1), a.var(1))):
        same(got, expected, "moments of rows around 1000")
    y = standardize(tensor([[1.0], [3.0]]), one * 10, one * 5, one * 2, one, 0.0, True)
    same(y, np.float32([[-5], [15]]), "the example")
    for shape in [(4, 3), (3, 2, 5), (2, 3, 4, 5)]:
        x, (w, b, mean), var = random(*shape) * 3 + 2, random(3, shape[1]), random(shape[1]) ** 2
        x_hat = (channel_rows(x) - mean[:, None]) / np.sqrt(var + 0.1)[:, None]
        expected = from_channel_rows(x_hat * w[:, None] + b[:, None], shape)
        same(standardize(tensor(x), w, b, mean, var, 0.1, False), expected, f"an input {shape}")
        for training in (True, False):
            def call(x, w, b):
                used = moments(channel_rows(x.detach().numpy())) if training else (mean, var)
                return standardize(x, w, b, *used, 0.1, training)
            right_gradients(f"{shape}, {training=}", call, x, w, b)
test_unit_standardize()

# %% [markdown]
# ## 7. Training and use
# In training, each batch has moments of its own. **In use** there may be a single image, and what
# it gets must not depend on others. So training keeps running averages, `running ← (1 - momentum) ·
# running + momentum · new`, and use takes those. Of the variance, the *unbiased* one is kept
# (divided by n - 1, module 01), an estimate for all images: 2 in the example. With momentum 0.1, a
# running mean of 0 and variance of 1 become 0.2 and 1.1.
#
# A BatchNorm2d keeps them as *buffers* (module 03), and counts in `num_batches_tracked` how many
# batches they have seen. With `momentum=None`, batch number t counts 1/t, so that all weigh the
# same. Without `track_running_stats`, there are none, and the batch's own moments always count.

# %% nbgrader={"grade_id": "convolutions-batch-norm"}
#| export
def check_batch_norm(input, mean, var, weight, bias, training):
    if training and prod(input.shape[:1] + input.shape[2:]) == 1:
        raise ValueError(f"training needs more than one value per channel, got {input.shape}")
    if not training and (mean is None or var is None):
        raise RuntimeError("outside of training, batch_norm needs running_mean and running_var")
    if (mean is None) != (var is None):
        raise ValueError("batch_norm needs both of running_mean and running_var, or neither")
    if input.ndim < 2 or input.dtype.kind != "f":
        raise RuntimeError(f"batch_norm needs floats (N, C, …), got {input.dtype} {input.shape}")
    for each in (mean, var, weight, bias):
        if each is not None and (each.dtype, each.shape) != (input.dtype, input.shape[1:2]):
            raise RuntimeError(f"batch_norm: input {input.dtype} {input.shape} and "
                               f"{each.dtype} {each.shape} don't fit")

def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False,
               momentum=0.1, eps=1e-5):
    """Standardize input (N, C, …): in training by its own moments, which also go into the running
    ones (Tensors, or None), otherwise by the running ones. Approach: find mean and var. `moments`
    needs arrays: input.detach().numpy(). The running Tensors change in place, mul_, then add_."""
    check_batch_norm(input, running_mean, running_var, weight, bias, training)
    weight = ones(input.shape[1], dtype=input.dtype) if weight is None else weight
    bias = zeros(input.shape[1], dtype=input.dtype) if bias is None else bias
    ### BEGIN SOLUTION
    mean, var = running_mean, running_var
    if training:
        rows = channel_rows(input.detach().numpy())
        mean, var = moments(rows)
        if running_mean is not None:
            unbiased = var * (rows.shape[1] / (rows.shape[1] - 1))
            running_mean.mul_(1 - momentum).add_(momentum * mean)
            running_var.mul_(1 - momentum).add_(momentum * unbiased)
    return standardize(input, weight, bias, mean, var, eps, training)
    ### END SOLUTION

class BatchNorm2d(Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True,
                 track_running_stats=True, *, bias=True):
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        size, track = num_features, track_running_stats
        self.register_parameter("weight", Parameter(ones(size)) if affine else None)
        self.register_parameter("bias", Parameter(zeros(size)) if affine and bias else None)
        self.register_buffer("running_mean", zeros(size) if track else None)
        self.register_buffer("running_var", ones(size) if track else None)
        self.register_buffer("num_batches_tracked", tensor(0) if track else None)

    def forward(self, input):
        """batch_norm with all that is registered; its `training` is also True without running
        moments. In training, count the batch first, if there is a counter."""
        if input.ndim != 4:
            raise ValueError(f"BatchNorm2d needs (N, C, H, W), got {input.shape}")
        momentum = self.momentum
        ### BEGIN SOLUTION
        if self.training and self.running_mean is not None:
            self.num_batches_tracked.add_(1)
            if momentum is None:
                momentum = 1 / self.num_batches_tracked.item()
        training = self.training or self.running_mean is None
        return batch_norm(input, self.running_mean, self.running_var, self.weight, self.bias,
                          training, momentum, self.eps)
        ### END SOLUTION

    def extra_repr(self):
        return (f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
                f"affine={self.affine}, bias={self.bias is not None}, "
                f"track_running_stats={self.track_running_stats}")

# %% [markdown]
# ### 🧪 Unit Test: Training and use
# Running moments by hand, after several batches, and in use.

# %% nbgrader={"grade_id": "test-convolutions-batch-norm", "points": 10}
def test_unit_training_and_use():
    mean, var = tensor([0.0]), tensor([1.0])
    batch_norm(tensor([[1.0], [3.0]]), mean, var, training=True)
    same([mean.item(), var.item()], [0.2, 1.1], "the example's running mean and variance")
    batches = [random(4, 2, 3, 3).astype("f") + n for n in range(3)]
    own = [(a.mean((0, 2, 3)), a.var((0, 2, 3)), a.var((0, 2, 3), ddof=1)) for a in batches]
    def standard(a, mean, var):
        return (a - mean[:, None, None]) / np.sqrt(var + np.float32(0.5))[:, None, None]
    for momentum, shares in [(0.5, (1 / 8, 1 / 8, 1 / 4, 1 / 2)), (None, (0, 1 / 3, 1 / 3, 1 / 3))]:
        layer = BatchNorm2d(2, 0.5, momentum)
        layer.weight.detach().fill_(3)
        layer.bias.detach().fill_(-2)
        for a, (mean, var, _) in zip(batches, own):
            same(layer(tensor(a)), standard(a, mean, var) * 3 - 2, "in training, its own moments")
        mean, var = (np.dot(shares, [(first, first), *(each[n] for each in own)]).astype("f")
                     for n, first in [(0, 0), (2, 1)])
        same(layer.running_mean, mean, f"the running mean of three batches, {momentum=}", 1e-4)
        same(layer.running_var, var, f"the running variance of three batches, {momentum=}", 1e-4)
        same(layer.eval()(tensor(a)), standard(a, mean, var) * 3 - 2, "in use: running ones", 1e-4)
        assert layer.num_batches_tracked.item() == 3, "three batches in training, one in use: 3"
    layer = BatchNorm2d(2, 0.5, affine=False, track_running_stats=False)
    for got in (layer(tensor(a)), layer.eval()(tensor(a))):
        same(got, standard(a, *own[2][:2]), "with nothing learnt or tracked: its own moments")
test_unit_training_and_use()

# %% [markdown]
# ## 📊 Systems analysis
# What does the product save, what do memory's order and strips, and where does the time go?

# %%
def best(call, calls=1):  # milliseconds, the best of five: other programs only slow us down
    return min(repeat(call, number=calls, repeat=5)) / calls * 1e3

print(f"The picture took {loops:.3f} s, now {best(lambda: conv2d.forward(x, w, b), 99):.3f} ms.")
x, slide = random(32, 8, 28, 28), sliding(3, 1, 0, 1)
for order, a in {"(N, C, H, W)": x.transpose(1, 2, 3, 0), "(C, H, W, N)": batch_last(x)}.items():
    print(f"Copying all windows of images {order} takes {best(windows(a, slide).copy):.2f} ms")

x, w, limit = randn(32, 16, 32, 32), randn(32, 16, 3, 3), STRIP
for name, STRIP in [("all at once", 2**40), ("in strips", limit)]:
    took, most = best(lambda: conv2d(x, w), 3), allocated(lambda: conv2d(x, w)) / x.nbytes
    print(f"16 channels of 32 × 32, {name}: {took:.1f} ms, {most:.1f} × the input's memory")

x = randn(32, 1, 28, 28)
for layer in [Conv2d(1, 8, 3), nn.ReLU(), MaxPool2d(2), Conv2d(8, 16, 3), BatchNorm2d(16),
              nn.ReLU(), MaxPool2d(2), nn.Flatten(), nn.Linear(400, 10)]:
    took, count = best(lambda: layer(x), 20), sum(p.numel() for p in layer.parameters())
    x = layer(x)
    print(f"{type(layer).__name__:12} {took:6.3f} ms, {count:5,} parameters, output {x.shape[1:]}")

# %% [markdown]
# The loops pay Python's price for each product, and a convolution has millions. The matrix product
# pays with copies, which BLAS makes up for by far, and strips bound them. Convolutions have few
# parameters and much work, as each weight is used at every position; in Linear, it is used once.

# %% [markdown]
# ## 🧪 Module test
# ### 🧪 Unit Test: Convolutions together
# A network that learns to tell bars apart, wherever they are, and that network in use.

# %% nbgrader={"grade_id": "test-convolutions-together", "points": 2}
def bars(count):  # half of them horizontal, half vertical
    images, labels = random(count, 1, 8, 8) * 0.1, np.arange(count) % 2
    for image, label, (row, column) in zip(images[:, 0], labels, RNG.integers(0, 5, (count, 2))):
        (image if label else image.T)[row, column:column + 4] += 1
    return tensor(images.astype("f")), tensor(labels)

def test_unit_together():
    manual_seed(7)
    net = nn.Sequential(
        Conv2d(1, 8, 3, padding=1, bias=False), BatchNorm2d(8), nn.ReLU(), MaxPool2d(2),
        Conv2d(8, 8, 3), nn.ReLU(), AvgPool2d(2), nn.Flatten(), nn.Linear(8, 2))
    for _ in range(60):
        x, y = bars(64)
        net.zero_grad()
        F.cross_entropy(net(x), y).backward()
        for p in net.parameters():
            p.detach().sub_(0.2 * p.grad)
    (x, y), net = bars(200), net.eval()
    right = (net(x).argmax(1) == y).float().mean().item()
    assert right > 0.9, f"after 60 steps, 9 of 10 new bars should be right, not {right:.0%}"
    same(net(x[:1]), net(x)[:1], "in use, an image's answer doesn't depend on the others", 1e-4)
test_unit_together()

# %% [markdown]
# ## 🤔 Questions to think about
# 1. Two layers of 3×3 see as far as one of 5×5. Which has fewer weights, and what else have they?
# 2. Why is a Conv2d's bias useless if BatchNorm2d follows? How could both become one convolution
#    once training is over?
# 3. Padding with zeros tells a network where the edge is. How could it find out from its outputs?

# %% [markdown]
# ## 🎯 Summary
# Of `nn.Conv2d`, pools and `nn.BatchNorm2d`, networks were made that read post codes in the 1990s
# and won at ImageNet in 2015. Module 10 turns to text, and asks what its pixels are.
