"""The two networks that compete, and how both are trained."""

import tinytorch.core as torch
from tinytorch import nn
from tinytorch_core.recipe import Recipe, perceptron

HIDDEN = 82  # the fewest units with which it learns no fewer numbers than the convolutions
RECIPE = Recipe(batch=32, epochs=20, learning_rate=0.01, weight_decay=0.5, max_norm=0.5)


def convolutional(seed):
    """Twice: convolve, normalize, take the largest of each 2×2. Then ten scores."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 2 * 2, 10),
    )


def hidden_layer(seed):
    """The network of 1986."""
    return perceptron(seed, HIDDEN)
