# %% [markdown]
# # 08 · Training
#
# Seven modules made parts; here they run. A training loop has five lines that everybody can write.
# What takes experience stands around them: a network that only learns by heart, steps that explode,
# a rate that changes on the way, a run of three days that survives the power cut in its last night.
# Robbins and Monro (1951) proved that steps must shrink, Lorie (1977) taught databases to survive a
# crash in the middle of a write, and Pascanu, Mikolov and Bengio (2013) clipped gradients.
#
# **Prerequisites:** modules 01 and 03 to 07; context managers. About 240 minutes, seven exercises.
#
# ```mermaid
# flowchart LR
#     D[05 Data loader] & G[06 Autograd] & O[07 Optimizers] --> R(08 Training) --> C[09 Convolutions]
# ```

# %% [markdown]
# ## 🔧 Setup

# %%
#| default_exp core.training

# %%
#| export
import json, os, sys
from contextlib import contextmanager
from itertools import islice
from math import ceil, cos, inf, isfinite, pi
from time import monotonic

import numpy as np
from tinytorch.core import Tensor, default_generator, from_numpy, no_grad
from tinytorch.optim import Optimizer

# %%
import contextlib, io, tempfile, tracemalloc
from pathlib import Path
import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch import nn, optim
from tinytorch.data import DataLoader, TensorDataset

def close(got, expected, what):
    got, expected = np.asarray(got), np.asarray(expected)
    fits = got.shape == expected.shape and np.allclose(got, expected, 1e-5, 1e-8, equal_nan=True)
    assert fits, f"{what}: should be\n{expected}, got\n{got}"

def refuses(error, call, *parts):
    try:
        got = call()
    except error as problem:
        missing = [part for part in parts if part not in str(problem)]
        assert not missing, f"the error message should mention {missing}: {problem}"
    else:
        raise AssertionError(f"this should raise {error.__name__}, but it returned {got!r}")

# %% [markdown]
# ## 📦 Where this code lives
# The exported cells become `tinytorch/core/training.py`, and earn you `optim.lr_scheduler` and
# `nn.utils.clip_grad_norm_` as torch has them, and a `Trainer` and checkpoints in `tinytorch.core`.

# %% [markdown]
# ## 1. What to measure
# The optimizer sees the loss. A person wants to know how often the network is right, and *which*
# mistakes it makes. Its output has a score for each class, and the largest one is its answer:
# ```
#    output (4, 3)             answer  target           confusion (3, 3)      answer
#    [[ 2.0, 0.1, -1.0],         0       0                                0   1   2
#     [ 0.3, 0.9,  0.2],         1       0     wrong         target  0    1   1   0
#     [-1.0, 0.0,  3.0],         2       2                           1    0   0   0
#     [ 0.0, 0.5,  0.6]]         2       2                           2    0   0   2
# ```
# The **confusion matrix** counts: row 0, column 1 holds the zeros taken for ones. The accuracy is
# the share of its diagonal, 3/4. No loop is needed: give cell (target, answer) the number
# `target * C + answer`, and `np.bincount(numbers, minlength=C * C)` counts.

# %% nbgrader={"grade_id": "training-measure"}
#| export
def accuracy(output, target):
    """The share of samples, a float, whose largest score along dimension 1 is at the target.
    output has shape (N, C, …), target (N, …): in a language model, … is the place in the text."""
    ### BEGIN SOLUTION
    return (output.argmax(1) == target).float().mean().item()
    ### END SOLUTION

def confusion_matrix(output, target):
    """How often each target, a row, got each answer, a column: an int64 Tensor (C, C)."""
    ### BEGIN SOLUTION
    classes = output.shape[1]
    numbers = target * classes + output.argmax(1)
    return from_numpy(np.bincount(numbers, minlength=classes**2).reshape(classes, classes))
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Measures
# The worked example, a text, and classes that don't occur.

# %% nbgrader={"grade_id": "test-training-measure", "points": 8}
def test_unit_measure():
    output = torch.tensor([[2.0, 0.1, -1], [0.3, 0.9, 0.2], [-1, 0, 3], [0, 0.5, 0.6]])
    target, text = torch.tensor([0, 0, 2, 2]), torch.tensor([[[1.0, 5.0], [2.0, 4.0]]])
    got = accuracy(output, target)
    assert type(got) is float and got == 0.75, f"three of four are right, a float: {got!r}"
    assert accuracy(text, torch.tensor([[1, 1]])) == 0.5, "(N, C, T): the classes are dimension 1"
    for n, wanted in (4, [[1, 1, 0], [0, 0, 0], [0, 0, 2]]), (1, [[1, 0, 0], [0] * 3, [0] * 3]):
        counts = confusion_matrix(output[:n], target[:n])
        assert repr(counts) == repr(torch.tensor(wanted)), f"{n} samples: {wanted}, got {counts!r}"
test_unit_measure()

# %% [markdown]
# ## 2. Learning and measuring
# ```python
# for input, target in loader:
#     optimizer.zero_grad()                    # forgotten: the gradients of all batches pile up
#     loss = loss_fn(model(input), target)
#     loss.backward()
#     optimizer.step()                         # before backward: a step by an old gradient
# ```
# **Accumulation.** That gradients pile up is a trap, and a tool. If a batch of 256 doesn't fit into
# memory, send four of 64 through, each forward and backward, and step once: the graph of one is
# gone before the next begins. For the same gradient, each mean counts by its share of the samples:
# after batches of 4 and 2, 4/6 and 2/6. So it is with averages over an epoch, whose last batch is
# often smaller: 4 losses of 1 and one of 3 are (4 · 1 + 1 · 3)/5 = 1.4, and not 2.
#
# **Modes.** Who evaluates without `eval()` measures a network with holes, by dropout. Who forgets
# `train()` afterwards trains without dropout. And an evaluation needs no graph.

# %% nbgrader={"grade_id": "training-loop"}
#| export
class Mean:  # averages over samples that come in batches
    def __init__(self): self.count, self.totals = 0, {}
    def add(self, size, values):
        self.count += size
        for name, value in values.items():
            self.totals[name] = self.totals.get(name, 0.0) + size * value
    def values(self):
        if self.count:
            return {name: total / self.count for name, total in self.totals.items()}
        raise ValueError("there is nothing to average: the loader gave no batch")

class Loop:
    """Learns from batches, or measures. loss_fn(output, target) and metrics are means of samples."""
    def __init__(self, model, optimizer, loss_fn, *, schedulers=(), max_norm=None, accumulate=1,
                 metrics=(accuracy,)):
        vars(self).update(model=model, optimizer=optimizer, loss_fn=loss_fn, schedulers=schedulers,
                          max_norm=max_norm, accumulate=accumulate, metrics=metrics, mean=Mean())
    def forward(self, input, target):  # the loss of a batch; what was measured joins self.mean
        output = self.model(input)
        loss = self.loss_fn(output, target)
        values = {metric.__name__: metric(output.detach(), target) for metric in self.metrics}
        self.mean.add(len(target), {"loss": loss.item(), **values})
        return loss
    def train_step(self, batches):
        """One step of the optimizer, by the mean over all samples of these batches, a list of
        (input, target), and then one of each of the schedulers. Approach: zero_grad; for each batch
        self.forward, and backward from the loss times the share of the samples; unless max_norm is
        None, clip_grad_norm_(self.model.parameters(), max_norm), which is part 3; the steps."""
        ### BEGIN SOLUTION
        size = sum(len(target) for _, target in batches)
        self.optimizer.zero_grad()
        for input, target in batches:
            loss = self.forward(input, target) * (len(target) / size)
            loss.backward()
        if self.max_norm is not None:
            clip_grad_norm_(self.model.parameters(), self.max_norm)
        for each in (self.optimizer, *self.schedulers):
            each.step()
        ### END SOLUTION
    def train_epoch(self, loader):
        """Train on all batches in training mode, self.accumulate of them a step, or what is left.
        Returns the averages of a new Mean, self.mean. list(islice(iterator, n)) takes the next n."""
        ### BEGIN SOLUTION
        self.model.train()
        self.mean, batches = Mean(), iter(loader)
        while group := list(islice(batches, self.accumulate)):
            self.train_step(group)
        return self.mean.values()
        ### END SOLUTION
    def evaluate(self, loader):
        """The averages over all batches, of a new Mean again, in evaluation mode and with no_grad.
        Afterwards the model is in the mode that it was in before: look at its `training`."""
        ### BEGIN SOLUTION
        before, self.mean = self.model.training, Mean()
        self.model.eval()
        with no_grad():
            for input, target in loader:
                self.forward(input, target)
        self.model.train(before)
        return self.mean.values()
        ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Loop
# Small batches against a large one, the order of calls, modes, and averages.

# %% nbgrader={"grade_id": "test-training-loop", "points": 18}
def test_unit_loop():
    torch.manual_seed(1)
    x, y, calls = torch.randn(6, 3), torch.tensor([0, 1, 0, 1, 1, 0]), []
    batches, twin = [(x[:4], y[:4]), (x[4:], y[4:])], nn.Linear(3, 2)
    class Net(nn.Linear):
        def forward(self, input):
            calls.extend([self.training, torch.is_grad_enabled()])
            return super().forward(input)
    class Clock:
        def step(self): calls.append("tick")
    def loop(**options):
        net = Net(3, 2)
        net.load_state_dict(twin.state_dict())
        net.weight.grad = torch.ones(2, 3)  # left over from before
        return Loop(net, optim.SGD(net.parameters(), lr=0.5), F.cross_entropy, **options)
    loss = F.cross_entropy(twin(x), y)
    wanted = [loss.item(), accuracy(twin(x), y)]
    loss.backward()
    for parts in [(x, y)], batches:
        one = loop()
        one.train_step(parts)
        close(one.model.weight.detach(), twin.weight.detach() - 0.5 * twin.weight.grad,
              f"the weights after a step of SGD, {len(parts)} batches")
    for accumulate, groups in (1, [1, 1, 1]), (2, [2, 1]), (4, [3]):
        one = loop(accumulate=accumulate, schedulers=[Clock(), Clock()])
        one.optimizer.step = lambda: calls.append("step")
        one.model.eval()
        calls.clear()
        got = one.train_epoch(DataLoader(TensorDataset(x, y), 2))
        order = [c for n in groups for c in [True, True] * n + ["step", "tick", "tick"]]
        assert calls == order, f"{accumulate=}: training, graph … should be {order}, got {calls}"
        close([*got.values()], wanted, "the averages of an epoch")
    for mode in (True, False, False):
        one.model.train(mode)
        calls.clear()
        close([*one.evaluate(batches).values()], wanted, "the averages, evaluated")
        assert calls == [False] * 4, f"no training mode, no graph, but it was {calls}"
        assert one.model.training is mode, f"the mode was {mode}, and should be again"
test_unit_loop()

# %% [markdown]
# **Why a loop is not enough.** As many steps on few samples as on many, and others of their kind:

# %%
def spirals(count):  # points on three spiral arms, blurred, and the numbers of their arms
    arm, far = torch.randint(3, (count,)), torch.rand(count)
    angle = (4 * far + 2 * pi / 3 * arm + 0.35 * torch.randn(count)).numpy()
    return TensorDataset(torch.stack([far * np.cos(angle), far * np.sin(angle)], 1), arm)

def mlp(width=64, dropout=0.0):
    return nn.Sequential(nn.Linear(2, width), nn.ReLU(), nn.Dropout(dropout),
                         nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 3))
torch.manual_seed(0)
held_out = DataLoader(spirals(1000), 500)
for count, epochs in (60, 400), (600, 40):
    net, loader = mlp(), DataLoader(spirals(count), 20, shuffle=True)
    loop = Loop(net, optim.AdamW(net.parameters(), lr=0.01), F.cross_entropy)
    for epoch in range(1, epochs + 1):
        seen, text = loop.train_epoch(loader), "loss {loss:.3f}, {accuracy:.0%} right".format
        if epoch % (epochs // 4) == 0:
            print(f"{count} samples, epoch {epoch:3}: {text(**seen)}; "
                  f"held out: {text(**loop.evaluate(held_out))}")

# %% [markdown]
# The few are soon known by heart, while the network gets *worse* on others: surer of its mistakes,
# which costs loss. Only held-out samples show this **overfitting**. More data helps most; dropout,
# weight decay, smaller networks and stopping early (part 7) help. Who chooses among these by the
# held-out samples has used them up: the final figure needs others, looked at once.

# %% [markdown]
# ## 3. Steps that explode
# f(w) = w²⁰ is flat around 0, and a wall beyond 1: its slope 20·w¹⁹ is 3e-5 at 0.5, 20 at 1, and
# 44,000 at 1.5. From there, a step with lr = 0.01 lands at -442, far from anything learnt. Whatever
# uses a factor again and again has such cliffs: deep networks, and recurrent ones most of all. The
# direction is fine, so keep it, and bound the length. All gradients are *one* vector, and its length
# is the **total norm**, which is the norm of the single norms, √(5² + 12²):
# ```
#    gradients (3, 4) and (12)      √(3² + 4² + 12²) = 13
#    max_norm 6.5                   all times 6.5/13:  (1.5, 2) and (6)
#    max_norm 20                    13 is shorter: nothing changes
# ```
# `np.linalg.norm(vector, p)` has others than p = 2; for inf it is the largest absolute value. What is
# returned is the norm *before*: plot it, as it jumps before the loss does.

# %% nbgrader={"grade_id": "training-clip"}
#| export
def gradients_of(parameters):  # those that there are, of one Tensor or many
    parameters = [parameters] if isinstance(parameters, Tensor) else parameters
    return [p.grad for p in parameters if p.grad is not None]

@np.errstate(invalid="ignore", over="ignore")  # torch doesn't warn of inf and nan
def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    """Scale all gradients in place, by one factor, so that their total norm is at most max_norm.
    Returns the norm before, a 0-d Tensor; if that is inf or nan, and error_if_nonfinite is True,
    raise RuntimeError with the norm before anything changes. Approach: a list of the norms of each
    `grad._array.ravel()`; the norm of these, as a Tensor by from_numpy. The factor is max_norm /
    (norm + 1e-6), so that 0 is no problem. `clamp` it to 1 at most, and `mul_` every gradient."""
    grads, norm_type = gradients_of(parameters), float(norm_type)
    if not grads:
        return Tensor(0.0)
    ### BEGIN SOLUTION
    norms = [np.linalg.norm(grad._array.ravel(), norm_type) for grad in grads]
    total = from_numpy(np.linalg.norm(norms, norm_type))
    if error_if_nonfinite and not isfinite(total):
        raise RuntimeError(f"the total norm of the gradients is {total.item()}: can't clip that")
    factor = (max_norm / (total + 1e-6)).clamp(max=1.0)
    for grad in grads:
        grad.mul_(factor)
    return total
    ### END SOLUTION

def clip_grad_value_(parameters, clip_value):  # each number for itself, so the direction turns
    for grad in gradients_of(parameters):
        grad.copy_(grad.clamp(-float(clip_value), float(clip_value)))

# %% [markdown]
# ### 🧪 Unit Test: Clipping
# The worked example, other norms, a Loop that clips, and what isn't finite.

# %% nbgrader={"grade_id": "test-training-clip", "points": 14}
def test_unit_clip():
    def parameters(*gradients):
        made = [torch.zeros(np.shape(g), requires_grad=True) for g in gradients]
        for parameter, g in zip(made, gradients):
            parameter.grad = torch.tensor(g)
        return [*made, torch.zeros(2, requires_grad=True)]  # the last one has no gradient
    for max_norm, p, norm, factor in (6.5, 2.0, 13, 0.5), (20, 2, 13, 1), (6, "inf", 12, 0.5), (
            1.9, 1, 19, 0.1):
        first, second, _ = made = parameters([[3.0, -4.0]], [12.0])
        kept, what = (first.grad, second.grad), f"max_norm={max_norm}, norm_type={p!r}"
        got = clip_grad_norm_((parameter for parameter in made), max_norm, p, True)
        assert repr(got) == f"tensor({norm}.)", f"{what}: the norm before is {norm}., got {got!r}"
        close([*first.grad[0], *second.grad], np.multiply([3, -4, 12], factor), f"{what}: gradients")
        assert kept[0] is first.grad and kept[1] is second.grad, "in place: p.grad stays the same"
    clip_grad_norm_(tiny := parameters([0.0, 1e-6])[0], 1e-6)
    close(1e6 * tiny.grad, [0, 0.5], "1e-6 clipped to 1e-6, times a million: it is divided by 2e-6")
    for bad in (float("nan"), inf):
        made = parameters([1.0], [bad])
        refuses(RuntimeError, lambda: clip_grad_norm_(made, 1.0, error_if_nonfinite=True), str(bad))
        close(made[0].grad, [1.0], "after an error, the gradients are as they were")
        close(clip_grad_norm_(made, 1.0), bad, "without error_if_nonfinite, it goes on")
    w = torch.tensor([3.0], requires_grad=True)
    loop = Loop(lambda x: x * w, optim.SGD([w], lr=1.0), lambda output, _: output.sum(), metrics=())
    loop.max_norm, loop.model.parameters = 0.5, lambda: [w]
    loop.train_step([(torch.ones(9), torch.ones(9))])
    close(w.detach(), [2.5], "w = 3 after a Loop's step with lr=1, gradient 9 and max_norm=0.5")
test_unit_clip()

# %% [markdown]
# ## 4. A learning rate that changes
# A long step gets far, a short one gets close: around the lowest point, steps jump to and fro by
# about their own length. So the rate should **fall** towards the end. And it should **rise** at the
# beginning: at random weights the slopes are steep and point elsewhere after each step, Adam's
# averages rest on a few gradients, and a long step may end where nothing is learnt any more.
# ```
#    t                                 0     1     2     3     4     5     6     7
#    StepLR(step_size=3, gamma=0.5)    1     1     1     0.5   0.5   0.5   0.25  0.25
#    LinearLR(0.25, total_iters=3)     0.25  0.5   0.75  1     1     1     1     1
#    CosineAnnealingLR(T_max=6)        1     0.93  0.75  0.5   0.25  0.07  0     0.07
# ```
# These are the **factors** f(t). StepLR: gamma to the power of the steps taken. A line rises, to warm
# up. Cosine: (1 + cos(π·t/T_max))/2, which stays high for long, comes down in one smooth bend, and
# takes its last steps nearly at 0, where the noise averages out.
#
# A **scheduler** writes into the `"lr"` of each of the optimizer's groups: when it is made, for
# t = 0, and at each `step()`. Its t is called `last_epoch`, but counts what you like; our Loop ticks
# once a step. There are two manners:
# ```
#    LambdaLR, absolute      base · f(t)                 base: the group's rate at the beginning
#    the others, relative    lr · f(t)/f(t - 1)          lr: the group's rate now;  f(-1) is 1
#    with an eta_min         eta_min + (lr - eta_min) · f(t)/f(t - 1)
# ```
# Two relative ones, say a line and a cosine, multiply: each changes what it finds. Nothing grows of 0.
# After f(t - 1) = 0, the turning point of a cosine, the base helps: lr + (base - eta_min) · f(t).

# %% nbgrader={"grade_id": "training-schedules"}
#| export
class LRScheduler:
    """The base class of schedules. A subclass has get_lr(), which returns a rate for each group."""
    def __init__(self, optimizer, last_epoch=-1):
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"a schedule is for an Optimizer, not for {type(optimizer).__name__}")
        self.optimizer, self.last_epoch, self._step_count = optimizer, last_epoch, 0
        if last_epoch == -1:  # otherwise, the groups have it from an earlier run
            for group in optimizer.param_groups:
                group.setdefault("initial_lr", group["lr"])
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.step()
    def step(self):
        """Count on last_epoch and _step_count. What get_lr() then says becomes self._last_lr, and
        the groups' rates: zip(…, strict=True) finds a wrong length."""
        ### BEGIN SOLUTION
        self.last_epoch += 1
        self._step_count += 1
        self._last_lr = self.get_lr()
        for group, lr in zip(self.optimizer.param_groups, self._last_lr, strict=True):
            group["lr"] = lr
        ### END SOLUTION
    def get_last_lr(self): return self._last_lr
    def state_dict(self): return {n: v for n, v in vars(self).items() if n != "optimizer"}
    def load_state_dict(self, state_dict): vars(self).update(state_dict)

class LambdaLR(LRScheduler):
    """base · f(t), for a function f, or a list with one for each group. They are not saved."""
    def __init__(self, optimizer, lr_lambda, last_epoch=-1):
        many, count = isinstance(lr_lambda, (list, tuple)), len(optimizer.param_groups)
        self.lr_lambdas = list(lr_lambda) if many else [lr_lambda] * count
        if len(self.lr_lambdas) != count:
            raise ValueError(f"{count} groups, but {len(self.lr_lambdas)} functions for them")
        super().__init__(optimizer, last_epoch)
    def get_lr(self):
        """The base rate of each group, in base_lrs, times what its function says of last_epoch."""
        ### BEGIN SOLUTION
        return [base * f(self.last_epoch) for base, f in zip(self.base_lrs, self.lr_lambdas)]
        ### END SOLUTION
    def state_dict(self): return {**super().state_dict(), "lr_lambdas": [None] * len(self.base_lrs)}
    def load_state_dict(self, state_dict):
        super().load_state_dict({**state_dict, "lr_lambdas": self.lr_lambdas})

class Relative(LRScheduler):
    """A schedule by factors, factor(t), of the distance to eta_min."""
    eta_min = 0.0
    def get_lr(self):
        """What last_epoch and the factors make of each group's rate, after a factor of 0 or not."""
        ### BEGIN SOLUTION
        t, low = self.last_epoch, self.eta_min
        now, before = self.factor(t), self.factor(t - 1) if t > 0 else 1.0
        rates = [group["lr"] for group in self.optimizer.param_groups]
        if before == 0:
            return [lr + (base - low) * now for lr, base in zip(rates, self.base_lrs)]
        return [low + (lr - low) * (now / before) for lr in rates]
        ### END SOLUTION

class StepLR(Relative):
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer)
    def factor(self, t):
        ### BEGIN SOLUTION
        return self.gamma ** (t // self.step_size)
        ### END SOLUTION

class LinearLR(Relative):
    def __init__(self, optimizer, start_factor=1 / 3, end_factor=1.0, total_iters=5):
        if not (0 < start_factor <= 1 and 0 <= end_factor <= 1):
            raise ValueError(f"factors are between 0 and 1, not {start_factor} and {end_factor}")
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer)
    def factor(self, t):
        share = min(t, self.total_iters) / max(self.total_iters, 1)
        return self.start_factor + (self.end_factor - self.start_factor) * share

class CosineAnnealingLR(Relative):
    def __init__(self, optimizer, T_max, eta_min=0.0):
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer)
    def factor(self, t):
        ### BEGIN SOLUTION
        return (1 + cos(pi * t / self.T_max)) / 2
        ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Schedules
# The table, several groups, several waves, two at once, and a saved state.

# %% nbgrader={"grade_id": "test-training-schedules", "points": 20}
def optimizer_with(*rates):
    return optim.SGD([{"params": [torch.ones(1)], "lr": lr} for lr in rates], lr=1.0)

def rates_of(schedulers, count):
    """The groups' rates at t = 0, 1, …, count - 1, as an array (count, groups)."""
    rows = []
    for t in range(count):
        rows.append([group["lr"] for group in schedulers[0].optimizer.param_groups])
        assert schedulers[-1].get_last_lr() == rows[-1], "get_last_lr() is what the groups have"
        for scheduler in schedulers:
            scheduler.step()
    return np.array(rows)

def test_unit_schedules():
    step, line = [1, 1, 1, 0.5, 0.5, 0.5, 0.25], [0.25, 0.5, 0.75, 1, 1]
    wave = [1, 0.9330127, 0.75, 0.5, 0.25, 0.0669873, 0, 0.0669873, 0.25, 0.5, 0.75, 0.9330127] * 2
    steps, waves = lambda o: StepLR(o, 3, 0.5), lambda o: CosineAnnealingLR(o, 6)
    lines, squares = lambda o: LinearLR(o, 0.25, total_iters=3), lambda o: LambdaLR(o, lambda t: t * t)
    for what, factors, *makers in [
        ("StepLR", step, steps), ("CosineAnnealingLR", wave, waves), ("LambdaLR", [0, 1, 4], squares),
        ("two at once", np.multiply(step[:5], line), steps, lines),
    ]:
        optimizer = optimizer_with(2.0, 5.0)
        got = rates_of([make(optimizer) for make in makers], len(factors))
        close(got, np.outer(factors, [2, 5]), f"{what}, two groups with rates 2 and 5")
    lifted = rates_of([CosineAnnealingLR(optimizer_with(1.0), 6, 0.2)], 24)[:, 0]
    close(lifted, 0.2 + 0.8 * np.array(wave), "a cosine from 1 to eta_min=0.2")
    pair = LambdaLR(optimizer_with(2.0, 5.0), [lambda t: 1.0, lambda t: t])
    close(rates_of([pair], 3), [[2, 0], [2, 5], [2, 10]], "LambdaLR, a function for each group")
    first, second = steps(optimizer_with(1.0)), steps(optimizer_with(1.0))
    rates_of([first], 5)
    assert first._step_count == 6, f"six steps with the first one, not {first._step_count}"
    second.load_state_dict(first.state_dict())
    second.step()
    close(second.get_last_lr(), [0.5], "the step number 6 of a scheduler, from a saved state")
    pair.get_lr = lambda: [0.5]
    refuses(ValueError, pair.step)
test_unit_schedules()

# %%
def draw(make, steps=72, height=5):
    rates = rates_of([make(optimizer_with(1.0))], steps)[:, 0]
    for level in range(height, 0, -1):
        print("".join("█" if rate * height > level - 0.5 else " " for rate in rates))
draw(lambda o: StepLR(o, 18, gamma=0.5))
draw(lambda o: LambdaLR(o, lambda t: min((t + 1) / 12, (1 + cos(pi * t / 72)) / 2)))  # warm-up

# %% [markdown]
# ## 5. What a checkpoint holds
# To go on *as if nothing had happened*, weights alone don't do. AdamW keeps two averages for each of
# them, a schedule its time, dropout and the shuffle a generator. All of these have states:
# dictionaries of tensors, numbers, and more dictionaries. `torch.save` pickles them. But a pickle is
# a program, and who opens one runs what its author wanted. Ours is data only: arrays, in NumPy's zip
# archive `.npz`, and beside them a JSON text for the rest. JSON turns a key 0 into "0" and a tuple
# into a list, and has no tensors. What it doesn't have goes into a box, a dict with one entry:
# ```
#    {0: (0.9, 0.99), "step": tensor([7.])}                                   what we have
#    {"dict": [[0, {"tuple": [0.9, 0.99]}], ["step", {"tensor": 0}]]}         what JSON gets
#    [array([7.])]                                                            and its array number 0
# ```
# As every dict becomes a box, each dict found later is one. Keys are boxed like values.

# %% nbgrader={"grade_id": "training-boxes"}
#| export
def boxed(value, arrays, place=""):
    """What JSON can write for value. Arrays of tensors (detached, not copied) join the list arrays.
    Raises TypeError with the place, as "/model/0.weight", and the type, for what is no Tensor, dict,
    tuple, list, str, bool, int, float or None. An entry's place is f"{place}/{key or number}"; a key
    is at the place of its dict."""
    ### BEGIN SOLUTION
    if isinstance(value, Tensor):
        arrays.append(value.detach().numpy())
        return {"tensor": len(arrays) - 1}
    if isinstance(value, dict):
        return {"dict": [[boxed(key, arrays, place), boxed(item, arrays, f"{place}/{key}")]
                         for key, item in value.items()]}
    if isinstance(value, (tuple, list)):
        items = [boxed(item, arrays, f"{place}/{i}") for i, item in enumerate(value)]
        return {"tuple": items} if isinstance(value, tuple) else items
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise TypeError(f"{place}: a checkpoint can't hold a {type(value).__name__}")
    ### END SOLUTION

def unboxed(value, arrays):
    """What was boxed, with Tensors of arrays. Approach: `[(kind, content)] = box.items()`."""
    ### BEGIN SOLUTION
    if isinstance(value, list):
        return [unboxed(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    [(kind, content)] = value.items()
    if kind == "tensor":
        return from_numpy(arrays[content])
    items = unboxed(content, arrays)
    return tuple(items) if kind == "tuple" else dict(items)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Boxes
# The example, a round trip through JSON, and what can't be saved.

# %% nbgrader={"grade_id": "test-training-boxes", "points": 10}
def test_unit_boxes():
    arrays, step = [np.zeros(1)], torch.tensor([7.0], requires_grad=True)
    got = boxed({0: (0.9, 0.99), "step": step}, arrays)
    wanted = {"dict": [[0, {"tuple": [0.9, 0.99]}], ["step", {"tensor": 1}]]}
    assert got == wanted, f"the example, after another array: should be {wanted}, got {got}"
    assert len(arrays) == 2 and arrays[1] is step.detach().numpy(), "its array, detached, uncopied"
    weight, arrays = torch.tensor([[1.5, -2.0]]), []
    value = {"a": [1, -0.1, True, None, "x", inf, (), {}, []], 5: {(1, "b"): (weight, [step])},
             "tensor": {"dict": 1}}
    back = unboxed(json.loads(json.dumps(boxed(value, arrays))), arrays)
    assert repr(back) == repr(value).replace(", requires_grad=True", ""), f"{value} became {back}"
    refuses(TypeError, lambda: boxed({"a": [0, {(1, range(2)): 0}]}, []), "/a/1/1", "range")
    refuses(TypeError, lambda: boxed({"a": {"b": np.ones(1)}}, []), "/a/b", "ndarray")
test_unit_boxes()

# %% [markdown]
# ## 6. In the middle of a write
# Opening a file for writing empties it. If the power fails now, the old checkpoint is gone, and the
# new one isn't there yet. Lorie's answer still holds: **write beside it, then switch**.
# ```
#    run.npz          old ───────────────────────────────────▶ old until here, new from here on
#    run.npz.tmp             half … whole ── fsync ── os.replace
# ```
# `os.replace` renames in one indivisible step: who opens `run.npz` finds the old or the new file,
# and both are whole. But the system keeps in memory what was written, and may rename before it
# writes. `file.flush()` hands Python's buffer over, `os.fsync(file)` waits for the disk.
#
# Reading has its duty, too: a file that was cut short, or somebody else's, is an error that says so.
# NumPy looks at the archive's table of contents and checksums, but its errors talk of pickles.

# %% nbgrader={"grade_id": "training-checkpoint"}
#| export
@contextmanager
def replacing(path):
    """`with replacing(path) as file:` writes into file; once all of that is on the disk, it becomes
    the file at path, which stays as it was after an error. Approach: open f"{path}.tmp" as "wb",
    yield it, flush, fsync. When it is closed, replace. A `finally` around all this removes it."""
    ### BEGIN SOLUTION
    temporary = f"{path}.tmp"
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file)
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)
    ### END SOLUTION

def save_checkpoint(path, /, **parts):
    """Write parts, say model=net.state_dict(), into one file. Box their dict; np.savez(file,
    *arrays, checkpoint=the JSON text) calls the arrays arr_0, arr_1 …, and the text checkpoint."""
    ### BEGIN SOLUTION
    arrays = []
    text = json.dumps(boxed(parts, arrays))
    with replacing(path) as file:
        np.savez(file, *arrays, checkpoint=text)
    ### END SOLUTION

def load_checkpoint(path):
    """The dict of the parts. OSError if the file can't be opened; ValueError with the path for all
    else, and with the missing name for archives that lack something. Approach: open it as "rb".
    `with np.load(file) as archive: arrays = dict(archive)` reads and checks everything, and raises
    all kinds of Exception. Then "checkpoint" is a text again by `item()`, and the other arrays, one
    for each name that is left, go into a list from arr_0 on."""
    ### BEGIN SOLUTION
    with open(path, "rb") as file:
        try:
            with np.load(file) as archive:
                arrays = dict(archive)
        except Exception as problem:
            raise ValueError(f"{path} is damaged, cut short, or foreign: {problem}") from problem
    try:
        text = arrays.pop("checkpoint").item()
        return unboxed(json.loads(text), [arrays[f"arr_{i}"] for i in range(len(arrays))])
    except LookupError as problem:
        raise ValueError(f"{path} is no whole checkpoint: {problem} is missing") from problem
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Checkpoints
# A disk that fails at each moment of a write, files that were cut, and files of others.

# %% nbgrader={"grade_id": "test-training-checkpoint", "points": 14}
def test_unit_checkpoint():
    folder = tempfile.TemporaryDirectory()
    path, real, done = Path(folder.name) / "run.npz", (os.fsync, os.replace), []
    def save(number):
        save_checkpoint(path, a=torch.full((9,), number), b=(number, torch.full((2, 3), -number)))
    def holds(number, when, files=1):
        got, here = load_checkpoint(path), os.listdir(folder.name)
        assert list(got) == ["a", "b"] and got["b"][0] == number, f"{when}: it holds {got}"
        close(got["a"], np.full(9, number), f"a, {when}")
        close(got["b"][1], np.full((2, 3), -number), f"another tensor, {when}")
        assert len(here) == files, f"{when}: nothing should be beside run.npz, but there is {here}"
    def fsync(number): done.append(os.path.getsize(f"{path}.tmp"))
    def replace(old, new): done.append("replace") or real[1](old, new)
    def fails(*_): raise OSError("no space left")
    for number in (1, 2): save(number)
    try:
        for os.fsync, os.replace in [(fails, replace), (fsync, fails)]:
            refuses(OSError, lambda: save(3), "no space left")
            holds(2, "after a save that failed")
        os.fsync, os.replace, done = fsync, replace, []
        with replacing(path) as file:
            file.write(b"words")
            holds(2, "while another one is being written", files=2)
        assert done == [5, "replace"], f"five bytes to the disk, then the switch, not {done}"
    finally:
        os.fsync, os.replace = real
    save(4)
    whole = path.read_bytes()
    for part in (b"", b"words", whole[:100], whole[:len(whole) // 2], whole[:-1]):
        path.write_bytes(part)
        refuses(ValueError, lambda: load_checkpoint(path), "run.npz")
    for names in {"images": whole}, {"checkpoint": '{"tensor": 0}'}, {"checkpoint": "0", "x": 1}:
        np.savez(path, **names)
        refuses(ValueError, lambda: load_checkpoint(path), "run.npz", "missing")
    refuses(FileNotFoundError, lambda: load_checkpoint(f"{path}.tmp"), "run.npz.tmp")
test_unit_checkpoint()

# %% [markdown]
# ## 7. A run
# We save at the **end of an epoch**. No batch is half done there, and as an epoch's order is settled
# when it begins (module 05), the generator's state repeats it. A run that was killed in epoch 7
# begins epoch 7 anew, with the same shuffle, the same dropout, and to the *same bits*.
# ```
#    fit(loader, 9, checkpoint="run.npz")       epoch 1 ✔ 2 ✔ … 6 ✔ 7 ⚡
#    the same program, started again            reads run.npz: 7 ✔ 8 ✔ 9 ✔
# ```
# So `epochs` counts all of them, also those of earlier runs: the same call finishes what is left. And
# `history`, what each epoch measured, is saved as well; its length is the number of epochs done. A
# loss of nan never recovers: `fit` ends with an error *before* it saves over a good checkpoint.
#
# **Early stopping** with patience 2 ends a run when the last two epochs brought no held-out loss
# below the best one before them: 0.9, 0.7, 0.8, 0.7 stops, 0.9, 0.7, 0.8, 0.6 goes on.

# %% nbgrader={"grade_id": "training-trainer"}
#| export
class Trainer(Loop):
    """Trains for many epochs, and can be stopped and resumed at the end of each of them."""
    def __init__(self, model, optimizer, loss_fn, **options):
        super().__init__(model, optimizer, loss_fn, **options)
        self.parts = {"model": model, "optimizer": optimizer}  # what has a state_dict
        self.parts.update((f"scheduler {i}", each) for i, each in enumerate(self.schedulers))
        self.generators, self.history = {"random": default_generator}, []
    def state_dict(self):
        """All that decides how the run goes on: the state_dict() of each of the parts and the
        get_state() of each of the generators, under their names, and "history"."""
        ### BEGIN SOLUTION
        state = {name: part.state_dict() for name, part in self.parts.items()}
        for name, generator in self.generators.items():
            state[name] = generator.get_state()
        return {**state, "history": self.history}
        ### END SOLUTION
    def load_state_dict(self, state_dict):
        """Hand out such a state, to all where it came from. First raise ValueError, with both lists
        of names, if they aren't those of our own state."""
        ### BEGIN SOLUTION
        own, given = sorted(self.state_dict()), sorted(state_dict)
        if own != given:
            raise ValueError(f"this trainer has states of {own}, what was saved has {given}")
        for name, part in self.parts.items():
            part.load_state_dict(state_dict[name])
        for name, generator in self.generators.items():
            generator.set_state(state_dict[name])
        self.history = list(state_dict["history"])
        ### END SOLUTION
    def is_stale(self, patience):
        losses = [row.get("val_loss", inf) for row in self.history]
        enough = patience is not None and len(losses) > patience
        return enough and min(losses[-patience:]) >= min(losses[:-patience])
    def line(self, done, values):  # done: epochs, 2.5 in the middle of the third
        left = round((monotonic() - self.start) * (self.epochs - done) / (done - self.first))
        text = "  ".join(f"{name} {value:.4f}" for name, value in values.items())
        return f"epoch {ceil(done)}/{self.epochs}  {text}  {left // 60}:{left % 60:02} left"
    def watched(self, loader):  # the batches; if live, a line on the terminal changes meanwhile
        shown = monotonic()
        for number, batch in enumerate(loader, 1):
            yield batch
            if self.live and self.mean.count and monotonic() - shown > 0.1:
                shown, done = monotonic(), len(self.history) + number / len(loader)
                print("\r" + self.line(done, self.mean.values()), end="\x1b[K", flush=True)
        if self.live:
            print(end="\r\x1b[K", flush=True)  # \x1b[K clears the rest of the line
    def fit(self, train, epochs, validation=None, *, checkpoint=None, patience=None, log=print,
            live=None):
        """Train until `epochs` epochs are done in all; returns the history. If there is a file
        `checkpoint`, go on from it. log (None: silence) gets a line for each epoch; live shows the
        epoch on its way: on a terminal, if you don't say. Approach: while epochs are left and the
        run isn't stale, train on self.watched(train). Raise FloatingPointError with the epoch's
        number, unless its loss `isfinite`. What `evaluate` gives joins the same dict, as val_loss and
        so on: the history's next entry. Save, and log self.line(how many are done, the entry)."""
        if patience is not None and (validation is None or patience < 1):
            raise ValueError("patience is at least 1, and needs validation data to look at")
        if getattr(train, "generator", None) is not None:
            self.generators["shuffle"] = train.generator
        if checkpoint is not None and os.path.exists(checkpoint):
            self.load_state_dict(load_checkpoint(checkpoint))
            if log is not None:
                log(f"{checkpoint}: {len(self.history)} epochs are done")
        self.live = live if live is not None else log is print and sys.stdout.isatty()
        self.epochs, self.first, self.start = epochs, len(self.history), monotonic()
        ### BEGIN SOLUTION
        while len(self.history) < epochs and not self.is_stale(patience):
            row = self.train_epoch(self.watched(train))
            if not isfinite(row["loss"]):
                raise FloatingPointError(f"epoch {len(self.history) + 1}: the loss is {row['loss']}")
            if validation is not None:
                row |= {f"val_{name}": v for name, v in self.evaluate(validation).items()}
            self.history.append(row)
            if checkpoint is not None:
                save_checkpoint(checkpoint, **self.state_dict())
            if log is not None:
                log(self.line(len(self.history), row))
        return self.history
        ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Trainer
# A run in two pieces, what history, checkpoint and log hold, early stops, and a loss of nan.

# %% nbgrader={"grade_id": "test-training-trainer", "points": 12}
def test_unit_trainer():
    folder, lines, screen = tempfile.TemporaryDirectory(), [], io.StringIO()
    path, train = os.path.join(folder.name, "run.npz"), DataLoader(spirals(30), 10, shuffle=True)
    def trainer(**options):
        net = mlp(8, 0.5)
        optimizer = optim.SGD(net.parameters(), lr=0.1)
        return Trainer(net, optimizer, F.cross_entropy, schedulers=[StepLR(optimizer, 4)], **options)
    first, second = trainer(), trainer(metrics=())
    first.fit(train, 2, log=None)
    state, wanted = first.state_dict(), torch.rand(3)
    names = ["model", "optimizer", "scheduler 0", "random", "history"]
    assert list(state) == names, f"the state has {names}, not {list(state)}"
    second.load_state_dict(state)
    close(torch.rand(3), wanted, "random numbers after loading, against those after saving")
    assert second.history is not first.history, "two trainers shouldn't share their history"
    refuses(ValueError, lambda: first.load_state_dict({"model": 1, "xyz": 2}), "xyz", "optimizer")
    save_checkpoint(path, **state)
    with contextlib.redirect_stdout(screen):
        got = second.fit(train, 3, held_out, checkpoint=path, log=lines.append, live=True)
    assert got is second.history and len(got) == 3, f"two epochs were done, one was left: {got}"
    assert got[:2] == first.history and list(got[2]) == ["loss", "val_loss"], f"its history: {got}"
    close(second.evaluate(held_out)["loss"], got[2]["val_loss"], "val_loss is what evaluate says")
    assert load_checkpoint(path)["history"] == got, "the checkpoint has the last epoch"
    assert len(lines) == 2 and "epoch 3/3" in lines[1], f"a line for the one epoch: {lines}"
    assert "\r" in screen.getvalue(), "train on self.watched(train), or nothing is seen meanwhile"
    losses = iter([0.9, 0.7, 0.8, 0.7, 0.1])
    second.history, second.evaluate = [], lambda loader: {"loss": next(losses)}
    second.fit(train, 5, held_out, patience=2, log=None)
    assert [row["val_loss"] for row in second.history] == [0.9, 0.7, 0.8, 0.7], "patience of 2"
    second.loss_fn, other = (lambda output, target: output.sum() * float("nan")), path + "2"
    refuses(FloatingPointError, lambda: second.fit(train, 9, checkpoint=other, log=None), "epoch 5")
    assert not os.path.exists(other), "what is nan is not saved"
test_unit_trainer()

# %% [markdown]
# ## 📊 Systems analysis
# What does safety cost, in bytes and in time, and what does accumulation save?

# %%
folder, data = tempfile.TemporaryDirectory(), spirals(2000)
for name, make in {"SGD": optim.SGD, "AdamW": optim.AdamW,
                   "momentum": lambda p: optim.SGD(p, momentum=0.9)}.items():
    net, path, start = mlp(512), os.path.join(folder.name, "run.npz"), monotonic()
    trainer = Trainer(net, make(net.parameters()), F.cross_entropy)
    trainer.fit(DataLoader(data, 100, shuffle=True), 1, log=None)
    middle = monotonic()
    save_checkpoint(path, **trainer.state_dict())
    print(f"{name:8}: an epoch {middle - start:.3f} s, a save {monotonic() - middle:.3f} s, in bytes "
          f"{os.path.getsize(path) / sum(p.nbytes for p in net.parameters()):.2f} × the weights")
for trainer.accumulate in (1, 4, 20):
    tracemalloc.start()
    trainer.train_epoch(DataLoader(data, 2000 // trainer.accumulate))
    print(f"a step of 2000 samples in {trainer.accumulate:2} batches: at most "
          f"{tracemalloc.get_traced_memory()[1] / 1e6:5.1f} MB in use")
    tracemalloc.stop()

# %% [markdown]
# What the optimizer remembers counts as much as the weights: once for momentum, twice for AdamW. An
# epoch takes its time by samples, a save by bytes: it costs the same for a short epoch and a long
# one. Accumulating needs memory for the graph of one batch, beside weights, gradients and the data.

# %% [markdown]
# ## 🧪 Module test
# ### 🧪 Unit Test: Training together
# A run that dies in the middle of an epoch and is started again, against one that was left alone.

# %% nbgrader={"grade_id": "test-training-together", "points": 4}
def test_unit_together():
    folder, data = tempfile.TemporaryDirectory(), spirals(90)
    class Fragile(TensorDataset):
        def __getitems__(self, indices):
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
            return super().__getitems__(indices)
    def run(name, left, seed):
        torch.manual_seed(4)
        net, fragile = mlp(32, 0.2), Fragile(*data.tensors)
        fragile.left, optimizer = left, optim.AdamW(net.parameters(), lr=0.02)
        pair = [StepLR(optimizer, 9, 0.5), CosineAnnealingLR(optimizer, 24)]
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        trainer = Trainer(net, optimizer, F.cross_entropy, schedulers=pair, max_norm=1, accumulate=2)
        with contextlib.suppress(KeyboardInterrupt):
            trainer.fit(DataLoader(fragile, 16, shuffle=True, generator=generator), 8, held_out,
                        checkpoint=os.path.join(folder.name, f"{name} {seed}"), log=None)
        return trainer
    for seed in (None, 9):
        alone = run("alone", -1, seed)
        for left in (15, 20, -1):  # six batches are an epoch: in its third one, later again, never
            again = run("dies twice", left, seed)
        state = again.model.state_dict()
        for name, tensor in alone.model.state_dict().items():
            assert np.array_equal(tensor, state[name]), f"{name} isn't the same, bit by bit"
        assert again.history == alone.history and len(alone.history) == 8, "the same history"
        losses = [row["val_loss"] for row in alone.history]
        assert losses[-1] < 0.9 * losses[0], f"in eight epochs, it should learn: {losses}"
test_unit_together()

# %% [markdown]
# ## 🤔 Questions to think about
# 1. When patience ends a run, which weights are left? Write a loop around `fit` that keeps the best.
# 2. With twice the batch and half the steps, what would you do with the learning rate, and why?
# 3. A checkpoint in the middle of an epoch: what would it have to hold for the same bits?
# 4. Held-out loss and accuracy both rise. How can that be, and which one do you trust?

# %% [markdown]
# ## 🎯 Summary
# `torch.Trainer(model, optimizer, loss_fn).fit(loader, epochs, held_out, checkpoint="run.npz")` runs
# all that you built in eight modules, and goes on after a crash as if nothing had happened; `curves`
# of `tinytorch_core.pictures` draws its `history`. Next come networks that see, and read.
