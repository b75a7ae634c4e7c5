"""What module 09 computes, and its gradients, in NumPy: images stay (N, C, H, W), all is copied."""

import numpy as np
from tinytorch_core.by_hand import cross_entropy
from tinytorch_core.evidence import numbers

PIXELS = (0, 2, 3)  # all dimensions but the channels


class Slide:
    """A window that slides over images of a shape (N, C, H, W)."""

    def __init__(self, shape, kernel, stride=1, padding=0, dilation=1):
        self.padding, height, width = padding, shape[2] + 2 * padding, shape[3] + 2 * padding
        self.frame = (*shape[:2], height, width)
        last = dilation * (kernel - 1)
        self.places = [
            (..., slice(i, height - last + i, stride), slice(j, width - last + j, stride))
            for i in range(0, last + 1, dilation)
            for j in range(0, last + 1, dilation)
        ]

    def columns(self, x, outside=0.0):
        """The pixels of each window, side by side: (N, C, OH, OW, kernel · kernel)."""
        frame = np.full(self.frame, outside)
        self.inside(frame)[...] = x
        return np.stack([frame[place] for place in self.places], -1)

    def put_back(self, columns):
        """The other way round. Where windows overlap, pixels get the sum."""
        frame = np.zeros(self.frame)
        for number, place in enumerate(self.places):
            frame[place] += columns[..., number]
        return self.inside(frame)

    def inside(self, frame):
        p, (*_, height, width) = self.padding, self.frame
        return frame[..., p : height - p, p : width - p]


def conv2d(x, weight, bias=0.0, groups=1, **options):
    """(output, a function from its gradient g to those of x and weight)."""
    slide = Slide(x.shape, weight.shape[2], **options)
    columns = np.split(slide.columns(x), groups, 1)
    kernels = np.split(weight.reshape(*weight.shape[:2], -1), groups)
    parts = [np.einsum("ncyxk,ock->noyx", *pair) for pair in zip(columns, kernels, strict=True)]

    def backward(g):
        g = np.split(g, groups, 1)
        dx = [np.einsum("noyx,ock->ncyxk", *pair) for pair in zip(g, kernels, strict=True)]
        dw = [np.einsum("noyx,ncyxk->ock", *pair) for pair in zip(g, columns, strict=True)]
        return slide.put_back(np.concatenate(dx, 1)), np.concatenate(dw).reshape(weight.shape)

    return np.concatenate(parts, 1) + np.reshape(bias, (-1, 1, 1)), backward


def max_pool2d(x, kernel_size, **options):
    """(output, a function from g to the gradient of x). On a tie, the first one gets it."""
    slide = Slide(x.shape, kernel_size, **options)
    columns = slide.columns(x, -np.inf)
    winner = columns.argmax(-1)[..., None] == np.arange(kernel_size**2)
    return columns.max(-1), lambda g: slide.put_back(winner * g[..., None])


def avg_pool2d(x, kernel_size, **options):
    slide, count = Slide(x.shape, kernel_size, **options), kernel_size**2
    share = np.full(count, 1 / count)
    return slide.columns(x).mean(-1), lambda g: slide.put_back(share * g[..., None])


def moments(x):
    """Mean and variance of each channel."""
    return x.mean(PIXELS), x.var(PIXELS)


def batch_norm(x, weight, bias, constants=None, eps=1e-5):
    """By the channels' own moments, or by constants. (output, a function from g to the gradients of
    x, weight and bias)."""
    mean, var = (a[:, None, None] for a in constants or moments(x))
    scale = 1 / np.sqrt(var + eps)
    normal = (x - mean) * scale

    def backward(g):
        dweight, dbias = (g * normal).sum(PIXELS), g.sum(PIXELS)
        if constants is None:
            shift, stretch = (a[:, None, None] / normal[:, 0].size for a in (dbias, dweight))
            g = g - shift - normal * stretch
        return g * scale * weight[:, None, None], dweight, dbias

    return normal * weight[:, None, None] + bias[:, None, None], backward


class Network:
    """A copy of the convolutional network."""

    def __init__(self, model):
        self.parameters = numbers(model)
        arrays = [buffer.numpy().astype(np.float64) for buffer in model.buffers()]
        self.running = [arrays[0:2], arrays[3:5]]  # mean and variance; then comes a counter

    def forward(self, x, y, training=True):
        """Scores of images (N, 1, 8, 8), their loss, and what backward needs."""
        kept = []
        for stage in range(2):
            kernels, weight, bias = self.parameters[3 * stage : 3 * stage + 3]
            x, through_conv = conv2d(x, kernels, padding=1)
            constants = None if training else self.running[stage]
            x, through_norm = batch_norm(x, weight, bias, constants)
            positive = x > 0
            x, through_pool = max_pool2d(x * positive, 2, stride=2)
            kept.append((through_conv, through_norm, positive, through_pool))
        flat = x.reshape(len(x), -1)
        scores = flat @ self.parameters[-2].T + self.parameters[-1]
        loss, g = cross_entropy(scores, y)
        return scores, loss, (kept, x.shape, flat, g)

    def gradients(self, x, y, training=True):
        """The gradients of the loss by all parameters."""
        _, _, (kept, shape, flat, g) = self.forward(x, y, training)
        found = [g.T @ flat, g.sum(0)]
        g = (g @ self.parameters[-2]).reshape(shape)
        for through_conv, through_norm, positive, through_pool in reversed(kept):
            g, *norm = through_norm(through_pool(g) * positive)
            g, kernels = through_conv(g)
            found = [kernels, *norm, *found]
        return found
