"""Your modules, next to the same computations in NumPy, from the tensor up to whole training steps."""

import numpy as np
import tinytorch.core as torch
import tinytorch.nn.functional as F
from network import CORNERS, LEARNING_RATE, MOMENTUM, XOR, hidden_layer, loss_of, sgd
from tinytorch_core.evidence import agree, checking, compare, compare_gradients, fault, numbers


def by_hand(parameters, x, t):
    """Scores, loss and gradients of the network with a hidden layer, by the chain rule on paper."""
    w1, b1, w2, b2 = parameters
    h = np.tanh(x @ w1.T + b1)
    s = h @ w2.T + b2
    loss = np.mean(np.logaddexp(0, s) - t * s)
    ds = (1 / (1 + np.exp(-s)) - t) / len(t)
    dz = ds @ w2 * (1 - h * h)
    return s, loss, [dz.T @ x, dz.sum(0), ds.T @ h, ds.sum(0)]


def check_modules():
    print("Your modules:")
    x, t = torch.tensor(CORNERS), torch.tensor(XOR)
    check_tensor()
    check_forward(x, t)
    check_backward(x, t)
    check_twice(x, t)
    check_no_grad(x)
    check_steps(x, t)


def check_tensor():
    a, b = np.float32([[1, -2], [0.5, 3]]), np.float32([[2, 1], [-1, 4]])
    with checking("tensor", "arithmetic"):
        result = (torch.tensor(a) @ torch.tensor(b) * torch.tensor(a) - torch.tensor(b)[0]) / 2
    agree("tensor", "arithmetic", result.numpy(), (a @ b * a - b[0]) / 2)


def check_forward(x, t):
    """Nothing here requires grad, so that autograd has no part in it yet."""
    z = np.linspace(-3, 3, 7, dtype=np.float32)
    for name, expected in (("tanh", np.tanh(z)), ("sigmoid", 1 / (1 + np.exp(-z)))):
        with checking("activations", name):
            result = getattr(F, name)(torch.tensor(z)).numpy()
        agree("activations", name, result, expected)
    with checking("layers", "the network"):
        model = hidden_layer()
        for parameter in model.parameters():
            parameter.requires_grad_(False)
        result, parameters = model(x).numpy(), numbers(model)
        score, loss, _ = by_hand(parameters, CORNERS, XOR)
    if len(np.unique(parameters[0])) < parameters[0].size:
        fault("layers", "the start", "equal weights, and units that start alike stay alike")
    agree("layers", "the network's scores", result, score)
    with checking("losses", "binary cross-entropy"):
        score = torch.tensor(score.astype(np.float32))
        result = F.binary_cross_entropy_with_logits(score, t).item()
    agree("losses", "binary cross-entropy", result, loss)


def check_backward(x, t):
    """The gradient of the loss, and the sum of four gradients, one for each corner."""
    model = hidden_layer()
    _, _, expected = by_hand(numbers(model), CORNERS, XOR)
    with checking("autograd", "backward"):
        loss_of(model, x, t).backward()
    compare_gradients("the gradient", model, expected)
    print("  the gradient: agrees with NumPy")
    model = hidden_layer()
    with checking("autograd", "backward, corner by corner,"):
        for corner in range(4):
            one = slice(corner, corner + 1)
            (loss_of(model, x[one], t[one]) / 4).backward()
    compare_gradients("the sum of four gradients", model, expected)
    print("  the sum of four gradients, one for each corner: agrees with NumPy")


def check_twice(x, t):
    """A score that is used twice: as if the last layer were doubled."""
    model = hidden_layer()
    w1, b1, w2, b2 = numbers(model)
    _, _, (dw1, db1, dw2, db2) = by_hand((w1, b1, 2 * w2, 2 * b2), CORNERS, XOR)
    with checking("autograd", "backward through a score that is used twice"):
        score = model(x)
        F.binary_cross_entropy_with_logits(score + score, t).backward()
    expected = [dw1, db1, 2 * dw2, 2 * db2]
    compare_gradients("the gradient of a score that is used twice", model, expected)
    print("  the gradient of a score that is used twice: agrees with NumPy")


def check_no_grad(x):
    model = hidden_layer()
    with checking("autograd", "no_grad"):
        with torch.no_grad():
            inside = model(x).requires_grad
        after = model(x).requires_grad
    if inside or not after:
        fault("autograd", "no_grad", "inside nothing should be recorded, and afterwards everything")
    print("  no_grad: records nothing")


def check_steps(x, t):
    """Steps of SGD: what they do to the parameters, momentum and all."""
    model = hidden_layer()
    with checking("optimizers", "SGD"):
        optimizer = sgd(model)
    velocity = [0] * 4
    for step in range(1, 6):
        before = numbers(model)
        _, _, gradients = by_hand(before, CORNERS, XOR)
        with checking("optimizers", "zero_grad"):
            optimizer.zero_grad()
        if any(parameter.grad is not None for parameter in model.parameters()):
            fault("optimizers", "zero_grad", "it has left a gradient")
        with checking("autograd", "backward"):
            loss_of(model, x, t).backward()
        compare_gradients(f"the gradient in step {step}", model, gradients)
        with checking("optimizers", f"step {step}"):
            optimizer.step()
        velocity = [MOMENTUM * v + g for v, g in zip(velocity, gradients, strict=True)]
        for old, v, now in zip(before, velocity, numbers(model), strict=True):
            compare("optimizers", f"step {step} of SGD", now, old - LEARNING_RATE * v)
    print("  five steps of SGD: agree with NumPy")
