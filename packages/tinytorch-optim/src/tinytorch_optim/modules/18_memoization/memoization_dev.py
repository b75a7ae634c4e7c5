# %% [markdown]
# # 18 · Memoization
#
# The fastest computation is the one that was done before. Your GPT writes a token, and then computes
# everything about all earlier tokens again, although nothing about them has changed. You build the cache
# that saves this: first as an idea, then as arrays for attention's keys and values, then as a loop that
# writes the same text and computes only what is new. Michie (1968) gave a function a memory and called
# it a memo function. Shazeer (2019) noticed that a model that writes spends its time on reading that
# memory, and Kwon et al. (2023) manage it in pages, like an operating system's.
#
# **Prerequisites:** modules 01, 02, 03, 06, 11 to 14; dictionaries, closures.
# **Time:** about 180 minutes, eight exercises.
#
# ```mermaid
# flowchart LR
#     A[12 Attention] --> T[13 Transformers] --> M(18 Memoization)
#     P[14 Profiling] --> M
# ```

# %% [markdown]
# ## 🔧 Setup

# %%
#| default_exp optim.memoization

# %%
#| export
import numpy as np
import tinytorch.nn.functional as F
from tinytorch.core import from_numpy, no_grad
from tinytorch.nn.attention import attention_scores, merge_heads, to_weights
from tinytorch.nn.transformer import sample

# %%
# For the tests. A fresh GPT finds all tokens equally likely, which would hide mistakes: `gpt` shakes it.
import functools
import itertools
import tinytorch.core as torch
from tinytorch import nn
from tinytorch.core import Tensor, manual_seed, randn, tensor
from tinytorch.nn import transformer
from tinytorch.profiling import FlopCounterMode, latency, model_size, peak_memory

def gpt(kinds=9, context=8, d_model=12, nhead=3, num_layers=2, **options):
    model = nn.GPT(kinds, context, d_model, nhead, num_layers, **options).double().eval()
    for p in model.parameters():
        p.data = p.data + 0.4 * randn(p.shape, dtype=p.dtype)
    return model

def some_tokens(*shape, kinds=9): return np.random.default_rng(shape).integers(0, kinds, shape)

def same(got, expected, what, atol=1e-9):
    got, expected = (np.asarray(t.detach() if isinstance(t, Tensor) else t) for t in (got, expected))
    assert got.shape == expected.shape, f"{what}: shape {expected.shape} expected, got {got.shape}"
    assert np.allclose(got, expected, 0, atol), f"{what}: should be\n{expected}, got\n{got}"

def refuses(error, call, *parts):
    try:
        got = call()
    except error as problem:
        assert all(part in str(problem) for part in parts), f"it should say {parts}: {problem}"
    else:
        raise AssertionError(f"this should raise {error.__name__}, but it returned {got!r}")

# %% [markdown]
# ## 📦 Where this code lives
# The exported cells become `tinytorch/optim/memoization.py`, and you import from there: `KVCache`,
# `generate`, which takes what module 13's takes and writes the same, `beam_search`, and `memoize`.

# %% [markdown]
# ## 1. A function that remembers
# In how many ways can a text be cut into tokens? With the tokens a, b, ab and ba, the text "aba" has
# three: a|b|a, ab|a, a|ba. The first token is one with which the text begins, and what is left is the
# same question again:
#
# ```
#    ways("")    = 1
#    ways(text)  = Σ ways(text without token), over all tokens that text begins with
#
#    ways("abab") ─ a ──▶ ways("bab") ─ b ──▶ ways("ab")   ◀── asked here
#                 │                   └ ba ─▶ ways("b")
#                 └ ab ─▶ ways("ab")                       ◀── and here again
# ```
#
# There are as many paths as ways, and they grow exponentially, but only five different questions: one
# for each end of the text. A **memo** is a dictionary from the question to the answer. Look there first,
# compute only what is new, and write it down.
#
# If it may hold only `maxsize` answers, which one goes? The one that was asked for longest ago: the
# **least recently used**. A dict keeps the order in which its keys came. So take an answer out and put
# it back whenever it is used, and the first key is always the oldest.

# %% nbgrader={"grade_id": "memoization-memoize"}
#| export
def memoize(function, maxsize=float("inf")):
    """A function that returns what `function` does, but doesn't compute again what it remembers: its
    last `maxsize` different questions. `hits` and `misses` count what it remembered and computed.

    >>> square = memoize(lambda x: x * x)
    >>> square(3), square(3), square.hits, square.misses
    (9, 9, 1, 1)

    Approach: `args`, a tuple, is the key. Found: count a hit, and `pop` the answer. Not found: count a
    miss, and call function. Either way, enter the answer at the end, and if there are now too many,
    delete the first key, next(iter(answers)).
    """
    answers = {}
    def remembering(*args):
        ### BEGIN SOLUTION
        if args in answers:
            remembering.hits += 1
            answer = answers.pop(args)
        else:
            remembering.misses += 1
            answer = function(*args)
        answers[args] = answer
        if len(answers) > maxsize:
            del answers[next(iter(answers))]
        return answer
        ### END SOLUTION
    remembering.hits = remembering.misses = 0
    remembering.clear = answers.clear
    return remembering

# %% [markdown]
# ### 🧪 Unit Test: Memoize
# The example, and thousands of questions beside Python's own `functools.lru_cache`.

# %% nbgrader={"grade_id": "test-memoization-memoize", "points": 12}
def test_unit_memoize():
    square = memoize(lambda x: x * x)
    assert (square(3), square(3)) == (9, 9), "square(3) is 9, computed or remembered"
    assert (square.hits, square.misses) == (1, 1), f"one miss, one hit: {square.hits, square.misses}"
    nothing = memoize(lambda x: None)
    nothing(1), nothing(1)
    assert nothing.misses == 1, "None is an answer, too: it should be remembered"
    for maxsize in (0, 1, 3, 10):
        mine, python = (keep(lambda a, b: a - b) for keep in (
            lambda function: memoize(function, maxsize), functools.lru_cache(maxsize)))
        for a, b in np.random.default_rng(maxsize).integers(0, 3, (500, 2)).tolist():
            assert mine(a, b) == python(a, b), f"the answer to {a, b}, with {maxsize=}"
            (hits, misses, *_), counts = python.cache_info(), (mine.hits, mine.misses)
            assert counts == (hits, misses), f"{maxsize=}: hits, misses {hits, misses}, got {counts}"
test_unit_memoize()

# %%
# How often is `ways` called, with and without a memo?
TOKENS = ("a", "b", "ab", "ba")

def plain(text):
    global calls
    calls += 1
    return sum(plain(text[len(t):]) for t in TOKENS if text.startswith(t)) if text else 1

@memoize
def ways(text): return sum(ways(text[len(t):]) for t in TOKENS if text.startswith(t)) if text else 1
for length in (2, 4, 8, 16, 20):
    text, calls = "ab" * (length // 2), 0
    ways.clear()
    ways.misses = 0
    assert plain(text) == ways(text), "both count the same"
    print(f"{length:2} letters: {ways(text):6,} ways, {calls:7,} calls, with a memo {ways.misses:3}")

# %% [markdown]
# ## 2. What may be reused
# A memo gives an old answer to a new question. Three things can make it wrong. Look at two of them:

# %%
scale = 2
@memoize
def scaled(x): return x * scale
scaled(5)
scale = 3
print("5 · 3 =", scaled(5), "  the answer depends on `scale`, and that isn't in the key")

@memoize
def row(n): return [0] * n
row(3).append("oops")
print("three zeros:", row(3), "  somebody changed the answer that is kept")

# %% [markdown]
# So: **all that the answer depends on is in the key**, or the memo is emptied when it changes
# (**invalidation**). Nobody **writes to an answer**. And a memo needs a **bound**, or it eats memory.
#
# Now your GPT. Its mask lets position t see only positions up to t. So in every layer, all that is
# computed at position t depends on tokens 0 … t, on the position, and on the weights, and on nothing
# that comes later. While a text is written, none of these change. What will the next token need?
#
# ```
#                        "to be or not" is read, "to" is new
#                 to    be    or    not │  to
#    query                              │  q     only its own: nobody asks old queries again
#    key          k     k     k     k   │  k     it is compared with all keys
#    value        v     v     v     v   │  v     and mixes all values
#    MLP, head                          │  x     only its own
#                └──────── kept ───────┘
# ```
#
# Two arrays for each layer, and everything else about the past can be forgotten. What does it save?
# Count the multiplications for reading a text of `length` tokens, `known` of them cached. With width E,
# a token meets 12·E² weights in each block (module 13), and V·E in the head. And in each block a new
# token has E products with every key, and E with every value. (The mask hides some afterwards.)
#
# ```
#    E = 4, one block, V = 5, a text of 3 tokens           weights             attention
#    nothing known:  3 new tokens                   3·(12·16 + 5·4) = 636     2·4·3·3 = 72
#    2 known:        1 new token                    1·(12·16 + 5·4) = 212     2·4·1·3 = 24
# ```

# %% nbgrader={"grade_id": "memoization-multiplications"}
#| export
def multiplications(model, length, known=0):
    """How many it takes a GPT to read a text of `length` tokens of which the first `known` are cached.
    Approach: V and E are the shape of model.token.weight, and model.blocks has a len."""
    ### BEGIN SOLUTION
    V, E = model.token.weight.shape
    new, layers = length - known, len(model.blocks)
    weights = new * (12 * E * E * layers + V * E)
    return weights + 2 * E * new * length * layers
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Multiplications
# The example, and what module 14's counter sees: two FLOPs for each.

# %% nbgrader={"grade_id": "test-memoization-multiplications", "points": 8}
def test_unit_multiplications():
    small = nn.GPT(5, 3, d_model=4, nhead=2, num_layers=1)
    for known, expected in [(0, 708), (2, 236)]:
        got = multiplications(small, 3, known)
        assert got == expected, f"the example, {known} known: {expected}, got {got}"
    for layers, length in [(1, 1), (2, 5), (3, 8)]:
        model = gpt(num_layers=layers)
        with FlopCounterMode(display=False) as counter:
            model(tensor(some_tokens(1, length)))
        got, counted = multiplications(model, length), counter.get_total_flops() // 2
        assert got == counted, f"{layers} blocks, {length} tokens: {counted} were counted, got {got}"
test_unit_multiplications()

# %%
# The next token, after so many, with everything computed anew and with only the new one computed:
for length in (1, 4, 16, 64, 256, 1024):
    model = nn.GPT(65, 1, d_model=64)  # nothing is computed here: its context doesn't matter
    anew, cached = multiplications(model, length), multiplications(model, length, length - 1)
    print(f"{length:5}: {anew:13,}  {cached:9,}  {anew / cached:5.0f} × as many")

# %% [markdown]
# For the text's nth token, the first grows with n, and its attention with n². The second is nearly
# constant, and its attention grows with n. It saves a factor of exactly n.

# %% [markdown]
# ## 3. The cache
# One array for all keys, one for all values, as large as they can ever get. That is decided once: to
# append to an array would copy it, for every token, and the copying alone would cost n² again.
#
# ```
#    keys, values   (layers, N, H, context, D)
#                                  └ length tokens are there ┘ │ new ones │  room
# ```
#
# D = E/H is a head's width, so both together are 2·layers·N·context·E numbers. The cache is the bound of
# the memo: what isn't in the model's context isn't needed any more.
#
# While new tokens are read, every layer writes at the *same* places, so the length mustn't move before
# the last layer has written. `write` writes, and `advance` moves. The cache also keeps the tokens
# themselves: they are its key.

# %% nbgrader={"grade_id": "memoization-cache"}
#| export
class KVCache:
    """Keys and values of N texts, in all layers of a GPT. The first `length` places are filled."""
    def __init__(self, num_layers, batch, num_heads, context, head_dim, dtype=np.float32):
        """Approach: `self.keys` and `self.values` are np.zeros of the shape in the drawing, and
        `self.tokens` int64 zeros (batch, context). The length is 0 in the beginning."""
        self.weights = []  # what the model looked like: section 6
        ### BEGIN SOLUTION
        shape = num_layers, batch, num_heads, context, head_dim
        self.keys, self.values = np.zeros(shape, dtype), np.zeros(shape, dtype)
        self.tokens = np.zeros((batch, context), np.int64)
        self.length = 0
        ### END SOLUTION

    @classmethod
    def of(cls, model, batch=1):
        """An empty one for so many texts of this GPT."""
        attention, weight = model.blocks[0].self_attn, model.token.weight
        return cls(len(model.blocks), batch, attention.num_heads, model.context, attention.head_dim,
                   weight.dtype)

    def nbytes(self):
        """The bytes of keys and values together."""
        ### BEGIN SOLUTION
        return self.keys.nbytes + self.values.nbytes
        ### END SOLUTION

    def write(self, layer, key, value):
        """Put key and value (N, H, new, D), arrays or Tensors, into this layer behind what is there, and
        return **views** (N, H, length + new, D), arrays of all its keys and all its values so far."""
        ### BEGIN SOLUTION
        end = self.length + key.shape[2]
        keys, values = self.keys[layer, :, :, :end], self.values[layer, :, :, :end]
        keys[:, :, self.length:], values[:, :, self.length:] = key, value
        return keys, values
        ### END SOLUTION

    def advance(self, tokens):
        """All layers have written what belongs to these tokens (N, new), an array or a Tensor: enter
        them in self.tokens, and move the length."""
        ### BEGIN SOLUTION
        end = self.length + tokens.shape[1]
        self.tokens[:, self.length:end] = tokens
        self.length = end
        ### END SOLUTION

    def room(self, new):
        """The places of so many new tokens, from … to …. RuntimeError if there aren't as many."""
        end, context = self.length + new, self.tokens.shape[1]
        if end > context:
            raise RuntimeError(f"the cache has {self.length} of {context} tokens: no room for {new}")
        return self.length, end

    def clear(self): self.length = 0

# %% [markdown]
# ### 🧪 Unit Test: Cache
# Shapes, bytes, and a text that grows by three tokens, one, and two, in two layers.

# %% nbgrader={"grade_id": "test-memoization-cache", "points": 14}
def test_unit_cache():
    cache = KVCache(2, 3, 4, 6, 5, np.float64)
    for array in cache.keys, cache.values:
        facts = array.shape, array.dtype
        assert facts == ((2, 3, 4, 6, 5), np.float64), f"(layers, N, H, context, D), got {facts}"
    facts = cache.tokens.shape, cache.tokens.dtype, cache.length
    assert facts == ((3, 6), np.int64, 0), f"tokens (N, context), int64, and length 0: {facts}"
    for width, dtype, wanted in [(5, np.float64, 11520), (1, np.float32, 1152)]:
        got = KVCache(2, 3, 4, 6, width, dtype).nbytes()
        assert got == wanted, f"D = {width}, {dtype}: {wanted} bytes, got {got}"
    assert KVCache(1, 1, 1, 1, 1).keys.dtype == np.float32, "float32, if nothing else is asked for"
    rng, tokens = np.random.default_rng(3), some_tokens(3, 6)
    all_keys, all_values = rng.normal(size=cache.keys.shape), rng.normal(size=cache.keys.shape)
    for start, end in [(0, 3), (3, 4), (4, 6)]:
        assert cache.room(end - start) == (start, end), f"the length should be {start}: {cache.length}"
        for layer in (0, 1):
            new = np.s_[layer, :, :, start:end]
            keys, values = cache.write(layer, all_keys[new], all_values[new])
            same(keys, all_keys[layer, :, :, :end], f"keys of layer {layer} up to {end}", 0)
            same(values, all_values[layer, :, :, :end], f"values of layer {layer} up to {end}", 0)
            views = np.shares_memory(keys, cache.keys) and np.shares_memory(values, cache.values)
            assert views, "what write returns are views, no copies"
            assert cache.length == start, "write doesn't move the length: other layers follow"
        cache.advance(tokens[:, start:end])
        same(cache.tokens[:, :end], tokens[:, :end], "the tokens so far", 0)
    refuses(RuntimeError, lambda: cache.room(1), "6 of 6")
    cache.clear()
    assert cache.room(6) == (0, 6), "clear() makes room again"
test_unit_cache()

# %% [markdown]
# ## 4. Reading with a cache
# The way through the model stays what it was, but three things depend on the `past`, the number of
# tokens that are in the cache. New tokens stand at **positions** past, past + 1, …: your positions take
# a `start`. Queries come from the new tokens only, but **keys and values** from all. And the **mask**
# has a row for each new token and a column for each token at all. For 3 known and 2 new:
#
# ```
#    model.late         0  1  2  3  4
#                   3 [ 0  0  0  0 -∞ ]      rows from past to end,
#                   4 [ 0  0  0  0  0 ]      columns from 0 to end, which is 5
# ```
#
# (`is_causal=True` won't do: its mask begins in the upper left corner, so the first new token would see
# only the first token.) The function takes the model as it is, with its weights, and the cache beside
# it: nothing of the model is changed or copied. It runs under `no_grad`, for a cache has no history: a
# gradient would end where old keys begin, and be wrong without a word.

# %% nbgrader={"grade_id": "memoization-read"}
#| export
def attend(attention, x, layer, cache, mask):
    """What attention, a MultiheadAttention that is batch first, answers to the new tokens x (N, new, E),
    which look at all that is cached and at themselves. A Tensor (N, new, E).

    Approach: `attention.project(x, x, x)` gives heads (N, H, new, D) of query, key and value. The cache
    writes two of them and hands out all it has, as arrays; `from_numpy` makes Tensors of these. Then
    F.scaled_dot_product_attention with the mask, merge_heads(…, True), and attention.out_proj."""
    ### BEGIN SOLUTION
    query, key, value = attention.project(x, x, x)
    keys, values = map(from_numpy, cache.write(layer, key, value))
    mixed = F.scaled_dot_product_attention(query, keys, values, mask)
    return attention.out_proj(merge_heads(mixed, True))
    ### END SOLUTION

@no_grad()
def read(model, tokens, cache):
    """The logits (N, new, V) that a GPT in eval mode gives for new tokens, a Tensor (N, new), after the
    cached ones. Afterwards, the cache has them, too.

    Approach: as GPT.forward, but position starts at `past`. In each block, `add` an arm that attends,
    with norm1 and dropout1, then `block.feed_forward`, with norm2 and dropout2. The cache advances;
    norm, head."""
    past, end = cache.room(tokens.shape[1])
    ### BEGIN SOLUTION
    mask = model.late[past:end, :end]
    x = model.position(model.token(tokens), past)
    for layer, block in enumerate(model.blocks):
        def talk(x): return attend(block.self_attn, x, layer, cache, mask)
        x = block.add(x, talk, block.norm1, block.dropout1)
        x = block.add(x, block.feed_forward, block.norm2, block.dropout2)
    cache.advance(tokens)
    return model.head(model.norm(x))
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Reading
# The same logits as without a cache, however the text is cut, and as much arithmetic as you computed.

# %% nbgrader={"grade_id": "test-memoization-read", "points": 16}
def test_unit_read():
    manual_seed(4)
    model, tokens = gpt(), tensor(some_tokens(3, 8))
    expected = model(tokens).detach()
    for cuts in [(0, 8), (0, 1, 2, 8), (0, 3, 4, 5, 6, 7, 8), (0, 5, 8)]:
        cache = KVCache.of(model, 3)
        for past, end in itertools.pairwise(cuts):
            with FlopCounterMode(display=False) as counter:
                logits = read(model, tokens[:, past:end], cache)
            same(logits, expected[:, past:end], f"logits of tokens {past} to {end}, cuts {cuts}")
            count = counter.get_total_flops() // 2 // 3
            wanted = multiplications(model, end, past)
            assert count == wanted, f"{past} known of {end}: {wanted} multiplications, not {count}"
            assert cache.length == end, f"the cache should have {end} tokens, not {cache.length}"
        same(cache.tokens, tokens, f"the cache's tokens, cuts {cuts}", 0)
test_unit_read()

# %%
# So much less arithmetic: how much less time? The 64th token of a text, in ms.
model = nn.GPT(65, 64).eval()
text, cache = tensor(some_tokens(1, 64, kinds=65)), KVCache.of(model)

def after(known):  # to read what comes behind so many tokens
    cache.length = known
    return read(model, text[:, known:], cache)
slow, fast = latency(lambda: after(0)).median, latency(lambda: after(63)).median
saved = multiplications(model, 64) / multiplications(model, 64, 63)
print(f"anew {slow * 1e3:.2f}, cached {fast * 1e3:.2f}: {slow / fast:.1f} × as fast, for {saved:.0f} × "
      "less arithmetic")

# %% [markdown]
# ## 5. One token, few calls
# Where is the rest? Not in the arithmetic: a matrix times one vector is soon done. But every operation
# of a block passes the door, is asked for shapes, dropout, a mask, a tape, a watch, and gets a Tensor
# made for its result. That price is the same for 64 tokens and for one, and now it is most of what there
# is. (Amdahl, module 14: you made the large part small, and another one is the large part.) So for the
# case that comes for every token there shall be a way with nothing on it but arithmetic: plain arrays,
# one row for each text, no dropout, no mask (the newest token may see everything).
#
# Each operation has its bare function: `F.gelu.forward` is gelu on arrays, and returns the pair (output,
# what is kept for the tape). `tensor._array` is the array of a Tensor.
#
# ```
#    x (N, E) ─ normalize ─ in_proj ─▶ (N, 3E) ─reshape─▶ (N, 3, H, 1, D)    [:, 0], [:, 1], [:, 2]
#                                                                q       k       v  (N, H, 1, D)
#    to_weights(attention_scores(q, keys)) @ values ─▶ (N, H, 1, D) ─reshape─▶ (N, E) ─ out_proj ─▶ + x
# ```
#
# The price: a second way to the same numbers, held to the first only by a test. And the counter at the
# door doesn't see it.

# %% nbgrader={"grade_id": "memoization-step"}
#| export
def affine(weight, bias, x):
    """A linear layer on an array: x (N, in), times weight (out, in) transposed, plus bias (out,).
    Weight and bias are Tensors. Approach: add in place, to what the product made."""
    ### BEGIN SOLUTION
    output = x @ weight._array.T
    output += bias._array
    return output
    ### END SOLUTION

def normalize(norm, x):
    """What norm, a LayerNorm, makes of an array (N, E), with nothing checked or kept for a tape."""
    average = np.full((x.shape[1], 1), 1 / x.shape[1], x.dtype)
    rows = x - x @ average
    rows /= np.sqrt((rows * rows) @ average + norm.eps)
    rows *= norm.weight._array
    return np.add(rows, norm.bias._array, out=rows)

def step_block(block, x, layer, cache):
    """Both arms of a block are added to x, an array (N, E): one new token for each text. Returns x.

    Approach: the drawing is the first arm, with in_proj_weight and in_proj_bias of block.self_attn,
    and its num_heads and head_dim. The second: norm2, linear1, F.gelu.forward(…, "tanh"), linear2."""
    attention = block.self_attn
    ### BEGIN SOLUTION
    heads = affine(attention.in_proj_weight, attention.in_proj_bias, normalize(block.norm1, x))
    heads = heads.reshape(len(x), 3, attention.num_heads, 1, attention.head_dim)
    keys, values = cache.write(layer, heads[:, 1], heads[:, 2])
    mixed = to_weights(attention_scores(heads[:, 0], keys)) @ values
    x += affine(attention.out_proj.weight, attention.out_proj.bias, mixed.reshape(x.shape))
    hidden = affine(block.linear1.weight, block.linear1.bias, normalize(block.norm2, x))
    x += affine(block.linear2.weight, block.linear2.bias, F.gelu.forward(hidden, "tanh")[0])
    return x
    ### END SOLUTION

def step(model, tokens, cache):
    """The logits (N, V), a Tensor, that a GPT in eval mode gives for one more token of each text: tokens
    is an array (N,). Afterwards, the cache has them, too.
    Approach: rows of two tables; step_block for each block; advance by tokens[:, None]; norm, head."""
    past, _ = cache.room(1)
    ### BEGIN SOLUTION
    x = model.token.weight._array[tokens] + model.position.weight._array[past]
    for layer, block in enumerate(model.blocks):
        x = step_block(block, x, layer, cache)
    cache.advance(tokens[:, None])
    return from_numpy(normalize(model.norm, x) @ model.head.weight._array.T)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: A step
# Step by step it gives the logits that the model gives at once.

# %% nbgrader={"grade_id": "test-memoization-step", "points": 16}
def test_unit_step():
    manual_seed(5)
    for tied in (True, False):
        model, tokens = gpt(tied=tied), some_tokens(3, 8)
        expected, cache = model(tensor(tokens)).detach(), KVCache.of(model, 3)
        read(model, tensor(tokens[:, :2]), cache)
        for place in range(2, 8):
            got = step(model, tokens[:, place], cache)
            assert isinstance(got, Tensor) and not got.requires_grad, f"a Tensor of logits: {got!r}"
            same(got, expected[:, place], f"logits of token {place}, {tied=}")
            assert cache.length == place + 1, f"the cache has {place + 1} tokens, not {cache.length}"
        same(cache.tokens, tokens, "the cache's tokens", 0)
    model = nn.GPT(9, 8)
    cache = KVCache.of(model, 3)
    steps = np.stack([step(model, column, cache).numpy() for column in tokens.T], 1)
    assert steps.dtype == np.float32, f"a float32 model has float32 logits, not {steps.dtype}"
    same(steps, model(tensor(tokens)), "logits of a float32 model", 1e-5)
test_unit_step()

# %% [markdown]
# ## 6. What still holds
# A cache that is used again, for the next question about the same text, saves reading that text. And it
# is the dangerous kind of memo, for nobody has looked at its key. What did its numbers depend on? On the
# tokens up to each place, and on the weights. So let us look. Of a text that begins as the cached one
# does, everything up to the first **difference** still holds, and nothing after it: what stands there
# has seen the wrong token.
#
# ```
#    cached     to  be  or  not  to  be                           length 6
#    asked      to  be  and not  to  be  that                     2 hold
#    asked      to  be  or                                        2 hold, not 3
# ```
#
# Why not 3? Because somebody wants the logits of the last token, and those aren't kept: at least that
# one has to be read. Several texts have one length, so they hold as far as *all* of them agree. And if a
# weight has changed, nothing holds. Your Tensors know: `_version` counts how often one was written to.

# %% nbgrader={"grade_id": "memoization-reuse"}
#| export
def look_of(model):  # its arrays, and how often each was written to
    return [(p._array, p._version) for p in model.parameters()]

def unchanged(before, now):
    return len(before) == len(now) and all(
        array is other and version == count
        for (array, version), (other, count) in zip(before, now))

def reuse(cache, model, tokens):
    """Cut the cache down to what holds for tokens, an array (N, T), and this model, and write down in
    cache.weights what the model looks like. At most T - 1 tokens hold.

    Approach: compare the first places of cache.tokens and tokens; `all(0)` says where all texts agree.
    argmin of booleans is the place of the first False; but mind the case that there is none."""
    if tokens.shape[1] < 1 or tokens.shape[0] != cache.tokens.shape[0]:
        raise ValueError(f"a cache of {len(cache.tokens)} texts needs as many, of at least one token "
                         f"each, not {tokens.shape}")
    now = look_of(model)
    ### BEGIN SOLUTION
    known = min(cache.length, tokens.shape[1] - 1) if unchanged(cache.weights, now) else 0
    agree = (cache.tokens[:, :known] == tokens[:, :known]).all(0)
    cache.length = known if agree.all() else agree.argmin()
    cache.weights = now
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: What still holds
# The example; several texts; weights that change in all the ways in which they can.

# %% nbgrader={"grade_id": "test-memoization-reuse", "points": 10}
def test_unit_reuse():
    model = gpt(num_layers=1)
    def holds(cached, asked, change=lambda: None, other=None):
        cached, cache = np.array(cached), KVCache.of(model, len(cached))
        reuse(cache, model, cached)
        cache.advance(cached)
        change()
        reuse(cache, other or model, np.array(asked))
        return cache.length
    for asked, expected in [([0, 1, 5, 3, 0, 1, 4], 2), ([0, 1, 2], 2), ([0, 1, 2, 3, 0, 1, 4], 6),
                            ([0, 1, 2, 3, 0, 1], 5), ([5, 1, 2, 3], 0), ([0], 0)]:
        got = holds([[0, 1, 2, 3, 0, 1]], [asked])
        assert got == expected, f"cached 0 1 2 3 0 1, asked {asked}: {expected} hold, not {got}"
    got = holds([[1, 2, 3], [1, 2, 3]], [[1, 2, 3, 4], [1, 5, 3, 4]])
    assert got == 1, f"two texts, one of which differs at place 1: 1 holds, not {got}"
    weight, text = model.head.weight, [[1, 2, 3]]
    def replace(): weight.data = weight.detach().clone()
    for what, change in [("written to", lambda: weight.detach().mul_(2)), ("replaced", replace),
                         ("loaded", lambda: model.load_state_dict(model.state_dict()))]:
        assert holds(text, text, change) == 0, f"weights were {what}: nothing holds"
    assert holds(text, text, other=gpt(num_layers=1)) == 0, "another model: nothing holds"
    cache = KVCache.of(model)
    cache.advance(np.array(text))
    reuse(cache, model, np.array(text))
    assert cache.length == 0, "nobody has said which weights this cache was made with"
    for wrong in (text * 2, [[]]):
        refuses(ValueError, lambda: reuse(cache, model, np.array(wrong, int)), "1 texts")
test_unit_reuse()

# %% [markdown]
# ## 7. Writing with a cache
# Read the prompt at once, and then one token after the other. That ends when the context is full. Module
# 13 then reads the last `context` tokens: the window slides. Can the cache slide with it, and drop its
# first column? For C = 4:
#
# ```
#    position            0    1    2    3                      0    1    2    3
#    full               to   be   or   not     next window    be   or   not  to
# ```
#
# No. "be" stood at position 1, and now stands at 0, so another row of the position table is added to it,
# and its key and value are others. Even without positions: in the second layer, the key of "be" has
# *seen* "to", which isn't in the window any more. So if the text shall be the one that the model writes,
# everything must be computed anew, and for the next token again. (Models that write on for long have
# positions that only know distances, and keys that remember what has left: another model, other logits.)
#
# Given the same generator, `generate` must give the same tokens as module 13's.

# %% nbgrader={"grade_id": "memoization-generate"}
#| export
def next_logits(model, tokens, cache):
    """The logits (N, V), a Tensor, after tokens, an array (N, T), of which the cache has the first
    `length` ones. Approach: `step` if one is new, or else `read`, and of its logits the last ones."""
    ### BEGIN SOLUTION
    new = tokens[:, cache.length:]
    if new.shape[1] == 1:
        return step(model, new[:, 0], cache)
    return read(model, from_numpy(new), cache)[:, -1]
    ### END SOLUTION

@no_grad()
def generate(model, tokens, max_new_tokens, temperature=1.0, top_k=None, generator=None, cache=None):
    """As module 13's: tokens (N, T), and max_new_tokens more, (N, T + max_new_tokens). A cache, if one
    is given, spares reading what still holds of it, and afterwards has all but the last token.

    Approach: `text` has room for all. For each place `end` from T on: if the cache is full, clear it;
    next_logits of the last `context` tokens before end; `sample`, and write it to the text."""
    length, context, training = tokens.shape[1], model.context, model.training
    text = np.concatenate([tokens.numpy(), np.zeros((len(tokens), max_new_tokens), np.int64)], 1)
    if cache is None:
        cache = KVCache.of(model, len(tokens))
    reuse(cache, model, text[:, :length][:, -context:])
    try:
        model.eval()
        ### BEGIN SOLUTION
        for end in range(length, length + max_new_tokens):
            if cache.length == context:
                cache.clear()
            logits = next_logits(model, text[:, :end][:, -context:], cache)
            text[:, end] = sample(logits, temperature, top_k, generator)
        return from_numpy(text)
        ### END SOLUTION
    finally:
        model.train(training)

# %% [markdown]
# ### 🧪 Unit Test: Generating
# The same tokens as module 13's, with every option, beyond the context, and with a cache used again.

# %% nbgrader={"grade_id": "test-memoization-generate", "points": 10}
def test_unit_generate():
    manual_seed(7)
    model = gpt(dropout=0.3).train()
    def both(start, new, **options):
        texts = [write(model, tensor(start), new, generator=torch.Generator().manual_seed(2), **options)
                 for write in (transformer.generate, generate)]
        assert model.training, "afterwards the model is in the mode that it was in"
        return [text.tolist() for text in texts]
    for shape, new, options in [
        ((1, 1), 7, {"temperature": 0}), ((3, 4), 4, {}), ((2, 3), 0, {}), ((2, 8), 1, {}),
        ((2, 2), 3, {"temperature": 3.0, "top_k": 4}), ((20, 5), 12, {}), ((2, 11), 5, {"top_k": 2}),
    ]:
        expected, got = both(some_tokens(*shape), new, **options)
        assert got == expected, f"{new} after {shape}, {options}: should be\n{expected}, got\n{got}"
    cache, text, counts = KVCache.of(model), tensor(some_tokens(1, 8)), []
    for end in (5, 7, 8):
        with FlopCounterMode(display=False) as counter:
            got = generate(model, text[:, :end], 1, 0, cache=cache).tolist()
        counts.append(counter.get_total_flops() // 2)
        expected = transformer.generate(model, text[:, :end], 1, 0).tolist()
        assert got == expected, f"with a cache used again: {expected}, got {got}"
    wanted = [multiplications(model, 5), multiplications(model, 7, 5), 0]
    assert counts == wanted, f"it reads 5 tokens, then 2, then it steps, uncounted: {wanted}, {counts}"
test_unit_generate()

# %% [markdown]
# ## 8. Branches
# A cache is two arrays, so it can be copied. Read a long prompt once, take its row ten times, and ten
# texts continue it: the prompt was paid for once. **Beam search** does that at every token. Drawing
# finds *a* text, taking the likeliest token each time finds one that begins well. To find the likeliest
# whole text, keep the `width` best so far, look at all that could follow, and keep the best of those:
#
# ```
#    kept      log p        next          sum                 width = 2: keep
#    to be     -1.0         or  -0.7      -1.7                to be or        from row 0
#                           and -2.0      -3.0
#    to go     -1.2         or  -3.0      -4.2
#                           and -0.9      -2.1                to go and       from row 1
# ```
#
# Log probabilities add up as the text gets longer. Both survivors may come from one row, and then the
# other row's cache dies out. `rows` says where each of the new texts comes from.

# %% nbgrader={"grade_id": "memoization-branches"}
#| export
def branch(cache, rows):
    """A new cache, whose texts are these rows of the old one: rows=[0, 0, 2] has the first one twice.
    Writing to one must not change the other. Copy what is filled; `advance` does the rest."""
    layers, _, heads, context, width = cache.keys.shape
    other = KVCache(layers, len(rows), heads, context, width, cache.keys.dtype)
    other.weights = cache.weights
    ### BEGIN SOLUTION
    filled = np.s_[:, :, :, :cache.length]
    other.keys[filled] = cache.keys[filled][:, rows]
    other.values[filled] = cache.values[filled][:, rows]
    other.advance(cache.tokens[rows, :cache.length])
    return other
    ### END SOLUTION

@no_grad()
def beam_search(model, tokens, max_new_tokens, width):
    """The likeliest continuations found of one text (1, T), all of which must fit into the context. The
    pair: texts (width, T + max_new_tokens), best first, and the sum of log p of what was added (width,).

    Approach: one text with score 0 and a cache, in the beginning. Each time: `totals` are the scores
    (a column) plus F.log_softmax of next_logits, as an array (texts, V). np.argsort(-totals, axis=None)
    sorts them as if they were one row: the first `width` are the best, and divmod by V makes rows and
    new tokens of them. Texts, scores and cache follow."""
    if len(tokens) != 1 or tokens.shape[1] + max_new_tokens > model.context:
        raise ValueError(f"one text, which with {max_new_tokens} more tokens fits into {model.context}, "
                         f"not {tokens.shape}")
    cache, texts, scores = KVCache.of(model), tokens.numpy(), np.zeros(1)
    training = model.training
    try:
        model.eval()
        ### BEGIN SOLUTION
        for _ in range(max_new_tokens):
            logits = next_logits(model, texts, cache)
            totals = scores[:, None] + F.log_softmax(logits, 1).numpy()
            best = np.argsort(-totals, axis=None)[:width]
            rows, new = np.divmod(best, totals.shape[1])
            texts, scores = np.concatenate([texts[rows], new[:, None]], 1), totals[rows, new]
            cache = branch(cache, rows)
        return from_numpy(texts), from_numpy(scores)
        ### END SOLUTION
    finally:
        model.train(training)

# %% [markdown]
# ### 🧪 Unit Test: Branches
# Rows that part ways; and a beam that is wide enough finds the best of all texts, by trying all.

# %% nbgrader={"grade_id": "test-memoization-branches", "points": 10}
def test_unit_branches():
    manual_seed(8)
    model, tokens = gpt(), some_tokens(3, 5)
    cache = KVCache.of(model, 3)
    reuse(cache, model, tokens)
    read(model, tensor(tokens), cache)
    kept, rows = (cache.keys.copy(), cache.values.copy(), cache.tokens.copy()), [2, 0, 2, 1]
    other = branch(cache, rows)
    new = np.array([1, 2, 3, 4])
    longer = np.column_stack([tokens[rows], new])
    same(step(model, new, other), model(tensor(longer))[:, -1].detach(), "logits of the branches")
    same(other.tokens[:, :6], longer, "the branches' tokens", 0)
    for now, before in zip((cache.keys, cache.values, cache.tokens), kept):
        same(now, before, "the cache that was branched off, which stays as it is", 0)
    model, start = gpt(4, 6, dropout=0.4), [[1, 3]]
    every = np.array([start[0] + list(more) for more in itertools.product(range(4), repeat=3)])
    chances = F.log_softmax(model(tensor(every)), 2).detach().numpy()
    model.train()
    sums = sum(chances[np.arange(64), place, every[:, place + 1]] for place in (1, 2, 3))
    order = np.argsort(-sums)
    texts, scores = beam_search(model, tensor(start), 3, 64)
    assert texts.tolist() == every[order].tolist(), "a beam as wide as all texts finds all, best first"
    same(scores, sums[order], "the sums of log p")
    assert isinstance(texts, Tensor) and isinstance(scores, Tensor), "two Tensors are wanted"
    greedy, _ = beam_search(model, tensor(start), 4, 1)
    expected = transformer.generate(model, tensor(start), 4, 0)
    assert greedy.tolist() == expected.tolist(), f"width 1 is greedy: {expected}, got {greedy}"
    texts, scores = beam_search(model, tensor(start), 3, 5)
    found = [sums[every.tolist().index(text)] for text in texts.tolist()]
    assert len(texts) == 5, f"width 5: five texts, not {len(texts)}"
    same(scores, np.sort(found)[::-1], "sums of log p, best first, of a narrow beam")
    refuses(ValueError, lambda: beam_search(model, tensor(start), 5, 2), "6")
test_unit_branches()

# %% [markdown]
# ## 📊 Systems analysis
# What does the cache cost in memory, what does it gain for the nth token, and for whole texts?

# %%
manual_seed(0)
print("Bytes: 2 · layers · N · context · E · 4, those of the arrays, and what was allocated")
for layers, batch, context, width in [(2, 1, 64, 64), (2, 8, 256, 64), (4, 8, 512, 128)]:
    model = nn.GPT(65, context, width, 4, layers)
    formula, arrays = 2 * layers * batch * context * width * 4, KVCache.of(model, batch).nbytes()
    weights, allocated = model_size(model)[1], peak_memory(lambda: KVCache.of(model, batch))
    print(f"  {layers} layers, {batch} × {context:3}, E = {width:3}: {formula:9,} = {arrays:9,}, "
          f"{allocated:9,}; {arrays / weights:.1f} × the model")

# %%
# The nth token of a text, in ms: everything anew, read with a cache, and stepped.
CONTEXT = 256
model = nn.GPT(65, CONTEXT).eval()
text, cache = tensor(some_tokens(1, CONTEXT, kinds=65)), KVCache.of(model)
print("   n    anew    read    step    anew/step")
for n in (1, 4, 16, 32, 64, 128, 192, 256):
    def behind(known, go, new):
        cache.length = known
        return go(model, new, cache)
    last = text[:, n - 1:n]
    routes = (0, read, text[:, :n]), (n - 1, read, last), (n - 1, step, last.numpy()[:, 0])
    times = [latency(lambda: behind(*route), repeat=11).median * 1e3 for route in routes]
    gain = times[0] / times[2]
    print(f"{n:4} " + " ".join(f"{t:7.3f}" for t in times) + f"   {gain:5.1f} {'█' * round(gain)}")

# %%
# Whole texts, greedily, in ms; the last goes beyond the context. Then many at once, with a cache.
for new in (16, 64, 128, 255, 263):
    def slow(): return transformer.generate(model, text[:, :1], new, 0)
    def fast(): return generate(model, text[:, :1], new, 0)
    assert slow().tolist() == fast().tolist(), "the same tokens"
    times = [latency(call, warmup=0, repeat=3).median * 1e3 for call in (slow, fast)]
    print(f"{new:4} tokens: {times[0]:7.1f} {times[1]:6.1f}   {times[0] / times[1]:.1f} × as fast")
for batch in (1, 4, 16, 64):
    starts = tensor(some_tokens(batch, 1, kinds=65))
    took = latency(lambda: generate(model, starts, 64, 0), repeat=3).median
    print(f"{batch:3} texts at once: {batch * 64 / took:9,.0f} tokens a second")

# %% [markdown]
# The gain grows with the length, since what it saves grows and what is left hardly does; it begins near
# the gain of fewer calls alone, for one token has no past. It is far below the saving in
# multiplications, because a call has its price however little it computes. Beyond the context there is
# no gain: each token reads the whole window. Many texts at once share the price of the calls. But their
# caches add up: in large models it is mostly their memory that says how many can be served together.

# %% [markdown]
# ## 🧪 Module test
# ### 🧪 Unit Test: Memoization together
# A conversation in float32: answers, a question more, other weights. Logits agree to 1e-5, always.

# %% nbgrader={"grade_id": "test-memoization-together", "points": 4}
def test_unit_together():
    manual_seed(9)
    model = nn.GPT(30, 24, d_model=16, nhead=2, num_layers=3)
    cache, text = KVCache.of(model, 2), tensor(some_tokens(2, 4, kinds=30))
    for turn in range(4):
        drawn = [write(model, text, 3, generator=torch.Generator().manual_seed(turn), **options)
                 for write, options in ((transformer.generate, {}), (generate, {"cache": cache}))]
        assert drawn[0].tolist() == drawn[1].tolist(), f"turn {turn}: the same tokens, with a cache"
        same(next_logits(model, drawn[1].numpy(), cache), model(drawn[0])[:, -1].detach(),
             f"turn {turn}: logits with a cache", 1e-5)
        text = torch.cat([drawn[1], tensor(some_tokens(2, 2, kinds=30))], 1)
        if turn == 1:
            for p in model.parameters():
                p.detach().add_(0.1 * randn(p.shape))
    four, many = branch(cache, [0] * 4), torch.cat([text[:1]] * 4, 0)
    assert generate(model, many, 0, cache=four).tolist() == many.tolist(), "four branches of one text"
    assert four.length == cache.length, "all that the branches were read from still holds"
test_unit_together()

# %% [markdown]
# ## 🤔 Questions to think about
# 1. Take the mask away, as in an encoder. Which keys of the first layer change with a new token, and
#    which of the second? What could be cached?
# 2. Let all heads share one key and one value (Shazeer, 2019). By how much does the cache shrink, and by
#    how much the multiplications for one token?
# 3. Two prompts of 5 and 9 tokens are to be continued together. What stands in the way in `KVCache`, and
#    what would you have to keep for each text?
# 4. When the context is full, a friend clears the cache and reads only the last half of the window. What
#    does a token cost on average now? Is it still the same text?

# %% [markdown]
# ## 🎯 Summary
# `from tinytorch.optim.memoization import generate`: it writes what module 13's writes, and computes
# only what is new. `beam_search` looks for the likeliest text. You know what may be reused, and when it
# may not. Was it faster by chance? Module 19 makes sure.
