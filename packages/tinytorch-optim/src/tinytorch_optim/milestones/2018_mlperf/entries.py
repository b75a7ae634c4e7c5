"""Who competes: a trained model, and what modules 15 and 16 make of it."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace

import tinytorch.core as torch
from tinytorch import nn
from tinytorch.optim.compression import GradualPruning, masked, prune_units, remove, shrink
from tinytorch.optim.quantization import convert, prepare
from tinytorch_core.recipe import HIDDEN, RECIPE, Recipe, ask, digits, perceptron
from tinytorch_nn.vision import networks

GONE, SILENT = 0.75, 0.5  # the share of weights that is pruned, and that of units
EPOCHS, LEARNING_RATE = 10, 0.005  # to get used to it
WEIGHTS = nn.Linear, nn.Conv2d


@dataclass(frozen=True)
class Task:
    """A model of an earlier milestone: `make(seed)` is a new one, and the recipe trains it."""

    name: str
    make: Callable
    recipe: Recipe
    starts: int
    channels: bool

    def data(self):
        """x, y to learn from, x_test, y_test."""
        x, y, x_test, y_test = digits()
        return (x[:, None], y, x_test[:, None], y_test) if self.channels else (x, y, x_test, y_test)


TASKS = [
    Task("hidden layer", lambda seed: perceptron(seed, HIDDEN), RECIPE, 8, channels=False),
    Task("convolutions", networks.convolutional, networks.RECIPE, 4, channels=True),
]


def entries(task, seed):
    """{name: model}, each of them made of the same trained one."""
    x, y, *test = task.data()
    model = task.make(seed)
    task.recipe.learn(model, x, y, *test)
    torch.manual_seed(seed)
    narrow = narrowed(model, task.recipe, x, y)
    return {
        "whole": model.eval(),
        "int8": in_int8(model, x),
        "pruned": pruned(model, task.recipe, x, y),
        "narrow": narrow,
        "narrow, int8": in_int8(narrow, x),
    }


def in_int8(model, x):
    """Its dense layers multiply codes. What they saw of x tells which numbers their inputs are."""
    observed = prepare(model.eval())
    ask(observed, x)
    return convert(observed)


def weights(model):
    """[(layer, "weight")] of all layers that multiply."""
    return [(layer, "weight") for layer in model if isinstance(layer, WEIGHTS)]


def pruned(model, recipe, x, y):
    """The smallest weights of all layers go one by one, while the others learn to do without them."""
    model = deepcopy(model).train()
    pairs, steps = weights(model), EPOCHS * len(recipe.loader(x, y))
    learn_on(model, recipe, x, y, GradualPruning(pairs, GONE, steps * 6 // 10))
    return unmasked(model)


def narrowed(model, recipe, x, y):
    """Half of all units leave, with their rows and columns; the smaller model learns on."""
    model = deepcopy(model)
    prune_units(model, SILENT)
    small = shrink(model).train()
    learn_on(small, recipe, x, y)
    return unmasked(small)


def unmasked(model):
    """Masks have done their work. Zeros stay zeros."""
    for layer, name, *_ in [*masked(model)]:
        remove(layer, name)
    return model.eval()


def learn_on(model, recipe, x, y, *schedulers):
    recipe = replace(recipe, epochs=EPOCHS, learning_rate=LEARNING_RATE)
    batches = recipe.loader(x, y, shuffle=True)
    runner = recipe.trainer(model, EPOCHS * len(batches))
    runner.schedulers = [*runner.schedulers, *schedulers]
    runner.fit(batches, EPOCHS, log=None)
