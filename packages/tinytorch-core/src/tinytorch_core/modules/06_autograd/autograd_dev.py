# %% [markdown]
# # 06 · Autograd
#
# A loss says how wrong a network is. To improve it we need to know, for each of its thousands of
# weights: does the loss grow with this one, and how fast? You build the machine that answers for
# any program made of your operations, in one pass, at two to three times the price of the program.
# Wengert (1964) wrote a computation down as a list to differentiate it, Linnainmaa (1970) walked
# through that list backwards, Rumelhart, Hinton and Williams (1986) saw what it means for networks.
#
# **Prerequisites:** modules 01 to 04, the chain rule, what a priority queue is. About 240 minutes.
#
# ```mermaid
# flowchart LR
#     A[01 Tensor] & D[04 Losses] --> G(06 Autograd) --> O[07 Optimizers] & T[08 Training]
# ```

# %% [markdown]
# ## 🔧 Setup

# %%
#| default_exp core.autograd
#| export
import threading
from collections import defaultdict
from contextlib import ContextDecorator
from heapq import heappop, heappush
from inspect import signature
from itertools import count
from math import pi, prod

import numpy as np
import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch.core import Tensor, from_numpy, getitem, join, set_tape, watched
from tinytorch.nn.losses import slopes

# %%
from contextlib import contextmanager
from tinytorch import nn
from tinytorch.core import float64, ones, operation, set_watch, tensor

@contextmanager
def plugged(listener):  # inside, this tape listens
    set_tape(listener)
    yield listener
    set_tape(globals().get("tape"))

def same(got, expected, what, rtol=1e-5):
    got, expected = np.asarray(got), np.asarray(expected)
    close = got.shape == expected.shape and np.allclose(got, expected, rtol, 1e-6)
    assert close, f"{what}: should be\n{expected}, got\n{got}"

def refuses(call, *parts):
    try:
        got = call()
    except RuntimeError as problem:
        assert all(p in str(problem) for p in parts), f"the error should say {parts}: {problem}"
    else:
        raise AssertionError(f"this should raise RuntimeError, but it returned {got!r}")

# %% [markdown]
# ## 📦 Where this code lives
# In `tinytorch/core/autograd.py`. It earns you `loss.backward()` wherever tensors are, and
# `from tinytorch.core import no_grad`. No earlier module changes: you listen at their one door.

# %% [markdown]
# ## 1. Backwards through a computation
# Take y = (a·b + a)², at a = 2 and b = 3, one operation at a time:
#
# ```
#        a = 2 ──┬──────────┐              forward:   c = a·b   =  6
#                ▼          ▼                         d = c + a =  8
#        b = 3 ─▶ mul ─ c ─▶ add ─ d ─▶ square ─ y    y = d²    = 64
# ```
#
# Write ȧ for the gradient of y by a: how fast y changes with a. Begin at the end, where ẏ = 1, and
# ask each operation only about itself: *if g is your output's gradient, what are your inputs'?*
#
# ```
#    square: the slope of d² is 2d      ḋ = ẏ · 2·8 = 16
#    add:    each input counts once     ċ = ḋ       = 16        for a: 16
#    mul:    the other factor           ḃ = ċ · a   = 32        for a: ċ · b = 48      ȧ = 64
# ```
#
# **Gradients add up:** a was used twice, and both count. And **an operation has its turn when all
# that used its output have had theirs**: only then is its g complete. (From the inputs forwards
# works too, but takes a pass for each input, and a network has a million of them, its weights.)
#
# So an operation needs, for each argument, a **rule**: a function of g and of what else it **asks for
# by name**: parameters of the operation's forward, `output` (what it returned), `saved` (what it put
# aside), `shape` (of the argument in question) and `place` (its number). Rules work on arrays.
#
# ```
#    gradients(mul, input=lambda g, other: g * other, other=lambda g, input: g * input)
#    gradients(exp, input=lambda g, output: g * output)
# ```
#
# ## 2. Recording
# While the program runs forwards, each result that can have a gradient gets a **node**, with an
# **edge** for every argument whose gradient is wanted:
#
# ```
#    y.grad_fn ─▶ Node(square) ─▶ Node(add) ─┬─▶ Node(mul) ─┬─▶ b      a and b are *leaves*:
#                                            └─▶ a          └─▶ a      nobody computed them
# ```
#
# An edge keeps what its rule asks for, and nothing else: all other arrays are freed as soon as the
# program drops them. Nodes are numbered downwards: the younger, the smaller. And the rule of mul
# wants `other` as it *was*. If somebody writes into it later, its counter (module 01) will differ
# from what you note now.

# %% nbgrader={"grade_id": "autograd-record"}
#| export
RULES = {}  # the forward of an operation: its Rules
next_number = count(step=-1).__next__  # 0, -1, -2, …

class Rules:
    """The rules of one operation. `of` has, under the place of an argument, its rule and the places
    of what that asks for, in the row (*arguments, output, saved, shape, place)."""
    def __init__(self, forward, rules):
        self.name, parameters = getattr(forward, "__name__", "operation"), signature(forward).parameters
        self.defaults = [parameter.default for parameter in parameters.values()]
        places = {name: place for place, name in enumerate(parameters)}
        row = places | {"output": -4, "saved": -3, "shape": -2, "place": -1}
        last = len(places) - 1  # in `*inputs`, all have the rule of that name
        self.of = defaultdict(lambda: self.of[last], {n: (self.refuse, []) for n in range(len(places))})
        for name, rule in rules.items():
            self.of[places[name]] = rule, [row[n] for n in list(signature(rule).parameters)[1:]]
    def refuse(self, g):
        raise RuntimeError(f"{self.name} has no rule for an argument that requires grad")

def gradients(op, **rules):
    """Say how to differentiate an operation. Raises KeyError for a name that it doesn't have."""
    RULES[op.forward] = Rules(op.forward, rules)

class Node:
    """How one result came to be, as far as its gradient needs it.
    edges     (source, rule, values) for each argument that requires grad: its node, or (a leaf) the
              argument itself; its rule; the list of what that asks for. None once they are freed
    versions  (counter, its entry) for each Tensor whose array is among the values"""
    __slots__ = ("name", "edges", "versions", "shape", "dtype", "number")
    def __init__(self, name, edges, versions, result):
        self.name, self.edges, self.versions = name, edges, versions
        self.shape, self.dtype, self.number = result.shape, result.dtype, next_number()

class Recorder(threading.local):
    """The half of the tape that listens. Every thread has an `enabled` of its own."""
    enabled = True
    def record(self, forward, args, output, saved):
        """If recording is enabled, output is of floats (dtype.kind "f"), and at least one of args is
        a Tensor that requires grad, give output a Node, and let it require grad. For mul(a, b), if
        only a does: the edge (a, its rule, [b._array]), and the version (b._counter, its entry).

        Approach: the door calls this every time, so leave early. `rules` are RULES[forward], or else
        Rules(forward, {}). For each arg in question, rules.of[place] is its rule and a list of places
        in the row [*args, *missing, output, saved, the arg's shape, place], where `missing` are the
        defaults of what nobody gave. Of a Tensor in there keep the array, and note its version; keep
        anything else as it is. The source is arg.grad_fn, which a leaf doesn't have."""
        ### BEGIN SOLUTION
        if not self.enabled or output._array.dtype.kind != "f":
            return
        edges, versions = [], []
        for place, arg in enumerate(args):
            if isinstance(arg, Tensor) and arg.requires_grad:
                rules = RULES.get(forward) or Rules(forward, {})
                rule, asked = rules.of[place]
                values = []
                if asked:
                    row = [*args, *rules.defaults[len(args):], output, saved, arg._array.shape, place]
                    for position in asked:
                        value = row[position]
                        if isinstance(value, Tensor):
                            versions.append((value._counter, value._counter[0]))
                            value = value._array
                        values.append(value)
                edges.append((arg.grad_fn or arg, rule, values))
        if edges:
            output.requires_grad = True
            output.grad_fn = Node(rules.name, edges, versions, output._array)
        ### END SOLUTION

    def writing(self, tensor, value):  # what was recorded wouldn't tell how tensor came to be
        if self.enabled and (tensor.requires_grad or getattr(value, "requires_grad", False)):
            raise RuntimeError("this changes a tensor in place, and it or the value requires grad: "
                               "write x = x + y, or do it inside of torch.no_grad()")

# %% [markdown]
# ### 🧪 Unit Test: Recording

# %% nbgrader={"grade_id": "test-autograd-record", "points": 14}
def toy_operations():
    times = operation(lambda input, other, scale=1: (input * other * scale, "kept"))
    gradients(times, input=lambda g, other, scale: g * other * scale,
              other=lambda g, input, scale: g * input * scale)
    square, plus = operation(lambda input: input * input), operation(lambda input, other: input + other)
    gradients(square, input=lambda g, saved, output: 2 * g * output ** 0.5)
    gradients(plus, input=lambda g: g, other=lambda g: g)
    pieces = operation(lambda first, *more: first)
    gradients(pieces, more=lambda g, place, shape, first: g * place)
    return times, square, plus, pieces

def test_unit_recording():
    times, square, plus, pieces = toy_operations()
    a, b = tensor([2.0], requires_grad=True), tensor([3.0])
    b.mul_(1.0)  # version 1
    with plugged(Recorder()) as recorder:
        c, plain = times(a, b), times(b, b)
        d, number = plus(c, a), plus(2.0, square(b))
        e, twice, many = square(d), times(a, a, 5), pieces(b, b, a)
        whole, unknown = d == d, operation(lambda input: -input)(d)
        recorder.enabled = False
        silent = times(a, b)
    for made, why in [(plain, "b requires no grad"), (number, "2.0 is no Tensor, b² needs nothing"),
                      (whole, "bools have no gradient"), (silent, "the recorder is not enabled")]:
        assert made.grad_fn is None and not made.requires_grad, f"no node is wanted: {why}"
    def names(parts): return [id(p) if isinstance(p, (Tensor, Node, np.ndarray)) else p for p in parts]
    for made, what, noted, *expected in [
        (c, "a·b", [b], (a, b._array, 1)), (d, "a·b + a", [], (c.grad_fn,), (a,)),
        (e, "square(d)", [e], (d.grad_fn, None, e._array)), (unknown, "without rules", [], (d.grad_fn,)),
        (twice, "5·a·a", [a, a], (a, a._array, 5), (a, a._array, 5)),
        (many, "pieces(b, b, a)", [b], (a, 2, (1,), b._array)),
    ]:
        assert made.requires_grad and isinstance(made.grad_fn, Node), f"a node is wanted: {what}"
        edges = [(source, *values) for source, _, values in made.grad_fn.edges]
        assert [*map(names, edges)] == [*map(names, expected)], f"{what}: wanted {expected}, got {edges}"
        versions = [(id(counter), entry) for counter, entry in made.grad_fn.versions]
        assert versions == [(id(x._counter), x._version) for x in noted], f"{what}: versions of {noted}"
test_unit_recording()

# %% [markdown]
# ## 3. What fits an argument
# A rule turns g, the gradient of a result, into that of an argument, with one complication that is
# the same for all: **broadcasting**. A bias (3,) added to a (2, 3) batch was used twice. For g = [[1,
# 2, 3], [4, 5, 6]], add's rule just says g, but the bias needs [1+4, 2+5, 3+6] = [5, 7, 9]. What was
# stretched on the way in is added up on the way out.

# %% nbgrader={"grade_id": "autograd-fit"}
#| export
def fit(gradient, source):
    """The gradient, which broadcasting may have made larger, in the shape and dtype of its source (a
    Tensor or a Node): np.ones((4, 2, 3)) becomes [[12.], [12.]] for a source of shape (2, 1).

    Approach: unless it has as many elements as the shape (`prod`), add up the dimensions in front
    that the shape doesn't have, and those where it has a 1: `sum` takes them as a tuple. Then a
    reshape is all, and `astype` with copy=False."""
    ### BEGIN SOLUTION
    shape = source.shape
    if gradient.size != prod(shape):
        new = gradient.ndim - len(shape)
        stretched = [dim for dim in range(gradient.ndim) if dim < new or shape[dim - new] == 1]
        gradient = gradient.sum(axis=tuple(stretched))
    return gradient.reshape(shape).astype(source.dtype, copy=False)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Fit

# %% nbgrader={"grade_id": "test-autograd-fit", "points": 12}
def test_unit_fit():
    for full, shape in [((2, 3), (3,)), ((2, 3), (2, 1)), ((4, 2, 3), (2, 1)), ((5, 4), ()),
                        ((6,), (2, 3)), ((4, 1, 3), (1, 1, 1)), ((2, 1, 3), (1, 3)), ((0, 3), (1, 1))]:
        g, origin = np.arange(1.0, prod(full) + 1).reshape(full), np.arange(prod(shape))
        if g.size != origin.size:  # by the definition: every element goes to where it came from
            origin = np.broadcast_to(origin.reshape(shape), full)
        expected = np.bincount(origin.reshape(-1), g.reshape(-1), prod(shape)).reshape(shape)
        got = fit(g, torch.zeros(shape))
        same(got, expected, f"a gradient {full} for an argument {shape}")
        assert got.dtype == np.float32, f"float64 for an argument of float32: got {got.dtype}"
test_unit_fit()

# %% [markdown]
# ## 4. The walk
# A node has its turn when all that used it have had theirs, and those are all *younger*. So keep the
# nodes that have received something in a **priority queue**, and always take the youngest: whoever
# could still add to its gradient would stand in the queue, or come after somebody younger who does.
# (Following every path instead, you would visit x a million million times after forty `x = x + x`.)
#
# ```
#    queue          takes     hands on                   y = square(d), d = add(c, a), c = mul(a, b)
#    {square: 1}    square    add: 16
#    {add: 16}      add       mul: 16, leaf a: 16
#    {mul: 16}      mul       leaf a: 48 more, leaf b: 32
# ```
#
# No recursion: a chain of a million operations is no problem. What reaches a leaf is *added* to its
# `grad`, so training loops call `zero_grad`. A node that is done lets its edges go.

# %% nbgrader={"grade_id": "autograd-backward"}
#| export
def accumulate(leaf, gradient):  # the first one is copied, for others may hold the array
    if leaf.grad is None:
        leaf.grad = from_numpy(np.array(gradient))
    else:
        leaf.grad._array += gradient

def first_gradient(tensor, gradient):  # the array that backward starts with
    if not tensor.requires_grad:
        raise RuntimeError("this tensor does not require grad and does not have a grad_fn")
    if gradient is None and tensor.numel() == 1:
        return np.ones(tensor.shape, tensor.dtype)
    if gradient is None or gradient.shape != tensor.shape:
        raise RuntimeError("grad can be implicitly created only for scalar outputs: this one needs "
                           f"backward(gradient), with a gradient of shape {tensor.shape}")
    return gradient._array.astype(tensor.dtype)

def check(node):
    """Raise RuntimeError if what the node kept is no longer what it was: if the edges are freed ("a
    second time"), or if a counter's entry isn't what versions say ("in place", and node.name)."""
    ### BEGIN SOLUTION
    if node.edges is None:
        raise RuntimeError("backward through a graph a second time: the first needs retain_graph=True")
    for counter, version in node.versions:
        if counter[0] != version:
            raise RuntimeError(f"{node.name} needs for its gradient what has been changed in place")
    ### END SOLUTION

class Tape(Recorder):  # records, and walks back through what was recorded
    @np.errstate(all="ignore")  # as in torch, infinities and nan pass on in silence
    def backward(self, tensor, gradient=None, retain_graph=None):
        """Add to the `grad` of every leaf below tensor the gradient of tensor by it.

        Approach: `gradients` maps nodes to what they have received, `queue` is a heap of pairs
        (number, node): heappop takes the youngest, until it is empty. Check it. Each edge's rule, as
        `watched(rule, node.name)`, called with g and all the values, gives the gradient for its source;
        if shape or dtype differ, `fit` it. A leaf (a Tensor) accumulates. A node in `gradients` gets the
        sum, a *new* array, for the old one may be somebody else's; one that isn't enters both. At the
        end, unless retain_graph, edges become None."""
        g, root = first_gradient(tensor, gradient), tensor.grad_fn
        if root is None:  # it is a leaf itself
            return accumulate(tensor, g)
        gradients, queue = {root: g}, [(root.number, root)]
        ### BEGIN SOLUTION
        while queue:
            _, node = heappop(queue)
            g = gradients.pop(node)
            check(node)
            for source, rule, values in node.edges:
                gradient = watched(rule, node.name)(g, *values)
                if gradient.shape != source.shape or gradient.dtype != source.dtype:
                    gradient = fit(gradient, source)
                if isinstance(source, Tensor):
                    accumulate(source, gradient)
                elif source in gradients:
                    gradients[source] = gradients[source] + gradient
                else:
                    gradients[source] = gradient
                    heappush(queue, (source.number, source))
            if not retain_graph:
                node.edges = None
        ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: The walk

# %% nbgrader={"grade_id": "test-autograd-backward", "points": 14}
def test_unit_walk():
    times, square, plus, pieces = toy_operations()
    def leaf(number): return tensor([float(number)], requires_grad=True)
    with plugged(Tape()):
        a, b, p, q = leaf(2), leaf(3), leaf(1), tensor([1.0], dtype=float64, requires_grad=True)
        for factor, options in [(1, {}), (2, {"retain_graph": True})]:
            y = square(plus(times(a, b), a))
            y.backward(**options)
            same([a.grad.item(), b.grad.item()], [64 * factor, 32 * factor], "ȧ and ḃ add up")
        y.backward(tensor([10.0]))
        same(a.grad, [64 * 12], "passes with 1, 1 and 10, the last one through a graph that was kept")
        refuses(y.backward, "a second time")
        y, _ = square(z := leaf(1)), set_watch(lambda r, name, *v: 5 * r(*v) * (name == "<lambda>"))
        y.backward()
        same([z.grad.item(), set_watch(None) and 0], [10, 0], "5 · 2z, as a watch changed it: `watched`")
        plus(p, q).backward()
        assert (p.grad.dtype, q.grad.dtype) == (p.dtype, q.dtype), "a gradient has the dtype of its leaf"
        w, g = tensor([[2.0], [3.0]], requires_grad=True), tensor([[1.0, 0, 2], [0, 1, -1]])
        x = tensor([[1.0, 2, 3], [4, 5, 6]])
        times(x, times(w, 1.0), 2).backward(g)
        same(w.grad, [[2 * (1 + 6)], [2 * (5 - 6)]], "w (2, 1) in 2·x·w: values, shape")
        pieces(x, x, w, w).backward(g)
        same(w.grad, [[14 + 2 * 3 + 3 * 3], [-2]], "more from arguments 2 and 3 of pieces")
        y = times(x, w)
        x.add_(1)
        refuses(lambda: y.backward(g), "in place")
        refuses(pieces(w, x).backward, "scalar", "(2, 1)")
        z = x = leaf(1)
        for _ in range(40):  # 2⁴⁰ paths, forty nodes
            z = plus(z, z)
        z.backward()
        same(x.grad, [2.0 ** 40], "forty times z = z + z")
        z = x = leaf(1)
        early = plus(x, x)
        for _ in range(20_000):
            z = plus(z, 0.0)
        plus(times(z, early), early).backward()
        same(x.grad, [1 * 2 + 1 * 2 + 2], "x·2x + 2x where the first x came a long way")
        x.backward()
        same(x.grad, [7], "6, and a leaf's own gradient, 1")
test_unit_walk()

# %% [markdown]
# ## 5. How to know that a rule is right
# Not by looking, nor by checking that `grad` isn't None: by the slopes that you measured in module
# 04. With float64 and a step of 10⁻⁶, six digits are good. If the output has many elements, weigh
# them: `backward(v)` gives the gradient of Σ v·f(x). `torch.autograd.gradcheck` is the same tool.

# %% nbgrader={"grade_id": "autograd-gradcheck"}
#| export
tape = Tape()
set_tape(tape)  # from here on it listens, in this notebook and wherever the module is imported

def gradcheck(func, inputs, *, eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=True):
    """True if for each of the inputs (Tensors, best of float64, or one) that requires grad, the
    gradient of func(*inputs), weighed by v, agrees with the slopes. Otherwise RuntimeError, or False.

    Approach: keep each one's `grad`, set it to None, and call backward. Then, for each: take its
    gradient (None means 0), put the old `grad` back, and measure with slopes(function without
    arguments, x, eps). np.allclose(gradient, slopes, rtol, atol) decides."""
    inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    checked = [x for x in inputs if isinstance(x, Tensor) and x.requires_grad]
    output = func(*inputs)
    v = from_numpy(np.random.default_rng(0).uniform(0.5, 1.5, output.shape).astype(output.dtype))
    ### BEGIN SOLUTION
    before = [x.grad for x in checked]
    for x in checked:
        x.grad = None
    output.backward(v)
    for x, old in zip(checked, before):
        gradient, x.grad = x.grad, old
        gradient = 0 if gradient is None else gradient
        measured = slopes(lambda: torch.sum(func(*inputs) * v), x, eps)
        if not np.allclose(gradient, measured, rtol, atol):
            if not raise_exception:
                return False
            raise RuntimeError(f"the gradient is\n{gradient}, and the slopes are\n{measured}")
    return True
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Gradcheck

# %% nbgrader={"grade_id": "test-autograd-gradcheck", "points": 10}
def test_unit_gradcheck():
    x, y = (tensor(np.array([[1.0, -2], [3, 0.5]]) + n, requires_grad=True) for n in range(2))
    cube = operation(lambda input, other: input * input * input + 0 * other)
    x.grad = kept = ones(2, 2)
    for factor, options, right in [(3, {}, True), (3.01, {}, False), (3, {"eps": 0.1}, False),
                                   (3.01, {"rtol": 0.02}, True), (3.01, {"atol": 1.0}, True)]:
        gradients(cube, input=lambda g, input: factor * g * input * input, other=lambda g: 0 * g)
        for call, inputs in [(cube, (x, y)), (lambda x: cube(x, 1.0), x)]:
            got = gradcheck(call, inputs, raise_exception=False, **options)
            assert got is right, f"for {factor}·x² and {options} the answer is {right}, got {got}"
    assert x.grad is kept and kept.tolist() == [[1, 1], [1, 1]], "x.grad is to be as it was before"
    gradients(cube, input=lambda g, input: 3 * g * input * input, other=lambda g: g)
    refuses(lambda: gradcheck(cube, (x, y)), "slopes")
    assert gradcheck(lambda x, y: cube(x, 1.0), (x, y)) is True, "y has no part in it: 0 is right"
test_unit_gradcheck()

# %% [markdown]
# ## 6. The rules of arithmetic
# Each is a slope that you know, times g. Where you can, ask for the output: the slope of eˣ *is* eˣ,
# that of √x is 1/(2√x), and that of a/b by b is -a/b² = -(a/b)/b. What has corners is given: x⁰ has
# slope 0 even at 0, two equal numbers share what `maximum` gets, and whatever chooses (`where`,
# `clamp`) lets g through or not: `only(g, mask)`, because in g * mask, 0 · inf would be nan.

# %% nbgrader={"grade_id": "autograd-arithmetic"}
#| export
def only(g, mask):  # np.where(mask, g, 0), but by the numbers' bits, which is much faster
    bits = np.dtype(f"i{g.itemsize}")
    return (g.view(bits) & -np.asarray(mask, bits)).view(g.dtype)

gradients(torch.pow, input=lambda g, input, exponent:
          g * exponent * torch.pow.forward(input, exponent - (exponent != 0)),
          exponent=lambda g, input, exponent, output:  # 0**n is 0 for every n > 0: no slope
          g * output * np.log(np.where((input == 0) & (exponent >= 0), 1, input)))
gradients(torch.abs, input=lambda g, input: g * np.sign(input))
gradients(torch.where, input=lambda g, condition: only(g, condition),
          other=lambda g, condition: only(g, ~condition))
gradients(torch.clamp, input=lambda g, input, min, max:
          only(g, (min is None or input >= min) & (max is None or input <= max)))
def extremes(op, wins):
    gradients(op, input=lambda g, input, other: only(g, wins(input, other)) / (1 + (input == other)),
              other=lambda g, input, other: only(g, wins(other, input)) / (1 + (input == other)))
extremes(torch.maximum, np.greater_equal)
extremes(torch.minimum, np.less_equal)

def arithmetic():
    """Register the rules of torch.add, sub, mul and div (arguments: input, other), and of torch.neg,
    exp, log and sqrt (input). Approach: one call of `gradients` for each operation."""
    ### BEGIN SOLUTION
    gradients(torch.add, input=lambda g: g, other=lambda g: g)
    gradients(torch.sub, input=lambda g: g, other=lambda g: -g)
    gradients(torch.mul, input=lambda g, other: g * other, other=lambda g, input: g * input)
    gradients(torch.div, input=lambda g, other: g / other,
              other=lambda g, output, other: -g * output / other)
    gradients(torch.neg, input=lambda g: -g)
    gradients(torch.exp, input=lambda g, output: g * output)
    gradients(torch.log, input=lambda g, input: g / input)
    gradients(torch.sqrt, input=lambda g, output: g / (2 * output))
    ### END SOLUTION
arithmetic()

# %% [markdown]
# ### 🧪 Unit Test: Arithmetic

# %% nbgrader={"grade_id": "test-autograd-arithmetic", "points": 10}
def compare(what, call, *shapes, low=0.5):  # gradients of call(*tensors) with slopes, in float64
    rng = np.random.default_rng(3)
    xs = [tensor(rng.uniform(low, 2, shape), requires_grad=True) for shape in shapes]
    output = call(*xs)
    v = tensor(rng.normal(size=output.shape))
    output.backward(v)
    for n, x in enumerate(xs):
        expected = slopes(lambda: torch.sum(call(*xs) * v), x, 1e-6)
        same(x.grad, expected, f"{what}, the gradient of argument {n} against its slopes", 1e-4)

def test_unit_arithmetic():
    for name in ("add", "sub", "mul", "div"):
        op = getattr(torch, name)
        for shapes in [((2, 3), (2, 3)), ((3,), (2, 3)), ((2, 1), (1, 3)), ((2, 3), ())]:
            compare(f"{name}, {shapes}", op, *shapes)
        compare(f"{name}(2.5, x)", lambda x: op(2.5, x), (3,))
    for name in ("neg", "exp", "log", "sqrt"):
        compare(name, getattr(torch, name), (2, 3))
test_unit_arithmetic()

# %% [markdown]
# ## 7. Products
# An element of C = A @ B is Σₖ AᵢₖBₖⱼ. So Aᵢₖ meets Bₖⱼ on its way to every Cᵢⱼ, and its gradient is
# Σⱼ gᵢⱼBₖⱼ: again a product. The shapes alone would tell you which:
#
# ```
#    A (n, k) @ B (k, m) = C (n, m)          Ȧ = g (n, m) @ Bᵀ (m, k)        Ḃ = Aᵀ (k, n) @ g (n, m)
# ```
#
# If `other` is one matrix for a whole batch, a single product of all its rows does. The rest is given:
# a vector is a matrix of one row, or of one column, and `fit` takes the 1 out again; `linear` has the
# weight (out, in) transposed, and ones times g add up the rows for the bias faster than `sum`.

# %% nbgrader={"grade_id": "autograd-products"}
#| export
def rows(array):
    """All rows of a batch (…, n), one below the other, as (R, n): find R, for -1 can't if n is 0."""
    ### BEGIN SOLUTION
    return array.reshape(prod(array.shape[:-1]), array.shape[-1])
    ### END SOLUTION

def matmul_input(g, other):
    """The gradient of input (…, n, k) in input @ other, from g (…, n, m) and other (…, k, m).
    Approach: `swapaxes(-1, -2)` transposes every matrix of a batch."""
    ### BEGIN SOLUTION
    return g @ other.swapaxes(-1, -2)
    ### END SOLUTION

def matmul_other(g, input):
    """The gradient of other (…, k, m), from g (…, n, m) and input (…, n, k)."""
    ### BEGIN SOLUTION
    return input.swapaxes(-1, -2) @ g
    ### END SOLUTION

def product_input(g, other, shape):
    if other.ndim == 1:
        other, g = other[:, None], g[..., None]
    if other.ndim == 2:
        return matmul_input(rows(g), other)
    return matmul_input(g[..., None, :] if len(shape) == 1 else g, other)

def product_other(g, input, shape):
    g = g[..., None] if len(shape) == 1 else g
    if input.ndim == 1:
        input, g = input[None, :], g[..., None, :]
    if len(shape) < 3 <= input.ndim:
        input, g = rows(input), rows(g)
    return matmul_other(g, input)

gradients(torch.matmul, input=product_input, other=product_other)
gradients(F.linear, input=lambda g, weight, shape: product_input(g, weight.T, shape),
          weight=lambda g, input, shape:  # a weight (in,) makes no dimension `out`
          matmul_other(rows(input), rows(g) if len(shape) > 1 else g.reshape(-1, 1)),
          bias=lambda g: np.ones(prod(g.shape[:-1]), g.dtype) @ rows(g))

# %% [markdown]
# ### 🧪 Unit Test: Products

# %% nbgrader={"grade_id": "test-autograd-products", "points": 10}
def test_unit_products():
    for shapes in [((5, 2, 3), (5, 3, 4)), ((5, 2, 3), (3, 4)), ((4, 1, 2, 3), (2, 3, 3)),
                   ((3,), (3,)), ((2, 3), (4, 1, 3, 2)), ((3,), (4, 3, 2)), ((4, 2, 3), (3,))]:
        compare(f"{shapes[0]} @ {shapes[1]}", torch.matmul, *shapes)
    for shapes in [((2, 4, 3), (2, 3), (2,)), ((3,), (2, 3)), ((0, 3), (2, 3)), ((4, 3), (3,))]:
        compare(f"linear of {shapes}", F.linear, *shapes)
test_unit_products()

# %% [markdown]
# ## 8. Parts and sums
# What only moves numbers around is undone: a permutation by the inverse one (np.argsort finds it), a
# reshape by `fit`; those are given. What leaves numbers out gives them the gradient 0; one that was
# taken twice gets both. A sum gives each of its terms the same, a mean gives each its share.
#
# ```
#    x = [5, 6, 7]     x[[0, 2, 2]], g = [1, 10, 100]: ẋ = [1, 0, 110]
#    x of shape (2, 3)    x.sum(1), g = [1, 2]:        ẋ = [[1, 1, 1], [2, 2, 2]]
# ```

# %% nbgrader={"grade_id": "autograd-parts"}
#| export
def getitem_input(g, index, shape):
    """The gradient of input, of this shape, in input[index]. Approach: zeros in g's dtype. If
    zeros[index] is a view (then its `base` is zeros), no element was taken twice, and g can be
    assigned. Otherwise np.add.at(zeros, index, g), which is slow, counts what comes twice."""
    ### BEGIN SOLUTION
    gradient = np.zeros(shape, g.dtype)
    if gradient[index].base is gradient:
        gradient[index] = g
    else:
        np.add.at(gradient, index, g)
    return gradient
    ### END SOLUTION

def sum_input(g, dim, keepdim, shape):
    """The gradient of input, of this shape, in sum(input, dim, keepdim). Approach: bring back what
    disappeared (nothing, if keepdim, or if dim is None or empty: all), by np.expand_dims, which
    takes a number, a tuple or a list. Then np.broadcast_to."""
    ### BEGIN SOLUTION
    if not keepdim and dim not in (None, (), []):
        g = np.expand_dims(g, dim)
    return np.broadcast_to(g, shape)
    ### END SOLUTION

def mean_input(g, dim, keepdim, shape):
    """The gradient of input in mean. Approach: as in a sum, of each one's share: a g stands for
    prod(shape) / g.size terms. Both may be 0, and only an array can be divided by 0: calculate from
    the left, beginning with g."""
    ### BEGIN SOLUTION
    return sum_input(g * g.size / prod(shape), dim, keepdim, shape)
    ### END SOLUTION

def permute_input(g, dims): return g.transpose(np.argsort([dim % g.ndim for dim in dims]))
def join_inputs(g, dim, saved, place):  # `dim` is argument 0, and saved has the inputs' sizes
    begin = sum(saved[:place - 1])
    return np.moveaxis(np.moveaxis(g, dim, 0)[begin:begin + saved[place - 1]], 0, dim)

def gather_input(g, dim, index, shape):
    gradient, where = np.zeros(shape, g.dtype), list(np.ogrid[tuple(map(slice, index.shape))])
    where[dim] = index
    np.add.at(gradient, tuple(where), g)
    return gradient

for op, rule in [(torch.sum, sum_input), (torch.mean, mean_input), (torch.permute, permute_input),
                 (getitem, getitem_input), (torch.gather, gather_input),
                 (torch.transpose, lambda g, dim0, dim1: g.swapaxes(dim0, dim1)),
                 *((op, lambda g: g) for op in (torch.reshape, torch.squeeze, torch.unsqueeze,
                                                torch.clone, torch.cast))]:
    gradients(op, input=rule)
gradients(join, inputs=join_inputs)

# %% [markdown]
# ### 🧪 Unit Test: Parts

# %% nbgrader={"grade_id": "test-autograd-parts", "points": 12}
def test_unit_parts():
    mask = np.array([[True, False, True], [False, True, True]])
    for index in [1, -1, (0, 2), (slice(None), 1), ..., (None, 1), (slice(1), slice(None, None, 2)),
                  [0, 1, 1], (slice(None), [2, 0, 2]), mask, ([0, 1, 1], [2, 2, 2]), (1, [0, 0])]:
        compare(f"x[{index}]", lambda x: x[index], (2, 3))
    assert getitem_input(np.float32([1]), [2], (3,)).dtype == np.float32, "make zeros of g's dtype"
    for name, call in [("sum", torch.sum), ("mean", torch.mean)]:
        for dim in (None, 0, -1, (0, 2), [1], (), (-1, 0)):
            for keepdim in (False, True):
                compare(f"{name}(x, {dim}, {keepdim})", lambda x: call(x, dim, keepdim), (2, 3, 4))
    compare("the mean of nothing", lambda x: x.mean(0), (2, 0))
test_unit_parts()

# %% [markdown]
# ## 9. Bends and losses
# Sigmoid's slope is y(1 - y), that of tanh is 1 - y²; relu lets g through where its output is
# positive. **Softmax** raises one output of a row at the expense of the others, dyᵢ/dxⱼ =
# yᵢ(δᵢⱼ - yⱼ), and the sum over i comes to the first formula, with sums along dim:
#
# ```
#    softmax:   ẋ = y · (g - Σ g·y)             log_softmax:   ẋ = g - softmax · Σ g
# ```
#
# Put the second one into the loss, where g is -1 at the true class and 0 elsewhere, and you get what
# you measured in module 04: `softmax - one-hot`. Of 0.7, 0.2, 0.1, with class 1 right, 0.7, -0.8, 0.1.

# %% nbgrader={"grade_id": "autograd-bends"}
#| export
def class_gradient(g, reduction, saved):
    """The gradient (M, C) of the scores in a cross-entropy, which saved log_probs (M, C), labels (M,)
    and weights (M,): each row is softmax - one-hot, times its weight and its g. g is one number, or
    one for each row. A "mean" has been divided by the sum of the weights (if that is 0, by 1)."""
    log_probs, labels, weights = saved
    ### BEGIN SOLUTION
    gradient = np.exp(log_probs)
    gradient[np.arange(len(labels)), labels] -= 1
    factor = weights * np.reshape(g, -1)
    if reduction == "mean":
        factor /= weights.sum() or 1
    return gradient * factor[:, None]
    ### END SOLUTION

def from_rows(gradient, shape):  # (M, C) as (N, C, d1, …)
    if len(shape) < 3:
        return gradient
    return np.moveaxis(gradient.reshape(shape[0], *shape[2:], shape[1]), -1, 1)

def score_input(g, saved, reduction, shape): return from_rows(class_gradient(g, reduction, saved), shape)
def nll_input(g, saved, reduction, shape):  # minus one-hot: as if the softmax had been 0
    nothing = np.full((len(saved[0]), shape[min(1, len(shape) - 1)]), -np.inf, g.dtype)
    return from_rows(class_gradient(g, reduction, (nothing, *saved)), shape)

def gelu_input(g, input, saved, approximate):  # x·Φ(x) has the slope Φ(x) + x·Φ'(x)
    if approximate == "none":
        slope = np.exp(input * input / -2) / (2 * pi) ** 0.5
    else:
        slope = 2 * saved * (1 - saved) * (2 / pi) ** 0.5 * (1 + 0.134145 * input * input)
    return g * (saved + input * slope)

def each(g, weight, losses, reduction):  # how much each loss of a binary cross-entropy counts
    g = g / losses.size if reduction == "mean" else g
    return g if weight is None else g * weight

def chances_input(g, input, target, weight, reduction):
    slope = (input - target) / np.maximum(input * (1 - input), 1e-12)
    return each(g, weight, input, reduction) * slope

def logits_input(g, input, target, weight, reduction, pos_weight):
    yes, p = target if pos_weight is None else target * pos_weight, F.sigmoid.forward(input)
    return each(g, weight, input, reduction) * ((1 - target) * p - yes * (1 - p))

for op, rule in [(F.nll_loss, nll_input), (F.gelu, gelu_input), (F.binary_cross_entropy, chances_input),
                 (F.binary_cross_entropy_with_logits, logits_input), (F.cross_entropy, score_input)]:
    gradients(op, input=rule)

def bends():
    """Register the rules of F.relu (see `only`), sigmoid, tanh, softmax and log_softmax (arguments:
    input, and dim for the last two), and of F.mse_loss (input, target, reduction; it saved the
    difference input - target, in full size, and for "mean" divides by its size)."""
    ### BEGIN SOLUTION
    gradients(F.relu, input=lambda g, output: only(g, output > 0))
    gradients(F.sigmoid, input=lambda g, output: g * output * (1 - output))
    gradients(F.tanh, input=lambda g, output: g * (1 - output * output))
    gradients(F.softmax, input=lambda g, output, dim:
              output * (g - (output * g).sum(dim, keepdims=True)))
    gradients(F.log_softmax, input=lambda g, output, dim: g - np.exp(output) * g.sum(dim, keepdims=True))
    def squares(g, saved, reduction):
        return 2 * g * saved / (saved.size if reduction == "mean" else 1)
    gradients(F.mse_loss, input=squares,
              target=lambda g, saved, reduction: -squares(g, saved, reduction))
    ### END SOLUTION
bends()

# %% [markdown]
# ### 🧪 Unit Test: Bends and losses

# %% nbgrader={"grade_id": "test-autograd-bends", "points": 10}
def test_unit_bends():
    for name in ("relu", "sigmoid", "tanh"):
        compare(name, getattr(F, name), (3, 4), low=-2.0)
    x = tensor([-1.0, 0.0, 2.0], requires_grad=True)
    F.relu(x).backward(tensor([np.inf, 1.0, 1.0]))
    same(x.grad, [0, 0, 1], "the slope of relu, which at 0 is taken as 0, and 0 of inf is nothing")
    for name, dim in [("softmax", 0), ("softmax", -1), ("log_softmax", 1), ("log_softmax", -2)]:
        compare(f"{name}, {dim=}", lambda x: getattr(F, name)(x, dim), (3, 4), low=-2.0)
    weight = tensor([1.0, 2.0, 0.5], dtype=float64)
    for reduction in ("mean", "sum", "none"):
        compare(f"mse, {reduction}", lambda x, y: F.mse_loss(x, y, reduction), (2, 3), (2, 3))
        for name in ("cross_entropy", "nll_loss"):
            for labels, w in [([2, 0, 1], None), ([2, -100, 1], None), ([2, -100, 1], weight)]:
                def loss(x): return getattr(F, name)(x, tensor(labels), w, reduction=reduction) * 3
                compare(f"{name}, {reduction}, {labels=}, weight={w}", loss, (3, 3), low=-2.0)
    x = tensor(np.log([[0.7, 0.2, 0.1]]), requires_grad=True)
    for label in (1, -100):  # with -100, nothing counts: no change
        F.cross_entropy(x, tensor([label])).backward()
        same(x.grad, [[0.7, -0.8, 0.1]], f"label {label}: what it said minus what was true")
test_unit_bends()

# %% [markdown]
# ## 10. Not recording
# Whoever only wants an answer shouldn't pay for nodes, and an optimizer's steps must not be recorded.
# `with torch.no_grad():` switches `enabled` off, and then back **to what it was**: blocks may stand
# in one another, and end in an exception. All of these can also decorate a function.

# %% nbgrader={"grade_id": "autograd-no-grad"}
#| export
class no_grad(ContextDecorator):
    """Operations are not recorded until the block, or the function, ends."""
    mode = False
    def __new__(cls, function=None, mode=None):  # `@no_grad` means the same as `@no_grad()`
        return cls()(function) if callable(function) else super().__new__(cls)
    def _recreate_cm(self): return type(self)()  # as a decorator: a new one for every call
    def __enter__(self):
        """Approach: remember the tape's `enabled` in self.before; set it to self.mode."""
        ### BEGIN SOLUTION
        self.before = tape.enabled
        tape.enabled = self.mode
        ### END SOLUTION

    def __exit__(self, *error):
        """Put back what you remembered."""
        ### BEGIN SOLUTION
        tape.enabled = self.before
        ### END SOLUTION

class enable_grad(no_grad): mode = True
class set_grad_enabled(no_grad):  # from now on; as a context, until its end
    def __init__(self, mode):
        self.mode = mode
        super().__enter__()
    def __enter__(self): tape.enabled = self.mode
    def __call__(self, function):  # as a decorator, it doesn't change what holds around the function
        self.__exit__()
        return super().__call__(function)
    def _recreate_cm(self): return type(self)(self.mode)
def is_grad_enabled(): return tape.enabled

# %% [markdown]
# ### 🧪 Unit Test: Not recording

# %% nbgrader={"grade_id": "test-autograd-no-grad", "points": 6}
def test_unit_no_grad():
    x = tensor([2.0], requires_grad=True)
    with no_grad():
        assert not (x * x).requires_grad, "inside of no_grad, nothing is recorded"
        with enable_grad():
            assert (x * x).requires_grad, "enable_grad within no_grad records"
        assert not is_grad_enabled(), "after the inner block, the outer one still holds"
    try:
        with set_grad_enabled(False):
            raise ValueError
    except ValueError:
        assert is_grad_enabled(), "a block that fails ends, too"
    @no_grad
    def power(n): return x if n == 0 else power(n - 1) * 1.0
    assert not power(3).requires_grad and is_grad_enabled(), "a decorated function, even recursive"
test_unit_no_grad()

# %% [markdown]
# ## 📊 Systems analysis
# What does backward cost, what does a graph hold, and how does measuring slopes compare?
# %%
import tracemalloc
from timeit import repeat
def best(call):  # milliseconds, the best of nine: other programs only slow us down
    return min(repeat(call, number=20, repeat=9)) / 20 * 1e3
print("A step of an MLP, batch 64, in ms; slopes would need two forward passes for each parameter:")
for width in (16, 64, 256):
    net = nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))
    x, y, n = torch.randn(64, 64), tensor(np.arange(64) % 10), sum(p.numel() for p in net.parameters())
    def forward(): return F.cross_entropy(net(x), y)
    plain, taped, whole = map(best, (no_grad(forward), forward, lambda: forward().backward()))
    print(f"  {width:3} wide: {plain:.3f}, recorded {taped:.3f}, with backward {whole:.3f} = "
          f"{whole / plain:.1f} ×; {n:6,} slopes {2 * n * plain:6,.0f}")
print("What a graph holds after 50 operations on a million numbers, in MB:")
for name, step in [("x + 1", lambda x: x + 1), ("exp(x)", torch.exp), ("x * x", lambda x: x * x)]:
    x = torch.zeros(1_000_000, requires_grad=True)
    tracemalloc.start()
    for _ in range(50):
        x = step(x)
    print(f"  {name:7} {tracemalloc.get_traced_memory()[0] / 1e6:6.1f}")
    tracemalloc.stop()

# %% [markdown]
# Backwards costs a small multiple of forwards, however many parameters there are. The price is memory:
# a product keeps its factors until the walk, a sum keeps nothing. That limits the batch of large nets.

# %% [markdown]
# ## 🧪 Module test
# ### 🧪 Unit Test: Autograd together

# %% nbgrader={"grade_id": "test-autograd-together", "points": 2}
def test_unit_together():
    torch.manual_seed(4)
    first, shared, last = net = nn.Sequential(nn.Linear(3, 8), nn.Linear(8, 8), nn.Linear(8, 4)).double()
    x, y = torch.randn(16, 3, dtype=float64), tensor([*np.arange(15) % 4, -100])
    def loss():
        h = F.tanh(first(x))
        h = h + shared(F.relu(shared(h)))
        return F.cross_entropy(last(h - h.mean(1, keepdim=True)), y)
    before = loss()
    before.backward()
    for name, p in net.named_parameters():
        same(p.grad, slopes(loss, p, 1e-6), f"the gradient of {name}", 1e-3)
    for _ in range(100):
        net.zero_grad()
        loss().backward()
        with no_grad():
            _ = [p.sub_(0.3 * p.grad) for p in net.parameters()]
    assert (loss() < before / 2).item(), f"a hundred steps should halve the loss: {before} to {loss()}"
test_unit_together()

# %% [markdown]
# ## 🤔 Questions to think about
# 1. The gradient of the loss by a weight is 0. Name three reasons; in which of them is all well?
# 2. For a program with one input and a million outputs, which direction is cheaper, and why?
# 3. A memory limit allows half of the values to be kept. How could a walk do with it, at what price?

# %% [markdown]
# ## 🎯 Summary
# `loss.backward()` fills in every `grad`, through any program made of your operations. Module 07 turns
# gradients into learning.
