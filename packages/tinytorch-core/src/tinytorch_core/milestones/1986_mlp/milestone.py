"""1986: a hidden layer learns to read all ten digits by back-propagation, on your own modules."""

import sys
from time import monotonic

import numpy as np
from tinytorch_core.checks import check_modules
from tinytorch_core.pictures import confusion, counted, curves, gallery, save
from tinytorch_core.recipe import HIDDEN, RECIPE, digits, perceptron

STARTS = range(5)
MEAN, EACH = 0.97, 0.96


def main():
    check_modules(network, RECIPE)
    x, y, x_test, y_test = digits()
    print(
        f"\n{len(x)} images to learn from, {len(x_test)} to be tested on. Start 0, epoch by epoch:\n"
    )
    networks = [learn(start, x, y, x_test, y_test) for start in STARTS]
    answers = np.array([network["answers"] for network in networks])
    judge((answers == y_test.numpy()).mean(1))
    show(networks[0], answers, x_test.numpy(), y_test.numpy())


def network(seed):
    return perceptron(seed, HIDDEN)


def learn(start, *data):
    """A network from this start, its history, and what it answers."""
    model, began = network(start), monotonic()
    history, answers = RECIPE.learn(model, *data, log=print if start == 0 else None)
    share = (answers == data[-1].numpy()).mean()
    print(f"start {start}: {share:.1%} of the test images right, {monotonic() - began:.1f} s")
    return {"model": model, "history": history, "answers": answers}


def judge(shares):
    """End unless they are good on average, and each of them is."""
    print(f"\nOn images that they never learned from: {shares.mean():.1%} right on average,")
    print(f"{shares.min():.1%} at worst, from {len(shares)} starts.")
    if shares.mean() < MEAN or shares.min() < EACH:
        sys.exit(
            f"\n{MEAN:.0%} on average and {EACH:.0%} from every start are within reach, and all parts"
            "\nagreed with NumPy: `tito module test` tells more about each of them"
        )


def show(network, answers, images, labels):
    """How the loss fell, what is taken for what, the mistakes, and what hidden units look for."""
    history, first = network["history"], network["answers"]
    wrong = np.flatnonzero(first != labels)
    captions = [f"{labels[i]}, says {first[i]}" for i in wrong]
    _, hidden, _, last = network["model"]
    weights = hidden.weight.detach().numpy().reshape(-1, 8, 8)
    strongest = np.argsort(-np.abs(last.weight.detach().numpy()).sum(0))[:16]
    pictures = {
        "loss": curves(
            {
                "training": [row["loss"] for row in history],
                "test": [row["val_loss"] for row in history],
            },
            "the loss of start 0",
            "epoch",
            "cross-entropy",
        ),
        "confusion": confusion(
            counted(labels, answers), f"the test images, {len(answers)} starts together"
        ),
        "hidden-units": gallery(weights[strongest], "hidden units: red wants ink, blue does not"),
    }
    if len(wrong):
        pictures["mistakes"] = gallery(images[wrong], "every mistake of start 0", captions)
    save(pictures)


main()
