# %% [markdown]
# # 03 · Layers
#
# A network is a tree: layers inside blocks inside a model, and somewhere in its leaves the numbers
# to be learnt. You build `Module`, the object that knows its tree, so that one call finds every
# weight, switches the whole network to another mode, or saves it; then the layers `Linear`,
# `Dropout` and `Sequential`. Rosenblatt's perceptron (1958) was one linear layer, its weights set
# by motors. Torch (2002) made the layer an object that brings its own parameters, and nearly every
# framework since has kept that idea.
#
# **Prerequisites:** modules 01 and 02, Python classes and inheritance, recursion, generators.
# **Time:** about 180 minutes, eight exercises.
#
# ```mermaid
# flowchart LR
#     T[01 Tensor] --> L(03 Layers)
#     A[02 Activations] --> L
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
# For the tests of this lesson: one compares with NumPy, the other wants an error that helps.
from tinytorch.core import float32, float64, manual_seed, ones, randn, tensor

def same(got, expected, what):
    expected = np.asarray(expected)
    assert isinstance(got, Tensor), f"{what}: should be a Tensor, got {type(got).__name__}"
    found = got.detach().numpy()
    for name in ("shape", "dtype"):
        wanted, is_ = getattr(expected, name), getattr(found, name)
        assert wanted == is_, f"{what}: the {name} should be {wanted}, got {is_}"
    close = np.allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert close, f"{what}: should be\n{expected}, got\n{found}"

def refuses(error, call, *parts):
    try:
        got = call()
    except error as problem:
        if error is not NotImplementedError and isinstance(problem, NotImplementedError):
            raise
        missing = [part for part in parts if part not in str(problem)]
        assert not missing, f"the error message should mention {missing}: {problem}"
    else:
        raise AssertionError(f"this should raise {error.__name__}, but it returned {got!r}")

# %% [markdown]
# ## 📦 Where this code lives
# The exported cells become `tinytorch/nn/layers.py`. They earn you `from tinytorch import nn` with
# `nn.Module`, `nn.Linear` and the others, and in `tinytorch.nn.functional` the functions `linear`
# and `dropout`. Parameter names, defaults and the keys of saved networks are PyTorch's.

# %% [markdown]
# ## 1. What a module holds
# An optimizer needs a list of all weights. Keeping it by hand goes wrong: one day somebody adds a
# layer, forgets the list, and the layer never learns, without any error. So the list keeps itself.
#
# `Parameter` marks a tensor as *to be learnt*. A module watches its own attributes: Python calls
# `__setattr__` for every `self.name = value`, and there you look at the value and write it into
# one of three dictionaries.
#
# ```
#    self.weight = Parameter(…)              → self._parameters["weight"]   learnt and saved
#    self.layer = Linear(4, 3)               → self._modules["layer"]       has its own parameters
#    self.register_buffer("mean", zeros(4))  → self._buffers["mean"]        saved, but not learnt
#    self.heads = 8                          → no dictionary                an ordinary attribute
# ```
#
# Once a name stands in a dictionary it keeps its meaning: `self.weight = 3` is a mistake, and
# becomes an error. Only `None` may always take the place ("this layer has no bias").
#
# **Two homes.** PyTorch keeps these objects *only* in the dictionaries; `self.weight` then fails
# in the ordinary way, and Python falls back on a method `__getattr__` that searches all three. We
# keep them also where Python looks first, in the instance's `__dict__`. Writing, which is rare,
# does two things; reading, which every forward pass does, is as cheap as any attribute. The systems
# analysis measures what that saves.
#
# We build the class in four storeys, each inheriting from the one below: `Registry` holds, `Tree`
# walks, `State` saves and loads, and `Module` is what users see.

# %% nbgrader={"grade_id": "layers-registry"}
#| export
class Parameter(Tensor):
    """A Tensor that a module should learn. It shares the memory of data."""

    __slots__ = ()

    def __init__(self, data=None, requires_grad=True):
        super().__init__(())
        if data is not None:
            self.data = data
        self.requires_grad_(requires_grad)

    def __reduce__(self):  # how pickle and deepcopy make another: from numbers, without gradients
        return type(self), (self.data, self.requires_grad)

    def __repr__(self):
        return f"Parameter containing:\n{super().__repr__()}"


class Registry:
    """Keeps an account of the parameters, buffers and modules among its attributes."""

    _parameters = _buffers = _modules = ()  # before __init__, nothing can be registered

    def __init__(self):
        vars(self).update(training=True, _parameters={}, _buffers={}, _modules={})
        vars(self)["_non_persistent"] = set()  # the names of buffers that aren't saved

    def __setattr__(self, name, value):
        """Every `self.name = value` comes through here.

        Raises TypeError, naming `name`, if it is registered and may not hold such a value.

        Approach:
            1. Find the home of the value (one of the three dictionaries) and the class that it must
               have there. In this order: for a Parameter, or a name among the parameters, they are
               self._parameters and Parameter; for a Registry, or a name among the modules,
               self._modules and Registry; for a name among the buffers, self._buffers and Tensor.
               Anything else has no home.
            2. If there is a home: refuse what is neither None nor of that class; delete the name
               from the other homes (`leave` does that); write the value into the home with `settle`.
            3. Without a home, let Python set the attribute: super().__setattr__.
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
        self._leave(name, home)
        self._settle(home, name, value)
        ### END SOLUTION

    def _settle(self, home, name, value):
        """Write value into a dictionary, and where Python looks first."""
        if "_parameters" not in vars(self):
            raise AttributeError(f"call super().__init__() before you assign {name}")
        home[name] = vars(self)[name] = value

    def _leave(self, name, but=None):
        """Delete a name from all three dictionaries, except from the one called `but`.

        Approach: `dictionary.pop(name, None)` does nothing if there is no such name. Compare
        dictionaries with `is not`: two empty ones are equal.
        """
        ### BEGIN SOLUTION
        for home in (self._parameters, self._buffers, self._modules):
            if home is not but and home:
                home.pop(name, None)
        ### END SOLUTION

    def __delattr__(self, name):
        super().__delattr__(name)
        self._leave(name)

    def _register(self, home, kind, name, value):
        if not (value is None or isinstance(value, kind)):
            raise TypeError(f"{name} must be a {kind.__name__} or None, not {type(value).__name__}")
        if not name or "." in name:
            raise KeyError(f"the name {name!r} is empty or has a dot in it")
        if hasattr(self, name) and name not in home:
            raise KeyError(f"the attribute {name!r} exists already")
        self._settle(home, name, value)

    def register_parameter(self, name, param):
        self._register(self._parameters, Parameter, name, param)

    def register_buffer(self, name, tensor, persistent=True):
        self._register(self._buffers, Tensor, name, tensor)
        (self._non_persistent.discard if persistent else self._non_persistent.add)(name)

    def add_module(self, name, module):
        self._register(self._modules, Registry, name, module)

# %% [markdown]
# ### 🧪 Unit Test: Registry
# Each kind of value goes to its home, a new one moves, and wrong ones are refused.

# %% nbgrader={"grade_id": "test-layers-registry", "points": 16}
def test_unit_registry():
    first, second, child = Parameter(ones(2)), Parameter(zeros(3)), Registry()
    box = Registry()

    def holds(parameters, buffers, modules, when):
        for role, names in [("parameters", parameters), ("buffers", buffers), ("modules", modules)]:
            got = list(getattr(box, "_" + role))
            assert got == names.split(), f"{when}: the {role} should be {names or 'none'}, got {got}"

    box.w, box.size, box.child, box.plain = first, 5, child, ones(2)
    holds("w", "", "child", "after four assignments")
    assert box._parameters["w"] is box.w is first, "the dictionary and the attribute are one object"
    assert box._modules["child"] is box.child is child, "the same goes for modules"
    assert box.size == 5 and box.plain.shape == (2,), "a value without a home is set as usual"
    box.register_buffer("mean", ones(1))
    box.mean = new = zeros(1)
    assert box._buffers["mean"] is box.mean is new, "a buffer may be replaced by another tensor"
    for name, value in [("w", ones(2)), ("w", 3), ("w", child), ("child", 3), ("mean", 3)]:
        refuses(TypeError, lambda: setattr(box, name, value), name)
    holds("w", "mean", "child", "a refused value changes nothing")
    box.w = None
    assert box._parameters == {"w": None} and box.w is None, "None keeps the place of a parameter"
    box.w, box.child, box.mean = second, first, child
    holds("w child", "", "mean", "a parameter in a module's place, a module in a buffer's")
    assert box._parameters["child"] is box.child is first, "what moved is found by its old name"
    box.child = box.mean = None
    holds("w child", "", "mean", "None in both places")
    del box.w, box.size, box.mean
    holds("child", "", "", "after del")
    assert not hasattr(box, "w") and not hasattr(box, "size"), "what is deleted is gone"
    box.w = 7
    assert box.w == 7 and "w" not in box._parameters, "a deleted name has no meaning any more"

test_unit_registry()

# %% [markdown]
# ## 2. Walking the tree
# The modules form a tree, and a path of names leads to each parameter:
#
# ```
#    net                       named_modules():        named_parameters():
#    ├── encoder               ""                      "scale"
#    │   ├── weight            "encoder"               "encoder.weight"
#    │   └── bias              "head"                  "encoder.bias"
#    ├── head                                          "head.weight"
#    │   └── weight
#    └── scale
# ```
#
# A module comes before what is inside it, and its own parameters before those of its children,
# whatever the order of assignment. Both functions are generators: they `yield` one pair after the
# other, and `yield from` hands on all that another generator yields, such as the same method of a
# child.
#
# **Shared objects** come once. Language models often use one matrix for embedding and output; an
# optimizer that got it twice would take its step twice. So a walk remembers what it has met. A set
# does, since modules and tensors hash by identity.

# %% nbgrader={"grade_id": "layers-tree"}
#| export
def dotted(path, name):
    """"a.b" of "a" and "b", and plain "b" if the path is empty."""
    return f"{path}.{name}" if path else name


class Tree(Registry):
    """Finds everything in itself and in the modules below."""

    def named_modules(self, memo=None, prefix="", remove_duplicate=True):
        """Yield (path, module) for this module, whose path is prefix, and for all below it.

        memo is the set of modules met so far, or None at the start of a walk. A module in it
        yields nothing, and nor do its children. A child that is None is skipped.

        Approach:
            1. Make the set if there is none. Go on only if self isn't in it.
            2. Add self to it, but only if duplicates are to be removed. Yield prefix and self.
            3. Hand on what each child yields: same memo, path made by `dotted`.
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
        """Yield (path, tensor) for what each module of the tree (only of self, unless recurse) has
        in its dictionary called home, "_parameters" or "_buffers". None is skipped.

        Approach: walk over `named_modules` with your prefix and remove_duplicate, or over the list
        [(prefix, self)]. `getattr(module, home)` is the dictionary. The same tensor can also stand
        in two different modules, so this walk needs a set of its own.
        """
        ### BEGIN SOLUTION
        walk = [(prefix, self)]
        if recurse:
            walk = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
        met = set()
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

    def parameters(self, recurse=True):
        return (tensor for _, tensor in self.named_parameters(recurse=recurse))

    def buffers(self, recurse=True):
        return (tensor for _, tensor in self.named_buffers(recurse=recurse))

    def modules(self):
        return (module for _, module in self.named_modules())

    def named_children(self):
        met = set()
        for name, child in self._modules.items():
            if child is not None and child not in met:
                met.add(child)
                yield name, child

    def children(self):
        return (child for _, child in self.named_children())

# %% [markdown]
# ### 🧪 Unit Test: Tree
# Paths and their order, gaps, and one module and one parameter that are used twice.

# %% nbgrader={"grade_id": "test-layers-tree", "points": 14}
def example_tree(kind):
    """scale, encoder.weight, encoder.bias = None, encoder.inner.mean (a buffer), head.weight."""
    net, encoder, head, inner = (kind() for _ in range(4))
    net.encoder, net.head, net.gap = encoder, head, kind()
    net.gap = None
    net.scale = Parameter(tensor([3.0]))
    encoder.inner, encoder.weight, head.weight = inner, Parameter(randn(2, 3)), Parameter(ones(4))
    encoder.register_parameter("bias", None)
    inner.register_buffer("mean", tensor([7, -2]))
    return net

def test_unit_tree():
    def check(got, expected, what):
        got = [name for name, _ in got]
        assert got == expected, f"{what} should yield {expected}, got {got}"

    net = example_tree(Tree)
    paths = ["", "encoder", "encoder.inner", "head"]
    check(net.named_modules(), paths, "named_modules")
    assert list(net.modules())[2] is net.encoder.inner, "each path comes with its module"
    check(net.named_parameters(), ["scale", "encoder.weight", "head.weight"], "named_parameters")
    assert list(net.parameters())[1] is net.encoder.weight, "each path comes with its parameter"
    check(net.named_parameters(recurse=False), ["scale"], "named_parameters(recurse=False)")
    check(net.named_parameters("a.b", recurse=False), ["a.b.scale"], "a prefix, recurse=False")
    check(net.named_buffers("a"), ["a.encoder.inner.mean"], "named_buffers with a prefix")

    net.head.twin, net.head.tied = net.encoder, net.encoder.weight
    check(net.named_modules(), paths, "named_modules with a module used twice")
    check(net.named_parameters(), ["scale", "encoder.weight", "head.weight"], "tied parameters")
    check(net.named_modules(remove_duplicate=False),
          [*paths, "head.twin", "head.twin.inner"], "named_modules, remove_duplicate=False")
    check(net.named_parameters(remove_duplicate=False),
          ["scale", "encoder.weight", "head.weight", "head.tied", "head.twin.weight"],
          "named_parameters, remove_duplicate=False")
    again = [name for _ in range(2) for name, _ in net.named_modules()]
    assert again == 2 * paths, "each walk starts afresh: is your set made anew for each?"

test_unit_tree()

# %% [markdown]
# ## 3. Saving and loading
# What training leaves behind is a dictionary from paths to tensors, the **state**. The network
# itself is code, and code changes: a saved object of a class that has since been renamed can't be
# opened, a dictionary always can. Names, not positions, decide what goes where.
#
# The tensors of a state are detached but not copied: they lie in the same memory as the
# parameters. So taking a state is nearly free, and to load is to write into the state of the
# receiving network. Loading must be all or nothing. A half-loaded network looks healthy and
# predicts nonsense, so look for every problem first, and report all of them at once.

# %% nbgrader={"grade_id": "layers-state"}
#| export
IncompatibleKeys = namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])


class State(Tree):
    """Gives its parameters and buffers as one dictionary, and takes them from one."""

    def state_dict(self, *, destination=None, prefix="", keep_vars=False):
        """A dictionary from paths to detached tensors (with keep_vars, to the tensors themselves).

        The own parameters come first, then the own buffers, without those in self._non_persistent,
        then each child. Shared tensors stand under each of their names. None is skipped.

        destination is the dictionary to write to (None: a new one). It is what is returned. prefix
        goes before every name as it is, so for a child called "head" it ends in "head.".

        Approach: write what is your own, then call each child's state_dict with the same
        destination and keep_vars.
        """
        ### BEGIN SOLUTION
        state = {} if destination is None else destination
        for name, tensor in [*self._parameters.items(), *self._buffers.items()]:
            if tensor is not None and name not in self._non_persistent:
                state[prefix + name] = tensor if keep_vars else tensor.detach()
        for name, child in self._modules.items():
            if child is not None:
                child.state_dict(destination=state, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        return state
        ### END SOLUTION

    def load_state_dict(self, state_dict, strict=True):
        """Copy the tensors of a state into those of this network, keeping this network's dtypes.

        Returns IncompatibleKeys with two lists: the names we have and state_dict lacks, and those
        it has and we don't. Raises RuntimeError, and then nothing has changed,
            - if strict and one of the lists has something in it: the message has every name;
            - if a shape differs: it has every such name, and both shapes.

        Approach: `own = self.state_dict()`. Make the two lists, and a list of problems in words.
        Raise if there is one. Then call `copy_` of the tensors in own.
        """
        ### BEGIN SOLUTION
        own = self.state_dict()
        missing = [name for name in own if name not in state_dict]
        unexpected = [name for name in state_dict if name not in own]
        problems = [f"missing: {', '.join(missing)}"] if missing and strict else []
        problems += [f"unexpected: {', '.join(unexpected)}"] if unexpected and strict else []
        common = [name for name in own if name in state_dict]
        for name in common:
            if own[name].shape != state_dict[name].shape:
                problems.append(f"{name}: {own[name].shape} here, {state_dict[name].shape} there")
        if problems:
            raise RuntimeError("\n    ".join([f"cannot load {type(self).__name__}:", *problems]))
        for name in common:
            own[name].copy_(state_dict[name])
        return IncompatibleKeys(missing, unexpected)
        ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: State
# The keys in order, shared memory, a round trip, and what a state that doesn't fit is told.

# %% nbgrader={"grade_id": "test-layers-state", "points": 16}
def test_unit_state():
    manual_seed(1)
    net, other = example_tree(State), example_tree(State)
    net.head.tied = net.scale
    net.head.register_buffer("draft", ones(1), persistent=False)
    net.register_buffer("steps", tensor(5))
    net.register_buffer("none", None)
    state = net.state_dict()
    keys = ["scale", "steps", "encoder.weight", "encoder.inner.mean", "head.weight", "head.tied"]
    assert list(state) == keys, f"the keys should be {keys}, got {list(state)}"
    weight = state["encoder.weight"]
    assert weight is not net.encoder.weight and not weight.requires_grad, "detach the tensors"
    assert net.state_dict(keep_vars=True)["head.tied"] is net.scale, "keep_vars keeps the objects"
    there = {"old": 0}
    assert net.state_dict(destination=there, prefix="x.") is there, "return the destination"
    assert list(there) == ["old", *("x." + key for key in keys)], f"mind the prefix: {list(there)}"
    net.scale.detach().fill_(9)
    assert state["scale"].item() == 9, "a state shares its memory with the network"

    del net.steps, net.head.tied, state["steps"], state["head.tied"]
    result = other.load_state_dict(state)
    same(other.encoder.weight, weight.numpy(), "a loaded parameter")
    same(other.scale, np.float32([9]), "the other parameter")
    same(other.encoder.inner.mean, np.int64([7, -2]), "a loaded buffer")
    assert result == ([], []), f"nothing is missing, nothing unexpected, but you returned {result}"
    same(weight * 1, net.encoder.weight.detach().numpy(), "the source of a load")
    net.scale.detach().fill_(4)
    assert other.scale.item() == 9, "after loading, the networks must not share memory"
    other.load_state_dict({**state, "scale": tensor([2.5], dtype=float64)})
    same(other.scale, np.float32([2.5]), "a float64 loaded into float32")

    bad = {"scale": ones(1), "encoder.weight": ones(3, 2), "head.weight": ones(1), "a": 1, "b": 2}
    parts = ["(2, 3)", "(3, 2)", "(4,)", "(1,)", "encoder.weight", "head.weight"]
    refuses(RuntimeError, lambda: other.load_state_dict(bad), "a, b", "encoder.inner.mean", *parts)
    refuses(RuntimeError, lambda: other.load_state_dict(bad, strict=False), *parts)
    for key, change in [("b", {"b": 2}), ("head.weight", {})]:
        partial = {**state, **change}
        if not change:
            del partial[key]
        refuses(RuntimeError, lambda: other.load_state_dict(partial), key)
    same(other.scale, np.float32([2.5]), "a parameter after loads that were refused")
    result = other.load_state_dict({"scale": ones(1), "b": 2}, strict=False)
    same(other.scale, np.float32([1]), "a parameter loaded with strict=False")
    expected = ["encoder.weight", "encoder.inner.mean", "head.weight"]
    assert result.missing_keys == expected, f"missing are {expected}, not {result.missing_keys}"
    assert result.unexpected_keys == ["b"], f"b is unexpected, not {result.unexpected_keys}"

test_unit_state()

# %% [markdown]
# ## 4. Module: something to call
# The last storey. A module is called like a function, and its author writes `forward`. Some layers
# behave differently while the network learns (dropout, below, or batch normalization): `train()`
# and `eval()` set the attribute `training` in the whole tree. Recursion goes through the
# *children's own* `train`, so that a module may override it, to stay frozen for example.

# %% nbgrader={"grade_id": "layers-module"}
#| export
class Module(State):
    """The base class of every layer and every network. Write `forward`, call the object."""

    def forward(self, *input):
        raise NotImplementedError(f"{type(self).__name__} needs a method forward")

    def __call__(self, *args, **kwargs):
        """What forward returns for the same arguments."""
        ### BEGIN SOLUTION
        return self.forward(*args, **kwargs)
        ### END SOLUTION

    def train(self, mode=True):
        """Set `training` to mode here and in all modules below, and return self.

        Raises ValueError unless mode is a bool: net.train("no") would be true.
        """
        ### BEGIN SOLUTION
        if not isinstance(mode, bool):
            raise ValueError(f"the mode must be True or False, not {mode!r}")
        self.training = mode
        for child in self.children():
            child.train(mode)
        return self
        ### END SOLUTION

    def eval(self):
        return self.train(False)

    def apply(self, fn):
        """Call fn on every module, children before their parents, and return self.

        >>> net.apply(lambda module: print(type(module).__name__))
        """
        ### BEGIN SOLUTION
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self
        ### END SOLUTION

    def zero_grad(self, set_to_none=True):
        """Forget the gradients: `grad` of every parameter becomes None. With set_to_none=False,
        those that exist are filled with zeros instead, in place."""
        ### BEGIN SOLUTION
        for parameter in self.parameters():
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad.zero_()
        ### END SOLUTION

    def requires_grad_(self, requires_grad=True):
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def to(self, dtype):
        """Convert all floating-point parameters and buffers; whole numbers stay what they are."""
        if np.dtype(dtype).kind != "f":
            raise TypeError(f"a module can only be made floating-point, not {dtype}")
        for tensor in [*self.parameters(), *self.buffers()]:
            if tensor.dtype.kind == "f":
                tensor.data = tensor.data.to(dtype)
                tensor.grad = None if tensor.grad is None else tensor.grad.to(dtype)
        return self

    def float(self):
        return self.to("float32")

    def double(self):
        return self.to("float64")

    def extra_repr(self):
        return ""

    def __repr__(self):
        lines = [f"({name}): {child!r}" for name, child in self._modules.items()]
        if extra := self.extra_repr():
            if not lines:
                return f"{type(self).__name__}({extra})"
            lines = [extra, *lines]
        inside = "".join(f"\n{line}" for line in lines).replace("\n", "\n  ")
        return f"{type(self).__name__}({inside}\n)" if lines else f"{type(self).__name__}()"

# %% [markdown]
# The activations of module 02 have no parameters; as modules they can stand in a list of layers.
# That is all there is to them.

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
    def __init__(self, dim=None):
        super().__init__()
        self.dim = dim

    def forward(self, input): return softmax(input, self.dim)
    def extra_repr(self): return f"dim={self.dim}"


class LogSoftmax(Softmax):
    def forward(self, input): return log_softmax(input, self.dim)


class Flatten(Module):
    """(N, C, H, W) becomes (N, C·H·W): everything but the batch in one row."""

    def __init__(self, start_dim=1, end_dim=-1):
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input): return input.flatten(self.start_dim, self.end_dim)
    def extra_repr(self): return f"start_dim={self.start_dim}, end_dim={self.end_dim}"

# %% [markdown]
# ### 🧪 Unit Test: Module
# Calling, the modes, apply and zero_grad, on a small tree.

# %% nbgrader={"grade_id": "test-layers-module", "points": 12}
def test_unit_module():
    class Scale(Module):
        def forward(self, input, by=1, plus=0):
            return input * by + plus

    x = tensor([1.0, -2.0])
    same(Scale()(x, 3, plus=1), np.float32([4, -5]), "a call with three arguments")
    refuses(NotImplementedError, lambda: Module()(x), "Module")

    class Frozen(Module):
        def train(self, mode=True):
            return super().train(False)

    net = example_tree(Module)
    net.head.frozen = Frozen()
    assert net.eval() is net and net.train() is net, "train and eval return the module"
    for mode in (False, True):
        net.train(mode)
        modes = [module.training for module in net.modules()]
        assert modes == [mode] * 4 + [False], f"train({mode}) set {modes}; the last is frozen"
    refuses(ValueError, lambda: net.train("no"), "no")
    met = []
    assert net.apply(met.append) is net, "apply returns the module"
    expected = [net.encoder.inner, net.encoder, net.head.frozen, net.head, net]
    assert met == expected, f"children first: {expected}, got {met}"
    for parameter in (net.scale, net.encoder.weight):
        parameter.grad = ones(*parameter.shape)
    gradient = net.scale.grad
    net.zero_grad(set_to_none=False)
    assert net.scale.grad is gradient and gradient.item() == 0, "zeros go into the same tensor"
    assert net.head.weight.grad is None, "where there was no gradient, there is none now"
    net.zero_grad()
    assert net.scale.grad is None and net.encoder.weight.grad is None, "None is the default"

test_unit_module()

# %% [markdown]
# ## 5. The linear function
# One neuron is a weighted sum of its inputs plus a bias. `out` neurons with one row of weights each
# make a matrix, and a batch goes through at once:
#
# ```
#    input (…, in) @ weight.T (in, out) + bias (out,) = (…, out)
#
#    [[1, 2, 0],      [[ 1, 0, 2],                  [[ 1·1 + 2·0 + 0·2 + 10, −1·1 + 2·3 + 0·1 + 20],
#     [0, 1, 1]]       [-1, 3, 1]]  [10, 20]    =    [ 0·1 + 1·0 + 1·2 + 10,  0·(−1) + 1·3 + 1·1 + 20]]
#     input            weight       bias        =   [[11, 25], [12, 24]]
# ```
#
# As `input @ weight.T + bias` this would be three trips through the door, and the sum a second
# array as large as the result. As *one* operation it is one trip, and the bias is added in place:
# we own the result of the product, and nobody else has seen it. NumPy has a trap here. With three
# dimensions, (8, 64, 32) @ (32, 10), it calls BLAS eight times; as (512, 32) @ (32, 10) it calls
# once.

# %% nbgrader={"grade_id": "layers-linear-function"}
#| export
@operation
def linear(input, weight, bias=None):
    """input (…, in) times the transposed weight (out, in), plus bias (out,): (…, out).

    Raises RuntimeError if
        - the dtypes of input, weight and bias aren't one and the same (the message has them);
        - input has no dimension, or its last isn't weight's last (the message has both shapes).

    Approach:
        1. Check both.
        2. Reshape input to two dimensions, (everything but the last, in). `prod(input.shape[:-1])`
           is the number of rows: -1 can't be worked out if in is 0.
        3. One product, a NEW array; add the bias to it in place if there is one.
        4. Reshape to input's leading dimensions, followed by what the product had after its rows.
    """
    ### BEGIN SOLUTION
    for other in (weight, bias):
        if other is not None and other.dtype != input.dtype:
            raise RuntimeError(f"linear needs one dtype, got {input.dtype} and {other.dtype}")
    if input.ndim == 0 or input.shape[-1] != weight.shape[-1]:
        raise RuntimeError(f"linear: input {input.shape} doesn't fit weight {weight.shape}")
    leading = input.shape[:-1]
    output = input.reshape(prod(leading), input.shape[-1]) @ weight.T
    if bias is not None:
        output += bias
    return output.reshape(leading + output.shape[1:])
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Linear function
# The worked example, any number of leading dimensions against NumPy, and what must be refused.

# %% nbgrader={"grade_id": "test-layers-linear-function", "points": 12}
def test_unit_linear_function():
    x, w, b = tensor([[1.0, 2, 0], [0, 1, 1]]), tensor([[1.0, 0, 2], [-1, 3, 1]]), tensor([10.0, 20])
    same(linear(x, w, b), np.float32([[11, 25], [12, 24]]), "the worked example")
    same(linear(x, w), np.float32([[1, 5], [2, 4]]), "the worked example without bias")
    same(linear(x, weight=w, bias=b), np.float32([[11, 25], [12, 24]]), "with keywords")
    rng = np.random.default_rng(5)
    for shape, out in [((4,), (3,)), ((5, 4), (3,)), ((2, 5, 4), (3,)), ((2, 1, 3, 4), (1,)),
                       ((0, 4), (3,)), ((2, 0), (3,)), ((2, 5, 4), ())]:
        a, c, d = rng.normal(size=shape), rng.normal(size=(*out, shape[-1])), rng.normal(size=out)
        what = f"input {shape}, weight {c.shape}"
        same(linear(tensor(a), tensor(c), tensor(d)), a @ c.T + d, what)
        same(linear(tensor(a), tensor(c)), a @ c.T, f"{what}, no bias")
    flipped = rng.normal(size=(4, 2, 5)).astype("f")
    same(linear(tensor(flipped).permute(1, 2, 0), ones(3, 4)),
         flipped.transpose(1, 2, 0) @ np.ones((4, 3), "f"), "an input that is a transposed view")
    for tensors in [(x, w), (x, w, b)]:
        for tensor_ in tensors:
            assert tensor_._version == 0, "linear must not change its arguments"
    same(b, np.float32([10, 20]), "the bias afterwards")
    refuses(RuntimeError, lambda: linear(x, w.T), "(2, 3)", "(3, 2)")
    refuses(RuntimeError, lambda: linear(ones(3, 2), ones(2, 3)), "(3, 2)", "(2, 3)")
    refuses(RuntimeError, lambda: linear(tensor(1.0), ones(2, 1)), "()", "(2, 1)")
    for wrong in [(x.to(float64), w, b), (x, w.to(float64), b), (x, w, b.to(float64))]:
        refuses(RuntimeError, lambda: linear(*wrong), "float64", "float32")

test_unit_linear_function()

# %% [markdown]
# ## 6. Linear: how large should the first weights be?
# With all weights equal, all neurons of a layer compute the same and learn the same: we need
# chance. How much of it? A neuron adds up `in` products. If inputs have variance 1 and weights
# variance v, independent and with mean 0, the sum has variance in · v. With v = 1 and in = 784 a
# typical output is 28, two layers later 22,000. With in · v about 1, it keeps its scale (LeCun et
# al., *Efficient BackProp*, 1998).
#
# torch draws weights and biases uniformly from ±1/√in. A uniform number in ±a has variance a²/3, so
# the variance of the sum is 1/3 of the inputs': for in = 4, bounds of ±0.5 and v = 1/12.

# %% nbgrader={"grade_id": "layers-linear"}
#| export
class Linear(Module):
    """linear with a weight (out_features, in_features) and a bias (out_features,) of its own."""

    def __init__(self, in_features, out_features, bias=True):
        """Approach: call super().__init__(). Remember in_features and out_features. Make weight and
        bias Parameters full of zeros; without bias, register the name "bias" as a parameter that is
        None. At last, reset_parameters."""
        ### BEGIN SOLUTION
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(zeros(out_features, in_features))
        self.register_parameter("bias", Parameter(zeros(out_features)) if bias else None)
        self.reset_parameters()
        ### END SOLUTION

    def reset_parameters(self):
        """Draw weight, then bias if there is one, uniformly from ±1/√in_features, in place.

        Approach: `rand` is uniform in [0, 1): stretch it to [-1, 1), then to the bound. The walk
        `self.parameters()` has the right order and knows whether there is a bias. Write with
        `copy_` to the detached parameter: starting values aren't part of any history. For
        in_features = 0, take 1.
        """
        ### BEGIN SOLUTION
        bound = max(self.in_features, 1) ** -0.5
        for parameter in self.parameters():
            parameter.detach().copy_((2 * rand(parameter.shape) - 1) * bound)
        ### END SOLUTION

    def forward(self, input):
        """input (…, in_features) becomes (…, out_features)."""
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
    shapes = [(name, p.shape) for name, p in layer.named_parameters()]
    assert shapes == [("weight", (3000, 4)), ("bias", (3000,))], f"mind names, shapes: {shapes}"
    assert (layer.in_features, layer.out_features) == (4, 3000), "remember the sizes"
    for name, p in layer.named_parameters():
        assert p.requires_grad and p.dtype == float32, f"{name} is a float32 to be learnt"
        a = p.detach().numpy()
        for got, expected in [(a.min(), -0.5), (a.max(), 0.5), (a.mean(), 0), (a.var(), 1 / 12)]:
            assert abs(got - expected) < 0.02, f"{name}: uniform in ±0.5, but {got} ≉ {expected}"
        assert abs(a).max() <= 0.5, f"{name}: no value may lie beyond 0.5"
    for n, bound in [(0, 1), (1, 1), (100, 0.1)]:
        largest = abs(Linear(n, 900).bias.detach().numpy()).max()
        assert 0.95 * bound < largest <= bound, f"the bound for in_features={n} is {bound}"
    assert layer.weight.detach().numpy()[0, 0] != layer.bias.detach().numpy()[0], "draw them apart"
    kept = layer.weight
    manual_seed(3)
    layer.reset_parameters()
    assert layer.weight is kept, "reset_parameters writes into the parameters that are there"
    same(Linear(4, 3000).bias * 0, np.zeros(3000, "f"), "a new layer's bias times 0")
    manual_seed(3)
    same(Linear(4, 3000).weight, kept.detach().numpy(), "the same seed, the same weights")
    for bias in (True, False):
        layer, x = Linear(5, 2, bias), randn(3, 7, 5)
        w = layer.weight.detach().numpy()
        b = layer.bias.detach().numpy() if bias else 0
        same(layer(x), x.numpy() @ w.T + b, f"Linear(5, 2, bias={bias})")
    assert layer.bias is None and "bias" in layer._parameters, "no bias: registered, and None"
    assert list(layer.state_dict()) == ["weight"], "no bias: its name isn't saved"

test_unit_linear()

# %% [markdown]
# ## 7. Dropout
# A large network can learn its training data by heart, each neuron relying on quirks of others.
# Dropout (Srivastava et al., 2014) switches off a random part p of the values at each training
# step, so that none can be relied upon. At prediction time nothing is switched off, and the sums in
# the next layer would suddenly be larger: by 1/(1 − p). So the survivors are scaled up by that
# during training, which leaves the expected value as it was ("inverted" dropout), and prediction
# costs nothing.
#
# For p = 0.25 and four ones: the mask might be [1, 0, 1, 1], the result [1.33, 0, 1.33, 1.33].
#
# Dropout is a multiplication by a random mask, so `mul` does it, and module 06 will have nothing to
# add.

# %% nbgrader={"grade_id": "layers-dropout"}
#| export
def check_probability(p):
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")

def dropout(input, p=0.5, training=True):
    """Set each element to 0 with probability p, and divide the others by 1 - p. Outside training,
    or if p is 0, return input itself.

    Raises ValueError if p isn't in [0, 1] (`check_probability`), training or not.

    Approach: compare `rand` of input's shape with p, convert what comes out to input's dtype with
    `to`, and divide that mask in place (div_). If p is 1, nobody survives: don't divide 0 by 0.
    Then one product.
    """
    ### BEGIN SOLUTION
    check_probability(p)
    if not training or p == 0:
        return input
    mask = (rand(input.shape) >= p).to(input.dtype)
    if p < 1:
        mask.div_(1 - p)
    return input * mask
    ### END SOLUTION


class Dropout(Module):
    def __init__(self, p=0.5):
        super().__init__()
        check_probability(p)
        self.p = p

    def forward(self, input):
        """dropout while training; afterwards, the input."""
        ### BEGIN SOLUTION
        return dropout(input, self.p, self.training)
        ### END SOLUTION

    def extra_repr(self):
        return f"p={self.p}"

# %% [markdown]
# ### 🧪 Unit Test: Dropout
# How many survive, and how large they are; the modes; and luck that repeats.

# %% nbgrader={"grade_id": "test-layers-dropout", "points": 10}
def test_unit_dropout():
    manual_seed(5)
    x = tensor(np.linspace(-9, 9, 40_000, dtype="f").reshape(4, -1))
    for p in (0.2, 0.5, 0.9):
        y = dropout(x, p).numpy()
        kept = y != 0
        assert abs(kept.mean() - (1 - p)) < 0.01, f"p={p}: {kept.mean():.1%} survived"
        same(tensor(y[kept]), x.numpy()[kept] / np.float32(1 - p), f"p={p}: the survivors")
    assert x._version == 0, "dropout must not write to its input"
    same(dropout(x, 1), x.numpy() * 0, "p=1, where nothing survives")
    assert dropout(x, 0) is x and dropout(x, training=False) is x, "nothing to do: return input"
    assert dropout(ones(3, dtype=float64)).dtype == float64, "the dtype is that of the input"
    for p in (-0.1, 1.1):
        for training in (True, False):
            refuses(ValueError, lambda: dropout(x, p, training), str(p))
    layer = Dropout(0.25)
    manual_seed(8)
    first, second = layer(x), layer(x)
    manual_seed(8)
    same(dropout(x, 0.25), first.numpy(), "the module's p, and the same seed")
    assert (first.numpy() != second.numpy()).any(), "every call draws a new mask"
    assert 0.2 < (dropout(x).numpy() == 0).mean() - 0.3 + 0.05 < 0.3, "the default of p is 0.5"
    assert layer.eval()(x) is x, "after eval(), a dropout layer returns its input"

test_unit_dropout()

# %% [markdown]
# ## 8. Sequential
# Most networks are chains: the output of a layer is the input of the next. `Sequential` holds the
# layers under the names "0", "1", …, so the weight of its third is `"2.weight"` in the state; given
# one `OrderedDict`, it uses the names in there.

# %% nbgrader={"grade_id": "layers-sequential"}
#| export
class Container(Module):
    """Modules in a row, under the names "0", "1", …"""

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules.values())

    def append(self, module):
        self.add_module(str(len(self)), module)
        return self


class Sequential(Container):
    """Layers, each called with what the one before it returned."""

    def __init__(self, *args):
        """Approach: after super().__init__(), call `add_module` for each name and layer of the one
        OrderedDict, or `append` for each argument."""
        ### BEGIN SOLUTION
        super().__init__()
        if len(args) == 1 and isinstance(args[0], OrderedDict):
            for name, module in args[0].items():
                self.add_module(name, module)
        else:
            for module in args:
                self.append(module)
        ### END SOLUTION

    def forward(self, input):
        """Send input through all layers, in order."""
        ### BEGIN SOLUTION
        for module in self:
            input = module(input)
        return input
        ### END SOLUTION

    def __getitem__(self, index):
        """net[0] and net[-1] are layers; net[1:] is another Sequential. It has the same layers, not
        copies, under the names that they have here.

        Approach: take `self._modules` apart into a list of pairs, and index that.
        """
        ### BEGIN SOLUTION
        items = list(self._modules.items())[index]
        return type(self)(OrderedDict(items)) if isinstance(index, slice) else items[1]
        ### END SOLUTION


class ModuleList(Container):
    """A list of modules that are found by the walks. Who owns it, calls them."""

    def __init__(self, modules=None):
        super().__init__()
        self.extend(modules or ())

    def extend(self, modules):
        for module in modules:
            self.append(module)
        return self

    def __getitem__(self, index):
        modules = list(self)[index]
        return type(self)(modules) if isinstance(index, slice) else modules

# %% [markdown]
# ### 🧪 Unit Test: Sequential
# Order, names, and slices that share their layers.

# %% nbgrader={"grade_id": "test-layers-sequential", "points": 5}
def test_unit_sequential():
    class Plus(Module):
        def forward(self, input): return input + 1

    class Times(Module):
        def forward(self, input): return input * 10

    plus, times = Plus(), Times()
    net, x = Sequential(plus, times, Linear(2, 1)), tensor([1.0, -3.0])
    same(Sequential(plus, times)(x), np.float32([20, -20]), "first + 1, then · 10")
    same(Sequential(times, plus)(x), np.float32([11, -29]), "first · 10, then + 1")
    assert Sequential()(x) is x, "without layers, out comes what went in"
    assert len(net) == 3 and list(net.state_dict()) == ["2.weight", "2.bias"], "names count from 0"
    assert net[0] is plus and net[1] is times and net[-2] is times, "an index gives the layer itself"
    tail = net[1:]
    assert type(tail) is Sequential and list(tail) == list(net)[1:], "net[1:] is a Sequential"
    assert list(tail.state_dict()) == ["2.weight", "2.bias"], "in a slice, layers keep their names"
    named = Sequential(OrderedDict(a=times, b=plus))
    assert named.a is times and [name for name, _ in named.named_children()] == ["a", "b"], \
        "one OrderedDict brings the names"
    same(named(x), np.float32([11, -29]), "the layers of an OrderedDict, in order")

test_unit_sequential()

# %% [markdown]
# ## 📊 Systems analysis
# What do layers weigh, what does a Linear cost as it grows, and what do we pay for the comfort?

# %%
from time import perf_counter

def best(call, calls=1):
    """Microseconds for a call, the best of seven tries: other programs only slow us down."""
    times = []
    for _ in range(7):
        start = perf_counter()
        for _ in range(calls):
            call()
        times.append((perf_counter() - start) / calls)
    return min(times) * 1e6

net = Sequential(Linear(784, 128), ReLU(), Dropout(0.1), Linear(128, 10))
print("What do the layers weigh, and what passes between them for a batch of 64?")
x = ones(64, 784)
for name, layer in net.named_children():
    x, numbers = layer(x), sum(p.numel() for p in layer.parameters())
    size = sum(p.nbytes for p in layer.parameters())
    print(f"  {name} {type(layer).__name__:8} {numbers:7,} numbers, {size / 1024:6.1f} KiB; "
          f"its output {x.nbytes / 1024:5.1f} KiB")

# %% [markdown]
# The weights of one layer outweigh everything else, and their bytes grow with in · out. Outputs
# grow with the batch instead; training will have to keep them, for the way back.

# %%
print("A Linear as its sizes double: batch 64, n inputs, n outputs")
before = None
for n in (16, 32, 64, 128, 256, 512, 1024):
    layer, x = Linear(n, n), randn(64, n)
    a, w, b = (t.detach().numpy() for t in (x, layer.weight, layer.bias))
    calls = 200 if n < 200 else 10
    blas, ours = best(lambda: a @ w.T, calls), best(lambda: layer(x), calls)
    three = best(lambda: x @ layer.weight.T + layer.bias, calls)
    growth = f"{ours / before:4.1f} × the last" if before else ""
    print(f"  n = {n:4}: product {blas:7.1f} µs, Linear {ours:7.1f} µs, {ours / blas:4.2f} × the "
          f"product; as three operations {three / blas:4.2f} ×  {growth}")
    before = ours
x, layer = randn(64, 32, 16), Linear(16, 16)
a, w = x.numpy(), layer.weight.detach().numpy()
print(f"(64, 32, 16) through Linear(16, 16): {best(lambda: layer(x), 20):.1f} µs; NumPy's product "
      f"alone, without the reshape: {best(lambda: a @ w.T, 20):.1f} µs")

# %% [markdown]
# Doubling n means four times the multiplications, and for large n about four times the time. For
# small n time hardly grows, and most of it is ours: a fixed price a call, whatever n is. Where does
# it go?

# %%
class Searching:
    """What torch does: the attribute isn't found, and __getattr__ looks into the dictionaries."""

    def __init__(self, layer):
        vars(self).update(_parameters=layer._parameters)

    def __getattr__(self, name):
        if "_parameters" in self.__dict__ and name in self.__dict__["_parameters"]:
            return self.__dict__["_parameters"][name]
        raise AttributeError(name)

x, layer = randn(1, 4), Linear(4, 4)
a, w, b = (t.detach().numpy() for t in (x, layer.weight, layer.bias))
searching = Searching(layer)
print("Where a call of Linear(4, 4) spends its time, in µs:")
for what, call in [
    ("a @ w.T in NumPy", lambda: a @ w.T),
    ("a @ w.T + b in NumPy", lambda: a @ w.T + b),
    ("linear(x, weight, bias)", lambda: linear(x, layer.weight, layer.bias)),
    ("layer(x)", lambda: layer(x)),
    ("layer.weight, from __dict__", lambda: layer.weight),
    ("searching.weight, by __getattr__", lambda: searching.weight),
]:
    print(f"  {what:33} {best(call, 5000):6.3f}")

# %% [markdown]
# Calling the module adds little to the function, and reading a parameter next to nothing; a search
# costs several times as much, and every layer reads at least two.

# %% [markdown]
# ## 🧪 Module test
# A network of a class of its own, with every kind of layer, against the same in bare NumPy.
#
# ### 🧪 Unit Test: Layers together
# Numbers, modes, and a state that travels to a second network, by pickle and by deepcopy.

# %% nbgrader={"grade_id": "test-layers-together", "points": 5}
def test_unit_together():
    import copy
    import pickle

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
    keys = ["shift", "body.1.weight", "body.1.bias", "body.4.weight", "body.4.bias",
            "blocks.0.weight"]
    assert list(net.state_dict()) == keys, f"the keys are {keys}, got {list(net.state_dict())}"
    shift, w1, b1, w2, b2, w3 = (t.numpy().copy() for t in net.state_dict().values())
    h = np.maximum(x.numpy().reshape(7, 6) @ w1.T + b1, 0) @ w2.T + b2 - shift
    h = h + h @ w3.T
    expected = h + np.tanh(h)
    same(net(x), expected, "the network against NumPy")
    assert not np.allclose(other(x).detach().numpy(), expected), "another network, other weights"
    assert other.load_state_dict(net.state_dict()) == ([], []), "the states should fit"
    same(other(x), expected, "the second network, with the state of the first")
    same(pickle.loads(pickle.dumps(net.body))(x), h_body := net.body(x).detach().numpy(), "pickle")
    twin = copy.deepcopy(net)
    for parameter in net.parameters():
        parameter.detach().zero_()
    same(twin(x), expected, "a deep copy, after the original was zeroed")
    assert isinstance(twin.body[1].weight, Parameter), "a deep copy has Parameters too"
    noisy = [twin.train()(x).detach().numpy() for _ in range(2)]
    assert not np.allclose(*noisy), "in training, dropout makes every pass different"
    assert twin.double()(x.to(float64)).dtype == float64, "double() converts parameters and buffers"
    assert len(list(twin.parameters())) == 5 and h_body.shape == (7, 4), "five parameters in all"

test_unit_together()

# %% [markdown]
# ## 🤔 Questions to think about
# 1. A friend keeps his layers in a plain list, `self.layers = [Linear(4, 4), Linear(4, 4)]`. What
#    goes wrong, when does he notice, and which class helps?
# 2. A state shares memory with its network. You keep `best = net.state_dict()` and train on. What
#    is in `best` an hour later?
# 3. Two Linear layers with nothing between them: which functions can they compute that one can't?
#    What could be saved if the middle is small?
# 4. The bias is added in a second pass over the output. From which n on could you measure it? Use
#    your table.
# 5. An orchestra of 10 networks predicts better than one. In what sense is dropout such an
#    orchestra, at the price of one?

# %% [markdown]
# ## 🎯 Summary
# `from tinytorch import nn` gives you modules that find, save and load their own parameters, the
# layers `Linear` and `Dropout`, and chains of them. What a network should *want* is still open:
# next, module 04 measures how wrong its outputs are.
