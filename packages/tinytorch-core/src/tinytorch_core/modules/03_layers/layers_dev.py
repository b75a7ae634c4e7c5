# %% [markdown]
# # 03 · Layers
#
# A network is a tree: layers inside blocks inside a model, and in its leaves the numbers to be
# learnt. You build `Module`, which knows its tree: one call finds every weight, saves the network,
# or switches its mode. Then come the layers `Linear`, `Dropout` and `Sequential`. Rosenblatt's
# perceptron (1958) was one linear layer, its weights turned by motors; Torch (2002) made the layer
# an object that brings its parameters along, and nearly every framework since has kept that.
#
# **Prerequisites:** modules 01 and 02, Python classes and inheritance, recursion, generators.
# **Time:** about 180 minutes, eight exercises.
#
# ```mermaid
# flowchart LR
#     T[01 Tensor] & A[02 Activations] --> L(03 Layers)
#     L --> O[07 Optimizers] & C[09 Convolutions] & X[13 Transformers]
# ```

# %% [markdown]
# ## 🔧 Setup

# %%
#| default_exp nn.layers

# %%
#| export
from collections import OrderedDict, namedtuple
from math import prod

import numpy as np
from tinytorch.core import Tensor, operation, rand, zeros
from tinytorch.nn.functional import gelu, log_softmax, relu, sigmoid, softmax, tanh

# %%
# For the tests: one compares with NumPy, the other wants an error that helps.
import copy, pickle
from tinytorch.core import float64, manual_seed, ones, randn, tensor

def numbers(tensor): return tensor.detach().numpy()
def same(got, expected, what):
    assert isinstance(got, Tensor), f"{what}: should be a Tensor, got {type(got).__name__}"
    got, expected = numbers(got), np.asarray(expected)
    kind, wanted = f"{got.dtype} {got.shape}", f"{expected.dtype} {expected.shape}"
    assert kind == wanted, f"{what}: should be {wanted}, got {kind}"
    assert np.allclose(got, expected, 1e-4, 1e-5), f"{what}: should be\n{expected}, got\n{got}"

def refuses(error, call, *parts):
    try:
        call()
    except error as problem:
        missing = [part for part in parts if part not in str(problem)]
        assert not missing, f"the error message should mention {missing}: {problem}"
    else:
        raise AssertionError(f"there should be an error here: {error.__name__}")

# %% [markdown]
# ## 📦 Where this code lives
# The exported cells become `tinytorch/nn/layers.py`. They earn you `from tinytorch import nn` with
# `nn.Module`, `nn.Linear` and the others, and `linear` and `dropout` in `tinytorch.nn.functional`.

# %% [markdown]
# ## 1. What a module holds
# An optimizer needs a list of all weights. Kept by hand it goes wrong: a layer that is forgotten in
# the list never learns, without any error. So the list keeps itself. `Parameter` marks a tensor as
# *to be learnt*. Python calls `__setattr__` for each `self.name = value`, and there a module enters
# the value in one of three dictionaries.
#
# ```
#    self.weight = Parameter(…)              → self._parameters["weight"]   learnt and saved
#    self.layer = Linear(4, 3)               → self._modules["layer"]       has its own parameters
#    self.register_buffer("mean", zeros(4))  → self._buffers["mean"]        saved, but not learnt
# ```
#
# A registered name keeps its meaning: `self.weight = 3` is an error, and only `None` may always
# take the place ("no bias here"). PyTorch keeps these objects *only* in the dictionaries, and finds
# `self.weight` by a method `__getattr__`, which Python calls when all else failed. We keep them in
# the instance's `__dict__` too, where Python looks first: writing is rare and does two things,
# reading happens in each forward pass and stays cheap. You will measure what that saves. The class
# has four storeys: `Registry` holds, `Tree` walks, `State` saves, `Module` is for users.

# %%
#| export
class Parameter(Tensor):
    """A Tensor that a module should learn. It shares the memory of data."""
    __slots__ = ()
    def __init__(self, data=None, requires_grad=True):
        super().__init__(())
        if data is not None:
            self.data = data
        self.requires_grad_(requires_grad)
    def __reduce__(self):  # pickle and deepcopy make another from this: numbers, no gradient
        return type(self), (self.data, self.requires_grad)
    def __repr__(self): return f"Parameter containing:\n{super().__repr__()}"

# %% nbgrader={"grade_id": "layers-registry"}
#| export
class Registry:
    """Keeps account of the parameters, modules and buffers among its attributes."""
    _parameters = _modules = _buffers = ()  # before __init__, there is no account

    def __init__(self):
        vars(self).update(training=True, _parameters={}, _modules={}, _buffers={})
        vars(self)["_non_persistent"] = set()  # names of buffers that aren't saved

    def _homes(self):
        if "_parameters" not in vars(self):
            raise AttributeError("call super().__init__() before you assign parameters or modules")
        return self._parameters, self._modules, self._buffers

    def __setattr__(self, name, value):
        """Every `self.name = value` comes through here. Raises TypeError, with the name, for a
        value that a registered name may not hold.
        Approach:
            1. Find the value's home, and the class it must have there, in this order:
               a Parameter, or a name among the parameters:  self._parameters, Parameter
               a Registry, or a name among the modules:      self._modules, Registry
               a name among the buffers:                     self._buffers, Tensor
               anything else: super().__setattr__ sets it, and that's all.
            2. Refuse a value that is neither None nor of that class.
            3. `pop(name, None)` from the other homes: those in self._homes() that `is not` this.
            4. Enter the value in its home and in vars(self), the instance's `__dict__`.
        """
        ### BEGIN SOLUTION
        if isinstance(value, Parameter) or name in self._parameters:
            home, kind = self._parameters, Parameter
        elif isinstance(value, Registry) or name in self._modules:
            home, kind = self._modules, Registry
        elif name in self._buffers:
            home, kind = self._buffers, Tensor
        else:
            return super().__setattr__(name, value)
        if not (value is None or isinstance(value, kind)):
            raise TypeError(f"{name} holds a {kind.__name__} or None, not {type(value).__name__}")
        for other in self._homes():
            if other is not home:
                other.pop(name, None)
        home[name] = vars(self)[name] = value
        ### END SOLUTION

    def __delattr__(self, name):
        """`del self.name`, everywhere. super().__delattr__ begins: it knows what isn't there."""
        ### BEGIN SOLUTION
        super().__delattr__(name)
        for home in self._homes():
            home.pop(name, None)
        ### END SOLUTION

    def _register(self, role, kind, name, value):
        home = self._homes()[role]
        if not name or "." in name or (hasattr(self, name) and name not in home):
            raise KeyError(f"the name {name!r} exists already, is empty or has a dot in it")
        if not (value is None or isinstance(value, kind)):
            raise TypeError(f"{name} must be a {kind.__name__} or None, not {type(value).__name__}")
        home[name] = vars(self)[name] = value

    def register_parameter(self, name, param): self._register(0, Parameter, name, param)
    def add_module(self, name, module): self._register(1, Registry, name, module)
    def register_buffer(self, name, tensor, persistent=True):
        self._register(2, Tensor, name, tensor)
        (self._non_persistent.discard if persistent else self._non_persistent.add)(name)

# %% [markdown]
# ### 🧪 Unit Test: Registry
# Each kind of value goes to its home, a new kind moves, and wrong ones are refused.

# %% nbgrader={"grade_id": "test-layers-registry", "points": 16}
def test_unit_registry():
    first, second, child, box = Parameter(ones(2)), Parameter(zeros(3)), Registry(), Registry()
    def holds(when, parameters={}, modules={}, buffers={}):
        for home, wanted in ("parameters", parameters), ("modules", modules), ("buffers", buffers):
            got = getattr(box, "_" + home)
            assert list(got) == list(wanted), f"{when}: {home} should be {list(wanted)}, not {got}"
            both = [got[n] is wanted[n] is getattr(box, n) for n in wanted]
            assert False not in both, f"{when}: wrong object in {home}, or as the attribute"
    box.w, box.child, box.size = first, child, 5
    holds("after three assignments", {"w": first}, {"child": child})
    assert box.size == 5, "a value without a home is set as usual"
    box.register_buffer("mean", ones(1))
    box.mean = new = zeros(1)
    for name, value in [("w", ones(2)), ("w", child), ("child", 3), ("mean", 3)]:
        refuses(TypeError, lambda: setattr(box, name, value), name)
    holds("a new buffer, and values to refuse", {"w": first}, {"child": child}, {"mean": new})
    box.w = box.mean = None
    holds("after None", {"w": None}, {"child": child}, {"mean": None})
    box.w, box.child, box.mean, box.w = first, first, child, second
    holds("after changing places", {"w": second, "child": first}, {"mean": child})
    box.mean = None
    del box.w, box.size
    holds("after del", {"child": first}, {"mean": None})
    assert not hasattr(box, "w") and not hasattr(box, "size"), "what is deleted is gone"
    del box.mean
    box.mean = 7
    holds("a deleted name has no meaning any more", {"child": first})
test_unit_registry()

# %% [markdown]
# ## 2. Walking the tree
# A path of names leads to each module and each parameter:
#
# ```
#    net                     named_modules():     named_parameters():
#    ├── encoder             ""                   "scale"
#    │   └── weight          "encoder"            "encoder.weight"
#    └── scale
# ```
#
# A module comes before what is inside it, its own parameters before those of its children. Both
# are generators; `yield from` hands on what another generator yields. **Shared objects** come once:
# an optimizer that got a matrix twice would take each step twice. So a walk keeps a set of what it
# has met (modules and tensors hash by identity).

# %% nbgrader={"grade_id": "layers-tree"}
#| export
def dotted(path, name):
    """"a.b" of "a" and "b", and plain "b" if the path is empty."""
    return f"{path}.{name}" if path else name

class Tree(Registry):
    """Finds everything in itself and in the modules below."""
    def named_modules(self, memo=None, prefix="", remove_duplicate=True):
        """Yield (path, module) for this module, whose path is prefix, and for all below it. memo is
        the set of modules met so far (None: a walk begins); a module in there yields nothing.
        Approach: make the set if there is none. If self isn't in it, add self (only if duplicates
        are to be removed), yield, and hand on what each child yields: same memo, a path made by
        `dotted`. Skip children that are None.
        """
        ### BEGIN SOLUTION
        memo = set() if memo is None else memo
        if self not in memo:
            if remove_duplicate:
                memo.add(self)
            yield prefix, self
            for name, child in self._modules.items():
                if child is not None:
                    yield from child.named_modules(memo, dotted(prefix, name), remove_duplicate)
        ### END SOLUTION

    def _named_tensors(self, home, prefix, recurse, remove_duplicate):
        """Yield (path, tensor) for all that the modules of the tree (without recurse: self alone)
        have in their dictionary called home, "_parameters" or "_buffers". None is skipped.
        Approach: walk over `named_modules` with your prefix and remove_duplicate, or over the list
        [(prefix, self)]. `getattr(module, home)` is the dictionary. Two modules can hold the same
        tensor, so you need a set here too.
        """
        ### BEGIN SOLUTION
        walk, met = [(prefix, self)], set()
        if recurse:
            walk = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
        for path, module in walk:
            for name, tensor in getattr(module, home).items():
                if tensor is not None and tensor not in met:
                    if remove_duplicate:
                        met.add(tensor)
                    yield dotted(path, name), tensor
        ### END SOLUTION

    def named_parameters(self, prefix="", recurse=True, remove_duplicate=True):
        return self._named_tensors("_parameters", prefix, recurse, remove_duplicate)
    def named_buffers(self, prefix="", recurse=True, remove_duplicate=True):
        return self._named_tensors("_buffers", prefix, recurse, remove_duplicate)
    def named_children(self):
        first = {child: name for name, child in reversed(self._modules.items())}
        return ((n, c) for n, c in self._modules.items() if c is not None and first[c] == n)
    def parameters(self, recurse=True): return (p for _, p in self.named_parameters("", recurse))
    def buffers(self, recurse=True): return (b for _, b in self.named_buffers("", recurse))
    def modules(self): return (module for _, module in self.named_modules())
    def children(self): return (child for _, child in self.named_children())

# %% [markdown]
# ### 🧪 Unit Test: Tree
# Paths and their order, gaps, and one module and one parameter that stand in two places.

# %% nbgrader={"grade_id": "test-layers-tree", "points": 14}
def example_tree(kind):
    net, encoder, head, inner = (kind() for _ in range(4))
    net.encoder, net.gap, net.head, net.scale = encoder, inner, head, Parameter(tensor([3.0]))
    encoder.inner, encoder.weight, head.weight = inner, Parameter(randn(2, 3)), Parameter(ones(4))
    net.gap = None
    encoder.register_parameter("bias", None)
    inner.register_buffer("mean", tensor([7, -2]))
    return net

def test_unit_tree():
    def check(got, names, last):
        got = list(got)
        assert [name for name, _ in got] == names.split(), f"expected {names.split()}, got {got}"
        assert got[-1][1] is last, f"the last path is right, but not its object: {got[-1]}"
    net = example_tree(Tree)
    encoder, head, mean = net.encoder, net.head, net.encoder.inner.mean
    check(net.named_parameters("a.b", recurse=False), "a.b.scale", net.scale)
    check(net.named_buffers("a"), "a.encoder.inner.mean", mean)
    head.twin, head.tied = encoder, encoder.weight
    for _ in range(2):  # each walk starts afresh
        check(net.named_modules(prefix="a"), "a a.encoder a.encoder.inner a.head", head)
        check(net.named_parameters(), "scale encoder.weight head.weight", head.weight)
    check(net.named_parameters(remove_duplicate=False),
          "scale encoder.weight head.weight head.tied head.twin.weight", encoder.weight)
    check(head.named_buffers("h", remove_duplicate=False), "h.twin.inner.mean", mean)
test_unit_tree()

# %% [markdown]
# ## 3. Saving and loading
# What training leaves behind is a dictionary from paths to tensors, the **state**. A saved *object*
# can't be opened once its class was renamed; a dictionary always can. Its tensors are detached, but
# not copied, so loading means writing into the state of the network that receives. It must be all
# or nothing: a half-loaded network looks healthy and predicts nonsense. Look for every problem
# first, and report all of them at once.

# %% nbgrader={"grade_id": "layers-state"}
#| export
IncompatibleKeys = namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])

class State(Tree):
    """Gives its parameters and buffers as one dictionary, and takes them from one."""
    def state_dict(self, *, prefix="", keep_vars=False):
        """A dictionary from paths to detached tensors (with keep_vars: to the tensors themselves).

        Own parameters first, then own buffers except those in self._non_persistent, then each
        child's state (`update`). None is skipped; shared tensors stand under all their names.
        prefix precedes every name as it is: for a child called "head" it ends in "head.".
        """
        ### BEGIN SOLUTION
        state = {}
        kept = {n: b for n, b in self._buffers.items() if n not in self._non_persistent}
        for name, tensor in (self._parameters | kept).items():
            if tensor is not None:
                state[prefix + name] = tensor if keep_vars else tensor.detach()
        for name, child in self._modules.items():
            if child is not None:
                state.update(child.state_dict(prefix=f"{prefix}{name}.", keep_vars=keep_vars))
        return state
        ### END SOLUTION

    def load_state_dict(self, state_dict, strict=True):
        """Copy the tensors of a state into those of this network, which keep their dtypes.

        Returns IncompatibleKeys of two lists: the names that we have and state_dict lacks, and
        those it has and we don't. Raises RuntimeError, and then nothing has changed,
            - if strict and one of the lists isn't empty: the message has all those names;
            - if shapes differ, strict or not: it has all those names, and both shapes.
        Approach: take the own state. Make the two lists, and of them and the shapes a list of
        problems in words. If any, raise: the class's name, a line for each. Then `copy_`, detached.
        """
        ### BEGIN SOLUTION
        own = self.state_dict()
        missing = [name for name in own if name not in state_dict]
        unexpected = [name for name in state_dict if name not in own]
        common = [name for name in own if name in state_dict]
        problems = [f"missing: {missing}"] if strict and missing else []
        problems += [f"unexpected: {unexpected}"] if strict and unexpected else []
        for name in common:
            if own[name].shape != state_dict[name].shape:
                problems.append(f"{name}: {own[name].shape} here, {state_dict[name].shape} there")
        if problems:
            raise RuntimeError("\n  ".join([f"cannot load {type(self).__name__}", *problems]))
        for name in common:
            own[name].copy_(state_dict[name].detach())
        return IncompatibleKeys(missing, unexpected)
        ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: State
# Keys in order, shared memory, a round trip, and what you say of a state that doesn't fit.

# %% nbgrader={"grade_id": "test-layers-state", "points": 16}
def test_unit_state():
    net, other = example_tree(State), example_tree(State)
    net.head.tied = net.scale
    net.head.register_buffer("draft", ones(1), persistent=False)
    net.register_buffer("steps", tensor(5))
    net.register_buffer("none", None)
    keys = ["scale", "steps", "encoder.weight", "encoder.inner.mean", "head.weight", "head.tied"]
    for prefix in ("", "x."):
        state = net.state_dict(prefix=prefix)
        assert list(state) == [prefix + key for key in keys], f"{keys} expected, got {list(state)}"
    assert not state["x.scale"].requires_grad, "a state has detached tensors"
    assert net.state_dict(keep_vars=True)["head.tied"] is net.scale, "keep_vars keeps the objects"
    del net.steps, net.head.tied
    state = net.state_dict()
    assert other.load_state_dict(state) == ([], []), "nothing is missing, nothing unexpected"
    net.scale.detach().fill_(4)
    assert state["scale"].item() == 4, "a state shares its memory with the network"
    same(other.scale, np.float32([3]), "a loaded parameter, after the source has changed")
    same(other.encoder.weight, numbers(net.encoder.weight), "another one")
    bad = {"scale": ones(1), "encoder.weight": ones(3, 2), "head.weight": ones(1), "a": 1, "bb": 2}
    parts = ["(2, 3)", "(3, 2)", "(4,)", "(1,)", "encoder.weight", "head.weight"]
    less = {"scale": tensor([2.5], dtype=float64), "encoder.weight": state["encoder.weight"]}
    for wrong, strict, words in [
        (bad, True, ["bb", "encoder.inner.mean", "State\n", *parts]), (bad, False, parts),
        ({**state, "bb": 2}, True, ["bb"]), (less, True, ["encoder.inner.mean", "head.weight"]),
    ]:
        refuses(RuntimeError, lambda: other.load_state_dict(wrong, strict), *words)
    same(other.scale, np.float32([3]), "a parameter, after loads that were refused")
    got = other.load_state_dict({**less, "bb": 2}, strict=False)
    same(other.scale, np.float32([2.5]), "a float64 loaded into float32, with strict=False")
    assert got == (["encoder.inner.mean", "head.weight"], ["bb"]), f"wrong lists: {got}"
test_unit_state()

# %% [markdown]
# ## 4. Module: something to call
# A module is called like a function, and its author writes `forward`. Some layers behave otherwise
# while the network learns (dropout, below): `train()` and `eval()` set `training` in the whole
# tree. They call the *children's own* `train`, which a child may override, to stay frozen say.

# %% nbgrader={"grade_id": "layers-module"}
#| export
class Module(State):
    """The base class of all layers and networks. Write `forward`, call the object."""
    def forward(self, *input):
        raise NotImplementedError(f"{type(self).__name__} needs a method forward")
    def __call__(self, *args, **kwargs): return self.forward(*args, **kwargs)

    def train(self, mode=True):
        """Set `training` to mode here and, by their `train`, in all children. Returns self.
        Raises ValueError, showing mode, unless it is a bool: train("no") would mean yes."""
        ### BEGIN SOLUTION
        if not isinstance(mode, bool):
            raise ValueError(f"mode must be True or False, not {mode!r}")
        self.training = mode
        for child in self.children():
            child.train(mode)
        return self
        ### END SOLUTION

    def eval(self): return self.train(False)
    def apply(self, fn):
        """Call fn with every module of the tree, children before parents. Returns self."""
        ### BEGIN SOLUTION
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self
        ### END SOLUTION

    def zero_grad(self, set_to_none=True):
        """Set each parameter's `grad` to None; without set_to_none, fill those there are with 0."""
        ### BEGIN SOLUTION
        for parameter in self.parameters():
            gone = set_to_none or parameter.grad is None
            parameter.grad = None if gone else parameter.grad.zero_()
        ### END SOLUTION

    def to(self, dtype):
        """Convert the floating-point parameters and buffers, and forget the gradients."""
        if np.dtype(dtype).kind != "f":
            raise TypeError(f"a module can only be converted to floating point, not to {dtype}")
        for tensor in [*self.parameters(), *self.buffers()]:
            if tensor.dtype.kind == "f":
                tensor.data, tensor.grad = tensor.data.to(dtype), None
        return self

    def float(self): return self.to("float32")
    def double(self): return self.to("float64")
    def extra_repr(self): return ""

    def __repr__(self):
        extra, name = self.extra_repr(), type(self).__name__
        if not self._modules:
            return f"{name}({extra})"
        lines = [extra] if extra else []
        lines += [f"({key}): {each!r}" for key, each in self._modules.items()]
        return f"{name}(" + "".join(f"\n{line}" for line in lines).replace("\n", "\n  ") + "\n)"

# %% [markdown]
# ### 🧪 Unit Test: Module
# The modes, apply and zero_grad, on a small tree.

# %% nbgrader={"grade_id": "test-layers-module", "points": 12}
def test_unit_module():
    class Frozen(Module):
        def train(self, mode=True):
            return super().train(False)
    net = example_tree(Module)
    net.head.frozen = Frozen()
    for mode in (True, False, True):
        assert net.train(mode) is net, "train returns the module"
        modes = [module.training for module in net.modules()]
        assert modes == [mode] * 4 + [False], f"train({mode}) set {modes}; the last one is frozen"
    refuses(ValueError, lambda: net.train("no"), "no")
    met = []
    assert net.apply(met.append) is net, "apply returns the module"
    expected = [net.encoder.inner, net.encoder, net.head.frozen, net.head, net]
    assert met == expected, f"children first: {expected}, got {met}"
    net.scale.grad, net.encoder.weight.grad = gradient, _ = ones(1), ones(2, 3)
    net.zero_grad(set_to_none=False)
    assert net.scale.grad is gradient and gradient.item() == 0, "zeros go into the same tensor"
    assert net.head.weight.grad is None, "where there was no gradient, there is none now"
    net.zero_grad()
    assert net.scale.grad is None and net.encoder.weight.grad is None, "None is the default"
test_unit_module()

# %% [markdown]
# As modules, the activations of lesson 02 can stand in a list of layers.

# %%
#| export
class Identity(Module):
    def __init__(self, *args, **kwargs): super().__init__()
    def forward(self, input): return input
class ReLU(Module):
    def forward(self, input): return relu(input)
class Sigmoid(Module):
    def forward(self, input): return sigmoid(input)
class Tanh(Module):
    def forward(self, input): return tanh(input)
class GELU(Module):
    def __init__(self, approximate="none"):
        super().__init__()
        self.approximate = approximate
    def forward(self, input): return gelu(input, approximate=self.approximate)
    def extra_repr(self): return f"approximate={self.approximate!r}"
class Softmax(Module):
    function = staticmethod(softmax)
    def __init__(self, dim=None):
        super().__init__()
        self.dim = dim
    def forward(self, input): return self.function(input, self.dim)
    def extra_repr(self): return f"dim={self.dim}"
class LogSoftmax(Softmax):
    function = staticmethod(log_softmax)
class Flatten(Module):
    """(N, C, H, W) becomes (N, C·H·W): every example one row."""
    def __init__(self, start_dim=1, end_dim=-1):
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim
    def forward(self, input): return input.flatten(self.start_dim, self.end_dim)
    def extra_repr(self): return f"start_dim={self.start_dim}, end_dim={self.end_dim}"

# %% [markdown]
# ## 5. The linear function
# A neuron is a weighted sum of its inputs, plus a bias. `out` neurons with a row of weights each
# make a matrix, and a whole batch goes through at once:
#
# ```
#    input (…, in)  @  weight.T (in, out)  +  bias (out,)  =  (…, out)
#    [[1, 2, 0],   weight [[ 1, 0, 2],   bias [10, 20]     [[1 + 0 + 0 + 10, -1 + 6 + 0 + 20],
#     [0, 1, 1]]           [-1, 3, 1]]                      [0 + 0 + 2 + 10,  0 + 3 + 1 + 20]]
#                                                        = [[11, 25], [12, 24]]
# ```
#
# As `input @ weight.T + bias` this takes three trips through the door, and the sum is a second
# array as large as the result. As *one* operation it takes one trip, and the bias is added in
# place: nobody else has seen the product yet. Of (8, 64, 32), `@` multiplies 8 matrices one by one;
# reshaped to (512, 32), it is a single product for BLAS.

# %% nbgrader={"grade_id": "layers-linear-function"}
#| export
@operation
def linear(input, weight, bias=None):
    """input (…, in) times the transposed weight (out, in), plus bias (out,) if any: (…, out).

    Raises RuntimeError if weight or bias hasn't the dtype of input (the message has both dtypes),
    or if input is 0-dimensional, or its last size isn't weight's last, or the shape of bias isn't
    weight's without the last size (the message has both shapes).
    Approach: after these checks, reshape input to (rows, in), where prod(input.shape[:-1]) is the
    number of rows. (NumPy can't work out -1 if in is 0.) One product, plus the bias in place. The
    result has input's leading sizes, followed by what the product has after its rows.
    """
    ### BEGIN SOLUTION
    for other in (weight, bias):
        if other is not None and other.dtype != input.dtype:
            raise RuntimeError(f"linear needs one dtype, got {input.dtype} and {other.dtype}")
    if input.ndim == 0 or input.shape[-1] != weight.shape[-1]:
        raise RuntimeError(f"linear: input {input.shape} doesn't fit weight {weight.shape}")
    if bias is not None and bias.shape != weight.shape[:-1]:
        raise RuntimeError(f"linear: bias {bias.shape} doesn't fit weight {weight.shape}")
    leading = input.shape[:-1]
    output = input.reshape(prod(leading), input.shape[-1]) @ weight.T
    if bias is not None:
        output += bias
    return output.reshape(leading + output.shape[1:])
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Linear function
# The example above, all sorts of leading sizes against NumPy, and what must be refused.

# %% nbgrader={"grade_id": "test-layers-linear-function", "points": 12}
def test_unit_linear_function():
    x, w, b = tensor([[1.0, 2, 0], [0, 1, 1]]), tensor([[1.0, 0, 2], [-1, 3, 1]]), tensor([10., 20])
    same(linear(x, w, b), np.float32([[11, 25], [12, 24]]), "the worked example")
    rng = np.random.default_rng(5)
    for *leading, n in [(4,), (5, 4), (2, 5, 4), (2, 1, 3, 4), (0, 4), (2, 0), (1, 1)]:
        for out in [(3,), (1,), ()]:
            a, w_, b_ = (rng.normal(size=size) for size in [(*leading, n), (*out, n), out])
            what = f"input {a.shape}, weight {w_.shape}"
            same(linear(tensor(a), tensor(w_), tensor(b_)), a @ w_.T + b_, what)
            same(linear(tensor(a), weight=tensor(w_)), a @ w_.T, f"{what}, no bias")
    same(b, np.float32([10, 20]), "the bias, which linear must leave as it is")
    for wrong, shape in [((ones(3, 2), w), "(3, 2)"), ((tensor(1.0), w), "()"),
                         ((x, w, ones(3)), "(3,)"), ((x, w, ones(1)), "(1,)")]:
        refuses(RuntimeError, lambda: linear(*wrong), shape, "(2, 3)")
    for wrong in [(x.to(float64), w, b), (x, w.to(float64), b), (x, w, b.to(float64))]:
        refuses(RuntimeError, lambda: linear(*wrong), "float64", "float32")
test_unit_linear_function()

# %% [markdown]
# ## 6. Linear: how large should the first weights be?
# Equal weights would make all neurons of a layer compute and learn the same. We need chance: how
# much? A neuron adds up `in` products. For inputs of mean 0 and variance 1 and independent weights
# of variance v, the sum has variance in · v. For v = 1 and in = 784 its size is 28, 22,000 after
# three layers; with in · v near 1 it keeps its scale (LeCun et al., *Efficient BackProp*, 1998). On
# ±a, uniform numbers have variance a²/3. PyTorch takes a = 1/√in: for in = 4, a = 0.5 and v = 1/12.

# %% nbgrader={"grade_id": "layers-linear"}
#| export
class Linear(Module):
    """linear, with a weight (out_features, in_features) and a bias (out_features,) of its own."""
    def __init__(self, in_features, out_features, bias=True):
        """Approach: super().__init__() first. Keep both sizes. weight and bias are Parameters full
        of zeros; no bias means the name is registered, for None. At last, reset_parameters."""
        ### BEGIN SOLUTION
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(zeros(out_features, in_features))
        self.register_parameter("bias", Parameter(zeros(out_features)) if bias else None)
        self.reset_parameters()
        ### END SOLUTION

    def reset_parameters(self):
        """Draw all parameters anew, uniformly from ±1/√in_features (±1 if in_features is 0).
        Approach: stretch `rand`, which is uniform in [0, 1), and `copy_` it into each of
        self.parameters(), detached: first values are no part of a computation."""
        ### BEGIN SOLUTION
        bound = max(self.in_features, 1) ** -0.5
        for parameter in self.parameters():
            parameter.detach().copy_((2 * rand(parameter.shape) - 1) * bound)
        ### END SOLUTION

    def forward(self, input):
        ### BEGIN SOLUTION
        return linear(input, self.weight, self.bias)
        ### END SOLUTION

    def extra_repr(self):
        return (f"in_features={self.in_features}, out_features={self.out_features}, "
                f"bias={self.bias is not None}")

# %% [markdown]
# ### 🧪 Unit Test: Linear
# Names, shapes, the distribution of the first weights, and the numbers that come out.

# %% nbgrader={"grade_id": "test-layers-linear", "points": 10}
def test_unit_linear():
    manual_seed(3)
    layer = Linear(4, 3000)
    weight, shapes = layer.weight, [(name, p.shape) for name, p in layer.named_parameters()]
    assert shapes == [("weight", (3000, 4)), ("bias", (3000,))], f"mind names and shapes: {shapes}"
    assert repr(layer) == "Linear(in_features=4, out_features=3000, bias=True)", f"got {layer}"
    for a in map(numbers, layer.parameters()):
        for got, expected in [(a.min(), -0.5), (a.max(), 0.5), (a.mean(), 0), (a.var(), 1 / 12)]:
            assert abs(got - expected) < 0.02, f"uniform in ±0.5 means {expected}, got {got}"
    for n, bound in [(0, 1), (1, 1), (100, 0.1)]:
        largest = abs(numbers(Linear(n, 900).bias)).max()
        assert 0.95 * bound < largest <= bound, f"in_features={n}: the bound is {bound}"
    class Direct(Parameter):
        def copy_(self, src): raise AssertionError("detach() a parameter before you write to it")
    layer.bias = Direct(zeros(3000))
    for new in (layer.reset_parameters, lambda: Linear(4, 3000)):
        manual_seed(3)
        same((new() or layer).weight, numbers(weight), "the same seed, the same weights")
    assert layer.weight is weight, "reset_parameters writes into the parameters that are there"
    for bias in (True, False):
        layer, x = Linear(5, 2, bias), randn(3, 7, 5)
        b = numbers(layer.bias) if bias else 0
        same(layer(x), x.numpy() @ numbers(layer.weight).T + b, f"Linear(5, 2, bias={bias})")
    assert layer._parameters["bias"] is None, "without bias, the name is registered, with None"
test_unit_linear()

# %% [markdown]
# ## 7. Dropout
# A large network can learn its training data by heart, with neurons that rely on each other's
# quirks. Dropout (Srivastava et al., 2014) sets a random share p of the values to 0 in each
# training step, so that none can be relied on. In use nothing is dropped, and sums would grow by
# 1/(1 - p). So we enlarge the survivors by that factor while training: the expected value stays,
# and in use dropout is free. For p = 0.25, four ones could become [4/3, 0, 4/3, 4/3]. This is a
# product with a random mask, so `mul` does the work, and module 06 will have nothing to add.

# %% nbgrader={"grade_id": "layers-dropout"}
#| export
def probability(p):
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    return p

def dropout(input, p=0.5, training=True):
    """Set each element to 0 with probability p, and divide the others by 1 - p. Outside training,
    and for p = 0, return input itself. Raises ValueError (by `probability`) unless 0 <= p <= 1.
    Approach: where `rand` of input's shape is at least p, an element survives. Convert that mask to
    input's dtype with `to`, divide it in place by div_ (not if p is 1: 0/0), and multiply.
    """
    ### BEGIN SOLUTION
    if probability(p) == 0 or not training:
        return input
    mask = (rand(input.shape) >= p).to(input.dtype)
    if p < 1:
        mask.div_(1 - p)
    return input * mask
    ### END SOLUTION

class Dropout(Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = probability(p)

    def forward(self, input):
        """dropout with this module's p, in its present mode."""
        ### BEGIN SOLUTION
        return dropout(input, self.p, self.training)
        ### END SOLUTION

    def extra_repr(self): return f"p={self.p}"

# %% [markdown]
# ### 🧪 Unit Test: Dropout
# How many survive and how large they are; the modes; and luck that repeats.

# %% nbgrader={"grade_id": "test-layers-dropout", "points": 10}
def test_unit_dropout():
    a = np.linspace(-9, 9, 40_000, dtype="f").reshape(4, -1)
    x, layer = tensor(a), Dropout(0.25)
    for p in (0.2, 0.5, 0.9):
        manual_seed(5)
        y, again = dropout(x, p).numpy(), dropout(x, p).numpy()
        alive = y != 0
        assert abs(alive.mean() - (1 - p)) < 0.01, f"p={p}: {alive.mean():.1%} survived"
        same(tensor(y), np.where(alive, a / np.float32(1 - p), 0), f"p={p}: the survivors")
        assert (y != again).any(), "every call draws a new mask"
        manual_seed(5)
        same(Dropout(p)(x), y, "the layer, with the same p and the same seed")
    same(x, a, "the input, which dropout must leave as it is")
    same(dropout(x, 1), a * 0, "p=1, where nobody survives")
    assert dropout(x, 0) is x and dropout(x, training=False) is x, "nothing to do: return input"
    assert layer.eval()(x) is x, "after eval(), the layer returns its input"
    assert dropout(ones(3, dtype=float64)).dtype == float64, "the dtype is that of the input"
    refuses(ValueError, lambda: dropout(x, 1.1, training=False), "1.1")
    refuses(ValueError, lambda: dropout(x, -0.1), "-0.1")
test_unit_dropout()

# %% [markdown]
# ## 8. Sequential
# Most networks are chains. `Sequential` holds its layers under the names "0", "1", …, so the weight
# of the third is `"2.weight"` in a state; an `OrderedDict` brings names of its own.

# %% nbgrader={"grade_id": "layers-sequential"}
#| export
class Container(Module):
    """Modules in a row, under the names "0", "1", …"""
    def __len__(self): return len(self._modules)
    def __iter__(self): return iter(self._modules.values())
    def append(self, module):
        self.add_module(str(len(self)), module)
        return self

class Sequential(Container):
    def __init__(self, *args):
        super().__init__()
        named = len(args) == 1 and isinstance(args[0], OrderedDict)
        for name, module in args[0].items() if named else enumerate(args):
            self.add_module(str(name), module)

    def forward(self, input):
        """Call each layer with what the one before returned; the first one, with input."""
        ### BEGIN SOLUTION
        for module in self:
            input = module(input)
        return input
        ### END SOLUTION

    def __getitem__(self, index):
        """net[0] and net[-1] are layers; net[1:] is a Sequential of the same layers, names kept.
        Approach: index the list of the pairs (name, layer) in self._modules. That gives one pair,
        or, if index is a `slice`, a list of pairs: OrderedDict(pairs) is what __init__ takes."""
        ### BEGIN SOLUTION
        found = list(self._modules.items())[index]
        return type(self)(OrderedDict(found)) if isinstance(index, slice) else found[1]
        ### END SOLUTION

class ModuleList(Container):
    """A list of modules that walks will find. Its owner calls them."""
    def __init__(self, modules=None):
        super().__init__()
        for module in modules or ():
            self.append(module)

    def __getitem__(self, index):
        found = list(self)[index]
        return type(self)(found) if isinstance(index, slice) else found

# %% [markdown]
# ### 🧪 Unit Test: Sequential
# The order, the names, and slices that share their layers.

# %% nbgrader={"grade_id": "test-layers-sequential", "points": 5}
def test_unit_sequential():
    soft, flat, last = Softmax(0), Flatten(0), Linear(6, 1)
    net, x = Sequential(soft, flat, last), randn(2, 3)
    same(net[:2](x), numbers(softmax(x, 0)).ravel(), "softmax over the columns, then flat")
    same(Sequential(flat, soft)(x), numbers(softmax(x.flatten(), 0)), "flat, then softmax over all")
    assert Sequential()(x) is x, "without layers, what goes in comes out"
    assert net[0] is soft and net[1] is flat and net[-1] is last, "an index gives the layer"
    assert type(net[1:]) is Sequential and list(net[1:]) == [flat, last], "a slice: a Sequential"
    names = list(net[1:].state_dict())
    assert names == ["2.weight", "2.bias"], f"in a slice, layers keep their names: {names}"
test_unit_sequential()

# %% [markdown]
# ## 📊 Systems analysis
# What do layers weigh, how does the price of a Linear grow, and what does comfort cost?

# %%
from time import perf_counter

def best(call, calls):  # microseconds, the best of seven: other programs only slow us down
    def measure():
        start = perf_counter()
        for _ in range(calls):
            call()
        return (perf_counter() - start) / calls * 1e6
    return min(measure() for _ in range(7))
print("Bytes of each layer's parameters, and of its output for a batch of 64:")
x = ones(64, 784)
for layer in Sequential(Linear(784, 128), ReLU(), Dropout(0.1), Linear(128, 10)):
    x, size = layer(x), sum(p.nbytes for p in layer.parameters())
    print(f"  {type(layer).__name__:8} {size:7,} {x.nbytes:7,}")
print("Batch 64 through Linear(n, n), in µs, and as multiples of the bare product:")
for n in (16, 32, 64, 128, 256, 512, 1024):
    layer, x, calls = Linear(n, n), randn(64, n), 20_000 // n
    a, w = x.numpy(), numbers(layer.weight)
    blas, ours, three = (best(call, calls) for call in (
        lambda: a @ w.T, lambda: layer(x), lambda: x @ layer.weight.T + layer.bias))
    print(f"  {n:4}: product {blas:6.1f}, Linear {ours:6.1f} = {ours / blas:4.2f} ×, "
          f"three operations {three:6.1f} = {three / blas:4.2f} ×")

layer, x = Linear(4, 4), randn(1, 4)
look = {"__getattr__": lambda self, name: layer._parameters[name]}  # torch's way, in its essence
a, w, b, searching = x.numpy(), numbers(layer.weight), numbers(layer.bias), type("", (), look)()
for what, call in {
    "NumPy: a @ w.T + b": lambda: a @ w.T + b, "layer(x)": lambda: layer(x),
    "linear(x, weight, bias)": lambda: linear(x, layer.weight, layer.bias),
    "weight, in __dict__": lambda: layer.weight, "by __getattr__": lambda: searching.weight,
}.items():
    print(f"{what:24} {best(call, 3000):6.3f} µs")

# %% [markdown]
# Parameters grow with in · out, outputs with the batch. When n doubles, the arithmetic becomes four
# times as much, and for large n so does the time; for small n most of it is a fixed price per call.
# Calling the module adds little to that. Reading from `__dict__` costs next to nothing, a search
# many times more, and a Linear reads twice a call.

# %% [markdown]
# ## 🧪 Module test
# ### 🧪 Unit Test: Layers together
# A network against bare NumPy, and its state on the way to a second one, by pickle and by deepcopy.

# %% nbgrader={"grade_id": "test-layers-together", "points": 5}
def test_unit_together():
    class Net(Module):
        def __init__(self):
            super().__init__()
            self.body = Sequential(Flatten(), Linear(6, 5), ReLU(), Dropout(0.5), Linear(5, 4))
            self.blocks = ModuleList([Linear(4, 4, bias=False), Tanh()])
            self.register_buffer("shift", tensor([1.0, 0, -1, 2]))
        def forward(self, input):
            output = self.body(input) - self.shift
            for block in self.blocks:
                output = output + block(output)
            return output
    manual_seed(2)
    net, other, x = Net().eval(), Net().eval(), randn(7, 2, 3)
    keys = "shift body.1.weight body.1.bias body.4.weight body.4.bias blocks.0.weight".split()
    assert list(net.state_dict()) == keys, f"the keys are {keys}, got {list(net.state_dict())}"
    shift, w1, b1, w2, b2, w3 = (t.numpy().copy() for t in net.state_dict().values())
    h = np.maximum(x.numpy().reshape(7, 6) @ w1.T + b1, 0) @ w2.T + b2 - shift
    h = h + h @ w3.T
    expected = h + np.tanh(h)
    same(net(x), expected, "the network")
    other.load_state_dict(pickle.loads(pickle.dumps(net.state_dict())))
    twin = copy.deepcopy(net)
    net.apply(lambda module: [p.detach().zero_() for p in module.parameters(recurse=False)])
    same(other(x), expected, "the second network, with the state of the first")
    same(twin(x), expected, "a deep copy, after the original was zeroed")
    assert not np.allclose(numbers(twin.train()(x)), expected), "in training, dropout is at work"
    same(twin.eval().double()(x.to(float64)), expected.astype("d"), "the copy in double precision")
test_unit_together()

# %% [markdown]
# ## 🤔 Questions to think about
# 1. A friend keeps his layers in a plain list: `self.layers = [Linear(4, 4), Linear(4, 4)]`. What
#    goes wrong, when will he notice, and which class helps?
# 2. You keep `best = net.state_dict()` and train on. What is in `best` an hour later?
# 3. Two Linear layers with nothing between them: can they compute what one can't?
# 4. The average of ten networks predicts better than one. In what sense is dropout such an average?

# %% [markdown]
# ## 🎯 Summary
# `from tinytorch import nn` gives you modules that find, save and load their own parameters, the
# layers `Linear` and `Dropout`, and chains of them. What a network should *want* is still open:
# module 04 measures how wrong its outputs are.
