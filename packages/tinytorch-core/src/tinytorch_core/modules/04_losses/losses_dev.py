# %% [markdown]
# # 04 · Losses
#
# A loss turns "how wrong is this prediction" into one number, and that number is all a network
# ever learns from. You build the three losses that train nearly everything: squared error for
# quantities, cross-entropy for one of many classes, binary cross-entropy for yes or no. Legendre
# published least squares in 1805 to find the orbits of comets, and in 1809 Gauss showed which
# assumption about errors leads to it. Fisher (1922) made that assumption a method, maximum
# likelihood; Shannon (1948) measured surprise by a logarithm; Bridle (1990) joined both with
# softmax, which is how classifiers and language models are trained to this day.
#
# **Prerequisites:** modules 01 to 03; the logarithm of a product; an array index made of arrays.
# **Time:** about 150 minutes, seven exercises.
#
# ```mermaid
# flowchart LR
#     A[01 Tensor] & B[02 Activations] & C[03 Layers] --> L(04 Losses) --> G[06 Autograd]
#     L --> T[08 Training]
# ```

# %% [markdown]
# ## 🔧 Setup
# As in PyTorch, `0 / 0` shall quietly be nan, so NumPy's warnings about it are switched off where
# they could occur.

# %%
#| default_exp nn.losses

# %%
#| export
import warnings

import numpy as np

from tinytorch.core import broadcast_shapes, int64, operation, sub, uint8
from tinytorch.nn import Module

quiet = np.errstate(divide="ignore", invalid="ignore", over="ignore")

# %%
from time import perf_counter

import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch import nn
from tinytorch.core import Tensor, tensor

def same(got, expected, what):
    assert isinstance(got, Tensor), f"{what}: should be a Tensor, got {type(got).__name__}"
    expected, found = np.asarray(expected), got.detach().numpy()
    assert found.shape == expected.shape, f"{what}: shape {expected.shape} expected, got {got.shape}"
    close = np.allclose(found, expected, rtol=1e-5, atol=1e-6, equal_nan=True)
    assert close, f"{what}: should be\n{expected}, got\n{found}"

def refuses(error, call, *parts):
    try:
        got = call()
    except NotImplementedError:
        raise
    except error as problem:
        missing = [part for part in parts if part not in str(problem)]
        assert not missing, f"the error message should mention {missing}: {problem}"
    else:
        raise AssertionError(f"this should raise {error.__name__}, but it returned {got!r}")

# %% [markdown]
# ## 📦 Where this code lives
# Your cells become `tinytorch/nn/losses.py`. `import tinytorch.nn.functional as F` then has
# `F.cross_entropy` and its siblings, and `from tinytorch import nn` has `nn.CrossEntropyLoss()`.

# %% [markdown]
# ## 1. One number that says how wrong
# A model predicts prices 4, 7, 1; the truth is 5, 7, 4. The differences -1, 0, -3 would cancel
# against positive ones, so we need something that no error can pay back. Squares: 1, 0, 9, on
# average 10/3. That is the **mean squared error**.
#
# Why squares, and not absolute values? If the truth is the prediction plus noise from a normal
# distribution, the probability of a difference d is proportional to exp(-d²/2σ²). Many samples
# multiply their probabilities, logarithms make a sum of that product, and the prediction that makes
# the data most probable is the one with the smallest sum of squares. The choice has consequences,
# and here you see one: the single number closest to five prices, one of them absurd.

# %%
prices, guesses = np.array([1, 2, 3, 4, 40]), np.linspace(0, 50, 501)
for name, cost in (("squares", np.square), ("absolute values", np.abs)):
    costs = cost(prices[:, None] - guesses).mean(0)
    print(f"smallest mean of {name:15}: at {guesses[costs.argmin()]:.1f}")
print(f"mean {prices.mean():.1f}, median {np.median(prices):.1f}")

# %% [markdown]
# Squares settle on the mean and absolute values on the median: one wild price pulls the first
# far away and leaves the second unmoved. Squares say "rather many small errors than a big one".
#
# **Reductions.** A batch of losses becomes one number as their `"mean"` (the default: learning
# goes equally fast whatever the batch size) or their `"sum"`, or stays as it is (`"none"`: to see
# which sample is bad). Every loss below ends in the function `reduced`, so write it once.
#
# **A trap.** A prediction of shape (3, 1) and a target of shape (3,) broadcast to (3, 3): nine
# differences, six of them between strangers. PyTorch computes this, but warns, and so do we.
#
# In this file you work inside the door: `@operation` of module 01 turns a function on arrays into
# one on Tensors. The function behind an operation is its `.forward`: `sub.forward(a, b)` subtracts
# two arrays with all the care for dtypes and shapes that you built into `sub`.

# %% nbgrader={"grade_id": "losses-mse"}
#| export
@quiet
def reduced(losses, reduction, count=None):
    """An array of losses, as it is ("none"), added up ("sum"), or added up and divided by `count`
    ("mean"). If count is None, that is the number of losses.

    Raises ValueError, naming the reduction, if it is something else.

    >>> reduced(np.array([1.0, 5.0]), "mean"), reduced(np.array([1.0, 5.0, 0.0]), "mean", count=2)
    (3.0, 3.0)
    """
    ### BEGIN SOLUTION
    if reduction == "none":
        return losses
    if reduction not in ("mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    total = losses.sum()
    if reduction == "sum":
        return total
    return total / (losses.size if count is None else count)
    ### END SOLUTION

@operation
def mse_loss(input, target, reduction="mean"):
    """The squared differences of two arrays of one shape, reduced.

    Warns if the shapes differ. Raises RuntimeError, naming the dtypes, if the difference isn't
    floating-point: a loss must be able to change smoothly.

    Approach:
        1. If the shapes differ, `warnings.warn(text)` with a text that shows both.
        2. Take the difference, input minus target. Is its `dtype.kind` "f"?
        3. Return a pair: the reduced squares, and the difference, from which module 06 will make
           the gradient. The door passes it on to the tape.
    """
    ### BEGIN SOLUTION
    if input.shape != target.shape:
        warnings.warn(f"target {target.shape} and input {input.shape} differ in shape and will "
                      "broadcast, which is rarely what you want", stacklevel=3)
    difference = sub.forward(input, target)
    if difference.dtype.kind != "f":
        raise RuntimeError(f"mse_loss needs floats, got {input.dtype} and {target.dtype}")
    return reduced(difference * difference, reduction), difference
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Mean squared error
# Values for all reductions, dtypes, the warning, what is refused and what is saved.

# %% nbgrader={"grade_id": "test-losses-mse", "points": 14}
def test_unit_mse():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 3, 4)) * 5
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # equal shapes: no warning
        for dtype in (torch.float32, torch.float64):
            x, y = tensor(a, dtype=dtype), tensor(b, dtype=dtype)
            for reduction, expected in [
                ("mean", ((a - b) ** 2).mean()), ("sum", ((a - b) ** 2).sum()), ("none", (a - b) ** 2),
            ]:
                got = mse_loss(x, y, reduction=reduction)
                same(got, expected, f"{reduction} of {dtype}")
                assert got.dtype == dtype, f"the loss of {dtype} should be {dtype}, got {got.dtype}"
        same(mse_loss(tensor([4.0, 7, 1]), tensor([5, 7, 4])), 10 / 3, "the prices of the text")
        same(mse_loss(torch.zeros(0), torch.zeros(0)), np.nan, "the mean of no losses")
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        got = mse_loss(tensor([[1.0], [2.0], [3.0]]), tensor([1.0, 2.0, 3.0]))
    same(got, 12 / 9, "(3, 1) against (3,), which gives nine differences")
    text = " ".join(str(w.message) for w in heard if w.category is UserWarning)
    assert "(3, 1)" in text and "(3,)" in text, f"different shapes should be warned of: {text!r}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        refuses(RuntimeError, lambda: mse_loss(torch.ones(2, 3), torch.ones(2)), "(2, 3)", "(2,)")
    refuses(RuntimeError, lambda: mse_loss(tensor([1, 2]), tensor([1, 3])), "int64")
    for bad in ("avg", None):
        refuses(ValueError, lambda: mse_loss(x, y, reduction=bad), str(bad))
    got = reduced(np.array([3.0, 4.0]), "mean", count=0.5)
    assert got == 14, f"(3 + 4) / 0.5 is 14, got {got}: the mean divides by count, if there is one"
    loss, saved = mse_loss.forward(a, b)
    assert np.allclose(saved, a - b), "the second thing to return is input - target, unsquared"

test_unit_mse()

# %% [markdown]
# ## 2. Likelihood: what a surprise costs
# A classifier gives each class a probability. Three pictures whose true classes got 0.7, 0.2 and
# 0.1: the **likelihood** of what really happened is the product, 0.014. A good model makes it
# large. But a product of a thousand such numbers is 0 in any float, so take the logarithm, which
# makes a sum of it, and a minus, so that smaller is better:
#
# ```
#    -ln 0.7 = 0.357   -ln 0.2 = 1.609   -ln 0.1 = 2.303    sum 4.269 = -ln 0.014,   mean 1.423
# ```
#
# The mean is the **negative log-likelihood**, in *nats* (bits, if it were log₂). A certain and
# right prediction costs 0. One that was certain and wrong costs without limit. And a model that
# knows nothing gives each of C classes 1/C and pays ln C: 2.303 for ten digits, 10.82 for 50,000
# words. That is the first number to look at when you train: if an untrained network doesn't start
# near ln C, something is broken.
#
# **Picking.** The input holds log-probabilities, a row of C for each prediction; the target holds
# the class numbers. The textbook multiplies by *one-hot* rows, [0, 0, 1, 0], and adds up: C
# products to get one number. An index made of two arrays picks it at once:
# `a[[0, 1, 2], [2, 0, 1]]` is the array of `a[0, 2]`, `a[1, 0]`, `a[2, 1]`.
#
# **Padding.** Sentences in a batch differ in length, but an array has no ragged rows. Short ones
# are filled up, and the filler must not be learned. So one class number, `ignore_index`, means "no
# question was asked here": it costs nothing and isn't counted either.
#
# ```
#    target  [[4,    7,    2],      "the cat sat"     4 of 6 places count, so the mean divides by 4
#             [9, -100, -100]]      "go"
# ```
#
# **Weights.** If a class is rare, `weight` (C,) can make its errors dearer. The mean then divides
# by the sum of the weights that were used: a weighted average.
#
# Input may be (N, C), or (C,) for a single prediction, or (N, C, d1, …) with one prediction per
# word or pixel. `as_rows` makes rows (M, C) of all of them and checks what can be checked.

# %% nbgrader={"grade_id": "losses-nll"}
#| export
def as_rows(input, target, weight):
    """Scores (N, C, d1, …) as (M, C), and class numbers (N, d1, …) as (M,)."""
    if not input.ndim or target.shape != (input.shape[:1] + input.shape[2:])[:input.ndim - 1]:
        error = ValueError if input.shape[:1] != target.shape[:1] else RuntimeError
        raise error("input (N, C, d1, ...) needs class numbers (N, d1, ...) as its target, "
                    f"got input {input.shape} and target {target.shape}")
    if target.dtype not in (int64, uint8) or input.dtype.kind != "f":
        raise RuntimeError("input must be floating-point and the target class numbers in int64 or "
                           f"uint8, got {input.dtype} and {target.dtype}")
    classes = input.shape[min(1, input.ndim - 1)]
    if weight is not None and (weight.shape, weight.dtype) != ((classes,), input.dtype):
        raise RuntimeError(f"weight must be {input.dtype} of shape ({classes},), one for each "
                           f"class, got {weight.dtype} of shape {weight.shape}")
    rows = input if input.ndim < 3 else np.moveaxis(input, 1, -1)
    return rows.reshape(target.size, classes), target.reshape(-1)

def pick(log_probs, target, weight, ignore_index):
    """What each prediction costs: minus the log-probability of its class, times the weight of its
    class (1 if weight is None), and 0 where target is ignore_index, whatever the row may hold.

    Takes log_probs (M, C), target (M,), weight (C,) or None. Returns three arrays (M,): losses,
    labels (target, but 0 where ignored: always a legal index) and weights (0 where ignored).

    Raises IndexError, with the number, for one that is no class. NumPy wouldn't: -1 is an index.

    >>> pick(np.log([[0.7, 0.3], [0.2, 0.8]]), np.array([0, -100]), None, -100)
    (array([0.357, 0.   ]), array([0, 0]), array([1., 0.]))

    Approach:
        1. `kept`, booleans: which targets count? A product with them gives the labels.
        2. Find the labels below 0 or not below C. If there are any, raise.
        3. weights: `kept` in the dtype of log_probs, times each label's weight if there are weights.
        4. losses: pick with two arrays of indices, multiply by -weights. A row that is ignored
           could hold nan or inf, and those times 0 aren't 0: set those losses to 0.
    """
    ### BEGIN SOLUTION
    kept = target != ignore_index
    labels = target * kept
    wrong = labels[(labels < 0) | (labels >= log_probs.shape[1])]
    if wrong.size:
        raise IndexError(f"Target {wrong[0]} is out of bounds: {log_probs.shape[1]} classes")
    weights = kept.astype(log_probs.dtype)
    if weight is not None:
        weights *= weight[labels]
    losses = log_probs[np.arange(len(labels)), labels] * -weights
    losses[~kept] = 0
    return losses, labels, weights
    ### END SOLUTION

@operation
@quiet
def nll_loss(input, target, weight=None, ignore_index=-100, reduction="mean"):
    """Negative log-likelihood: input holds log-probabilities, target class numbers.

    Returns a pair: the loss, with "none" in the shape of target; and what was saved, the pair
    (labels, weights).

    Approach: rows, pick, and `reduced`, whose count is the sum of the weights.
    """
    ### BEGIN SOLUTION
    rows, classes = as_rows(input, target, weight)
    losses, labels, weights = pick(rows, classes, weight, ignore_index)
    loss = reduced(losses.reshape(target.shape), reduction, weights.sum())
    return loss, (labels, weights)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Negative log-likelihood
# Against one-hot rows in float64: shapes, weights, padding, and numbers that are no class.

# %% nbgrader={"grade_id": "test-losses-nll", "points": 18}
def one_hot_nll(log_probs, target, weight=None, ignore_index=-100):
    """Losses and weights as a textbook has them, in float64, in the shape of target."""
    log_probs = np.moveaxis(np.float64(log_probs), 1 if np.ndim(log_probs) > 1 else 0, -1)
    classes = np.arange(log_probs.shape[-1])
    hot = (np.asarray(target)[..., None] == classes) & (np.asarray(target)[..., None] != ignore_index)
    hot = hot * (np.ones(len(classes)) if weight is None else np.float64(weight))
    return -np.where(hot, hot * log_probs, 0).sum(-1), hot.sum(-1)

CASES = [((5, 3), ()), ((1, 4), ()), ((3,), ()), ((2, 3, 4), ()), ((2, 5, 3, 2), ())]

def test_unit_nll():
    rng = np.random.default_rng(1)
    same(nll_loss(torch.log(tensor([[0.7, 0.3], [0.8, 0.2], [0.1, 0.9]])), tensor([0, 1, 0])),
         -np.log(0.014) / 3, "the three pictures of the text")
    for shape, _ in CASES:
        a, w = -rng.random(shape) * 3, rng.random(shape[min(1, len(shape) - 1)]) + 0.5
        t = rng.integers(0, len(w), (shape[:1] + shape[2:]) if len(shape) > 1 else ())
        for target in (t, np.where(rng.random(t.shape) < 0.5, -100, t)):
            for weight in (None, w):
                losses, weights = one_hot_nll(a, target, weight)
                mean = losses.sum() / weights.sum() if weights.sum() else np.nan
                for reduction, expected in [("mean", mean), ("sum", losses.sum()), ("none", losses)]:
                    got = nll_loss(tensor(a), tensor(target), None if weight is None else tensor(w),
                                   reduction=reduction)
                    same(got, expected, f"{reduction} of {shape}, target {target.tolist()}")
    x, y = torch.log(tensor([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]])), tensor([2, 0])
    same(nll_loss(x, y, ignore_index=2), -np.log(0.1), "ignore_index=2: only the second row counts")
    same(nll_loss(x, y, ignore_index=0), -np.log(0.25), "ignore_index=0: only the first row counts")
    same(nll_loss(x, tensor([-100, -100])), np.nan, "the mean of nothing")
    same(nll_loss(x, tensor([-100, -100]), reduction="sum"), 0, "the sum of nothing")
    bad = tensor([[np.nan, -np.inf, 0], [-1, -2, -3]])
    same(nll_loss(bad, tensor([-100, 2]), reduction="none"), [0, 3], "nan in an ignored row")
    same(nll_loss(bad, tensor([2, 0], dtype=torch.uint8)), 0.5, "class numbers in uint8")
    assert nll_loss(x, y).dtype == torch.float32, "float32 log-probabilities have a float32 loss"
    for number in (3, -1):
        refuses(IndexError, lambda: nll_loss(x, tensor([0, number])), str(number))
    for shape, error in [((3,), ValueError), ((2, 1), RuntimeError), ((), ValueError)]:
        refuses(error, lambda: nll_loss(x, torch.zeros(shape, dtype=torch.int64)), "(2, 3)", str(shape))
    refuses(RuntimeError, lambda: nll_loss(x, y.float()), "float32")
    refuses(RuntimeError, lambda: nll_loss(x, y, tensor([1.0, 2.0])), "(2,)")
    _, (labels, weights) = nll_loss.forward(x.numpy(), np.array([2, -100]), np.float32([5, 6, 7]))
    assert labels.tolist() == [2, 0] and weights.tolist() == [7, 0], \
        f"saved should be labels [2, 0] and weights [7, 0], got {labels} and {weights}"

test_unit_nll()

# %% [markdown]
# ## 3. Cross-entropy: from raw scores, in one go
# A network's last layer gives raw scores, the *logits* z, and softmax makes probabilities of them.
# So the loss could be `-log(softmax(z)[y])`. See what becomes of that for a confident network:

# %%
print("   z            -log of exp(z0)/sum   -log(F.softmax)   -F.log_softmax")
for z in ([2.0, 1.0], [-60.0, 60.0], [-1000.0, 0.0], [1000.0, 0.0]):
    x = tensor(z)
    ways = -torch.log(torch.exp(x) / torch.exp(x).sum()), -torch.log(F.softmax(x, 0)), -F.log_softmax(x, 0)
    print(f"   {str(z):15}", *(f"{way[0].item():17.3f}" for way in ways))

# %% [markdown]
# exp(89) is already more than float32 can hold, and inf/inf is nan. The shifted softmax of module
# 02 can't overflow, but its probability is rounded to 0 when the other class leads by 104, and the
# log of that is an infinite loss whose gradient is nan. Only the last column is right. It never
# leaves the logarithms, because the log of a quotient is a difference:
#
# ```
#    -log softmax(z)[y]  =  log Σ exp(z) - z[y]  =  log Σ exp(z - m) - (z[y] - m),    m = max(z)
# ```
#
# For z = [2, 1] and y = 1: m = 2, z - m = [0, -1], the sum 1 + 0.368 has the log 0.313, and the
# loss is 0.313 + 1 = 1.313. The largest exponent is 0, so nothing overflows. The sum is at least 1,
# so its log is never that of 0.
#
# All this could be composed of Tensor operations. We make it **one** operation: its intermediate
# arrays never become Tensors, the tape will note one entry instead of six, and its gradient
# is far simpler than the six of its parts, as you will see in section 6.
#
# **Label smoothing** (Szegedy et al., 2016) keeps a network from growing certain beyond reason.
# With ε = 0.1 the target is no longer "class y, for sure": of the probability, 1 - ε goes to y and
# ε is shared by all C classes, including y. So the loss becomes
#
# ```
#    (1 - ε) · (loss of y)  +  ε · (mean over all classes c of -weight[c] · log softmax(z)[c])
# ```

# %% nbgrader={"grade_id": "losses-cross-entropy"}
#| export
@operation
@quiet
def cross_entropy(input, target, weight=None, ignore_index=-100, reduction="mean",
                  label_smoothing=0.0):
    """Softmax and negative log-likelihood in one: input (N, C), (C,) or (N, C, d1, …) holds
    scores, target (N,), () or (N, d1, …) class numbers.

    Returns a pair: the loss, with "none" in the shape of target; and what was saved, the triple
    (log_probs (M, C), labels (M,), weights (M,)). Raises RuntimeError if label_smoothing is more
    than 1, and what `as_rows` and `pick` raise.

    >>> cross_entropy(tensor([[2.0, 1.0]]), tensor([1]))
    tensor(1.3133)

    Approach:
        1. Rows. Subtract the maximum of each (keepdims), then the log of its sum of exponentials:
           these are the log-probabilities. Do the second subtraction in place (`-=`), and get the
           sums as a product with C ones, which beats `.sum(1)` several times over.
        2. Pick.
        3. If label_smoothing is positive: the mean over the classes is a matrix product, too; of
           log_probs with what? Ignored rows cost nothing here either, whatever they hold.
        4. Reduce, with the sum of the weights as count.
    """
    ### BEGIN SOLUTION
    if label_smoothing > 1:
        raise RuntimeError(f"label_smoothing must be between 0 and 1, got {label_smoothing}")
    rows, classes = as_rows(input, target, weight)
    ones = np.ones(rows.shape[1], rows.dtype)
    log_probs = rows - rows.max(1, keepdims=True, initial=-np.inf)
    log_probs -= np.log(np.exp(log_probs) @ ones)[:, None]
    losses, labels, weights = pick(log_probs, classes, weight, ignore_index)
    if label_smoothing > 0:
        smooth = log_probs @ (ones if weight is None else weight) / -len(ones)
        smooth[classes == ignore_index] = 0
        losses = (1 - label_smoothing) * losses + label_smoothing * smooth
    loss = reduced(losses.reshape(target.shape), reduction, weights.sum())
    return loss, (log_probs, labels, weights)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Cross-entropy
# Against float64 and one-hot rows, for ordinary scores and for scores of ±1000.

# %% nbgrader={"grade_id": "test-losses-cross-entropy", "points": 20}
def softmax_logs(a):
    """Log-probabilities over dimension 1 (or 0, of one row), in float64."""
    a, dim = np.float64(a), min(1, np.ndim(a) - 1)
    return a - np.logaddexp.reduce(a, axis=dim, keepdims=True)

def test_unit_cross_entropy():
    rng = np.random.default_rng(2)
    same(cross_entropy(tensor([[2.0, 1.0]]), tensor([1])), np.log(1 + np.e), "the example, 1.313")
    for shape, _ in CASES:
        a, w = rng.normal(size=shape) * 4, rng.random(shape[min(1, len(shape) - 1)]) + 0.5
        t = rng.integers(0, len(w), (shape[:1] + shape[2:]) if len(shape) > 1 else ())
        logs = softmax_logs(a)
        for target in (t, np.where(rng.random(t.shape) < 0.5, -100, t)):
            for weight, smoothing in [(None, 0.0), (w, 0.0), (None, 0.25), (w, 0.25)]:
                losses, weights = one_hot_nll(logs, target, weight)
                every = [one_hot_nll(logs, np.full(t.shape, c), weight)[0] for c in range(len(w))]
                losses = (1 - smoothing) * losses + smoothing * np.mean(every, 0) * (target != -100)
                mean = losses.sum() / weights.sum() if weights.sum() else np.nan
                for reduction, expected in [("mean", mean), ("sum", losses.sum()), ("none", losses)]:
                    got = cross_entropy(tensor(a), tensor(target), None if weight is None else
                                        tensor(w), reduction=reduction, label_smoothing=smoothing)
                    same(got, expected, f"{reduction} of {shape}, {target=}, {weight=}, {smoothing=}")
    huge = tensor([[1000.0, 0.0, -1000.0], [-1000.0, -1000.0, -1000.0], [-1000, 1000, 1000]])
    got = cross_entropy(huge, tensor([2, 1, 0]), reduction="none")
    same(got, [2000, np.log(3), 2000 + np.log(2)], "scores of ±1000")
    assert got.dtype == torch.float32, f"float32 scores have a float32 loss, got {got.dtype}"
    odd = tensor([[np.nan, 0.0], [2.0, 1.0]])
    for smoothing in (0.0, 1.0):
        expected = [0, np.log(1 + np.e) - smoothing / 2]
        same(cross_entropy(odd, tensor([0, 1]), None, 0, "none", smoothing), expected,
             f"nan in a row that is ignored, smoothing {smoothing}")
    same(cross_entropy(huge, tensor([-100] * 3)), np.nan, "the mean of nothing")
    same(cross_entropy(huge, tensor([-100] * 3), reduction="sum"), 0, "the sum of nothing")
    same(cross_entropy(torch.zeros(4, 7), tensor([0, 3, 3, 6])), np.log(7), "ln C for 7 classes")
    refuses(IndexError, lambda: cross_entropy(huge, tensor([0, 3, 0])), "3")
    refuses(ValueError, lambda: cross_entropy(huge, tensor([0])), "(3, 3)", "(1,)")
    refuses(ValueError, lambda: cross_entropy(huge, tensor([0, 1, 2]), reduction="all"), "all")
    refuses(RuntimeError, lambda: cross_entropy(huge, tensor([0, 1, 2]), label_smoothing=1.5), "1.5")
    scores, before = a.reshape(-1, 2), a.copy()
    _, (logs, labels, weights) = cross_entropy.forward(scores, np.arange(len(scores)) % 3 - 1, None, -1)
    assert np.allclose(logs, softmax_logs(scores)), "saved: the log-probabilities come first"
    assert labels.tolist()[:3] == [0, 0, 1] and weights.tolist()[:3] == [0, 1, 1], \
        f"saved: then labels and weights, got {labels[:3]} and {weights[:3]}"
    assert np.array_equal(a, before), "the scores themselves must not change"

test_unit_cross_entropy()

# %% [markdown]
# What does a network pay that has learned nothing? Its small random scores make all classes nearly
# equally likely.

# %%
torch.manual_seed(0)
for classes in (2, 10, 1000):
    loss = cross_entropy(nn.Linear(64, classes)(torch.randn(256, 64)), torch.randint(classes, (256,)))
    print(f"{classes:5} classes: untrained {loss.item():.3f}, ln C = {np.log(classes):.3f}")

# %% [markdown]
# ## 4. Yes or no
# With two classes, one probability p says it all: yes has p and no has 1 - p. The target t is 1 or
# 0, or in between ("three of four doctors say yes"), and minus the log-likelihood becomes
#
# ```
#    -( t · ln p  +  (1 - t) · ln(1 - p) )            p = 0.8:   t = 1 costs 0.223, t = 0 costs 1.609
# ```
#
# At p = 0 or 1 one of the logarithms is -∞. Times a factor of 0 that is nan, so PyTorch cuts
# both off at -100. And for a tiny p, 1 - p is rounded to 1 in float32 and its logarithm to 0:
# `np.log1p(-p)` computes ln(1 - p) without forming 1 - p.

# %% nbgrader={"grade_id": "losses-bce"}
#| export
def matching(input, target):
    """Refuse targets of another shape than the input, and whole numbers."""
    if input.shape != target.shape:
        raise ValueError(f"target {target.shape} must have the shape of the input {input.shape}")
    if input.dtype.kind != "f" or target.dtype.kind != "f":
        raise RuntimeError(f"expected floats, got {input.dtype} and {target.dtype}")

def weighted(losses, weight):
    """losses * weight, unless weight is None. It may broadcast to losses, but not beyond."""
    if weight is None:
        return losses
    if broadcast_shapes(losses.shape, weight.shape) != losses.shape:
        raise RuntimeError(f"weight {weight.shape} does not fit the losses {losses.shape}")
    return losses * weight.astype(losses.dtype)

@operation
@quiet
def binary_cross_entropy(input, target, weight=None, reduction="mean"):
    """Binary cross-entropy of probabilities (any shape) and targets (same shape and dtype).

    Raises RuntimeError if the dtypes differ, or if an element of input or target isn't between 0
    and 1 (nan isn't); the message says which of the two arrays.

    Approach:
        1. Call `matching`; then check dtypes and values.
        2. The two logarithms, each at least -100, and the formula.
        3. `weighted`, then `reduced`.
    """
    ### BEGIN SOLUTION
    matching(input, target)
    if input.dtype != target.dtype:
        raise RuntimeError(f"target should be {input.dtype}, as the input is, got {target.dtype}")
    for name, array in (("input", input), ("target", target)):
        if not ((array >= 0) & (array <= 1)).all():
            raise RuntimeError(f"all elements of {name} should be between 0 and 1")
    yes, no = np.maximum(np.log(input), -100), np.maximum(np.log1p(-input), -100)
    return reduced(weighted((target - 1) * no - target * yes, weight), reduction)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Binary cross-entropy
# Values, the cut at -100, probabilities next to 0, weights, and what isn't a probability.

# %% nbgrader={"grade_id": "test-losses-bce", "points": 12}
def test_unit_bce():
    rng = np.random.default_rng(3)
    p, t, w = rng.uniform(0.01, 0.99, (3, 2)), rng.random((3, 2)), np.array([2.0, 0.5])
    for weight in (None, w):
        losses = -(t * np.log(p) + (1 - t) * np.log(1 - p)) * (1 if weight is None else w)
        for reduction, expected in [("mean", losses.mean()), ("sum", losses.sum()), ("none", losses)]:
            for dtype in (torch.float32, torch.float64):
                got = binary_cross_entropy(tensor(p, dtype=dtype), tensor(t, dtype=dtype),
                                           None if weight is None else tensor(w), reduction)
                same(got, expected, f"{reduction}, {weight=}, {dtype}")
                assert got.dtype == dtype, f"{dtype} should give {dtype}, got {got.dtype}"
    got = binary_cross_entropy(tensor([0.0, 1, 0, 1]), tensor([1.0, 0, 0, 1]), reduction="none")
    same(got, [100, 100, 0, 0], "wrong and certain costs 100, right and certain nothing")
    got = binary_cross_entropy(tensor([1e-10]), tensor([0.0])) * 1e10
    same(got, 1, "ln(1 - p) of p = 1e-10 in float32, times 1e10: use log1p")
    half = tensor([0.5])
    for bad in (1.0001, -0.0001, np.nan):
        refuses(RuntimeError, lambda: binary_cross_entropy(tensor([bad]), half), "input")
        refuses(RuntimeError, lambda: binary_cross_entropy(half, tensor([bad])), "target")
    x = torch.full((3, 2), 0.5)
    refuses(ValueError, lambda: binary_cross_entropy(x, x[0]), "(3, 2)", "(2,)")
    refuses(RuntimeError, lambda: binary_cross_entropy(x, x, tensor([1.0, 2.0, 3.0])))
    refuses(RuntimeError, lambda: binary_cross_entropy(half, half.to(torch.float64)), "float64")
    refuses(ValueError, lambda: binary_cross_entropy(x, x, reduction="max"), "max")

test_unit_bce()

# %% [markdown]
# ### From logits
# A network gives a logit x, and p = sigmoid(x). In float32 sigmoid(17) is exactly 1: everything
# that a larger score could say is lost. So, as before, do the algebra first. Since -ln sigmoid(x) =
# ln(1 + e⁻ˣ) and -ln(1 - sigmoid(x)) = x + ln(1 + e⁻ˣ),
#
# ```
#    loss  =  (1 - t)·x + ln(1 + e⁻ˣ)             but e⁻ˣ overflows for x = -100
#          =  max(x, 0) - x·t + ln(1 + e^-|x|)    the same for either sign of x: try both
# ```
#
# For x = 20, t = 0: 20 - 0 + ln(1 + e⁻²⁰) = 20.000000002.
#
# If one sample in ten is a yes, `pos_weight` 9 makes each yes count nine times. A yes costs
# t · ln(1 + e⁻ˣ), so that term must be added pos_weight - 1 times more. It is the loss without
# pos_weight of t = 1, so it needs the stable form, too: ln(1 + e⁻ˣ) = max(-x, 0) + ln(1 + e^-|x|).

# %% nbgrader={"grade_id": "losses-bce-logits"}
#| export
@operation
@quiet
def binary_cross_entropy_with_logits(input, target, weight=None, reduction="mean", pos_weight=None):
    """Binary cross-entropy of scores (any shape) and targets (same shape), for scores of any size.

    `pos_weight` broadcasts to the input's shape, but not beyond, like `weight`.

    >>> binary_cross_entropy_with_logits(tensor([20.0]), tensor([0.0]))
    tensor(20.)

    Approach:
        1. `matching`. (Nothing forbids a target outside [0, 1] here; PyTorch doesn't either.)
        2. The tail ln(1 + e^-|x|), with np.log1p; then the loss.
        3. With pos_weight, (pos_weight - 1) · t · (max(-x, 0) + tail) on top; `weighted` can
           multiply by pos_weight - 1.
        4. `weighted`, then `reduced`.
    """
    ### BEGIN SOLUTION
    matching(input, target)
    tail = np.log1p(np.exp(-np.abs(input)))
    losses = np.maximum(input, 0) - input * target + tail
    if pos_weight is not None:
        losses = losses + weighted(target * (np.maximum(-input, 0) + tail), pos_weight - 1)
    return reduced(weighted(losses, weight), reduction)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Binary cross-entropy with logits
# Against float64, moderate and huge scores, both kinds of weights.

# %% nbgrader={"grade_id": "test-losses-bce-logits", "points": 14}
def test_unit_bce_with_logits():
    rng = np.random.default_rng(4)
    x, t = rng.normal(size=(3, 2)) * 3, rng.random((3, 2))
    w, pw, p = np.array([2.0, 0.5]), np.array([[3.0], [0.5], [1.0]]), 1 / (1 + np.exp(-x))
    for weight, pos in [(None, None), (w, None), (None, pw), (w, pw)]:
        losses = -((1 if pos is None else pw) * t * np.log(p) + (1 - t) * np.log(1 - p))
        losses = losses * (1 if weight is None else w)
        for reduction, expected in [("mean", losses.mean()), ("sum", losses.sum()), ("none", losses)]:
            for dtype in (torch.float32, torch.float64):
                extra = [None if a is None else tensor(a, dtype=dtype) for a in (weight, pos)]
                got = binary_cross_entropy_with_logits(
                    tensor(x, dtype=dtype), tensor(t, dtype=dtype), extra[0], reduction, extra[1])
                same(got, expected, f"{reduction}, {weight=}, {pos=}, {dtype}")
                assert got.dtype == dtype, f"{dtype} should give {dtype}, got {got.dtype}"
    x, t = tensor([1000.0, -1000, 1000, -1000]), tensor([1.0, 0, 0, 1])
    got = binary_cross_entropy_with_logits(x, t, reduction="none")
    same(got, [0, 0, 1000, 1000], "scores of ±1000")
    got = binary_cross_entropy_with_logits(x, t, reduction="none", pos_weight=tensor(3.0))
    same(got, [0, 0, 1000, 3000], "scores of ±1000, each yes counting three times")
    got = binary_cross_entropy_with_logits(tensor([-30.0]), tensor([0.0])) * 1e13
    same(got, np.exp(-30) * 1e13, "a small loss, e⁻³⁰, must not be rounded away: use log1p")
    x = torch.ones(3, 2)
    for weight in (torch.ones(3), torch.ones(4, 3, 2)):
        for name in ("weight", "pos_weight"):
            refuses(RuntimeError, lambda: binary_cross_entropy_with_logits(x, x, **{name: weight}))
    refuses(ValueError, lambda: binary_cross_entropy_with_logits(x, x[:, :1]), "(3, 2)", "(3, 1)")
    refuses(RuntimeError, lambda: binary_cross_entropy_with_logits(x, x.long()), "int64")
    refuses(ValueError, lambda: binary_cross_entropy_with_logits(x, x, reduction=1), "1")

test_unit_bce_with_logits()

# %%
print("true answer: no    after sigmoid    from logits")
for x in (5.0, 15.0, 16.0, 17.0, 20.0):
    x, no = tensor([x]), torch.zeros(1)
    print(f"   x = {x.item():4.0f}{binary_cross_entropy(F.sigmoid(x), no).item():20.4f}"
          f"{binary_cross_entropy_with_logits(x, no).item():15.4f}")

# %% [markdown]
# The left column drifts, then jumps to 100: sigmoid has been rounded to 1, and 100 is the cut, not
# a measure of anything. Use `binary_cross_entropy` for probabilities that come from elsewhere, and
# logits for everything you train.

# %% [markdown]
# ## 5. Losses as modules
# PyTorch has each loss twice: as a function, and as a Module that remembers its options. A training
# loop can then be handed `criterion = nn.CrossEntropyLoss(ignore_index=0)` and call
# `criterion(output, target)` without knowing what it is. The `*` means: name the options that
# follow it. (PyTorch has two outdated parameters in between, so their position differs.)
#
# Class weights are numbers that belong to the module but aren't learned: a **buffer**, which
# `state_dict` saves. `register_buffer(name, tensor_or_None)` of module 03 makes one; after that it
# is an attribute.

# %% nbgrader={"grade_id": "losses-modules"}
#| export
class MSELoss(Module):
    def __init__(self, *, reduction="mean"):
        super().__init__()
        self.reduction = reduction

    def forward(self, input, target):
        return mse_loss(input, target, reduction=self.reduction)

class NLLLoss(Module):
    """The negative log-likelihood as a module: `weight` a buffer, the other options attributes."""

    def __init__(self, weight=None, *, ignore_index=-100, reduction="mean"):
        super().__init__()
        ### BEGIN SOLUTION
        self.register_buffer("weight", weight)
        self.ignore_index, self.reduction = ignore_index, reduction
        ### END SOLUTION

    def forward(self, input, target):
        """Call `nll_loss`, with all options by name."""
        ### BEGIN SOLUTION
        return nll_loss(input, target, weight=self.weight, ignore_index=self.ignore_index,
                        reduction=self.reduction)
        ### END SOLUTION

class CrossEntropyLoss(NLLLoss):
    """The same for `cross_entropy`, with one option more. NLLLoss has already done most of it."""

    def __init__(self, weight=None, *, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        ### BEGIN SOLUTION
        super().__init__(weight, ignore_index=ignore_index, reduction=reduction)
        self.label_smoothing = label_smoothing
        ### END SOLUTION

    def forward(self, input, target):
        ### BEGIN SOLUTION
        return cross_entropy(input, target, weight=self.weight, ignore_index=self.ignore_index,
                             reduction=self.reduction, label_smoothing=self.label_smoothing)
        ### END SOLUTION

class BCELoss(Module):
    def __init__(self, weight=None, *, reduction="mean"):
        super().__init__()
        self.register_buffer("weight", weight)
        self.reduction = reduction

    def forward(self, input, target):
        return binary_cross_entropy(input, target, weight=self.weight, reduction=self.reduction)

class BCEWithLogitsLoss(BCELoss):
    """`binary_cross_entropy_with_logits` as a module; `pos_weight` is a buffer as well."""

    def __init__(self, weight=None, *, reduction="mean", pos_weight=None):
        ### BEGIN SOLUTION
        super().__init__(weight, reduction=reduction)
        self.register_buffer("pos_weight", pos_weight)
        ### END SOLUTION

    def forward(self, input, target):
        ### BEGIN SOLUTION
        return binary_cross_entropy_with_logits(input, target, weight=self.weight,
                                                reduction=self.reduction,
                                                pos_weight=self.pos_weight)
        ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Loss modules
# Each module agrees with its function, by default and with every option; buffers are saved.

# %% nbgrader={"grade_id": "test-losses-modules", "points": 8}
def test_unit_modules():
    rng = np.random.default_rng(5)
    x, t, p = tensor(rng.normal(size=(5, 3))), tensor([2, 0, 1, 1, 0]), tensor(rng.random((5, 3)))
    w, pw = tensor([1.0, 2.0, 4.0], dtype=torch.float64), tensor([3.0, 0.5, 2.0])
    for kind, function, target, options in [
        (NLLLoss, nll_loss, t, {"weight": w, "ignore_index": 1, "reduction": "sum"}),
        (CrossEntropyLoss, cross_entropy, t,
         {"weight": w, "ignore_index": 2, "reduction": "none", "label_smoothing": 0.2}),
        (BCEWithLogitsLoss, binary_cross_entropy_with_logits, p,
         {"weight": w, "reduction": "sum", "pos_weight": pw}),
    ]:
        for chosen in [{}, *({name: value} for name, value in options.items()), options]:
            criterion, case = kind(**chosen), f"{kind.__name__} with {chosen}"
            same(criterion(x, target), function(x, target, **chosen).numpy(), case)
            saved = {name for name in chosen if name.endswith("weight")}
            assert set(criterion.state_dict()) == saved, f"{case}: state_dict should have {saved}"
    same(MSELoss(reduction="sum")(p, x), mse_loss(p, x, "sum").numpy(), "MSELoss")
    same(BCELoss(w)(p, p), binary_cross_entropy(p, p, w).numpy(), "BCELoss")

test_unit_modules()

# %% [markdown]
# ## 6. Which way is down
# A loss is a landscape over the numbers it depends on. Learning means to move each of them a little
# downhill, so we need the slope in each direction. Module 06 will compute slopes exactly. But you
# can already *measure* them: move one number up by a step and down by a step, and divide the
# difference of the two losses by the distance. For x² at 3 with step 0.1: (9.61 - 8.41) / 0.2 = 6.

# %% nbgrader={"grade_id": "losses-slopes"}
def slopes(loss, x, step=1e-5):
    """An array of x's shape: how fast loss() changes with each number of the Tensor x.

    `loss` is a function without arguments that computes a 0-d Tensor from x. Afterwards x holds
    exactly the numbers it had before.

    Approach: `numbers = x.data` is a Tensor in the same memory: assigning to `numbers[index]`
    changes x, also where x is a Parameter. `np.ndindex(x.shape)` gives the index of each number,
    one after the other. Remember the number (`.item()`), measure above, measure below, put it back.
    """
    ### BEGIN SOLUTION
    numbers, gradient = x.data, np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        before = numbers[index].item()
        numbers[index] = before + step
        above = loss().item()
        numbers[index] = before - step
        gradient[index] = (above - loss().item()) / (2 * step)
        numbers[index] = before
    return gradient
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Slopes
# Of functions whose slopes you know.

# %% nbgrader={"grade_id": "test-losses-slopes", "points": 8}
def test_unit_slopes():
    a = np.array([[1.5, -2.0, 0.3], [4.0, 0.1, -1.0]])
    for name, f, expected in [
        ("Σ x²", lambda x: (x * x).sum(), 2 * a), ("Σ exp(x)", lambda x: torch.exp(x).sum(), np.exp(a)),
        ("x[1, 0] · x[0, 1]", lambda x: x[1, 0] * x[0, 1], [[0, 4, 0], [-2, 0, 0]]),
    ]:
        x = tensor(a, requires_grad=True)
        got = slopes(lambda: f(x), x)
        assert np.allclose(got, expected, atol=1e-6), f"the slopes of {name} are {expected}, got {got}"
        assert np.array_equal(x.detach().numpy(), a), "x must hold its old numbers again"
    x = tensor([2.0], dtype=torch.float64)
    got = slopes(lambda: (x * x * x).sum(), x, step=0.5)
    assert np.allclose(got, 12.25), f"x³ at 2, step 0.5: (2.5³ - 1.5³) / 1 = 12.25, got {got}"

test_unit_slopes()

# %% [markdown]
# Now measure the slopes of your losses with respect to the scores, and compare with two guesses.

# %%
z, y = tensor([[2.0, 1.0, -1.0]], dtype=torch.float64), tensor([1])
x, no_yes = tensor([2.0, -3.0], dtype=torch.float64), tensor([0.0, 1.0], dtype=torch.float64)
np.set_printoptions(precision=5, suppress=True)
print("cross_entropy, measured ", slopes(lambda: cross_entropy(z, y), z)[0])
print("softmax(z) - one-hot(y) ", F.softmax(z, 1).numpy()[0] - np.eye(3)[1])
print("with_logits, measured   ",
      slopes(lambda: binary_cross_entropy_with_logits(x, no_yes, reduction="sum"), x))
print("sigmoid(x) - t          ", (F.sigmoid(x) - no_yes).numpy())

# %% [markdown]
# "What you said minus what was true", nothing else: the slopes of all that logarithm and exponential
# cancel. It is never larger than 1 and vanishes only when the prediction is right, so a wrong
# network always has somewhere to go. The log-probabilities that `cross_entropy` saves are what
# module 06 needs for it: one `exp`, one subtraction at the labels, times the weights.

# %% [markdown]
# ## 📊 Systems analysis
# What does a one-hot target cost next to class numbers, and what does one operation save?

# %%
def best(f, calls=1):
    """Milliseconds for a call of f, the best of five tries."""
    times = []
    for _ in range(5):
        start = perf_counter()
        for _ in range(calls):
            f()
        times.append((perf_counter() - start) / calls)
    return min(times) * 1e3

def composed(x, hot):
    """Cross-entropy of the operations you had before this module, with a one-hot target."""
    shifted = x - x.max(dim=1, keepdim=True).values
    logs = shifted - torch.log(torch.exp(shifted).sum(dim=1, keepdim=True))
    return -(logs * hot).sum(dim=1).mean()

torch.manual_seed(1)
rows = 32
print(f"{rows} predictions")
print("classes   scores kB   one-hot kB   numbers kB   fused ms   log_softmax+nll   composed")
for classes in (10, 1_000, 10_000, 50_000):
    x, y = torch.randn(rows, classes), torch.randint(classes, (rows,))
    hot, calls = torch.zeros(rows, classes), 2_000 // classes + 1
    hot[np.arange(rows), y] = 1.0
    fused = best(lambda: cross_entropy(x, y), calls)
    two = best(lambda: nll_loss(F.log_softmax(x, 1), y), calls)
    many = best(lambda: composed(x, hot), calls)
    print(f"{classes:7}{x.nbytes / 1e3:12.1f}{hot.nbytes / 1e3:13.1f}{y.nbytes / 1e3:13.2f}"
          f"{fused:11.3f}{two / fused:16.1f}x{many / fused:11.1f}x")

# %% [markdown]
# The one-hot target is as large as the scores and holds nothing but one class number a row. Time
# grows with N·C: every score must be read, shifted and exponentiated. With few classes the price is
# the trips through the door, with many it is memory traffic, and the fused operation saves on both.
# At 50,000 classes, the loss of a small language model can cost as much as its layers, because
# its scores are the largest array of the whole network.

# %%
def cross_entropy_loops(scores, labels):
    """One prediction and one class after another, as you would do it by hand."""
    total = 0.0
    for row, label in zip(scores, labels):
        top = max(row)
        total += np.log(sum(np.exp(score - top) for score in row)) - (row[label] - top)
    return total / len(labels)

x, y = torch.randn(100, 100), torch.randint(100, (100,))
loops = best(lambda: cross_entropy_loops(x.numpy(), y.numpy()))
print(f"100 x 100: loops {loops:.1f} ms, yours {best(lambda: cross_entropy(x, y), 20):.3f} ms; results "
      f"{cross_entropy_loops(x.numpy(), y.numpy()):.5f} and {cross_entropy(x, y).item():.5f}")

# %% [markdown]
# ## 🧪 Module test
# Everything so far, and for the first time something learns.
#
# ### 🧪 Unit Test: Losses together
# A Linear layer sorts points into three classes. Its slopes, measured, are what the algebra says,
# and with every step against them the loss falls.

# %% nbgrader={"grade_id": "test-losses-together", "points": 6}
def test_unit_together():
    torch.manual_seed(3)
    centres, y = np.array([[2.0, 0], [-1, 2], [-1, -2]]), np.arange(12) % 3
    points = centres[y] + np.random.default_rng(6).normal(size=(12, 2)) / 2
    x, target = tensor(points, dtype=torch.float32), tensor(np.where(y < 3, y, 0))
    target[11] = -100
    layer, criterion = nn.Linear(2, 3), CrossEntropyLoss()
    history = []
    for step in range(12):
        history.append(criterion(layer(x), target).item())
        gradients = [slopes(lambda: criterion(layer(x), target), p, 1e-2)
                     for p in (layer.weight, layer.bias)]
        if step == 0:
            error = np.exp(softmax_logs(layer(x).detach().numpy())) - np.eye(3)[y]
            error[11] = 0  # the padded one
            for got, expected in zip(gradients, (error.T @ points / 11, error.sum(0) / 11)):
                assert np.allclose(got, expected, atol=1e-3), \
                    f"the slopes should be (softmax - one-hot) @ points / 11, got\n{got}\n{expected}"
        for parameter, gradient in zip((layer.weight, layer.bias), gradients):
            parameter.data.sub_(tensor(gradient, dtype=torch.float32), alpha=0.5)
    falls = [a > b for a, b in zip(history, history[1:])]
    assert falls == [True] * 11, f"the loss should fall at every step: {history}"
    assert history[-1] < 0.3 * history[0], f"the loss should fall below a third: {history}"
    logs = F.log_softmax(layer(x), 1)
    same(nll_loss(logs, target), criterion(layer(x), target).item(), "nll_loss of log_softmax")
    two = tensor([[0.0, 3.0]])
    same(binary_cross_entropy_with_logits(two[:, 1], tensor([1.0])),
         cross_entropy(two, tensor([1])).item(), "one logit against two classes, one score fixed at 0")
    same(binary_cross_entropy(F.sigmoid(two), two / 3),
         binary_cross_entropy_with_logits(two, two / 3).item(), "sigmoid, then binary_cross_entropy")

test_unit_together()

# %% [markdown]
# ## 🤔 Questions to think about
# 1. Your ten-class network starts at a loss of 9.2 instead of 2.3. What did it do wrong, and which
#    layer would you look at first?
# 2. `mean` divides by the number of places that count. What would go wrong with padded sentences if
#    it divided by all? And what if the batch is split over two machines that average their means?
# 3. What is the smallest loss that label smoothing of 0.1 allows with ten classes? Which scores
#    reach it?
# 4. Squared error of softmax outputs against one-hot rows would be a loss, too. Measure its slope
#    for a prediction that is certain and wrong. Why did networks before 1990 get stuck?
# 5. The saved log-probabilities take as much memory as the scores. Which cheaper thing could be
#    saved instead, and what would that cost on the way back?

# %% [markdown]
# ## 🎯 Summary
# `F.mse_loss`, `F.nll_loss`, `F.cross_entropy`, `F.binary_cross_entropy` and
# `F.binary_cross_entropy_with_logits` are yours, and so are their modules in `nn`. Each takes raw
# scores of any size without an overflow or says what is wrong with them. Next, module 05 brings the
# data in batches, and module 06 replaces two evaluations for every single weight by one way back.
