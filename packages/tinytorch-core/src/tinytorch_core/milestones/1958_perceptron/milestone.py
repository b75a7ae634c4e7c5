"""1958: one neuron tells threes from eights, by Rosenblatt's rule, on your own modules."""

import sys
from pathlib import Path

import numpy as np
import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch import nn
from tinytorch_core.digits import load_digits, split
from tinytorch_core.evidence import agree, checking
from tinytorch_core.pictures import heatmap

NO, YES = 3, 8
MOST_EPOCHS = 100
LEARNING_RATE = 0.1


def main():
    images, labels = load_digits()
    two = (labels == NO) | (labels == YES)
    x, y, x_test, y_test = split(images[two].reshape(-1, 64), (labels[two] == YES).astype(np.float32))
    print(f"{len(x)} images of {NO} and {YES} to learn from, {len(x_test)} kept back for the end.\n")

    torch.manual_seed(1958)
    with checking("layers", "nn.Linear(64, 1)"):
        neuron = nn.Linear(64, 1)
    check_modules(neuron, x, y)
    learn(neuron, x, y)
    show(neuron, x_test, y_test)


def check_modules(neuron, x, y):
    """The four modules against the same formulas written out in NumPy."""
    print("Your modules:")
    weight, bias = neuron.weight.detach().numpy(), neuron.bias.detach().numpy()
    with checking("tensor", "matrix product and sum"):
        product = (torch.tensor(x) @ neuron.weight.detach().T + neuron.bias.detach()).numpy()
    agree("tensor", "matrix product and sum", product, x @ weight.T + bias)
    with checking("layers", "Linear's forward pass"):
        score = neuron(torch.tensor(x)).detach()
    agree("layers", "Linear's forward pass", score.numpy(), x @ weight.T + bias)
    with checking("activations", "sigmoid"):
        chance = F.sigmoid(score)
    expected = 1 / (1 + np.exp(-score.numpy()))
    agree("activations", "sigmoid", chance.numpy(), expected)
    with checking("losses", "binary cross-entropy"):
        loss = F.binary_cross_entropy(chance.reshape(-1), torch.tensor(y)).item()
    p = expected.reshape(-1)
    by_hand = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    agree("losses", "binary cross-entropy", loss, by_hand)


def learn(neuron, x, y):
    """Rosenblatt's rule, image by image, until a whole pass goes without a mistake."""
    print("\nepoch  mistakes  loss")
    for epoch in range(1, MOST_EPOCHS + 1):
        mistakes = 0
        for image, target in zip(x, y, strict=True):
            image = torch.tensor(image)
            answer = float(neuron(image).item() > 0)
            if answer != target:
                mistakes += 1
                step = LEARNING_RATE * (float(target) - answer)
                neuron.weight.data += step * image
                neuron.bias.data += step
        print(f"{epoch:>5}  {mistakes:>8}  {loss_of(neuron, x, y):.4f}")
        if not mistakes:
            print("\nNo mistake in a whole pass: these two digits are linearly separable.")
            return
    sys.exit(f"\nafter {MOST_EPOCHS} passes it still makes mistakes: is `weight.data += …` in place?")


def loss_of(neuron, x, y):
    chance = F.sigmoid(neuron(torch.tensor(x)).detach()).reshape(-1)
    return F.binary_cross_entropy(chance, torch.tensor(y)).item()


def show(neuron, x_test, y_test):
    """What it says of images that it has never seen, and its weights as a picture."""
    right = (neuron(torch.tensor(x_test)).detach().numpy().reshape(-1) > 0) == (y_test > 0)
    print(f"On the {len(right)} images kept back it is right {right.sum()} times ({right.mean():.1%}).")
    title = f"red: ink speaks for {YES}, blue: for {NO}"
    picture = heatmap(neuron.weight.detach().numpy().reshape(8, 8), title)
    Path("weights.svg").write_text(picture, encoding="utf-8")


main()
