"""Module 09 against torch, where the table of random arguments does not reach: size, training, state."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from oracle import OURS, THEIRS, assert_same, both

LIBRARIES = {"ours": SimpleNamespace(**OURS), "theirs": SimpleNamespace(**THEIRS)}


def array(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype("float32")


def gradients(lib: Any, function: Any, *tensors: Any) -> list[Any]:
    """What it gives, and the gradients of all tensors for a weight that differs everywhere."""
    leaves = [tensor.requires_grad_() for tensor in tensors]
    output = function(*leaves)
    weight = np.cos(np.arange(np.prod(output.shape))).reshape(tuple(output.shape))
    output.backward(lib.torch.tensor(weight.astype("float32")))
    return [output, *(leaf.grad for leaf in leaves)]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"padding": 1},
        {"stride": 2, "padding": (2, 1)},
        {"dilation": 2, "padding": "same"},
        {"groups": 4},
    ],
    ids=str,
)
def test_convolutions_that_take_many_strips(options: dict[str, Any]) -> None:
    groups = options.get("groups", 1)
    arrays = array(16, 8, 40, 36), array(12, 8 // groups, 3, 3), array(12)

    def program(lib: Any, *tensors: Any) -> list[Any]:
        return gradients(lib, lambda x, w, b: lib.F.conv2d(x, w, b, **options), *tensors)

    assert_same(*both(program, *arrays), tolerance=2e-3)


@pytest.mark.parametrize("shape", [(4, -1), (-1, 45), (4, 5, 9), (4, 5, -1, 1)])
def test_images_are_viewed_as_rows(shape: tuple[int, ...]) -> None:
    """As programs do between the last pool and the first Linear, without a copy."""

    def program(lib: Any, x: Any, weight: Any) -> list[Any]:
        def seen(x: Any, weight: Any) -> Any:
            return lib.F.max_pool2d(lib.F.relu(lib.F.conv2d(x, weight)), 2).view(*shape)

        return gradients(lib, seen, x, weight)

    assert_same(*both(program, array(4, 3, 8, 8), array(5, 3, 3, 3)), tolerance=1e-4)


@pytest.mark.parametrize("kernel", [2, 3, 17])
@pytest.mark.parametrize("pool", ["max_pool2d", "avg_pool2d"])
def test_pools_of_large_images(pool: str, kernel: int) -> None:
    def program(lib: Any, x: Any) -> list[Any]:
        return gradients(lib, lambda x: getattr(lib.F, pool)(x, kernel), x)

    assert_same(*both(program, array(4, 3, 60, 51)), tolerance=1e-4)


def test_equal_numbers_in_overlapping_windows() -> None:
    """The first of them gets the gradient, from every window that it wins."""

    def program(lib: Any, x: Any) -> list[Any]:
        return gradients(lib, lambda x: lib.F.max_pool2d(x, 3, 1, 1), x)

    assert_same(*both(program, np.round(array(2, 3, 9, 9))))
    assert_same(*both(program, np.zeros((1, 1, 5, 5), "float32")))


def test_nan_wins() -> None:
    x = array(1, 2, 6, 6)
    x[0, 0, 2, 3] = np.nan
    assert_same(*both(lambda lib, x: lib.F.max_pool2d(x, 3, 1), x))


def test_moments_of_channels_far_from_zero() -> None:
    def program(lib: Any, x: Any) -> list[Any]:
        moments = lib.torch.zeros(3), lib.torch.ones(3)
        return [lib.F.batch_norm(x, *moments, training=True), *moments]

    assert_same(*both(program, array(16, 3, 20, 20) + 100), tolerance=1e-3)


def network(lib: Any) -> Any:
    nn = lib.nn
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding="same", bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(4, 8, (3, 1), stride=(1, 2), groups=2), nn.BatchNorm2d(8, momentum=None), nn.Tanh(),
        nn.AvgPool2d((2, 1)), nn.Flatten(), nn.Linear(48, 3),
    )  # fmt: skip


def trained(lib: Any, net: Any) -> list[float]:
    """Losses of twenty steps with momentum."""
    random = np.random.default_rng(5)
    moves = lib.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    losses = []
    for _ in range(20):
        x = lib.torch.tensor(random.normal(size=(6, 1, 12, 12)).astype("float32"))
        y = lib.torch.tensor(random.integers(0, 3, 6))
        moves.zero_grad()
        loss = lib.F.cross_entropy(net(x), y)
        loss.backward()
        moves.step()
        losses.append(loss.item())
    return losses


def moved(state: Any, lib: Any) -> dict[str, Any]:
    """The tensors of a state, copied into another library."""
    return {name: lib.torch.tensor(value.numpy().copy()) for name, value in state.items()}


def test_a_network_learns_the_same() -> None:
    """From the same state, over twenty steps; then in use; and back by the state of the other."""
    ours, theirs = (network(lib) for lib in LIBRARIES.values())
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(moved(theirs.state_dict(), LIBRARIES["ours"]))
    losses = trained(LIBRARIES["ours"], ours), trained(LIBRARIES["theirs"], theirs)
    np.testing.assert_allclose(*losses, rtol=1e-3)
    states = [{k: v.numpy() for k, v in net.state_dict().items()} for net in (ours, theirs)]
    assert_same(*states, tolerance=2e-3)
    theirs.load_state_dict(moved(ours.state_dict(), LIBRARIES["theirs"]))
    x = array(5, 1, 12, 12)
    outputs = [
        net.eval()(lib.torch.tensor(x)).detach().numpy()
        for lib, net in zip(LIBRARIES.values(), (ours, theirs), strict=True)
    ]
    assert_same(*outputs, tolerance=1e-4)


def test_first_weights_have_torchs_distribution() -> None:
    """Uniform within 1/√fan_in, as torch's kaiming_uniform_(a=√5) comes to."""
    for lib in LIBRARIES.values():
        lib.torch.manual_seed(0)
        layer = lib.nn.Conv2d(8, 200, (3, 2), groups=2)
        for values in (layer.weight.detach().numpy(), layer.bias.detach().numpy()):
            assert np.abs(values).max() <= 24**-0.5
            assert abs(values.std() - (3 * 24) ** -0.5) < 0.012


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("padding_mode", lambda lib, x: lib.nn.Conv2d(1, 1, 3, padding_mode="reflect")),
        ("ceil_mode", lambda lib, x: lib.nn.MaxPool2d(2, ceil_mode=True)),
        ("return_indices", lambda lib, x: lib.F.max_pool2d(x, 2, return_indices=True)),
        ("count_include_pad", lambda lib, x: lib.F.avg_pool2d(x, 2, count_include_pad=False)),
    ],
)
def test_what_is_not_built_is_refused(name: str, refused: Any) -> None:
    """Rather than ignored: its name stands in the message."""
    lib = LIBRARIES["ours"]
    with pytest.raises((TypeError, ValueError), match=name):
        refused(lib, lib.torch.zeros(1, 4, 4))


def test_groups_that_do_not_divide_are_refused() -> None:
    for arguments in [(3, 2, 3, 1, 0, 1, 2), (2, 3, 3, 1, 0, 1, 2), (2, 2, 3, 1, 0, 1, 0)]:
        for lib in LIBRARIES.values():
            with pytest.raises(ValueError, match="groups"):
                lib.nn.Conv2d(*arguments)
