"""The whole training in NumPy, without any of your modules: the chain rule and AdamW on paper."""

from math import cos, pi

import numpy as np

from tinytorch_core.evidence import numbers


def cross_entropy(scores, y):
    """The loss of scores (N, classes), and its gradient by them."""
    p = np.exp(scores - scores.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    loss = -np.log(p[np.arange(len(y)), y]).mean()
    return loss, (p - np.eye(scores.shape[1])[y]) / len(y)


class Perceptron:
    """A copy of a network with one hidden layer."""

    def __init__(self, model):
        self.parameters = numbers(model)

    def forward(self, x, y):
        """Scores (N, 10) of images (N, 8, 8), their cross-entropy, and what backward needs."""
        w1, b1, w2, b2 = self.parameters
        x = x.reshape(len(x), -1).astype(np.float64)
        h = np.maximum(x @ w1.T + b1, 0)
        scores = h @ w2.T + b2
        loss, ds = cross_entropy(scores, y)
        return scores, loss, (x, h, ds)

    def gradients(self, x, y):
        """The gradients of the loss by all four parameters."""
        _, _, w2, _ = self.parameters
        _, _, (x, h, ds) = self.forward(x, y)
        dz = ds @ w2 * (h > 0)
        return [dz.T @ x, dz.sum(0), ds.T @ h, ds.sum(0)]

    def train(self, x, y, recipe, epochs):
        """So many epochs, in the order of the images."""
        optimizer, step = AdamW(self.parameters, recipe), 0
        steps = epochs * -(-len(x) // recipe.batch)
        for _ in range(epochs):
            for start in range(0, len(x), recipe.batch):
                some = slice(start, start + recipe.batch)
                _, slopes = clipped(self.gradients(x[some], y[some]), recipe.max_norm)
                lr = recipe.learning_rate * wave(step, steps)
                self.parameters = optimizer.step(self.parameters, slopes, lr)
                step += 1


class AdamW:
    """Two averages for each parameter, and the decay apart from them."""

    def __init__(self, parameters, recipe):
        self.m = [np.zeros_like(w) for w in parameters]
        self.v = [np.zeros_like(w) for w in parameters]
        self.steps, self.decay = 0, recipe.weight_decay

    def step(self, parameters, gradients, lr):
        """The parameters after this step."""
        self.steps += 1
        self.m = [0.9 * m + 0.1 * g for m, g in zip(self.m, gradients, strict=True)]
        self.v = [0.999 * v + 0.001 * g * g for v, g in zip(self.v, gradients, strict=True)]
        c1, c2 = 1 - 0.9**self.steps, 1 - 0.999**self.steps
        return [
            w - lr * (self.decay * w + m / c1 / (np.sqrt(v / c2) + 1e-8))
            for w, m, v in zip(parameters, self.m, self.v, strict=True)
        ]


def clipped(gradients, max_norm):
    """(the length of all of them as one vector, the gradients, no longer than max_norm)."""
    norm = np.sqrt(sum(np.sum(g * g) for g in gradients))
    return norm, [g * min(1, max_norm / norm) for g in gradients]


def wave(step, steps):
    """The share of the learning rate that a step gets, from 0 on: half a wave, down to 0."""
    return (1 + cos(pi * step / steps)) / 2
