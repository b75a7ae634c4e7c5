# %% [markdown]
# # 13 · Transformers
#
# Attention mixes what the positions know. To think about it, a network needs a few more parts: a
# layer that keeps numbers in bounds, a small network for each position, and a path on which nothing
# gets lost. You build them, stack them to a Transformer and to a GPT, and let it write. Layer norm is by
# Ba, Kiros and Hinton (2016), the Transformer by Vaswani et al. (2017). Radford et al. took its decoder,
# trained it to continue text, and called it GPT (2018); it has grown since, and hardly changed.
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
# LayerNorm, Transformer with its encoder, decoder and their layers, and GPT. `sample` and `generate`,
# which PyTorch doesn't have, come from `tinytorch.nn.transformer`.

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
# What is left soon comes from the biases, not the input. **Layer normalization** takes each position's
# row, whatever its size, and gives it mean 0 and variance 1:
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
    for shape, last in [((5, 3), (3,)), ((2, 4, 3), (4, 3)), ((7,), (7,)), ((0, 3), (3,))]:
        a, w, b = rng.normal(2, 3, shape), rng.normal(size=last), rng.normal(size=last)
        axes = tuple(range(-len(last), 0))
        for eps, dtype in [(1e-5, "d"), (0.5, "f")]:
            inverse = 1 / np.sqrt(a.var(axes, keepdims=True) + eps)
            normal = (a - a.mean(axes, keepdims=True)) * inverse
            for weight, bias in [(w, b), (w, None), (None, None)]:
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
# Dropout acts at the end of each arm and between the two linear layers. `add` is one arm and one + of
# the drawing; a function says what the arm does. `attend` asks with one input and is answered by
# another: here both are the same, in section 4 they aren't.

# %% nbgrader={"grade_id": "transformers-block"}
#| export
class Block(nn.Module):
    """Attentions and a feed-forward network, with PyTorch's names: arms 1, 2, …, each of which has its
    norm1, norm2, … and dropout1, dropout2, …"""
    attentions = ("self_attn",)
    def __init__(self, d_model, nhead, dim_feedforward=2048, dropout=0.1, activation=F.relu,
                 layer_norm_eps=1e-5, batch_first=False, norm_first=False, bias=True):
        super().__init__()
        for name in self.attentions:
            attention = nn.MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first)
            setattr(self, name, attention)
        self.linear1 = nn.Linear(d_model, dim_feedforward, bias)
        self.dropout = nn.Dropout(dropout)
        self.linear2 = nn.Linear(dim_feedforward, d_model, bias)
        arms = range(1, len(self.attentions) + 2)  # the last one is feed_forward
        for n in arms: setattr(self, f"norm{n}", LayerNorm(d_model, layer_norm_eps, bias=bias))
        for n in arms: setattr(self, f"dropout{n}", nn.Dropout(dropout))
        activation = {"relu": F.relu, "gelu": F.gelu}.get(activation, activation)
        if isinstance(activation, str):
            raise RuntimeError(f"activation is 'relu', 'gelu' or a function, not {activation!r}")
        self.activation, self.norm_first = activation, norm_first

    def attend(self, attention, input, source, mask, padding, is_causal):
        """What attention, a MultiheadAttention, answers to queries from input, with keys and values from
        source, but not its weights. It calls mask attn_mask, and padding key_padding_mask."""
        ### BEGIN SOLUTION
        return attention(input, source, source, padding, need_weights=False, attn_mask=mask,
                         is_causal=is_causal)[0]
        ### END SOLUTION

    def feed_forward(self, input):
        """linear1, activation, dropout, linear2."""
        ### BEGIN SOLUTION
        hidden = self.dropout(self.activation(self.linear1(input)))
        return self.linear2(hidden)
        ### END SOLUTION

    def add(self, x, arm, norm, dropout):
        """x plus what the function arm makes of it, after dropout; the norm is where norm_first says."""
        ### BEGIN SOLUTION
        if self.norm_first:
            return x + dropout(arm(norm(x)))
        return norm(x + dropout(arm(x)))
        ### END SOLUTION

class TransformerEncoderLayer(Block):
    """A block for one text (T, N, d_model), or (N, T, d_model) if batch_first."""
    def forward(self, src, src_mask=None, src_key_padding_mask=None, is_causal=False):
        """self_attn, then feed_forward. Masks as in MultiheadAttention."""
        def talk(x):
            return self.attend(self.self_attn, x, x, src_mask, src_key_padding_mask, is_causal)
        ### BEGIN SOLUTION
        src = self.add(src, talk, self.norm1, self.dropout1)
        return self.add(src, self.feed_forward, self.norm2, self.dropout2)
        ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: The block
# Each part alone, with linear layers where dropout was, to see where it acts; then all of it.

# %% nbgrader={"grade_id": "test-transformers-block", "points": 14}
def test_unit_block():
    manual_seed(3)
    x, late = randn(2, 5, 8, dtype=float64), tensor(~np.tri(5, dtype=bool))
    padded = tensor([[False] * 5, [False] * 3 + [True] * 2])
    def spy(query, key, value, key_padding_mask=None, need_weights=True, attn_mask=None,
            average_attn_weights=True, is_causal=False):
        return (query, key, value, key_padding_mask, need_weights, attn_mask, is_causal), None
    for norm_first in (True, False):
        block = TransformerEncoderLayer(8, 2, 12, 0.0, F.tanh, batch_first=True, norm_first=norm_first)
        block.dropout, block.dropout1, block.dropout2 = (nn.Linear(n, n) for n in (12, 8, 8))
        for p in block.double().parameters():
            p.data = p.data + 0.3 * randn(p.shape, dtype=float64)
        got = block.attend(spy, "input", "source", "mask", "padding", True)
        wanted = ("input", "source", "source", "padding", False, "mask", True)
        assert got == wanted, f"attention is asked: q, k, v, padding, weights?, mask, causal? {got}"
        expected = block.linear2(block.dropout(F.tanh(block.linear1(x))))
        same(block.feed_forward(x), expected, "feed_forward, with tanh as its activation")
        one, two = (block.norm1, block.dropout1), (block.norm2, block.dropout2)
        norm, drop = one
        expected = x + drop(F.tanh(norm(x))) if norm_first else norm(x + drop(F.tanh(x)))
        same(block.add(x, F.tanh, *one), expected, f"add of an arm that is tanh, {norm_first=}")
        def talk(x): return block.self_attn(x, x, x, padded, attn_mask=late)[0]
        expected = block.add(block.add(x, talk, *one), block.feed_forward, *two)
        same(block(x, late, padded), expected, f"the block, {norm_first=}")
test_unit_block()

# %%
# Does the first of many blocks hear the loss? The gradient there, compared with that of the last.
manual_seed(0)
for depth in (2, 8, 32):
    blocks = [TransformerEncoderLayer(32, 4, 64, 0.0, norm_first=True) for _ in range(depth)]
    for what in ("with the path", "without it  "):
        h = randn(16, 4, 32)
        for block in blocks:
            block.zero_grad()
            talk = block.attend(block.self_attn, h, h, None, None, False)
            h = block(h) if what == "with the path" else block.feed_forward(talk)
        h.backward(randn(h.shape))
        first, last = (b.linear1.weight.grad.numpy().std() for b in (blocks[0], blocks[-1]))
        print(f"{depth:2} blocks {what}: first/last {first / last:.1e}, output ± {h.std().item():.2f}")

# %% [markdown]
# Without the path nothing of the gradient arrives, and only the last few blocks would learn. With it,
# the output grows with the depth: each arm adds to it. So stacks of `norm_first` blocks end with a norm.

# %% [markdown]
# ## 4. Two texts
# The transformer of 2017 translates. Its **encoder**, a stack of such blocks, reads the sentence, and
# what comes out is the **memory**. Its **decoder** writes the translation. Each block of it has one more
# arm: **cross-attention**, where queries come from what is being written, and keys and values from
# the memory. For a sentence of 5 words, with 3 written so far:
#
# ```
#    src (5, E) ─▶ encoder ─▶ memory (5, E) ─────┐ keys, values
#                                                ▼
#    tgt (3, E) ─ self_attn ─▶ + ─ queries ─ multihead_attn ─▶ + ─ feed-forward ─▶ + ─▶ (3, E)
#    weights       (3, 3)                         (3, 5)
#    arm              1                              2                  3
# ```
#
# Nobody may look at words that aren't written yet, so the weights (3, 3) need a causal mask. The
# weights (3, 5) need none: the sentence to be translated is all there. And while a decoder norms what
# passes by, it takes the memory as it is: the encoder has normed it at its end.

# %% nbgrader={"grade_id": "transformers-decoder"}
#| export
class TransformerDecoderLayer(Block):
    """A block that writes tgt (L, N, d_model) and looks at memory (S, N, d_model); or batch first."""
    attentions = ("self_attn", "multihead_attn")
    def forward(self, tgt, memory, tgt_mask=None, memory_mask=None, tgt_key_padding_mask=None,
                memory_key_padding_mask=None, tgt_is_causal=False, memory_is_causal=False):
        """The masks tgt_… are for self_attn, and memory_… for multihead_attn. Approach: a function for
        each of them, as in TransformerEncoderLayer, and `add` for each arm."""
        ### BEGIN SOLUTION
        def talk(x):
            return self.attend(self.self_attn, x, x, tgt_mask, tgt_key_padding_mask, tgt_is_causal)
        def look(x):
            return self.attend(self.multihead_attn, x, memory, memory_mask, memory_key_padding_mask,
                               memory_is_causal)
        tgt = self.add(tgt, talk, self.norm1, self.dropout1)
        tgt = self.add(tgt, look, self.norm2, self.dropout2)
        return self.add(tgt, self.feed_forward, self.norm3, self.dropout3)
        ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Two texts
# The three arms in both orders, with masks; and who hears of a change in either text.

# %% nbgrader={"grade_id": "test-transformers-decoder", "points": 12}
def test_unit_decoder():
    manual_seed(4)
    tgt, memory, late = randn(2, 4, 8), randn(2, 6, 8), tensor(~np.tri(4, dtype=bool))
    far = tensor(np.abs(np.arange(6) - np.arange(4)[:, None]) > 2)
    ends, gone = tensor([[False] * 3 + [True]] * 2), tensor([[False] * 6, [False] * 3 + [True] * 3])
    for norm_first in (True, False):
        block = TransformerDecoderLayer(8, 2, 12, 0.0, batch_first=True, norm_first=norm_first)
        block.dropout1, block.dropout2, block.dropout3 = (nn.Linear(8, 8) for _ in range(3))
        for p in block.parameters():
            p.detach().add_(0.3 * randn(p.shape))
        for masks in [(None,) * 4, (late, None, ends, None), (None, far, None, gone)]:
            def talk(x): return block.self_attn(x, x, x, masks[2], attn_mask=masks[0])[0]
            def look(x): return block.multihead_attn(x, memory, memory, masks[3], attn_mask=masks[1])[0]
            h = block.add(tgt, talk, block.norm1, block.dropout1)
            h = block.add(h, look, block.norm2, block.dropout2)
            h = block.add(h, block.feed_forward, block.norm3, block.dropout3)
            same(block(tgt, memory, *masks), h, f"the three arms, {norm_first=}, {masks=}")
        for promise in ({"tgt_is_causal": True}, {"memory_is_causal": True}):
            refuses(RuntimeError, lambda: block(tgt, memory, **promise), "mask")
        for text, place, first in [(memory, 5, 0), (tgt, 3, 3), (tgt, 1, 1)]:
            before = block(tgt, memory, late)
            text[0, place] += randn(8)
            heard = (block(tgt, memory, late) - before).abs().sum(2)[0].detach().numpy() > 1e-6
            assert heard.tolist() == [n >= first for n in range(4)], f"{place}, {text.shape}: {heard}"
test_unit_decoder()

# %% [markdown]
# The rest of it is repetition, and yours to read. A stack takes one block and makes **copies** of it:
# the same object six times would be six times as deep, with no more to learn with. `Transformer` puts
# two stacks together, and makes the mask that hides what is later.

# %%
#| export
class Stack(nn.Module):
    """num_layers copies of a layer, one after the other, and then norm, if there is one."""
    def __init__(self, layer, num_layers, norm):
        super().__init__()
        self.layers = nn.ModuleList([deepcopy(layer) for _ in range(num_layers)])
        self.norm = norm
    def run(self, x, *others):
        for layer in self.layers:
            x = layer(x, *others)
        return x if self.norm is None else self.norm(x)

class TransformerEncoder(Stack):
    """is_causal is True, False, or None for "find out": looking at the mask, as False does, is right."""
    def __init__(self, encoder_layer, num_layers, norm=None):
        super().__init__(encoder_layer, num_layers, norm)
    def forward(self, src, mask=None, src_key_padding_mask=None, is_causal=None):
        return self.run(src, mask, src_key_padding_mask, bool(is_causal))

class TransformerDecoder(Stack):
    """All layers look at the same memory."""
    def __init__(self, decoder_layer, num_layers, norm=None):
        super().__init__(decoder_layer, num_layers, norm)
    def forward(self, tgt, memory, tgt_mask=None, memory_mask=None, tgt_key_padding_mask=None,
                memory_key_padding_mask=None, tgt_is_causal=None, memory_is_causal=False):
        return self.run(tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask,
                        memory_key_padding_mask, bool(tgt_is_causal), memory_is_causal)

class Transformer(nn.Module):
    """Encoder and decoder: src (S, N, d_model) and tgt (L, N, d_model) make (L, N, d_model)."""
    def __init__(self, d_model=512, nhead=8, num_encoder_layers=6, num_decoder_layers=6,
                 dim_feedforward=2048, dropout=0.1, activation=F.relu, custom_encoder=None,
                 custom_decoder=None, layer_norm_eps=1e-5, batch_first=False, norm_first=False,
                 bias=True):
        super().__init__()
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first
        def stack(kind, layer, num_layers):
            block = layer(d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps,
                          batch_first, norm_first, bias)
            return kind(block, num_layers, LayerNorm(d_model, layer_norm_eps, bias=bias))
        self.encoder = custom_encoder if custom_encoder is not None else stack(
            TransformerEncoder, TransformerEncoderLayer, num_encoder_layers)
        self.decoder = custom_decoder if custom_decoder is not None else stack(
            TransformerDecoder, TransformerDecoderLayer, num_decoder_layers)
        for p in [p for p in self.parameters() if p.ndim > 1]:  # Glorot and Bengio (2010)
            bound = (6 / (p.numel() / p.shape[0] + p.numel() / p.shape[1])) ** 0.5
            p.detach().copy_((2 * torch.rand(p.shape) - 1) * bound)
    def forward(self, src, tgt, src_mask=None, tgt_mask=None, memory_mask=None,
                src_key_padding_mask=None, tgt_key_padding_mask=None, memory_key_padding_mask=None,
                src_is_causal=None, tgt_is_causal=None, memory_is_causal=False):
        batch = 0 if self.batch_first else 1
        one_batch = src.ndim < 3 or src.shape[batch] == tgt.shape[batch]
        if not (one_batch and src.shape[-1] == tgt.shape[-1] == self.d_model):
            raise RuntimeError(f"one batch and width {self.d_model} needed: {src.shape}, {tgt.shape}")
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask,
                              is_causal=src_is_causal)
        return self.decoder(tgt, memory, tgt_mask=tgt_mask, memory_mask=memory_mask,
                            tgt_key_padding_mask=tgt_key_padding_mask,
                            memory_key_padding_mask=memory_key_padding_mask,
                            tgt_is_causal=tgt_is_causal, memory_is_causal=memory_is_causal)
    @staticmethod
    def generate_square_subsequent_mask(sz, *, dtype=None):
        """The causal mask (sz, sz) to add: 0, and above the diagonal -inf."""
        return torch.tensor(np.triu(np.full((sz, sz), -np.inf, np.float32), 1), dtype=dtype)

# %% [markdown]
# ## 5. GPT
# Leave out the memory and the arm that looks at it: a decoder's block becomes an encoder's with a causal
# mask, and that is all a GPT needs. It is a language model: it reads tokens and says, at each position,
# what may come next, with one **logit** for every token of its vocabulary.
#
# ```
#    tokens ─▶ token ─▶ position ─▶ dropout ─▶ blocks, causal ─▶ norm ─▶ head ─▶ logits
#    (N, T)    (V, E)   plus (C, E)                                      (E, V)  (N, T, V)
# ```
#
# C is the **context**, the longest text that has positions: attention alone can't tell the order, so
# module 11's LearnedPositions add a row of numbers to each. A **tied** head is the token embedding
# once more: the rows that turn tokens into vectors also turn vectors into tokens. It saves V·E numbers.
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
        late = Transformer.generate_square_subsequent_mask(context)
        self.register_buffer("late", late, persistent=False)
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

# %% nbgrader={"grade_id": "test-transformers-gpt", "points": 14}
def test_unit_gpt():
    manual_seed(5)
    tokens = tensor(np.random.default_rng(5).integers(0, 20, (3, 7)))
    for tied in (True, False):
        model = GPT(20, 9, d_model=12, nhead=3, num_layers=2, tied=tied)
        names = [name for name, _ in model.named_parameters() if not name.startswith("blocks.")]
        wanted = "token.weight position.weight norm.weight norm.bias head.weight".split()[:5 - tied]
        assert names == wanted, f"parameters beside the blocks', {tied=}: {wanted}, got {names}"
        first, block = model.blocks
        facts = block.linear1.weight.shape, block.self_attn.num_heads, block.self_attn.batch_first
        assert facts == ((48, 12), 3, True), f"a block 4·12 wide, 3 heads, batch first, not {facts}"
        assert block.norm_first and block.activation is gelu_tanh, "norm first, and gelu_tanh"
        assert first is not block, "num_layers=2: two different blocks"
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
        other[:, position] = 19 - other[:, position]
        change = np.abs(model(other).detach().numpy() - before).max((0, 2))
        assert (change[:position] == 0).all(), f"token {position} changed the logits before it"
        assert (change[position:] > 0).all(), f"token {position} should change all from there on"
    refuses(IndexError, lambda: model(tensor([[0] * 10])), "9")
    assert model(tensor([[0] * 9])).shape == (1, 9, 20), "a text as long as the context is fine"
    drop = GPT(20, 9, 12, 3, 2, dropout=0.5)
    assert (drop.dropout.p, drop.blocks[0].dropout.p) == (0.5, 0.5), "dropout goes to all parts"
    drop.blocks = nn.ModuleList()
    assert (drop(tokens) != drop(tokens)).numpy().any(), "dropout acts before the first block, too"
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

# %% nbgrader={"grade_id": "test-transformers-sample", "points": 12}
def test_unit_sample():
    a = np.array([[2.0, 1, 0, -1], [0, 3, 5, 3]])
    for k, expected in [(1, [[2, -np.inf, -np.inf, -np.inf], [-np.inf, -np.inf, 5, -np.inf]]),
                        (2, [[2, 1, -np.inf, -np.inf], [-np.inf, 3, 5, 3]]), (4, a), (9, a)]:
        got = keep_top(a, k)
        assert got.tolist() == np.array(expected).tolist(), f"the top {k} (equals stay): got {got}"
    p = np.array([[0.5, 0.25, 0.0, 0.25], [0, 0, 0.9, 0.1]])
    for u, token in [(0, 0), (0.49, 0), (0.5, 1), (0.74, 1), (0.75, 3), (0.999, 3)]:
        for end in (1, 0.5):
            got = draw(p * end, np.array([[u], [0.8]])).tolist()
            assert got == [token, 2], f"darts {u} and 0.8, sums to {end}: {token} and 2, not {got}"
    logits = randn(1, 5)
    many = tensor(np.repeat(logits.numpy(), 40_000, 0))
    for options in ({}, {"temperature": 0.5}, {"top_k": 2}, {"top_k": 3, "temperature": 2.0}):
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

    Approach: set the model to eval(); `finally` sets it back. Each time: logits of the last `context`
    tokens; those of the last position; `sample`; torch.cat with the new tokens as a column."""
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
# A model that counts, and what it is shown; options that arrive; and your GPT.

# %% nbgrader={"grade_id": "test-transformers-generate", "points": 10}
def test_unit_generate():
    class Count(nn.Module):
        context, shown = 3, []
        def forward(self, input):
            assert not self.training and not torch.is_grad_enabled(), "eval mode, and no gradients"
            self.shown.append(input.shape)
            return from_numpy(2 * np.eye(10)[(input.numpy() + 1) % 10] + np.eye(10)[0])
    model, start = Count(), tensor([[1, 2], [7, 8]])
    got = generate(model, start, 4, temperature=0)
    assert got.tolist() == [[1, 2, 3, 4, 5, 6], [7, 8, 9, 0, 1, 2]], f"counting on: got {got}"
    assert model.shown == [(2, 2), (2, 3), (2, 3), (2, 3)], f"at most 3 tokens are read: {model.shown}"
    assert start.tolist() == [[1, 2], [7, 8]], "what was given stays as it is"
    def drawn(**options):
        generator = torch.Generator().manual_seed(1)
        return generate(model, tensor([[5]] * 300), 2, generator=generator, **options)
    first = drawn().tolist()
    assert drawn().tolist() == first, "the same state of the generator, the same text"
    assert drawn(temperature=5.0).tolist() != first, "another temperature, another text"
    assert set(drawn(top_k=2, temperature=9.0)[:, 1].tolist()) == {0, 6}, "top_k=2: two tokens remain"
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
    whole, attention = count(block), count(block.self_attn)
    thinking = count(block.linear1) + count(block.linear2)
    print(f"  E = {width:3}: {count(model):9,}, a block {whole:7,} = {whole / width**2:.2f}·E², of it "
          f"attention {attention / whole:.0%}, feed-forward {thinking / whole:.0%}")
model = GPT(65, 256)
print("A training step, 1,024 tokens each time, in ms:")
for length in (16, 64, 256):
    tokens = tensor(np.random.default_rng(0).integers(0, 65, (1024 // length, length + 1)))
    def step(): next_token_loss(model, tokens).backward()
    print(f"  {len(tokens):2} texts of {length:3}: {best(step):5.1f}")
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
    assert history[-1] < 0.3, f"200 steps should teach it the sentence: {history[::20]}"
    written = generate(model, tensor([codes[:4].tolist()]), len(text) - 4, temperature=0)
    got = "".join(letters[code] for code in written[0].tolist())
    assert got == text, f"it should continue 'the ', and says {got!r}"
test_unit_together()

# %% [markdown]
# ## 🤔 Questions to think about
# 1. Layer norm of a row of two numbers: which values can it have, before weight and bias? Why is that
#    no problem for a row of 64?
# 2. A GPT can translate, too: it is given the sentence, a sign, and goes on in the other language. What
#    may a word of the sentence see in a Transformer that it may not see there?
# 3. With tied weights, the gradient of the token embedding has two sources. Which, and how does your
#    tape put them together?
# 4. A model gives the right next token the probability 0.9, always. With which temperature is it most
#    often right? Why do people sample with T = 0.8 all the same?
# 5. GPT-2: 12 blocks of width 768, 50,257 tokens. Can you find its 124 million parameters in your head?

# %% [markdown]
# ## 🎯 Summary
# `from tinytorch import nn` now has `nn.Transformer` and `nn.GPT`, and all of it, down to the last
# product, is yours. It can learn, and write. In the Optimization tier you make it smaller and faster.
