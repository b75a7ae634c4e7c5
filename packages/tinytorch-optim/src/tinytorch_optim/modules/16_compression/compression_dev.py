# %% [markdown]
# # 16 · Compression
#
# A trained network has more numbers than it needs. Most of its weights can go, or half of its units; or
# all of it, once a smaller one has learnt what it says. You decide what goes, train what is left, and
# count what that is worth: zeros, bytes and time are three different things. LeCun, Denker and Solla
# (1989) called it optimal brain damage, Han et al. (2015) took out nine tenths of the weights of large
# image networks, and Hinton, Vinyals and Dean (2015) let a large network teach a small one.
#
# **Prerequisites:** modules 01 to 04, 06, 07, 09 and 14; norms; the singular value decomposition.
# **Time:** about 220 minutes, eight exercises.
#
# ```mermaid
# flowchart LR
#     L[03 Layers] & O[07 Optimizers] & V[09 Convolutions] & P[14 Profiling] --> C(16 Compression)
# ```

# %% [markdown]
# ## 🔧 Setup

# %%
#| default_exp optim.compression

# %%
#| export
from copy import deepcopy
from numbers import Integral, Real

import numpy as np
import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch import nn
from tinytorch.core import from_numpy, ones_like, rand

# %%
from tinytorch import optim
from tinytorch.core import Tensor, manual_seed, randn, tensor
from tinytorch.profiling import FlopCounterMode, latency, model_size
from tinytorch_core.digits import load_digits, split  # 1,797 images of 8×8, the data of 1986

def array_of(each): return each.detach().numpy() if isinstance(each, Tensor) else np.asarray(each)
def same(got, expected, what, atol=1e-6, dtype=None):
    got, expected = array_of(got), array_of(expected)
    assert dtype in (None, got.dtype), f"{what}: should be {np.dtype(dtype)}, not {got.dtype}"
    assert got.shape == expected.shape, f"{what}: shape {expected.shape} expected, got {got.shape}"
    close = np.allclose(got, expected, 1e-5 if atol else 0, atol)
    assert close, f"{what}: should be\n{expected}, got\n{got}"

# %%
# The network that you will compress: that of 1986, trained on the digits, right here.
x, y, x_test, y_test = map(tensor, split(*load_digits()))
x, x_test = x.reshape(-1, 64), x_test.reshape(-1, 64)
def network(units, seed=1):
    manual_seed(seed)
    return nn.Sequential(nn.Linear(64, units), nn.ReLU(), nn.Linear(units, 10))
def by_labels(output, batch): return F.cross_entropy(output, y[batch])
def learn(model, epochs, after=None, images=len(x), loss=by_labels):  # from the first `images`
    optimizer = optim.AdamW(model.parameters(), 0.01, weight_decay=0.1)
    rng = np.random.default_rng(1)
    for _ in range(epochs):
        for batch in np.array_split(rng.permutation(images), max(images // 32, 1)):
            optimizer.zero_grad()
            loss(model(x[batch]), batch).backward()
            optimizer.step()
            if after is not None:
                after.step()
    return model
def share_right(model):  # of the images that it never learnt from
    return (array_of(model(x_test)).argmax(1) == y_test.numpy()).mean()
def weights(model): return [(model[0], "weight"), (model[2], "weight")]
net = learn(network(64), 20)
print(f"{share_right(net):.1%} of {len(x_test)} new images right")

# %% [markdown]
# ## 📦 Where this code lives
# The exported cells become `tinytorch/optim/compression.py`, and you import from there. What PyTorch has
# in `torch.nn.utils.prune`, like `l1_unstructured` and `global_unstructured`, has its name and its
# rules; `KeepZeros` and all after it are ours.

# %% [markdown]
# ## 1. What matters least
# Which weight would nobody miss? Set one to 0, and the unit's sum changes by weight · input. If all
# inputs are about as loud, the **smallest |weight|** does the least harm. That knows nothing of the
# loss; but it costs nothing, and is hard to beat. For whole rows or columns, take a **norm** of their
# numbers, L1 = Σ|w| or L2 = √Σw². A **mask** says what stays:
#
# ```
#     weight            the 3 lowest      norms of rows, n = 1,   of columns, n = ∞ (the largest),
#                       go                the lowest row goes     the lowest column goes
#    2.0  -1.0   0.5      1   1   0       3.5     1  1  1         1  0  1
#   -3.0   1.0   1.0      1   1   1       5.0     1  1  1         1  0  1
#    1.0  -0.5   1.5      1   0   1       3.0     0  0  0         1  0  1
#    0.5   1.0  -2.0      0   1   1       3.5     1  1  1         1  0  1       norms 3.0  1.0  2.0
# ```
#
# How many? `amount` is a whole number, or a share from 0.0 to 1.0 of what there is, rounded as Python
# rounds: half of 5 is 2.5, so 2. Of equal scores, those that come first (row by row) go first.

# %%
#| export
def how_many(amount, size):
    """Of size things: the number itself (1 is one), or its share (1.0 is everything)."""
    if not isinstance(amount, Integral):
        return round(amount * size)
    if amount > size:
        raise ValueError(f"amount={amount}, but there are only {size} to choose from")
    return amount

def checked(amount):
    if not isinstance(amount, Real):
        raise TypeError(f"amount is a whole number or a share, not {amount!r}")
    if amount < 0 or (amount > 1 and not isinstance(amount, Integral)):
        raise ValueError(f"amount={amount} is no share from 0.0 to 1.0, and no number of things")
    return amount

class BasePruningMethod:
    """Chooses what to prune. A subclass says how, in compute_mask(t, default_mask)."""
    PRUNING_TYPE = "unstructured"
    @classmethod
    def apply(cls, module, name, *args, importance_scores=None, **kwargs):
        method = cls(*args, **kwargs)
        put_mask(module, name, method, importance_scores)  # part 2
        return method

# %% nbgrader={"grade_id": "compression-lowest"}
#| export
def without_lowest(scores, count):
    """An array like scores (shape, dtype) of ones, and 0 in place of the `count` lowest scores.
    Approach: fill a mask of one dimension, then reshape. np.argsort with axis=None sorts as if there
    were one dimension, and kind="stable" keeps the order of equals."""
    ### BEGIN SOLUTION
    mask = np.ones(scores.size, scores.dtype)
    mask[np.argsort(scores, axis=None, kind="stable")[:count]] = 0
    return mask.reshape(scores.shape)
    ### END SOLUTION

class L1Unstructured(BasePruningMethod):
    def __init__(self, amount): self.amount = checked(amount)
    def compute_mask(self, t, default_mask):
        """default_mask, and besides 0 where |t| is lowest: self.amount of all that t has. Both are
        tensors of one shape and dtype, and so is the result, a new one. (Tensor times array works.)"""
        ### BEGIN SOLUTION
        lowest = without_lowest(np.abs(t.numpy()), how_many(self.amount, t.numel()))
        return default_mask * lowest
        ### END SOLUTION
class RandomUnstructured(L1Unstructured):  # what any rule has to beat
    def compute_mask(self, t, default_mask):
        return super().compute_mask(rand(t.shape, dtype=t.dtype), default_mask)

class LnStructured(BasePruningMethod):
    PRUNING_TYPE = "structured"
    def __init__(self, amount, n, dim=-1): self.amount, self.n, self.dim = checked(amount), n, dim
    def compute_mask(self, t, default_mask):
        """The same for slices of t along self.dim (which may be negative), the lowest by their n-norm.
        Approach: np.moveaxis brings dim to the front, the other axes become one, and np.linalg.norm
        takes n. The mask of the norms, in a shape with -1 at dim and 1 elsewhere, broadcasts."""
        if t.ndim < 2:
            raise ValueError(f"{t.shape} has no slices: structured pruning needs two dimensions")
        ### BEGIN SOLUTION
        slices = np.moveaxis(t.numpy(), self.dim, 0).reshape(t.shape[self.dim], -1)
        norms = np.linalg.norm(slices, self.n, axis=1)
        lowest = without_lowest(norms, how_many(self.amount, len(norms)))
        shape = [1] * t.ndim
        shape[self.dim] = -1
        return default_mask * lowest.reshape(shape)
        ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Lowest

# %% nbgrader={"grade_id": "test-compression-lowest", "points": 14}
TABLE = np.array([[2, -1, 0.5], [-3, 1, 1], [1, -0.5, 1.5], [0.5, 1, -2]], "f")
def test_unit_lowest():
    expected = np.array([[1, 1, 0], [1, 1, 1], [1, 0, 1], [0, 1, 1]])
    same(without_lowest(np.abs(TABLE), 3), expected, "without the 3 lowest", dtype="f")
    same(without_lowest(np.array([2.0, 1, 1, 1, 0]), 3), [1, 0, 0, 1, 0], "equal scores", dtype="d")
    many = without_lowest(np.arange(100) % 2, 30)
    same(np.flatnonzero(many == 0), np.arange(0, 60, 2), "of many equal ones, the first")
    old = ones_like(tensor(TABLE))
    old[1, 0] = 0
    got = L1Unstructured(0.25).compute_mask(tensor(TABLE), old)
    same(got, expected * old.numpy(), "a quarter of it, besides what was masked", dtype="f")
    assert old.numpy().sum() == 11, "the old mask should stay as it was"
    for amount, n, dim, expected in [
        (1, 1, 0, [[1], [1], [0], [1]]), (0.5, 1, 0, [[0], [1], [0], [1]]),
        (1, np.inf, 1, [[1, 0, 1]]), (2, np.inf, -1, [[1, 0, 0]])]:
        got = LnStructured(amount, n, dim).compute_mask(tensor(TABLE), old)
        same(got, expected * old.numpy(), f"without {amount} along {dim}, {n=}", dtype="f")
    images = np.random.default_rng(0).normal(size=(3, 4, 2))
    norms = np.sqrt(np.square(images).sum((0, 2)))
    got = LnStructured(2, 2, 1).compute_mask(tensor(images), torch.ones(3, 4, 2, dtype=torch.float64))
    same(got, 0 * images + (norms > np.sort(norms)[1])[:, None], "along dimension 1 of 3", dtype="d")
test_unit_lowest()

# %% [markdown]
# ## 2. Masks that stay
# Whoever prunes wants to train on, and to prune more later. So the mask is kept beside the parameter: a
# buffer `weight_mask` for a parameter `weight`. Then `state_dict`, `deepcopy` and files know of it.
#
# A second amount means *of what is left*: a method gets to see only a part of scores and mask. Its
# PRUNING_TYPE says which:
#
# ```
#    scores          mask         unstructured:        structured, dim 0: slices      global:
#    5  1  4        1 1 0         [5 1 2 9]            in which anything is left      all
#    0  0  0        0 0 0         where the mask       [[5 1 4]
#    2  9  3        1 1 0         isn't 0, in a row     [2 9 3]]
# ```

# %% nbgrader={"grade_id": "compression-masks"}
#| export
def mask_of(module, name): return getattr(module, f"{name}_mask", None)
def further(method, scores, mask):
    """A new mask (all are tensors): 0 also where method wants it, which gets the parts above of both.
    Approach: `left` is an index. Booleans (mask.numpy() != 0); for slices, a tuple of slice(None) for
    each dimension before dim, which may be negative, then booleans, `any` over all other axes; for
    global, an index that takes everything. Write what compute_mask gives into a clone of the mask."""
    scores, new, left = scores.detach(), mask.clone(), mask.numpy() != 0
    ### BEGIN SOLUTION
    if method.PRUNING_TYPE == "structured":
        dim = method.dim % mask.ndim
        others = tuple(axis for axis in range(mask.ndim) if axis != dim)
        left = (slice(None),) * dim + (left.any(others),)
    elif method.PRUNING_TYPE == "global":
        left = ...
    new[left] = method.compute_mask(scores[left], mask[left])
    ### END SOLUTION
    return new

def put_mask(module, name, method, scores=None):
    """Prune a parameter: register its mask as a buffer, and multiply it by that in place (`mul_`), since
    an optimizer knows this very tensor. Approach: the mask is what compute_mask makes of the scores and
    of ones, or, if there is one already (`mask_of`), what `further` makes of it."""
    parameter = getattr(module, name).detach()
    scores = parameter if scores is None else scores.detach().to(parameter.dtype)
    assert scores.shape == parameter.shape, f"scores {scores.shape} for {name} {parameter.shape}"
    ### BEGIN SOLUTION
    mask = mask_of(module, name)
    if mask is None:
        mask = method.compute_mask(scores, ones_like(parameter))
    else:
        mask = further(method, scores, mask)
    module.register_buffer(f"{name}_mask", mask)
    parameter.mul_(mask)
    ### END SOLUTION
    return module

# %%
#| export
class CustomFromMask(BasePruningMethod):
    PRUNING_TYPE = "global"
    def __init__(self, mask): self.mask = mask
    def compute_mask(self, t, default_mask):
        assert self.mask.shape == t.shape, f"a mask {self.mask.shape} for {t.shape}"
        return default_mask * self.mask.to(default_mask.dtype)
def l1_unstructured(module, name, amount, importance_scores=None):
    return put_mask(module, name, L1Unstructured(amount), importance_scores)
def random_unstructured(module, name, amount):
    return put_mask(module, name, RandomUnstructured(amount))
def ln_structured(module, name, amount, n, dim, importance_scores=None):
    return put_mask(module, name, LnStructured(amount, n, dim), importance_scores)
def custom_from_mask(module, name, mask): return put_mask(module, name, CustomFromMask(mask))

def global_unstructured(parameters, pruning_method, importance_scores=None, **kwargs):
    """Prune [(module, name), …] by one ranking: the same share of each is too much for one with few
    weights, or too little for another. So all scores stand in one row, which is pruned, and the mask is
    cut into pieces. importance_scores: {(module, name): scores}, for those judged by others."""
    pairs, given, method = list(parameters), importance_scores or {}, pruning_method(**kwargs)
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(f"{pruning_method.__name__} isn't unstructured: it can't rank single weights")
    scores, masks, start = [], [], 0
    for module, name in pairs:
        parameter = getattr(module, name)
        scores.append(given.get((module, name), parameter).detach().reshape(-1))
        masks.append(getattr(module, f"{name}_mask", ones_like(parameter)).reshape(-1))
    mask = further(method, torch.cat(scores), torch.cat(masks))
    for (module, name), row in zip(pairs, scores):
        piece, start = mask[start:start + len(row)], start + len(row)
        custom_from_mask(module, name, piece.reshape(getattr(module, name).shape))
def masked(model):  # (module, name, parameter, mask) of all parameters in a tree that have a mask
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if mask_of(module, name) is not None:
                yield module, name, parameter, mask_of(module, name)
def is_pruned(module): return any(True for _ in masked(module))
def remove(module, name):  # forget the mask; the zeros stay
    if mask_of(module, name) is None:
        raise ValueError(f"{name} of {module} has no mask: prune it before you remove that")
    getattr(module, name).detach().mul_(mask_of(module, name))
    delattr(module, f"{name}_mask")
    return module

# %% [markdown]
# ### 🧪 Unit Test: Masks

# %% nbgrader={"grade_id": "test-compression-masks", "points": 16}
def test_unit_masks():
    scores = tensor([[5.0, 1, 4], [0, 0, 0], [2, 9, 3]])
    mask = tensor([[1.0, 1, 0], [0, 0, 0], [1, 1, 0]])
    for method, expected in [
        (L1Unstructured(0.5), [[1, 0, 0], [0, 0, 0], [0, 1, 0]]),
        (LnStructured(0.5, 1, 0), [[0, 0, 0], [0, 0, 0], [1, 1, 0]]),
        (LnStructured(1, 2, -1), [[0, 1, 0], [0, 0, 0], [0, 1, 0]]),
        (CustomFromMask(tensor([[1, 0, 1]] * 3)), [[1, 0, 0], [0, 0, 0], [1, 0, 0]])]:
        what, old = f"{type(method).__name__} with {vars(method)}", mask.tolist()
        same(further(method, scores.requires_grad_(), mask), expected, what, dtype="f")
        assert mask.tolist() == old, f"the old mask should stay as it was, {what}"
    conv = nn.Conv2d(2, 3, 3).double()
    weight, before = conv.weight, array_of(conv.weight).copy()
    assert ln_structured(conv, "weight", 1, 1, 1) is conv, "these functions return the module"
    l1_unstructured(conv, "weight", 0.5)
    l1_unstructured(conv, "weight", 4)
    expected = (np.arange(2) == np.abs(before).sum((0, 2, 3)).argmax()).reshape(1, 2, 1, 1) * before
    expected[np.abs(expected) < np.sort(np.abs(expected), None)[-9]] = 0
    same(conv.weight_mask, expected != 0, "27 of 54 without an input; 14 fewer; then 4 fewer", dtype="d")
    same(weight, expected, "a parameter is multiplied by its mask", 0, "d")
    assert conv.weight is weight and weight.requires_grad, "it is the same parameter as before"
    assert [*dict(conv.named_buffers())] == ["weight_mask"], "the mask is the only buffer"
    l1_unstructured(conv, "bias", 1, importance_scores=tensor([3.0, -1, 2], requires_grad=True))
    same(conv.bias_mask, [1, 0, 1], "scores that are given count, not the bias")
    assert is_pruned(nn.Sequential(conv)), "weight and bias have masks"
    remove(remove(conv, "weight"), "bias")
    same(weight, expected, "zeros stay when a mask is removed", 0)
test_unit_masks()

# %% [markdown]
# ## 3. Training with zeros
# What is left can learn to do without the rest. But an optimizer moves every weight that has a gradient,
# and momentum even without. So after each step, multiply by the masks once more. Do the others notice?
# SGD and Adam treat each number on its own, so no: they go where they would have gone if the mask stood
# in front of the layer, as it does in torch, where the weight is computed anew in each pass.
#
# Better than one cut are many small ones, with training in between: weights are judged again when others
# have taken over. Zhu and Gupta (2017) cut much while there is much, and ever less:
#
# ```
#    share(t) = amount · (1 - (1 - t/steps)³)        t/steps     0   1/4    1/2    3/4    1, and after
#                                                    of amount   0   0.578  0.875  0.984  1
# ```

# %% nbgrader={"grade_id": "compression-training"}
#| export
class KeepZeros:
    """Puts zeros back: step() comes after the optimizer's. (A Trainer takes it as a scheduler.)"""
    def __init__(self, model): self.model = model
    def step(self):
        """Multiply all parameters that have a mask by it, in place. `masked` finds them."""
        ### BEGIN SOLUTION
        for _, _, parameter, mask in masked(self.model):
            parameter.detach().mul_(mask)
        ### END SOLUTION
    def state_dict(self): return {}  # the masks are in the model's
    def load_state_dict(self, state_dict): pass
class GradualPruning:
    """Prunes the share `amount` of parameters [(module, name), …], by one ranking, within `steps` steps,
    and keeps at 0 what is pruned. To be called as KeepZeros is."""
    def __init__(self, parameters, amount, steps, pruning_method=L1Unstructured):
        if not 0 <= amount <= 1:
            raise ValueError(f"amount={amount}: the share to be gone in the end is from 0.0 to 1.0")
        self.parameters, self.amount, self.steps = list(parameters), amount, steps
        self.method, self.done = pruning_method, 0
        for module, name in self.parameters:  # so that states always have the same names
            custom_from_mask(module, name, ones_like(getattr(module, name)))
    def step(self):
        """Count the step in `done`. If less of all numbers is gone than the share says (how_many), then
        prune what is missing. Approach: count zeros in the masks. global_unstructured multiplies by
        the masks even if it has nothing to add."""
        ### BEGIN SOLUTION
        self.done += 1
        share = self.amount * (1 - (1 - min(self.done / self.steps, 1.0)) ** 3)
        masks = [mask_of(module, name).numpy() for module, name in self.parameters]
        gone = sum((mask == 0).sum() for mask in masks)
        missing = how_many(share, sum(mask.size for mask in masks)) - gone
        global_unstructured(self.parameters, self.method, amount=max(missing, 0))
        ### END SOLUTION
    def state_dict(self): return {"done": self.done}
    def load_state_dict(self, state_dict): self.done = state_dict["done"]

# %% [markdown]
# ### 🧪 Unit Test: Training

# %% nbgrader={"grade_id": "test-compression-training", "points": 13}
def test_unit_training():
    images = x[:50]
    for kind, options in (optim.SGD, {"lr": 0.1, "momentum": 0.9}), (optim.AdamW, {"lr": 0.05}):
        model, twin = network(8), network(8)  # the twin has no masks; its forward is written here
        global_unstructured(weights(model), L1Unstructured, amount=0.6)
        masks, keep = [model[i].weight_mask for i in (0, 2)], KeepZeros(model)
        first, second = kind(model.parameters(), **options), kind(twin.parameters(), **options)
        for _ in range(5):
            first.zero_grad(), second.zero_grad()
            F.cross_entropy(model(images), y[:50]).backward()
            hidden = torch.relu(F.linear(images, twin[0].weight * masks[0], twin[0].bias))
            F.cross_entropy(F.linear(hidden, twin[2].weight * masks[1], twin[2].bias), y[:50]).backward()
            first.step(), second.step(), keep.step()
            for i, mask in zip((0, 2), masks):
                what = f"layer {i} with {kind.__name__}, as if the mask stood in front of it"
                same(model[i].weight, array_of(twin[i].weight) * mask.numpy(), what, 1e-5)
    for amount, steps in (0.8, 5), (1.0, 1):
        model = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 3))
        prune = GradualPruning(iter(weights(model)), amount, steps)
        for done in range(1, steps + 3):
            prune.step()
            wanted = round(amount * (1 - max(1 - done / steps, 0) ** 3) * 56)
            gone = sum((array_of(model[i].weight) == 0).sum() for i in (0, 2))
            assert gone == wanted, f"step {done} of {steps}: {wanted} of 56 weights are gone, not {gone}"
            for layer in (model[0], model[2]):  # an optimizer would: what is gone moves, and moves most
                layer.weight.detach().add_(10 * (1 - layer.weight_mask))
    many = l1_unstructured(nn.Linear(5, 4), "weight", 0.9)
    GradualPruning([(many, "weight")], 0.5, 2).step()
    assert (array_of(many.weight) == 0).sum() == 18, "more is gone already: nothing comes back"
test_unit_training()

# %% [markdown]
# ## 4. Bytes
# A zero in an array takes four bytes, as any number does. It costs less only if you leave it out, and
# then you have to say where it was. The plainest way: one **bit** for each place, and the other values.
#
# ```
#    0  0  3  0  0  -1  0  0        bits 0 0 1 0 0 1 0 0 = 36, values 3 and -1
#    8 · 4 = 32 bytes               1 + 2 · 4 = 9 bytes, and 8 for the shape (8,)
# ```
#
# The bits take 1/32 of the array, so this pays once a few more than one in 32 are 0, and loses nothing.

# %% nbgrader={"grade_id": "compression-bytes"}
#| export
def sparsity(tensors):  # the share of zeros among all their numbers
    arrays = [each.detach().numpy() for each in tensors]
    return 1 - sum(map(np.count_nonzero, arrays)) / sum(array.size for array in arrays)
def pack(state_dict):
    """{name: array} of a state_dict, ready for np.savez. A tensor stands under its name, or, if all
    three together have fewer bytes, as "name:bits", "name:values" and "name:shape".
    Approach: np.packbits of what isn't 0, those values, np.int64(array.shape)."""
    packed = {}
    for name, each in state_dict.items():
        array = each.detach().numpy()
        ### BEGIN SOLUTION
        there = array != 0
        parts = {f"{name}:bits": np.packbits(there), f"{name}:values": array[there],
                 f"{name}:shape": np.int64(array.shape)}
        if sum(part.nbytes for part in parts.values()) >= array.nbytes:
            parts = {name: array}
        packed |= parts
        ### END SOLUTION
    return packed

def unpack(packed):
    """The state that was packed (or what np.load opens, if it was saved): {name: Tensor}, same dtypes.
    Approach: np.unpackbits has a count, and gives 0 and 1 of uint8. Where there was a value, write."""
    state = {}
    for key in packed:
        name, _, part = key.partition(":")  # part: "bits", "values", "shape", or "" for a whole array
        ### BEGIN SOLUTION
        if not part:
            state[name] = from_numpy(packed[key])
        elif part == "shape":
            array = np.zeros(packed[key], packed[f"{name}:values"].dtype)
            there = np.unpackbits(packed[f"{name}:bits"], count=array.size)
            array[there.reshape(array.shape) == 1] = packed[f"{name}:values"]
            state[name] = from_numpy(array)
        ### END SOLUTION
    return state

# %% [markdown]
# ### 🧪 Unit Test: Bytes

# %% nbgrader={"grade_id": "test-compression-bytes", "points": 12}
def test_unit_bytes():
    packed = pack({"row": tensor([0.0, 0, 3, 0, 0, -1, 0, 0])})
    assert sorted(packed) == ["row:bits", "row:shape", "row:values"], f"three parts, not {[*packed]}"
    for part, expected, dtype in ("bits", [36], "u1"), ("values", [3, -1], "f"), ("shape", [8], "i8"):
        same(packed[f"row:{part}"], expected, part, dtype=dtype)
    for ones, whole in (21, False), (22, True):  # of 25: 4 + 4·ones + 8 bytes instead of 100
        row = pack({"row": tensor(np.float32(np.arange(25) < ones))})
        assert ("row" in row) == whole, f"{ones} ones of 25: packed only if that saves bytes: {[*row]}"
    random = np.random.default_rng(5)
    state = {f"{dtype} {share}": tensor(((random.random((6, 5, 3)) > share) * 9.5).astype(dtype))
             for dtype in ("int8", "float32", "float64") for share in (0.02, 0.5, 0.95, 1.0)}
    state |= {"count": tensor(7), "none": tensor(0)}
    back = unpack(pack(state))
    assert [*back] == [*state], f"all names, in their order: {[*state]}, got {[*back]}"
    for name, expected in state.items():
        same(back[name], expected, name, 0, expected.dtype)
test_unit_bytes()

# %% [markdown]
# ## 5. A unit falls silent
# Zeros here and there don't make a product faster: BLAS multiplies them like everything else. What can
# be *taken out* is a whole unit: its row, its bias, its column in the next layer, which listens to it.
#
# ```
#     first.weight (3, 6)     bias         second.weight (2, 3)
#     unit 0  ■ ■ ■ ■ ■ ■      ■           ■  ·  ■
#     unit 1  · · · · · ·      ·           ■  ·  ■
#     unit 2  ■ ■ ■ ■ ■ ■      ■              ╰─ the column of unit 1 is multiplied by 0 only
# ```
#
# When may it go? A row of zeros isn't enough: the unit then says relu(bias), always. It is **silent** if
# row and bias are 0 and 0 stays 0 on the way to the next layer: with relu, tanh, gelu, pools, dropout,
# not with sigmoid. In a convolution, a unit is an output channel, all of weight[i]. And a batch norm
# behind it has the last word: it says weight · z + bias, so the unit is silent if those two are 0.

# %% nbgrader={"grade_id": "compression-units"}
#| export
SIZES = {nn.Linear: ("out_features", "in_features"), nn.Conv2d: ("out_channels", "in_channels"),
         nn.BatchNorm2d: ("num_features",)}
ZERO_STAYS = nn.ReLU, nn.Tanh, nn.GELU, nn.Identity, nn.Dropout, nn.Flatten, nn.MaxPool2d, nn.AvgPool2d
def hidden_layers(model):  # each Linear or Conv2d but the last: (layer, the BatchNorm2d behind, or None)
    found, odd, kinds = [], [], {*map(type, model)}
    if {nn.Conv2d, nn.Linear} <= kinds and nn.Flatten not in kinds:
        raise ValueError(f"there is no Flatten between Conv2d and Linear: {model}")
    for module in model:
        if type(module) in (nn.Linear, nn.Conv2d):
            if odd or getattr(module, "groups", 1) != 1:
                raise ValueError(f"units can't be taken out on both sides of {[*odd, module][0]}")
            found.append((module, None))
        elif type(module) is nn.BatchNorm2d and found:
            found[-1] = found[-1][0], module
        elif not isinstance(module, ZERO_STAYS):
            odd.append(module)
    return found[:-1]

def silent(layer, norm=None):
    """A bool for each unit of a layer: is it silent? Mind that norm.weight is None if a norm has no
    parameters, and then nobody is; and that layers and norms may have a weight and no bias.
    Approach: who has the last word? `any` tells of each row of its weight whether it speaks."""
    ### BEGIN SOLUTION
    last = layer if norm is None else norm
    if last.weight is None:
        return np.zeros(len(layer.weight), bool)
    weight = last.weight.detach().numpy()
    speaks = weight.reshape(len(weight), -1).any(1)
    if last.bias is not None:
        speaks |= last.bias.detach().numpy() != 0
    return ~speaks
    ### END SOLUTION

def prune_units(model, amount, n=2):
    """Silence units of a Sequential, by masks: in each of hidden_layers, those with the lowest n-norm.
    Approach: ln_structured, dim 0. A unit whose whole mask is 0 gets 0 in three more masks, if there
    are such parameters: of layer.bias, norm.weight and norm.bias. custom_from_mask makes them."""
    ### BEGIN SOLUTION
    for layer, norm in hidden_layers(model):
        ln_structured(layer, "weight", amount, n, dim=0)
        mask = layer.weight_mask.numpy()
        lives = from_numpy(mask.reshape(len(mask), -1).max(1))
        for module, name in (layer, "bias"), (norm, "weight"), (norm, "bias"):
            if getattr(module, name, None) is not None:
                custom_from_mask(module, name, lives)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Units

# %% nbgrader={"grade_id": "test-compression-units", "points": 12}
def test_unit_units():
    def check(what, got, wanted):
        got = np.asarray(got).astype(int).tolist()
        assert got == wanted, f"{what}: {wanted} expected, got {got}"
    linear, conv, norm = nn.Linear(4, 3), nn.Conv2d(2, 3, 2, bias=False), nn.BatchNorm2d(3)
    for each in (linear.weight, linear.bias, conv.weight, norm.weight, norm.bias):
        each.detach().zero_()
    linear.weight.detach()[0, 3], linear.bias.detach()[2], conv.weight.detach()[1, 1, 1, 1] = 1, -1, 2
    norm.weight.detach()[1], norm.bias.detach()[2] = 1, 1
    for what, got, wanted in [
        ("a number in row 0, a bias of unit 2", silent(linear), [0, 1, 0]),
        ("a number in filter 1", silent(conv), [1, 0, 1]),
        ("a norm with weight 1 and bias 2", silent(conv, norm), [1, 0, 0]),
        ("a norm without a bias", silent(conv, nn.BatchNorm2d(3, bias=False)), [0, 0, 0]),
        ("without parameters", silent(conv, nn.BatchNorm2d(3, affine=False)), [0, 0, 0])]:
        check(f"silent units, {what}", 1 - ~got, wanted)
    model = nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 6, 2, bias=False),
                          nn.Flatten(), nn.Linear(24, 5), nn.Tanh(), nn.Linear(5, 3), nn.Sigmoid())
    norms, last = np.square(array_of(model[2].weight)).sum((1, 2, 3)), array_of(model[6].weight).copy()
    for amount, gone in (0.5, [2, 3, 2]), (1, [3, 4, 3]):  # a half of 4, 6 and 5 units; then one more
        prune_units(model, amount)
        quiet = silent(model[0], model[1]), silent(model[2]), silent(model[4])
        check(f"how many are silent, {amount=}", [each.sum() for each in quiet], gone)
    check("the lowest norms, n=2", quiet[1], (norms <= sorted(norms)[3]).astype(int).tolist())
    same(model[6].weight, last, "the last layer stays", 0)
    names = " ".join(name for name, _ in model.named_buffers() if name.endswith("_mask"))
    assert names == ("0.weight_mask 0.bias_mask 1.weight_mask 1.bias_mask 2.weight_mask 4.weight_mask "
                     "4.bias_mask"), f"masks of all that a unit has: {names}"
test_unit_units()

# %% [markdown]
# ## 6. A smaller network
# Now take them out for good. A layer keeps some of its outputs, always the *first* dimension, of weight,
# bias, and all that a norm has; and some of its inputs, the *second*, if there is one. Walk through the
# network with `left`, which of the `before` channels are left. Behind a Flatten, a Linear has many
# features for each channel, its pixels, one after the other:
#
# ```
#    before = 3 channels, left = [0, 2], then a Linear with in_features 12
#
#    np.arange(12) as a table, a row for each channel        rows [0, 2], one after the other
#    0  1  2  3                                              0  1  2  3  8  9  10  11
#    4  5  6  7                                              are the columns to keep
#    8  9 10 11
# ```
#
# Otherwise, the table has one column. The first layer keeps all: as if one channel came, and is left.

# %% nbgrader={"grade_id": "compression-shrink"}
#| export
def taken(layer, outputs, inputs=()):
    """A copy of a layer or a norm with these outputs and inputs only, arrays of places.
    Approach: `each.data = each.data[outputs]` for all parameters and buffers that have a first
    dimension, and `[:, inputs]` for a second one. The attributes named in SIZES, outputs first."""
    layer = deepcopy(layer)
    ### BEGIN SOLUTION
    for each in [*layer.parameters(), *layer.buffers()]:
        if each.ndim > 0:
            each.data = each.data[outputs]
        if each.ndim > 1:
            each.data = each.data[:, inputs]
    for name, places in zip(SIZES[type(layer)], (outputs, inputs)):
        setattr(layer, name, len(places))
    return layer
    ### END SOLUTION

def shrink(model):
    """A new Sequential without this one's silent units (one stays, if all are), which computes the same.
    Approach: SIZES.get(type(module), ()) has two names for a layer, one for a norm, none for the rest,
    which is copied. Columns as above, rows from keep; the last layer isn't in it, and keeps all."""
    keep, left, before, modules = {}, [0], 1, []
    for layer, norm in hidden_layers(model):
        speaking = np.flatnonzero(~silent(layer, norm))
        keep[layer] = speaking if len(speaking) else np.array([0])
    for module in model:
        ### BEGIN SOLUTION
        names = SIZES.get(type(module), ())
        if len(names) == 2:
            outputs, inputs = (getattr(module, name) for name in names)
            columns = np.arange(inputs).reshape(before, -1)[left].reshape(-1)
            before, left = outputs, keep.get(module, np.arange(outputs))
            modules.append(taken(module, left, columns))
        elif names:
            modules.append(taken(module, left))
        else:
            modules.append(deepcopy(module))
        ### END SOLUTION
    return nn.Sequential(*modules).train(model.training)

# %% [markdown]
# ### 🧪 Unit Test: Shrink
# Sums of whole numbers are exact in any order: so are the logits.

# %% nbgrader={"grade_id": "test-compression-shrink", "points": 13}
def test_unit_shrink():
    (norm := nn.BatchNorm2d(3, affine=False))(randn(4, 3, 2, 2))
    small = taken(norm, np.array([1]))
    same(small.running_mean, norm.running_mean.numpy()[[1]], "a norm's buffers", 0)
    assert (small.num_features, small.num_batches_tracked.item()) == (1, 1), f"one channel: {small}"
    model = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(4, 6, 2), nn.Flatten(), nn.Dropout(0.5), nn.Linear(24, 5), nn.ReLU(), nn.Linear(5, 3))
    rng = np.random.default_rng(2)
    for each in model.parameters():
        each.data = tensor(rng.integers(1, 5, each.shape) * rng.choice([-1, 1], each.shape), dtype="f")
    model[1].running_var.fill_(1 - model[1].eps)
    l1_unstructured(model[7], "weight", 0.3)
    prune_units(model.eval(), 0.5)
    images = tensor(rng.integers(-3, 4, (5, 2, 6, 6)).astype("f"))
    small, logits = shrink(model), array_of(model(images))
    sizes = [tuple(getattr(module, n) for n in SIZES.get(type(module), ())) for module in small]
    wanted = [(2, 2), (2,), (), (), (3, 2), (), (), (3, 12), (), (3, 3)]
    assert sizes == wanted, f"2 of 4, 3 of 6 and 3 of 5 units are left: {wanted}, not {sizes}"
    same(small(images), logits, "the very same logits", 0)
    assert len(np.unique(logits)) > 3 and not small[6].training, "in the mode of the model"
    same(model(images), logits, "the model itself, which stays as it was", 0)
    same(shrink(small)(images), logits, "nothing more to take out", 0)
    assert small[7].weight_mask.shape == (3, 12), "masks shrink with their parameters"
    assert small[2] is not model[2], "nothing is shared"
test_unit_shrink()

# %% [markdown]
# ## 7. Low rank
# Another way to need fewer numbers: a product of two narrow matrices, r·(m + n) of them instead of m·n.
#
# ```
#     W (m, n)  ≈  left (m, r) · right (r, n)        W = U · diag(σ) · Vᵀ,  σ₁ ≥ σ₂ ≥ … ≥ 0
# ```
#
# That is the singular value decomposition. Cut its sum Σ σᵢ uᵢ vᵢᵀ after r terms, and nothing of rank r
# is nearer to W (Eckart and Young, 1936): what is left out is the error, √(σ²ᵣ₊₁ + … + σ²). With σ = 4
# and 3, W has the norm 5, and rank 1 is off by 3. Give √σ to either side, which makes both equally loud.
#
# A Linear becomes two, with nothing in between: right first, for x · Wᵀ = (x · rightᵀ) · leftᵀ.

# %% nbgrader={"grade_id": "compression-rank"}
#| export
def low_rank(matrix, rank):
    """(left, right), arrays (m, rank) and (rank, n), whose product is as near to matrix as can be.
    Approach: np.linalg.svd with full_matrices=False gives U, σ and Vᵀ."""
    ### BEGIN SOLUTION
    u, sigma, vt = np.linalg.svd(matrix, full_matrices=False)
    root = np.sqrt(sigma[:rank])
    return u[:, :rank] * root, root[:, None] * vt[:rank]
    ### END SOLUTION

def rank_for(matrix, error):  # the lowest rank that is off by at most this share of the matrix's norm
    squares = np.square(np.linalg.svd(matrix, compute_uv=False).astype(np.float64))
    off = np.append(np.cumsum(squares[::-1])[::-1], 0)
    return int(np.argmax(off <= error**2 * off[0]))
def factorize(linear, rank):
    """A Sequential of two Linear layers in place of one, in its dtype; the bias is the second's, if
    there is one. Approach: make both, `to` the dtype, and load a state: 0.weight, 1.weight, 1.bias."""
    ### BEGIN SOLUTION
    left, right = map(from_numpy, low_rank(linear.weight.detach().numpy(), rank))
    first = nn.Linear(linear.in_features, rank, bias=False)
    second = nn.Linear(rank, linear.out_features, linear.bias is not None)
    pair = nn.Sequential(first, second).to(linear.weight.dtype)
    biases = {} if linear.bias is None else {"1.bias": linear.bias}
    pair.load_state_dict({"0.weight": right, "1.weight": left, **biases})
    return pair
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Rank

# %% nbgrader={"grade_id": "test-compression-rank", "points": 10}
def test_unit_rank():
    for shape in (7, 5), (5, 7), (6, 6):
        matrix = np.random.default_rng(6).normal(size=shape)
        sigma = np.linalg.svd(matrix)[1]
        for rank in range(1, 6):
            left, right = low_rank(matrix, rank)
            off, least = np.linalg.norm(left @ right - matrix), np.sqrt((sigma[rank:] ** 2).sum())
            assert abs(off - least) < 1e-9, f"rank {rank} of {shape} is off by {off}, could be {least}"
            for gram in left.T @ left, right @ right.T:
                same(gram, np.diag(sigma[:rank]), "narrow, and √σ on either side")
    for bias, kind in (True, "double"), (False, "float"):
        linear = getattr(nn.Linear(6, 4, bias), kind)()
        inputs = randn(3, 2, 6, dtype=linear.weight.dtype)
        pair, (right, left) = factorize(linear, 4), factorize(linear, 2)
        same(pair(inputs), linear(inputs), f"with its full rank, {bias=}", dtype=inputs.dtype)
        assert [*pair.state_dict()] == ["0.weight", "1.weight"] + ["1.bias"] * bias, f"one bias: {pair}"
        wanted = np.matmul(*low_rank(array_of(linear.weight), 2))
        same(array_of(left.weight) @ array_of(right.weight), wanted, "through 2 features")
test_unit_rank()

# %% [markdown]
# ## 8. A teacher
# A small network can also learn from a large one, and that tells more than labels do: not just "7", but
# "7, it could be a 1, and it's no 8". Divide its logits by a **temperature** T before softmax to see it:
#
# ```
#    logits (5, 2, 0)      T = 1:  0.946  0.047  0.006      T = 4:  0.568  0.269  0.163
# ```
#
# The pupil's answer q at this temperature should be near to the teacher's, p. For one sample, they are
# apart by KL = Σ p·(log p - log q). Its gradient for our logits is (q - p)/T, and q - p itself shrinks
# about as 1/T, so Hinton multiplies by **T²**: then T changes what is learnt, not how fast. That has a
# share `alpha` in the loss; the rest is cross-entropy with the labels, at T = 1.

# %% nbgrader={"grade_id": "compression-distillation"}
#| export
def distillation_loss(input, teacher, target, temperature=2.0, alpha=0.9):
    """alpha · T² · mean of KL + (1 - alpha) · cross-entropy, for logits input and teacher (N, classes).
    Nothing flows back to the teacher. Approach: `F.log_softmax` of both along dim 1; p is its exp."""
    ### BEGIN SOLUTION
    log_p = F.log_softmax(teacher.detach() / temperature, 1)
    log_q = F.log_softmax(input / temperature, 1)
    divergence = (torch.exp(log_p) * (log_p - log_q)).sum() / len(input)
    return alpha * temperature**2 * divergence + (1 - alpha) * F.cross_entropy(input, target)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Distillation

# %% nbgrader={"grade_id": "test-compression-distillation", "points": 6}
def test_unit_distillation():
    labels = np.array([1, 0, 3])
    for temperature, alpha in (1.0, 1.0), (4.0, 1.0), (3.0, 0.3), (2.0, 0.0), (2.0, 0.9):
        options = () if alpha == 0.9 else (temperature, alpha)  # 2.0 and 0.9, unless you say more
        ours, teacher = (2 * randn(3, 5, dtype=torch.float64) for _ in range(2))
        q, p = (array_of(F.softmax(t / temperature, 1)) for t in (ours, teacher))
        hard, teacher = array_of(F.softmax(ours, 1)), teacher.requires_grad_()
        loss = distillation_loss(ours.requires_grad_(), teacher, tensor(labels), *options)
        expected = alpha * temperature**2 * (p * np.log(p / q)).sum() / 3
        expected -= (1 - alpha) * np.log(hard[np.arange(3), labels]).sum() / 3
        what = f"T = {temperature}, alpha = {alpha}"
        same(loss, expected, f"the loss, {what}", 1e-9)
        loss.backward()
        expected = alpha * temperature * (q - p) / 3 + (1 - alpha) * (hard - np.eye(5)[labels]) / 3
        same(ours.grad, expected, f"the gradient, {what}", 1e-9)
        assert teacher.grad is None, "nothing flows back to the teacher"
    sure = tensor([[900.0, 0.0]])  # so sure that the other probability is 0
    same(distillation_loss(sure, sure, tensor([0]), 1.0), 0.0, "the same answer")
test_unit_distillation()

# %% [markdown]
# ## 📊 Systems analysis
# Zeros, bytes, accuracy, together: pruned at once; trained for ten epochs after that; pruned gradually
# during these epochs; and as many weights pruned by chance, trained after that.

# %%
whole = model_size(net).bytes
print(f"zeros   bytes, of {whole:,}     right: at once    trained  gradually  by chance")
for amount in (0.5, 0.7, 0.8, 0.9, 0.95):
    once, trained, slowly, chance = models = [deepcopy(net) for _ in range(4)]
    for model in (once, trained):
        global_unstructured(weights(model), L1Unstructured, amount=amount)
    global_unstructured(weights(chance), RandomUnstructured, amount=amount)
    learn(trained, 10, KeepZeros(trained)), learn(chance, 10, KeepZeros(chance))
    learn(slowly, 10, GradualPruning(weights(slowly), amount, 300))
    size = sum(array.nbytes for array in pack(dict(slowly.named_parameters())).values())
    print(f"{sparsity(slowly.parameters()):5.1%} {size:7,} {size / whole:8.1%}       ",
          *(f"{share_right(model):10.1%}" for model in models))

# %%
# Fewer units, pruned and taken out, and networks of that size from scratch; lower ranks of the first
# layer. FLOPs are those of one image.
def show(what, model, *others):
    with FlopCounterMode(display=False) as counter:
        right = [share_right(model)]
    right += [share_right(each) for each in (learn(model, 10), *others)]
    print(f"{what:9} {model_size(model).parameters:7,} {counter.get_total_flops() // len(x_test):7,}   ",
          *(f"{each:11.1%}" for each in right))
print("          numbers   FLOPs   right: at once    trained  from scratch")
for units in (32, 16, 8, 4):
    prune_units(pruned := deepcopy(net), 64 - units)
    show(f"{units} units", shrink(pruned), learn(network(units), 30))
for rank in (16, 8, 4):
    show(f"rank {rank}", nn.Sequential(factorize(net[0], rank), nn.ReLU(), deepcopy(net[2])))

# %%
# Time, in ms, in turns: median and quartiles. A batch of 64 through 512 → 2048 → 512.
wide, inputs = nn.Sequential(nn.Linear(512, 2048), nn.ReLU(), nn.Linear(2048, 512)), randn(64, 512)
global_unstructured(weights(zeros := deepcopy(wide)), L1Unstructured, amount=0.9)
prune_units(half := deepcopy(wide), 0.5)
low = nn.Sequential(factorize(wide[0], 128), nn.ReLU(), factorize(wide[2], 128))
models = {"as it was": wide, "nine tenths zeros": zeros, "half its units silent": half,
          "half its units taken out": shrink(half), "rank 128": low}
turns = [[latency(lambda: model(inputs), 0, 1).times[0] for model in models.values()] for _ in range(21)]
for what, times in zip(models, 1e3 * np.transpose(turns)):
    print("  {:25} {:7.2f}   ({:.2f} to {:.2f})".format(what, *np.percentile(times, (50, 25, 75))))

# %% [markdown]
# Zeros make a file small, and nothing fast: the product has its shape, and BLAS multiplies by 0 as by
# anything. With units taken out, or a lower rank, products are smaller. So: weights for bytes, units for
# time. And compare pruned networks with those of their size from scratch: was the better network found,
# or only the size that is enough (Liu et al., 2019)?

# %%
# Pupils of 16 units, taught by labels or by answers, for the same number of steps; three starts each. An
# answer says more about an image than a label, if T brings it out: look where images are few.
logits = net(x).detach()
def pupils(images, loss):
    epochs = 300 // max(images // 32, 1)
    right = [share_right(learn(network(16, s), epochs, None, images, loss)) for s in range(3)]
    return f"  {np.mean(right):6.1%} ({min(right):.1%} … {max(right):.1%})"
def taught(images, t):
    return pupils(images, lambda output, i: distillation_loss(output, logits[i], y[i], t, 1.0))
print("images  by labels                by answers, T = 1        T = 4")
for images in (50, 200, len(x)):
    print(f"{images:6}", pupils(images, by_labels), taught(images, 1), taught(images, 4))

# %% [markdown]
# ## 🧪 Module test
# ### 🧪 Unit Test: Compression together

# %% nbgrader={"grade_id": "test-compression-together", "points": 4}
def test_unit_together():
    exact, pruned, silenced, twin = share_right(net), deepcopy(net), deepcopy(net), network(64, 9)
    learn(pruned, 10, GradualPruning(weights(pruned), 0.75, 200))
    packed = pack({name: p for name, p in pruned.named_parameters()})
    size, whole = sum(array.nbytes for array in packed.values()), model_size(net).bytes
    assert size < 0.31 * whole, f"{size} of {whole} bytes are too many for a quarter of the weights"
    twin.load_state_dict(unpack(packed))
    prune_units(silenced, 40)
    small = shrink(learn(silenced, 10, KeepZeros(silenced)))
    with FlopCounterMode(display=False) as counter:
        same(small(x_test), silenced(x_test), "without the silent units, the same answers", 1e-4)
    flops = len(x_test) * 2 * (64 + 10) * (24 + 64)
    assert counter.get_total_flops() == flops, f"{flops} FLOPs, with 24 units and with all"
    for what, model in ("a quarter of the weights", twin), ("24 units", small):
        right = share_right(model)
        assert exact - right < 0.03, f"with {what} {right:.1%} right, with all {exact:.1%}"
test_unit_together()

# %% [markdown]
# ## 🤔 Questions to think about
# 1. A unit's column in the next layer is 0, and its row is not. What may be taken out? Does it matter
#    what the activation makes of 0?
# 2. `clip_grad_norm_` stands between backward and the step. With `KeepZeros`, whose gradients does it
#    count? What does that change, and where would you multiply by the masks instead?
# 3. Prune three quarters, set what is left back to its very first values, and train again (Frankle
#    and Carbin, 2019). Then do the same with other first values. What do you find?
# 4. Write a product that skips zeros: for each row, places and values of what is left. How much must be
#    gone before it beats the dense one, and why so much?

# %% [markdown]
# ## 🎯 Summary
# `tinytorch.optim.compression` prunes (`l1_unstructured`, `global_unstructured`, `GradualPruning`) and
# makes small (`pack`); makes fast (`prune_units` and `shrink`, or `factorize`); and teaches
# (`distillation_loss`). Module 17 makes the same network faster, 19 asks whether it really is.
