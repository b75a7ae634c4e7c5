"""What a network has learnt can be taken out of it and put into another."""

import numpy as np
import pytest
import tinytorch.core as torch
from tinytorch import nn

REQUIRES = ("tensor", "activations", "layers")


def network(seed):
    torch.manual_seed(seed)
    block = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Dropout(0.1))
    return nn.Sequential(nn.Linear(3, 4), block, nn.Linear(4, 2, bias=False))


INPUT = np.random.default_rng(5).standard_normal((6, 3)).astype(np.float32)
NAMES = ["0.weight", "0.bias", "1.0.weight", "1.0.bias", "2.weight"]


def output(model):
    return model.eval()(torch.tensor(INPUT)).detach().numpy()


def test_a_state_names_every_parameter_in_order():
    model = network(1)
    assert list(model.state_dict()) == NAMES, "the names in the state are not torch's"
    assert [name for name, _ in model.named_parameters()] == NAMES, "named_parameters differs"


def test_another_network_becomes_the_same():
    first, second = network(1), network(2)
    expected = output(first)
    assert not np.allclose(output(second), expected), "two seeds give one network"
    second.load_state_dict(first.state_dict())
    assert np.array_equal(output(second), expected), "the state does not carry all of the network"


def test_a_state_survives_a_file(tmp_path):
    """Through NumPy's own format: names and arrays, and nothing that could run."""
    first, second = network(1), network(2)
    path = tmp_path / "state.npz"
    np.savez(path, **{name: value.numpy() for name, value in first.state_dict().items()})
    with np.load(path, allow_pickle=False) as saved:
        second.load_state_dict({name: torch.tensor(saved[name]) for name in saved.files})
    assert np.array_equal(output(second), output(first)), "the state lost something in the file"


def test_loading_copies_so_that_the_two_go_their_own_ways():
    first, second = network(1), network(2)
    second.load_state_dict(first.state_dict())
    second.load_state_dict({name: value * 0 for name, value in second.state_dict().items()})
    assert np.abs(output(first)).max() > 0, "changing the one network changed the other"


def test_a_state_that_does_not_fit_changes_nothing():
    """Here ours is stricter than torch, which loads what fits before it complains."""
    model = network(1)
    before = output(model)
    wrong = {name: value + 1 for name, value in model.state_dict().items()}
    wrong["2.weight"] = torch.zeros(3, 3)
    with pytest.raises(RuntimeError, match=r"2\.weight"):
        model.load_state_dict(wrong)
    assert np.array_equal(output(model), before), "half of a state that does not fit was loaded"
