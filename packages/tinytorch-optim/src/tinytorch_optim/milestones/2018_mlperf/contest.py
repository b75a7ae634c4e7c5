"""Every entry answers the same questions, from several starts, and may not lose more than is allowed."""

import sys

import numpy as np
import tinytorch.core as torch
from audit import audit, stored
from entries import entries
from tinytorch.profiling import bootstrap
from tinytorch_core.progress import steps
from tinytorch_core.recipe import ask

# What each may lose against the model that it was made of: right answers, of 100.
LIMITS = {
    "int8": ("whole", 1.0),
    "pruned": ("whole", 2.0),
    "narrow": ("whole", 2.0),
    "narrow, int8": ("narrow", 1.0),
}


def compete(task):
    """The models of start 0, as {name: model}; and what was right, {name: truths (starts, images)}."""
    print(f"\n{task.name.capitalize()}, {task.starts} starts:")
    x, _, x_test, y_test = task.data()
    models, right = {}, {}
    for start in steps(task.starts, "starts"):
        made = entries(task, start)
        audit(made, x, x_test)
        models = models or made
        for name, model in made.items():
            right.setdefault(name, []).append(ask(model, x_test) == y_test.numpy())
    return models, {name: np.array(truths) for name, truths in right.items()}


def lost(right, name, against):
    """The mean of what a model loses, of 100, and the ends of an interval. Both answered the same
    images: each image, with all starts, is a pair; and images are what is drawn anew."""
    pairs = 100 * (right[against].astype(float) - right[name]).mean(0)
    return pairs.mean(), *bootstrap(pairs, np.mean)


def judge(models, right):
    """Print what each keeps and what it costs. End if one may have lost more than is allowed."""
    torch.manual_seed(0)
    print(f"\n{'':14}{'right':>7}{'lost, of 100 (95 %)':>26}{'allowed':>9}{'not 0':>8}{'bytes':>8}")
    over = []
    for name, model in models.items():
        words = allowed = ""
        if name in LIMITS:
            against, limit = LIMITS[name]
            mean, low, high = lost(right, name, against)
            words, allowed = f"{mean:+.2f} ({low:+.2f} to {high:+.2f})", f"{limit:.0f}"
            if high > limit:
                over.append(
                    f"{name} may lose {limit:.0f} points of {against}, and lost up to {high:.2f}"
                )
        numbers = sum(np.count_nonzero(array) for array in learned(model))
        print(
            f"{name:14}{right[name].mean():7.2%}{words:>26}{allowed:>9}{numbers:8,}{stored(model):8,}"
        )
    if over:
        sys.exit(
            "\n" + "\n".join(over) + "\nAll parts agreed with NumPy: `tito module test` tells more"
        )


def learned(model):
    """The arrays of what a model has learned: weights and biases, of whatever kind."""
    state = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    return [array for name, array in state.items() if name.endswith(("weight", "bias"))]
