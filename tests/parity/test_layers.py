"""Module 03 against torch: the same weights give the same numbers, under the same names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from oracle import OURS, THEIRS, Program, assert_same, both

RNG = np.random.default_rng(3)
BATCH = RNG.normal(size=(5, 4)).astype("float32")
WEIGHT = RNG.normal(size=(3, 4)).astype("float32")
BIAS = RNG.normal(size=3).astype("float32")


def network(lib: Any) -> Any:
    nn = lib.nn
    return nn.Sequential(
        nn.Flatten(), nn.Linear(4, 8), nn.GELU(), nn.Dropout(0.5),
        nn.Sequential(nn.Linear(8, 3)), nn.Softmax(dim=1),
    )  # fmt: skip


FUNCTIONS: dict[str, Program] = {
    "linear": lambda lib, x, w, b: [lib.F.linear(x, w), lib.F.linear(x, w, bias=b)],
    "linear of one sample": lambda lib, x, w, b: lib.F.linear(x[0], w, b),
    "linear of many dimensions": lambda lib, x, w, b: lib.F.linear(x.reshape(5, 1, 1, 4), w, b),
    "linear that does not fit": lambda lib, x, w, b: lib.F.linear(x[:, :3], w, b),
    "dropout of nothing": lambda lib, x, w, b: lib.F.dropout(x, p=0.0),
    "dropout of everything": lambda lib, x, w, b: lib.F.dropout(x, p=1.0),
    "dropout in evaluation": lambda lib, x, w, b: lib.F.dropout(x, 0.7, training=False),
    "dropout with no probability": lambda lib, x, w, b: lib.F.dropout(x, p=1.5),
    "flatten": lambda lib, x, w, b: [lib.nn.Flatten()(x.reshape(5, 2, 2)), lib.nn.Flatten(0)(x)],
    "identity": lambda lib, x, w, b: lib.nn.Identity()(x),
    "activations": lambda lib, x, w, b: [
        layer(x)
        for layer in (
            lib.nn.ReLU(), lib.nn.Sigmoid(), lib.nn.Tanh(), lib.nn.GELU(), lib.nn.GELU("tanh"),
            lib.nn.Softmax(dim=1), lib.nn.LogSoftmax(dim=-1),
        )
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_and_layers(name: str) -> None:
    assert_same(*both(FUNCTIONS[name], BATCH, WEIGHT, BIAS))


STRUCTURE: dict[str, Program] = {
    "names of parameters": lambda lib: [name for name, _ in network(lib).named_parameters()],
    "names of modules": lambda lib: [name for name, _ in network(lib).named_modules()],
    "shapes": lambda lib: [list(p.shape) for p in network(lib).parameters()],
    "keys": lambda lib: list(network(lib).state_dict()),
    "kinds": lambda lib: [type(m).__name__ for m in network(lib).modules()],
    "repr": lambda lib: repr(lib.nn.Sequential(lib.nn.Linear(2, 3), network(lib)[:3])),
    "training": lambda lib: [m.training for m in network(lib).eval().modules()],
    "parameters learn": lambda lib: [p.requires_grad for p in network(lib).parameters()],
    "no bias": lambda lib: list(lib.nn.Linear(2, 3, bias=False).state_dict()),
    "index": lambda lib: [type(network(lib)[1]).__name__, len(network(lib))],
}


@pytest.mark.parametrize("name", STRUCTURE)
def test_structure(name: str) -> None:
    ours, theirs = both(STRUCTURE[name])
    assert ours == theirs


def test_the_same_weights_give_the_same_numbers() -> None:
    theirs = network(type("Library", (), THEIRS)).eval()
    ours = network(type("Library", (), OURS)).eval()
    state = {key: OURS["torch"].tensor(value.numpy()) for key, value in theirs.state_dict().items()}
    ours.load_state_dict(state)
    expected = theirs(THEIRS["torch"].tensor(BATCH)).detach().numpy()
    assert_same(ours(OURS["torch"].tensor(BATCH)).detach().numpy(), expected)


def test_our_weights_load_into_torch() -> None:
    ours = network(type("Library", (), OURS)).eval()
    theirs = network(type("Library", (), THEIRS)).eval()
    convert = THEIRS["torch"].from_numpy
    state = {key: convert(value.detach().numpy()) for key, value in ours.state_dict().items()}
    theirs.load_state_dict(state)
    expected = theirs(THEIRS["torch"].tensor(BATCH)).detach().numpy()
    assert_same(ours(OURS["torch"].tensor(BATCH)).detach().numpy(), expected)


@pytest.mark.parametrize("change", ["missing", "unexpected", "shape"])
def test_a_state_that_does_not_fit_is_refused(change: str) -> None:
    def program(lib: Any) -> Any:
        layer = lib.nn.Linear(2, 3)
        state = dict(layer.state_dict())
        if change == "missing":
            del state["bias"]
        elif change == "unexpected":
            state["extra"] = state["bias"]
        else:
            state["weight"] = lib.torch.zeros(2, 2)
        return layer.load_state_dict(state) and None

    ours, theirs = both(program)
    assert isinstance(theirs, RuntimeError)
    assert isinstance(ours, RuntimeError)


def test_linear_starts_with_torchs_distribution() -> None:
    """Uniform within 1/√in, as torch's kaiming_uniform_(a=√5) comes to."""
    for library in (OURS, THEIRS):
        library["torch"].manual_seed(0)
        layer = library["nn"].Linear(64, 500)
        for values in (layer.weight.detach().numpy(), layer.bias.detach().numpy()):
            assert np.abs(values).max() <= 1 / 8
            assert abs(values.std() - 1 / 8 / np.sqrt(3)) < 0.005
