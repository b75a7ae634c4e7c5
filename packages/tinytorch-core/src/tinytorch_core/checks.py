"""Modules 01 to 08, next to the same computations in NumPy, from the tensor up to a whole training.

They are checked with a network of one hidden layer: `make(seed)` is a new one.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch import nn
from tinytorch.nn.utils import clip_grad_norm_
from tinytorch.optim.lr_scheduler import CosineAnnealingLR

from tinytorch_core.by_hand import AdamW, Perceptron, clipped, wave
from tinytorch_core.digits import load_digits, split
from tinytorch_core.evidence import agree, checking, compare, compare_gradients, fault, numbers
from tinytorch_core.recipe import digits

MANY = 200  # images for the checks: several batches, the last of them smaller


def check_modules(make, recipe):
    print("Your modules:")
    with checking("tensor", "reading the digits"):
        x, y, *_ = (tensor[:MANY] for tensor in digits())
    check_tensor(x, y)
    check_forward(make, x, y)
    check_loader(recipe, x, y)
    check_backward(make, recipe, x, y)
    check_no_grad(make, x)
    check_steps(make, recipe, x, y)
    check_clipping(make, x, y)
    check_schedule(make, recipe)
    check_trainer(make, recipe, x, y)
    check_interruption(make, recipe, x, y)


def check_tensor(x, y):
    images, labels, *_ = split(*load_digits())
    agree("tensor", "the images", x.numpy(), images[:MANY])
    agree("tensor", "the labels", y.numpy(), labels[:MANY])
    a, b = images[0], images[1]
    with checking("tensor", "arithmetic"):
        result = x[0] @ x[1] / 3 - x[0][0] * 2 + x[1].mean(0)
        largest = x.reshape(MANY, -1).argmax(1)
    agree("tensor", "arithmetic", result.numpy(), a @ b / 3 - a[0] * 2 + b.mean(0))
    agree("tensor", "argmax", largest.numpy(), images[:MANY].reshape(MANY, -1).argmax(1))


def check_forward(make, x, y):
    """Nothing here requires grad, so that autograd has no part in it yet."""
    z = np.linspace(-3, 3, 12, dtype=np.float32).reshape(3, 4)
    with checking("activations", "relu"):
        result = F.relu(torch.tensor(z)).numpy()
    agree("activations", "relu", result, np.maximum(z, 0))
    with checking("activations", "log_softmax"):
        result = F.log_softmax(torch.tensor(z), 1).numpy()
    agree("activations", "log_softmax", result, z - np.log(np.exp(z).sum(1, keepdims=True)))
    with checking("layers", "the network"):
        model = make(0)
        for parameter in model.parameters():
            parameter.requires_grad_(False)
        result, hand = model(x).numpy(), Perceptron(model)
        scores, loss, _ = hand.forward(x.numpy(), y.numpy())
    if len(np.unique(hand.parameters[0], axis=0)) < len(hand.parameters[0]):
        fault("layers", "the start", "some units are equal, and units that start alike stay alike")
    agree("layers", "the network's scores", result, scores)
    with checking("losses", "cross-entropy"):
        result = F.cross_entropy(torch.tensor(scores.astype(np.float32)), y).item()
    agree("losses", "cross-entropy", result, loss)


def check_loader(recipe, x, y):
    """Each image once in an epoch, with its own label, in an order that is new each time."""
    with checking("dataloader", "the loader"):
        batches = recipe.loader(x, y, torch.arange(MANY), shuffle=True)
        epochs = [[[t.numpy() for t in batch] for batch in batches] for _ in range(2)]
        sizes, length = [len(labels) for _, labels, _ in epochs[0]], len(batches)
    for images, labels, which in epochs[0]:
        if (images != x.numpy()[which]).any() or (labels != y.numpy()[which]).any():
            fault("dataloader", "a batch", "an image does not have its own label")
    first, second = (np.concatenate([which for *_, which in epoch]) for epoch in epochs)
    if any(sorted(order) != list(range(MANY)) for order in (first, second)):
        fault("dataloader", "an epoch", "it should bring each image exactly once")
    if (first == second).all() or (first == np.arange(MANY)).all():
        fault("dataloader", "shuffle=True", "the order should be another one in each epoch")
    if sizes != [recipe.batch] * (MANY // recipe.batch) + [MANY % recipe.batch] or length != len(
        sizes
    ):
        fault("dataloader", "an epoch", f"its batches are {sizes}, and its len() is {length}")
    print("  the loader: each image once, with its label, in a new order")


def check_backward(make, recipe, x, y):
    """The gradient of the loss, and its sum over batches, one backward pass for each."""
    model = make(0)
    expected = Perceptron(model).gradients(x.numpy(), y.numpy())
    with checking("autograd", "backward"):
        F.cross_entropy(model(x), y).backward()
    compare_gradients("the gradient", model, expected)
    model = make(0)
    with checking("autograd", "backward, batch by batch,"):
        for images, labels in recipe.loader(x, y):
            (F.cross_entropy(model(images), labels) * (len(labels) / MANY)).backward()
    compare_gradients("the sum of the batches' gradients", model, expected)
    print("  gradients, at once and batch by batch: agree with NumPy")


def check_no_grad(make, x):
    model = make(0)
    with checking("autograd", "no_grad"), torch.no_grad():
        recorded = model(x).requires_grad
    if recorded:
        fault("autograd", "no_grad", "inside of it nothing should be recorded")
    print("  no_grad: records nothing")


def check_steps(make, recipe, x, y):
    """Steps of AdamW: what they do to the parameters."""
    model = make(0)
    other = AdamW(numbers(model), recipe)
    with checking("optimizers", "AdamW"):
        optimizer = recipe.adamw(model)
    for step, (images, labels) in enumerate(recipe.loader(x, y), 1):
        hand = Perceptron(model)
        with checking("optimizers", "zero_grad"):
            optimizer.zero_grad()
        if any(parameter.grad is not None for parameter in model.parameters()):
            fault("optimizers", "zero_grad", "it has left a gradient")
        with checking("autograd", "backward"):
            F.cross_entropy(model(images), labels).backward()
        slopes = hand.gradients(images.numpy(), labels.numpy())
        compare_gradients(f"the gradient in step {step}", model, slopes)
        # From here on with the network's own gradients: AdamW makes the last digit of a tiny one large.
        slopes = [parameter.grad.numpy().astype(np.float64) for parameter in model.parameters()]
        with checking("optimizers", f"step {step}"):
            optimizer.step()
        expected = other.step(hand.parameters, slopes, recipe.learning_rate)
        for now, then in zip(numbers(model), expected, strict=True):
            compare("optimizers", f"step {step} of AdamW", now, then)
    print(f"  {step} steps of AdamW: agree with NumPy")


def check_clipping(make, x, y):
    model = make(0)
    F.cross_entropy(model(x), y).backward()
    slopes = Perceptron(model).gradients(x.numpy(), y.numpy())
    norm, expected = clipped(slopes, 0.1)
    with checking("training", "clip_grad_norm_"):
        result = clip_grad_norm_(model.parameters(), 0.1).item()
    agree("training", "the norm of all gradients", result, norm)
    compare_gradients("a clipped gradient", model, expected, "training")


def check_schedule(make, recipe):
    with checking("training", "the schedule"):
        optimizer, rates = recipe.adamw(make(0)), []
        schedule = CosineAnnealingLR(optimizer, T_max=9)
        for _ in range(9):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step()
    expected = [recipe.learning_rate * wave(step, 9) for step in range(9)]
    agree("training", "the schedule", rates, expected, 1e-7)


class Watched(nn.Sequential):
    """Notes in which mode, and whether with a graph, it is called."""

    def forward(self, input):
        self.calls.add((self.training, torch.is_grad_enabled()))
        return super().forward(input)


def check_trainer(make, recipe, x, y):
    """Two epochs of the Trainer, and the same ones by hand; then what it measures."""
    model, batches = Watched(*make(0)), recipe.loader(x, y)
    model.calls, hand = set(), Perceptron(model)
    with checking("training", "the Trainer"):
        runner = recipe.trainer(model, 2 * len(batches))
        history = runner.fit(batches, 2, log=None)
    if len(history) != 2 or model.calls != {(True, True)}:
        fault("training", "fit", "it should train two epochs, in training mode")
    hand.train(x.numpy(), y.numpy(), recipe, 2)
    for now, then in zip(numbers(model), hand.parameters, strict=True):
        compare("training", "what two epochs of the Trainer did to a network", now, then, 1e-3)
    print("  two epochs of the Trainer: agree with NumPy")
    model.calls.clear()
    with checking("training", "evaluate"):
        measured = runner.evaluate(batches)
    if model.calls != {(False, False)} or not model.training:
        fault("training", "evaluate", "it needs eval mode and no graph, and then switches back")
    scores, loss, _ = Perceptron(model).forward(x.numpy(), y.numpy())
    agree("training", "the loss that it measures", measured["loss"], loss)
    right = (scores.argmax(1) == y.numpy()).mean()
    agree("training", "the accuracy that it measures", measured["accuracy"], right)


def check_interruption(make, recipe, x, y):
    """A run that stops after an epoch, and goes on in a new Trainer, ends with the same bits."""

    def run(checkpoint, epochs):
        model, batches = make(0), recipe.loader(x, y, shuffle=True)
        runner = recipe.trainer(model, 3 * len(batches))
        runner.fit(batches, epochs, log=None, checkpoint=checkpoint)
        return numbers(model)

    with checking("training", "a run that was interrupted"), TemporaryDirectory() as folder:
        whole = run(Path(folder) / "whole.npz", 3)
        run(Path(folder) / "stopped.npz", 1)
        resumed = run(Path(folder) / "stopped.npz", 3)
    for one, other in zip(resumed, whole, strict=True):
        compare("training", "a run that was interrupted", one, other, 0)
    print("  a run that was interrupted: ends with the same bits")
