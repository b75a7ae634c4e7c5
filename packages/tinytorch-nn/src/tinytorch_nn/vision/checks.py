"""Module 09, next to the same computations in NumPy, and what moves along with the image."""

import numpy as np
import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch import nn
from tinytorch_core.evidence import agree, checking, compare, compare_gradients, fault, numbers

from tinytorch_nn.vision import by_hand
from tinytorch_nn.vision.networks import RECIPE, convolutional

RNG = np.random.default_rng(1998)
KERNELS = {  # the weight's shape for images with 4 channels, and options
    "conv2d": ((5, 4, 3, 3), {}),
    "conv2d with padding": ((2, 4, 3, 3), {"padding": 1}),
    "conv2d with strides": ((3, 4, 2, 2), {"stride": 2, "padding": 1}),
    "conv2d with dilation": ((3, 4, 3, 3), {"dilation": 2, "padding": 2}),
    "conv2d in two groups": ((6, 2, 3, 3), {"groups": 2}),
}
POOLS = [{"kernel_size": 2, "stride": 2}, {"kernel_size": 3, "stride": 2, "padding": 1}]


def random(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def tensors(*arrays, requires_grad=False):
    return [torch.tensor(array, requires_grad=requires_grad) for array in arrays]


def check_convolutions(x, y):
    """x (N, 1, 8, 8) and y (N,): some images and their labels."""
    for what, (shape, options) in KERNELS.items():
        check_conv2d(what, shape, options)
    for name in ("max_pool2d", "avg_pool2d"):
        for options in POOLS:
            check_pool(name, options)
    check_layers()
    check_batch_norm()
    check_use()
    check_moved(x)
    check_network(x, y)


def check_conv2d(what, shape, options):
    x, w, b = arrays = random(3, 4, 7, 7), random(*shape), random(shape[0])
    output, backward = by_hand.conv2d(*arrays, **options)
    with checking("convolutions", what):
        result = F.conv2d(*tensors(*arrays), **options).numpy()
        without = F.conv2d(*tensors(x, w), **options).numpy()
    compare("convolutions", what, result, output, 1e-4)
    compare("convolutions", f"{what}, without a bias,", without, output - b[:, None, None], 1e-4)
    g = random(*output.shape)
    expected = dict(zip(("input", "weight"), backward(g), strict=True))
    expected["bias"] = g.sum(by_hand.PIXELS)
    compare_slopes(what, lambda *inputs: F.conv2d(*inputs, **options), arrays, g, expected)


def compare_slopes(what, call, arrays, g, expected):
    """The gradients of what is called with the arrays, each by the name of its argument."""
    with checking("convolutions", f"backward through {what}"):
        inputs = tensors(*arrays, requires_grad=True)
        call(*inputs).backward(torch.tensor(g))
    for tensor, (name, gradient) in zip(inputs, expected.items(), strict=True):
        if tensor.grad is None:
            fault("convolutions", f"backward through {what}", f"{name} has no gradient")
        place = f"the gradient of {name} in {what}"
        compare("convolutions", place, tensor.grad.numpy(), gradient, 1e-4)
    print(f"  {what}, and its gradients: agree with NumPy")


def check_pool(name, options):
    """Of whole numbers below zero: there are many ties, and a margin of zeros would win."""
    x = RNG.integers(-4, 0, (3, 2, 7, 7)).astype(np.float32)
    what = f"{name} of {options['kernel_size']}×{options['kernel_size']}"
    pool = getattr(F, name)
    output, backward = getattr(by_hand, name)(x, **options)
    with checking("convolutions", what):
        result = pool(*tensors(x), **options).numpy()
    compare("convolutions", what, result, output)
    g = random(*output.shape)
    compare_slopes(what, lambda x: pool(x, **options), [x], g, {"input": backward(g)})


def check_layers():
    """The layers do what the functions do, with parameters of their own."""
    x = random(2, 3, 9, 9)
    with checking("convolutions", "Conv2d"):
        conv = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        result, (w, b) = conv(*tensors(x)).detach().numpy(), numbers(conv)
    if len(np.unique(w.reshape(4, -1), axis=0)) < 4:
        fault("convolutions", "the start", "some kernels are equal, and stay so while they learn")
    expected, _ = by_hand.conv2d(x, w, b, stride=2, padding=1)
    compare("convolutions", "Conv2d", result, expected, 1e-4)
    for name, layer in (("max_pool2d", nn.MaxPool2d(2)), ("avg_pool2d", nn.AvgPool2d(2))):
        with checking("convolutions", type(layer).__name__):
            result = layer(*tensors(x)).numpy()
        expected, _ = getattr(by_hand, name)(x, 2, stride=2)
        compare("convolutions", type(layer).__name__, result, expected)
    print("  Conv2d, MaxPool2d, AvgPool2d: agree with NumPy")


def check_batch_norm():
    """In training each batch is normalized by its own moments, in use by the running ones."""
    x, weight, bias = random(6, 3, 4, 4) * [[[1]], [[0.01]], [[20]]] + 3, random(3), random(3)
    arrays, running = [x.astype(np.float32), weight, bias], [random(3), random(3) ** 2 + 0.1]
    g = random(*x.shape)
    for what, training, constants in (
        ("batch_norm in training", True, None),
        ("batch_norm in use", False, running),
    ):
        output, backward = by_hand.batch_norm(*[a.astype(np.float64) for a in arrays], constants)

        def call(x, weight, bias, training=training):
            return F.batch_norm(x, *tensors(*running), weight, bias, training)

        with checking("convolutions", what):
            result = call(*tensors(*arrays)).numpy()
        compare("convolutions", what, result, output, 1e-3)
        expected = dict(zip(("input", "weight", "bias"), backward(g), strict=True))
        compare_slopes(what, call, arrays, g, expected)


def check_use():
    """What a layer remembers of three batches, and does with it."""
    with checking("convolutions", "BatchNorm2d"):
        layer = nn.BatchNorm2d(3)
    mean, var = np.zeros(3), np.ones(3)
    for _ in range(3):
        x = random(5, 3, 4, 4) * 2 + 1
        with checking("convolutions", "BatchNorm2d"):
            layer(*tensors(x))
        new_mean, new_var = by_hand.moments(x.astype(np.float64))
        mean = 0.9 * mean + 0.1 * new_mean
        var = 0.9 * var + 0.1 * new_var * 80 / 79  # the estimate for all images: n - 1
    agree("convolutions", "BatchNorm2d's running mean", layer.running_mean.numpy(), mean)
    agree("convolutions", "BatchNorm2d's running variance", layer.running_var.numpy(), var)
    with checking("convolutions", "BatchNorm2d in use"):
        layer.eval()
        result, alone = (layer(*tensors(a)).detach().numpy() for a in (x, x[:1]))
    expected, _ = by_hand.batch_norm(x, np.ones(3), np.zeros(3), (mean, var))
    compare("convolutions", "BatchNorm2d in use", result, expected, 1e-4)
    compare("convolutions", "BatchNorm2d in use, with one image alone,", alone, result[:1])
    compare("convolutions", "BatchNorm2d's memory, in use", layer.running_mean.numpy(), mean)
    print("  BatchNorm2d in use: an image's output does not depend on the others")


def check_moved(x):
    """Move an image, and what a convolution says moves along. After pooling 2×2, half as far."""
    far = np.zeros((len(x), 1, 20, 20), np.float32)
    here, there = far.copy(), far.copy()
    here[..., 4:12, 4:12], there[..., 6:14, 8:16] = x.numpy(), x.numpy()  # 2 down, 4 to the right
    with checking("convolutions", "a convolution of a moved image"):
        conv = nn.Conv2d(1, 16, 3, padding=1)
        one, other = (conv(*tensors(images)) for images in (here, there))
        half, other_half = (F.max_pool2d(images, 2).detach().numpy() for images in (one, other))
        one, other = one.detach().numpy(), other.detach().numpy()
    what = "moving an image, and the output along with it,"
    compare("convolutions", what, other[..., 2:, 4:], one[..., :-2, :-4])
    compare("convolutions", f"{what} after pooling", other_half[..., 1:, 2:], half[..., :-1, :-2])
    print("  an image that is moved: the output moves along, and after pooling half as far")


def check_network(x, y):
    """The network that will learn: after a few steps, in both modes, and its whole gradient."""
    with checking("convolutions", "the network"):
        model = convolutional(0)
        optimizer = RECIPE.adamw(model)
        for images, labels in RECIPE.loader(x, y):
            optimizer.zero_grad()
            F.cross_entropy(model(images), labels).backward()
            optimizer.step()
    for training, mode in ((True, "in training"), (False, "in use")):
        model.train(training)
        hand = by_hand.Network(model)
        scores, _, _ = hand.forward(x.numpy(), y.numpy(), training)
        with checking("convolutions", f"the network {mode}"):
            optimizer.zero_grad()
            result = model(x)
            F.cross_entropy(result, y).backward()
        what, slopes = f"the network {mode}", hand.gradients(x.numpy(), y.numpy(), training)
        compare("convolutions", what, result.detach().numpy(), scores, 1e-3)
        compare_gradients(f"the gradient of {what}", model, slopes, "convolutions", 1e-4)
        print(f"  {what}, and its whole gradient: agree with NumPy")
