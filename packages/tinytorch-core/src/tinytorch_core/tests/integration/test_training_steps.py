"""What a training step changes, and what it leaves alone: layers, losses, gradients, optimizers."""

import numpy as np
import pytest
import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch import nn, optim

REQUIRES = ("tensor", "layers", "losses", "autograd", "optimizers")


def problem(seed=0):
    """A network, and a function that computes its loss on always the same batch."""
    rng = np.random.default_rng(seed)
    x = torch.tensor(rng.normal(size=(12, 3)).astype(np.float32))
    target = torch.tensor(rng.integers(0, 2, 12))
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2))
    return model, lambda: F.cross_entropy(model(x), target)


def train(optimizer, loss, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()


def arrays(tensors):
    return [tensor.detach().numpy().copy() for tensor in tensors]


def test_a_step_follows_the_gradient_of_the_network():
    model, loss = problem()
    before = arrays(model.parameters())
    train(optim.SGD(model.parameters(), lr=0.1), loss, 1)
    for parameter, old in zip(model.parameters(), before, strict=True):
        expected = old - 0.1 * parameter.grad.numpy()
        assert np.allclose(parameter.detach().numpy(), expected), "a step isn't lr times gradient"


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam, optim.AdamW])
def test_the_loss_falls(kind):
    model, loss = problem()
    first = loss().item()
    train(kind(model.parameters(), lr=0.05), loss, 100)
    assert loss().item() < 0.9 * first, f"{kind.__name__} does not bring the loss down"


def test_a_frozen_layer_stays_and_the_others_learn():
    model, loss = problem()
    model[0].weight.requires_grad_(False)
    before = arrays(model.parameters())
    train(optim.AdamW(model.parameters(), lr=0.1), loss, 3)
    after = arrays(model.parameters())
    assert np.array_equal(before[0], after[0]), "a frozen weight was moved, or decayed"
    changed = [not np.array_equal(*pair) for pair in zip(before[1:], after[1:], strict=True)]
    assert all(changed), f"of the other parameters, these changed: {changed}"


def test_a_parameter_in_two_places_takes_one_step():
    layer = nn.Linear(3, 3, bias=False)
    model = nn.Sequential(layer, nn.Tanh(), layer)
    old, x = layer.weight.detach().numpy().copy(), torch.ones(2, 3)
    optimizer = optim.SGD(model.parameters(), lr=0.5)
    model(x).sum().backward()
    optimizer.step()
    expected = old - 0.5 * layer.weight.grad.numpy()
    assert np.allclose(layer.weight.detach().numpy(), expected), "not one step of the summed gradient"


def test_a_step_is_seen_by_the_state_of_the_network():
    model, loss = problem()
    state = model.state_dict()
    train(optim.Adam(model.parameters(), lr=0.1), loss, 2)
    new = model[0].weight.detach().numpy()
    assert np.array_equal(state["0.weight"].numpy(), new), "the network's state went stale"


def test_the_graph_of_before_the_step_is_refused():
    model, loss = problem()
    old = loss()
    train(optim.SGD(model.parameters(), lr=0.1), loss, 1)
    with pytest.raises(RuntimeError):
        old.backward()


@pytest.mark.parametrize(
    ("kind", "options"), [(optim.SGD, {"momentum": 0.9, "lr": 0.1}), (optim.AdamW, {"lr": 0.05})]
)
def test_a_resumed_training_is_the_same_training(kind, options):
    model, loss = problem()
    optimizer = kind(model.parameters(), **options)
    train(optimizer, loss, 5)
    twin, twin_loss = problem()
    twin.load_state_dict(model.state_dict())
    resumed = kind(twin.parameters(), lr=9.0)
    resumed.load_state_dict(optimizer.state_dict())
    train(optimizer, loss, 5)
    train(resumed, twin_loss, 5)
    for one, other in zip(arrays(model.parameters()), arrays(twin.parameters()), strict=True):
        assert np.array_equal(one, other), "after loading both states, training goes on differently"
