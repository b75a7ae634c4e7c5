"""Gradients through whole networks agree with what a small step of each number does to the loss."""

import numpy as np
import pytest
import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch import nn

REQUIRES = ("tensor", "activations", "layers", "losses", "autograd")

STEP = 1e-6


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def leaf(array):
    return torch.tensor(array, requires_grad=True)


def check(loss, *leaves):
    """`loss()` computes a loss of these leaves anew; its gradients must be central differences."""
    for each in leaves:
        each.grad = None
    loss().backward()
    for place, each in enumerate(leaves):
        values = each.detach().numpy()
        expected = np.empty_like(values)
        for index in np.ndindex(values.shape):
            kept = values[index]
            values[index] = kept + STEP
            above = loss().item()
            values[index] = kept - STEP
            below = loss().item()
            values[index] = kept
            expected[index] = (above - below) / (2 * STEP)
        assert each.grad is not None, f"no gradient arrived at leaf {place}"
        got = each.grad.numpy()
        assert got.shape == values.shape, f"the gradient of leaf {place} has the shape {got.shape}"
        worst = np.max(np.abs(got - expected))
        assert worst < 1e-6, f"the gradient of leaf {place} is off by up to {worst:.3g}"


ACTIVATIONS = {
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "gelu by tanh": lambda: nn.GELU(approximate="tanh"),
    "softmax": lambda: nn.Softmax(dim=1),
    "log_softmax": lambda: nn.LogSoftmax(dim=1),
}


@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_through_a_network_with_each_activation(activation):
    torch.manual_seed(2)
    model = nn.Sequential(nn.Linear(4, 5), activation(), nn.Linear(5, 3)).double()
    x, labels = leaf(numbers(6, 4)), torch.tensor([0, 2, 1, 1, 0, 2])
    check(lambda: F.cross_entropy(model(x), labels), x, *model.parameters())


LOSSES = {
    "mse": lambda scores: F.mse_loss(scores, torch.tensor(numbers(4, 3, seed=1))),
    "nll": lambda s: F.nll_loss(F.log_softmax(s, 1), torch.tensor([0, 2, 1, 1])),
    "cross-entropy": lambda s: F.cross_entropy(s, torch.tensor([0, 2, 1, 1])),
    "weighted": lambda s: F.cross_entropy(
        s, torch.tensor([0, 2, 1, 1]), weight=torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)
    ),
    "ignoring": lambda s: F.cross_entropy(s, torch.tensor([0, -100, 1, 1]), reduction="sum"),
    "bce": lambda s: F.binary_cross_entropy(torch.sigmoid(s), torch.tensor(np.eye(4)[:, :3])),
    "bce of logits": lambda s: F.binary_cross_entropy_with_logits(
        s, torch.tensor(np.eye(4)[:, :3])
    ),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_through_each_loss(loss):
    x, weight = leaf(numbers(4, 2)), leaf(numbers(3, 2, seed=3))
    check(lambda: loss(F.linear(x, weight)), x, weight)


def test_a_tensor_that_is_used_twice_gets_both_shares():
    x = leaf(numbers(3, 4))
    check(lambda: (x * x + x).sum(), x)
    check(lambda: torch.tanh(x @ x.T).sum(), x)


def test_a_diamond_is_walked_once():
    """Two ways from one number to the loss double at each step: 2⁴⁰ ways, and forty steps."""
    x = leaf(np.array([1.0]))
    y = x
    for _ in range(40):
        y = y * 0.5 + y * 0.5
    y.sum().backward()
    assert x.grad.item() == pytest.approx(1.0), "the ways through the graph are not added up"


def test_residual_paths_carry_their_gradient_past_the_layers():
    torch.manual_seed(4)
    first, second = nn.Linear(4, 4).double(), nn.Linear(4, 4).double()
    x = leaf(numbers(3, 4))

    def loss():
        hidden = x + F.gelu(first(x))
        return torch.tanh(hidden + F.gelu(second(hidden))).mean()

    check(loss, x, *first.parameters(), *second.parameters())


def test_shared_weights_collect_from_every_place():
    shared = nn.Linear(3, 3).double()
    x = leaf(numbers(2, 3))
    check(lambda: nn.Sequential(shared, nn.Tanh(), shared)(x).sum(), x, *shared.parameters())


def test_broadcast_shapes_are_summed_back():
    rows, column, scale = leaf(numbers(3, 4)), leaf(numbers(3, 1, seed=1)), leaf(numbers(4, seed=2))
    check(lambda: torch.sigmoid((rows + column) * scale - column).sum(), rows, column, scale)


def test_views_lead_back_to_their_tensor():
    x = leaf(numbers(4, 6))
    check(lambda: (x.reshape(2, 12)[1] * x.T.flatten()[:12]).sum(), x)


def test_gradients_add_up_until_they_are_zeroed():
    model, x = nn.Linear(3, 2), torch.tensor(numbers(4, 3).astype(np.float32))
    model(x).sum().backward()
    once = model.weight.grad.numpy().copy()
    model(x).sum().backward()
    twice = model.weight.grad.numpy()
    assert np.allclose(twice, 2 * once), "the second backward did not add to the first"
    model.zero_grad()
    assert model.weight.grad is None, "zero_grad left a gradient behind"


def test_no_grad_records_nothing():
    model, x = nn.Linear(3, 2), torch.tensor(numbers(4, 3).astype(np.float32))
    with torch.no_grad():
        loss = model(x).sum()
    assert not loss.requires_grad, "what is computed in no_grad() requires a gradient"
    with pytest.raises(RuntimeError):
        loss.backward()
    assert model(x).sum().requires_grad, "after no_grad() nothing is recorded any more"


def test_detach_cuts_the_way_back():
    x = leaf(numbers(3))
    (x.detach() * x).sum().backward()
    assert np.allclose(x.grad.numpy(), x.detach().numpy()), "detach() let a gradient through"


def test_what_needs_no_gradient_gets_none():
    model, x = nn.Linear(3, 2), torch.tensor(numbers(4, 3).astype(np.float32))
    model.bias.requires_grad_(False)
    model(x).sum().backward()
    assert x.grad is None, "the input got a gradient that nobody asked for"
    assert model.bias.grad is None, "the frozen bias got a gradient"
    assert model.weight.grad is not None, "the weight got no gradient"


def test_a_network_learns_with_nothing_but_gradients():
    """Gradient descent by hand: exclusive or, which no single layer can do."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)).double()
    x = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=torch.float64)
    target = torch.tensor([[0], [1], [1], [0]], dtype=torch.float64)
    for _ in range(500):
        model.zero_grad()
        loss = F.binary_cross_entropy_with_logits(model(x), target)
        loss.backward()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter -= parameter.grad
    assert loss.item() < 0.01, f"after 500 steps the loss is still {loss.item():.3g}"
