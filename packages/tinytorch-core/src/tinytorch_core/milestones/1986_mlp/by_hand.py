"""The whole training in NumPy, without any of your modules: the chain rule and AdamW on paper."""

from math import cos, pi

import numpy as np
from network import LEARNING_RATE, MAX_NORM, WEIGHT_DECAY


def forward(parameters, x, y):
    """Scores (N, 10) of images (N, 8, 8), their cross-entropy, and what backward needs."""
    w1, b1, w2, b2 = parameters
    x = x.reshape(len(x), -1).astype(np.float64)
    h = np.maximum(x @ w1.T + b1, 0)
    scores = h @ w2.T + b2
    p = np.exp(scores - scores.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    loss = -np.log(p[np.arange(len(y)), y]).mean()
    return scores, loss, (x, h, p)


def backward(parameters, y, kept):
    """The gradients of the loss by all four parameters."""
    _, _, w2, _ = parameters
    x, h, p = kept
    ds = (p - np.eye(10)[y]) / len(y)
    dz = ds @ w2 * (h > 0)
    return [dz.T @ x, dz.sum(0), ds.T @ h, ds.sum(0)]


def gradients(parameters, x, y):
    _, _, kept = forward(parameters, x, y)
    return backward(parameters, y, kept)


class AdamW:
    """Two averages for each parameter, and the decay apart from them."""

    def __init__(self, parameters):
        self.m = [np.zeros_like(w) for w in parameters]
        self.v = [np.zeros_like(w) for w in parameters]
        self.steps = 0

    def step(self, parameters, gradients, lr=LEARNING_RATE):
        """The parameters after this step."""
        self.steps += 1
        self.m = [0.9 * m + 0.1 * g for m, g in zip(self.m, gradients, strict=True)]
        self.v = [0.999 * v + 0.001 * g * g for v, g in zip(self.v, gradients, strict=True)]
        c1, c2 = 1 - 0.9**self.steps, 1 - 0.999**self.steps
        return [
            w - lr * (WEIGHT_DECAY * w + m / c1 / (np.sqrt(v / c2) + 1e-8))
            for w, m, v in zip(parameters, self.m, self.v, strict=True)
        ]


def clipped(gradients, max_norm=MAX_NORM):
    """(the length of all of them as one vector, the gradients, no longer than max_norm)."""
    norm = np.sqrt(sum(np.sum(g * g) for g in gradients))
    return norm, [g * min(1, max_norm / norm) for g in gradients]


def rate(step, steps):
    """The learning rate of a step, from 0 on: half a wave, down to 0."""
    return LEARNING_RATE * (1 + cos(pi * step / steps)) / 2


def train(parameters, x, y, batch, epochs):
    """The parameters after so many epochs, in the order of the images."""
    optimizer, step = AdamW(parameters), 0
    steps = epochs * -(-len(x) // batch)
    for _ in range(epochs):
        for start in range(0, len(x), batch):
            some = slice(start, start + batch)
            _, slopes = clipped(gradients(parameters, x[some], y[some]))
            parameters = optimizer.step(parameters, slopes, rate(step, steps))
            step += 1
    return parameters
