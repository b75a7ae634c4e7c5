"""Every entry answers the same questions, from several starts, and may not lose more than is allowed."""

import sys

import numpy as np
import tinytorch.core as torch
from audit import audit, stored
from entries import entries
from tinytorch.profiling import bootstrap
from tinytorch_core.progress import steps
from tinytorch_core.recipe import ask

# What each may lose, in shares of right answers, against the model that it was made of.
LIMITS = {
    "int8": ("as trained", 0.01),
    "pruned": ("as trained", 0.02),
    "narrow": ("as trained", 0.02),
    "narrow, int8": ("narrow", 0.01),
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
    """The mean of what a model loses, with the ends of an interval. Both answered the same images, so
    each image is a pair; images, with all starts, are what is drawn anew."""
    pairs = (right[against].astype(float) - right[name]).mean(0)
    return pairs.mean(), *bootstrap(pairs, np.mean)


def judge(models, right):
    """Print what each keeps and what it costs. End if one has lost more than is allowed."""
    torch.manual_seed(0)
    print(f"\n{'':14}{'right':>8}   {'points lost, of 100 (95 %)':<29}{'numbers':>8}{'bytes':>8}")
    over = []
    for name, model in models.items():
        words = ""
        if name in LIMITS:
            against, limit = LIMITS[name]
            mean, low, high = lost(right, name, against)
            words = f"{100 * mean:+.2f} ({100 * low:+.2f} to {100 * high:+.2f})"
            words += "" if against == "as trained" else f" of {against}"
            if high > limit:
                over.append(f"{name} may lose {100 * limit:g}, and perhaps lost {100 * high:.2f}")
        size, numbers = stored(model), sum(np.count_nonzero(t) for t in learned(model))
        print(f"{name:14}{right[name].mean():8.2%}   {words:<29}{numbers:8,}{size:8,}")
    if over:
        sys.exit(
            "\n" + "\n".join(over) + "\nAll parts agreed with NumPy: `tito module test` tells more"
        )


def learned(model):
    """The arrays of what a model has learned: weights and biases, of whatever kind."""
    names = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    return [array for name, array in names.items() if name.endswith(("weight", "bias"))]
