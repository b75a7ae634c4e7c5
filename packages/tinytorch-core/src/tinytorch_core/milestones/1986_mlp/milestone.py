"""1986: a hidden layer learns to read all ten digits by back-propagation, on your own modules."""

import sys
from pathlib import Path
from time import monotonic

import numpy as np
import tinytorch.core as torch
from checks import check_modules
from network import EPOCHS, digits, loader, perceptron, trainer
from tinytorch_core.evidence import compare
from tinytorch_core.pictures import confusion, curves, gallery

STARTS = range(5)
MEAN, EACH = 0.97, 0.96


def main():
    check_modules()
    x, y, x_test, y_test = digits()
    print(
        f"\n{len(x)} images to learn from, {len(x_test)} to be tested on. Start 0, epoch by epoch:\n"
    )
    networks = [learn(start, x, y, x_test, y_test) for start in STARTS]
    answers = np.array([network["answers"] for network in networks])
    judge((answers == y_test.numpy()).mean(1))
    show(networks[0], answers, x_test.numpy(), y_test.numpy())


def learn(start, x, y, x_test, y_test):
    """Train a network, and ask it about the images that it never learned from."""
    model, batches, began = perceptron(start), loader(x, y, shuffle=True), monotonic()
    runner = trainer(model, EPOCHS * len(batches))
    log = print if start == 0 else None
    history = runner.fit(batches, EPOCHS, validation=loader(x_test, y_test), log=log)
    with torch.no_grad():
        answers = model(x_test).numpy().argmax(1)
    share = (answers == y_test.numpy()).mean()
    compare("training", "the accuracy in the history", history[-1]["val_accuracy"], share)
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
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (np.broadcast_to(labels, answers.shape), answers), 1)
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
        "confusion": confusion(counts, f"the test images, {len(answers)} starts together"),
        "hidden-units": gallery(weights[strongest], "hidden units: red wants ink, blue does not"),
    }
    if len(wrong):
        pictures["mistakes"] = gallery(images[wrong], "every mistake of start 0", captions)
    for name, picture in pictures.items():
        Path(f"{name}.svg").write_text(picture, encoding="utf-8")
    print(f"\nLook at {', '.join(f'{name}.svg' for name in pictures)}.")


main()
