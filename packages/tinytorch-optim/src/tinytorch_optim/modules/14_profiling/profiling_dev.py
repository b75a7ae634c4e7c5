# %% [markdown]
# # 14 · Profiling
#
# Nobody guesses well where a program spends its time, so everything in this tier starts with a
# measurement. You build the instruments: a counter of arithmetic and of bytes, a profiler that sees
# every operation forwards and backwards, a picture of it for your browser, and a stopwatch that can be
# believed. Amdahl (1967) said what they are good for, Knuth (1971) found that a few lines take most
# of the time and programmers don't know which, and gprof (1982) printed tables much like yours.
#
# **Prerequisites:** modules 01, 03, 06, 09, 12 and 13; context managers; medians.
# **Time:** about 180 minutes, seven exercises.
#
# ```mermaid
# flowchart LR
#     D[01 the door] & G[06 Autograd] & M[13 Transformers] --> P(14 Profiling)
#     P --> A[17 Acceleration] & B[19 Benchmarking]
# ```

# %% [markdown]
# ## 🔧 Setup

# %%
#| default_exp profiling.profiler

# %%
#| export
import enum, gzip, json, os, threading, tracemalloc
from collections import defaultdict, namedtuple
from contextlib import ContextDecorator
from inspect import signature
from math import prod
from time import perf_counter, perf_counter_ns

import numpy as np
import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch.core import set_watch
from tinytorch.core.autograd import RULES
from tinytorch.nn import attention

# %%
import tempfile
from pathlib import Path
from tinytorch import nn, optim
from tinytorch.core import manual_seed, no_grad, operation, randn, tensor
from tinytorch.nn.transformer import next_token_loss

def equal(got, expected, what):
    assert got == expected, f"{what}: should be {expected}, got {got}"

def refuses(error, call, *parts):
    try:
        got = call()
    except error as problem:
        assert all(part in str(problem) for part in parts), f"it should say {parts}: {problem}"
    else:
        raise AssertionError(f"this should raise {error.__name__}, but it returned {got!r}")

def learning(*shape): return randn(*shape, requires_grad=True)

# %% [markdown]
# ## 📦 Where this code lives
# The exported cells become `tinytorch/profiling/profiler.py`. From `tinytorch.profiling` you get
# `profile`, `record_function` and `ProfilerActivity`, as in `torch.profiler`; `FlopCounterMode`, as in
# `torch.utils.flop_counter`; and `latency`, `peak_memory`, `model_size`, `speedup` and `costs`.

# %% [markdown]
# ## 1. Arithmetic
# How much work is a linear layer? Each number of its output is a sum of products, one for each input
# feature. A product and an addition make two **floating-point operations**, FLOPs:
#
# ```
#    input (8, 64) @ weight.T (64, 10) = output (8, 10)      2 · 80 · 64 = 10,240 FLOPs
# ```
#
# So the rule for what is made of products: **2 · numbers in the output · length of each sum**. In a
# convolution, a sum runs over the C/groups·KH·KW numbers of one filter. (Nobody counts the bias.)
#
# And backwards? Take one product of the forward pass, a·b, which went into an output whose gradient is
# g. The gradient of a gets g·b from it, and that of b gets g·a: one product each. So **each gradient
# costs as much as the forward pass**, and a training step has three times the FLOPs of an answer.
# Only the first layer has fewer, because nobody asks for the gradient of the images.
#
# A rule of module 06 is called as `rule(g, …)`. Its g has the shape of the output, so 2 · g.size ·
# (length of a *forward* sum) is right for it too, without looking at how it computes:
#
# ```
#    operation   argument   what the rule is called with            length of a forward sum
#    matmul      input      g, other, shape (that of input)         last of shape
#                other      g, input, shape (that of other)         input's last
#    linear      input      g, weight, shape (that of input)        weight's last
#                weight     g, input, shape (that of weight)        input's last
#    conv2d      input      g, weight, …                            product of weight.shape[1:]
#                weight     g, input, weight, …                     product of weight.shape[1:]
# ```
#
# A **formula** is a function of what an operation, or a rule, returned, and of the arrays that it was
# called with. Additions, means and the like have none and count as 0, as in PyTorch's counter: beside
# the products they are few. (They are not cheap, though. You'll see.)

# %% nbgrader={"grade_id": "profiling-formulas"}
#| export
FLOPS = {}  # a forward, or a rule: its formula

def costs(op, forward, **rules):
    """Say what an operation costs: formula(output, *arrays) for its forward, and for the rule of an
    argument under its name, formula(gradient, g, *values)."""
    FLOPS[op.forward] = forward
    names = list(signature(op.forward).parameters)
    for name, formula in rules.items():
        rule, _ = RULES[op.forward].of[names.index(name)]
        FLOPS[rule] = formula

def flops(function, output, arrays):
    formula = FLOPS.get(function)
    return 0 if formula is None else int(formula(output, *arrays))

def products():
    """Give torch.matmul, F.linear and F.conv2d their costs: forward, and the two rules in the table.

    Approach: one call of `costs` for each. matmul is called with (input, other), linear with (input,
    weight, bias), conv2d with (input, weight, bias, stride, …). `*_` takes what you don't need."""
    ### BEGIN SOLUTION
    costs(torch.matmul, lambda output, input, other: 2 * output.size * input.shape[-1],
          input=lambda _, g, other, shape: 2 * g.size * shape[-1],
          other=lambda _, g, input, shape: 2 * g.size * input.shape[-1])
    costs(F.linear, lambda output, input, weight, *_: 2 * output.size * weight.shape[-1],
          input=lambda _, g, weight, shape: 2 * g.size * weight.shape[-1],
          weight=lambda _, g, input, shape: 2 * g.size * input.shape[-1])
    costs(F.conv2d, lambda output, input, weight, *_: 2 * output.size * prod(weight.shape[1:]),
          input=lambda _, g, weight, *more: 2 * g.size * prod(weight.shape[1:]),
          weight=lambda _, g, input, weight, *more: 2 * g.size * prod(weight.shape[1:]))
    ### END SOLUTION
products()

def attention_flops(output, query, key, value, *_):
    batch = np.broadcast_shapes(query.shape[:-2], key.shape[:-2])
    scores = prod(batch) * query.shape[-2] * key.shape[-2]
    return 2 * scores * query.shape[-1] + 2 * output.size * key.shape[-2]

FLOPS |= {  # attention: two products forwards, four backwards, of which query and key share one
    attention.scaled_dot_product_attention.forward: attention_flops,
    attention.scores_gradient: lambda scores, g, value, *_: 2 * scores.size * value.shape[-1],
    attention.query_gradient: lambda gradient, g, key, *_: 2 * gradient.size * key.shape[-2],
    attention.key_gradient: lambda gradient, g, query, *_: 2 * gradient.size * query.shape[-2],
    attention.value_gradient: lambda gradient, g, saved: 2 * gradient.size * g.shape[-2]}

# %% [markdown]
# ### 🧪 Unit Test: Formulas

# %% nbgrader={"grade_id": "test-profiling-formulas", "points": 14}
def rule_of(op, place): return RULES[op.forward].of[place][0]

def test_unit_formulas():
    a, b, w = np.ones((2, 3, 5)), np.ones((2, 5, 7)), np.ones((7, 5))
    g, images, kernels = np.ones((2, 3, 7)), np.ones((4, 6, 9, 8)), np.ones((10, 3, 2, 5))
    g2, ways = np.ones((4, 10, 8, 4)), (1, 0, 1, 2)
    once, pixels = 2 * 2 * 3 * 7 * 5, 2 * (4 * 10 * 8 * 4) * (3 * 2 * 5)
    for what, function, output, arrays, expected in [
        ("matmul", torch.matmul.forward, g, (a, b), once),
        ("matmul's input", rule_of(torch.matmul, 0), a, (g, b, a.shape), once),
        ("matmul's other", rule_of(torch.matmul, 1), b, (g, a, b.shape), once),
        ("a vector in matmul", rule_of(torch.matmul, 0), a, (g[:, :, 0], b[0, :, 0], a.shape), 60),
        ("linear", F.linear.forward, g, (a, w, None), once),
        ("linear without a bias", F.linear.forward, g, (a, w), once),
        ("linear's input", rule_of(F.linear, 0), a, (g, w, a.shape), once),
        ("linear's weight", rule_of(F.linear, 1), w, (g, a, w.shape), once),
        ("linear's bias", rule_of(F.linear, 2), w[:, 0], (g,), 0),
        ("conv2d", F.conv2d.forward, g2, (images, kernels, None, *ways), pixels),
        ("conv2d's input", rule_of(F.conv2d, 0), images, (g2, kernels, *ways, images.shape), pixels),
        ("conv2d's weight", rule_of(F.conv2d, 1), kernels, (g2, images, kernels, *ways), pixels),
        ("an addition", torch.add.forward, a, (a, a), 0),
    ]:
        equal(flops(function, output, arrays), expected, f"FLOPs of {what}")
test_unit_formulas()

# %% [markdown]
# ## 2. Bytes
# Numbers have to come from memory before anybody can multiply them, and there the linear layer from
# above is small: in float32 it reads 4·(8·64 + 10·64 + 10) = 4,648 bytes and writes 4·80 = 320. FLOPs
# for each byte are its **arithmetic intensity**: 10,240 / 4,968 = 2.1. An addition of two arrays has 1
# operation for 12 bytes. A processor can do many FLOPs while one byte arrives, so additions wait
# for memory, and only what has a high intensity, like the product of large matrices, is limited by
# arithmetic. Module 17 draws the line between the two.
#
# We count the least that must move: each array is read once, the result written once. A view moves
# nothing, and x·x reads x once.

# %% nbgrader={"grade_id": "profiling-traffic"}
#| export
def arrays_in(arguments):
    """The arrays among these arguments, which may be numbers, None and so on; also in tuples and lists
    (to any depth). Of an array that comes twice, the first: of [a, 0.5, (b, [None, a])], [a, b].
    Approach: a dictionary {id(array): array}. For a tuple or a list, the function calls itself."""
    ### BEGIN SOLUTION
    found = {}
    for argument in arguments:
        if isinstance(argument, np.ndarray):
            found.setdefault(id(argument), argument)
        elif isinstance(argument, (tuple, list)):
            found.update((id(array), array) for array in arrays_in(argument))
    return list(found.values())
    ### END SOLUTION

def traffic(arguments, output):
    """(bytes read, bytes written) of a computation with these arguments: `nbytes` of all arrays in
    them, and of output. If output may share memory (NumPy tells) with one of them: (0, 0)."""
    ### BEGIN SOLUTION
    arrays = arrays_in(arguments)
    if any(np.may_share_memory(output, array) for array in arrays):
        return 0, 0
    return sum(array.nbytes for array in arrays), np.asarray(output).nbytes
    ### END SOLUTION

ModelSize = namedtuple("ModelSize", ["parameters", "bytes"])

def model_size(model):
    """How many numbers a Module learns, and the bytes of its parameters() and buffers() together."""
    ### BEGIN SOLUTION
    parameters = list(model.parameters())
    return ModelSize(sum(p.numel() for p in parameters),
                     sum(t.nbytes for t in [*parameters, *model.buffers()]))
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Bytes

# %% nbgrader={"grade_id": "test-profiling-traffic", "points": 12}
def test_unit_traffic():
    x, w, b = np.ones((8, 64), "f"), np.ones((10, 64), "f"), np.ones(10, "f")
    got = arrays_in([x, 2, None, (w, [b, x], "no"), 0.5, w])[:]
    equal([id(a) for a in got], [id(a) for a in (x, w, b)], "x, w and b, each once, in this order")
    equal(traffic([x, w, b], np.ones((8, 10), "f")), (4648, 320), "the linear layer")
    equal(traffic([x, x, (b,)], x * b[0]), (2048 + 40, 2048), "x is one array, however often it comes")
    equal(traffic([x.astype("d"), 3], 1.5), (4096, 8), "a number comes out, as an array of float64")
    for view, what in [(x, "the argument itself"), (x.T, "x.T"), (w[2:4], "a slice of the second one")]:
        equal(traffic([x, (w,)], view), (0, 0), f"{what}: a view moves nothing")
    norm = nn.BatchNorm2d(3)
    equal(model_size(nn.Sequential(nn.Linear(5, 3), norm)), (24, 24 * 4 + 6 * 4 + 8), "24 numbers "
          "are learnt; besides, the norm has a mean and a variance for each channel, and an int64")
    tied = nn.Sequential(linear := nn.Linear(3, 3, bias=False), linear)
    equal(model_size(tied), (9, 36), "one matrix that stands in two places")
test_unit_traffic()

# %% [markdown]
# ## 3. Standing at the door
# Every forward passes the door of module 01, every rule is called by the walk of 06, both through
# `watched`. It hands the call to whatever function `set_watch` has plugged in: a **watch**.
#
# ```
#    the door:  forward ───┐                             the first argument   gradient_of   the others
#                          ├──▶ watch(function, …)       a forward            None          its arrays
#    the walk:  rule ──────┘      │  ▲                    a rule               "linear"      g, values
#                                 ▼  │
#                            function(*arrays)
# ```
#
# Nothing has to be patched, and a model doesn't know that it is measured. But another watch may be
# plugged in already. Then call *that*, so that it sees everything too, and put it back when you leave,
# even if the block fails. `FlopCounterMode` is the smallest useful watch, with PyTorch's name.

# %% nbgrader={"grade_id": "profiling-watch"}
#| export
class Watcher:
    """A context manager: while its block runs, every computation goes through `self.watch`."""
    inside = False

    def __enter__(self):
        """Plug in self.watch, and keep what was plugged in before in self.before. Returns self.
        If the object is `inside` already, raise RuntimeError ("already"): it would call itself."""
        ### BEGIN SOLUTION
        if self.inside:
            raise RuntimeError(f"this {type(self).__name__} is already running: make another one")
        self.before, self.inside = set_watch(self.watch), True
        return self
        ### END SOLUTION
    def __exit__(self, *error):
        """Plug in what was there before. (Python calls this after an exception, too.)"""
        ### BEGIN SOLUTION
        set_watch(self.before)
        self.inside = False
        ### END SOLUTION
    def compute(self, function, gradient_of, arrays):
        """function(*arrays), by way of whoever was there before."""
        ### BEGIN SOLUTION
        if self.before is None:
            return function(*arrays)
        return self.before(function, gradient_of, *arrays)
        ### END SOLUTION

def result_of(returned):  # a forward may return (output, saved)
    return returned[0] if isinstance(returned, tuple) else returned

def name_of(function, gradient_of):
    name = getattr(function, "__name__", type(function).__name__)
    return name if gradient_of is None else f"{gradient_of} backward"

class FlopCounterMode(Watcher):
    """Counts the FLOPs of what is computed while it is active, forwards and backwards."""
    def __init__(self, *, display=True):
        self.display, self.counts, self.lock = display, defaultdict(int), threading.Lock()

    def watch(self, function, gradient_of, *arrays):
        """Compute, and add the FLOPs, unless they are 0, to `counts` under the name_of it. Returns what
        `compute` did, of which `flops` wants the result_of. Add `with self.lock`, or of two threads
        that add at the same time, one may be lost."""
        ### BEGIN SOLUTION
        returned = self.compute(function, gradient_of, arrays)
        count = flops(function, result_of(returned), arrays)
        if count:
            with self.lock:
                self.counts[name_of(function, gradient_of)] += count
        return returned
        ### END SOLUTION
    def __enter__(self):  # every block begins at 0
        entered = super().__enter__()
        self.counts.clear()
        return entered
    def __exit__(self, *error):
        super().__exit__(*error)
        if self.display:
            print(self.get_table())
    def get_total_flops(self): return sum(self.counts.values())
    def get_flop_counts(self): return {"Global": dict(self.counts)} if self.counts else {}
    def get_table(self):
        total = self.get_total_flops()
        rows = [(name, f"{n:,}", f"{n / total:.1%}") for name, n in self.counts.items()]
        return in_columns(["Operation", "FLOP", "Share"], [*rows, ("together", f"{total:,}", "")])

def in_columns(header, rows):  # the first one flush left, the others flush right
    widths = [max(map(len, column)) for column in zip(header, *rows)]
    return "\n".join("  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])
                     for line in [header, ["-" * width for width in widths], *rows])

# %% [markdown]
# ### 🧪 Unit Test: Watching

# %% nbgrader={"grade_id": "test-profiling-watch", "points": 16}
def test_unit_watching():
    x, w, b = randn(8, 64), learning(10, 64), learning(10)
    with FlopCounterMode(display=False) as counter:
        with no_grad():
            equal(F.linear(x, w, b).shape, (8, 10), "what is computed stays what it is")
        equal(counter.get_total_flops(), 10_240, "8 rows of 10 sums of 64 products")
        torch.sum(F.relu(F.linear(x, w, b))).backward()
    F.linear(x, w, b)
    equal(counter.get_flop_counts(), {"Global": {"linear": 20_480, "linear backward": 10_240}},
          "two linear, one of which goes back, to its weight only; nothing after the block")
    broken, inner = operation(lambda input: int("word")), FlopCounterMode(display=False)
    with counter:
        equal(counter.get_flop_counts(), {}, "a new block begins at 0, and 0 is no entry")
        try:
            with inner:
                x @ w.T
                broken(x)
        except ValueError:
            pass
        refuses(RuntimeError, counter.__enter__, "already")
        x @ w.T
    equal((inner.get_total_flops(), counter.get_total_flops()), (10_240, 20_480),
          "the inner one sees what is in its block, which ended in an error; the outer one sees both")
    equal(set_watch(None), None, "in the end, nobody stands at the door")
    q, k, v = learning(2, 3, 4, 8), learning(2, 3, 5, 8), learning(2, 3, 5, 6)
    with counter:
        torch.sum(F.scaled_dot_product_attention(q, k, v)).backward()
    equal(counter.get_total_flops(), 3 * 2 * 6 * 4 * 5 * (8 + 6), "attention: two products, four back")
    with counter:
        threads = [threading.Thread(target=lambda: [x @ w.T for _ in range(50)]) for _ in range(4)]
        _ = [thread.start() for thread in threads], [thread.join() for thread in threads]
    equal(counter.get_total_flops(), 200 * 10_240, "products of four threads")
test_unit_watching()

# %% [markdown]
# ## 4. Events
# Counting says how much there was to do. How long it took is another question, so look at the clock
# before and after. What lies between is an **event**. Events stand in one another: you call a stretch
# of your program by a name (`with record_function("forward"):`), and operations run inside of it.
#
# ```
#    forward  ├───────────────────────────────┤            total 100, self 100 - 40 - 25 = 35
#    linear     ├────────────┤                             total  40
#    relu                         ├───────┤                total  25
# ```
#
# Its **total time** is from beginning to end; its **self time** is what isn't inside of others: here,
# Python on its way from one operation to the next. Self times add up to the whole, total times don't.
# The same goes for memory: what an event left allocated, and what of that was not its children's.
# Every thread has a stack of events that have begun and not yet ended, a new one's parent on top.
# Threads must not see each other's: `threading.local()` has different attributes in each.

# %% nbgrader={"grade_id": "profiling-events"}
#| export
ProfilerActivity = enum.Enum("ProfilerActivity", {"CPU": 0})

class FunctionEvent:
    """One operation, one rule, or one named stretch. Times are in ns, by the profiler's clock."""
    def __init__(self, name):
        self.name, self.thread = name, threading.get_ident()
        self.start = self.end = self.children_time = 0  # children: of those right below it
        self.memory = self.children_memory = 0  # bytes
        self.flops = self.bytes_read = self.bytes_written = 0
        self.finished = False
    cpu_time_total = property(lambda self: (self.end - self.start) / 1000)  # µs, as in torch
    self_cpu_time_total = property(lambda self: self.cpu_time_total - self.children_time / 1000)
    cpu_memory_usage = property(lambda self: self.memory)
    self_cpu_memory_usage = property(lambda self: self.memory - self.children_memory)

class Recording:
    """Events as they happen. `clock` returns ns; `allocated` the bytes that are in use."""
    def __init__(self, clock, allocated):
        self.clock, self.allocated = clock, allocated
        self.all, self.local = [], threading.local()

    def begin(self, name):
        """A new FunctionEvent, in the list `all` and on top of this thread's self.local.stack, a list
        (which a thread that is new here doesn't have). Its memory is -allocated(), and its start, last
        of all, clock(): what you do here should not count as its time."""
        ### BEGIN SOLUTION
        if not hasattr(self.local, "stack"):
            self.local.stack = []
        event = FunctionEvent(name)
        self.all.append(event)
        self.local.stack.append(event)
        event.memory = -self.allocated()
        event.start = self.clock()
        return event
        ### END SOLUTION
    def end(self, event):
        """First of all, event.end is clock(). Add allocated() to its memory. It is finished: take it
        off the stack, and add its time and memory to the children's of what is on top now, if any."""
        ### BEGIN SOLUTION
        event.end = self.clock()
        event.memory += self.allocated()
        event.finished = True
        stack = self.local.stack
        stack.pop()
        if stack:
            stack[-1].children_time += event.end - event.start
            stack[-1].children_memory += event.memory
        ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Events

# %% nbgrader={"grade_id": "test-profiling-events", "points": 12}
def test_unit_events():
    now, used = [5000], [100]
    record = Recording(lambda: now[0], lambda: used[0])
    def spend(time, memory=0): now[0], used[0] = now[0] + time, used[0] + memory
    def elsewhere():
        other = record.begin("other")
        spend(1_000)
        record.end(other)
    a, _, b, _, c, _ = (record.begin("a"), spend(15_000, 10), record.begin("b"), spend(20_000, 4),
                        record.begin("c"), spend(5_000, -1))
    assert not (a.finished or b.finished or c.finished), "nothing is finished yet"
    _ = record.end(c), record.end(b), spend(7_000)
    thread = threading.Thread(target=elsewhere)
    _ = thread.start(), thread.join()
    _ = record.begin("d"), spend(2_000, 6), record.end(record.all[-1]), record.end(a)
    equal([e.name for e in record.all], ["a", "b", "c", "other", "d"], "in the order of their starts")
    assert all(e.finished for e in record.all) and a.start == 5000, "all are finished, a began at 5000"
    for what, expected in [
        ("cpu_time_total", [50, 25, 5, 1, 2]), ("self_cpu_time_total", [23, 20, 5, 1, 2]),
        ("cpu_memory_usage", [19, 3, -1, 0, 6]), ("self_cpu_memory_usage", [10, 4, -1, 0, 6]),
    ]:
        got = [getattr(e, what) for e in record.all]
        equal(got, expected, f"{what} of a, b in a, c in b, other (elsewhere), d in a")
    assert record.all[3].thread != a.thread, "the other thread has another number"
test_unit_events()

# %% [markdown]
# ## 5. The profiler
# Put together what you have: a watcher that makes an event of each computation, and writes on it what
# parts 1 and 2 know. `record_function` tells all the profilers that are running.
#
# Two things cost more than the rest, so they have to be asked for, with PyTorch's names: FLOPs
# (`with_flops`) and memory (`profile_memory`). For memory, Python's `tracemalloc` keeps a record of
# every allocation. That slows everything down: don't believe times that were taken with it.

# %% nbgrader={"grade_id": "profiling-profile"}
#| export
running = []  # the profilers that record_function tells

class profile(Watcher):
    """Records an event for every operation, every rule and every record_function in its block."""
    def __init__(self, *, activities=None, profile_memory=False, with_flops=False):
        self.profile_memory, self.with_flops, self.recording = profile_memory, with_flops, None

    def watch(self, function, gradient_of, *arrays):
        """Begin an event of the recording with the name_of it, compute, end the event (also if there is
        an exception: try and finally), `describe` it, and return what was returned."""
        ### BEGIN SOLUTION
        event = self.recording.begin(name_of(function, gradient_of))
        try:
            returned = self.compute(function, gradient_of, arrays)
        finally:
            self.recording.end(event)
        self.describe(event, function, result_of(returned), arrays)
        return returned
        ### END SOLUTION
    def describe(self, event, function, output, arrays):
        """Fill in the event's bytes_read and bytes_written, and, if with_flops, its flops."""
        ### BEGIN SOLUTION
        event.bytes_read, event.bytes_written = traffic(arrays, output)
        if self.with_flops:
            event.flops = flops(function, output, arrays)
        ### END SOLUTION
    def allocated(self): return tracemalloc.get_traced_memory()[0] if self.profile_memory else 0
    def __enter__(self):
        if not self.inside:
            self.tracing = self.profile_memory and not tracemalloc.is_tracing()
            if self.tracing:
                tracemalloc.start()
            self.recording = Recording(perf_counter_ns, self.allocated)
        super().__enter__()
        running.append(self)
        return self
    def __exit__(self, *error):
        super().__exit__(*error)
        running.remove(self)
        if self.tracing:
            tracemalloc.stop()
    def start(self): self.__enter__()
    def stop(self): self.__exit__()
    def events(self):
        if self.recording is None:
            raise AssertionError("this profiler has not run yet: with profile() as prof: …")
        return EventList(event for event in self.recording.all if event.finished)
    def key_averages(self): return self.events().key_averages()
    def export_chrome_trace(self, path): self.events().export_chrome_trace(path)

class record_function(ContextDecorator):
    """What happens in this block, or in a function that it decorates, is an event of that name."""
    def __init__(self, name): self.name = name
    def _recreate_cm(self): return type(self)(self.name)
    def __enter__(self):
        self.events = [(each.recording, each.recording.begin(self.name)) for each in running]
        return self
    def __exit__(self, *error):
        for recording, event in reversed(self.events):
            recording.end(event)

# %% [markdown]
# ### 🧪 Unit Test: Profiler

# %% nbgrader={"grade_id": "test-profiling-profile", "points": 14}
def test_unit_profiler():
    x, w, b = randn(8, 64), learning(10, 64), learning(10)
    broken = operation(lambda input: int("word"))
    with profile(with_flops=True) as prof, profile() as plain:
        with record_function("step"):
            F.linear(x, w, b)
        refuses(ValueError, lambda: broken(x))
        torch.sum(F.linear(x[:2], w, b)).backward()
    names = ["step", "linear", "<lambda>", "getitem", "linear", "sum", "sum backward"]
    for each in (prof, plain):
        equal([event.name for event in each.recording.all], names + ["linear backward"] * 2, "events")
        assert all(e.finished for e in each.recording.all), "what fails ends its event, too"
    for what, expected in [
        ("flops", [0, 10_240, 0, 0, 2560, 0, 0, 2560, 0]),
        ("bytes_written", [0, 320, 0, 0, 80, 4, 0, 2560, 40]),
        ("bytes_read", [0, 4648, 0, 0, 3112, 80, 0, 592, 80]),
    ]:
        equal([getattr(e, what) for e in prof.recording.all], expected, f"{what} of {names}, …")
    assert {e.flops for e in plain.recording.all} == {0}, "FLOPs have to be asked for"
    equal(set_watch(None), None, "in the end, nobody stands at the door")
test_unit_profiler()

# %% [markdown]
# ## 6. From events to tables and pictures
# A training step has hundreds of events. **key_averages** makes a row of those of one name, with their
# sums, and `table` sorts the rows. But a table doesn't show *when*. For that, browsers have a viewer:
# open `chrome://tracing`, or ui.perfetto.dev, and load a file of JSON, a list of small dictionaries.
# One with the **ph**ase "X" is a bar that begins at `ts` and lasts `dur` (µs), in the row of a thread
# `tid` of a process `pid`. Bars inside of it are drawn below it; a click shows its `args`.
#
# ```
#    {"ph": "X", "name": "linear", "cat": "cpu_op", "pid": 4711, "tid": 1, "ts": 20.5, "dur": 40.0,
#     "args": {"flops": 10240, …}}
# ```

# %% nbgrader={"grade_id": "profiling-reports"}
#| export
SUMS = ("cpu_time_total", "self_cpu_time_total", "cpu_memory_usage", "self_cpu_memory_usage",
        "flops", "bytes_read", "bytes_written")

class FunctionEventAvg:
    """All events of one name: `count` of them, and sums of times (µs), memory, FLOPs and bytes."""
    def __init__(self, key):
        self.key, self.count = key, 0
        vars(self).update(dict.fromkeys(SUMS, 0))
    cpu_time = property(lambda self: self.cpu_time_total / self.count)
    bytes_moved = property(lambda self: self.bytes_read + self.bytes_written)
    intensity = property(lambda self: self.flops / (self.bytes_moved or 1))
    def add(self, event):
        self.count += 1
        for name in SUMS:
            setattr(self, name, getattr(self, name) + getattr(event, name))

def averages(events):
    """A list of FunctionEventAvg, one for each name of an event, in the order of their first events."""
    ### BEGIN SOLUTION
    rows = {}
    for event in events:
        if event.name not in rows:
            rows[event.name] = FunctionEventAvg(event.name)
        rows[event.name].add(event)
    return list(rows.values())
    ### END SOLUTION

def chosen(rows, sort_by, row_limit):
    """The rows with the largest attribute `sort_by` first (None: as they come), at most row_limit of
    them (-1: all). A name that the rows don't have: AttributeError, which Python raises for you."""
    ### BEGIN SOLUTION
    if sort_by is not None:
        rows = sorted(rows, key=lambda row: getattr(row, sort_by), reverse=True)
    return rows if row_limit == -1 else rows[:row_limit]
    ### END SOLUTION

def bars(events, pid):
    """A list with a dictionary as above for each event: ts is its start / 1000, dur its total, tid its
    thread, cat always "cpu_op". args are its flops, bytes_read and bytes_written."""
    ### BEGIN SOLUTION
    shown = "flops", "bytes_read", "bytes_written"
    return [{"ph": "X", "name": event.name, "cat": "cpu_op", "pid": pid, "tid": event.thread,
             "ts": event.start / 1000, "dur": event.cpu_time_total,
             "args": {name: getattr(event, name) for name in shown}} for event in events]
    ### END SOLUTION

class EventList(list):
    """Events, or the rows that were made of them."""
    self_cpu_time_total = property(lambda self: sum(row.self_cpu_time_total for row in self))
    def key_averages(self): return EventList(averages(self))
    def table(self, sort_by=None, row_limit=100):
        """The rows that key_averages made, as text; times in µs, memory in bytes."""
        whole = self.self_cpu_time_total or 1
        rows = [[row.key, f"{row.self_cpu_time_total / whole:.1%}", f"{row.self_cpu_time_total:,.1f}",
                 f"{row.cpu_time_total:,.1f}", f"{row.cpu_time:,.1f}", f"{row.count}",
                 f"{row.self_cpu_memory_usage:,}", f"{row.flops:,}", f"{row.bytes_moved:,}",
                 f"{row.intensity:.2f}"]
                for row in chosen(self, sort_by, row_limit)]
        header = ["Name", "Self CPU %", "Self CPU", "CPU total", "CPU time avg", "# of Calls",
                  "Self CPU Mem", "FLOPs", "Bytes", "FLOPs/byte"]
        return f"{in_columns(header, rows)}\nSelf CPU time total: {whole / 1000:.3f}ms\n"

    def export_chrome_trace(self, path):
        """Write a file that a browser's trace viewer opens; .gz at the end of its name packs it."""
        name = {"ph": "M", "name": "process_name", "pid": os.getpid(), "args": {"name": "tinytorch"}}
        trace = {"traceEvents": [name, *bars(self, os.getpid())], "displayTimeUnit": "ms"}
        with (gzip.open if str(path).endswith(".gz") else open)(path, "wt", encoding="utf-8") as file:
            json.dump(trace, file)

# %% [markdown]
# ### 🧪 Unit Test: Reports

# %% nbgrader={"grade_id": "test-profiling-reports", "points": 12}
def test_unit_reports():
    a, b, c = events = [FunctionEvent(name) for name in ("linear", "relu", "linear")]
    a.start, a.end, a.flops, a.bytes_read, a.bytes_written = 20_500, 60_500, 10_240, 4648, 320
    c.end, c.flops, c.bytes_read = 2_000, 9, 7
    got = [(row.key, row.count, row.cpu_time_total, row.flops, row.bytes_read)
           for row in averages(events)[:]]
    equal(got, [("linear", 2, 42, 10_249, 4655), ("relu", 1, 0, 0, 0)], "rows of the three events")
    equal(bars([a], 4711), [{
        "ph": "X", "name": "linear", "cat": "cpu_op", "pid": 4711, "tid": a.thread, "ts": 20.5,
        "dur": 40.0, "args": {"flops": 10_240, "bytes_read": 4648, "bytes_written": 320}}], "a bar")
    for sort_by, limit, expected in [
        ("flops", 100, [a, c, b]), ("end", 2, [a, c]), ("bytes_read", -1, [a, c, b]), (None, 1, [a]),
        ("flops", 0, []), (None, -1, [a, b, c]), ("children_time", 3, [a, b, c])]:
        assert chosen(events, sort_by, limit) == expected, f"not these rows: {sort_by=}, {limit=}"
    refuses(AttributeError, lambda: chosen(events, "beauty", 3), "beauty")
    with tempfile.TemporaryDirectory() as folder:
        for name, read in [("trace.json", open), ("trace.json.gz", gzip.open)]:
            EventList(events).export_chrome_trace(path := Path(folder, name))
            with read(path, "rt", encoding="utf-8") as file:
                found = [e["name"] for e in json.load(file)["traceEvents"] if e["ph"] == "X"]
            equal(found, ["linear", "relu", "linear"], f"the bars in {name}")
test_unit_reports()

# %% [markdown]
# ## 7. A stopwatch that can be believed
# The first call of anything is slow: memory has to be fetched from the system, caches are cold. So
# **warm up** first. Then the times scatter, and not evenly: other programs can only make them longer.
# One interruption spoils a mean, and leaves a **median** as it is. How far they scatter say the
# **quartiles**: half of all times lie between them.
#
# ```
#    times, sorted   2.0  2.1  2.1  2.2  9.7          median 2.1, quartiles 2.1 and 2.2, mean 3.6
# ```
#
# Two times whose quartiles overlap are not different, as far as you know. Module 19 says it better.
# **Peak memory** is measured by tracemalloc: what was in use at most, less what was in use before.
# And what is all this for? **Amdahl's law.** If a share p of the time becomes s times as fast, then of
# a time of 1, (1 - p) + p/s is left. If p is a fifth, no miracle in the world
# makes more than 1/(1 - 0.2) = 1.25. So: look for where p is large.

# %% nbgrader={"grade_id": "profiling-latency"}
#| export
Latency = namedtuple("Latency", ["median", "lower", "upper", "times"])

def latency(call, warmup=3, repeat=20, clock=perf_counter):
    """Call it `warmup` times, then `repeat` times between two looks at the clock. A Latency: median,
    lower and upper quartile (np.percentile 50, 25 and 75), and the list of all times, in order.
    ValueError, showing repeat, if that is less than 1."""
    ### BEGIN SOLUTION
    if repeat < 1:
        raise ValueError(f"repeat must be at least 1, not {repeat}")
    for _ in range(warmup):
        call()
    times = []
    for _ in range(repeat):
        start = clock()
        call()
        times.append(clock() - start)
    lower, median, upper = map(float, np.percentile(times, (25, 50, 75)))
    return Latency(median, lower, upper, times)
    ### END SOLUTION

def peak_memory(call):
    """The bytes that a call has in use at most, beyond what there was before.
    Approach: tracemalloc.start(), unless it is_tracing() already; then it must go on tracing in the
    end, and otherwise stop, also after an error. get_traced_memory() is (now, the most); reset_peak()
    forgets an earlier most."""
    traced = tracemalloc.is_tracing()
    ### BEGIN SOLUTION
    if not traced:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        call()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if not traced:
            tracemalloc.stop()
    ### END SOLUTION

def speedup(share, factor):
    """Amdahl's law, how many times as fast the whole becomes: speedup(0.5, 2) is 1 / 0.75 = 1.33."""
    ### BEGIN SOLUTION
    return 1 / (1 - share + share / factor)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Stopwatch

# %% nbgrader={"grade_id": "test-profiling-latency", "points": 12}
def test_unit_latency():
    now, calls, needs = [0.0], [], [50, 40, 2.25, 9.5, 2, 2.5, 2.125]
    def call():
        now[0] += needs[len(calls)]
        calls.append(1)
    def clock():
        now[0] += 0.5
        return now[0]
    got = latency(call, warmup=2, repeat=5, clock=clock)
    equal(len(calls), 7, "calls, two of them to warm up")
    equal(got.times, [n + 0.5 for n in needs[2:]], "times of five calls and a look at the clock each")
    equal(got[:3], (2.75, 2.625, 3.0), "median and quartiles")
    refuses(ValueError, lambda: latency(call, repeat=0), "0")
    equal(len(latency(lambda: 0, repeat=1).times), 1, "one repetition is allowed")
    def hungry():  # a million bytes, then less
        np.ones(1_000_000, np.uint8)
        return np.ones(300_000, np.uint8)
    kept = []
    tracemalloc.start()
    np.ones(5_000_000, np.uint8)  # a peak that was before
    for _ in range(2):
        most = peak_memory(lambda: kept.append(hungry()))
        assert 1e6 <= most < 1.1e6, f"a million bytes at a time, not {most:,}"
        assert tracemalloc.is_tracing(), "whoever traced before wants to go on"
    tracemalloc.stop()
    assert 1e6 <= peak_memory(hungry) < 1.1e6, "without tracing before"
    refuses(ZeroDivisionError, lambda: peak_memory(lambda: 1 / 0))
    assert not tracemalloc.is_tracing(), "who started tracing stops it, also after an error"
    for share, factor, expected in [(0.5, 2, 4 / 3), (0.2, np.inf, 1.25), (0.9, 10, 1 / 0.19)]:
        assert abs(speedup(share, factor) - expected) < 1e-9, f"speedup({share}, {factor}): {expected}"
test_unit_latency()

# %% [markdown]
# ## 📊 Systems analysis
# Three models take a training step each. Where does the time go?

# %%
def classifier(shape, *layers):
    net = nn.Sequential(*layers, nn.Linear(128, 10))
    return net, lambda: F.cross_entropy(net(randn(64, *shape)), tensor(np.arange(64) % 10))

def mlp(): return classifier([64], nn.Linear(64, 128), nn.ReLU())
def cnn():
    conv, more = nn.Conv2d(1, 16, 3, padding=1), nn.Conv2d(16, 32, 3, padding=1)
    return classifier([1, 8, 8], conv, nn.ReLU(), nn.MaxPool2d(2),
                      more, nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
def gpt():
    net, rng = nn.GPT(65, 64), np.random.default_rng(0)
    return net, lambda: next_token_loss(net, tensor(rng.integers(0, 65, (8, 65))))

def stepper(make):
    manual_seed(0)
    net, loss = make()
    optimizer = optim.AdamW(net.parameters())
    def step():
        optimizer.zero_grad()
        with record_function("forward"):
            result = loss()
        with record_function("backward"):
            result.backward()
        with record_function("optimizer"):
            optimizer.step()
    return net, step

def typical(step, steps=15):  # the rows of the step of median time: one interruption spoils a sum
    found = []
    for _ in range(steps):
        with profile(with_flops=True) as prof:
            step()
        found.append(prof.key_averages())
    return sorted(found, key=lambda rows: rows.self_cpu_time_total)[steps // 2]

found = {}
for make in (mlp, cnn, gpt):
    net, step = stepper(make)
    time, size = latency(step), model_size(net)
    rows = found[make.__name__.upper()] = typical(step)
    work, half = sum(row.flops for row in rows), f"{time.lower * 1e3:.2f} to {time.upper * 1e3:.2f}"
    print(f"{make.__name__.upper()}: {size.parameters:,} parameters, {size.bytes:,} bytes; a step takes "
          f"{time.median * 1e3:.2f} ms (half of them {half}),\n{work:,} FLOPs, "
          f"{work / time.median / 1e9:.1f} a ns, and {peak_memory(step):,} bytes of memory. Watched:")
    print(rows.table(sort_by="self_cpu_time_total", row_limit=6))

# %% [markdown]
# "forward", "backward" and "optimizer" stand for what happened in them outside of operations: Python,
# the walk, the optimizer, which works on arrays and never passes the door. Operations without FLOPs
# take their time all the same, and move bytes. Compare a plain step with one that is watched, too: a
# profiler disturbs what it measures, and small operations most. What could be gained? Amdahl's law:

# %%
for name, rows in found.items():
    whole, best = rows.self_cpu_time_total, max(rows, key=lambda row: row.self_cpu_time_total)
    share = sum(row.self_cpu_time_total for row in rows if row.flops) / whole
    print(f"{name}: what has FLOPs takes {share:.0%} of the time. If that were twice as fast, a step "
          f"would be {speedup(share, 2):.2f} × as fast, for nothing {speedup(share, np.inf):.2f} ×, and "
          f"with {best.key} for nothing {speedup(best.self_cpu_time_total / whole, np.inf):.2f} ×.")
print("A GPT's FLOPs for each token of a text, forwards, and the share of attention:")
for length in (16, 64, 256, 1024):
    with no_grad(), FlopCounterMode(display=False) as counter:
        nn.GPT(65, length)(tensor([[1] * length]))
    share = counter.counts["scaled_dot_product_attention"] / counter.get_total_flops()
    print(f"  {length:5} tokens: {counter.get_total_flops() / length:9,.0f}, {share:.0%}")

# %% [markdown]
# A layer's work for a token is always the same, but attention compares it with all others.

# %% [markdown]
# ## 🧪 Module test
# ### 🧪 Unit Test: Profiling together

# %% nbgrader={"grade_id": "test-profiling-together", "points": 8}
def test_unit_together():
    manual_seed(3)
    batch, length, width, vocabulary = 2, 6, 8, 11
    net = nn.GPT(vocabulary, length, d_model=width, nhead=2, num_layers=3)
    tokens = tensor(np.random.default_rng(3).integers(0, vocabulary, (batch, length + 1)))
    matrices = 3 * 12 * width * width + vocabulary * width  # three blocks of 12·E², and the head
    products = 2 * batch * length * matrices
    attention = 3 * 2 * 2 * batch * length * length * width
    with FlopCounterMode(display=False) as counter, profile(with_flops=True) as prof:
        with record_function("step"):
            next_token_loss(net, tokens).backward()
    equal(counter.get_total_flops(), 3 * (products + attention), "FLOPs of a step, three times forward")
    rows = {row.key: row for row in prof.key_averages()}
    equal(sum(row.flops for row in rows.values()), counter.get_total_flops(), "the profiler's FLOPs")
    equal(rows["layer_norm"].count, 7, "layer norms: two in each block, one at the end")
    whole, parts = rows["step"].cpu_time_total, prof.key_averages().self_cpu_time_total
    assert abs(whole - parts) < 1e-6 * whole, f"self times add up to the whole: {parts}, {whole}"
    text = prof.key_averages().table(sort_by="count", row_limit=2).splitlines()
    most = max(row.count for row in rows.values())
    equal(int(text[2].split()[-5]), most, "the row with the most calls comes first")
    with profile(profile_memory=True) as prof:
        kept = torch.ones(50, 1000) + torch.ones(50, 1000)
    memory = {event.name: event.cpu_memory_usage for event in prof.events()}
    assert 200_000 <= memory["add"] < 210_000, f"add leaves 200,000 bytes, not {memory} ({kept.shape})"
    assert not tracemalloc.is_tracing() and not running, "nothing goes on when the block has ended"
test_unit_together()

# %% [markdown]
# ## 🤔 Questions to think about
# 1. A step has 3 times the FLOPs of an answer. Does it take 3 times as long? What did you measure?
# 2. Compute the intensity of a product of two 1000×1000 matrices, and of one of a matrix and a vector.
# 3. A profiler slows a program down. Why does it spoil the order of the rows, and which rows suffer?
# 4. You measure two programs, one after the other. The second is a little faster. What else has changed?

# %% [markdown]
# ## 🎯 Summary
# `from tinytorch.profiling import profile, record_function, FlopCounterMode` tells you where time,
# bytes and arithmetic go, in every program made of your operations; `latency`, `peak_memory` and
# `model_size` measure a whole. The rest of the tier changes the numbers: 15 starts with the bytes.
