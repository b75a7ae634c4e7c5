# %% [markdown]
# # 04 · Losses
#
# A loss turns "how wrong is this prediction" into one number, the only thing a network ever learns
# from. You build the three that train nearly everything: squared error for quantities,
# cross-entropy for one of many classes, binary cross-entropy for yes or no. Legendre published
# least squares in 1805 to find the orbits of comets; Gauss (1809) showed which assumption about
# errors leads to it, Fisher (1922) made that a method, maximum likelihood, and Bridle (1990) joined
# it to softmax, which is how classifiers and language models are trained to this day.
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
# As in PyTorch, `0 / 0` shall quietly be nan, so `quiet` silences NumPy where that can occur.

# %%
#| default_exp nn.losses

# %%
#| export
import warnings

import numpy as np

from tinytorch.core import broadcast_shapes, int64, operation, sub, uint8
from tinytorch.nn import Module
from tinytorch.nn.functional import log_softmax

quiet = np.errstate(divide="ignore", invalid="ignore", over="ignore")

# %%
from timeit import repeat

import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch import nn
from tinytorch.core import Tensor, tensor

def same(got, expected, what):
    assert isinstance(got, Tensor), f"{what}: should be a Tensor, got {type(got).__name__}"
    expected, found = np.asarray(expected), got.detach().numpy()
    assert found.shape == expected.shape, f"{what}: shape {got.shape}, not {expected.shape}"
    close = np.allclose(found, expected, rtol=1e-5, atol=1e-6, equal_nan=True)
    assert close, f"{what}: should be\n{expected}, got\n{found}"

def reductions(losses, count):
    """(reduction, expected) for an array of losses and the number its mean divides by."""
    mean = losses.sum() / count if count else np.nan
    return ("mean", mean), ("sum", losses.sum()), ("none", losses)

def refuses(error, call, *parts):
    try:
        got = call()
    except NotImplementedError:
        raise
    except error as problem:
        missing = [part for part in parts if part not in str(problem)]
        assert not missing, f"the error message should mention {missing}: {problem}"
        return
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
# distribution, the probability of a difference d is proportional to exp(-d²/2σ²). Over many samples
# these multiply, a logarithm makes a sum of the product, and the data is most probable where the
# sum of squares is smallest. The choice shows when you look for the one number that is closest to
# five prices, one of them absurd.

# %%
prices, guesses = np.array([1, 2, 3, 4, 40]), np.linspace(0, 50, 501)
for name, cost in (("squares", np.square), ("absolute values", np.abs)):
    costs = cost(prices[:, None] - guesses).mean(0)
    print(f"smallest mean of {name:15}: at {guesses[costs.argmin()]:.1f}")
print(f"mean {prices.mean():.1f}, median {np.median(prices):.1f}")

# %% [markdown]
# Squares settle on the mean, absolute values on the median, which one wild price doesn't move.
#
# **Reductions.** A batch of losses becomes their `"mean"` (the default: the number doesn't grow
# with the batch) or their `"sum"`, or stays as it is (`"none"`: to see which sample is bad). Every
# loss below ends in the function `reduced`, so write it once.
#
# **A trap.** A prediction of shape (3, 1) and a target of shape (3,) broadcast to (3, 3): nine
# differences, six of them between strangers. PyTorch computes this, but warns, and so do we.
#
# In this file you work inside the door: `@operation` of module 01 turns a function on arrays into
# one on Tensors. The function behind an operation is its `.forward`: `sub.forward(a, b)` subtracts
# two arrays with all the care for dtypes and shapes that you built into `sub`.

# %% nbgrader={"grade_id": "losses-mse"}
#| export
def reduced(losses, reduction, count=None):
    """An array of losses as it is ("none"), added up ("sum"), or added up and divided by `count`
    ("mean"), which by default is the number of losses. Raises ValueError, naming the reduction, if
    it is something else.

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
@quiet
def mse_loss(input, target, reduction="mean"):
    """The squared differences, reduced. Warns if the shapes differ. Raises RuntimeError, naming the
    dtypes, if neither is floating-point: a loss must be able to change smoothly.

    Approach:
        1. If the shapes differ, `warnings.warn(text)` with a text that shows both.
        2. If the `dtype.kind` of neither is "f", raise.
        3. Return a pair: the reduced squares of input - target, and that difference, from which
           module 06 will make the gradient. The door passes it on to the tape.
    """
    ### BEGIN SOLUTION
    if input.shape != target.shape:
        warnings.warn(f"target {target.shape} broadcasts to input {input.shape}: really?")
    if "f" not in (input.dtype.kind, target.dtype.kind):
        raise RuntimeError(f"mse_loss needs floats, got {input.dtype} and {target.dtype}")
    difference = sub.forward(input, target)
    return reduced(difference * difference, reduction), difference
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Mean squared error
# Values for all reductions, dtypes, the warning, what is refused and what is saved.

# %% nbgrader={"grade_id": "test-losses-mse", "points": 14}
def test_unit_mse():
    a, b = np.random.default_rng(0).normal(size=(2, 3, 4)) * 5
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # equal shapes: no warning
        for dtype in (torch.float32, torch.float64):
            x, y = tensor(a, dtype=dtype), tensor(b, dtype=dtype)
            for reduction, expected in reductions((a - b) ** 2, 12):
                got = mse_loss(x, y, reduction=reduction)
                same(got, expected, f"{reduction} of {dtype}")
                assert got.dtype == dtype, f"the loss of {dtype} should be {dtype}, got {got.dtype}"
        same(mse_loss(tensor([4.0, 7, 1]), tensor([5, 7, 4])), 10 / 3, "the prices of the text")
        same(mse_loss(torch.zeros(0), torch.zeros(0)), np.nan, "the mean of no losses")
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        got = mse_loss(tensor([[1.0], [2.0], [3.0]]), tensor([1.0, 2.0, 3.0]))
        refuses(RuntimeError, lambda: mse_loss(torch.ones(2, 3), torch.ones(2)), "(2, 3)", "(2,)")
    same(got, 12 / 9, "(3, 1) against (3,), which gives nine differences")
    text = " ".join(str(w.message) for w in heard if w.category is UserWarning)
    assert "(3, 1)" in text and "(3,)" in text, f"different shapes should be warned of: {text!r}"
    refuses(RuntimeError, lambda: mse_loss(tensor([1, 2]), tensor([True, False])), "int64", "bool")
    same(mse_loss(tensor([1, 2]), tensor([0.5, 4.0])), 4.25 / 2, "whole numbers against floats")
    refuses(ValueError, lambda: mse_loss(x, y, reduction="avg"), "avg")
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
# The mean is the **negative log-likelihood**, in *nats* (bits, if it were log₂). Certain and right
# costs 0, certain and wrong costs without limit. A model that knows nothing gives each of C classes
# 1/C and pays ln C: 2.303 for ten digits, 10.82 for 50,000 words. Look at that first when you
# train: an untrained network that doesn't start near ln C is broken.
#
# **Picking.** The input holds log-probabilities, a row of C for each prediction; the target holds
# class numbers. Textbooks multiply by *one-hot* rows, [0, 0, 1, 0], and add up: C products for one
# number. An index made of two arrays picks it: `a[[0, 1, 2], [2, 0, 1]]` is `a[0, 2]`, `a[1, 0]`,
# `a[2, 1]`.
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
# Input may be (N, C), (C,) for a single prediction, or (N, C, d1, …) with one per word or pixel.
# `as_rows` makes rows (M, C) of all of them and checks what can be checked.

# %% nbgrader={"grade_id": "losses-nll"}
#| export
def as_rows(input, target, weight):
    """Scores (N, C, d1, …) as (M, C), and class numbers (N, d1, …) as (M,)."""
    expected = (input.shape[:1] + input.shape[2:])[:input.ndim - 1]  # () for a single row (C,)
    if not input.ndim or target.shape != expected:
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
    """Three arrays (M,) of log_probs (M, C), target (M,) and weight, which is (C,) or None:

    losses   minus the log-probability of the class, times its weight (1 if weight is None); 0 where
             target is ignore_index, whatever that row may hold
    labels   target, but 0 where ignored: always a legal index
    weights  of the labels, but 0 where ignored

    Raises IndexError, saying for instance "Target -1", for a number that is no class. (NumPy takes
    -1 for the last.)

    >>> pick(np.log([[0.7, 0.3], [0.2, 0.8]]), np.array([0, -100]), None, -100)
    (array([0.357, 0.   ]), array([0, 0]), array([1., 0.]))

    Approach:
        1. `kept`, booleans: which targets count? A product with them gives the labels.
        2. Find the labels below 0 or not below C. If there are any, raise.
        3. weights: `kept` in the dtype of log_probs, times the weight of each label.
        4. losses: pick with two arrays of indices, multiply by -weights. An ignored row could hold
           nan or inf, and those times 0 aren't 0: set its loss to 0.
    """
    ### BEGIN SOLUTION
    kept = target != ignore_index
    labels = target * kept
    wrong = labels[(labels < 0) | (labels >= log_probs.shape[1])]
    if wrong.size:
        raise IndexError(f"Target {wrong[0]} is out of bounds")
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
    """Negative log-likelihood of class numbers, where input holds log-probabilities.

    Returns a pair: the loss, which for "none" has the shape of target, and the pair (labels,
    weights), saved for the tape. Approach: rows, pick, and `reduced` with a fitting count.
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

# %% nbgrader={"grade_id": "test-losses-nll", "points": 22}
def one_hot_losses(log_probs, target, weight):
    """Losses and weights as a textbook has them, in the shape of target."""
    logs = np.moveaxis(log_probs, min(1, log_probs.ndim - 1), -1)
    target, classes = target[..., None], logs.shape[-1]
    weight = np.ones(classes) if weight is None else weight
    hot = (target == np.arange(classes)) * weight
    return -(hot * logs).sum(-1), hot.sum(-1)

def compare(function, to_logs):
    """A loss against one-hot rows, over shapes, padding, weights and reductions."""
    rng = np.random.default_rng(1)
    for shape in [(5, 3), (1, 4), (3,), (2, 3, 4), (2, 5, 3, 2)]:
        classes, a = shape[min(1, len(shape) - 1)], rng.normal(size=shape) * 4
        asked = rng.integers(0, classes, (shape[:1] + shape[2:])[:len(shape) - 1])
        for target in (asked, np.where(rng.random(asked.shape) < 0.5, -100, asked)):
            for weight in (None, rng.random(classes) + 0.5):
                losses, weights = one_hot_losses(to_logs(a), target, weight)
                w = None if weight is None else tensor(weight)
                for reduction, expected in reductions(losses, weights.sum()):
                    got = function(tensor(a), tensor(target), w, reduction=reduction)
                    same(got, expected, f"{reduction}, {shape}, {target=}, {weight=}")

def test_unit_nll():
    compare(nll_loss, lambda a: a)
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
        refuses(IndexError, lambda: nll_loss(x, tensor([0, number])), f"Target {number}")
    for shape, error in [((3,), ValueError), ((2, 1), RuntimeError), ((), ValueError)]:
        target = torch.zeros(shape, dtype=torch.int64)
        refuses(error, lambda: nll_loss(x, target), "(2, 3)", str(shape))
    refuses(RuntimeError, lambda: nll_loss(x, y.float()), "float32")
    refuses(RuntimeError, lambda: nll_loss(x, y, tensor([1.0, 2.0])), "(2,)")
    _, (labels, weights) = nll_loss.forward(x.numpy(), np.array([2, -100]), np.float32([5, 6, 7]))
    assert labels.tolist() == [2, 0] and weights.tolist() == [7, 0], \
        f"saved should be labels [2, 0] and weights [7, 0], got {labels} and {weights}"

test_unit_nll()

# %% [markdown]
# ## 3. Cross-entropy: from raw scores, in one go
# A network's last layer gives raw scores, the *logits* z, and softmax makes probabilities of them.
# Is the loss then `-log(softmax(z)[0])` if class 0 is right? Three ways to compute it:

# %%
print("   z             exp / sum, log    log(softmax)     log_softmax")
for z in ([2.0, 1.0], [-60.0, 60.0], [-1000.0, 0.0], [1000.0, 0.0]):
    x = tensor(z)
    naive = torch.log(torch.exp(x) / torch.exp(x).sum())
    ways = naive, torch.log(F.softmax(x, 0)), F.log_softmax(x, 0)
    print(f"   {str(z):15}", *(f"{-way[0].item():14.3f}" for way in ways))

# %% [markdown]
# exp(89) is already too large for float32, and inf/inf is nan. The softmax of module 02 never
# overflows, but a probability that rounds to 0 has an infinite loss, and its gradient is nan. Only
# your `log_softmax`, which never leaves the logarithms, is right. By hand, for z = [2, 1] and class
# 1: subtract the maximum, [0, -1]; the log of the sum 1 + 0.368 is 0.313; the loss is 0.313 + 1.
#
# So `nll_loss(log_softmax(z), y)` would do. We make it **one** operation nevertheless, because its
# gradient is far simpler than those of the two parts, as section 6 will show.

# %% nbgrader={"grade_id": "losses-cross-entropy"}
#| export
@operation
@quiet
def cross_entropy(input, target, weight=None, ignore_index=-100, reduction="mean"):
    """Softmax and negative log-likelihood in one: input (N, C), (C,) or (N, C, d1, …) holds scores,
    target (N,), () or (N, d1, …) class numbers.

    Returns a pair: the loss, which for "none" has the shape of target, and the triple (log_probs
    (M, C), labels (M,), weights (M,)), saved for the tape.

    >>> cross_entropy(tensor([[2.0, 1.0]]), tensor([1]))
    tensor(1.3133)

    Approach: as `nll_loss`, but of the rows take the forward of `log_softmax`, over dimension 1.
    """
    ### BEGIN SOLUTION
    rows, classes = as_rows(input, target, weight)
    log_probs = log_softmax.forward(rows, 1)
    losses, labels, weights = pick(log_probs, classes, weight, ignore_index)
    loss = reduced(losses.reshape(target.shape), reduction, weights.sum())
    return loss, (log_probs, labels, weights)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Cross-entropy
# Against float64 and one-hot rows, for ordinary scores and for scores of ±1000.

# %% nbgrader={"grade_id": "test-losses-cross-entropy", "points": 14}
def softmax_logs(a):
    """Log-probabilities over dimension 1 (or 0, of a single row)."""
    return a - np.logaddexp.reduce(a, axis=min(1, a.ndim - 1), keepdims=True)

def test_unit_cross_entropy():
    same(cross_entropy(tensor([[2.0, 1.0]]), tensor([1])), np.log(1 + np.e), "the example, 1.313")
    compare(cross_entropy, softmax_logs)
    huge = tensor([[1000.0, 0.0, -1000.0], [-1000.0, -1000.0, -1000.0], [-1000, 1000, 1000]])
    got = cross_entropy(huge, tensor([2, 1, 0]), reduction="none")
    same(got, [2000, np.log(3), 2000 + np.log(2)], "scores of ±1000")
    assert got.dtype == torch.float32, f"float32 scores have a float32 loss, got {got.dtype}"
    got = cross_entropy(tensor([[np.nan, 0.0], [2, 1]]), tensor([0, 1]), None, 0, "none")
    same(got, [0, np.log(1 + np.e)], "nan in an ignored row")
    refuses(IndexError, lambda: cross_entropy(huge, tensor([0, 3, 0])), "Target 3")
    refuses(ValueError, lambda: cross_entropy(huge, tensor([0])), "(3, 3)", "(1,)")
    refuses(ValueError, lambda: cross_entropy(huge, tensor([0, 1, 2]), reduction="all"), "all")
    a = np.random.default_rng(2).normal(size=(3, 2))
    _, (logs, labels, weights) = cross_entropy.forward(a, np.array([-1, 0, 1]), None, -1)
    assert np.allclose(logs, softmax_logs(a)), "saved: the log-probabilities come first"
    assert labels.tolist() == [0, 0, 1] and weights.tolist() == [0, 1, 1], \
        f"saved: then labels and weights, got {labels} and {weights}"

test_unit_cross_entropy()

# %% [markdown]
# What does a network pay that has learned nothing? Its small random scores favour no class by much,
# so the loss is a little above ln C.

# %%
torch.manual_seed(0)
rng = np.random.default_rng(0)
for classes in (2, 10, 1000):
    scores = nn.Linear(64, classes)(torch.randn(256, 64))
    loss = cross_entropy(scores, tensor(rng.integers(0, classes, 256))).item()
    print(f"{classes:5} classes: untrained {loss:.3f}, ln C = {np.log(classes):.3f}")

# %% [markdown]
# ## 4. Yes or no
# With two classes, one probability p says it all: yes has p and no has 1 - p. The target t is 1 or
# 0, or in between ("three of four doctors say yes"), and minus the log-likelihood becomes
#
# ```
#    -( t · ln p  +  (1 - t) · ln(1 - p) )        p = 0.8:   t = 1 costs 0.223, t = 0 costs 1.609
# ```
#
# At p = 0 or 1 one of the logarithms is -∞, and times a factor of 0 that is nan, so PyTorch cuts
# both off at -100. For a tiny p, 1 - p is rounded to 1 in float32 and its logarithm to 0:
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
    """Binary cross-entropy of probabilities and targets of the same shape and dtype.

    Raises RuntimeError if the dtypes differ, or if an element isn't between 0 and 1 (nan isn't);
    the message says whether it is one of "input" or of "target".

    Approach: `matching`, the other checks, two logarithms, each at least -100, the formula,
    `weighted`, `reduced`.
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
def compare_binary(function, x, p, yes=1, **options):
    """A binary loss of x, whose probabilities are p, over weights, reductions and dtypes."""
    t = np.random.default_rng(3).random(p.shape)
    for weight in (None, np.array([2.0, 0.5])):
        losses = -yes * t * np.log(p) - (1 - t) * np.log(1 - p)
        if weight is not None:
            losses, options["weight"] = losses * weight, tensor(weight)
        for reduction, expected in reductions(losses, p.size):
            for dtype in (torch.float32, torch.float64):
                a, b = tensor(x, dtype=dtype), tensor(t, dtype=dtype)
                got = function(a, b, reduction=reduction, **options)
                same(got, expected, f"{reduction}, {options}")
                assert got.dtype == dtype, f"{options}: {dtype} became {got.dtype}"

def test_unit_bce():
    p = np.random.default_rng(4).uniform(0.01, 0.99, (3, 2))
    compare_binary(binary_cross_entropy, p, p)
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
# A network gives a logit x, and p = sigmoid(x). In float32 sigmoid(20) is exactly 1: what a larger
# score could say is lost. So, as before, algebra first. With -ln sigmoid(x) = ln(1 + e⁻ˣ) and
# -ln(1 - sigmoid(x)) = x + ln(1 + e⁻ˣ),
#
# ```
#    loss  =  (1 - t)·x + ln(1 + e⁻ˣ)             but e⁻ˣ overflows for x = -100
#          =  max(x, 0) - x·t + ln(1 + e^-|x|)    the same for either sign of x: try both
# ```
#
# If one sample in ten is a yes, `pos_weight` 9 makes each yes count nine times. A yes costs
# t · ln(1 + e⁻ˣ), so that must be added pos_weight - 1 times more, and in a stable form, too:
# ln(1 + e⁻ˣ) = max(-x, 0) + ln(1 + e^-|x|).

# %% nbgrader={"grade_id": "losses-bce-logits"}
#| export
@operation
@quiet
def binary_cross_entropy_with_logits(input, target, weight=None, reduction="mean", pos_weight=None):
    """Binary cross-entropy of scores of any size, and targets of the same shape. `weight` and
    `pos_weight` broadcast to that shape, but not beyond.

    >>> binary_cross_entropy_with_logits(tensor([20.0]), tensor([0.0]))
    tensor(20.)

    Approach: `matching` (a target outside [0, 1] is no error here). The tail ln(1 + e^-|x|) with
    np.log1p; the loss; what a pos_weight adds, for which `weighted` can multiply by pos_weight - 1;
    then `weighted` and `reduced`.
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

# %% nbgrader={"grade_id": "test-losses-bce-logits", "points": 16}
def test_unit_bce_with_logits():
    x = np.random.default_rng(5).normal(size=(3, 2)) * 3
    p = 1 / (1 + np.exp(-x))
    compare_binary(binary_cross_entropy_with_logits, x, p)
    for yes in (np.array(0.5), np.array([[3.0], [0.5], [1.0]])):
        compare_binary(binary_cross_entropy_with_logits, x, p, yes, pos_weight=tensor(yes))
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
# On the left, sigmoid ends up rounded to 1, and 100 is the cut, not a measure of anything. Use
# `binary_cross_entropy` for probabilities that come from elsewhere, and logits for what you train.

# %% [markdown]
# ## 5. Losses as modules
# PyTorch has each loss twice: as a function, and as a Module that remembers its options, so that a
# training loop can be handed `criterion = nn.CrossEntropyLoss(ignore_index=0)` and call
# `criterion(output, target)` without knowing what it is. The `*` means that the options after it
# must be named. (PyTorch has two outdated parameters in between, so their position differs.)
#
# Class weights belong to the module but aren't learned: a **buffer**, which `state_dict` saves.
# `register_buffer(name, tensor_or_None)` of module 03 makes one, and an attribute of that name.

# %% nbgrader={"grade_id": "losses-modules"}
#| export
class MSELoss(Module):
    def __init__(self, *, reduction="mean"):
        super().__init__()
        self.reduction = reduction

    def forward(self, input, target):
        return mse_loss(input, target, reduction=self.reduction)

class NLLLoss(Module):
    """`nll_loss` as a module: `weight` is a buffer, the other options are attributes."""

    def __init__(self, weight=None, *, ignore_index=-100, reduction="mean"):
        super().__init__()
        ### BEGIN SOLUTION
        self.register_buffer("weight", weight)
        self.ignore_index, self.reduction = ignore_index, reduction
        ### END SOLUTION

    def forward(self, input, target):
        ### BEGIN SOLUTION
        return nll_loss(input, target, self.weight, self.ignore_index, self.reduction)
        ### END SOLUTION

class CrossEntropyLoss(NLLLoss):
    """The same for `cross_entropy`."""

    def forward(self, input, target):
        ### BEGIN SOLUTION
        return cross_entropy(input, target, self.weight, self.ignore_index, self.reduction)
        ### END SOLUTION

class BCELoss(Module):
    def __init__(self, weight=None, *, reduction="mean"):
        super().__init__()
        self.register_buffer("weight", weight)
        self.reduction = reduction

    def forward(self, input, target):
        return binary_cross_entropy(input, target, self.weight, self.reduction)

class BCEWithLogitsLoss(BCELoss):
    """The same for `binary_cross_entropy_with_logits`; `pos_weight` is a second buffer."""

    def __init__(self, weight=None, *, reduction="mean", pos_weight=None):
        ### BEGIN SOLUTION
        super().__init__(weight, reduction=reduction)
        self.register_buffer("pos_weight", pos_weight)
        ### END SOLUTION

    def forward(self, input, target):
        ### BEGIN SOLUTION
        return binary_cross_entropy_with_logits(
            input, target, self.weight, self.reduction, self.pos_weight)
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
        (CrossEntropyLoss, cross_entropy, t, {"weight": w, "ignore_index": 2, "reduction": "none"}),
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
# Learning means to move each weight a little downhill on the loss, so we need the slope along each.
# Module 06 will compute slopes exactly. But you can *measure* them, as in module 02, now one number
# at a time: a step up, a step down, and the difference of the two losses divided by the distance.
# For x² at 3 with step 0.1: (9.61 - 8.41) / 0.2 = 6.

# %% nbgrader={"grade_id": "losses-slopes"}
#| export
def slopes(loss, x, step=1e-5):
    """An array of x's shape: how fast loss() changes with each number of the Tensor x.

    `loss` is a function without arguments that computes a 0-d Tensor from x. Afterwards x is as it
    was before.

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
        ("Σ x²", lambda x: (x * x).sum(), 2 * a),
        ("x[1, 0] · x[0, 1]", lambda x: x[1, 0] * x[0, 1], [[0, 4, 0], [-2, 0, 0]]),
    ]:
        x = tensor(a, requires_grad=True)
        got = slopes(lambda: f(x), x)
        assert np.allclose(got, expected, atol=1e-6), f"slopes of {name}: {expected}, not {got}"
        assert np.array_equal(x.detach().numpy(), a), "x must hold its old numbers again"
    x = tensor([2.0], dtype=torch.float64)
    got = slopes(lambda: (x * x * x).sum(), x, step=0.5)
    assert np.allclose(got, 12.25), f"x³ at 2, step 0.5: (2.5³ - 1.5³) / 1 = 12.25, got {got}"

test_unit_slopes()

# %% [markdown]
# Now measure the slopes of your losses along the scores, and compare with two guesses.

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
# "What you said minus what was true": of logarithms and exponentials nothing else is left.
# It is never larger than 1 and vanishes only when the prediction is right, so a wrong network
# always has somewhere to go. Module 06 gets it from the log-probabilities that `cross_entropy`
# saves: one `exp`, and one subtraction at the labels.

# %% [markdown]
# ## 📊 Systems analysis
# What does a one-hot target cost next to class numbers, and what does one operation save? Times are
# ratios to `cross_entropy`: of log_softmax and nll_loss, and of a composition of small operations.

# %%
def best(f, calls):
    """Milliseconds for a call of f, the best of five tries."""
    return min(repeat(f, number=calls, repeat=5)) / calls * 1e3

def composed(x, hot):
    shifted = x - x.max(dim=1, keepdim=True).values
    logs = shifted - torch.log(torch.exp(shifted).sum(dim=1, keepdim=True))
    return -(logs * hot).sum(dim=1).mean()

torch.manual_seed(1)
rows = 32
print(f"{rows} predictions   scores kB  one-hot kB  numbers kB    fused ms  two steps   composed")
for classes in (10, 1_000, 10_000, 50_000):
    x, y = torch.randn(rows, classes), tensor(rng.integers(0, classes, rows))
    hot, calls = torch.zeros(rows, classes), 20_000 // classes + 1
    hot[np.arange(rows), y] = 1.0
    fused, two, many = (best(f, calls) for f in (
        lambda: cross_entropy(x, y), lambda: nll_loss(F.log_softmax(x, 1), y),
        lambda: composed(x, hot)))
    sizes = [array.nbytes / 1e3 for array in (x, hot, y)]
    print(f"{classes:6} classes ", *(f"{size:11.1f}" for size in sizes),
          f"{fused:11.3f}{two / fused:10.1f}x{many / fused:10.1f}x")

# %% [markdown]
# The one-hot target is as large as the scores and says one class number a row. Time grows with N·C,
# because every score is read, shifted and exponentiated. Composing costs trips through the door if
# the classes are few and memory traffic if they are many. In two steps it costs nothing more:
# log_softmax is one operation, too, and what is left is N numbers. The gain over it will come on
# the way back. In a small language model with 50,000 words the scores are the largest array of all.

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
    y = np.arange(12) % 3
    noise = np.random.default_rng(6).normal(size=(12, 2)) / 2
    points = np.array([[2, 0], [-1, 2], [-1, -2]])[y] + noise
    x, target = tensor(points, dtype=torch.float32), tensor(y)
    target[11] = -100
    layer, criterion, history = nn.Linear(2, 3), CrossEntropyLoss(), []
    for step in range(12):
        history.append(criterion(layer(x), target).item())
        gradients = [slopes(lambda: criterion(layer(x), target), p, 1e-2)
                     for p in (layer.weight, layer.bias)]
        if step == 0:
            error = np.exp(softmax_logs(layer(x).detach().numpy())) - np.eye(3)[y]
            error[11] = 0  # the padded one
            for got, expected in zip(gradients, (error.T @ points / 11, error.sum(0) / 11)):
                assert np.allclose(got, expected, atol=1e-3), \
                    f"(softmax - one-hot)ᵀ @ points / 11 is\n{expected}, measured was\n{got}"
        for parameter, gradient in zip((layer.weight, layer.bias), gradients):
            parameter.data.sub_(tensor(0.5 * gradient, dtype=torch.float32))
    falls = [a > b for a, b in zip(history, history[1:])]
    assert falls == [True] * 11, f"the loss should fall at every step: {history}"
    assert history[-1] < 0.3 * history[0], f"the loss should fall below a third: {history}"
    logs = F.log_softmax(layer(x), 1)
    same(nll_loss(logs, target), criterion(layer(x), target).item(), "nll_loss of log_softmax")
    two = tensor([[0.0, 3.0]])
    same(binary_cross_entropy_with_logits(two[:, 1], tensor([1.0])),
         cross_entropy(two, tensor([1])).item(), "one logit, or two classes with one score 0")
    same(binary_cross_entropy(F.sigmoid(two), two / 3),
         binary_cross_entropy_with_logits(two, two / 3).item(), "sigmoid, then its loss")

test_unit_together()

# %% [markdown]
# ## 🤔 Questions to think about
# 1. Your ten-class network starts at a loss of 9.2 instead of 2.3. What did it do wrong, and which
#    layer would you look at first?
# 2. A batch of padded sentences is split over two machines, which average their means. Is that the
#    mean of the whole batch?
# 3. Squared error of softmax outputs against one-hot rows would be a loss, too. Measure its slope
#    for a prediction that is certain and wrong. Why did networks before 1990 get stuck?

# %% [markdown]
# ## 🎯 Summary
# `F.mse_loss`, `F.nll_loss`, `F.cross_entropy`, `F.binary_cross_entropy` and
# `F.binary_cross_entropy_with_logits` are yours, and so are their modules in `nn`. Scores of any
# size go in, and nothing overflows. Next, module 05 brings data in batches, and module 06 replaces
# two evaluations for every single weight by one way back.
