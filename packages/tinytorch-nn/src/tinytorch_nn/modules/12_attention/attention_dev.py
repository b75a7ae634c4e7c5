# %% [markdown]
# # 12 · Attention
#
# "The cat left the fish because it was full." Who was full? To read *it*, a network has to look at
# *cat*, five words back, and not at *fish*. Attention lets every word ask all others, and mix what
# they answer. You build it as one operation with its own gradient, split it into heads without a
# copy, and make the layer that PyTorch's own weights load into. Bahdanau, Cho and Bengio (2014) let a
# translator look back at the sentence like this, Vaswani et al. (2017) dropped the rest of the
# network, and FlashAttention (Dao et al., 2022) made long texts fit.
#
# **Prerequisites:** modules 01 to 04 and 06; products of batches of matrices, softmax, strides.
# **Time:** about 180 minutes, eight exercises.
#
# ```mermaid
# flowchart LR
#     A[02 Activations] & L[03 Layers] & G[06 Autograd] --> T(12 Attention) --> X[13 Transformers]
# ```

# %% [markdown]
# ## 🔧 Setup

# %%
#| default_exp nn.attention

# %%
#| export
import numpy as np
import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch.core import from_numpy, gradients, operation, watched
from tinytorch.nn import Linear, Module, Parameter

quiet = np.errstate(divide="ignore", invalid="ignore", over="ignore")  # torch doesn't warn of inf

# %%
# For the tests: an oracle that does everything the slow way, one query after the other.
from tinytorch.core import Tensor, float64, manual_seed, randn, tensor

def slow_attention(q, k, v, mask, scale=None):
    """Arrays (L, E), (S, E), (S, D), and a mask (L, S) to add. Output, weights."""
    weights, scale = np.zeros((len(q), len(k))), 1 / len(q[0]) ** 0.5 if scale is None else scale
    for i, j in np.ndindex(weights.shape):
        weights[i, j] = np.exp(scale * np.sum(q[i] * k[j]) + mask[i, j])
    weights /= np.maximum(weights.sum(1, keepdims=True), 1e-300)  # a row of zeros stays one
    return weights @ v, weights

def same(got, expected, what, atol=1e-6):
    got, expected = (t.detach().numpy() if isinstance(t, Tensor) else np.asarray(t)
                     for t in (got, expected))
    assert got.shape == expected.shape, f"{what}: shape {expected.shape} expected, got {got.shape}"
    close = np.allclose(got, expected, 1e-5, atol, equal_nan=True)
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
# The exported cells become `tinytorch/nn/attention.py`. They earn you `nn.MultiheadAttention` and
# `F.scaled_dot_product_attention`, with PyTorch's names, masks and numbers.

# %% [markdown]
# ## 1. A dictionary that answers softly
# A dictionary compares your key with all of its keys and returns the value of the one that is equal.
# With vectors, nothing is ever equal. But a dot product says how *well* two vectors agree, so return a
# mixture of all values, each weighted by how well its key fits. That is attention, and every part of
# it has a slope, so a network can learn what to ask (**query**), what to be found by (**key**) and what
# to tell (**value**). One query, three keys of E = 4 numbers, three values:
#
# ```
#    query (1, 1, 0, 2)                 q·k     q·k/√4    softmax     values
#    keys  (2, 0, 1, 0)                  2         1       0.245     (10,  0)
#          (0, 2, 0, 1)                  4         2       0.665     ( 0, 10)
#          (0, 0, 3, 0)                  0         0       0.090     ( 5,  5)
#
#    output = 0.245·(10, 0) + 0.665·(0, 10) + 0.090·(5, 5) = (2.90, 7.10)
# ```
#
# L queries and S keys make L·S **scores**, and all of them are one matrix product:
#
# ```
#    query (…, L, E)  @  keyᵀ (…, E, S)  =  scores (…, L, S)  ──softmax──▶  weights (…, L, S)
#    weights (…, L, S)  @  value (…, S, D)  =  output (…, L, D)
# ```
#
# Why divide by √E? If the numbers of q and k are independent, with mean 0 and variance 1, a product
# of two of them has variance 1, and a sum of E such products has variance E. So scores would grow with
# the width, by its square root. Multiplying by the **scale** 1/√E brings the variance back to 1. What
# that is good for you will measure right after the exercise.

# %% nbgrader={"grade_id": "attention-scores"}
#| export
def scaling(query, scale):
    """The factor of the scores: scale if it is given (not None), or else 1/√E for a query (…, L, E)."""
    ### BEGIN SOLUTION
    return query.shape[-1] ** -0.5 if scale is None else scale
    ### END SOLUTION

def attention_scores(query, key, scale=None):
    """How well every query fits every key: arrays (…, L, E) and (…, S, E) make a new one (…, L, S).

    >>> attention_scores(np.array([[1.0, 1, 0, 2]]), np.array([[2.0, 0, 1, 0], [0, 2, 0, 1]]))
    array([[1., 2.]])

    Approach: one matrix product, with `swapaxes` on the key. Scale before it, not after: query has
    L·E numbers, the scores are L·S, which for a long text is far more.
    """
    ### BEGIN SOLUTION
    query = query * scaling(query, scale)
    return query @ key.swapaxes(-1, -2)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Scores
# The example, batches, broadcasting, and where the scaling happens.

# %% nbgrader={"grade_id": "test-attention-scores", "points": 10}
def test_unit_scores():
    query, keys = np.array([[1.0, 1, 0, 2]]), np.array([[2.0, 0, 1, 0], [0, 2, 0, 1], [0, 0, 3, 0]])
    same(attention_scores(query, keys), [[1, 2, 0]], "the scores of the example")
    rng = np.random.default_rng(1)
    for first, second in [((5, 3), (2, 3)), ((2, 4, 5, 3), (2, 4, 6, 3)), ((4, 5, 9), (6, 9))]:
        q, k = rng.normal(size=first).astype("f"), rng.normal(size=second).astype("f")
        for scale in (None, 0.5, 0.0, 1):
            factor = first[-1] ** -0.5 if scale is None else scale
            close = abs(scaling(q, scale) - factor) < 1e-12
            assert close, f"{scale=}, query {first}: {factor}, not {scaling(q, scale)}"
            expected, before = np.einsum("...id,...jd->...ij", q, k) * factor, q.copy()
            got = attention_scores(q, k, scale)
            same(got, expected, f"scores of {first} and {second}, scale={scale}", 1e-5)
            assert got.dtype == np.float32, f"scores of float32 stay float32, got {got.dtype}"
            same(q, before, "query, which attention_scores must leave as it is")
test_unit_scores()

# %%
# What the scale is good for: 400 queries, 64 keys each, of more and more numbers.
rng = np.random.default_rng(0)
print("width   variance of the scores     largest weight       slope left, Σ w(1 - w)")
for width in (4, 16, 64, 256, 1024):
    q, k = rng.normal(size=(400, 1, width)), rng.normal(size=(400, 64, width))
    line = []
    for scale in (1.0, None):
        s = attention_scores(q, k, scale)
        w = F.softmax(tensor(s), -1).numpy()
        line.append((s.var(), w.max(-1).mean(), (w * (1 - w)).sum(-1).mean()))
    print(f"{width:5}", *(f"{bare:10.2f}, scaled {scaled:5.2f}" for bare, scaled in zip(*line)))

# %% [markdown]
# Without the scale, the wider the vectors, the more one single key gets everything. There softmax is
# **saturated** (module 02): the slopes w(1 - w) vanish, and what has no slope can't learn. With it, a
# network of any width starts out undecided.

# %% [markdown]
# ## 2. Who may look where
# A model that predicts the next word must not see it. While it learns, though, the whole sentence
# goes through at once, with all its words. So a **mask** says which scores count. A hidden key gets
# the score -∞, because exp(-∞) = 0: its weight vanishes, and the others still sum to 1.
#
# ```
#    causal, L = S = 3         scores after it          weights, if all scores were equal
#    [[T, F, F],               [[a,  -∞, -∞],           [[1,   0,   0  ],
#     [T, T, F],                [b,   c, -∞],            [1/2, 1/2, 0  ],
#     [T, T, T]]                [d,   e,  f]]            [1/3, 1/3, 1/3]]
# ```
#
# Position i sees those up to itself, whether or not there are as many keys as queries. There are two
# ways to write a mask: booleans, **True = may look**, or floats that are *added* to the scores (0, -∞,
# or anything between: some models add a bias that grows with the distance).

# %% nbgrader={"grade_id": "attention-masks"}
#| export
def causal_mask(queries, keys):
    """A boolean array (queries, keys): True where the key's position is not after the query's.

    >>> causal_mask(2, 3)
    array([[ True, False, False],
           [ True,  True, False]])

    Approach: compare two np.arange, one of them made a column by [:, None].
    """
    ### BEGIN SOLUTION
    return np.arange(keys) <= np.arange(queries)[:, None]
    ### END SOLUTION

def hide(scores, mask):
    """Apply a mask to scores (…, L, S), **in place**, and return them. Boolean: add 0 where it is True,
    and -inf where it is False. Float: add it.

    Approach: np.where makes numbers of booleans while they are few: one mask often serves a whole
    batch. It gives float64, so convert to scores' dtype before you add. (To assign instead,
    `scores[..., ~mask] = -np.inf`, takes many times as long.)
    """
    ### BEGIN SOLUTION
    if mask.dtype == np.bool_:
        mask = np.where(mask, 0, -np.inf).astype(scores.dtype)
    scores += mask
    return scores
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Masks
# Masks of any shape, and that the scores are changed where they are.

# %% nbgrader={"grade_id": "test-attention-masks", "points": 10}
def test_unit_masks():
    for n, m in [(3, 3), (2, 4), (4, 2), (1, 1), (0, 2)]:
        got, expected = causal_mask(n, m), [[j <= i for j in range(m)] for i in range(n)]
        assert got.shape == (n, m) and got.dtype == np.bool_, f"booleans ({n}, {m}), got {got!r}"
        assert got.tolist() == expected, f"causal_mask({n}, {m}) should be {expected}, got {got}"
    a = np.arange(24, dtype="f").reshape(2, 3, 4) - 7
    for shape in [(3, 4), (2, 3, 4), (2, 1, 4), (1, 3, 1)]:
        may = np.random.default_rng(2).random(shape) < 0.6
        for mask, expected in [(may, np.where(may, a, -np.inf)), (may * np.float32(1.5), a + may * 1.5)]:
            scores = a.copy()
            got = hide(scores, mask)
            assert got is scores, "hide changes the scores in place, and returns them"
            same(scores, expected, f"scores under a mask {shape} of {mask.dtype}")
test_unit_masks()

# %% [markdown]
# ## 3. From scores to weights
# Each row becomes its softmax. You know how: subtract the largest, take exponentials, divide by the
# sum. One case is new: a query that may look at **nothing**, say in a sentence of padding only. Its
# scores are all -∞, and -∞ - (-∞) is nan. As in PyTorch, its weights shall be 0, all of them.
#
# Two numbers do that without a special case. Take the **lowest finite number** as the largest where all
# is -∞: -∞ minus that is still -∞, and its exponential 0. And where there is a largest score, it adds
# exp(0) = 1 to the sum; so to divide by 1 where the sum is less changes no such row, and makes 0/1 of
# the empty one.
#
# ```
#    [0, ln 2, -∞]  ─minus ln 2─▶  [-ln 2, 0, -∞]  ─exp─▶  [1/2, 1, 0]  ─by 3/2─▶  [1/3, 2/3, 0]
#    [-∞,  -∞, -∞]  ─minus -3.4e38─▶  [-∞, -∞, -∞]  ─exp─▶  [0, 0, 0]  ─by 1─▶  [0, 0, 0]
# ```
#
# The scores are the largest array of all, and nobody else holds them: do it all in place.

# %% nbgrader={"grade_id": "attention-weights"}
#| export
def to_weights(scores):
    """Turn scores (…, L, S), **in place**, into weights: the softmax of each row, or zeros where all
    of it is -inf. Returns them.

    Approach: `max` takes an `initial` value, below which it doesn't go: np.finfo(dtype).min is the
    lowest finite one. Subtract, np.exp with out=, and divide by np.maximum of the sum and 1. The sums
    of all rows are a product with a column of ones (S, 1), several times as fast as `sum`.
    """
    ### BEGIN SOLUTION
    scores -= scores.max(-1, keepdims=True, initial=np.finfo(scores.dtype).min)
    np.exp(scores, out=scores)
    sums = scores @ np.ones((scores.shape[-1], 1), scores.dtype)
    scores /= np.maximum(sums, 1)
    return scores
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Weights
# Ordinary rows, huge ones, hidden keys, empty rows, and no keys at all.

# %% nbgrader={"grade_id": "test-attention-weights", "points": 12}
def test_unit_weights():
    rng = np.random.default_rng(3)
    for dtype in ("f", "d"):
        a = (rng.normal(size=(2, 5, 7)) * 3 - 4).astype(dtype)
        scores = a.copy()
        assert to_weights(scores) is scores, "to_weights changes the scores in place, and returns them"
        assert scores.dtype == dtype, f"the dtype stays {a.dtype}, got {scores.dtype}"
        same(scores, np.exp(a) / np.exp(a).sum(-1, keepdims=True), "the softmax of each row")
    low = np.float32([[-np.inf, 0, np.log(2)], [-np.inf] * 3, [1e4, 1e4, -1e4], [-1e30, -1e30, -np.inf]])
    expected = [[0, 1 / 3, 2 / 3], [0, 0, 0], [0.5, 0.5, 0], [0.5, 0.5, 0]]
    same(to_weights(low), expected, "hidden keys, an empty row, huge scores")
    same(to_weights(np.ones((2, 0))), np.ones((2, 0)), "where there is no key at all")
test_unit_weights()

# %% [markdown]
# ## 4. One operation
# Four steps, each of which makes or changes an array of L·S numbers. As four operations behind the
# door, each would be a node with a rule; as *one*, the steps in between can work in place, and the
# backward pass can use what it knows about them.
#
# While a model learns, **dropout** may forget some of the weights: each is multiplied by 0 with
# probability p, and by 1/(1 - p) otherwise, as in module 03. What dropout makes of an array of ones
# is just those factors.
#
# The operation returns its output, and for the tape a `Kept`.

# %%
#| export
class Kept:
    """What the forward pass puts aside. `used` are the weights that the values were mixed with."""
    def __init__(self, weights, factors=None):
        self.weights, self.factors, self.memo = weights, factors, (None, None)
        self.used = weights if factors is None else weights * factors

def check_attention(query, key, value, mask, is_causal):
    """Raises RuntimeError if these can't go together."""
    if not query.dtype == key.dtype == value.dtype or query.dtype.kind != "f":
        raise RuntimeError("attention needs one floating-point dtype for query, key and value, got "
                           f"{query.dtype}, {key.dtype} and {value.dtype}")
    few = min(query.ndim, key.ndim, value.ndim) < 2
    if few or query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        raise RuntimeError("attention needs query (…, L, E), key (…, S, E) and value (…, S, D), got "
                           f"{query.shape}, {key.shape} and {value.shape}")
    if mask is None:
        return
    if is_causal:
        raise RuntimeError("give attn_mask or is_causal, not both: a mask can say what both do")
    if mask.dtype not in (np.bool_, query.dtype):
        raise RuntimeError(f"attn_mask is boolean or {query.dtype}, like query, not {mask.dtype}")
    last = query.shape[-2], key.shape[-2]
    if mask.shape == last:
        return
    scores = (*torch.broadcast_shapes(query.shape[:-2], key.shape[:-2]), *last)
    if mask.ndim < 2 or torch.broadcast_shapes(scores, mask.shape) != scores:
        raise RuntimeError(f"attn_mask {mask.shape} doesn't fit scores of shape {scores}")

# %% nbgrader={"grade_id": "attention-operation"}
#| export
@operation
@quiet
def scaled_dot_product_attention(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False,
                                 scale=None):
    """softmax(query @ keyᵀ · scale, masked) @ value: (…, L, E), (…, S, E), (…, S, D) make (…, L, D).

    attn_mask is boolean (True: may look) or float (added). is_causal stands for a causal mask. Each
    weight is dropped with the probability dropout_p, **always**: this is a function, without a
    training mode. Vaswani et al., *Attention Is All You Need* (2017), section 3.2.1.

    Approach: scores; hide, by the causal mask or the one that is given, if any; weights. If dropout_p
    isn't 0, factors are F.dropout of a Tensor (`from_numpy`) of ones like the weights, as `.numpy()`.
    Make a Kept of both, and return the pair: its `used` weights @ value, and the Kept itself.
    """
    check_attention(query, key, value, attn_mask, is_causal)
    ### BEGIN SOLUTION
    scores = attention_scores(query, key, scale)
    mask = causal_mask(*scores.shape[-2:]) if is_causal else attn_mask
    if mask is not None:
        hide(scores, mask)
    weights, factors = to_weights(scores), None
    if dropout_p != 0:
        factors = F.dropout(from_numpy(np.ones_like(weights)), dropout_p).numpy()
    kept = Kept(weights, factors)
    return kept.used @ value, kept
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Attention
# The example, and random batches against the slow oracle, with every kind of mask and with dropout.

# %% nbgrader={"grade_id": "test-attention-operation", "points": 16}
def test_unit_attention():
    attention = scaled_dot_product_attention
    q, values = tensor([[1.0, 1, 0, 2]]), tensor([[10.0, 0], [0, 10], [5, 5]])
    k = tensor([[2.0, 0, 1, 0], [0, 2, 0, 1], [0, 0, 3, 0]])
    same(attention(q, k, values), [[2.897, 7.103]], "the example of section 1", 1e-3)
    rng = np.random.default_rng(4)
    a, b, c = (rng.normal(size=size) for size in [(2, 3, 4, 8), (2, 3, 5, 8), (2, 3, 5, 6)])
    may = rng.random((2, 1, 4, 5)) < 0.5
    may[0, 0, 1] = False
    bias, hidden = rng.normal(size=(4, 5)), np.where(np.tri(4, 5, dtype=bool), 0, -np.inf)
    for what, options, mask, scale in [
        ("no mask", {}, 0, None), ("scale=0.7", {"scale": 0.7}, 0, 0.7),
        ("booleans", {"attn_mask": tensor(may)}, np.where(may, 0, -np.inf), None),
        ("floats", {"attn_mask": tensor(bias)}, bias, None),
        ("is_causal", {"is_causal": True}, hidden, None),
    ]:
        got, mask = attention(tensor(a), tensor(b), tensor(c), **options), mask + np.zeros((2, 3, 4, 5))
        for at in np.ndindex(2, 3):
            expected, _ = slow_attention(a[at], b[at], c[at], mask[at], scale)
            same(got[at], expected, f"attention with {what}, batch and head {at}")
    x, one = tensor(np.zeros((50, 1, 4))), tensor(np.ones((400, 1)))
    output, kept = attention.forward(x.numpy(), np.zeros((400, 4)), one.numpy(), dropout_p=0.25)
    same(kept.weights, np.full((50, 1, 400), 1 / 400), "the weights that are kept, before dropout")
    same(np.unique(kept.factors), [0, 4 / 3], "dropout's factors, of p = 0.25")
    assert abs((kept.factors == 0).mean() - 0.25) < 0.01, "a quarter of the weights is dropped"
    same(output, kept.factors.mean(-1, keepdims=True), "what is left of a mean of ones")
    assert attention.forward(x.numpy(), b[0, 0, :, :4], c[0, 0])[1].factors is None, "p = 0: None"
    refuses(ValueError, lambda: attention(q, k, values, dropout_p=-0.5), "-0.5")
    refuses(RuntimeError, lambda: attention(q, k, values, tensor([[True] * 3]), 0.0, True), "both")
test_unit_attention()

# %% [markdown]
# ## 5. Backwards
# Call g the gradient of the output, w the weights, s the scores. Output = w @ value is a product,
# and so are the scores; you know those rules from module 06. Softmax is between them:
#
# ```
#    value:    wᵀ @ g                                        (…, S, L) @ (…, L, D)
#    weights:  ẇ = g @ valueᵀ                                (…, L, D) @ (…, D, S)
#    scores:   ṡ = w · (ẇ - Σ ẇ·w), the sum along each row
#    query:    ṡ @ key · scale            key:   ṡᵀ @ query · scale            mask:   ṡ
# ```
#
# The sum has a shortcut. ẇⱼ is g · valueⱼ, so Σⱼ ẇⱼwⱼ = g · Σⱼ wⱼ valueⱼ, and that last sum *is* the
# output: instead of multiplying two arrays of L·S numbers, multiply two of L·D. (FlashAttention lives
# on it.) With dropout, the values were mixed by w · factors, so ẇ = (g @ valueᵀ) · factors, and the
# shortcut stays as it is. Query, key and mask all need ṡ, but each has a rule of its own: the first
# one computes it, and the others find it where `shared` has put it.
#
# In the example, g = (1, 0) asks for what raises the first number of the output, 2.90. ẇ = (10, 0, 5)
# is what each value brings there. The first key would bring more than the average, the second less:
# ṡ = (0.245·(10 - 2.90), 0.665·(0 - 2.90), 0.090·(5 - 2.90)) = (1.74, -1.93, 0.19).

# %% nbgrader={"grade_id": "attention-backward"}
#| export
def scores_gradient(g, value, output, kept):
    """ṡ, a new array (…, L, S), from g and output (…, L, D), value (…, S, D), and what was kept.

    Approach: make ẇ, times the factors if there are any. Then, in place on this array: minus g ·
    output, as a column; times the weights before dropout. np.vecdot(a, b) has the dot product of each
    row of a with that of b.
    """
    ### BEGIN SOLUTION
    gradient = g @ value.swapaxes(-1, -2)
    if kept.factors is not None:
        gradient *= kept.factors
    gradient -= np.vecdot(g, output)[..., None]
    gradient *= kept.weights
    return gradient
    ### END SOLUTION

def shared(g, value, output, saved):
    """scores_gradient, computed once: the rules of query, key and mask are called with the same g."""
    if saved.memo[0] is not g:
        compute = watched(scores_gradient, "scaled_dot_product_attention")
        saved.memo = g, compute(g, value, output, saved)
    return saved.memo[1]

def query_gradient(g, key, value, output, saved, scale):
    """The gradient of the query. Approach: `shared` gives ṡ; query and key have the same `scaling`."""
    ### BEGIN SOLUTION
    return shared(g, value, output, saved) @ key * scaling(key, scale)
    ### END SOLUTION

def key_gradient(g, query, value, output, saved, scale):
    """The gradient of the key."""
    ### BEGIN SOLUTION
    return shared(g, value, output, saved).swapaxes(-1, -2) @ query * scaling(query, scale)
    ### END SOLUTION

def value_gradient(g, saved):
    """The gradient of the value. Mind which weights it was that met the values."""
    ### BEGIN SOLUTION
    return saved.used.swapaxes(-1, -2) @ g
    ### END SOLUTION

gradients(scaled_dot_product_attention, query=query_gradient, key=key_gradient, value=value_gradient,
          attn_mask=shared)

# %% [markdown]
# ### 🧪 Unit Test: Backward
# The example; then against the same formula made of separate operations, which your tape differentiates
# by itself. Every mask, dropout, and arguments that broadcast.

# %% nbgrader={"grade_id": "test-attention-backward", "points": 16}
def composed(query, key, value, mask=None, factors=None, scale=None):
    scores = query @ key.mT * (query.shape[-1] ** -0.5 if scale is None else scale)
    weights = F.softmax(scores if mask is None else scores + mask, -1)
    return (weights if factors is None else weights * factors) @ value

def test_unit_backward():
    w = np.array([[np.exp(1), np.exp(2), 1]]) / (np.exp(1) + np.exp(2) + 1)
    v, g = np.array([[10.0, 0], [0, 10], [5, 5]]), np.array([[1.0, 0]])
    got = scores_gradient(g, v, w @ v, Kept(w))
    same(got, [[1.738, -1.927, 0.189]], "ṡ of the example", 1e-3)
    rng = np.random.default_rng(5)
    hidden = np.where(np.tri(4, 5, dtype=bool), 0, -np.inf)
    for what, shapes, options, others in [
        ("no mask", [(2, 4, 8), (2, 5, 8), (2, 5, 6)], {}, {}),
        ("scale=0.7", [(4, 8), (5, 8), (5, 6)], {"scale": 0.7}, {"scale": 0.7}),
        ("is_causal", [(2, 3, 4, 8), (2, 3, 5, 8), (2, 3, 5, 6)], {"is_causal": True}, {"mask": hidden}),
        ("one key and value for all", [(2, 3, 4, 8), (5, 8), (3, 5, 6)], {}, {}),
        ("a mask that learns", [(2, 4, 8), (2, 5, 8), (2, 5, 6), (4, 5)], {}, {}),
        ("dropout", [(2, 4, 8), (2, 5, 8), (2, 5, 6)], {"dropout_p": 0.4}, {}),
    ]:
        arrays = [rng.normal(size=shape) for shape in shapes]
        ours, theirs = ([tensor(a, requires_grad=True) for a in arrays] for _ in range(2))
        manual_seed(6)
        output = scaled_dot_product_attention(*ours, **options)
        if "dropout_p" in options:
            manual_seed(6)
            others = {"factors": F.dropout(tensor(np.ones((2, 4, 5))), 0.4)}
        others = {name: tensor(x) if isinstance(x, np.ndarray) else x for name, x in others.items()}
        expected, g = composed(*theirs, **others), tensor(rng.normal(size=output.shape))
        same(output, expected, f"{what}: the output")
        for tensors, y in (ours, output), (theirs, expected):
            y.backward(g, retain_graph=True)
            y.backward(g * 2)
        for name, x, y in zip(("query", "key", "value", "mask"), ours, theirs):
            same(x.grad, y.grad, f"{what}: the gradient of the {name} (of two passes, 1 g and 2 g)")
    q = tensor(rng.normal(size=(2, 4)), requires_grad=True)
    output = scaled_dot_product_attention(q, q.detach(), q.detach(), tensor([[False] * 2, [True] * 2]))
    output.backward(tensor([[1.0] * 4] * 2, dtype=float64))
    assert (q.grad[0] == 0).numpy().all(), f"a query that sees nothing has the gradient 0: {q.grad}"
test_unit_backward()

# %% [markdown]
# ## 6. Heads are views
# One set of weights per position is one mixture: a word can't ask one thing about grammar and another
# about meaning. **Heads** do it several times side by side, each on its own share of the E numbers:
# H heads of D = E/H. They need no loop: they are one more batch dimension.
#
# ```
#    (N, T, E) ─reshape─▶ (N, T, H, D) ─transpose─▶ (N, H, T, D)    (2, 5, 8) with 4 heads:
#    a position's row   e₀ e₁ │ e₂ e₃ │ e₄ e₅ │ e₆ e₇               (2, 5, 4, 2), (2, 4, 5, 2)
#                       head 0  head 1  head 2  head 3
# ```
#
# Both are views of module 01, only strides change; the matrix products read them as they are. On the
# way back, the heads' outputs become one row again, and there the numbers have to move: a copy.
# PyTorch's layer takes (T, N, E) unless you say `batch_first=True`. That is one transpose more.

# %% nbgrader={"grade_id": "attention-heads"}
#| export
def split_heads(input, heads, batch_first):
    """A view (N, H, T, D) of a Tensor (N, T, H·D), or, unless batch_first, of one (T, N, H·D)."""
    ### BEGIN SOLUTION
    if not batch_first:
        input = input.transpose(0, 1)
    batch, length, width = input.shape
    return input.reshape(batch, length, heads, width // heads).transpose(1, 2)
    ### END SOLUTION

def merge_heads(input, batch_first):
    """The way back: a Tensor (N, H, T, D) becomes (N, T, H·D), or (T, N, H·D) unless batch_first.
    Approach: first H and D must stand next to each other again; then `flatten(2)` joins them."""
    ### BEGIN SOLUTION
    merged = input.transpose(1, 2).flatten(2)
    return merged if batch_first else merged.transpose(0, 1)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Heads
# Which number goes where, no copy on the way in, and there and back again.

# %% nbgrader={"grade_id": "test-attention-heads", "points": 10}
def test_unit_heads():
    for batch_first, shape in [(True, (2, 5, 12)), (False, (5, 2, 12)), (True, (1, 1, 4)),
                               (False, (3, 0, 8))]:
        x, heads = tensor(np.arange(np.prod(shape), dtype="d").reshape(shape)), 4
        got, a = split_heads(x, heads, batch_first), x.numpy()
        n, t, width = shape if batch_first else (shape[1], shape[0], shape[2])
        size = width // heads
        assert got.shape == (n, heads, t, size), f"{(n, heads, t, size)} expected, got {got.shape}"
        for i, h, j in np.ndindex(n, heads, t):
            row = a[i, j] if batch_first else a[j, i]
            same(got[i, h, j], row[h * size:(h + 1) * size], f"batch {i}, head {h}, position {j}")
        assert not x.numel() or got._base is x, "split_heads makes a view: no copy"
        same(merge_heads(got, batch_first), a, f"merged again, {batch_first=}")
test_unit_heads()

# %% [markdown]
# ## 7. Masks of a whole batch
# The layer takes two masks, either or both. `attn_mask` says who may look where: (L, S) for all, or
# (N·H, L, S), where the heads of one sentence stand next to each other. `key_padding_mask` (N, S)
# says which positions of each sentence are only padding, and nobody should look there.
#
# And here is the trap that everybody falls into once: in this layer, **True means hidden**, the
# opposite of what the function takes. (The layer is the older one.) Floats are added in both. So make
# floats of everything, of a shape that broadcasts against the scores (N, H, L, S), and add them up:
#
# ```
#    attn_mask (L, S)                       [[0, -∞],      key_padding_mask (N, S)   [[F, F],
#                                            [0,  0]]      (N, 1, 1, S) as floats     [F, T]]
#    sum for sentence 0   [[0, -∞],         for sentence 1   [[0, -∞],
#                          [0,  0]]                           [0, -∞]]
# ```

# %% nbgrader={"grade_id": "attention-merge-masks"}
#| export
def as_float(mask, dtype):
    """A Tensor of booleans, in which True means hidden, as floats to add: -inf or 0. Floats stay."""
    if mask.dtype == np.bool_:
        return torch.zeros(mask.shape, dtype=dtype).masked_fill(mask, -np.inf)
    return mask

def merge_masks(attn_mask, key_padding_mask, heads, dtype):
    """One float mask that broadcasts against scores (N, H, L, S), or None if both are None.

    attn_mask is a Tensor (L, S) or (N·H, L, S), or None; key_padding_mask a Tensor (N, S), or None.

    Approach: `as_float` each that there is; then reshape: an attn_mask of three dimensions becomes
    (N, H, L, S), one of two stays as it is, and the padding becomes (N, 1, 1, S). Return the sum.
    """
    ### BEGIN SOLUTION
    if attn_mask is not None:
        attn_mask = as_float(attn_mask, dtype)
        if attn_mask.ndim == 3:
            size, *last = attn_mask.shape
            attn_mask = attn_mask.reshape(size // heads, heads, *last)
    if key_padding_mask is None:
        return attn_mask
    batch, keys = key_padding_mask.shape
    padding = as_float(key_padding_mask, dtype).reshape(batch, 1, 1, keys)
    return padding if attn_mask is None else attn_mask + padding
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Merging masks
# The example, all combinations of kinds, and their effect on scores.

# %% nbgrader={"grade_id": "test-attention-merge-masks", "points": 10}
def test_unit_merge_masks():
    inf, late = np.inf, tensor([[False, True], [False, False]])
    padded = tensor([[False, False], [False, True]])
    got = merge_masks(late, padded, 1, float64)
    same(got, [[[[0, -inf], [0, 0]]], [[[0, -inf], [0, -inf]]]], "the example, (2, 1, 2, 2)")
    assert got.dtype == float64, f"the mask is to have the dtype asked for, got {got.dtype}"
    assert merge_masks(None, None, 2, float64) is None, "no mask and no padding make None"
    rng, scores = np.random.default_rng(7), np.zeros((2, 3, 4, 5))
    def numbers(mask): return np.where(mask, -inf, 0) if mask.dtype == bool else mask
    for shape in ((4, 5), (6, 4, 5), None):
        for kind in ("?", "d"):
            see = None if shape is None else (rng.random(shape) < 0.5).astype(kind)
            for ignore in (None, (rng.random((2, 5)) < 0.5).astype(kind)):
                if see is ignore is None:
                    continue
                tensors = [None if mask is None else tensor(mask) for mask in (see, ignore)]
                got, expected = merge_masks(*tensors, 3, float64), scores
                if see is not None:
                    expected = expected + numbers(see).reshape((4, 5) if see.ndim == 2 else scores.shape)
                if ignore is not None:
                    expected = expected + numbers(ignore)[:, None, None, :]
                same(scores + got.numpy(), expected, f"masks {shape} and padding={ignore is not None}")
test_unit_merge_masks()

# %% [markdown]
# ## 8. Multi-head attention
# What each head asks, offers and tells is learnt: three linear layers make queries, keys and values
# of E numbers each, and a fourth mixes the heads' outputs. PyTorch stacks the weights of the first three
# in one matrix, so that their state is short:
#
# ```
#    in_proj_weight (3E, E)   ┌ rows  0 … E-1 ┐   query ─▶ q ─ heads ┐
#    in_proj_bias   (3E,)     │ rows E … 2E-1 │   key   ─▶ k ─ heads ├▶ attention ─▶ out_proj
#                             └ rows 2E … 3E-1┘   value ─▶ v ─ heads ┘
# ```
#
# If all three inputs are the same tensor, this is **self-attention**: the words of a sentence ask each
# other, and one product makes queries, keys and values at once. If keys and values come from
# elsewhere, say from the sentence to be translated, it is cross-attention.
#
# Who wants to *see* the weights (`need_weights`) can't have them from the fused operation, whose only
# result is its output. Then we take the detour through separate operations, as PyTorch does.

# %% nbgrader={"grade_id": "attention-multihead"}
#| export
class MultiheadAttention(Module):
    """Attention of several heads on embed_dim numbers. Inputs are (T, N, E), or (N, T, E) if
    batch_first, or (T, E). Returns the pair (output, weights); weights are None unless need_weights."""

    def __init__(self, embed_dim, num_heads, dropout=0.0, bias=True, *, batch_first=False):
        super().__init__()
        if min(embed_dim, num_heads) < 1:
            raise ValueError(f"embed_dim and num_heads must be positive: {embed_dim}, {num_heads}")
        assert embed_dim % num_heads == 0, f"num_heads must divide embed_dim: {embed_dim}, {num_heads}"
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, embed_dim // num_heads
        self.dropout, self.batch_first = dropout, batch_first
        bound = (6 / (4 * embed_dim)) ** 0.5  # Glorot and Bengio (2010), for (3E, E)
        weight = (2 * torch.rand(3 * embed_dim, embed_dim) - 1) * bound
        self.in_proj_weight = Parameter(weight)
        self.register_parameter("in_proj_bias", Parameter(torch.zeros(3 * embed_dim)) if bias else None)
        self.out_proj = Linear(embed_dim, embed_dim, bias)
        if bias:
            self.out_proj.bias.detach().zero_()

    def project(self, query, key, value):
        """The heads (N, H, T, D) of query, key and value: three Tensors.

        Approach: if all three *are* the same, one F.linear with the whole weight and bias gives
        (…, 3E), which splits into 3H heads; slice those. Otherwise, each has its slice of the rows of
        in_proj_weight, and of in_proj_bias, if there is one, and H heads."""
        weight, bias, H, E = self.in_proj_weight, self.in_proj_bias, self.num_heads, self.embed_dim
        ### BEGIN SOLUTION
        if query is key is value:
            heads = split_heads(F.linear(query, weight, bias), 3 * H, self.batch_first)
            return [heads[:, place * H:(place + 1) * H] for place in range(3)]
        found = []
        for place, input in enumerate((query, key, value)):
            rows = slice(place * E, (place + 1) * E)
            projected = F.linear(input, weight[rows], None if bias is None else bias[rows])
            found.append(split_heads(projected, H, self.batch_first))
        return found
        ### END SOLUTION

    def weigh(self, query, key, mask):
        """The weights (N, H, L, S) of heads query and key, made of separate operations: softmax of
        the scaled scores plus the mask, if it isn't None; then dropout, in its present mode.
        Approach: Tensors have `@` and `.mT`; F has softmax and dropout; the scale is head_dim**-0.5."""
        ### BEGIN SOLUTION
        scores = (query * self.head_dim ** -0.5) @ key.mT
        weights = F.softmax(scores if mask is None else scores + mask, -1)
        return F.dropout(weights, self.dropout, self.training)
        ### END SOLUTION

    def forward(self, query, key, value, key_padding_mask=None, need_weights=True, attn_mask=None,
                average_attn_weights=True, is_causal=False):
        """Masks: True means hidden. is_causal only promises that attn_mask is a causal one; to add a
        mask that is there costs less than to make one."""
        if is_causal and attn_mask is None:
            raise RuntimeError("is_causal says what attn_mask is, so it needs one")
        if query.ndim == 2:  # a single sentence: a batch of one
            batch = 0 if self.batch_first else 1
            query, key, value = (t.unsqueeze(batch) for t in (query, key, value))
            padding = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
            output, weights = self(query, key, value, padding, need_weights, attn_mask,
                                   average_attn_weights, is_causal)
            return output.squeeze(batch), None if weights is None else weights.squeeze(0)
        self.check(query, key, value, key_padding_mask, attn_mask)
        mask = merge_masks(attn_mask, key_padding_mask, self.num_heads, query.dtype)
        q, k, v = self.project(query, key, value)
        if need_weights:
            weights = self.weigh(q, k, mask)
            output = self.out_proj(merge_heads(weights @ v, self.batch_first))
            return output, weights.mean(1) if average_attn_weights else weights
        dropout_p = self.dropout if self.training else 0.0
        output = scaled_dot_product_attention(q, k, v, mask, dropout_p)
        return self.out_proj(merge_heads(output, self.batch_first)), None

    def check(self, query, key, value, padding, mask):
        """Raises AssertionError or RuntimeError, as torch does, if shapes don't fit."""
        first, second = (0, 1) if self.batch_first else (1, 0)
        def shapes(): return f"query {query.shape}, key {key.shape}, value {value.shape}"
        assert query.ndim == key.ndim == 3, f"2 dimensions each, or 3, are needed: {shapes()}"
        assert key.shape == value.shape, f"key and value must have one shape: {shapes()}"
        assert query.shape[2] == key.shape[2] == self.embed_dim, f"E is {self.embed_dim}: {shapes()}"
        batch, queries, keys = query.shape[first], query.shape[second], key.shape[second]
        if batch != key.shape[first]:
            raise RuntimeError(f"query and key differ in the batch: {shapes()}")
        assert padding is None or padding.shape == (batch, keys), \
            f"key_padding_mask must be {(batch, keys)}, not {padding.shape}"
        fitting = (queries, keys), (batch * self.num_heads, queries, keys)
        if mask is not None and mask.shape not in fitting:
            raise RuntimeError(f"attn_mask must be {fitting[0]} or {fitting[1]}, not {mask.shape}")

# %% [markdown]
# ### 🧪 Unit Test: Multi-head attention
# Against the slow oracle, head by head; both orders of dimensions; what the weights say; modes.

# %% nbgrader={"grade_id": "test-attention-multihead", "points": 10}
def slow_multihead(layer, query, key, value, mask):
    """(N, T, E) arrays through the layer's weights, with loops. Output, and weights (N, H, L, S)."""
    size, heads, bias = layer.head_dim, layer.num_heads, layer.in_proj_bias
    stacked = np.split(layer.in_proj_weight.detach().numpy(), 3)
    parts = [x @ w.T for x, w in zip((query, key, value), stacked)]
    if bias is not None:
        parts = [x + b for x, b in zip(parts, np.split(bias.detach().numpy(), 3))]
    output, weights = np.zeros(query.shape), np.zeros((len(query), heads, query.shape[1], key.shape[1]))
    for n, h in np.ndindex(len(query), heads):
        q, k, v = (part[n][:, h * size:(h + 1) * size] for part in parts)
        output[n][:, h * size:(h + 1) * size], weights[n, h] = slow_attention(q, k, v, mask[n])
    return layer.out_proj(tensor(output)).detach().numpy(), weights

def test_unit_multihead():
    rng = np.random.default_rng(8)
    x, y, z = (rng.normal(size=size) for size in [(2, 4, 12), (2, 5, 12), (2, 5, 12)])
    see, padded = rng.random((4, 5)) < 0.7, rng.random((2, 5)) < 0.3
    see[:, 0], padded[:, 0] = True, False
    mask, none = np.where(see & ~padded[:, None], 0, -np.inf), np.zeros((2, 4, 4))
    both = {"attn_mask": tensor(~see), "key_padding_mask": tensor(padded)}
    for bias, batch_first in [(True, True), (True, False), (False, True)]:
        layer = MultiheadAttention(12, 3, bias=bias, batch_first=batch_first).double()
        if bias:
            layer.in_proj_bias.data = randn(36, dtype=float64)
        order = (0, 1, 2) if batch_first else (1, 0, 2)
        one, *three = (tensor(a.transpose(order)) for a in (x, x, x, x))
        for kind, inputs, arrays, added, masks in [
            ("cross-attention", [tensor(a.transpose(order)) for a in (x, y, z)], (x, y, z), mask, both),
            ("self-attention, one tensor", [one] * 3, (x, x, x), none, {}),
            ("three equal tensors", three, (x, x, x), none, {}),
        ]:
            expected, weights = slow_multihead(layer, *arrays, added)
            what = f"{kind}, {bias=}, {batch_first=}"
            output, mean = layer(*inputs, **masks)
            same(output, expected.transpose(order), f"the output of {what}")
            same(mean, weights.mean(1), f"the weights of {what}, averaged over the heads")
            each = layer(*inputs, average_attn_weights=False, **masks)[1]
            same(each, weights, f"the weights of {what}, of each head")
            output, nothing = layer(*inputs, need_weights=False, **masks)
            same(output, expected.transpose(order), f"the output of {what}, without weights")
            assert nothing is None, "need_weights=False: the second result is None"
    q, k, v = layer.project(one, one, one)
    assert q._base is k._base is v._base is not None, "self-attention: one product, and views of it"
    layer, x = MultiheadAttention(8, 2, dropout=0.5), randn(40, 8)
    dropped = layer(x, x, x, average_attn_weights=False)[1].detach().numpy()
    assert 0.4 < (dropped == 0).mean() < 0.6, "in training, dropout=0.5 drops half of the weights"
    same(layer.eval()(x, x, x)[1].sum(-1), np.ones(40), "in evaluation, weights sum to 1")
test_unit_multihead()

# %% [markdown]
# ## 📊 Systems analysis
# Attention compares all with all. What does that cost as the text grows, in time and in memory, next
# to a linear layer, which looks at each position alone? And what do one operation and many heads cost?

# %%
import tracemalloc
from timeit import repeat

def best(call):  # milliseconds, the best of nine: other programs only slow us down
    return min(repeat(call, number=1, repeat=9)) * 1e3

def peak(call):  # megabytes that a call has in use at most, beyond what there was before
    tracemalloc.start()
    call()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 1e6

manual_seed(0)
linear = Linear(64, 64)
print("4 heads of 16, causal; forward and backward, in ms and MB:")
before = None
for length in (32, 64, 128, 256, 512):
    q, k, v, x = (randn(*n).requires_grad_() for n in [(1, 4, length, 16)] * 3 + [(length, 64)])
    def step(): scaled_dot_product_attention(q, k, v, is_causal=True).backward(q.detach())
    took, flat = best(step), best(lambda: linear(x).backward(x.detach()))
    grew = "" if before is None else f"{took / before:5.1f} × the half"
    print(f"  {length:5}: attention {took:7.2f}, {peak(step):6.1f} MB; linear {flat:5.2f}   {grew}")
    before = took

mask = tensor(np.where(np.tri(256, dtype=bool), np.float32(0), np.float32(-np.inf)))
q, k, v = (randn(4, 4, 256, 16).requires_grad_() for _ in range(3))
for attention in scaled_dot_product_attention, composed:
    def step(): attention(q, k, v, mask).backward(q.detach())
    print(f"{attention.__name__:28} {best(step):6.1f} ms, {peak(step):5.1f} MB")
print("256 positions, width 64, by the number of heads:")
for heads in (1, 2, 4, 8, 16):
    x = split_heads(randn(2, 256, 64), heads, True)
    took = best(lambda: scaled_dot_product_attention(x, x, x))
    print(f"  {heads:2}: {took:6.1f} ms, the weights {2 * heads * 256 * 256 * 4 / 1e6:5.1f} MB")

# %% [markdown]
# A linear layer's cost grows with T, that of attention with T²: for twice the text, four times the
# weights, in time and in memory, as soon as they outweigh the fixed price of a call. That is why
# long contexts are expensive, and why FlashAttention recomputes the weights piece by piece instead of
# keeping them. One operation needs less of both than five, although it computes the same. And heads
# aren't free: the products stay the same, but each head has weights of its own to exponentiate.

# %% [markdown]
# ## 🧪 Module test
# ### 🧪 Unit Test: Attention together
# A causal layer never looks ahead. And attention learns where to look: each position is to tell the
# word before it, and nobody says where that stands.

# %% nbgrader={"grade_id": "test-attention-together", "points": 6}
def test_unit_together():
    manual_seed(9)
    layer, x = MultiheadAttention(8, 2, batch_first=True), randn(3, 6, 8)
    late = tensor(~np.tri(6, dtype=bool))
    options = {"attn_mask": late, "need_weights": False}
    before = layer(x, x, x, **options)[0]
    same(layer(x, x, x, is_causal=True, **options)[0], before.detach(), "is_causal, the same mask")
    for position in range(6):
        other = x.clone()
        other[:, position] += 1.0
        change = (layer(other, other, other, **options)[0] - before).abs().sum(2).sum(0).detach()
        assert (change[:position] == 0).numpy().all(), f"position {position} changed an earlier one"
        assert (change[position:] > 1e-4).numpy().all(), f"{position} should change all from there on"
    places = np.broadcast_to(2 * np.eye(6, dtype="f"), (64, 6, 6))
    words = np.random.default_rng(9).choice(np.float32([-1, 1]), (64, 6, 2))
    x, target = tensor(np.concatenate([places, words], 2)), tensor(words[:, :-1])
    layer, read, history = MultiheadAttention(8, 1, batch_first=True), Linear(8, 2), []
    for _ in range(100):
        output, weights = layer(x, x, x)
        loss = F.mse_loss(read(output)[:, 1:], target)
        loss.backward()
        history.append(loss.item())
        for p in [*layer.parameters(), *read.parameters()]:
            p.detach().sub_(0.5 * p.grad)
            p.grad = None
    assert history[-1] < history[0] / 10, f"it should learn where to look: {history[::20]}"
    looks = weights.detach().numpy()[:, 1:].mean(0).argmax(-1).tolist()
    assert looks == [0, 1, 2, 3, 4], f"positions 1 to 5 should look at the one before: {looks}"
test_unit_together()

# %% [markdown]
# ## 🤔 Questions to think about
# 1. Shuffle the positions of a sentence. What happens to the outputs of self-attention without a mask?
#    What has to be added to the inputs if the order should matter?
# 2. Instead of hiding scores by -∞, a friend multiplies the weights after softmax by 0 where they are
#    forbidden. What is wrong with the rows, and how does it give away the future?
# 3. A text of 100,000 tokens, 32 heads, float32: how many bytes are the weights of one layer? Which
#    of the four steps could do without ever having all of them at once?
# 4. Eight heads of 8 have as many parameters as one head of 64. What can they do that it can't, and
#    the other way round?

# %% [markdown]
# ## 🎯 Summary
# `F.scaled_dot_product_attention` and `nn.MultiheadAttention` are yours: fused, masked, differentiated
# by hand, and fit for PyTorch's weights. Module 13 stacks them, with a few layers between, to a GPT
# that writes.
