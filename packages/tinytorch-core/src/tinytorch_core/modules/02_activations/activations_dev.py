# %% [markdown]
# # 02 · Activations
#
# A layer multiplies by a matrix. Stack a hundred of them and you still have one matrix, unless
# something bends the numbers in between. That something is an activation function. You write the
# six that matter, so that they survive inputs of ±1000, and you measure where each goes flat.
# McCulloch and Pitts (1943) used a step, which has no slope to learn from. The sigmoid gave one
# (Rumelhart, Hinton, Williams 1986), but its flat ends kept deep networks from learning (Hochreiter
# 1991). The rectifier (Nair and Hinton 2010) stays steep and made depth practical; transformers
# took a smooth relative of it, the GELU (Hendrycks and Gimpel 2016).
#
# **Prerequisites:** module 01; the exponential function, what a derivative is, the normal curve.
# **Time:** about 120 minutes, eight exercises.
#
# ```mermaid
# flowchart LR
#     T[01 Tensor] --> A(02 Activations) --> L[03 Layers] & S[04 Losses] & W[12 Attention]
# ```

# %% [markdown]
# ## 🔧 Setup
# The functions below are operations behind the door of module 01: they receive arrays, and users
# pass Tensors. Two helpers hold PyTorch's rules for whole numbers: some functions turn them into
# float32, the others refuse them. `quiet` switches off NumPy's warnings; section 3 says why.

# %%
#| default_exp nn.activations

# %%
#| export
import math

import numpy as np

from tinytorch.core import float32, operation

quiet = np.errstate(divide="ignore", invalid="ignore", over="ignore")

def floating(input):
    """Whole numbers and booleans become float32; floats stay what they are."""
    return input if input.dtype.kind == "f" else input.astype(float32)

def floats_only(input, name):
    if input.dtype.kind != "f":
        raise RuntimeError(f"{name} is not implemented for {input.dtype}: convert with .float()")

# %%
# For the tests and measurements of this lesson
import tracemalloc
import warnings
from time import perf_counter

from tinytorch.core import Tensor, exp, float64, log, manual_seed, randn, tensor

warnings.simplefilter("error", RuntimeWarning)  # a warning is a bug in this lesson

def same(got, expected, what, rtol=1e-5, atol=0.0):
    expected = np.asarray(expected)
    assert isinstance(got, Tensor), f"{what}: should be a Tensor, got {type(got).__name__}"
    wanted, found = (expected.shape, expected.dtype), (got.shape, got.dtype)
    assert found == wanted, f"{what}: shape and dtype should be {wanted}, got {found}"
    close = np.allclose(got.numpy(), expected, rtol=rtol, atol=atol, equal_nan=True)
    assert close, f"{what}: should be\n{expected}, got\n{got.numpy()}"

def refuses(call, error, what):
    try:
        got = call()
    except NotImplementedError:
        raise
    except error as problem:
        assert str(problem), f"{what}: the error should say what is wrong"
        return
    raise AssertionError(f"{what} should raise {error.__name__}, but it returned {got!r}")

# %% [markdown]
# ## 📦 Where this code lives
# Cells marked `#| export` become `tinytorch/nn/activations.py`. You will import them as in PyTorch:
# `import tinytorch.nn.functional as F` offers all six, `import tinytorch.core as torch` all but
# `gelu`.

# %% [markdown]
# ## 1. Why a network needs a bend
# A linear layer computes `x @ W.T + b`. With W of shape (out, in), each row of W makes one output.
# For x = (1, 2), take two layers, one after the other:
#
# ```
#     W1 = [[1, 2],   b1 = (1, 0)    x @ W1.T + b1 = (1+4+1, 3-2+0) = (6, 1)
#           [3, -1]]
#     W2 = [[1, -2]]  b2 = (5)       (6, 1) @ W2.T + b2 = 6 - 2 + 5 = 9
# ```
#
# Now put the first formula into the second: W2 (W1 x + b1) + b2 = (W2 W1) x + (W2 b1 + b2). For the
# numbers above that is [[-5, 4]] and (6), and indeed -5 + 8 + 6 = 9. Two layers, one matrix.

# %% nbgrader={"grade_id": "activations-merge"}
def merge(weight1, bias1, weight2, bias2):
    """The one linear layer that computes what two in a row compute.

    Parameters are Tensors: weight1 (hidden, in), bias1 (hidden,), weight2 (out, hidden), bias2
    (out,). Returns the pair weight (out, in), bias (out,).

    >>> merge(tensor([[1, 2], [3, -1]]), tensor([1, 0]), tensor([[1, -2]]), tensor([5]))
    (tensor([[-5,  4]]), tensor([6]))

    Approach: the formula above. `@` multiplies a matrix by a vector too.
    """
    ### BEGIN SOLUTION
    weight = weight2 @ weight1
    bias = weight2 @ bias1 + bias2
    return weight, bias
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Merging layers
# The example above, and five random layers that become one.

# %% nbgrader={"grade_id": "test-activations-merge", "points": 8}
def test_unit_merge():
    weight, bias = merge(tensor([[1, 2], [3, -1]]), tensor([1, 0]), tensor([[1, -2]]), tensor([5]))
    same(weight, [[-5, 4]], "the weight of the example")
    same(bias, [6], "the bias of the example")
    rng, sizes = np.random.default_rng(1), [4, 3, 6, 2, 5, 3]
    x = rng.normal(size=(7, 4))
    y, merged = x, None
    for n, m in zip(sizes, sizes[1:]):
        w, b = rng.normal(size=(m, n)), rng.normal(size=m)
        y = y @ w.T + b
        merged = merge(*merged, tensor(w), tensor(b)) if merged else (tensor(w), tensor(b))
    same(tensor(x) @ merged[0].T + merged[1], y, "five layers merged into one", rtol=1e-9)

test_unit_merge()

# %% [markdown]
# ## 2. The rectifier
# The cheapest bend there is: `relu(x) = max(x, 0)`. It is linear on both sides of 0 and still
# breaks the algebra above, since max(a + b, 0) is not max(a, 0) + max(b, 0). Its slope is exactly 0
# or 1, so a unit that is on passes a gradient back without weakening it.

# %% nbgrader={"grade_id": "activations-relu"}
#| export
@operation
@quiet
def relu(input):
    """max(input, 0), element by element, in the dtype of input, which may be whole numbers.

    Raises RuntimeError for booleans, as torch does.

    >>> relu(tensor([-2.0, 0.0, 3.0]))
    tensor([0., 0., 3.])

    Approach: check `input.dtype` against np.bool_; then NumPy has a function for the larger of two.
    (`np.where` would do it too; the systems section shows at what price.)
    """
    ### BEGIN SOLUTION
    if input.dtype == np.bool_:
        raise RuntimeError("relu is not implemented for booleans")
    return np.maximum(input, 0)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: ReLU
# Values, dtypes, nan, and that its argument stays as it was.

# %% nbgrader={"grade_id": "test-activations-relu", "points": 10}
def test_unit_relu():
    a = np.float32([[-1000, -1.5, -0.0], [0.25, 1, 1000]])
    for dtype in ("float32", "float64", "int64", "int32"):
        x = tensor(a.astype(dtype))
        same(relu(x), a.astype(dtype) * (a > 0), f"relu of {dtype}")
        same(x, a.astype(dtype), f"the input of relu ({dtype}), which must not change")
    same(relu(tensor([np.nan, -np.inf, np.inf])), np.float32([np.nan, 0, np.inf]), "nan and ±inf")
    same(relu(tensor(-3.0)), np.float32(0), "a single number")
    refuses(lambda: relu(tensor([True])), RuntimeError, "relu of booleans")

test_unit_relu()

# %% [markdown]
# Is one bend enough to matter? XOR is 1 if two bits differ. No linear function can be: its values
# at (0, 0) and (1, 1) have the same sum as those at (0, 1) and (1, 0), but XOR needs 0 and 2. With
# relu between two layers it takes two hidden units, relu(a - b) + relu(b - a).

# %%
bits = tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
first, second, none = tensor([[1.0, -1.0], [-1.0, 1.0]]), tensor([[1.0, 1.0]]), tensor([0.0])
print("with relu   ", (relu(bits @ first.T) @ second.T).flatten().tolist())
print("without     ", (bits @ first.T @ second.T).flatten().tolist())
print("its one layer", merge(first, tensor([0.0, 0.0]), second, none)[0].tolist())

# %% [markdown]
# ## 3. Sigmoid and tanh, without accidents
# The sigmoid turns any number into one between 0 and 1, for instance a score into a probability:
#
# ```
#     sigmoid(x) = 1 / (1 + exp(-x))         sigmoid(0) = 1/2,  sigmoid(log 3) = 1 / (1 + 1/3) = 3/4
# ```
#
# Two formulas give that value, the one above and exp(x) / (1 + exp(x)). float32 ends at 3.4e38,
# which is about exp(88.7). What happens beyond?

# %%
scores = np.float32([-1000, -90, -20, 0, 20, 90, 1000])
with quiet:
    print("x                  ", *scores)
    print("exp(x)/(1 + exp(x))", *np.exp(scores) / (1 + np.exp(scores)))
    print("1/(1 + exp(-x))    ", *1 / (1 + np.exp(-scores)))

# %% [markdown]
# In the first formula an overflow ends in inf / inf, which is nan. In the second it ends in
# 1 / inf = 0, and the true value at -90 is 8e-40. So an overflow is not an error by itself: look
# where it goes. This one is harmless, and `@quiet` silences NumPy's warning about it.
#
# **tanh** has the same shape, from -1 to 1: `tanh(x) = 2 sigmoid(2x) - 1`. Being symmetric around
# 0, it keeps the mean of its inputs near 0, which the next layer likes. As algebra the relation is
# exact; as arithmetic it isn't, and after the exercise we measure why NumPy's own tanh is better.
#
# A word on memory. `1 / (1 + np.exp(-x))` makes four arrays as big as x, one for each step. Ufuncs
# such as np.negative, np.exp or np.reciprocal take `out=`, the array to write to, and may read from
# the same one. So one new array is enough.

# %% nbgrader={"grade_id": "activations-sigmoid"}
#| export
def logistic(x):
    """1 / (1 + exp(-x)) for a float array x, in the dtype of x.

    No array as big as x may be made except the one returned. logistic(np.zeros(2)) is [0.5, 0.5].

    Approach:
        1. `np.empty_like(x)` is the one array. Write -x into it.
        2. Work on it in place: the exponential, then plus one, then one over it.
    """
    ### BEGIN SOLUTION
    result = np.empty_like(x)
    np.negative(x, out=result)
    np.exp(result, out=result)
    result += 1
    return np.reciprocal(result, out=result)
    ### END SOLUTION

@operation
@quiet
def sigmoid(input):
    """1 / (1 + exp(-input)); whole numbers become float32."""
    return logistic(floating(input))

@operation
def tanh(input):
    """The hyperbolic tangent, by NumPy's function of that name; whole numbers become float32."""
    ### BEGIN SOLUTION
    return np.tanh(floating(input))
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Sigmoid and tanh
# Against Python's float arithmetic, down to a relative error of 1e-6; dtypes; bytes.

# %% nbgrader={"grade_id": "test-activations-sigmoid", "points": 14}
def test_unit_sigmoid():
    points = [[-80.0, -20.0, -3.0, -1e-3], [0.0, 0.5, 4.0, 20.0]]
    for f, exact in [(sigmoid, lambda x: 1 / (1 + math.exp(-x))), (tanh, math.tanh)]:
        name, expected = f.__name__, np.array([[exact(x) for x in row] for row in points])
        for dtype, rtol in [("float32", 1e-6), ("float64", 1e-14)]:
            x = tensor(points, dtype=dtype)
            same(f(x), expected.astype(dtype), f"{name} of {dtype}", rtol)
            same(x, np.array(points, dtype), f"the input of {name}, which must not change")
        whole = np.float32([exact(x) for x in (-2, 0, 1)])
        same(f(tensor([-2, 0, 1])), whole, f"{name} of int64", rtol=1e-6)
        same(f(tensor(3.0)), np.float32(exact(3)), f"{name} of a single number", rtol=1e-6)
        low, high, unknown = f(tensor([-1000.0, 1000.0, np.nan])).tolist()
        limits = (0.0, 1.0) if f is sigmoid else (-1.0, 1.0)
        assert (low, high) == limits, f"{name}(±1000) should be {limits}, got {(low, high)}"
        assert math.isnan(unknown), f"{name}(nan) should be nan, got {unknown}"
    big = np.zeros(100_000, np.float32)
    tracemalloc.start()
    logistic(big)
    peak = tracemalloc.get_traced_memory()[1] / big.nbytes
    tracemalloc.stop()
    assert peak < 1.5, f"logistic should make one array, but {peak:.1f} were alive at once"

test_unit_sigmoid()

# %%
small = tensor([1e-1, 1e-3, 1e-5, 1e-7])
print("x               ", small.tolist())
print("tanh(x)         ", tanh(small).tolist())
print("2 sigmoid(2x)-1 ", (2 * sigmoid(2 * small) - 1).tolist())

# %% [markdown]
# Near 0, tanh(x) is almost x. But 2 sigmoid(2x) is close to 1, where float32 numbers lie 1.2e-7
# apart, and taking the 1 away leaves that rounding as the result. Subtracting nearly equal numbers
# loses digits, whoever does it.

# %% [markdown]
# ## 4. Where they go flat
# In module 06 the loss will tell each weight how to change, through the slope of every function
# between them: slopes multiply along the way. Where a slope is near 0 the function is
# **saturated**: what comes in no longer matters to what goes out, and nothing behind it learns. You
# can measure slopes today, with the **central difference**
#
# ```
#     f'(x) ≈ (f(x + h) - f(x - h)) / 2h             for x²: ((x + h)² - (x - h)²) / 2h = 2x
# ```
#
# The one-sided (f(x + h) - f(x)) / h would give 2x + h: its error is proportional to h, that of the
# central one to h².

# %% nbgrader={"grade_id": "activations-slope"}
def slope(f, x, step=1e-4):
    """The slope of f at each element of x, by the central difference.

    f takes a Tensor to a Tensor of the same shape; x is float64, because the two values of f are
    nearly equal and their difference loses digits. Returns a Tensor shaped like x.

    Approach: `step` is the h of the formula; call f twice.
    """
    ### BEGIN SOLUTION
    difference = f(x + step) - f(x - step)
    return difference / (2 * step)
    ### END SOLUTION

def flat_share(f, x, limit=0.01):
    """Which share of the elements of x (a float from 0 to 1) has a slope strictly between -limit
    and limit?

    Approach: take the slopes' absolute values and compare; booleans become numbers with .float(),
    and their mean is the share.
    """
    ### BEGIN SOLUTION
    flat = slope(f, x).abs() < limit
    return flat.float().mean().item()
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Slopes
# On powers of x, whose slopes and their errors are known by algebra, and on your own functions.

# %% nbgrader={"grade_id": "test-activations-slope", "points": 10}
def test_unit_slope():
    x = tensor([[-2.0, -0.5, 0.0], [0.25, 1.0, 3.0]], dtype=float64)
    a = x.numpy()
    same(slope(lambda x: x * x, x), 2 * a, "the slope of x²", rtol=1e-7, atol=1e-9)
    same(slope(lambda x: x * x * x, x, step=0.5), 3 * a * a + 0.25,
         "x³ with step h: by algebra the central difference is 3x² + h²", rtol=1e-9)
    s = 1 / (1 + np.exp(-a))
    same(slope(sigmoid, x), s * (1 - s), "the slope of sigmoid, s (1 - s)", rtol=1e-6)
    share = flat_share(lambda x: x * x, tensor([-9.0, -2.0, -1.0, 1.5], dtype=float64), 3.5)
    assert isinstance(share, float), f"the share should be a float, got {share!r}"
    assert share == 0.5, f"2x lies in (-3.5, 3.5) for 2 of these 4: 0.5, got {share}"
    share = flat_share(tanh, tensor([-3.2, 2.9, -2.9, 0.5], dtype=float64))
    assert share == 0.25, f"tanh's slope is below 0.01 from |x| = 3 on: 0.25, got {share}"
    share = flat_share(lambda x: 0 * x, x, limit=0)
    assert share == 0, f"no slope lies strictly between -0 and 0, but you found {share}"

test_unit_slope()

# %%
at = tensor([-10.0, -5.0, -2.0, -0.5, 0.5, 2.0, 5.0, 10.0], dtype=float64)
print("slope at ", *(f"{x:9.1f}" for x in at.tolist()))
for f in (relu, sigmoid, tanh):
    print(f"{f.__name__:9}", *(f"{x:9.6f}" for x in slope(f, at).tolist()))
manual_seed(0)
print("share of flat inputs (slope below 0.01), inputs normal with standard deviation 1, 3, 10:")
for f in (relu, sigmoid, tanh):
    draws = [randn(4000, dtype=float64) * spread for spread in (1, 3, 10)]
    print(f"{f.__name__:9}", *(f"{flat_share(f, x):9.1%}" for x in draws))
print("the sigmoid's largest slope, through 10 layers:", slope(sigmoid, at * 0)[0].item() ** 10)

# %% [markdown]
# So even in the best case ten sigmoids pass on less than a millionth of a gradient, and tanh, whose
# slope reaches 1, does so only for small inputs. The relu is flat for half of its inputs, but for
# the others its slope stays 1 at any depth, which is why deep networks train with it.

# %% [markdown]
# ## 5. The normal distribution, to sixteen digits
# The relu decides by a hard rule: keep x if it is positive. The GELU decides by chance, and keeps x
# with the probability that a standard normal number Z is smaller than x. On average that is
#
# ```
#     gelu(x) = x Φ(x)      Φ(x) = P(Z < x)      Φ(0) = 1/2, Φ(1) ≈ 0.841, Φ(-1) = 1 - Φ(1) ≈ 0.159
# ```
#
# Φ is an integral without a closed form, the error function in other words: (1 + erf(x/√2)) / 2.
# Python has `math.erf`, for one number at a time; NumPy has none. So we do what the authors of
# `math.erf` did, and approximate. By symmetry the **tail** P(Z > z) for z ≥ 0 is enough. It falls
# off like exp(-z²/2), and what is left after dividing by that is smooth and well imitated by a
# quotient of two polynomials:
#
# ```
#     tail(z) ≈ exp(-z²/2) · P(z) / Q(z)              Φ(x) = tail(|x|)        for x ≤ 0
#                                                     Φ(x) = 1 - tail(|x|)    for x > 0
# ```
#
# The coefficients are those of Hart et al., *Computer Approximations* (1968), no. 5666, as printed
# by G. West, *Better approximations to cumulative normal functions* (2005). All are positive, so
# nothing is subtracted and no digits are lost that way. A polynomial is evaluated by **Horner's
# rule**, from the highest power down: 2z² + 3z + 5 is (2z + 3) z + 5, one product and one sum per
# coefficient. The loop runs over coefficients, not over elements.

# %%
#| export
P = (3.52624965998911e-2, 0.700383064443688, 6.37396220353165, 33.912866078383,
     112.079291497871, 221.213596169931, 220.206867912376)  # highest power first
Q = (8.83883476483184e-2, 1.75566716318264, 16.064177579207, 86.7807322029461,
     296.564248779674, 637.333633378831, 793.826512519948, 440.413735824752)

# %% nbgrader={"grade_id": "activations-normal"}
#| export
def polynomial(coefficients, z):
    """A new array: the polynomial at each element of z, coefficients from the highest power down.

    >>> polynomial((2, 3, 5), np.array([1.0, -2.0]))
    array([10.,  7.])

    Approach: Horner's rule, in place on a copy: start with the first coefficient times z; for each
    coefficient in between, add it and multiply by z; add the last.
    """
    ### BEGIN SOLUTION
    result = coefficients[0] * z
    for coefficient in coefficients[1:-1]:
        result += coefficient
        result *= z
    result += coefficients[-1]
    return result
    ### END SOLUTION

def normal_cdf(x):
    """Φ(x) for a float array x, in the dtype of x. Source: Hart et al. (1968), no. 5666.

    Approach:
        1. z is |x|, but at most 40: there the tail is 0, and no power of z overflows.
        2. P(z) / Q(z) times exp(-z²/2) is the tail.
        3. Where x > 0, add 1 - 2 tail to it. A comparison gives True and False, and as a factor
           these are 1 and 0, which is much faster than np.where.
    """
    ### BEGIN SOLUTION
    z = np.minimum(np.abs(x), 40)
    tail = polynomial(P, z)
    tail /= polynomial(Q, z)
    z *= z
    z *= -0.5
    tail *= np.exp(z)
    tail += (x > 0) * (1 - 2 * tail)
    return tail
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Normal distribution
# Against `math.erfc` at 2,001 points, in both dtypes and far out.

# %% nbgrader={"grade_id": "test-activations-normal", "points": 16}
def test_unit_normal():
    z = np.array([[1.0, -2.0], [0.5, 3.0]])
    got, expected = polynomial((2.0, -1.0, 3.0, 5.0), z), 2 * z * z * z - z * z + 3 * z + 5
    assert np.allclose(got, expected), f"2z³ - z² + 3z + 5 should be\n{expected}, got\n{got}"
    assert z.tolist() == [[1.0, -2.0], [0.5, 3.0]], "polynomial must not change z"
    x = np.linspace(-10, 10, 2001)
    exact = np.array([math.erfc(-v / math.sqrt(2)) / 2 for v in x])
    error = np.abs(normal_cdf(x) / exact - 1).max()
    assert error < 1e-7, f"Φ should have a relative error below 1e-7 even in its tail, got {error}"
    for dtype, limit in [("float64", 5e-16), ("float32", 2e-7)]:
        a = x.astype(dtype)
        cdf = normal_cdf(a)
        assert cdf.dtype == a.dtype, f"Φ of {dtype} should stay {dtype}, got {cdf.dtype}"
        error = np.abs(cdf - [math.erfc(-v / math.sqrt(2)) / 2 for v in a.tolist()]).max()
        assert error < limit, f"the largest error in {dtype} should be below {limit}, got {error}"
    far = normal_cdf(np.float32([-np.inf, -1e30, -39, -0.0, 0, 39, 1e30, np.inf])).tolist()
    assert far == [0, 0, 0, 0.5, 0.5, 1, 1, 1], f"Φ far out, and at -0.0 and 0: got {far}"

test_unit_normal()

# %% [markdown]
# How good is it? A well-known shorter formula, number 7.1.26 in the *Handbook of Mathematical
# Functions* of Abramowitz and Stegun (1964), has five coefficients and t = 1 / (1 + 0.3275911 z).

# %%
x = np.linspace(0, 6, 6001)
erf = np.array([math.erf(v) for v in x])
short = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592, 0)
handbook = 1 - polynomial(short, 1 / (1 + 0.3275911 * x)) * np.exp(-x * x)
ours = [2 * normal_cdf((x * math.sqrt(2)).astype(dtype)) - 1 for dtype in ("float64", "float32")]
for name, got in [("7.1.26", handbook), ("ours, float64", ours[0]), ("ours, float32", ours[1])]:
    print(f"largest error of erf, {name:14}: {np.abs(got - erf).max():.1e}")

# %% [markdown]
# ## 6. GELU, exact and approximate
# Hendrycks and Gimpel offered a second formula, at a time when erf was slow on graphics cards;
# GPT-2 was trained with it, so it must be kept. It imitates Φ by a tanh, with one correcting term:
#
# ```
#     Φ(x) ≈ (1 + tanh(u)) / 2                        u = √(2/π) (x + 0.044715 x³)
# ```
#
# The forward below returns a pair: the door hands the second part, Φ(x), to the tape, because the
# slope of gelu needs it again.

# %% nbgrader={"grade_id": "activations-gelu"}
#| export
@operation
@quiet
def gelu(input, approximate="none"):
    """input · Φ(input), with approximate="none"; with "tanh", Φ by the formula above.

    Hendrycks and Gimpel, *Gaussian Error Linear Units* (2016), arXiv 1606.08415. Raises
    RuntimeError for whole numbers, and for any other `approximate`.

    >>> gelu(tensor([-1.0, 0.0, 2.0]))
    tensor([-0.1587,  0.    ,  1.9545])

    Approach:
        1. "none" is normal_cdf.
        2. For "tanh", u is input · (a · input² + b): find a and b on paper, and build u in place.
           Write no `**3`; the systems section shows why.
        3. Return the pair input · Φ, Φ.
    """
    floats_only(input, "gelu")
    ### BEGIN SOLUTION
    if approximate == "none":
        cdf = normal_cdf(input)
    elif approximate == "tanh":
        scale = math.sqrt(2 / math.pi)
        u = input * input
        u *= 0.044715 * scale
        u += scale
        u *= input
        cdf = np.tanh(u)
        cdf += 1
        cdf *= 0.5
    else:
        raise RuntimeError(f"approximate must be 'none' or 'tanh', not {approximate!r}")
    return input * cdf, cdf
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: GELU
# Both formulas against Python's math module; what is saved; what is refused.

# %% nbgrader={"grade_id": "test-activations-gelu", "points": 14}
def test_unit_gelu():
    a = np.random.default_rng(2).normal(size=(5, 40)) * 3

    def exact(x):
        return (1 + math.erf(x / math.sqrt(2))) / 2

    def imitated(x):
        return (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2

    for dtype, atol in [("float64", 1e-14), ("float32", 1e-6)]:
        x = tensor(a.astype(dtype))
        for kind, phi in [("none", exact), ("tanh", imitated)]:
            cdf = np.vectorize(phi)(a).astype(dtype)
            expected, what = a.astype(dtype) * cdf, f"gelu of {dtype}, {kind!r}"
            same(gelu(x, approximate=kind), expected, what, rtol=1e-5, atol=atol)
            saved = gelu.forward(x.numpy(), kind)[1]  # the function behind the door
            assert np.allclose(saved, cdf, atol=atol), f"{what}: Φ should be saved for the tape"
        same(x, a.astype(dtype), "the input of gelu, which must not change")
        assert (gelu(x) == gelu(x, "none")).float().mean().item() == 1, "'none' is the default"
    same(gelu(tensor([-1000.0, 1e20])), np.float32([0, 1e20]), "gelu far out")
    same(gelu(tensor([-1000.0, 1e20]), "tanh"), np.float32([0, 1e20]), "gelu far out, 'tanh'")
    same(gelu(tensor(1.0)), np.float32(0.8413447), "gelu of a single number")
    refuses(lambda: gelu(tensor([1.0]), "erf"), RuntimeError, "approximate='erf'")
    refuses(lambda: gelu(tensor([1.0, -1.0]) > 0), RuntimeError, "gelu of booleans")

test_unit_gelu()

# %%
at = tensor(np.linspace(-6, 6, 1201))
difference = (gelu(at) - gelu(at, "tanh")).abs().max().item()
print(f"the two formulas differ by at most {difference:.1e}")
print(f"gelu is lowest at x = {at[gelu(at).argmin()].item():.2f}: {gelu(at).min().item():.4f}")
print("slopes at -3, -1, 0, 1:", slope(gelu, tensor([-3, -1, 0, 1], dtype=float64)).tolist())

# %% [markdown]
# Unlike the relu it has no kink, and left of 0 a slope that is not quite 0: a unit that is off can
# come back.

# %% [markdown]
# ## 7. Softmax
# A classifier ends with one score per class, of any size, called **logits**. Softmax makes
# probabilities of them: exponentials, so that all are positive, divided by their sum.
#
# ```
#     softmax(x)ᵢ = exp(xᵢ) / Σⱼ exp(xⱼ)          (0, log 2, log 5) → (1, 2, 5) / 8
# ```
#
# Physicists know it as the Boltzmann distribution (1868); Bridle (1990) brought it to networks.
# Here an overflow does harm: exp(1000) / exp(1000) is inf / inf, hence nan. But adding c to all
# logits multiplies every exponential by exp(c), and that cancels. So we may subtract the maximum
# first: the largest exponent is then 0, nothing overflows, and the sum is at least 1.
#
# `dim` says along which dimension the results add up to 1; all others are carried along:
#
# ```
#     logits (batch 2, classes 3)    max along dim=1, kept: (2, 1)    broadcast back: (2, 3)
# ```

# %% nbgrader={"grade_id": "activations-softmax"}
#| export
def shifted(input, dim):
    """A new array: input minus its maximum along dim. dim is one int.

    Approach: NumPy's `max` method. `keepdims=True` keeps dim as a 1, ready to broadcast;
    `initial=-np.inf` makes it work for an empty dimension.
    """
    if type(dim) is bool or not isinstance(dim, (int, np.integer)):
        raise TypeError(f"dim must be an int, not {dim!r}")
    ### BEGIN SOLUTION
    return input - input.max(axis=dim, keepdims=True, initial=-np.inf)
    ### END SOLUTION

@operation
@quiet
def softmax(input, dim):
    """Exponentials along dim, divided by their sum (Bridle, 1990).

    Raises RuntimeError for whole numbers, IndexError if there is no such dim.

    >>> softmax(tensor([[0.0, 0.0], [1000.0, -1000.0]]), dim=1)
    tensor([[0.5, 0.5],
            [1. , 0. ]])

    Approach: `shifted`, exponential, and then divide in place by the sum along dim.
    """
    floats_only(input, "softmax")
    ### BEGIN SOLUTION
    result = np.exp(shifted(input, dim))
    result /= result.sum(axis=dim, keepdims=True)
    return result
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Softmax
# Sums and values along each dim, shifted logits, ±1000, and odd shapes.

# %% nbgrader={"grade_id": "test-activations-softmax", "points": 14}
def test_unit_softmax():
    a = np.random.default_rng(3).normal(size=(2, 3, 4)) * 2 - 1
    for dtype in ("float32", "float64"):
        x = tensor(a.astype(dtype))
        for dim in (0, 1, 2, -1, -3):
            got, e = softmax(x, dim), np.exp(a)
            same(got, (e / e.sum(dim, keepdims=True)).astype(dtype), f"softmax, {dim=}, {dtype}")
            same(got.sum(dim), np.ones_like(a.sum(dim), dtype), f"sums along {dim=}, {dtype}")
            same(softmax(x + 7, dim), got.numpy(), f"softmax of x + 7, {dim=}", rtol=1e-4)
        same(x, a.astype(dtype), "the input of softmax, which must not change")
    same(softmax(tensor([[1000.0, -1000], [-1000, -1000], [999, 1000]]), 1),
         np.float32([[1, 0], [0.5, 0.5], [0.26894143, 0.73105857]]), "softmax of ±1000")
    same(softmax(tensor([-np.inf, 0.0, -np.inf]), 0), np.float32([0, 1, 0]), "-inf means never")
    same(softmax(tensor([-np.inf, -np.inf]), 0), np.float32([np.nan] * 2), "all -inf")
    same(softmax(tensor(5.0), 0), np.float32(1), "softmax of a single number")
    same(softmax(tensor(np.ones((2, 0), "f")), 1), np.ones((2, 0), "f"), "an empty dimension")
    refuses(lambda: softmax(tensor([1, 2]), 0), RuntimeError, "softmax of int64")
    refuses(lambda: softmax(tensor([1.0, 2.0]), 1), IndexError, "dim=1 of a vector")

test_unit_softmax()

# %% [markdown]
# Before softmax, logits are often divided by a **temperature** T. A small T exaggerates their
# differences, until only the largest counts; a large T evens them out. When a language model writes
# text, T sets how daring it is.

# %%
logits = tensor([2.0, 1.0, 0.0, -1.0])
for temperature in (0.1, 0.5, 1, 2, 10):
    row = softmax(logits / temperature, dim=0).tolist()
    print(f"T = {temperature:4}:", *(f"{p:.4f}" for p in row))

# %% [markdown]
# ## 8. The logarithm of softmax
# The loss of a classifier is minus the logarithm of the probability it gave to the right class.
# But in float32 a probability below 1e-45 is 0, its logarithm -inf, and just above that only a few
# digits are left. The logarithm of a quotient is a difference, so no small number need ever arise:
#
# ```
#     log softmax(x)ᵢ = xᵢ - logsumexp(x)       logsumexp(x) = m + log Σⱼ exp(xⱼ - m),  m = max x
# ```
#
# The sum is at least 1, since one of its terms is exp(0). For (0, -200) it is 1 in float32, so the
# result is (0, -200), where log(softmax) says -inf.

# %% nbgrader={"grade_id": "activations-log-softmax"}
#| export
@operation
@quiet
def log_softmax(input, dim):
    """log(softmax(input, dim)), computed without it.

    Raises RuntimeError for whole numbers, IndexError if there is no such dim.

    >>> log_softmax(tensor([0.0, -200.0]), dim=0)
    tensor([   0., -200.])

    Approach: the formula above with the maximum subtracted from everything, so that m is 0.
    """
    floats_only(input, "log_softmax")
    ### BEGIN SOLUTION
    result = shifted(input, dim)
    result -= np.log(np.exp(result).sum(axis=dim, keepdims=True))
    return result
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Log-softmax
# Against NumPy in float64 along each dim, and for logits so far apart that softmax is 0.

# %% nbgrader={"grade_id": "test-activations-log-softmax", "points": 8}
def test_unit_log_softmax():
    a = np.random.default_rng(4).normal(size=(3, 2, 5)) * 3
    for dtype, rtol in [("float32", 1e-5), ("float64", 1e-12)]:
        x = tensor(a.astype(dtype))
        for dim in (0, 1, -1):
            expected = a - np.log(np.exp(a).sum(dim, keepdims=True))
            same(log_softmax(x, dim), expected.astype(dtype), f"{dim=}, {dtype}", rtol, atol=1e-6)
        same(x, a.astype(dtype), "the input of log_softmax, which must not change")
    same(log_softmax(tensor([[1000.0, 0], [-1000, -1001]]), 1),
         np.float32([[0, -1000], [-0.31326169, -1.3132617]]), "log_softmax of ±1000")
    same(log_softmax(tensor([0.0, -np.inf]), 0), np.float32([0, -np.inf]), "a logit of -inf")
    same(log_softmax(tensor(-3.0), -1), np.float32(0), "log_softmax of a single number")
    refuses(lambda: log_softmax(tensor([1, 2]), 0), RuntimeError, "log_softmax of int64")
    refuses(lambda: log_softmax(tensor([1.0, 2.0]), -2), IndexError, "dim=-2 of a vector")

test_unit_log_softmax()

# %%
print("logits (0, x)     log(softmax)      log_softmax")
for x in (-50.0, -95.0, -100.0, -103.0, -110.0):
    pair = tensor([0.0, x])
    for name, y in [(f"x = {x:6}", log(softmax(pair, 0))), ("", log_softmax(pair, 0))]:
        print(f"{name} {y[1].item():16.7f}", end=" " if name else "\n")

# %% [markdown]
# ## 📊 Systems analysis
# Each function could also be composed from module 01's operations. What do the compositions cost,
# in time and in memory that is alive at once, on a batch of 512 rows of 256?

# %%
def best(f):
    """Microseconds for a call of f: the best of seven, since other programs only slow us down."""
    times = []
    for _ in range(7):
        start = perf_counter()
        f()
        times.append(perf_counter() - start)
    return min(times) * 1e6

def arrays_alive(f, x):
    tracemalloc.start()
    f(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / x.nbytes

def composed_sigmoid(x): return 1 / (1 + exp(-x))
def composed_gelu(x): return 0.5 * x * (1 + tanh(0.7978845608 * (x + 0.044715 * x * x * x)))

def composed_softmax(x):
    e = exp(x - x.max(dim=1, keepdim=True).values)
    return e / e.sum(dim=1, keepdim=True)

x = randn(512, 256)
print("                  µs: fused  composed  ratio     arrays alive: fused  composed")
for f, g in [(sigmoid, composed_sigmoid), (lambda x: gelu(x, "tanh"), composed_gelu),
             (lambda x: softmax(x, dim=1), composed_softmax)]:
    fused, composed = best(lambda: f(x)), best(lambda: g(x))
    print(f"{g.__name__[9:]:12} {fused:15.0f} {composed:9.0f} {composed / fused:6.2f}"
          f" {arrays_alive(f, x):23.2f} {arrays_alive(g, x):9.2f}")

# %% [markdown]
# The compositions look cheap because Python frees each step as soon as the next is done. The tape
# of module 06 will hold on to every one; a fused operation is one entry, with its result, what it
# saved and one backward rule. Three more prices, on the same 131,072 numbers:

# %%
a = x.numpy()
for slow, f, quick, g in [
    ("a**3", lambda: a**3, "a * a * a", lambda: a * a * a),
    ("np.where(a > 0, a, 0)", lambda: np.where(a > 0, a, 0), "np.maximum(a, 0)",
     lambda: np.maximum(a, 0)),
    ("gelu(x)", lambda: gelu(x), 'gelu(x, "tanh")', lambda: gelu(x, "tanh")),
]:
    slow_time, quick_time = best(f), best(g)
    print(f"{slow:22}{slow_time:8.0f} µs    {quick:16}{quick_time:6.0f} µs    "
          f"{slow_time / quick_time:5.1f} times")
for rows in (64, 256, 1024, 4096):
    part = randn(rows, 64)
    took = best(lambda: softmax(part, dim=1))
    print(f"softmax, ({rows}, 64): {took:8.0f} µs, {took * 1e3 / part.numel():5.2f} ns a number")

# %% [markdown]
# An exponent that is not 2 sends NumPy to the C library's general power function, one number at a
# time. `np.where` asks a question per number, and the processor guesses the answer: with random
# signs it is wrong every second time. All costs grow linearly, once there are enough numbers to
# hide the fixed price of the calls.

# %% [markdown]
# ## 🧪 Module test
# One small network with every function in it, and the relations between them.
#
# ### 🧪 Unit Test: Activations together
# Two layers on Tensors of module 01 against NumPy in float64, and what relates the functions.

# %% nbgrader={"grade_id": "test-activations-together", "points": 6}
def test_unit_together():
    rng = np.random.default_rng(5)
    a, w1, w2 = rng.normal(size=(6, 4)), rng.normal(size=(8, 4)), rng.normal(size=(3, 8))
    h, hidden = tensor(a) @ tensor(w1).T, a @ w1.T
    logits = relu(h) @ tensor(w2).T
    e = np.exp(np.maximum(hidden, 0) @ w2.T)
    same(softmax(logits, dim=-1), e / e.sum(-1, keepdims=True), "a network's probabilities")
    same(exp(log_softmax(logits, -1)), softmax(logits, -1).numpy(), "exp of log_softmax")
    same(2 * sigmoid(2 * h) - 1, tanh(h).numpy(), "tanh by sigmoid", rtol=1e-9)
    same(gelu(h) - gelu(-h), hidden, "gelu(x) - gelu(-x), which is x", rtol=1e-9)
    pairs = softmax(tensor(np.stack([hidden, 0 * hidden])), dim=0)[0]
    same(pairs, sigmoid(h).numpy(), "softmax of (x, 0) is sigmoid(x)")
    weight, _ = merge(tensor(w1), tensor(np.zeros(8)), tensor(w2), tensor(np.zeros(3)))
    bent = np.abs((logits - tensor(a) @ weight.T).numpy()).max()
    assert bent > 0.1, "with relu between, the two layers are no longer one"

test_unit_together()

# %% [markdown]
# ## 🤔 Questions to think about
# 1. A unit whose inputs are all negative gives relu = 0 for every example. How could it get into
#    that state, and why can't gradient descent get it out?
# 2. softmax is unchanged if all logits grow by 5. What does that say about its slopes, and how many
#    numbers does a classifier of 10 classes really need to put out?
# 3. For scores above 17 a float32 sigmoid is exactly 1. What would a loss make of log(1 - sigmoid)?
#    What should it compute instead?
# 4. For the sigmoid the tape needs only the result. Why is that enough for its slope?

# %% [markdown]
# ## 🎯 Summary
# `import tinytorch.nn.functional as F` now gives you `relu`, `sigmoid`, `tanh`, `gelu`, `softmax`
# and `log_softmax`, at ±1000 as at 0. You have seen why a network needs them, and where they stop
# passing anything on. Next, module 03 gives the matrices between them a home: `Linear`, and
# `Module`.
