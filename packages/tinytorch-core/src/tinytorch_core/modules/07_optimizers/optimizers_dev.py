# %% [markdown]
# # 07 · Optimizers
#
# A gradient says which way is downhill, and how steep it is right here. How far to go, it doesn't
# say, and that is the whole question. You build the answers that train nearly everything: SGD with
# momentum, Adam and AdamW, and around them the machine that walks over a network's parameters, and
# can be stopped and resumed. Cauchy (1847) went downhill to compute orbits, Polyak (1964) let a
# heavy ball roll, Kingma and Ba (2014) gave each parameter a scale of its own, and Loshchilov and
# Hutter (2017) showed that everybody's Adam decayed weights wrongly.
#
# **Prerequisites:** modules 01, 03 and 06; the slope of a parabola; NumPy's `out=`.
# **Time:** about 180 minutes, eight exercises.
#
# ```mermaid
# flowchart LR
#     T[01 Tensor] & L[03 Layers] & G[06 Autograd] --> O(07 Optimizers) --> R[08 Training]
# ```

# %% [markdown]
# ## 🔧 Setup

# %%
#| default_exp optim.optimizers

# %%
#| export
import warnings
from collections import defaultdict
from copy import deepcopy

import numpy as np
from tinytorch.core import Tensor, enable_grad, tensor, zeros_like

quiet = np.errstate(divide="ignore", invalid="ignore", over="ignore")  # torch doesn't warn of inf

# %%
import pickle, tracemalloc
from functools import partial
from timeit import repeat
from tinytorch import nn
from tinytorch.core import from_numpy, is_grad_enabled, manual_seed, no_grad, ones, randn

def same(got, expected, what):
    got, expected = (t.detach().numpy() if isinstance(t, Tensor) else t for t in (got, expected))
    kind, wanted = f"{got.dtype} {got.shape}", f"{expected.dtype} {expected.shape}"
    assert kind == wanted, f"{what}: should be {wanted}, got {kind}"
    assert np.allclose(got, expected, 1e-5, 2e-5), f"{what}: should be\n{expected}, got\n{got}"

def refuses(error, call, *parts):
    try:
        got = call()
    except error as problem:
        assert all(part in str(problem) for part in parts), f"it should say {parts}: {problem}"
        return
    raise AssertionError(f"this should raise {error.__name__}, but it returned {got!r}")

def allocated(call):  # the bytes that a call has in use at most, beyond what there was before
    tracemalloc.start()
    call()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most

def check(rule, before, after, returns="nothing", **options):
    """Call rule with arrays of the numbers `before`. What isn't in `after` must stay as it was."""
    what = f"{rule.__name__} with {options}"
    for dtype in ("f", "d"):
        arrays = {name: np.array(numbers, dtype) for name, numbers in before.items()}
        arrays["scratch"] = np.full_like(arrays[min(before)], 99)
        got = rule(**arrays, **options)
        for name, numbers in {**before, **after}.items():
            same(arrays[name], np.array(numbers, dtype), f"{name} after {what}")
        assert got is arrays.get(returns), f"{what} should return {returns}, got {got!r}"
    large = {name: np.resize(np.float32(before.get(name, 0)), 50_000) for name in arrays}
    assert allocated(lambda: rule(**large, **options)) < 50_000, f"{what} makes a new array"

# %% [markdown]
# ## 📦 Where this code lives
# The exported cells become `tinytorch/optim/optimizers.py`, and `from tinytorch import optim` has
# `optim.SGD`, `optim.Adam`, `optim.AdamW` and `optim.Optimizer`.

# %% [markdown]
# ## 1. Downhill, and why it zigzags
# Near its lowest point, a loss is steep in some directions and flat in others, like a long valley:
#
# ```
#    f(w) = (1·w₀² + 20·w₁²) / 2      gradient (1·w₀, 20·w₁)      lowest point (0, 0)
# ```
#
# The numbers 1 and 20 are its **curvatures**. A step of gradient descent, `w ← w - lr·gradient`,
# multiplies w₀ by 1 - lr·1, and w₁ by 1 - lr·20. From (10, 1), with lr = 0.09:
#
# ```
#    w₀, times 0.91:  10   9.10   8.28   7.54   6.86   6.24     crawls
#    w₁, times -0.8:  1   -0.80   0.64  -0.51   0.41  -0.33     jumps from side to side
# ```
#
# With lr = 0.1 the factor of w₁ is -1, and it jumps forever; with more it flies away. The steepest
# direction limits lr, and the flattest, in networks thousands of times flatter, has to live with it.
#
# First the step itself. `param - lr * gradient` makes two new arrays, thousands of times. We compute
# *in place* instead: `a -= b` and `np.multiply(a, b, out=c)` write into arrays that exist. What lies
# in between goes into **scratch** arrays, kept from step to step. Nothing in there is needed
# afterwards, so parameters of equal shape take turns with one.

# %% nbgrader={"grade_id": "optimizers-descend"}
#| export
def spare(array, pool):
    """An array of array's shape and dtype to compute in, with any contents. The dictionary pool
    keeps it: asked again, for whichever array of this shape and dtype, it is the same one.
    Approach: the pair (shape, dtype) is the key. np.empty makes what isn't there yet."""
    ### BEGIN SOLUTION
    key = array.shape, array.dtype
    if key not in pool:
        pool[key] = np.empty(*key)
    return pool[key]
    ### END SOLUTION

def descend(param, direction, lr, scratch):
    """Subtract lr * direction (a number times an array) from the array param, in place.
    param [10, 1], direction [10, 20] and lr 0.09 leave [9.1, -0.8] in param. No new arrays: the
    product goes into scratch, which may be the array `direction` itself. Returns nothing."""
    ### BEGIN SOLUTION
    np.multiply(direction, lr, out=scratch)
    param -= scratch
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Descend
# Which spare arrays are shared, and a step that changes what it should, without a new array.

# %% nbgrader={"grade_id": "test-optimizers-descend", "points": 8}
def test_unit_descend():
    pool, a = {}, np.ones((2, 3), np.float32)
    scratch = spare(a, pool)
    assert spare(a + 1, pool) is scratch is not a, "the same shape and dtype, the same array"
    for like, own in [(a, {}), (a.T, pool), (a.astype("d"), pool)]:
        got = spare(like, own)
        assert (got.shape, got.dtype) == (like.shape, like.dtype), f"like {like}, not {got}"
        assert got is not scratch, "another shape, dtype or pool: another array"
    check(descend, {"param": [10, 1], "direction": [10, 20]}, {"param": [9.1, -0.8]}, lr=0.09)
    check(descend, {"param": [[3], [2]], "direction": [[0], [4]]}, {"param": [[3], [0]]}, lr=0.5)
    scratch[:] = 3
    descend(a, scratch, 0.25, scratch)
    same(a, np.full((2, 3), 0.25, "f"), "1 less 0.25 * 3, where the direction was in scratch")
test_unit_descend()

# %%
# Your step, seen from above: digits count the steps, + is the lowest point. Try other rates.
def draw(move, steps=10):
    canvas, w = np.full((11, 66), " "), np.array([10.0, 1.0])
    canvas[5, 10] = "+"
    for step in range(steps):
        row, column = np.clip((5 - 5 * w[1], 10 + 5 * w[0]), 0, (10, 65)).round().astype(int)
        canvas[row, column] = step
        move(w, [1, 20] * w)
    print(*("".join(row) for row in canvas), sep="\n")
draw(lambda w, gradient: descend(w, gradient, 0.09, np.empty(2)))

# %% [markdown]
# ## 2. Momentum: a running sum
# Along the valley, gradient after gradient says the same; across it, each contradicts the last. So
# add them up, and let old ones fade: `buffer ← momentum·buffer + gradient`, then a step along the
# buffer. With momentum 0.9:
#
# ```
#    gradients 1,  1,  1,  1, …   buffer 1,  1.9,  2.71,  3.44, …  towards 1/(1 - 0.9) = 10
#    gradients 1, -1,  1, -1, …   buffer 1, -0.1,  0.91, -0.18, …  towards ±1/(1 + 0.9) = ±0.53
# ```
#
# Where they agree, steps grow to ten times their length; where they don't, they shrink. Polyak saw
# a heavy ball that rolls through the valley, and keeps most of its speed from step to step.
# **Dampening** d lets less of the new gradient in: (1 - d)·gradient.
#
# The ball notices late that it is rolling uphill. **Nesterov**'s method steps along `gradient +
# momentum·buffer`, with the new buffer: today's news counts more. After gradients 1 and -1 the
# buffer is -0.1. The ball steps along -0.1, Nesterov's along -1 + 0.9·(-0.1) = -1.09: it brakes.

# %% nbgrader={"grade_id": "optimizers-momentum"}
#| export
def gain_momentum(buffer, grad, momentum, dampening, nesterov, scratch):
    """Bring the array buffer up to date, in place, and return the array to step along: buffer, or,
    with nesterov, scratch. grad stays as it is.
    buffer [1], grad [-1], momentum 0.9: buffer becomes [-0.1] (with dampening 0.5: [0.4]), and with
    nesterov, scratch has [-1.09]. Approach: multiply the buffer, then add the gradient. Only if
    dampening isn't 0, spend the time to scale that before, in scratch."""
    ### BEGIN SOLUTION
    buffer *= momentum
    buffer += grad if dampening == 0 else np.multiply(grad, 1 - dampening, out=scratch)
    if not nesterov:
        return buffer
    np.multiply(buffer, momentum, out=scratch)
    scratch += grad
    return scratch
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Momentum
# The examples above, and combinations of all options.

# %% nbgrader={"grade_id": "test-optimizers-momentum", "points": 10}
def test_unit_momentum():
    for buffer, grad, momentum, dampening, after, way in [
        ([0], [1], 0.9, 0, [1], [1.9]), ([1], [1], 0.9, 0, [1.9], [2.71]),
        ([1], [-1], 0.9, 0, [-0.1], [-1.09]), ([1], [-1], 0.9, 0.5, [0.4], [-0.64]),
        ([[4, -8]], [[1, 2]], 0.5, 0.25, [[2.75, -2.5]], [[2.375, 0.75]]),
    ]:
        before = {"buffer": buffer, "grad": grad}
        options = {"momentum": momentum, "dampening": dampening}
        idle = {} if dampening else {"scratch": np.full_like(buffer, 99)}
        check(gain_momentum, before, {"buffer": after, **idle}, "buffer", nesterov=False, **options)
        check(gain_momentum, before, {"buffer": after, "scratch": way}, "scratch", nesterov=True,
              **options)
test_unit_momentum()

# %%
buffer, scratch = np.zeros(2), np.empty(2)  # the ball, with momentum 0.6
draw(lambda w, gradient: descend(
    w, gain_momentum(buffer, gradient, 0.6, 0, False, scratch), 0.09, scratch))

# %% [markdown]
# ## 3. Adam: a scale for each parameter
# A weight with gradients of 100 and one with gradients of 0.01 take steps that differ by a factor
# of 10,000. Does the first have to go farther? It may just be measured in other units. Adam divides
# by the usual size of a parameter's own gradients. For that it keeps two running averages:
#
# ```
#    exp_avg      m ← m + (1 - β₁)·(gradient - m)       where they point, on average
#    exp_avg_sq   v ← β₂·v + (1 - β₂)·gradient²         their usual size, squared
#    step         lr · m / √v                           about lr where they agree, less where not
# ```
#
# β₁ = 0.9 looks back about 10 steps, β₂ = 0.999 about 1000. With β₁ = 0.9 and β₂ = 0.5, m = 1 and
# v = 4, a gradient of 3 makes m = 1 + 0.1·(3 - 1) = 1.2 and v = 0.5·4 + 0.5·9 = 6.5.
#
# ### The first steps: bias correction
# Both averages start at 0, so for a while they average few gradients and many zeros. Say every
# gradient is 2, so that m should be 2, v should be 4, and m/√v should be 1:
#
# ```
#    step     m                   v                        m/√v
#       1     0.1·2   = 0.2       0.001·4   = 0.004        3.16
#      10     0.651·2 = 1.303     0.00996·4 = 0.0398       6.53
#     100     1.000·2 = 2.000     0.0952·4  = 0.3808       3.24
# ```
#
# m has caught up long before v, and the first steps are much too long, when all is still in
# disorder. After t steps, the share of real gradients is c₁ = 1 - β₁ᵗ in m, and c₂ = 1 - β₂ᵗ in v.
# Divide by these, and every row gives 1. (eps is tiny, and makes 0/eps of 0/0, for parameters that
# never had a gradient.)
#
# ```
#    param ← param - lr · (m/c₁) / (√(v/c₂) + eps)          seven trips over the array
#    param ← param - (lr·√c₂/c₁) · m / (√v + eps·√c₂)       the same, times √c₂/√c₂, in five
# ```

# %% nbgrader={"grade_id": "optimizers-adam"}
#| export
def update_moments(exp_avg, exp_avg_sq, grad, betas, scratch):
    """Bring both averages (arrays) up to date, in place, for betas (β₁, β₂). grad stays as it is;
    no new arrays; returns nothing.
    Approach: take the two lines above apart into single operations, in place or with out=. What
    isn't part of an average yet stands in scratch, once for each average."""
    ### BEGIN SOLUTION
    beta1, beta2 = betas
    np.subtract(grad, exp_avg, out=scratch)
    scratch *= 1 - beta1
    exp_avg += scratch
    np.multiply(grad, grad, out=scratch)
    scratch *= 1 - beta2
    exp_avg_sq *= beta2
    exp_avg_sq += scratch
    ### END SOLUTION

def adam_descend(param, exp_avg, exp_avg_sq, step, lr, betas, eps, scratch):
    """Move the array param in place by Adam's step number `step` (1 is the first). exp_avg and
    exp_avg_sq are up to date, and stay as they are; no new arrays; returns nothing.
    exp_avg [0.2], exp_avg_sq [0.004], step 1, lr 0.5, betas (0.9, 0.999), eps 0: param falls by
    0.5. Approach: build the fraction in scratch, its denominator first. Then `descend` can do the
    rest, with another factor than lr."""
    ### BEGIN SOLUTION
    beta1, beta2 = betas
    root = (1 - beta2**step) ** 0.5
    np.sqrt(exp_avg_sq, out=scratch)
    scratch += eps * root
    np.divide(exp_avg, scratch, out=scratch)
    descend(param, scratch, lr * root / (1 - beta1**step), scratch)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Adam
# The worked example, the table, and other numbers against the first of the two lines.

# %% nbgrader={"grade_id": "test-optimizers-adam", "points": 17}
def test_unit_adam():
    for m, v, grad, betas, after in [
        ([1], [4], [3], (0.9, 0.5), ([1.2], [6.5])), ([0], [0], [2], (0.9, 0.999), ([0.2], [0.004])),
        ([[1, -2]], [[1, 3]], [[-4, 0]], (0.75, 0.8), ([[-0.25, -1.5]], [[4, 2.4]])),
    ]:
        check(update_moments, {"exp_avg": m, "exp_avg_sq": v, "grad": grad},
              dict(zip(["exp_avg", "exp_avg_sq"], after)), betas=betas)
    for step, m, v in [(1, 0.2, 0.004), (10, 1.30264312, 0.03982048), (100, 1.99994688, 0.380828)]:
        check(adam_descend, {"param": [3], "exp_avg": [m], "exp_avg_sq": [v]}, {"param": [2.5]},
              step=step, lr=0.5, betas=(0.9, 0.999), eps=0)
    check(adam_descend, {"param": [5], "exp_avg": [0], "exp_avg_sq": [0]}, {},
          step=1, lr=0.1, betas=(0.9, 0.999), eps=1e-8)
    for step, lr, betas, eps in [(1, 0.1, (0.9, 0.5), 0.3), (7, 0.02, (0.5, 0.8), 0.7)]:
        w, m, v = np.array([[[1.0, -2]], [[-3, 0.5]], [[0.3, 4]]])
        c1, c2 = (1 - beta**step for beta in betas)
        check(adam_descend, {"param": w, "exp_avg": m, "exp_avg_sq": v},
              {"param": w - lr * (m / c1) / (np.sqrt(v / c2) + eps)},
              step=step, lr=lr, betas=betas, eps=eps)
test_unit_adam()

# %% [markdown]
# ## 4. Weight decay, and what AdamW is for
# Large weights make a network jumpy. A penalty of λ/2·w² on top of the loss adds its gradient, λ·w,
# and pulls every weight towards 0. One that the data doesn't need shrinks by the factor 1 - lr·λ in
# each plain step: it decays. In Adam this goes wrong, because the sum is divided by √v, *and the
# pull along with it*. For two weights of 1, with gradients of about ±10 and ±0.1, lr = 0.1, λ = 0.01:
#
# ```
#                       pulled by the gradient          decoupled: w ← w - lr·λ·w
#    gradients ±10      lr·λ·w/10  = 0.0001             0.001
#    gradients ±0.1     lr·λ·w/0.1 = 0.01               0.001
# ```
#
# Nobody meant the factor of 100. *Decoupled* decay shrinks the weight itself, before the step, and
# keeps out of the averages. It is the W in AdamW, which trains nearly all language models.

# %% nbgrader={"grade_id": "optimizers-decay"}
#| export
def decay(param, grad, lr, weight_decay, decoupled, scratch):
    """Apply weight decay, and return the gradient (an array) to go on with; grad stays as it is.
    param [2], grad [1], lr 0.1, weight_decay 0.5: returns scratch, with [2.0] in it. Decoupled, it
    returns grad, and param has become [1.9]. Without decay, grad comes back at once."""
    ### BEGIN SOLUTION
    if weight_decay == 0:
        return grad
    if decoupled:
        param *= 1 - lr * weight_decay
        return grad
    np.multiply(param, weight_decay, out=scratch)
    scratch += grad
    return scratch
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Weight decay
# Both kinds, and none.

# %% nbgrader={"grade_id": "test-optimizers-decay", "points": 8}
def test_unit_decay():
    before, options = {"param": [2, -4, 1], "grad": [1, -3, 0]}, {"lr": 0.1, "weight_decay": 0.5}
    check(decay, before, {"scratch": [2, -5, 0.5]}, "scratch", decoupled=False, **options)
    check(decay, before, {"param": [1.9, -3.8, 0.95]}, "grad", decoupled=True, **options)
    for decoupled in (False, True):
        check(decay, before, {}, "grad", decoupled=decoupled, lr=0.1, weight_decay=0)
test_unit_decay()

# %% [markdown]
# ## 5. Groups
# That was the arithmetic; now the machine around it. Not all parameters want the same: biases
# shouldn't decay, and layers that were trained before want a small lr. So an optimizer holds
# **groups**, dictionaries of parameters with *all* their options. What a group doesn't say, it takes
# from the `defaults`. What is remembered of a parameter, such as its momentum, stands in `state`,
# under the tensor itself (tensors hash by identity).
#
# ```
#    SGD([{"params": [w1, w2], "weight_decay": 0.1}, {"params": [b1, b2]}], lr=0.5)
#
#    param_groups  [{"params": [w1, w2], "weight_decay": 0.1, "lr": 0.5, "momentum": 0, …},
#                   {"params": [b1, b2], "lr": 0.5, "momentum": 0, "weight_decay": 0, …}]
#    state         {w1: {"momentum_buffer": …}, …}
# ```
#
# Options are read at each step: whoever writes `group["lr"] = 0.05` later is obeyed, which is all
# that the schedules of module 08 need. A parameter in two groups would take two steps, so that is
# an error. So is a tensor that was *computed*: it will be computed anew, and its step is lost.

# %% nbgrader={"grade_id": "optimizers-groups"}
#| export
def listed(params):
    """A tensor, or what yields tensors, as a list."""
    if isinstance(params, set):
        raise TypeError("a set has no order, and saved state goes by order: use a list")
    params = [params] if isinstance(params, Tensor) else list(params)
    if len(set(map(id, params))) < len(params):
        warnings.warn("a parameter that stands twice in a group is moved twice", stacklevel=4)
    return params

def options_of(group): return {name: v for name, v in group.items() if name != "params"}

class Groups:
    """Parameters in groups with options, and a state for each parameter."""
    def __init__(self, params, defaults):
        if isinstance(params, Tensor):
            raise TypeError("params is an iterable of tensors: write [tensor] for a single one")
        self.defaults, self.param_groups, self.state = defaults, [], defaultdict(dict)
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def add_param_group(self, param_group):
        """Complete the dictionary param_group itself, not a copy, and append it to the groups.
        Raises TypeError, naming its type, if one of `params` is no Tensor, and ValueError if one
        isn't a leaf (`is_leaf`; say "leaf") or is in another group already (say "group"); then
        nothing has changed.
        Approach: check every parameter, and ask a set what is in groups: `in` a list compares by
        ==, element by element. Then "params" becomes `params`, and the defaults fill the gaps."""
        if not isinstance(param_group, dict) or "params" not in param_group:
            raise TypeError(f"a group is a dict with the key 'params', not {param_group!r}")
        params = listed(param_group["params"])
        ### BEGIN SOLUTION
        taken = {param for group in self.param_groups for param in group["params"]}
        for param in params:
            if not isinstance(param, Tensor):
                raise TypeError(f"an optimizer moves Tensors, not {type(param).__name__}")
            if not param.is_leaf:
                raise ValueError("can't optimize a non-leaf Tensor: this one was computed")
            if param in taken:
                raise ValueError("some parameters appear in more than one parameter group")
        param_group["params"] = params
        for name, default in self.defaults.items():
            param_group.setdefault(name, default)
        self.param_groups.append(param_group)
        ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Groups
# All forms that params may have, whose options win, and what must be refused.

# %% nbgrader={"grade_id": "test-optimizers-groups", "points": 12}
def test_unit_groups():
    a, b, c, d = ones(2), ones(3), ones(2, 2), ones(2)
    def holds(groups, *expected):
        for group, (params, options) in zip(groups.param_groups, expected, strict=True):
            assert options_of(group) == options, f"the options should be {options}, got {group}"
            assert type(group["params"]) is list, "params should be a list, whatever came"
            assert [*map(id, group["params"])] == [*map(id, params)], "not the tensors given"
    defaults = {"lr": 0.5, "decay": 0}
    for params in ([a, b], iter([a, b]), {"a": a, "b": b}.values(), [{"params": (a, b)}]):
        holds(Groups(params, defaults), ([a, b], defaults))
    second = {"params": [b, c], "decay": 3, "extra": 1}
    groups = Groups([{"params": a, "lr": 0.1}, second], defaults)
    expected = ([a], {"lr": 0.1, "decay": 0}), ([b, c], {"lr": 0.5, "decay": 3, "extra": 1})
    holds(groups, *expected)
    assert groups.param_groups[1] is second, "the dictionary itself becomes the group, not a copy"
    new, computed = {"params": (d, a)}, ones(2)
    computed.grad_fn = "as if it had been computed"
    for error, wrong, *parts in [
        (ValueError, new, "group"), (TypeError, {"params": [d, 3]}, "int"),
        (ValueError, {"params": [d, computed]}, "leaf"), (TypeError, {"params": {d}}),
    ]:
        refuses(error, lambda: groups.add_param_group(wrong), *parts)
    holds(groups, *expected)
    assert new == {"params": (d, a)}, "a group that is refused stays as it is"
    groups.add_param_group({"params": iter([d])})
    holds(groups, *expected, ([d], defaults))
test_unit_groups()

# %% [markdown]
# ## 6. The walk
# Every optimizer walks over groups and parameters in the same way. So that is written once, and a
# subclass adds a method `_move` for a single parameter. Three rules of the walk matter:
#
# - `grad` None means "took no part": no step, no decay, no state. Zeros would mean "took part, and
#   says stay": then momentum rolls on. `zero_grad` sets None, unless you ask for zeros.
# - `_move` writes to arrays, behind the door's back. Module 06 notices writes by their count (the
#   *version* of module 01), so add 1 to it for each parameter that was moved.
# - `step(closure)` first calls closure, which computes the loss anew. Gradients are switched on for
#   it, whatever the caller has switched off. What it returns, step returns.

# %% nbgrader={"grade_id": "optimizers-walk"}
#| export
def gradient_of(param, maximize):
    """The array of param's gradient; turned around, if the way is up."""
    array, grad = param._array, param.grad._array
    if grad.shape != array.shape or grad.dtype != array.dtype:
        raise RuntimeError(f"a gradient {grad.dtype} {grad.shape} of {array.dtype} {array.shape}")
    return -grad if maximize else grad

class Optimizer(Groups):
    """The base class of all optimizers. A subclass writes _move."""
    def __init__(self, params, defaults):
        super().__init__(params, defaults)
        self._scratch, self._decayed = {}, {}  # pools for `spare`
    def _move(self, param, grad, group):
        """Move the Tensor param by the array grad, as the options of its group say."""
        raise NotImplementedError(f"{type(self).__name__} needs a method _move")

    def zero_grad(self, set_to_none=True):
        """Set the `grad` of all parameters to None; without set_to_none, fill those there are with
        0, in place (`zero_`)."""
        ### BEGIN SOLUTION
        for group in self.param_groups:
            for param in group["params"]:
                if param.grad is not None:
                    param.grad = None if set_to_none else param.grad.zero_()
        ### END SOLUTION

    @quiet
    def step(self, closure=None):
        """Move each parameter that has a gradient, and count that in its `_counter[0]`. Returns
        what closure returned, or None.
        Approach: only closure runs `with enable_grad():`. `_move` gets the array that `gradient_of`
        makes of the parameter and group.get("maximize")."""
        ### BEGIN SOLUTION
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            for param in group["params"]:
                if param.grad is not None:
                    self._move(param, gradient_of(param, group.get("maximize")), group)
                    param._counter[0] += 1
        return loss
        ### END SOLUTION
    def state_dict(self): return pack(self.param_groups, self.state)  # both in part 8
    def load_state_dict(self, state_dict): unpack(self, state_dict)

# %% [markdown]
# ### 🧪 Unit Test: The walk
# An optimizer that only takes notes, on two groups.

# %% nbgrader={"grade_id": "test-optimizers-walk", "points": 10}
def test_unit_walk():
    class Notes(Optimizer):
        def _move(self, param, grad, group): met.append((id(param), grad.tolist(), group["name"]))
    a, b, c = (ones(2, requires_grad=True) for _ in range(3))
    groups = [{"params": [a, b], "name": 1}, {"params": [c], "name": 2, "maximize": True}]
    met, modes, optimizer = [], [], Notes(groups, {})
    a.grad, c.grad = tensor([1.0, 2.0]), tensor([3.0, 4.0])
    assert optimizer.step() is None, "without a closure, step returns None"
    expected = [(id(a), [1, 2], 1), (id(c), [-3, -4], 2)]
    assert met == expected, f"_move should be called with (id, grad, name) {expected}, got {met}"
    assert [p._version for p in (a, b, c)] == [1, 0, 1], "count what was moved, and only that"
    def closure():
        modes.append((is_grad_enabled(), len(met)))
        b.grad = tensor([5.0, 6.0])
        return "the loss"
    with no_grad():
        assert optimizer.step(closure) == "the loss", "step returns what closure returns"
        modes.append((is_grad_enabled(), len(met)))
    assert modes == [(True, 2), (False, 5)], f"closure comes first, with gradients on: {modes}"
    kept, b.grad = a.grad, None
    optimizer.zero_grad(set_to_none=False)
    assert a.grad is kept and b.grad is None, "zeros go into the tensors there are"
    assert kept.tolist() == c.grad.tolist() == [0, 0], "zeros, in all groups"
    optimizer.zero_grad()
    assert a.grad is b.grad is c.grad is None, "None is the default"
test_unit_walk()

# %% [markdown]
# ## 7. SGD, Adam and AdamW
# Now the parts fit together: `decay`, then momentum or moments, then the step. (SGD is *stochastic*
# gradient descent: the gradient of a batch is a sample of the true one.) State begins with the
# first gradient. SGD's first buffer is that gradient, undamped: what `gain_momentum` makes of zeros
# when dampening is 0. Adam counts its steps in a float32 tensor, so that all there is to save is a
# tensor. With `amsgrad`, the exp_avg_sq it divides by is the largest that there ever was.

# %% nbgrader={"grade_id": "optimizers-classes"}
#| export
def not_negative(**options):
    for name, value in options.items():
        if not value >= 0:
            raise ValueError(f"{name} must not be negative, got {value}")

class SGD(Optimizer):
    """Gradient descent, with momentum if you like."""
    def __init__(self, params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False, *,
                 maximize=False):
        not_negative(lr=lr, momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov's method needs a momentum above 0, and no dampening")
        super().__init__(params, {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
            "nesterov": nesterov, "maximize": maximize})

    def _move(self, param, grad, group):
        """Approach: decay, never decoupled, into a spare array of the pool self._decayed; for all
        else take one of self._scratch. With a momentum other than 0, self.state[param] gets a
        Tensor "momentum_buffer", if it has none or None."""
        array, lr, momentum = param._array, group["lr"], group["momentum"]
        ### BEGIN SOLUTION
        scratch = spare(array, self._scratch)
        grad = decay(array, grad, lr, group["weight_decay"], False, spare(array, self._decayed))
        if momentum != 0:
            state, dampening = self.state[param], group["dampening"]
            if state.get("momentum_buffer") is None:
                state["momentum_buffer"], dampening = zeros_like(param), 0
            buffer = state["momentum_buffer"]._array
            grad = gain_momentum(buffer, grad, momentum, dampening, group["nesterov"], scratch)
        descend(array, grad, lr, scratch)
        ### END SOLUTION

class Adam(Optimizer):
    """Every parameter has a scale of its own. Weight decay joins the gradient, unless decoupled."""
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0,
                 amsgrad=False, *, maximize=False, decoupled_weight_decay=False):
        not_negative(lr=lr, eps=eps, weight_decay=weight_decay)
        if not all(isinstance(beta, float) and 0 <= beta < 1 for beta in betas):
            raise ValueError(f"betas must be floats, at least 0 and below 1, got {betas}")
        super().__init__(params, {
            "lr": lr, "betas": tuple(betas), "eps": eps, "weight_decay": weight_decay,
            "amsgrad": amsgrad, "maximize": maximize,
            "decoupled_weight_decay": decoupled_weight_decay})

    def _move(self, param, grad, group):
        """Approach: add 1 to the array of the state's "step", in place; `item()` makes a number of
        it. Decay as above, but maybe decoupled. For amsgrad, np.maximum can write into the array of
        "max_exp_avg_sq"."""
        array, state, lr, betas = param._array, self.state[param], group["lr"], group["betas"]
        if not state:
            names = ["exp_avg", "exp_avg_sq", "max_exp_avg_sq"][:2 + group["amsgrad"]]
            state.update({"step": tensor(0.0)} | {name: zeros_like(param) for name in names})
        ### BEGIN SOLUTION
        state["step"]._array += 1
        scratch, decoupled = spare(array, self._scratch), group["decoupled_weight_decay"]
        grad = decay(array, grad, lr, group["weight_decay"], decoupled, spare(array, self._decayed))
        first, second = state["exp_avg"]._array, state["exp_avg_sq"]._array
        update_moments(first, second, grad, betas, scratch)
        if group["amsgrad"]:
            largest = state["max_exp_avg_sq"]._array
            second = np.maximum(largest, second, out=largest)
        adam_descend(array, first, second, state["step"].item(), lr, betas, group["eps"], scratch)
        ### END SOLUTION

class AdamW(Adam):
    """Adam, with decoupled weight decay."""
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2,
                 amsgrad=False, *, maximize=False):
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize,
                         decoupled_weight_decay=True)

    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        for group in self.param_groups:
            group["decoupled_weight_decay"] = True  # even if the state comes from an Adam

# %% [markdown]
# ### 🧪 Unit Test: Optimizers
# Each of them for three steps, against its formula, written without a thought of memory.

# %% nbgrader={"grade_id": "test-optimizers-classes", "points": 16}
def sgd_plainly(w, g, s, lr, momentum=0, dampening=0, weight_decay=0, nesterov=False, maximize=0):
    g = (-g if maximize else g) + weight_decay * w
    if momentum:
        old = s.get("momentum_buffer")
        s["momentum_buffer"] = buffer = g if old is None else momentum * old + (1 - dampening) * g
        g = g + momentum * buffer if nesterov else buffer
    return w - lr * g

def adam_plainly(w, g, s, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, amsgrad=0, coupled=1):
    (b1, b2), t = betas, s.get("step", 0) + 1
    w, g = (w, g + weight_decay * w) if coupled else (w - lr * weight_decay * w, g)
    m, v = (1 - b1) * g + b1 * s.get("exp_avg", 0), (1 - b2) * g * g + b2 * s.get("exp_avg_sq", 0)
    s.update(step=np.float32(t), exp_avg=m, exp_avg_sq=v)
    if amsgrad:
        v = s["max_exp_avg_sq"] = np.maximum(s.get("max_exp_avg_sq", 0), v)
    return w - lr * m / (1 - b1**t) / ((v / (1 - b2**t)) ** 0.5 + eps)

adamw_plainly = partial(adam_plainly, weight_decay=1e-2, coupled=0)

def test_unit_optimizers():
    rng, momentum = np.random.default_rng(8), {"lr": 0.3, "momentum": 0.9}
    for kind, rule, options in [
        (SGD, sgd_plainly, {"lr": 0.3}), (SGD, sgd_plainly, {**momentum, "dampening": 0.5}),
        (SGD, sgd_plainly, {**momentum, "nesterov": True, "weight_decay": 0.2, "maximize": True}),
        (Adam, adam_plainly, {"lr": 0.1, "betas": (0.5, 0.8), "eps": 0.2, "weight_decay": 0.5}),
        (Adam, adam_plainly, {"lr": 0.1, "betas": (0.5, 0.3), "amsgrad": True}),
        (AdamW, adamw_plainly, {"lr": 0.5}), (AdamW, adamw_plainly, {"lr": 0.1, "eps": 0.5}),
    ]:
        what, expected = f"{kind.__name__} with {options}", rng.normal(size=(2, 3, 2))
        w = [tensor(a, dtype=t, requires_grad=True) for a, t in zip(expected, ("f", "d"))]
        arrays, optimizer, plain = [p._array for p in w], kind(w, **options), ({}, {})
        for step in range(3):
            for i in range(1 if step == 0 else 2):  # at first, w[1] has no gradient
                gradient = rng.normal(size=(3, 2)) / (step + 1) ** 2
                w[i].grad = tensor(gradient, dtype=w[i].dtype)
                expected[i] = rule(expected[i], gradient, plain[i], **options)
            optimizer.step()
            for i in (0, 1):
                assert w[i]._array is arrays[i], "write into the parameter's own array"
                same(w[i], expected[i].astype(w[i].dtype), f"w[{i}], step {step + 1}, {what}")
                state = optimizer.state.get(w[i], {})
                assert list(state) == [*plain[i]], f"state of {[*plain[i]]}, got {state}, {what}"
                for name, value in plain[i].items():
                    dtype = value.dtype if name == "step" else w[i].dtype
                    same(state[name], value.astype(dtype), f"{name}, step {step + 1}, {what}")
        w[0].data = w[0].grad = tensor(np.ones(20_000, "f"))
        thrifty = kind(w[:1], **{**options, "maximize": False})
        thrifty.step()
        assert allocated(thrifty.step) < 40_000, f"a step makes new arrays, {what}"
test_unit_optimizers()

# %% [markdown]
# ## 8. Stop and go on
# A training of days will be interrupted. With its parameters alone it can't go on as if nothing had
# happened: momentum would start from rest, Adam's averages from 0. So an optimizer has a
# `state_dict`, too. But what are the keys? Tensors have no names, and tomorrow's are other objects.
# They get *numbers*, counted through all groups:
#
# ```
#    {"state":        {0: {"momentum_buffer": …}, 2: {"momentum_buffer": …}},
#     "param_groups": [{"lr": 0.1, …, "params": [0, 1]}, {"lr": 0.5, …, "params": [2]}]}
# ```
#
# That is torch's layout: its optimizers and yours can take over from each other. Loading is all or
# nothing, and it *copies*, for two optimizers with one buffer would push the same ball.

# %% nbgrader={"grade_id": "optimizers-state"}
#| export
def pack(groups, state):
    """{"state": …, "param_groups": …} as above, of an optimizer's param_groups and its state. Each
    group is a new dictionary, with "params" at its end. Parameters without a state have none here.
    Approach: begin with a dictionary from parameters to numbers. `options_of` a group is handy."""
    ### BEGIN SOLUTION
    params = [param for group in groups for param in group["params"]]
    number, packed = {param: n for n, param in enumerate(params)}, []
    for group in groups:
        packed.append({**options_of(group), "params": [number[p] for p in group["params"]]})
    return {"state": {number[p]: entries for p, entries in state.items()}, "param_groups": packed}
    ### END SOLUTION

def restored(entries, param):
    """Copies of what was saved of a parameter: tensors in its dtype, except the count of steps."""
    def copied(name, value): return tensor(value, dtype=None if name == "step" else param.dtype)
    return {name: copied(name, value) if isinstance(value, Tensor) else value
            for name, value in entries.items()}

def unpack(optimizer, state_dict):
    """The way back: replace the optimizer's state and param_groups by what was packed.
    Raises ValueError, and then nothing has changed, if there are other groups (the message has two
    lists: how many parameters each group has here, and there), or if a saved group lacks one of
    optimizer.defaults and so is of another kind of optimizer (the message has what is missing).
    Approach: `deepcopy` the saved groups. Walk over both, and over their numbers and your
    parameters, side by side, to fill a new defaultdict(dict) with what `restored` makes of the state
    under a number, if any. Numbers needn't be 0, 1, 2. The saved groups get your "params"."""
    ### BEGIN SOLUTION
    groups, saved = optimizer.param_groups, deepcopy(state_dict["param_groups"])
    here, there = ([len(group["params"]) for group in each] for each in (groups, saved))
    if here != there:
        raise ValueError(f"the optimizer has groups of {here} parameters, the state of {there}")
    state = defaultdict(dict)
    for group, old in zip(groups, saved):
        if missing := optimizer.defaults.keys() - old:
            raise ValueError(f"the state of another kind of optimizer, without {sorted(missing)}")
        for number, param in zip(old["params"], group["params"]):
            if number in state_dict["state"]:
                state[param] = restored(state_dict["state"][number], param)
        old["params"] = group["params"]
    optimizer.state, optimizer.param_groups = state, saved
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: State
# What is packed, what an optimizer with other parameters makes of it, and states that don't fit.

# %% nbgrader={"grade_id": "test-optimizers-state", "points": 11}
def test_unit_state():
    a, b, c, x, y, z = (ones(2, dtype=t) for t in "ffdffd")
    optimizer = Optimizer([{"params": [a, b], "lr": 0.1}, {"params": [c]}], {"lr": 0.5, "l": ["x"]})
    optimizer.state[c] = {"step": tensor(3.0), "sum": tensor([1.0, 2.0])}
    optimizer.state[a]["sum"] = tensor([5.0, 6.0])
    packed = optimizer.state_dict()
    groups = [{"lr": 0.1, "l": ["x"], "params": [0, 1]}, {"lr": 0.5, "l": ["x"], "params": [2]}]
    assert packed["param_groups"] == groups, f"{groups} expected, got {packed['param_groups']}"
    assert list(packed["param_groups"][1])[-1] == "params", "params comes last"
    assert packed["state"] == {0: optimizer.state[a], 2: optimizer.state[c]}, f"got {packed}"
    groups[0]["params"], groups[1]["params"] = [7, 4], [9]
    saved = {"state": {9: packed["state"][2], 7: packed["state"][0]}, "param_groups": groups}
    other = Optimizer([{"params": [x, y]}, {"params": [z], "lr": 9}], {"lr": 1, "l": []})
    old = other.state[y] = {"sum": ones(1)}
    for wrong, *parts in [(groups[:1], "[2, 1]", "[2]"), (groups[::-1], "[2, 1]", "[1, 2]"),
                          ([groups[0], {"lr": 1, "params": [9]}], "l")]:
        refuses(ValueError, lambda: other.load_state_dict({**saved, "param_groups": wrong}), *parts)
        assert other.state == {y: old}, "after a state that was refused, all should be as before"
    other.load_state_dict(saved)
    optimizer.state[a]["sum"].fill_(0)
    got, new = ([options_of(group) for group in each] for each in (other.param_groups, groups))
    assert got == new, f"the saved options should win: {new}, got {got}"
    assert got[0]["l"] is not groups[0]["l"], "options are copied, lists in them, too"
    params = [id(p) for group in other.param_groups for p in group["params"]]
    assert params == [id(x), id(y), id(z)], "its own parameters stay"
    assert set(other.state) == {x, z}, "y had no state in what was saved"
    same(other.state[x]["sum"], np.float32([5, 6]), "a copy of the state under 7, the first number")
    same(other.state[z]["sum"], np.array([1.0, 2.0]), "the state under 9, in the dtype of z")
    assert other.state[y] == {}, "who asks for a state that isn't there gets a new one"
test_unit_state()

# %% [markdown]
# ## 📊 Systems analysis
# What does an optimizer remember, and what does a step cost? The columns: bytes for each byte of
# the parameters; ns for each element of a large one, in place and with new arrays; and µs for each
# of 100 parameters of 10 elements.

# %%
def best(call):  # microseconds, the best of 20: other programs only slow us down
    return min(repeat(call, number=1, repeat=20)) * 1e6

def ready(kind, count, size, **options):
    params = [randn(size) for _ in range(count)]
    for p in params:
        p.grad = randn(size)
    return kind(params, lr=1e-3, **options), params[0]

for kind, rule, options in [(SGD, sgd_plainly, {}), (SGD, sgd_plainly, {"momentum": 0.9}),
                            (Adam, adam_plainly, {}), (AdamW, adamw_plainly, {})]:
    (large, p), (tiny, _) = (ready(kind, *sizes, **options) for sizes in [(1, 10**6), (100, 10)])
    w, g, old = p.numpy(), p.grad.numpy(), {}
    ours, plain = best(large.step), best(lambda: rule(w, g, old, 1e-3, **options))
    size, each = sum(t.nbytes for t in large.state[p].values()) / p.nbytes, best(tiny.step) / 100
    row = f"{size:4.2f}, {ours / 1000:5.2f} and {plain / 1000:5.2f}, {each:6.2f}"
    print(f"  {kind.__name__:5} {row}", *options)

# %% [markdown]
# SGD remembers nothing, momentum one number for each parameter, Adam two. So a model that is trained
# by Adam takes four times its weights, with the gradients, before the first sample comes in. Every
# operation is a trip through all elements: Adam's dozen cost several times what SGD's two do, and
# new arrays make each trip dearer. A tiny parameter costs the fixed price of these calls.
#
# What is it good for? Steps down the valley of part 1, to a loss of 1/10,000, with curvatures of 20,
# 200 and 2000, then with the same turned by 45°; at the best of many rates (inf: over 2000).

# %%
def steps(make, hessian, start, lr):
    w, losses = tensor(start), [start @ hessian @ start]
    optimizer = make([w], lr)
    while 1e-4 * losses[0] <= losses[-1] < 1e4 * losses[0] and len(losses) < 2000:
        w.grad = from_numpy(hessian @ w.numpy())
        optimizer.step()
        losses.append(w.numpy() @ hessian @ w.numpy())
    return len(losses) - 1 if losses[-1] < 1e-4 * losses[0] else np.inf

start, turn = np.array([10.0, 1.0]), np.array([[1, -1], [1, 1]]) / 2**0.5
for name, make in {"SGD": SGD, "momentum": lambda w, lr: SGD(w, lr, 0.9), "Adam": Adam}.items():
    needed = [min(steps(make, t @ np.diag([1, steep]) @ t.T, t @ start, lr)
                  for lr in 10 ** np.arange(-3.5, 0.6, 0.25))
              for t in (np.eye(2), turn) for steep in (20, 200, 2000)]
    print(f"  {name:9}", *(f"{n:5}" for n in needed))

# %% [markdown]
# SGD's steps grow as the curvature does, momentum's much slower. Adam hardly notices, as long as
# the valley lies along an axis.

# %% [markdown]
# ## 🧪 Module test
# ### 🧪 Unit Test: Optimizers together
# A network learns to multiply, in two groups, is stopped, and goes on in another one.

# %% nbgrader={"grade_id": "test-optimizers-together", "points": 8}
def test_unit_together():
    def build(kind, **options):
        net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
        weights, biases = [net[0].weight, net[2].weight], [net[0].bias, net[2].bias]
        return net, kind([{"params": weights}, {"params": biases, "weight_decay": 0}], **options)
    def train(net, optimizer, steps):
        for _ in range(steps):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(net(x), y)
            loss.backward()
            optimizer.step()
        return loss.item()
    manual_seed(5)
    x = randn(64, 2)
    y = x[:, :1] * x[:, 1:]
    for kind, options in [(SGD, {"lr": 0.1, "momentum": 0.9, "weight_decay": 1e-4}),
                          (AdamW, {"lr": 0.03, "weight_decay": 0.1})]:
        net, optimizer = build(kind, **options)
        first, _ = train(net, optimizer, 1), train(net, optimizer, 60)
        twin, resumed = build(kind, lr=7.0)
        twin.load_state_dict(net.state_dict())
        resumed.load_state_dict(pickle.loads(pickle.dumps(optimizer.state_dict())))
        last, again = train(net, optimizer, 200), train(twin, resumed, 200)
        assert last < 0.1 * first, f"{kind.__name__}: the loss fell only from {first} to {last}"
        assert last == again, f"{kind.__name__}: resumed, it should be {last}, not {again}"
    output = net(x).mean()
    optimizer.step()
    refuses(RuntimeError, output.backward)  # its weights are no longer those that it came from
test_unit_together()

# %% [markdown]
# ## 🤔 Questions to think about
# 1. You multiply the loss by 1000. What must lr be now, for SGD and for Adam, to train as before?
# 2. Turned by 45°, a valley is as easy as before for SGD. Why not for Adam? On what does it rely?
# 3. You halve lr in the middle of training, with momentum 0.9. Do steps get half as long at once?
#    And if the buffer added up lr·gradient instead, as in some frameworks?
# 4. A layer is used in every hundredth batch only. What changes for it, with Adam, if `zero_grad`
#    fills in zeros instead of None?

# %% [markdown]
# ## 🎯 Summary
# `from tinytorch import optim` gives you what trains most networks: SGD with momentum, Adam and
# AdamW, in place, in groups, ready to be interrupted. All parts of a training loop are there now.
# Module 08 puts them together: a trainer that changes lr as it goes, and survives a crash.
