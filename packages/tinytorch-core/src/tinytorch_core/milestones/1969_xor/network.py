"""What is trained, on what, and how."""

import numpy as np
import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch import nn, optim

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
XOR = np.array([[0], [1], [1], [0]], np.float32)
LEARNING_RATE, MOMENTUM = 0.5, 0.9


def one_layer(seed=0):
    torch.manual_seed(seed)
    return nn.Linear(2, 1)


def hidden_layer(seed=0, units=8):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(2, units), nn.Tanh(), nn.Linear(units, 1))


def loss_of(model, x, t):
    return F.binary_cross_entropy_with_logits(model(x), t)


def sgd(model):
    return optim.SGD(model.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)
