# %% [markdown]
# # 13 · Transformers
#
# Attention mixes what the positions know. To think about it, a network needs a few more parts: a
# layer that keeps numbers in bounds, a small network for each position, and a path on which nothing
# gets lost. You build them, stack them to a GPT, and let it write. Layer normalization is by Ba, Kiros
# and Hinton (2016), the block by Vaswani et al. (2017). Radford et al. took its decoder half, trained
# it to continue text, and called it GPT (2018); it has grown since, and hardly changed.
#
# **Prerequisites:** modules 01 to 04, 06, 07, 11 and 12; probabilities, cumulative sums.
# **Time:** about 210 minutes, eight exercises.
#
# ```mermaid
# flowchart LR
#     L[03 Layers] & O[07 Optimizers] & E[11 Embeddings] & A[12 Attention] --> T(13 Transformers)
#     T --> P[14 Profiling] & M[18 Memoization]
# ```

# %% [markdown]
# ## 🔧 Setup

# %%
#| default_exp nn.transformer

# %%
#| export
from copy import deepcopy
from math import prod

import numpy as np
import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch import nn
from tinytorch.core import from_numpy, gradients, no_grad, operation

# %%
# For the tests: one compares with numbers, the other wants an error that helps.
from tinytorch import optim
from tinytorch.core import Tensor, float64, manual_seed, randn, tensor
from tinytorch.nn.losses import slopes

def same(got, expected, what, atol=1e-5):
    got, expected = (t.detach().numpy() if isinstance(t, Tensor) else np.asarray(t)
                     for t in (got, expected))
    assert got.shape == expected.shape, f"{what}: shape {expected.shape} expected, got {got.shape}"
    close = np.allclose(got, expected, 1e-5, atol)
    assert close, f"{what}: should be\n{expected}, got\n{got}"

def refuses(error, call, *parts):
    try:
        got = call()
    except error as problem:
        assert all(part in str(problem) for part in parts), f"it should say {parts}: {problem}"
        return
    raise AssertionError(f"this should raise {error.__name__}, but it returned {got!r}")

# %% [markdown]
# ## 📦 Where this code lives
# The exported cells become `tinytorch/nn/transformer.py`. They earn you `F.layer_norm`, and in `nn`
# LayerNorm, TransformerEncoderLayer, TransformerEncoder and GPT. `sample` and `generate`, which
# PyTorch doesn't have, come from `tinytorch.nn.transformer`.

# %% [markdown]
# ## 1. Layer normalization
# Each layer multiplies by a matrix, and with it the size of what passes. A factor of 0.7, twenty
# times, leaves a thousandth. Here is how much is left of numbers with standard deviation 1:

# %%
manual_seed(0)
x = randn(256, 64)
for depth in range(1, 13):
    x = F.relu(nn.Linear(64, 64)(x))
    print(f"{x.std().item():.3f}", end=" after 12 layers\n" if depth == 12 else " ")

# %% [markdown]
# What is left soon comes from the biases, and nothing of the input. **Layer normalization** takes
# each position's row, whatever its size, and gives it mean 0 and variance 1:
#
# ```
#    x        = ( 1,     2,     3,    6   )    mean 3, variance (4 + 1 + 0 + 9)/4 = 3.5
#    x - mean = (-2,    -1,     0,    3   )    1/√3.5 = 0.535
#    normal   = (-1.07, -0.53,  0,    1.60)    output = normal · weight + bias
# ```
#
# The variance is divided by n, not n - 1, and a small `eps` is added to it, so that a row of equal
# numbers gives 0 and not 0/0. The learnt weight and bias, one for each element of a row, start at 1
# and 0. Nothing here depends on other rows: unlike BatchNorm it doesn't care how large a batch is.
#
# It is one operation again. A row is what `normalized_shape`, the last sizes of the input, contains:
# view them as a matrix (M, n). And the means of all rows are a product with a column of 1/n, which
# BLAS computes several times as fast as `mean`.

# %% nbgrader={"grade_id": "transformers-layer-norm"}
#| export
def check_layer_norm(input, normalized_shape, weight, bias):
    """The number of elements in a row. Raises RuntimeError unless everything fits."""
    shape = tuple(normalized_shape)
    if not shape or input.shape[-len(shape):] != shape or input.dtype.kind != "f":
        raise RuntimeError(f"layer_norm over {shape} needs floats (…, *{shape}), got {input.dtype} "
                           f"of shape {input.shape}")
    for other in (weight, bias):
        if other is not None and (other.shape, other.dtype) != (shape, input.dtype):
            raise RuntimeError(f"layer_norm: weight and bias must be {input.dtype} of shape {shape}, "
                               f"not {other.dtype} of {other.shape}")
    return prod(shape)

@operation
def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
    """Mean 0 and variance 1 for each row, times weight, plus bias. (Ba, Kiros, Hinton, 2016.)

    Returns the output, of input's shape, and for the tape the pair (normal, inverse): the rows before
    weight and bias (M, size), and each one's 1/√(variance + eps), a column (M, 1).

    Approach: reshape to (input.size // size, size). With np.full((size, 1), 1/size, input.dtype),
    the product `rows @ average` is a column of means. Subtract it; `normal` is then a new array, to
    go on with in place. The mean of its squares is the variance. `output` must be another array
    than normal, even without weight and bias: what is kept belongs to the tape.
    """
    size = check_layer_norm(input, normalized_shape, weight, bias)
    ### BEGIN SOLUTION
    rows, average = input.reshape(input.size // size, size), np.full((size, 1), 1 / size, input.dtype)
    normal = rows - rows @ average
    inverse = 1 / np.sqrt((normal * normal) @ average + eps)
    normal *= inverse
    output = normal.reshape(input.shape) * (1 if weight is None else weight)
    if bias is not None:
        output += bias
    return output, (normal, inverse)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Layer norm
# The example, rows of one and of two dimensions, weights, equal numbers, and what is kept.

# %% nbgrader={"grade_id": "test-transformers-layer-norm", "points": 12}
def test_unit_layer_norm():
    same(layer_norm(tensor([[1.0, 2, 3, 6]]), [4]), [[-1.06904, -0.53452, 0, 1.60357]], "the example")
    rng = np.random.default_rng(1)
    for shape, last in [((5, 3), (3,)), ((2, 4, 3), (3,)), ((2, 4, 3), (4, 3)), ((7,), (7,)),
                        ((0, 3), (3,))]:
        a, w, b = rng.normal(2, 3, shape), rng.normal(size=last), rng.normal(size=last)
        axes = tuple(range(-len(last), 0))
        for eps in (1e-5, 0.5):
            inverse = 1 / np.sqrt(a.var(axes, keepdims=True) + eps)
            normal = (a - a.mean(axes, keepdims=True)) * inverse
            for weight, bias in [(w, b), (w, None), (None, None)]:
                for dtype in ("d", "f"):
                    given = [None if t is None else tensor(t.astype(dtype)) for t in (weight, bias)]
                    x = tensor(a.astype(dtype))
                    expected = normal * (1 if weight is None else w) + (0 if bias is None else b)
                    got = layer_norm(x, last, *given, eps)
                    same(got, expected, f"layer_norm of {shape} over {last}, {eps=}")
                    assert got.dtype == dtype, f"the dtype stays {x.dtype}, got {got.dtype}"
                    same(x, a.astype(dtype), "the input, which must stay as it is")
            output, (rows, scale) = layer_norm.forward(a, last, eps=eps)
            same(rows, normal.reshape(rows.shape), "the rows that are kept")
            same(scale, inverse.reshape(-1, 1), "what is kept of 1/√(variance + eps)")
            assert not np.may_share_memory(output, rows) or not a.size, "output and rows: two arrays"
    same(layer_norm(tensor([[3.0, 3, 3]]), (3,)), [[0, 0, 0]], "a row of equal numbers")
    refuses(RuntimeError, lambda: layer_norm(tensor([[1.0, 2]]), (3,)), "(3,)", "(1, 2)")
test_unit_layer_norm()

# %% [markdown]
# ## 2. What a normalized row can't feel
# Add 5 to all numbers of a row: the output stays. Multiply them by 2: it stays (but for eps). So the
# gradient of the row can have no part along these two directions: not along (1, 1, …, 1), and not
# along `normal` itself. Take g·weight, remove the two parts, and divide by the standard deviation:
#
# ```
#    ẋ = inverse · (d - mean(d) - normal · mean(d · normal))           d = g · weight
# ```
#
# In the example, d = (1, 0, 0, 0): mean(d) = 0.25 and mean(d·normal) = -1.07/4 = -0.267. What is
# left is (0.464, -0.393, -0.25, 0.179), times 0.535: ẋ = (0.248, -0.210, -0.134, 0.095). The sum is
# 0, as it must be. Weight and bias were used in each of the M rows, so theirs are sums over rows, of
# g·normal and of g. As in module 06, a product with a vector of ones adds them up faster than `sum`.

# %% nbgrader={"grade_id": "transformers-layer-norm-gradient"}
#| export
def layer_norm_input(g, weight, saved):
    """ẋ, as rows (M, size): the tape brings it back to the input's shape. weight may be None."""
    normal, inverse = saved
    ### BEGIN SOLUTION
    size = normal.shape[1]
    average = np.full((size, 1), 1 / size, normal.dtype)
    d = (g if weight is None else g * weight).reshape(normal.shape)
    gradient = d - d @ average
    gradient -= normal * ((d * normal) @ average)
    gradient *= inverse
    return gradient
    ### END SOLUTION

def layer_norm_weight(g, saved):
    """The gradient of weight, with `size` elements. Approach: np.ones(M) @ a matrix (M, size)."""
    ### BEGIN SOLUTION
    normal = saved[0]
    return np.ones(len(normal), g.dtype) @ (g.reshape(normal.shape) * normal)
    ### END SOLUTION

def layer_norm_bias(g, saved):
    """The gradient of bias."""
    ### BEGIN SOLUTION
    normal = saved[0]
    return np.ones(len(normal), g.dtype) @ g.reshape(normal.shape)
    ### END SOLUTION

gradients(layer_norm, input=layer_norm_input, weight=layer_norm_weight, bias=layer_norm_bias)

class LayerNorm(nn.Module):
    """layer_norm with a weight and a bias that learn. normalized_shape is a number or a row's shape."""
    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True, bias=True):
        super().__init__()
        number = isinstance(normalized_shape, int)
        self.normalized_shape = (normalized_shape,) if number else tuple(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        for name, start, wanted in ("weight", torch.ones, True), ("bias", torch.zeros, bias):
            wanted = wanted and elementwise_affine
            self.register_parameter(name, nn.Parameter(start(self.normalized_shape)) if wanted else None)
    def forward(self, input):
        return layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)
    def extra_repr(self):
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"

# %% [markdown]
# ### 🧪 Unit Test: Layer norm backwards
# The example, and every gradient against measured slopes.

# %% nbgrader={"grade_id": "test-transformers-layer-norm-gradient", "points": 12}
def test_unit_layer_norm_gradient():
    _, saved = layer_norm.forward(np.array([[1.0, 2, 3, 6]]), (4,))
    got = layer_norm_input(np.array([[1.0, 0, 0, 0]]), None, saved)
    same(got, [[0.24817, -0.20999, -0.13363, 0.09545]], "ẋ of the example")
    rng = np.random.default_rng(2)
    for shape, last in [((5, 3), (3,)), ((2, 4, 3), (3,)), ((2, 4, 3), (4, 3)), ((6,), (6,))]:
        for names in (["input"], ["input", "weight"], ["input", "weight", "bias"]):
            sizes = [shape, last, last][:len(names)]
            inputs = [tensor(rng.normal(1, 2, size), requires_grad=True) for size in sizes]
            g = tensor(rng.normal(size=shape))
            def call(): return layer_norm(inputs[0], last, *inputs[1:], eps=0.1)
            call().backward(g)
            for name, x in zip(names, inputs):
                expected = slopes(lambda: torch.sum(call().detach() * g), x, 1e-6)
                same(x.grad, expected, f"{name}'s gradient, {shape} over {last} with {names}")
    g = np.ones((2, 3), "f")
    _, saved = layer_norm.forward(g, (3,))
    for rule, weight in (layer_norm_input, (g[0],)), (layer_norm_weight, ()), (layer_norm_bias, ()):
        gradient = rule(g, *weight, saved)
        assert gradient.dtype == np.float32, f"gradients of float32 are float32, got {gradient.dtype}"
test_unit_layer_norm_gradient()

# %% [markdown]
# ## 3. The block
# A transformer is the same **block** many times. In it, attention lets the positions talk, and then a
# **feed-forward** network of two linear layers, mostly four times as wide inside, thinks about
# each position alone. Both only *add* to what passes by: that is the **residual path**.
#
# ```
#    x ─┬────────────────────────▶ + ─┬──────────────────────────▶ + ─▶      norm_first=True
#       └─ norm1 ─ self_attn ─────┘   └─ norm2 ─ feed-forward ────┘
#
#    x ─┬──────────────▶ + ─ norm1 ─┬────────────────▶ + ─ norm2 ─▶          norm_first=False
#       └─ self_attn ───┘           └─ feed-forward ──┘
# ```
#
# On the way back, a sum gives its gradient to both arms unchanged. Through the path, the first block
# hears the loss as clearly as the last; you will measure that. In 2017 the norms stood *on* the path.
# GPT-2 moved them into the arms, which leaves the path free, and is easier to train when it gets deep.
#
# Dropout, if there is any, acts at the end of each arm (`dropout1`, `dropout2`) and between the two
# linear layers (`dropout`).

# %% nbgrader={"grade_id": "transformers-block"}
#| export
class TransformerEncoderLayer(nn.Module):
    """A block, with PyTorch's names, on (T, N, d_model), or (N, T, d_model) if batch_first."""
    def __init__(self, d_model, nhead, dim_feedforward=2048, dropout=0.1, activation=F.relu,
                 layer_norm_eps=1e-5, batch_first=False, norm_first=False, bias=True):
        super().__init__()
        self.self_attn = nn.MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first)
        self.linear1 = nn.Linear(d_model, dim_feedforward, bias)
        self.dropout = nn.Dropout(dropout)
        self.linear2 = nn.Linear(dim_feedforward, d_model, bias)
        self.norm1, self.norm2 = (LayerNorm(d_model, layer_norm_eps, bias=bias) for _ in range(2))
        self.dropout1, self.dropout2 = nn.Dropout(dropout), nn.Dropout(dropout)
        named = {"relu": F.relu, "gelu": F.gelu}
        if isinstance(activation, str) and activation not in named:
            raise RuntimeError(f"activation is 'relu', 'gelu' or a function, not {activation!r}")
        self.activation = named[activation] if isinstance(activation, str) else activation
        self.norm_first = norm_first

    def attend(self, input, mask, padding, is_causal):
        """The first arm: self-attention without its weights, then dropout1. The layer takes mask as
        attn_mask, and padding as key_padding_mask."""
        ### BEGIN SOLUTION
        output, _ = self.self_attn(input, input, input, padding, need_weights=False, attn_mask=mask,
                                   is_causal=is_causal)
        return self.dropout1(output)
        ### END SOLUTION

    def feed_forward(self, input):
        """The second arm: linear1, activation, dropout, linear2, dropout2."""
        ### BEGIN SOLUTION
        hidden = self.dropout(self.activation(self.linear1(input)))
        return self.dropout2(self.linear2(hidden))
        ### END SOLUTION

    def forward(self, src, src_mask=None, src_key_padding_mask=None, is_causal=False):
        """Both arms, with the norms where `norm_first` says. Masks as in MultiheadAttention."""
        masks = src_mask, src_key_padding_mask, is_causal
        ### BEGIN SOLUTION
        if self.norm_first:
            src = src + self.attend(self.norm1(src), *masks)
            return src + self.feed_forward(self.norm2(src))
        src = self.norm1(src + self.attend(src, *masks))
        return self.norm2(src + self.feed_forward(src))
        ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: The block
# Both orders against the drawings; masks that arrive; dropout in its three places.

# %% nbgrader={"grade_id": "test-transformers-block", "points": 14}
def test_unit_block():
    manual_seed(3)
    x, late = randn(2, 5, 8, dtype=float64), tensor(~np.tri(5, dtype=bool))
    padded = tensor([[False] * 5, [False, False, False, True, True]])
    for norm_first in (True, False):
        for activation in ("relu", "gelu", F.tanh):
            block = TransformerEncoderLayer(8, 2, 12, 0.0, activation, batch_first=True,
                                            norm_first=norm_first).double()
            for p in block.parameters():
                p.data = p.data + 0.3 * randn(p.shape, dtype=float64)
            act = {"relu": F.relu, "gelu": F.gelu}.get(activation, activation)
            norm1, norm2, attention = block.norm1, block.norm2, block.self_attn
            def think(y): return block.linear2(act(block.linear1(y)))
            for masks in [(), (late,), (None, padded), (late, padded)]:
                def talk(y):
                    mask, padding = (*masks, None, None)[:2]
                    return attention(y, y, y, key_padding_mask=padding, attn_mask=mask)[0]
                if norm_first:
                    h = x + talk(norm1(x))
                    expected = h + think(norm2(h))
                else:
                    h = norm1(x + talk(x))
                    expected = norm2(h + think(h))
                what = f"{norm_first=}, {activation}, {len(masks)} masks"
                same(block(x, *masks), expected, f"the block, {what}")
            same(block(x, late, is_causal=True), block(x, late), "a mask that is_causal promises")
    seen, asked = [], []
    class Spy(nn.Module):
        def __init__(self, name):
            super().__init__()
            self.name = name
        def forward(self, input):
            seen.append((self.name, input.shape[-1]))
            return input * 3
    class Listener(nn.MultiheadAttention):
        def forward(self, *inputs, **options):
            asked.append(options.get("need_weights"))
            return super().forward(*inputs, **options)
    block = TransformerEncoderLayer(8, 2, 12, 0.0, F.tanh, batch_first=True).double()
    with_spies, plain = deepcopy(block), block
    for name in ("dropout1", "dropout", "dropout2"):
        setattr(with_spies, name, Spy(name))
    same(with_spies.attend(x, None, None, False), plain.attend(x, None, None, False) * 3, "dropout1")
    hidden = block.linear2(F.tanh(block.linear1(x)) * 3) * 3
    same(with_spies.feed_forward(x), hidden, "dropout between the layers, and dropout2 after them")
    with_spies(x, is_causal=False)
    assert seen[-3:] == [("dropout1", 8), ("dropout", 12), ("dropout2", 8)], f"their order: {seen[-3:]}"
    refuses(RuntimeError, lambda: block(x, is_causal=True), "mask")
    block.self_attn = Listener(8, 2, batch_first=True).double()
    block(x)
    assert asked == [False], "nobody needs the attention's weights, and without them it is faster"
test_unit_block()

# %%
# Does the first of many blocks hear the loss? The gradient there, compared with that of the last.
manual_seed(0)
for depth in (2, 8, 32):
    blocks = [TransformerEncoderLayer(32, 4, 64, 0.0, "gelu", batch_first=True, norm_first=True)
              for _ in range(depth)]
    for what in ("with the path", "without it  "):
        x = randn(4, 16, 32)
        h = x
        for block in blocks:
            block.zero_grad()
            arms = block.feed_forward(block.attend(h, None, None, False))
            h = block(h) if what == "with the path" else arms
        h.backward(randn(h.shape))
        first, last = (b.linear1.weight.grad.numpy().std() for b in (blocks[0], blocks[-1]))
        print(f"{depth:2} blocks {what}: gradient first/last {first / last:.1e}, output's deviation "
              f"{h.detach().std().item():.2f}")

# %% [markdown]
# Without the path nothing of the gradient arrives, and no block but the last few would learn. With it,
# the output grows with the depth, because each arm adds something. That is why a stack of
# `norm_first` blocks ends with one more norm.

# %% [markdown]
# ## 4. The stack
# PyTorch's `TransformerEncoder` takes one block and makes **copies** of it: blocks of equal shape
# that each learn for themselves. What would happen if you put the same object into the list six times?
# It would be one block with six gradients: six times as deep, and no more to learn with.

# %% nbgrader={"grade_id": "transformers-encoder"}
#| export
class TransformerEncoder(nn.Module):
    """num_layers copies of encoder_layer, one after the other, and then norm, if there is one."""
    def __init__(self, encoder_layer, num_layers, norm=None):
        """Approach: `self.layers` is an nn.ModuleList of deep copies; `self.norm` is norm."""
        super().__init__()
        ### BEGIN SOLUTION
        self.layers = nn.ModuleList([deepcopy(encoder_layer) for _ in range(num_layers)])
        self.norm = norm
        ### END SOLUTION

    def forward(self, src, mask=None, src_key_padding_mask=None, is_causal=None):
        """is_causal is True, False, or None for "find out": looking at the mask, as False does, is
        always right."""
        ### BEGIN SOLUTION
        for layer in self.layers:
            src = layer(src, mask, src_key_padding_mask, bool(is_causal))
        return src if self.norm is None else self.norm(src)
        ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: The stack
# Copies that are no twins; the way through them; masks; the norm at the end.

# %% nbgrader={"grade_id": "test-transformers-encoder", "points": 8}
def test_unit_encoder():
    manual_seed(4)
    block, x = TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True, norm_first=True), randn(2, 5, 8)
    late, padded = tensor(~np.tri(5, dtype=bool)), tensor([[False] * 5, [False] * 3 + [True] * 2])
    for norm in (None, LayerNorm(8)):
        stack = TransformerEncoder(block, 3, norm)
        count = sum(p.numel() for p in stack.parameters())
        expected = 3 * sum(p.numel() for p in block.parameters()) + (16 if norm else 0)
        assert count == expected, f"three copies (and a norm) have {expected} parameters, not {count}"
        assert block not in list(stack.layers), "all are copies, also the first"
        for p in stack.layers[1].parameters():
            p.detach().add_(0.1)
        for masks in [(), (late,), (late, padded), (None, padded)]:
            h = x
            for layer in stack.layers:
                h = layer(h, *masks)
            same(stack(x, *masks), h if norm is None else norm(h), f"the stack, masks {len(masks)}")
        class Spy(nn.Module):
            def forward(self, src, mask, padding, is_causal):
                return src * {True: 2, False: 3, None: 5}[is_causal]
        for is_causal, factor in [(True, 8), (False, 27), (None, 27)]:
            same(TransformerEncoder(Spy(), 3)(x, None, None, is_causal), x * factor, f"{is_causal=}")
    keys = list(TransformerEncoder(block, 2, norm).state_dict())
    assert keys[0] == "layers.0.self_attn.in_proj_weight", f"the first key: {keys[0]}"
    assert keys[-1] == "norm.bias", f"the last key: {keys[-1]}"
test_unit_encoder()

# %% [markdown]
# ## 5. GPT
# A language model reads tokens and says, at each position, what may come next: one **logit** for every
# token of its vocabulary.
#
# ```
#    tokens ─▶ token ─▶ position ─▶ dropout ─▶ blocks, causal ─▶ norm ─▶ head ─▶ logits
#    (N, T)    (V, E)   plus (C, E)                                      (E, V)  (N, T, V)
# ```
#
# C is the **context**, the longest text that has positions: attention alone can't tell the order, so
# module 11's LearnedPositions add a row of numbers to each. A **tied** head is the token embedding
# once more: the rows that turn tokens into vectors also turn vectors into tokens, and V·E numbers are
# saved.
#
# Tables and linear layers start small, with deviation 0.02: then the first logits are nearly 0, all
# tokens equally likely, and the first loss is log V, as large as that of somebody who knows nothing.

# %% nbgrader={"grade_id": "transformers-gpt"}
#| export
def gelu_tanh(input): return F.gelu(input, approximate="tanh")  # the one GPT-2 was trained with

class GPT(nn.Module):
    """Tokens (N, T), of vocab_size kinds, to logits (N, T, vocab_size). T is at most `context`."""
    def __init__(self, vocab_size, context, d_model=64, nhead=4, num_layers=2, dropout=0.0, tied=True):
        """Approach, in this order: `self.token` is an nn.Embedding, `self.position` an
        nn.LearnedPositions of context rows, then `self.dropout`. `self.blocks` is an nn.ModuleList of
        TransformerEncoderLayers, 4·d_model wide inside, with gelu_tanh, batch first and norm first.
        Then `self.norm`, a LayerNorm, and `self.head`, an nn.Linear without bias. If tied, the head's
        weight is the token's. At last, self.apply(small)."""
        super().__init__()
        self.context = context
        late = np.triu(np.full((context, context), -np.inf, np.float32), 1)  # 0, and above -inf
        self.register_buffer("late", from_numpy(late), persistent=False)
        def small(module):
            if isinstance(module, (nn.Linear, nn.Embedding)):
                module.weight.detach().copy_(0.02 * torch.randn(module.weight.shape))
        ### BEGIN SOLUTION
        self.token = nn.Embedding(vocab_size, d_model)
        self.position = nn.LearnedPositions(context, d_model)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList([
            TransformerEncoderLayer(d_model, nhead, 4 * d_model, dropout, gelu_tanh, batch_first=True,
                                    norm_first=True)
            for _ in range(num_layers)
        ])
        self.norm, self.head = LayerNorm(d_model), nn.Linear(d_model, vocab_size, bias=False)
        if tied:
            self.head.weight = self.token.weight
        self.apply(small)
        ### END SOLUTION

    def forward(self, input):
        """Approach: token, position, dropout; all blocks, with the mask self.late[:T, :T], which hides
        what is later; norm and head."""
        ### BEGIN SOLUTION
        x = self.dropout(self.position(self.token(input)))
        length = input.shape[1]
        late = self.late[:length, :length]
        for block in self.blocks:
            x = block(x, late)
        return self.head(self.norm(x))
        ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: GPT
# Its parts and their names, the way through them, that it never looks ahead, and the first loss.

# %% nbgrader={"grade_id": "test-transformers-gpt", "points": 16}
def test_unit_gpt():
    manual_seed(5)
    tokens = tensor(np.random.default_rng(5).integers(0, 20, (3, 7)))
    for tied in (True, False):
        model = GPT(20, 9, d_model=12, nhead=3, num_layers=2, tied=tied)
        names = [name for name, _ in model.named_parameters() if not name.startswith("blocks.")]
        wanted = "token.weight position.weight norm.weight norm.bias head.weight".split()[:5 - tied]
        assert names == wanted, f"parameters beside the blocks', {tied=}: {wanted}, got {names}"
        count = sum(p.numel() for p in model.parameters())
        expected = 20 * 12 * (2 - tied) + 9 * 12 + 2 * (12 * 12 * 12 + 13 * 12) + 2 * 12
        assert count == expected, f"{expected} parameters, got {count}"
        block = model.blocks[1]
        assert block.norm_first and block.activation is gelu_tanh, "norm first, and gelu_tanh"
        assert model.blocks[0] is not block and len(model.blocks) == 2, "two different blocks"
        x = model.token(tokens) + model.position.weight[:7]
        for block in model.blocks:
            x = block(x, model.late[:7, :7])
        same(model(tokens), model.head(model.norm(x)), "the way through the parts")
        for p in (model.token.weight, model.position.weight, block.linear1.weight, model.head.weight):
            deviation = p.detach().std().item()
            assert abs(deviation - 0.02) < 0.004, f"small weights have deviation 0.02, not {deviation}"
        loss = F.cross_entropy(model(tokens).flatten(0, 1), tokens.flatten()).item()
        assert abs(loss - np.log(20)) < 0.1, f"the first loss is about log 20 = 3.0, got {loss}"
    before = model(tokens).detach().numpy()
    for position in range(7):
        other = tensor(tokens)
        other[:, position] = (other[:, position] + 1) * (other[:, position] < 19).long()
        change = np.abs(model(other).detach().numpy() - before).max((0, 2))
        assert (change[:position] == 0).all(), f"token {position} changed the logits before it"
        assert (change[position:] > 0).all(), f"token {position} should change all from there on"
    refuses(IndexError, lambda: model(tensor([[0] * 10])), "9")
    assert model(tensor([[0] * 9])).shape == (1, 9, 20), "a text as long as the context is fine"
    drop = GPT(20, 9, 12, 3, 2, dropout=0.5)
    assert (drop.dropout.p, drop.blocks[0].dropout.p) == (0.5, 0.5), "dropout goes to all parts"
    drop.blocks = nn.ModuleList()
    off = (drop(tokens) - drop(tokens)).abs().max().item()
    assert off > 0, "dropout is at work before the first block, too"
test_unit_gpt()

# %% [markdown]
# ## 6. Learning from every position
# What comes next is in the text itself: the target of position t is token t + 1. So one text of T + 1
# tokens is T lessons, and because nobody looks ahead, all are learnt in one pass:
#
# ```
#    text      to  be  or  not  to        loss = mean of -log p(target), over all N·T positions
#    inputs    to  be  or  not            to → be,  to be → or,  to be or → not, …
#    targets   be  or  not to
# ```
#
# e to the loss is the **perplexity**: 20 means as unsure as among 20 equally likely tokens.

# %% nbgrader={"grade_id": "transformers-loss"}
#| export
def next_token_loss(model, tokens):
    """The mean cross-entropy (a Tensor of one number) of model's logits for texts (N, T + 1): of all
    tokens but the first, from all but the last. Approach: F.cross_entropy wants (N·T, V) and (N·T,)."""
    ### BEGIN SOLUTION
    inputs, targets = tokens[:, :-1], tokens[:, 1:]
    logits = model(inputs)
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Next token
# A model that always says "the next number", and one that hasn't learnt yet.

# %% nbgrader={"grade_id": "test-transformers-loss", "points": 8}
def test_unit_loss():
    shapes = []
    class Next(nn.Module):
        def forward(self, input):
            shapes.append(input.shape)
            return from_numpy(np.log(2) * np.eye(6)[(input.numpy() + 1) % 6])  # 2 to 1, 1, 1, 1, 1
    tokens = tensor([[0, 1, 2, 3], [4, 5, 0, 2]])
    right, wrong = np.log(7 / 2), np.log(7)
    got = next_token_loss(Next(), tokens)
    same(got, (5 * right + wrong) / 6, "five targets that were expected, and one that wasn't")
    assert shapes == [(2, 3)], f"inputs are all but the last token: (2, 3), not {shapes}"
test_unit_loss()

# %% [markdown]
# ## 7. Drawing a token
# Logits become a distribution by softmax, and then somebody has to choose. Always taking the largest
# (**greedy**) soon goes in circles. Drawing by the probabilities takes a silly token now and
# then. Two knobs lie between: divide the logits by a **temperature**, where less than 1 sharpens
# and more flattens; and leave only the **top k**, hiding all others.
#
# ```
#    logits (2, 1, 0, -1)   T = 1:      0.64, 0.24, 0.09, 0.03      T = 2:   0.46, 0.28, 0.17, 0.10
#                           T = 0.5:    0.87, 0.12, 0.02, 0.00      top 2:   0.73, 0.27, 0,    0
# ```
#
# To draw, lay the probabilities side by side from 0 to 1, and throw a dart u: with 0.64, 0.24, 0.09,
# 0.03, the **cumulative sums** are 0.64, 0.88, 0.97, 1. u = 0.7 is past one of them, so it is token 1.

# %% nbgrader={"grade_id": "transformers-sample"}
#| export
def keep_top(logits, k):
    """A new array: logits (N, V), with -inf for those of each row below its k largest.
    Approach: np.partition(logits, -k) has, in each row, the k-th largest at place -k, and the larger
    ones behind it. np.where hides what is smaller. A k that is V or more hides nothing."""
    ### BEGIN SOLUTION
    k = min(k, logits.shape[1])
    smallest = np.partition(logits, -k)[:, -k, None]
    return np.where(logits < smallest, -np.inf, logits)
    ### END SOLUTION

def draw(probabilities, u):
    """For each row of probabilities (N, V) the token (N,) that its dart u (N, 1), from [0, 1), hits.

    >>> draw(np.array([[0.64, 0.24, 0.09, 0.03]]), np.array([[0.7]]))
    array([1])

    Approach: np.cumsum along the rows. How many of the sums are not larger than u? Rounding can leave
    the last sum a bit above or below 1: multiply u by it, and a dart can't fly past the end."""
    ### BEGIN SOLUTION
    sums = np.cumsum(probabilities, 1)
    return (sums <= u * sums[:, -1:]).sum(1)
    ### END SOLUTION

def sample(logits, temperature=1.0, top_k=None, generator=None):
    """A token for each row of logits (N, V): a Tensor (N,). Temperature 0 is greedy. Raises ValueError
    for a negative temperature, and for a top_k below 1.
    Approach: as float64 array; argmax if greedy; keep_top, divide by the temperature, F.softmax.forward
    (the function on arrays), and a dart for each row from torch.rand(N, 1, generator=generator)."""
    if temperature < 0 or (top_k is not None and top_k < 1):
        raise ValueError(f"temperature must be ≥ 0 and top_k ≥ 1, not {temperature} and {top_k}")
    array = logits.detach().numpy().astype(np.float64)
    ### BEGIN SOLUTION
    if temperature == 0:
        return from_numpy(array.argmax(1))
    if top_k is not None:
        array = keep_top(array, top_k)
    probabilities = F.softmax.forward(array / temperature, 1)
    darts = torch.rand(len(array), 1, generator=generator).numpy()
    return from_numpy(draw(probabilities, darts))
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Sampling
# Darts by hand; the frequencies of many draws; greedy, top k, temperature and seeds.

# %% nbgrader={"grade_id": "test-transformers-sample", "points": 14}
def test_unit_sample():
    a = np.array([[2.0, 1, 0, -1], [0, 3, 5, 3]])
    for k, expected in [(1, [[2, -np.inf, -np.inf, -np.inf], [-np.inf, -np.inf, 5, -np.inf]]),
                        (2, [[2, 1, -np.inf, -np.inf], [-np.inf, 3, 5, 3]]), (4, a), (9, a)]:
        got = keep_top(a, k)
        assert got.tolist() == np.array(expected).tolist(), f"the top {k} (equals stay): got {got}"
    p = np.array([[0.5, 0.25, 0.0, 0.25]])
    for u, token in [(0, 0), (0.49, 0), (0.5, 1), (0.74, 1), (0.75, 3), (0.999, 3)]:
        got = draw(p, np.array([[u]]))
        assert got.tolist() == [token], f"a dart at {u} hits token {token}, not {got}"
        scaled = draw(p * 0.5, np.array([[u]]))
        assert scaled.tolist() == [token], f"a dart at {u}, where sums end at 0.5: {token}, not {scaled}"
    both = draw(np.array([[1.0, 0], [0, 1.0]]), np.array([[0.3], [0.3]]))
    assert both.tolist() == [0, 1], f"each row has a dart of its own: [0, 1], got {both}"
    logits = randn(1, 5)
    many = tensor(np.repeat(logits.numpy(), 40_000, 0))
    for options in ({}, {"temperature": 0.5}, {"temperature": 3.0}, {"top_k": 2},
                    {"top_k": 3, "temperature": 2.0}):
        scores = logits.numpy()[0].astype("d") / options.get("temperature", 1)
        scores[np.argsort(scores)[:5 - options.get("top_k", 5)]] = -np.inf
        expected = np.exp(scores) / np.exp(scores).sum()
        drawn = sample(many, **options)
        assert drawn.shape == (40_000,) and drawn.dtype == np.int64, f"tokens (N,): {drawn!r}"
        shares = np.bincount(drawn.numpy(), minlength=5) / 40_000
        same(shares, expected, f"how often each token is drawn, {options}", 0.015)
    greedy = sample(tensor(a), temperature=0)
    assert isinstance(greedy, Tensor) and greedy.tolist() == [0, 2], f"greedy: [0, 2], got {greedy}"
    def seeded(): return sample(many[:50], generator=torch.Generator().manual_seed(7)).tolist()
    assert seeded() == seeded(), "the same generator state, the same tokens"
    for wrong in ({"temperature": -1}, {"top_k": 0}):
        refuses(ValueError, lambda: sample(logits, **wrong), "top_k")
test_unit_sample()

# %% [markdown]
# ## 8. Writing
# To write, a model reads what there is, draws one token, appends it, and reads again. It needs no
# gradient, and no dropout: `no_grad`, and `eval()` as long as it lasts. If the text gets longer than the
# context, only its end is read.

# %% nbgrader={"grade_id": "transformers-generate"}
#| export
@no_grad()
def generate(model, tokens, max_new_tokens, temperature=1.0, top_k=None, generator=None):
    """tokens (N, T), and max_new_tokens more: (N, T + max_new_tokens). model has a `context`.

    Approach: set the model to eval(). Each time: logits of the last `context` tokens; those of the
    last position; `sample`; torch.cat with the new tokens as a column. The model's mode is set back
    in the end, also after an error: see `finally`."""
    training = model.training
    try:
        ### BEGIN SOLUTION
        model.eval()
        for _ in range(max_new_tokens):
            logits = model(tokens[:, -model.context:])[:, -1]
            new = sample(logits, temperature, top_k, generator)
            tokens = torch.cat([tokens, new.unsqueeze(1)], 1)
        return tokens
        ### END SOLUTION
    finally:
        model.train(training)

# %% [markdown]
# ### 🧪 Unit Test: Generating
# A model that counts, and what it is shown; modes; options that arrive; and your GPT.

# %% nbgrader={"grade_id": "test-transformers-generate", "points": 10}
def test_unit_generate():
    class Count(nn.Module):
        context, shown = 3, []
        def forward(self, input):
            assert not self.training and not torch.is_grad_enabled(), "eval mode, and no gradients"
            self.shown.append(input.shape)
            if self.shown[-1][1] > 99:
                raise RuntimeError("too long")
            logits = np.zeros((*input.shape, 10))
            logits[..., 0], last = 1.0, (input.numpy() + 1) % 10
            np.put_along_axis(logits, last[..., None], 2.0, -1)
            return from_numpy(logits)
    model, start = Count(), tensor([[1, 2], [7, 8]])
    got = generate(model, start, 4, temperature=0)
    assert got.tolist() == [[1, 2, 3, 4, 5, 6], [7, 8, 9, 0, 1, 2]], f"counting on: got {got}"
    assert model.shown == [(2, 2), (2, 3), (2, 3), (2, 3)], f"at most 3 tokens are read: {model.shown}"
    assert start.tolist() == [[1, 2], [7, 8]], "what was given stays as it is"
    assert model.training, "the model is in training mode again"
    generate(model.eval(), start, 1)
    assert not model.training, "a model that was in evaluation stays there"
    model.train().context = 200
    refuses(RuntimeError, lambda: generate(model, tensor([[0] * 100]), 1), "too long")
    assert model.training, "the mode is set back after an error"
    assert generate(model, start, 0).tolist() == start.tolist(), "no new tokens: what was given"
    def drawn(**options):
        generator = torch.Generator().manual_seed(1)
        return generate(model, tensor([[5]] * 300), 2, generator=generator, **options)
    first, again, hotter = drawn().tolist(), drawn().tolist(), drawn(temperature=5.0).tolist()
    assert first == again, "the same state of the generator, the same text"
    assert first != hotter, "another temperature, another text"
    assert set(drawn(top_k=2, temperature=9.0)[:, 1].tolist()) == {0, 6}, "top_k=2: two tokens remain"
    assert drawn(top_k=1)[0].tolist() == [5, 6, 7], "top_k=1 is greedy"
    long = generate(GPT(10, 4, 8, 2, 1), start, 6, top_k=5)
    assert long.shape == (2, 8), f"a GPT with a context of 4 writes on beyond it: {long.shape}"
test_unit_generate()

# %% [markdown]
# ## 📊 Systems analysis
# Where are the parameters, what does a step cost, and what does it cost to write?

# %%
from timeit import repeat

def best(call, calls=1):  # milliseconds, the best of five: other programs only slow us down
    return min(repeat(call, number=calls, repeat=5)) / calls * 1e3

def count(module): return sum(p.numel() for p in module.parameters())
manual_seed(0)
print("Parameters; a block has 12·E² in its matrices:")
for width in (32, 64, 128, 256):
    model = GPT(65, 64, width)
    block = model.blocks[0]
    attention, thinking = count(block.self_attn), count(block.linear1) + count(block.linear2)
    whole = count(block)
    print(f"  E = {width:3}: {count(model):9,}, a block {whole:7,} = {whole / width**2:.2f}·E², of it "
          f"attention {attention / whole:.0%}, feed-forward {thinking / whole:.0%}")
model = GPT(65, 256)
print("A training step, 1,024 tokens each time, in ms:")
for length in (16, 64, 256):
    tokens = tensor(np.random.default_rng(0).integers(0, 65, (1024 // length, length + 1)))
    def step(): next_token_loss(model, tokens).backward()
    with no_grad():
        forward = best(lambda: next_token_loss(model, tokens))
    texts = f"{1024 // length:2} texts of {length:3}"
    print(f"  {texts}: forward {forward:5.1f}, with backward {best(step):5.1f}")
print("Writing one more token, in ms:")
with no_grad():
    for length in (1, 16, 64, 256):
        tokens = tensor([[1] * length])
        print(f"  after {length:3} tokens: {best(lambda: model(tokens), 3):5.2f}")

# %% [markdown]
# Two thirds of a block think, one third talks, whatever the width. Equally many tokens cost more in
# longer texts, because of attention's T². And writing is wasteful: for one new token, all the old ones
# are computed anew, although nothing about them has changed, for no earlier position sees a later
# one. Module 18 keeps their keys and values, and computes only what is new.

# %% [markdown]
# ## 🧪 Module test
# ### 🧪 Unit Test: Transformers together
# A small GPT's gradients are what slopes say. Trained on a sentence, it recites it.

# %% nbgrader={"grade_id": "test-transformers-together", "points": 6}
def test_unit_together():
    manual_seed(6)
    model = GPT(5, 5, d_model=4, nhead=2, num_layers=2, tied=True).double()
    tokens = tensor(np.random.default_rng(6).integers(0, 5, (2, 6)))
    def loss(): return next_token_loss(model, tokens)
    loss().backward()
    for name, p in model.named_parameters():
        same(p.grad, slopes(loss, p, 1e-6), f"the gradient of {name}", 1e-7)
    text = "the quick brown fox jumps over the lazy dog. "
    letters = sorted(set(text))
    codes = np.array([letters.index(letter) for letter in text * 2])
    model = GPT(len(letters), 16, d_model=32, nhead=4, num_layers=2)
    optimizer, rng, history = optim.AdamW(model.parameters(), lr=5e-3), np.random.default_rng(6), []
    for _ in range(200):
        begins = rng.integers(0, len(text), 8)
        loss = next_token_loss(model, tensor(np.stack([codes[b:b + 17] for b in begins])))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(loss.item())
    assert abs(history[0] - np.log(len(letters))) < 0.1, f"the first loss: log V, not {history[0]}"
    assert history[-1] < 0.3, f"200 steps should teach it the sentence: {history[::20]}"
    written = generate(model, tensor([codes[:4].tolist()]), len(text) - 4, temperature=0)
    got = "".join(letters[code] for code in written[0].tolist())
    assert got == text, f"it should continue 'the ', and says {got!r}"
test_unit_together()

# %% [markdown]
# ## 🤔 Questions to think about
# 1. Layer norm of a row of two numbers: which values can it have, before weight and bias? Why is that
#    no problem for a row of 64?
# 2. One block of the stack has learnt nothing at all, and its arms give 0. What does the network do
#    with and without the residual path?
# 3. With tied weights, the gradient of the token embedding has two sources. Which, and how does your
#    tape put them together?
# 4. A model gives the right next token the probability 0.9, always. With which temperature is it most
#    often right? Why do people sample with T = 0.8 all the same?
# 5. GPT-2 has 12 blocks of width 768, and 50,257 tokens. Estimate its parameters in your head; it
#    should be close to 124 million.

# %% [markdown]
# ## 🎯 Summary
# `from tinytorch import nn` now has `nn.GPT`, and all of it, down to the last product, is yours. It
# can learn a text, and write. In the Optimization tier you make it smaller and faster.
