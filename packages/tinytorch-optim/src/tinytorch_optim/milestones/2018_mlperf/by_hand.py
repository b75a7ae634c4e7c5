"""What the learner's smaller and faster models compute, in NumPy, without any of their modules."""

import numpy as np


def grid(low, high, symmetric=False, least=-128, most=127):
    """(scale, zero point) of the codes from least to most, for numbers from low to high, and 0."""
    low, high = min(float(low), 0.0), max(float(high), 0.0)
    if symmetric:
        return max(-low, high) / ((most - least) / 2), 0
    scale = (high - low) / (most - least)
    return scale, int(least - np.rint(low / scale))


def coded(x, scale, zero, least=-128, most=127):
    """The codes of x. In 32 bits, as module 15 has it: where x lies between two codes, it counts."""
    inverse = 1 / np.float32(scale)
    return np.clip(np.rint(x.astype(np.float32) * inverse + np.float32(zero)), least, most)


def meant(codes, scale, zero=0):
    return (codes.astype(np.float64) - zero) * scale


def int8_layer(x, layer, scale=None, zero=None):
    """What a QuantizedLinear makes of x (N, in): inputs and weights are put on their grids, and all
    else happens in 64 bits. Without a scale, the inputs choose their grid themselves."""
    if scale is None:
        scale, zero = grid(x.min(), x.max())
    x = meant(coded(x, scale, zero), scale, zero)
    weight = meant(layer.weight.numpy(), layer.scale.numpy().astype(np.float64)[:, None])
    return x @ weight.T + layer.bias.numpy()


def perceptron(model, images):
    """The scores of a network with one hidden layer."""
    w1, b1, w2, b2 = (p.detach().numpy().astype(np.float64) for p in model.parameters())
    return np.maximum(images.reshape(len(images), -1) @ w1.T + b1, 0) @ w2.T + b2


def softmax(scores):
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)
