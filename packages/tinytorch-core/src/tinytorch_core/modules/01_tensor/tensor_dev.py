# %% [markdown]
# # 01 · Tensor
#
# Every number in a neural network lives in a tensor: the images, the weights, the loss. Yours
# holds a NumPy array, computes by PyTorch's rules, and sends every computation through a single
# function, so that in module 06 a small object can watch and differentiate them all. APL (1962)
# made arrays values, NumPy (2006) brought them to Python, and PyTorch (2016) made them remember.
#
# **Prerequisites:** Python classes, NumPy indexing, the product of two matrices. About 180 minutes.
#
# ```mermaid
# flowchart LR
#     numpy[NumPy array] --> T(01 Tensor) --> A[02 Activations] & D[05 Data] & G[06 Autograd]
# ```

# %% [markdown]
# ## 🔧 Setup
# One line is odd. The C library gives a big freed array back to the system, and the next training
# step pays to get it again. Freeing one untouched big block teaches glibc to keep memory.

# %%
#| default_exp core.tensor

# %%
#| export
import builtins
import json
import operator
from collections import namedtuple
from functools import partial, wraps
from inspect import signature
from math import prod

import numpy as np

np.empty(31 * 2**20, dtype=np.uint8)
float32, float64, int64 = np.dtype("float32"), np.dtype("float64"), np.dtype("int64")
int32, int8, uint8 = np.dtype("int32"), np.dtype("int8"), np.dtype("uint8")

# %% [markdown]
# ## 📦 Where this code lives
# Cells marked `#| export` become `tinytorch/core/tensor.py`, and `import tinytorch.core as torch`
# offers what they define. A program that uses only those names runs on the real `torch` too.

# %% [markdown]
# ## 1. A tensor is an array that can learn
# ```
#     _array    [[1. 2.]     the numbers, one NumPy array of shape (2, 2)
#                [3. 4.]]
#     grad, grad_fn          what it learned and how it came to be: module 06 fills them in
#     _base, _counter        whose memory it is, and how often that was written: 6 and 7
# ```
# Here is the class, complete. **Its methods compute nothing:** `x + y` calls the function `add(x,
# y)`, and `methods("exp log")` makes two methods that call `exp` and `log`. Python looks a name up
# when the call happens, so the class can stand now, and you write the functions one by one.
#
# The data is **copied**, so that changing it later doesn't change the tensor. Which dtype should it
# have? NumPy stores Python's floats in 64 bits. Learning needs no sixteen digits, and half the
# bytes is nearly twice the speed: PyTorch takes 32. `[1.0, 2]` becomes float32, `[1, 2]` int64,
# `[True]` bool. What comes from NumPy or a Tensor has a dtype that somebody chose, and keeps it.

# %%
#| export
def methods(names):  # for each one, a method that calls the function of that name, looked up then
    def method(name):
        return lambda self, *args, **options: globals()[name](self, *args, **options)
    return map(method, names.split())

class Tensor:
    """An n-dimensional array of numbers of one dtype; float32 unless you ask for another."""

    __slots__ = ("_array", "requires_grad", "grad", "grad_fn", "_base", "_counter", "__weakref__")
    __hash__ = object.__hash__  # by identity, because == compares element by element
    __array_priority__ = 1000  # array + tensor is for the tensor to compute

    def __init__(self, data, dtype=None, requires_grad=False):
        self._array, self._counter = as_array(data, dtype or float32), [0]
        self.grad = self.grad_fn = self._base = None
        self.requires_grad_(requires_grad)

    shape, dtype, ndim, nbytes = (property(operator.attrgetter(f"_array.{name}"))
                                  for name in ("shape", "dtype", "ndim", "nbytes"))
    data = property(lambda self: wrap(self._array),
                    lambda self, new: setattr(self, "_array", new._array))
    is_leaf = property(lambda self: self.grad_fn is None)
    _version = property(lambda self: self._counter[0])
    T = property(lambda self: permute(self, range(self.ndim)[::-1]))
    mT = property(lambda self: transpose(self, -2, -1))
    def dim(self): return self.ndim
    def numel(self): return self._array.size
    def size(self, dim=None): return self.shape if dim is None else self.shape[dim]
    def element_size(self): return self._array.itemsize
    def stride(self): return tuple(step // self._array.itemsize for step in self._array.strides)
    def is_contiguous(self): return self._array.flags.c_contiguous
    def __len__(self): return len(self._array)
    def item(self): return self._array.item()
    def tolist(self): return self._array.tolist()
    def __bool__(self): return bool(self.item())
    def __float__(self): return float(self.item())
    def __int__(self): return int(self.item())
    def __array__(self, dtype=None, copy=None): return np.array(self.numpy(), dtype, copy=copy)

    def __repr__(self):
        text = np.array2string(self._array, separator=", ", precision=4, prefix="tensor(")
        kind = "" if self.dtype in (float32, int64, np.bool_) else f", dtype={self.dtype}"
        return f"tensor({text}{kind}{', requires_grad=True' if self.requires_grad else ''})"

    def numpy(self):
        if self.requires_grad:
            raise RuntimeError("this tensor requires grad: use tensor.detach().numpy()")
        return self._array

    def requires_grad_(self, requires_grad=True):
        if requires_grad and self.dtype.kind != "f":
            raise RuntimeError(f"only floating-point tensors can require grad, not {self.dtype}")
        self.requires_grad = requires_grad
        return self

    def detach(self):  # the same memory, writes counted together, but no history
        twin = wrap(self._array)
        twin._counter = self._counter
        return twin

    def backward(self, gradient=None, retain_graph=None):
        if _tape is None:
            raise RuntimeError("nothing was recorded: gradients come with module 06, autograd")
        _tape.backward(self, gradient, retain_graph)

    def __add__(self, other): return add(self, other)
    def __sub__(self, other): return sub(self, other)
    def __rsub__(self, other): return sub(other, self)
    def __mul__(self, other): return mul(self, other)
    def __truediv__(self, other): return div(self, other)
    def __rtruediv__(self, other): return div(other, self)
    def __rpow__(self, base): return pow(base, self)
    def __matmul__(self, other): return matmul(self, other)
    def __getitem__(self, index): return getitem(self, index)
    __radd__, __rmul__ = __add__, __mul__
    __eq__, __ne__, __lt__, __le__, __gt__, __ge__ = methods("eq ne lt le gt ge")
    __neg__, __abs__, __pow__, __invert__, abs, exp, log, sqrt = methods(
        "neg abs pow invert abs exp log sqrt")
    pow, clamp, clone, flatten, unsqueeze = methods("pow clamp clone flatten unsqueeze")
    sum, mean, var, std, max, min, masked_fill = methods("sum mean var std max min masked_fill")
    argmax, argmin, transpose, squeeze = methods("argmax argmin transpose squeeze")
    def reshape(self, *shape): return reshape(self, unpack(shape))
    def permute(self, *dims): return permute(self, unpack(dims))
    def contiguous(self): return self if self.is_contiguous() else clone(self)
    def to(self, dtype): return self if self.dtype == dtype else cast(self, np.dtype(dtype))
    def float(self): return self.to(float32)
    def long(self): return self.to(int64)

    def view(self, *shape):  # like reshape, but it refuses to copy
        output = self.reshape(*shape)
        if output._base is None and output.numel():
            raise RuntimeError(f"no view of stride {self.stride()} has shape {shape}: use reshape")
        return output

    def __setitem__(self, index, value): write(self, value, index)
    def copy_(self, other): return write(self, other)
    def fill_(self, value): return write(self, value)
    def zero_(self): return write(self, 0)
    def add_(self, other): return write(self, other, change=np.add)
    def sub_(self, other): return write(self, other, change=np.subtract)
    def mul_(self, other): return write(self, other, change=np.multiply)
    def div_(self, other): return write(self, other, change=np.true_divide)
    __iadd__, __isub__, __imul__, __itruediv__ = add_, sub_, mul_, div_

# %% nbgrader={"grade_id": "tensor-as-array"}
#| export
def as_array(data, dtype=None):
    """Copy a number, nested lists, a NumPy array or a Tensor into a new array of this dtype.

    Approach: a Tensor holds an array already, its `_array`. `np.array` copies; its choice of dtype
    differs from ours in one case. Which? Correct that, but not for data that had a dtype of its own
    (np.ndarray, np.generic). If dtype.kind is not in "biuf", raise TypeError naming data's type."""
    ### BEGIN SOLUTION
    if isinstance(data, Tensor):
        data = data._array
    array = np.array(data)
    if dtype is None and array.dtype == float64 and not isinstance(data, (np.ndarray, np.generic)):
        dtype = float32
    if array.dtype.kind not in "biuf":
        raise TypeError(f"cannot make a tensor of {type(data).__name__} ({array.dtype})")
    return array if dtype is None else array.astype(dtype)
    ### END SOLUTION

def wrap(array, source=None):  # uncopied; a view if it lies in the memory of source
    tensor = Tensor.__new__(Tensor)
    tensor._array = array = array if isinstance(array, np.ndarray) else np.asarray(array)
    tensor.requires_grad = False
    tensor.grad = tensor.grad_fn = tensor._base = None
    tensor._counter = [0]
    if isinstance(source, Tensor) and (array.base is not None or array is source._array):
        if np.may_share_memory(array, source._array):
            tensor._base = source if source._base is None else source._base
            tensor._counter = source._counter
    return tensor

def unpack(numbers):  # `reshape(2, 3)` and `reshape((2, 3))` mean the same: (2, 3) for both
    return tuple(numbers[0]) if len(numbers) == 1 and np.ndim(numbers[0]) else tuple(numbers)

def new(array, requires_grad=False): return wrap(array).requires_grad_(requires_grad)
def from_numpy(ndarray): return wrap(ndarray)  # in the same memory: writing to one changes both

def tensor(data, *, dtype=None, requires_grad=False):
    return new(as_array(data, dtype), requires_grad)

def full(size, fill_value, *, dtype=None, requires_grad=False):
    return new(np.full(size, as_array(fill_value, dtype)), requires_grad)

def zeros(*size, **options): return full(unpack(size), 0.0, **options)
def ones(*size, **options): return full(unpack(size), 1.0, **options)
def zeros_like(input, **options): return full(input.shape, 0, **{"dtype": input.dtype, **options})
def ones_like(input, **options): return full(input.shape, 1, **{"dtype": input.dtype, **options})

def arange(start, end=None, step=1, *, dtype=None, requires_grad=False):
    numbers = np.arange(start, end, step)
    dtype = dtype or (float32 if numbers.dtype.kind == "f" else int64)
    return tensor(numbers, dtype=dtype, requires_grad=requires_grad)

class Generator:
    """A sequence of numbers that looks random; a known seed makes it repeat."""
    def __init__(self): self.manual_seed(0)
    def manual_seed(self, seed):
        self._numpy = np.random.default_rng(seed % 2**64)  # torch's seeds may be negative
        return self
    def get_state(self):  # all that decides which numbers come next, as bytes to save
        state = json.dumps(self._numpy.bit_generator.state).encode()
        return wrap(np.frombuffer(state, uint8).copy())
    def set_state(self, new_state):
        if not isinstance(new_state, Tensor) or new_state.dtype != uint8:
            raise TypeError("a state is a uint8 tensor, as get_state returns it")
        try:
            self._numpy.bit_generator.state = json.loads(bytes(new_state._array))
        except (ValueError, KeyError, TypeError):
            raise RuntimeError("these bytes are no state that get_state returned") from None
        return self

default_generator = Generator()
manual_seed = default_generator.manual_seed

def rand(*size, generator=None, dtype=None, requires_grad=False):
    numpy = (generator or default_generator)._numpy
    return new(numpy.random(unpack(size), dtype or float32), requires_grad)

def randn(*size, generator=None, dtype=None, requires_grad=False):
    numpy = (generator or default_generator)._numpy
    return new(numpy.standard_normal(unpack(size), dtype or float32), requires_grad)

# %%
def same(got, expected, what):
    expected = np.asarray(expected)
    wanted = expected.shape, expected.dtype
    assert (got.shape, got.dtype) == wanted, f"{what}: should be {wanted}, got {got!r}"
    close = np.allclose(got._array, expected, rtol=1e-4, atol=1e-5, equal_nan=True)
    assert close, f"{what}: should be\n{expected}, got\n{got._array}"

def refuses(call, *parts, error=RuntimeError):
    try:
        got = call()
    except error as problem:
        assert all(p in str(problem) for p in parts), f"the error should say {parts}: {problem}"
    else:
        raise AssertionError(f"this should raise {error.__name__}, but it returned {got!r}")

class Notes(list):
    def record(self, *call): self.append(call)
    def writing(self, tensor, value): self.append((tensor, value, tensor.tolist()))

# %% [markdown]
# ### 🧪 Unit Test: Data

# %% nbgrader={"grade_id": "test-tensor-as-array", "points": 10}
def test_unit_data():
    for data, dtype in [
        ([1, -2], int64), ([[1, 2.5]], float32), (True, np.bool_), (np.array([1.0]), float64),
        (np.float64(1), float64), (np.array([[7]], uint8), uint8),
    ]:
        same(tensor(data), np.array(data, dtype), f"tensor({data!r})")
    same(tensor([1.7, -2], dtype=int32), np.int32([1, -2]), "tensor([1.7, -2], dtype=int32)")
    first = tensor(np.array([1.7, -2]))
    second = tensor(first)
    first._array[1] = 9
    same(second, [1.7, -2], "a tensor made of a float64 tensor that has changed since then")
    refuses(lambda: tensor("word"), "str", error=TypeError)
test_unit_data()

# %% [markdown]
# ## 2. One door
# If each function unwrapped its tensors and wrapped its result in its own way, we would have to
# open all of them to add gradients. So all of that happens in **one** place:
#
# ```
#    add(x, y)        ┌─ the door ─────────────────────┐
#    Tensors ───────▶ │ take the arrays out            │       @operation
#                     │     forward(array, array) ─────┼─────▶ def add(input, other):
#    Tensor  ◀─────── │ wrap the result, tell the tape │           return input + other
#                     └────────────────────────────────┘
# ```
#
# A *tape* is an object that writes down what was computed. In module 06 you build one, `set_tape`
# plugs it in, and no line of this module changes. A *watch* (module 14) measures what it calls. A
# **forward** that computes something its gradient will want again returns `(array, saved)`.

# %% nbgrader={"grade_id": "tensor-operation"}
#| export
_tape = _watch = None

def set_tape(tape):
    """Plug in the object (None removes it) that has these methods:
    record(forward, args, output, saved)           after an operation
    backward(tensor, gradient, retain_graph)       when someone calls tensor.backward(…)
    writing(tensor, value)                         before the tensor's numbers change in place"""
    global _tape
    _tape = tape

def set_watch(watch):
    """Computations now go through watch(function, gradient_of, *arrays), which calls function with
    the arrays and returns the result. None: directly. Returns what was plugged in before."""
    global _watch
    before, _watch = _watch, watch
    return before

def watched(function, gradient_of=None):  # what to call instead of the function
    return function if _watch is None else partial(_watch, function, gradient_of)

def operation(forward):
    """Turn a function on arrays, such as lambda input: 2 * input, into one on Tensors.

    Approach: make the list `arrays`: the `_array` of each Tensor in args, and the others as they
    are. Call `watched(forward)`, which is forward unless somebody measures. If it returned a tuple,
    take it apart; otherwise `saved` is None. `wrap` the array; what it may be a view of is the first
    argument. If a tape is plugged in, call its `record` with what `set_tape` lists."""
    defaults = [(name, p.default) for name, p in signature(forward).parameters.items()]

    @wraps(forward)  # keeps the name, the docstring and the signature
    def call(*args, **keywords):
        if keywords:  # put them where they belong: f(x, keepdim=True) becomes f(x, None, True)
            args += tuple(keywords.pop(name, default) for name, default in defaults[len(args):])
            if keywords:
                raise TypeError(f"unknown or repeated argument {', '.join(keywords)}")
        ### BEGIN SOLUTION
        arrays = []
        for arg in args:
            arrays.append(arg._array if isinstance(arg, Tensor) else arg)
        result, saved = watched(forward)(*arrays), None
        if isinstance(result, tuple):
            result, saved = result
        output = wrap(result, args[0])
        if _tape is not None:
            _tape.record(forward, args, output, saved)
        return output
        ### END SOLUTION

    call.forward = forward
    return call

# %% [markdown]
# ### 🧪 Unit Test: The door

# %% nbgrader={"grade_id": "test-tensor-operation", "points": 12}
def test_unit_operation():
    shifted = operation(lambda input, scale=1, shift=0: input * scale + shift)
    halves = operation(lambda input: (input / 2, "kept"))
    x, two, notes = tensor([[1.0, -2.0, 4.0]]), tensor(2, dtype=int8), Notes()
    assert operation(lambda input: input[:1])(x)._base is x, "a view of x: don't copy"
    set_tape(notes)
    z, half = shifted(x, two, shift=-1), halves(x)
    set_tape(None)
    set_watch(lambda function, gradient_of, *arrays: 10 * arrays[0])
    watched_z, _ = shifted(x), set_watch(None)
    same(watched_z, np.float32([[10, -20, 40]]), "what the watch returned in place of forward")
    same(z, np.float32([[1, -5, 7]]), "x * 2 - 1")
    forward, args, output, saved = notes[0]
    assert forward is shifted.forward and saved is None, "record gets forward; it saved nothing"
    assert args[0] is x and args[1] is two and args[2] == -1, "args are the arguments as given"
    assert output is z and notes[1][2] is half, "output is the Tensor that the caller gets"
    assert notes[1][3] == "kept", "what a forward saves goes to the tape"
test_unit_operation()

# %% [markdown]
# ## 3. Broadcasting
# A bias of shape (3,) is added to each row of a (2, 3) batch. The rule: write the shapes flush
# right. In each column, equal sizes are fine, a 1 (or nothing) stretches to the other size without
# a copy, and the rest is an error, of which NumPy doesn't say where it is; you will.
#
# ```
#      (8, 1, 6)            (2, 3)
#      (   7, 1)            (   2)
#      (8, 7, 6)            3 against 2: error
# ```

# %% nbgrader={"grade_id": "tensor-broadcast"}
#| export
def broadcast_shapes(*shapes):
    """The shape (a tuple) that arrays of these shapes have together.

    Approach: keep a list `result`. For each shape, put ones before `result` until it is as long,
    and walk from the right (-1, -2, …). Where `result` has a 1, take over the shape's size; where
    the shape has neither 1 nor the same size, raise RuntimeError. The message shows the dimension
    (-1, -2, …), the result so far as a tuple, and the shape.
    """
    ### BEGIN SOLUTION
    result = []
    for shape in shapes:
        result = [1] * (len(shape) - len(result)) + result
        for dim in range(-1, -len(shape) - 1, -1):
            if result[dim] == 1:
                result[dim] = shape[dim]
            elif shape[dim] not in (1, result[dim]):
                raise RuntimeError(f"dimension {dim} of {tuple(result)} and {shape} differs")
    return tuple(result)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Broadcasting

# %% nbgrader={"grade_id": "test-tensor-broadcast", "points": 12}
def test_unit_broadcasting():
    for shapes in [(), ((8, 1, 6), (7, 1), ()), ((3,), (2, 3)), ((1, 0), (5, 1), (1,), (2, 1, 1))]:
        got, expected = broadcast_shapes(*shapes), np.broadcast_shapes(*shapes)
        assert got == expected, f"{shapes} broadcast to {expected}, got {got}"
    for reached, dim, *shapes in [
        ("(2, 3)", "-1", (2, 3), (2,)), ("(4, 2, 3)", "-3", (4, 2, 3), (5, 1, 3)),
        ("(0,)", "-1", (0,), (2,)), ("(3, 4)", "-2", (3, 1), (1, 4), (6, 4)),
    ]:
        refuses(lambda: broadcast_shapes(*shapes), dim, reached, str(shapes[-1]))
test_unit_broadcasting()

# %% [markdown]
# ## 4. Arithmetic, and whose dtype wins
# What is int64 plus float32? NumPy says float64, which can hold both. In PyTorch the operands vote
# only on the *kind* of number (bool < integer < float), and the widest of that kind wins: float32.
# Plain numbers and 0-d tensors give way to tensors with dimensions, so that float32 + a 0-d float64
# and int64 + `2.5` are float32 too. So is int64 / int64, which is float64 in NumPy.

# %% nbgrader={"grade_id": "tensor-arithmetic"}
#| export
KINDS = {"b": 0, "u": 1, "i": 1, "f": 2}
NUMBERS = {bool: np.dtype("bool"), int: int64, float: float32}
quiet = np.errstate(divide="ignore", invalid="ignore", over="ignore")  # torch doesn't warn of nan

def common_dtype(*operands):
    """The highest kind, as wide as the tensors have it (or else the 0-d tensors, the numbers)."""
    votes = {}
    for x in operands:
        number = type(x.item() if isinstance(x, np.generic) else x)
        if number not in NUMBERS and number is not np.ndarray:
            raise TypeError(f"expected a Tensor or a number, got {number.__name__}")
        dtype, rank = (NUMBERS[number], 0) if number in NUMBERS else (x.dtype, 1 + (x.ndim > 0))
        votes.setdefault((KINDS[dtype.kind], rank), []).append(dtype)
    return np.result_type(*votes[max(votes)])

def promote(a, b):  # two operands, arrays or numbers, in the dtype that torch computes in
    if type(a) is type(b) is np.ndarray and a.dtype is b.dtype:
        return a, b
    number, array = (a, b) if type(a) in NUMBERS else (b, a)
    if type(number) in NUMBERS and type(array) is np.ndarray and array.dtype.kind == "f":
        return a, b  # next to floats, NumPy treats a plain number as torch does
    dtype = common_dtype(a, b)
    return np.asarray(a, dtype), np.asarray(b, dtype)

def floating(array):  # whole numbers become float32; floats, and plain numbers, stay
    return array if getattr(array, "dtype", float32).kind == "f" else array.astype(float32)

def elementwise(ufunc, input, other):
    """ufunc(input, other), both promoted; a ufunc is a compiled loop of NumPy's, such as np.add.
    Approach: if it raises ValueError, ask `broadcast_shapes` for a better error (np.shape knows the
    shape of arrays and numbers). If that finds nothing wrong, raise the ValueError again."""
    ### BEGIN SOLUTION
    input, other = promote(input, other)
    try:
        return ufunc(input, other)
    except ValueError:
        broadcast_shapes(np.shape(input), np.shape(other))
        raise
    ### END SOLUTION

def binary(ufunc): return operation(partial(elementwise, ufunc))
def unary(ufunc): return operation(quiet(lambda input: ufunc(floating(input))))

add, sub, mul = binary(np.add), binary(np.subtract), binary(np.multiply)
maximum, minimum, eq, ne = map(binary, (np.maximum, np.minimum, np.equal, np.not_equal))
neg, invert = operation(lambda input: -input), operation(lambda input: ~input)
exp, log, sqrt = unary(np.exp), unary(np.log), unary(np.sqrt)
lt, le, gt, ge = map(binary, (np.less, np.less_equal, np.greater, np.greater_equal))
for name in "add sub mul maximum minimum eq ne neg invert exp log sqrt lt le gt ge".split():
    globals()[name].forward.__name__ = name  # for messages, and tables of what was computed

@operation
@quiet
def div(input, other):
    """input / other, always a float: 7 / 2 is 3.5, in float32. But np.true_divide makes float64 of
    two int64 arrays: promote first, make both operands `floating`, then divide."""
    ### BEGIN SOLUTION
    input, other = promote(input, other)
    return elementwise(np.true_divide, floating(input), floating(other))
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Arithmetic

# %% nbgrader={"grade_id": "test-tensor-arithmetic", "points": 12}
def test_unit_arithmetic():
    a, b = np.float32([[[5, -3]], [[2, 8]]]), np.float32([[4], [-7], [1.5]])
    for op, ufunc in [(add, np.add), (mul, np.multiply), (div, np.true_divide)]:
        same(op(tensor(a), tensor(b)), ufunc(a, b), ufunc.__name__)
        refuses(lambda: op(tensor(a), tensor([1.0] * 3)), "(2, 1, 2)", "(3,)", "-1")
    x, n, two = tensor([3.0, 8.0]), tensor([6, 4]), tensor(2.0, dtype=float64)
    for got, expected, dtype in [
        (n - 2.5, [3.5, 1.5], float32), (2 - n, [-4, -2], int64), (n / n, [1, 1], float32),
        (x / two, [1.5, 4], float32), (n / two, [3, 2], float64), (x / 0, [np.inf] * 2, float32),
    ]:
        same(got, np.array(expected, dtype), f"what should be {expected}")
    refuses(lambda: elementwise(lambda a, b: int("word"), a, b), "word", error=ValueError)
test_unit_arithmetic()

# %%
#| export
def or_builtin(function):  # our abs, sum, max and min hide Python's, which do the rest
    @wraps(function)
    def call(input, *args, **options):
        chosen = function if isinstance(input, Tensor) else getattr(builtins, function.__name__)
        return chosen(input, *args, **options)
    return call

@or_builtin
@operation
def abs(input): return np.abs(input)
@operation
def cast(input, dtype): return input.astype(dtype)
@operation
def clone(input): return input.copy()

@operation
def where(condition, input, other):
    return elementwise(lambda a, b: np.where(condition, a, b), input, other)

@operation
@quiet
def pow(input, exponent):  # for 3, NumPy calls C's power function, a slow one beside products
    if type(exponent) in NUMBERS and exponent in (3, 4) and input.dtype.kind == "f":
        return input * input * (input if exponent == 3 else input * input)
    return elementwise(operator.pow, input, exponent)

@operation
def clamp(input, min=None, max=None):
    if min is not None:
        input = np.asarray(elementwise(np.maximum, input, min))
    return input if max is None else elementwise(np.minimum, input, max)

def masked_fill(input, mask, value): return where(mask, value, input).to(input.dtype)
def allclose(input, other, **options): return np.allclose(input._array, other._array, **options)

# %% [markdown]
# ## 5. Matrix multiplication
# Element (i, j) of `a @ b` is row i of `a` times column j of `b`. (2, 3) @ (3, 2) gives (2, 2):
#
# ```
#    [[1, 2, 3],   [[7, 8],     [[1·7 + 2·9 + 3·1, 1·8 + 2·0 + 3·2],     [[28, 14],
#     [4, 5, 6]] @  [9, 0],  =   [4·7 + 5·9 + 6·1, 4·8 + 5·0 + 6·2]]  =   [79, 44]]
#                   [1, 2]]
# ```
#
# With more dimensions, the last two are the matrices, and those before broadcast: (8, 2, 3) @ (3,
# 5) gives (8, 2, 5). A vector is a row on the left and a column on the right: (2, 3) @ (3,) gives
# (2,). NumPy's `@` does all this; your part is to refuse in words that help.

# %% nbgrader={"grade_id": "tensor-matmul"}
#| export
@operation
def matmul(input, other):
    """The matrix product of input (…, n, k) or (k,) and other (…, k, m) or (k,).

    Approach: raise RuntimeError, naming both dtypes, if they differ: torch doesn't promote here.
    Then try. If NumPy raises ValueError, something doesn't fit. Either one is 0-dimensional or the
    inner sizes differ (the last of input, and the second to last of other, or its only one): raise
    RuntimeError with both shapes. Or those before don't broadcast: ask `broadcast_shapes`."""
    ### BEGIN SOLUTION
    if input.dtype != other.dtype:
        raise RuntimeError(f"matmul needs one dtype, got {input.dtype} @ {other.dtype}")
    try:
        return input @ other
    except ValueError:
        if 0 in (input.ndim, other.ndim) or input.shape[-1] != other.shape[-2:][0]:
            raise RuntimeError(f"inner sizes differ in {input.shape} @ {other.shape}") from None
        broadcast_shapes(input.shape[:-2], other.shape[:-2])
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Matmul

# %% nbgrader={"grade_id": "test-tensor-matmul", "points": 12}
def test_unit_matmul():
    for first, second in [((6, 1, 2, 3), (4, 3, 5)), ((3,), (3, 5)), ((4, 2, 3), (3,))]:
        a, b = np.ones(first) - 3, np.arange(float(prod(second))).reshape(second)
        same(matmul(tensor(a), tensor(b)), np.matmul(a, b), f"{first} @ {second}")
    for first, second, *parts in [
        ((3, 4, 7), (4, 5), "(3, 4, 7)", "(4, 5)"), ((2, 3), (2,), "(2, 3)", "(2,)"),
        ((5, 2, 2, 2, 3), (4, 1, 1, 3, 4), "-3", "(5, 2, 2)", "(4, 1, 1)"),
        ((3,), (2, 3), "(3,)", "(2, 3)"), ((2, 5), (5, 4, 6)), ((), (3, 3), "()"), ((3, 3), ()),
    ]:
        refuses(lambda: tensor(np.ones(first)) @ tensor(np.ones(second)), *parts)
    refuses(lambda: tensor([[1.0]]) @ tensor([[1]]), "float32", "int64")
test_unit_matmul()

# %% [markdown]
# ## 6. Views: another shape, the same memory
# Memory has one dimension. An array adds a shape and **strides**: how many elements to step in
# memory for one step along each dimension.
#
# ```
#    memory  1 2 3 4 5 6     reshape to (3, 2)      transpose (3, 2)
#    (2, 3), stride (3, 1)   stride (2, 1)          stride (1, 3)
#    [[1, 2, 3], [4, 5, 6]]  [[1, 2], [3, 4], …     [[1, 4], [2, 5], …
# ```
#
# Only two small tuples change: the result is a **view**, at the same price for six elements as for
# a billion, and a write to it is a write to the original, its `_base`. `x[1]` and `x[:, ::2]` are
# views too; `x[[2, 0]]` and `x[mask]` have no stride and copy. In NumPy, `array[1]` of a 1-d array
# is a bare number; `array[1, ...]` is a 0-d view, which is what torch gives.

# %% nbgrader={"grade_id": "tensor-views"}
#| export
@operation
def reshape(input, shape):
    """The same elements in another shape. For 24 elements, (2, -1, 3) means (2, 4, 3).

    Approach: if exactly one size is -1, replace it by input.size divided by the product of the
    others. (The `prod` of all sizes is minus that.) If `prod` isn't input.size, raise RuntimeError;
    the message shows the size, and the shape as it was asked for."""
    ### BEGIN SOLUTION
    sizes = list(shape)
    if sizes.count(-1) == 1:
        sizes[sizes.index(-1)] = input.size // -prod(sizes)
    if prod(sizes) != input.size:
        raise RuntimeError(f"shape {tuple(shape)} does not fit {input.size} elements")
    return input.reshape(sizes)
    ### END SOLUTION

@operation
def getitem(input, index):
    """input[index]. If what comes back is no np.ndarray, index again with an Ellipsis after the
    rest (make a tuple of an index that isn't one)."""
    ### BEGIN SOLUTION
    output = input[index]
    if not isinstance(output, np.ndarray):
        output = input[(*index, ...) if isinstance(index, tuple) else (index, ...)]
    return output
    ### END SOLUTION

@operation
def transpose(input, dim0, dim1): return input.swapaxes(dim0, dim1)
@operation
def permute(input, dims): return input.transpose(dims)
@operation
def unsqueeze(input, dim): return np.expand_dims(input, dim)
@operation
def squeeze(input, dim=None):
    return input.squeeze(dim) if dim is None or input.shape[dim] == 1 else input

@operation
def join(dim, *inputs):  # cat, with each tensor an argument of its own, for the door to see it
    output = np.concatenate(inputs, dim, dtype=common_dtype(*inputs), casting="unsafe")
    return output, [input.shape[dim] for input in inputs]

def cat(tensors, dim=0): return join(dim, *tensors)
def stack(tensors, dim=0): return cat([unsqueeze(tensor, dim) for tensor in tensors], dim)

def flatten(input, start_dim=0, end_dim=-1):
    shape, dims = input.shape or (1,), range(input.ndim or 1)
    if (start := dims[start_dim]) > (end := dims[end_dim]): raise RuntimeError("start after end")
    return reshape(input, (*shape[:start], prod(shape[start:end + 1]), *shape[end + 1:]))

# %% [markdown]
# ### 🧪 Unit Test: Views

# %% nbgrader={"grade_id": "test-tensor-views", "points": 12}
def test_unit_views():
    a = np.arange(24.0).reshape(2, 3, 4)
    x, line = tensor(a), tensor([5.0, 6.0, 7.0])
    for shape in [(24,), (4, -1, 2), (-1,), (1, 24, 1)]:
        same(reshape(x, shape), a.reshape(shape), f"reshape to {shape}")
        assert reshape(x, shape)._base is x, "reshape of a contiguous tensor is a view: don't copy"
    for shape in [(5, 5), (5, -1), (-1, -1, 6)]:
        refuses(lambda: reshape(x, shape), str(shape), "24")
    for index, owner in [(1, x), ((1, 2, 3), x), ((1, ..., 2), x), ([1, 1], None), (a > 5, None)]:
        same(x[index], a[index], f"x[{index}]")
        assert x[index]._base is owner, f"x[{index}] should be a {'view' if owner else 'copy'}"
    assert line[1]._base is line[1,]._base is line and line[1].shape == (), "line[1] is a 0-d view"
test_unit_views()

# %% [markdown]
# ## 7. Writing in place
# The gradient of `x * x` needs x as it was; if somebody wrote to x in between, the answer is wrong,
# and nothing crashes. So every write takes one path: it tells the tape *before* it happens, writes,
# and adds 1 to the **version** that a view shares with its base, for module 06 to compare.

# %% nbgrader={"grade_id": "tensor-write"}
#| export
def write(tensor, value, index=..., change=None):
    """The value (a Tensor, array or number) overwrites the part of the tensor that index says. With
    a ufunc as `change`, the whole tensor becomes change(tensor, value).

    Approach: call the tape's `writing`, if there is a tape, with value as it came. If value is a
    Tensor, go on with its array. Without `change`, assign. With it, call it on what `promote` gives
    and out=the tensor's array; NumPy refuses to put floats into integers. Count the write, and
    return the tensor."""
    ### BEGIN SOLUTION
    if _tape is not None:
        _tape.writing(tensor, value)
    array = tensor._array
    if isinstance(value, Tensor):
        value = value._array
    if change is None:
        array[index] = value
    else:
        change(*promote(array, value), out=array)
    tensor._counter[0] += 1
    return tensor
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Writing

# %% nbgrader={"grade_id": "test-tensor-write", "points": 10}
def test_unit_write():
    x, line = tensor([[1, -2, 3], [4, 5, 6]]), tensor([5.0, 6.0, 7.0])
    part, half, notes = x[:, 1:], tensor([0.5, 2.0, 1.0], dtype=float64), Notes()
    for version, (change, expected) in enumerate([
        (lambda: x.add_(1), [[2, -1, 4], [5, 6, 7]]), (lambda: x.sub_(2), [[0, -3, 2], [3, 4, 5]]),
        (lambda: part.mul_(tensor([2, 3])), [[0, -6, 6], [3, 8, 15]]),
        (lambda: x.copy_(tensor([1.7, 2, 3])), [[1, 2, 3]] * 2),
        (lambda: x.__setitem__((0, tensor([2, 0])), 8), [[8, 2, 8], [1, 2, 3]]),
    ], start=1):
        change()
        same(x, expected, f"write number {version}")
        assert x._version == part._version == version, f"{x._version} counted, {version} written"
    refuses(lambda: x.add_(0.5), error=TypeError)
    assert x._version == version, "a write that failed is not counted"
    set_tape(notes)
    line /= half
    set_tape(None)
    same(line, np.float32([10, 3, 7]), "line /= half, which keeps line's dtype")
    assert notes[0][0] is line and notes[0][1] is half, "writing gets the tensor and the value"
    assert notes[0][2] == [5.0, 6.0, 7.0], "the tape must be told before anything is written"
test_unit_write()

# %% [markdown]
# ## 8. Reductions
# A loss is one number made of many. `dim=0` of a (2, 3) tensor means "let dimension 0 disappear".
# With `keepdim=True` it stays, as a 1, which broadcasting needs to subtract each row's mean.
#
# ```
#    [[1, 2, 3],    sum(dim=0)    sum(dim=1)    sum(dim=1, keepdim=True)
#     [4, 5, 6]]    [5, 7, 9]     [6, 15]       [[6], [15]]
# ```
#
# The **variance** is the mean squared distance from the mean, with n - 1 for n, because n samples
# lie closer to their own mean than to the true one. For [1, 2, 3, 6] it is 14/3 (14/4,
# `correction=0`).

# %% nbgrader={"grade_id": "tensor-reductions"}
#| export
def axes(dim):  # torch's dim as NumPy's axis: None, () and [] all mean all dimensions
    return None if dim in (None, (), []) else tuple(dim) if isinstance(dim, list) else dim

@or_builtin
@operation
def sum(input, dim=None, keepdim=False):
    """Add up along dim. Floats keep their dtype, the rest is added in int64: 8 int8 of 100 are 800.
    Approach: an array's `sum` takes axis (see `axes`), dtype (None keeps it) and keepdims."""
    ### BEGIN SOLUTION
    dtype = None if input.dtype.kind == "f" else int64
    return input.sum(axis=axes(dim), dtype=dtype, keepdims=keepdim)
    ### END SOLUTION

@operation
def mean(input, dim=None, keepdim=False):
    if input.dtype.kind != "f":
        raise RuntimeError(f"mean needs a floating-point tensor, got {input.dtype}: call .float()")
    return input.mean(axis=axes(dim), keepdims=keepdim)

def var(input, dim=None, *, correction=1, keepdim=False):
    """The variance along dim. Approach: subtract the mean, kept broadcastable, and sum the squares.
    How many numbers went into each sum? Compare numel() of input and result. Divide by that less
    the correction."""
    ### BEGIN SOLUTION
    centred = input - mean(input, dim, True)
    total = sum(centred * centred, dim, keepdim)
    return total / (input.numel() / total.numel() - correction)
    ### END SOLUTION

def std(input, dim=None, **options): return sqrt(var(input, dim, **options))

@operation
def argmax(input, dim=None, keepdim=False): return input.argmax(dim, keepdims=keepdim)
@operation
def argmin(input, dim=None, keepdim=False): return input.argmin(dim, keepdims=keepdim)
@operation
def gather(input, dim, index): return np.take_along_axis(input, index, dim)

ValuesIndices = namedtuple("ValuesIndices", ["values", "indices"])
def extreme(input, dim, keepdim, find):  # max(x) is a Tensor, max(x, dim) values and indices
    if dim is None:  # the largest of all is the largest along the only dimension
        return extreme(flatten(input), 0, False, find).values
    indices = find(input, dim, True)
    values = gather(input, dim, indices)
    return ValuesIndices(*(t if keepdim else squeeze(t, dim) for t in (values, indices)))

@or_builtin
def max(input, dim=None, keepdim=False): return extreme(input, dim, keepdim, argmax)
@or_builtin
def min(input, dim=None, keepdim=False): return extreme(input, dim, keepdim, argmin)

# %% [markdown]
# ### 🧪 Unit Test: Reductions

# %% nbgrader={"grade_id": "test-tensor-reductions", "points": 12}
def test_unit_reductions():
    a = np.random.default_rng(4).normal(size=(3, 2, 5)).astype("f") - 1
    x = tensor(a)
    for dim, keep in [(None, False), (0, False), (-2, True), ([0, 2], False), ((0, 2), True)]:
        same(sum(x, dim, keep), a.sum(axes(dim), keepdims=keep), f"sum, {dim=}, {keep=}")
        for n in (0, 1):
            got = x.var(dim, correction=n, keepdim=keep)
            same(got, a.var(axes(dim), ddof=n, keepdims=keep), f"var, {dim=}, {keep=}, n - {n}")
    same(sum(tensor([100] * 8, dtype=uint8)), np.int64(800), "a sum of uint8")
    same(sum(tensor([1.0], dtype=float64)), np.float64(1), "a sum of float64")
test_unit_reductions()

# %% [markdown]
# ## 📊 Systems analysis

# %%
from timeit import repeat

def best(f, calls):
    """Microseconds for a call of f, the best of five tries: other programs only slow us down."""
    return min(repeat(f, number=calls, repeat=5)) / calls * 1e6

def matmul_loops(a, b):  # the definition, as a yardstick
    c = np.zeros((len(a), b.shape[1]), a.dtype)
    for i, j, k in np.ndindex(len(a), b.shape[1], len(b)):
        c[i, j] += a[i, k] * b[k, j]
    return c

print("What does a million numbers weigh, and how long does adding them take?")
for dtype in (float64, float32, int8):
    x = ones(1000, 1000, dtype=dtype)
    print(f"  {dtype!s:8} {x.nbytes / 1e6:4.1f} MB {best(lambda: x + x, 1):6.1f} µs")
print("How does the cost of a matrix product grow, with loops and with BLAS?")
for n in (8, 16, 32):
    a, x = np.ones((n, n), np.float32), ones(n, n)
    loops, blas = best(lambda: matmul_loops(a, a), 1), best(lambda: x @ x, 99)
    print(f"  n = {n:2}: loops {loops:8.0f} µs, matmul {blas:5.1f} µs")
print("What does one trip through the door cost?")
for n in (8, 64, 512):
    a, x = np.ones((n, n), np.float32), ones(n, n)
    numpy, ours = best(lambda: a + a, 99), best(lambda: x + x, 99)
    print(f"  {n:3}²: NumPy {numpy:5.1f} µs, Tensor {ours:5.1f} µs, door {1 - numpy / ours:4.0%}")

# %% [markdown]
# Adding waits for memory: half the bytes, about half the time. A matrix product does O(n³) work on
# only n² numbers, so BLAS keeps blocks of them in the cache. The door costs the same whatever
# passes: most of the time for 64 numbers, little for 262,144. So later modules fuse small steps
# into one.

# %% [markdown]
# ## 🧪 Module test
# ### 🧪 Unit Test: Tensor together
# Standardize a batch, multiply by random weights, add a bias, cut at 0, find each row's winner.

# %% nbgrader={"grade_id": "test-tensor-together", "points": 8}
def test_unit_together():
    manual_seed(11)
    batch, weight, bias = randn(6, 4) * 3 + 1, randn(5, 4), tensor([1, 0, -1, 0, 2])
    x = (batch - batch.mean(0, keepdim=True)) / batch.std(0, keepdim=True)
    scores = (x @ weight.T + bias).clamp(min=0)
    scores[:, 1] -= 100.0
    best, winners = scores.max(dim=1)
    a = (batch.numpy() - batch.numpy().mean(0)) / batch.numpy().std(0, ddof=1)
    expected = np.maximum(a @ weight.numpy().T + bias.numpy().astype("f"), 0)
    expected[:, 1] -= 100
    same(scores, expected, "the scores")
    same(winners, expected.argmax(1), "the winners")
    same(best, expected.max(1), "the winners' scores")
test_unit_together()

# %% [markdown]
# ## 🤔 Questions to think about
# 1. `x.T.reshape(-1)` copies, `x.reshape(-1)` doesn't. Why can't the first one be a view?
# 2. (10000, 1) minus (10000,) is no error. In which loss could that happen, and what does it weigh?
# 3. float32 has 24 bits of precision. From which n on does adding 1.0 n times stop counting?

# %% [markdown]
# ## 🎯 Summary
# `import tinytorch.core as torch` now gives you tensors: one class without logic, one door for every
# operation, one path for every write. In module 02, each activation is a forward behind your door.
