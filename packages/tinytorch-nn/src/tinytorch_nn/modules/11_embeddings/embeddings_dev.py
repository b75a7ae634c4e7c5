# %% [markdown]
# # 11 · Embeddings
#
# An id is a name: token 300 isn't more than token 30. An *embedding* gives each token a vector, a
# point in space, and learning moves the points until tokens that are used alike lie close together.
# You build the table, its gradient, and vectors for *positions*, which tell a network what comes
# first. Bengio et al. (2003) learnt vectors of words together with a language model, Mikolov et al.
# (2013) found meaning in their directions, and Vaswani et al. (2017) made positions out of waves.
#
# **Prerequisites:** modules 03, 04, 06 and 10; sine and cosine. **Time:** about 150 minutes, six
# exercises.
#
# ```mermaid
# flowchart LR
#     L[03 Layers] & G[06 Autograd] & K[10 Tokenization] --> E(11 Embeddings)
#     E --> A[12 Attention] & X[13 Transformers]
# ```

# %% [markdown]
# ## 🔧 Setup

# %%
#| default_exp nn.embedding

# %%
#| export
import numpy as np
from tinytorch.core import Tensor, from_numpy, gradients, ones_like, operation, randn, zeros
from tinytorch.nn import Module, Parameter

# %%
import inspect, statistics
from collections import Counter
import tinytorch.core as torch
from tinytorch.core import float64, int32, int64, manual_seed, no_grad, ones, tensor
from tinytorch.core.autograd import gradcheck
from tinytorch.data import BPETokenizer, CharTokenizer
from tinytorch.nn import Linear
from tinytorch.nn.functional import cross_entropy, softmax

def same(got, expected, what):
    assert isinstance(got, (Tensor, np.ndarray)), f"{what}: got a {type(got).__name__}"
    got = got.detach().numpy() if isinstance(got, Tensor) else got
    expected = np.asarray(expected)
    kind, wanted = f"{got.dtype} {got.shape}", f"{expected.dtype} {expected.shape}"
    assert kind == wanted, f"{what}: should be {wanted}, got {kind}"
    assert np.allclose(got, expected, 1e-4, 1e-6), f"{what}: should be\n{expected}, got\n{got}"

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
# The exported cells become `tinytorch/nn/embedding.py`. They earn you `nn.Embedding`, and
# `embedding` and `cosine_similarity` in `tinytorch.nn.functional`, as in PyTorch. Positions have no
# layer there; ours are `nn.LearnedPositions` and `nn.SinusoidalPositions`.

# %% [markdown]
# ## 1. A table of vectors
# Why can't the id itself go into a Linear layer? Then everything that token 300 does would be ten
# times what token 30 does. What names no quantity is written as a **one-hot** vector, all 0 and a
# single 1. Its product with a weight (V, D) is one row of that weight:
#
# ```
#    ids       one-hot (3, 4)        weight (4, 2)         output (3, 2)
#    [2,       [[0, 0, 1, 0],        0 [[0.1, 0.2],        [[0.5, 0.6],
#     0,        [1, 0, 0, 0],   @    1  [0.3, 0.4],   =     [0.1, 0.2],
#     2]        [0, 0, 1, 0]]        2  [0.5, 0.6],         [0.5, 0.6]]
#                                    3  [0.7, 0.8]]
# ```
#
# Those are 24 products, three quarters of them with 0, and V of them for each number with V tokens.
# So nobody multiplies: an embedding **looks up** the rows. The price doesn't depend on V.
#
# Ids have any shape, usually (batch, time), and the output has one dimension more. One trap: to
# NumPy, -1 is the last row. A wrong id would learn in silence, so we check.

# %% nbgrader={"grade_id": "embeddings-lookup"}
#| export
def row_of(padding_idx, rows):
    """padding_idx, counted from 0; None stays None. Raises AssertionError for a row there isn't."""
    if padding_idx is None:
        return None
    assert -rows <= padding_idx < rows, f"padding_idx {padding_idx} is no row of a table with {rows}"
    return padding_idx % rows

@operation
def embedding(input, weight, padding_idx=None):
    """The rows of weight (V, D) with these ids: (…) becomes (…, D). The row padding_idx, if there is
    one, gets no gradient; its output is that of any other row.

    Raises AssertionError, by `row_of`; RuntimeError unless weight has two dimensions (give its shape)
    and the dtype of input is int64 or int32 (give it); IndexError, with an id that is below 0 or too
    large, and the number of rows.

    Approach: check in that order. `take` of an array, with axis=0, is faster than indexing, and
    refuses ids that are too large. For those below 0, look at the smallest, if there are any ids."""
    ### BEGIN SOLUTION
    row_of(padding_idx, len(weight))
    if weight.ndim != 2:
        raise RuntimeError(f"the weight of an embedding is (rows, numbers), not {weight.shape}")
    if input.dtype not in (np.int64, np.int32):
        raise RuntimeError(f"ids are int64 or int32, not {input.dtype}")
    if input.size and input.min() < 0:
        raise IndexError(f"index {input.min()} is below 0, in a table of {len(weight)} rows")
    return weight.take(input, axis=0)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Lookup
# Ids of several shapes against a product with one-hot vectors, and everything that must be refused.

# %% nbgrader={"grade_id": "test-embeddings-lookup", "points": 20}
def test_unit_lookup():
    w = np.random.default_rng(1).normal(size=(5, 3)).astype("f")
    for ids, dtype in [([2, 0, 2], int64), ([[1, 4], [0, 3]], int32), (3, int64), ([[]], int64),
                       ([[[4]]], int64)]:
        ids = tensor(ids, dtype=dtype)
        one_hot = np.eye(5, dtype="f")[ids.numpy()]
        same(embedding(ids, tensor(w)), one_hot @ w, f"embedding of {ids}")
    same(embedding(tensor([1, 0]), tensor(w), padding_idx=-4), w[[1, 0]], "padding has its row, too")
    same(embedding(tensor([0]), ones(1, 2, dtype=float64)), np.ones((1, 2)), "a table of float64")
    source = tensor(w)
    embedding(tensor([1]), source).zero_()
    same(source, w, "the table, after somebody wrote into an output")
    for ids, wrong in [([0, -1, 2], "-1"), ([5, 0], "5"), ([[-7, 1], [4, -1]], "-7"), ([23], "23")]:
        refuses(IndexError, lambda: embedding(tensor(ids), tensor(w)), wrong, "5")
    refuses(RuntimeError, lambda: embedding(tensor([1.0]), tensor(w)), "float32")
    for shape in ((5,), (5, 3, 1)):
        refuses(RuntimeError, lambda: embedding(tensor([0]), zeros(shape)), str(shape))
    for row in (5, -6):
        refuses(AssertionError, lambda: embedding(tensor([0]), tensor(w), row), str(row))
test_unit_lookup()

# %% [markdown]
# ## 2. Who was named gets the gradient
# Think of the product: the gradient of the weight is one-hotᵀ @ g. So row i of it is the **sum** of
# all rows of g in whose places id i stood; a row that nobody named gets 0.
#
# ```
#    ids       g (3, 2)                  gradient of the weight (4, 2)
#    [2,       [[ 1,  2],                0 [[10, 20],
#     0,        [10, 20],       →        1  [ 0,  0],
#     2]        [ 5,  7]]                2  [ 6,  9],      1 + 5 and 2 + 7: id 2 stood there twice
#                                        3  [ 0,  0]]
# ```
#
# `gradient[ids] += g` looks right and isn't: NumPy reads rows 2, 0, 2, adds, and writes back, so that
# only the last of both rows 2 is there. `np.add.at(gradient, ids, g)` adds one after the other, but
# slowly, row by row. On a **flat** array it is many times as fast. With D = 2, element d of row i
# stands at 2 · i + d there:
#
# ```
#    ids        2        0        2
#    places     4  5     0  1     4  5
#    g          1  2    10 20     5  7          10 20 0 0 6 9 0 0
# ```
#
# **Padding.** The texts of a batch differ in length; the short ones are filled up with a token that
# is to mean nothing. Its row is 0 and must stay so, whatever gradient arrives.

# %% nbgrader={"grade_id": "embeddings-gradient"}
#| export
def add_rows(g, ids, rows):
    """An array (rows, D) of g's dtype: row i is the sum of all rows of g (…, D) at whose places in
    ids (…) there is an i.
    Approach: make the places, (…, D) like g: ids with one more dimension, times D, plus 0 … D - 1.
    Flatten both (`ravel`). np.add.at(array, places, numbers) adds to the array."""
    ### BEGIN SOLUTION
    width = g.shape[-1]
    places = ids[..., None] * width + np.arange(width)
    total = np.zeros(rows * width, g.dtype)
    np.add.at(total, places.ravel(), g.ravel())
    return total.reshape(rows, width)
    ### END SOLUTION

def embedding_weight(g, input, padding_idx, shape):
    """The gradient of weight, of this shape, in embedding(input, weight, padding_idx)."""
    ### BEGIN SOLUTION
    gradient = add_rows(g, input, shape[0])
    if padding_idx is not None:
        gradient[padding_idx] = 0
    return gradient
    ### END SOLUTION

gradients(embedding, weight=embedding_weight)

# %% [markdown]
# ### 🧪 Unit Test: Gradient
# The example, a sum by its definition, padding, and what autograd makes of it.

# %% nbgrader={"grade_id": "test-embeddings-gradient", "points": 22}
def test_unit_gradient():
    g = np.float32([[1, 2], [10, 20], [5, 7]])
    same(add_rows(g, np.array([2, 0, 2]), 4), np.float32([[10, 20], [0, 0], [6, 9], [0, 0]]), "the sum")
    same(add_rows(g[:0], np.array([], int), 1), np.zeros((1, 2), "f"), "a sum of nothing")
    rng = np.random.default_rng(2)
    for shape, dtype in [((7,), "f"), ((4, 50), "d"), ((), "f")]:
        ids, g = rng.integers(0, 6, shape, np.int32), rng.normal(size=(*shape, 3)).astype(dtype)
        expected = np.zeros((6, 3), dtype)
        for place in np.ndindex(shape):
            expected[ids[place]] += g[place]
        same(add_rows(g, ids, 6), expected, f"sums for ids of shape {shape}")
        for padding in (None, 0, 5, -2):
            wanted = expected.copy()
            if padding is not None:
                wanted[padding] = 0
            same(embedding_weight(g, ids, padding, (6, 3)), wanted, f"padding_idx={padding}")
    weight, ids = randn(5, 3, dtype=float64, requires_grad=True), tensor([[1, 4, 1], [1, 0, 4]])
    assert gradcheck(lambda w: embedding(ids, w) * embedding(ids, w), weight), "against slopes"
    embedding(ids, weight, -1).backward(ones(2, 3, 3, dtype=float64))
    same(weight.grad, np.array([[1.0], [3], [0], [0], [0]]) * np.ones(3), "how often each was named")
test_unit_gradient()

# %% [markdown]
# ## 3. The layer
# PyTorch draws the first vectors from N(0, 1), the normal distribution. Each component has size 1 then,
# and two vectors are nearly at right angles if D is large: tokens start out different, and unrelated.

# %% nbgrader={"grade_id": "embeddings-layer"}
#| export
class Embedding(Module):
    """A table with a vector of embedding_dim numbers for each of num_embeddings ids."""
    def __init__(self, num_embeddings, embedding_dim, padding_idx=None):
        """Keep all three (the last one as `row_of` gives it). `weight` is a Parameter of zeros
        (num_embeddings, embedding_dim); then reset_parameters."""
        ### BEGIN SOLUTION
        super().__init__()
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = row_of(padding_idx, num_embeddings)
        self.weight = Parameter(zeros(num_embeddings, embedding_dim))
        self.reset_parameters()
        ### END SOLUTION

    def reset_parameters(self):
        """Draw the weight anew, in place, from N(0, 1); the row padding_idx, if any, becomes 0.
        Approach: write into the *detached* weight, by `copy_`, and by assigning to a row."""
        ### BEGIN SOLUTION
        weight = self.weight.detach()
        weight.copy_(randn(weight.shape))
        if self.padding_idx is not None:
            weight[self.padding_idx] = 0.0
        ### END SOLUTION

    def forward(self, input):
        ### BEGIN SOLUTION
        return embedding(input, self.weight, self.padding_idx)
        ### END SOLUTION

    @classmethod
    def from_pretrained(cls, embeddings, freeze=True, padding_idx=None):
        """A layer with this table (V, D) of vectors that somebody else has learnt, which is not
        copied, and which learns on only if freeze is False."""
        ### BEGIN SOLUTION
        layer = cls(*embeddings.shape, padding_idx)
        layer.weight = Parameter(embeddings, requires_grad=not freeze)
        return layer
        ### END SOLUTION

    def extra_repr(self):
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"

# %% [markdown]
# ### 🧪 Unit Test: The layer
# Names, shapes and the distribution; padding that stays 0 while the others learn; foreign tables.

# %% nbgrader={"grade_id": "test-embeddings-layer", "points": 18}
def test_unit_layer():
    manual_seed(5)
    layer = Embedding(40, 1000, padding_idx=-3)
    names = [(name, p.shape) for name, p in layer.named_parameters()]
    assert names == [("weight", (40, 1000))], f"one parameter, weight (40, 1000): {names}"
    assert repr(layer) == "Embedding(40, 1000, padding_idx=37)", f"got {layer!r}"
    plain = Embedding(2, 3)
    assert repr(plain) == "Embedding(2, 3)", "without padding, nothing is said of it"
    assert plain.weight.detach().numpy().all(), "without padding, no row is 0"
    w = layer.weight.detach().numpy()
    assert not w[37].any() and w.any(1).sum() == 39, "the row of the padding, and no other, is 0"
    drawn = np.delete(w, 37, 0)
    for got, expected in [(drawn.mean(), 0), (drawn.std(), 1), ((abs(drawn) < 1).mean(), 0.683)]:
        assert abs(got - expected) < 0.02, f"in N(0, 1) this is {expected}, got {got}"
    kept, before = layer.weight, w.copy()
    layer.reset_parameters()
    assert layer.weight is kept and (w[0] != before[0]).all(), "drawn anew, in the same parameter"
    assert not w[37].any(), "the row of the padding is 0 after reset_parameters, too"
    ids, before = tensor([[3, 37, 3], [37, 0, 37]]), w.copy()
    same(layer(ids), w[ids.numpy()], "what the layer returns")
    layer(ids).sum().backward()
    with no_grad():
        layer.weight.sub_(layer.weight.grad)
    assert (w != before).any(1).nonzero()[0].tolist() == [0, 3], "only 0 and 3 learn from this batch"
    same(w[3], before[3] - 2, "row 3, which was named twice")
    table = randn(6, 2)
    for freeze in (True, False):
        foreign = Embedding.from_pretrained(table, freeze, padding_idx=1)
        same(foreign(tensor([1, 5])), table.numpy()[[1, 5]], "rows of a foreign table, all of them")
        assert foreign.weight.requires_grad is not freeze, f"freeze={freeze}: may it learn?"
        assert (foreign.num_embeddings, foreign.padding_idx) == (6, 1), "sizes and padding"
    table.zero_()
    same(foreign.weight, np.zeros((6, 2), "f"), "the layer's weight shares the table's memory")
    assert Embedding.from_pretrained(table).weight.requires_grad is False, "frozen by default"
    refuses(AssertionError, lambda: Embedding(3, 2, 3), "3")
test_unit_layer()

# %% [markdown]
# ## 4. Near and far
# What does the table learn? Tokens that are used alike get similar gradients, and end up in similar
# places. How similar are two vectors? Their dot product grows with their lengths; divided by both, it
# is the **cosine** of the angle between them, from -1 to 1:
#
# ```
#    x = [3, 4], y = [4, 3]       (12 + 12) / (5 · 5) = 0.96
# ```
#
# A vector of length 0 has no direction. PyTorch takes lengths below eps as eps, and the result is 0.

# %% nbgrader={"grade_id": "embeddings-cosine"}
#| export
def cosine_similarity(x1, x2, dim=1, eps=1e-8):
    """The cosine of the angle between x1 and x2, which broadcast, along dim, which disappears.

    Approach: three sums along dim: of the products, of x1's squares and of x2's. Multiplied by
    `ones_like` of the products, squares broadcast as well. `clamp(min=…)` keeps the squared lengths
    at eps² or above; only then take the `sqrt`, whose slope at 0 is infinite."""
    ### BEGIN SOLUTION
    products = x1 * x2
    ones = ones_like(products)
    first, second = ((x * x * ones).sum(dim).clamp(min=eps * eps).sqrt() for x in (x1, x2))
    return products.sum(dim) / (first * second)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Cosine
# The example, every dim, broadcasting, and vectors without a direction.

# %% nbgrader={"grade_id": "test-embeddings-cosine", "points": 12}
def test_unit_cosine():
    same(cosine_similarity(tensor([3.0, 4]), tensor([4.0, 3]), 0), np.float32(0.96), "the example")
    a, b = np.random.default_rng(3).normal(size=(2, 4, 3, 5))
    for dim in (0, 1, 2, -1):
        expected = (a * b).sum(dim) / np.linalg.norm(a, axis=dim) / np.linalg.norm(b, axis=dim)
        same(cosine_similarity(tensor(a), tensor(b), dim), expected, f"dim={dim}")
    same(cosine_similarity(tensor(a[0]), tensor(-7 * a[0])), -np.ones(3), "opposite rows, dim 1")
    expected = [[x @ y / np.sqrt(x @ x * (y @ y)) for y in b[0]] for x in a[0]]
    same(cosine_similarity(tensor(a[0, :, None]), tensor(b[0]), 2), expected, "(3, 1, 5) and (3, 5)")
    same(cosine_similarity(ones(1), ones(4), 0), np.float32(1), "a number, broadcast along dim")
    x, y = zeros(1, 2, requires_grad=True), tensor([[0.3, 0.4]])
    result = cosine_similarity(x, y)
    same(result, np.float32([0]), "a vector of length 0 has cosine 0 with all others")
    result.backward()
    assert np.isfinite(x.grad.numpy()).all(), "and its gradient is finite"
    same(cosine_similarity(y, y, eps=2.0), np.float32([0.0625]), "0.25 / (2 · 2): eps is for lengths")
    x.grad = None
    assert gradcheck(cosine_similarity, [tensor(c[0], requires_grad=True) for c in (a, b)]), "slopes"
test_unit_cosine()

# %% [markdown]
# Now let a table learn. The task: from one character of Python code, guess the next. The model is an
# Embedding of 12 numbers and a Linear layer; the steps are plain gradient descent. We look at the
# neighbours of a few characters among the sixty most frequent ones, before and after.

# %%
text = inspect.getsource(statistics)
tokenizer = CharTokenizer().train(text)
ids, common = tensor(tokenizer.encode(text)), [c for c, _ in Counter(text).most_common(60)]
manual_seed(1)
table, guess = Embedding(tokenizer.vocab_size, 12), Linear(12, tokenizer.vocab_size)

def show_neighbours():
    weight = table.weight.detach()
    others = weight[tokenizer.encode(common)]
    for character in "3e(.":
        near = cosine_similarity(weight[tokenizer.encode(character)], others).numpy().argsort()[::-1]
        print(f"  {character} is near {' '.join(repr(common[n]) for n in near[1:8])}")

print("Before:")
show_neighbours()
for step in range(2000):
    start = step * 512 % (len(ids) - 513)
    loss = cross_entropy(guess(table(ids[start:start + 512])), ids[start + 1:start + 513])
    loss.backward()
    with no_grad():
        for p in (table.weight, guess.weight, guess.bias):
            p.sub_(5.0 * p.grad)
            p.grad = None
print(f"After {step + 1} steps, at a loss of {loss.item():.2f}:")
show_neighbours()

# %% [markdown]
# Nobody told the table what a digit is, or a vowel, or a bracket. What is followed by the same things
# moved together: that is all it knows of meaning, and it is a lot.

# %% [markdown]
# ## 5. Positions from waves
# "dog bites man", "man bites dog": the same rows, looked up in another order. Attention, in module 12,
# compares vectors without asking where they stand, and would take both for the same. So we *add* to
# each token's vector one that says where it stands. Vaswani et al. take **clock hands**: numbers 2i
# and 2i + 1 of position p are the sine and cosine of an angle that grows with p, fast for the first
# pair and slower for each one after it. With D numbers a position and a base b = 10,000,
#
# $$
# P_{p,\,2i} = \sin\frac{p}{b^{2i/D}} \qquad P_{p,\,2i+1} = \cos\frac{p}{b^{2i/D}}
# $$
#
# ```
#    D = 4     p = 0    sin 0 = 0       cos 0 = 1       sin 0 = 0       cos 0 = 1
#              p = 1    sin 1 = 0.841   cos 1 = 0.540   sin 1/100       cos 1/100
#              p = 2    sin 2 = 0.909   cos 2 = -0.416  sin 2/100       cos 2/100
#                       pair 0: once around in 2π       pair 1: in 200π positions
# ```
#
# The fast hands tell neighbours apart, the slow ones where in the text we are. To go k positions on
# is to turn each hand by an angle that depends on k only. So the dot product of two positions depends
# on their **distance**, and "three to the left" looks the same everywhere:
#
# $$
# P_p \cdot P_{p+k} = \sum_i \cos\frac{k}{b^{2i/D}}
# $$

# %% nbgrader={"grade_id": "embeddings-waves"}
#| export
def sinusoidal_positions(length, embedding_dim, base=10000.0):
    """A float32 Tensor (length, embedding_dim): row p belongs to position p. If embedding_dim is odd,
    the last pair has no cosine.
    Approach: an array of even numbers 2i gives the speeds; a column of positions times a row of speeds
    (or divided by it) gives all angles. Assign the sines to the even columns of an empty array and as
    many of the cosines as fit to the odd ones. Compute in float64, and keep 32 bits at the end."""
    ### BEGIN SOLUTION
    speeds = base ** (-np.arange(0, embedding_dim, 2) / embedding_dim)
    angles = np.arange(length)[:, None] * speeds
    table = np.empty((length, embedding_dim), np.float32)
    table[:, 0::2] = np.sin(angles)
    table[:, 1::2] = np.cos(angles[:, :embedding_dim // 2])
    return from_numpy(table)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Waves
# The numbers of the example, the law of the distance, and an odd dimension.

# %% nbgrader={"grade_id": "test-embeddings-waves", "points": 12}
def test_unit_waves():
    sin, cos = np.sin, np.cos
    expected = [[sin(p), cos(p), sin(p / 100), cos(p / 100)] for p in range(3)]
    same(sinusoidal_positions(3, 4), np.float32(expected), "the example")
    for length, width, base in [(6, 7, 10000.0), (50, 6, 9.0), (1, 1, 2.0), (0, 4, 5.0)]:
        expected = np.zeros((length, width), "f")
        for p, d in np.ndindex(length, width):
            expected[p, d] = (sin if d % 2 == 0 else cos)(p / base ** ((d - d % 2) / width))
        same(sinusoidal_positions(length, width, base), expected, f"{length, width, base}")
    table = sinusoidal_positions(3000, 64).numpy().astype("d")
    for k in (1, 7, 100):
        products = (table[:-k] * table[k:]).sum(1)
        law = cos(k / 10000 ** (np.arange(0, 64, 2) / 64)).sum()
        assert abs(products - law).max() < 1e-4, f"{k} apart, the product is {law} everywhere"
test_unit_waves()

# %% [markdown]
# ## 6. Positions as layers
# Or learn them: position p gets a row of a table, like a token. Nothing has to be invented, and GPT-2
# does just that; but what comes after the last row doesn't exist, and rows that were seldom reached
# have learnt little. Waves exist for any position and have no weights; whether a model can use those
# that it never saw is another matter.
#
# Both layers add rows to a batch of sequences, and differ in what their `weight` is:
#
# ```
#    input (B, T, D)  +  weight[start : start + T]  (T, D)   →   (B, T, D)
# ```
#
# `start` is for models that read on where they stopped: module 18 gives them one token at a time. The
# first learnt rows are small, 0.02 · N(0, 1), so that they don't drown the tokens.

# %% nbgrader={"grade_id": "embeddings-positions"}
#| export
class Positions(Module):
    """Adds to each vector of a sequence the row of `weight` (max_length, embedding_dim) for its
    position."""
    def forward(self, input, start=0):
        """input (…, T, D) plus the rows from start on. Raises IndexError, with the position and the
        number of rows, if start is negative, or the last position has no row."""
        ### BEGIN SOLUTION
        rows, end = len(self.weight), start + input.shape[-2]
        if start < 0 or end > rows:
            position = start if start < 0 else end - 1
            raise IndexError(f"there is no position {position} in a table of {rows} rows")
        return input + self.weight[start:end]
        ### END SOLUTION

    def extra_repr(self): return "{}, {}".format(*self.weight.shape)

class LearnedPositions(Positions):
    def __init__(self, max_length, embedding_dim):
        """`weight` is a Parameter of numbers from N(0, 1), times 0.02."""
        ### BEGIN SOLUTION
        super().__init__()
        self.weight = Parameter(0.02 * randn(max_length, embedding_dim))
        ### END SOLUTION

class SinusoidalPositions(Positions):
    def __init__(self, max_length, embedding_dim):
        """`weight` is a buffer, which `persistent=False` keeps out of saved states: why save what can
        be computed?"""
        ### BEGIN SOLUTION
        super().__init__()
        table = sinusoidal_positions(max_length, embedding_dim)
        self.register_buffer("weight", table, persistent=False)
        ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Positions
# Both layers on batches, what they save and learn, and positions that there aren't.

# %% nbgrader={"grade_id": "test-embeddings-positions", "points": 12}
def test_unit_positions():
    manual_seed(8)
    learned, waves = LearnedPositions(500, 40), SinusoidalPositions(500, 40)
    assert list(learned.state_dict()) == ["weight"], "learnt positions are saved"
    assert not list(waves.state_dict()) and not list(waves.parameters()), "waves: nothing to save"
    assert repr(learned) == "LearnedPositions(500, 40)", f"got {learned!r}"
    w = learned.weight.detach().numpy()
    assert abs(w.std() - 0.02) < 0.001 and abs(w.mean()) < 0.001, "from N(0, 1), times 0.02"
    same(waves.weight, sinusoidal_positions(500, 40).numpy(), "the waves")
    x = randn(2, 3, 40, requires_grad=True)
    for layer in (learned, waves):
        rows = layer.weight.detach().numpy()
        for start in (0, 7, 497):
            expected = x.detach().numpy() + rows[start:start + 3]
            same(layer(x, start=start), expected, f"{layer}, from {start}")
        same(layer(x), x.detach().numpy() + rows[:3], f"{layer}, where start is 0")
        same(layer(zeros(5, 40), 495), rows[495:], "one sequence without a batch, up to the last row")
        refuses(IndexError, lambda: layer(x, 498), "500")
        refuses(IndexError, lambda: layer(zeros(503, 40)), "502")
        refuses(IndexError, lambda: layer(x, -1), "-1")
    learned(x, 4).sum().backward()
    named = learned.weight.grad.numpy().sum(1)
    assert named.nonzero()[0].tolist() == [4, 5, 6] and named[4] == 80, "each row, once for each text"
    same(x.grad, np.ones((2, 3, 40), "f"), "the gradient of what the positions were added to")
test_unit_positions()

# %% [markdown]
# ## 📊 Systems analysis
# What does a lookup save, how are rows best added, and what does a table weigh?

# %%
from timeit import repeat

def best(call, calls):  # microseconds, the best of seven: other programs only slow us down
    return min(repeat(call, number=calls, repeat=7)) / calls * 1e6

print("512 ids, 64 numbers each, in µs:")
for rows in (100, 1000, 10_000):
    weight, ids = randn(rows, 64), torch.randint(0, rows, (512,))
    one_hot = from_numpy(np.eye(rows, dtype="f")[ids.numpy()])
    product, lookup = best(lambda: one_hot @ weight, 3), best(lambda: embedding(ids, weight), 50)
    print(f"  {rows:6,} rows: one-hot product {product:9,.0f}, lookup {lookup:4.0f}")

def one_by_one(g, ids, rows):
    total = np.zeros((rows, g.shape[1]), g.dtype)
    for id, row in zip(ids, g):
        total[id] += row
    return total

def add_at_rows(g, ids, rows):
    total = np.zeros((rows, g.shape[1]), g.dtype)
    np.add.at(total, ids, g)
    return total

def one_hot_product(g, ids, rows):
    one_hot = np.zeros((rows, len(ids)), g.dtype)
    one_hot[ids, np.arange(len(ids))] = 1
    return one_hot @ g

def sorted_sums(g, ids, rows):  # equal ids side by side, then one sum for each group
    total, order = np.zeros((rows, g.shape[1]), g.dtype), np.argsort(ids, kind="stable")
    first = np.flatnonzero(np.diff(ids[order], prepend=-1))
    total[ids[order][first]] = np.add.reduceat(g[order], first)
    return total

ways = (one_by_one, add_at_rows, one_hot_product, sorted_sums, add_rows)
print("Adding the rows of a gradient, in µs:", *(way.__name__ for way in ways))
for rows, count, width in [(64, 512, 64), (1000, 512, 64), (1000, 2048, 128)]:
    ids = np.random.default_rng(0).integers(0, rows, count)
    g = np.random.default_rng(1).normal(size=(count, width)).astype("f")
    for way in ways:
        assert np.allclose(way(g, ids, rows), add_rows(g, ids, rows), atol=1e-3), way.__name__
    times = (best(lambda: way(g, ids, rows), 2) for way in ways)
    print(f"  {rows:5,} rows, {count:5,} ids of {width:3}:", *(f"{time:8,.0f}" for time in times))

print("A gradient has the size of its table. 512 ids of 64 numbers, backwards:")
for rows in (1000, 10_000, 100_000):
    layer, ids = Embedding(rows, 64), torch.randint(0, rows, (512,))
    time = best(lambda: layer(ids).sum().backward(), 3)
    named = len(set(ids.tolist())) / rows
    print(f"  {rows:7,} rows, {layer.weight.nbytes / 1e6:5.1f} MB, {named:6.1%} named: {time:8,.0f} µs")

# %% [markdown]
# A lookup costs what its output costs; a product grows with the table. Of the ways to add rows, the
# product is fine for a small vocabulary and hopeless for a large one, loops pay for each id, sorting
# pays for a copy in another order; the flat sum is never far from the best.
#
# But the gradient is as large as the table, nearly all of it zeros, and the optimizer goes through
# every row. That is why PyTorch can make *sparse* gradients, and why large vocabularies cost more
# than their lookups.

# %% [markdown]
# ## 🧪 Module test
# ### 🧪 Unit Test: Embeddings together
# Two facts about language models: the gradient of a table of pairs is what was guessed minus what was
# counted; and a model with positions tells "dog bites man" from "man bites dog".

# %% nbgrader={"grade_id": "test-embeddings-together", "points": 4}
def test_unit_together():
    text = "the cat sat on the mat, the rat sat on the cat"
    tokenizer = CharTokenizer().train(text)
    ids, size = np.array(tokenizer.encode(text)), tokenizer.vocab_size
    manual_seed(2)
    pairs = Embedding(size, size)  # row a: a score for each character that may follow a
    cross_entropy(pairs(tensor(ids[:-1])), tensor(ids[1:]), reduction="sum").backward()
    counted = np.zeros((size, size), "f")
    np.add.at(counted, (ids[:-1], ids[1:]), 1)
    guessed = softmax(pairs.weight, 1).detach().numpy() * counted.sum(1, keepdims=True)
    same(pairs.weight.grad, guessed - counted, "what was guessed minus what was counted")

    tokenizer = BPETokenizer(special_tokens=["<pad>"]).train("dog bites man, man bites dog", 262)
    padding = tokenizer.special_tokens["<pad>"]
    texts = [tokenizer.encode(text) for text in ("dog bites man", "man bites dog", "dog bites")]
    longest = max(map(len, texts))
    batch = tensor([text + [padding] * (longest - len(text)) for text in texts])
    tokens = Embedding(tokenizer.vocab_size, 8, padding)
    for positions in (LearnedPositions(longest, 8), SinusoidalPositions(longest, 8)):
        x = positions(tokens(batch))
        assert x.shape == (3, longest, 8), f"(texts, time, numbers), got {x.shape}"
        same(x[2, -1], positions.weight[-1].detach().numpy(), "padding is its position and nothing else")
        tokens.weight.grad = None
        (x * x).sum().backward()
        rows = tokens.weight.grad.numpy().any(1).nonzero()[0].tolist()
        assert rows == sorted({id for text in texts for id in text}), "all tokens but the padding learn"
test_unit_together()

# %% [markdown]
# ## 🤔 Questions to think about
# 1. GPT-2 uses the token table twice: to look up, and, transposed, as the last layer, which gives each
#    token a score. What does that save, and what does it say about a token's vector?
# 2. Token and position are *added*, not put side by side. How can a network tell them apart again?
# 3. A rare token occurs once in a million. What does AdamW's weight decay (module 07) do to its row?
# 4. Neighbours in the table are characters that are *followed* by the same. How would you change the
#    task so that those count that come *before*, or both?

# %% [markdown]
# ## 🎯 Summary
# `nn.Embedding` turns ids into vectors that learn, at a price that doesn't depend on the vocabulary,
# and positions tell first from last. Each vector still knows only itself. In module 12, attention lets
# them look at one another.
