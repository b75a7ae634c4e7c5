"""Pruning of module 16 beside torch.nn.utils.prune, ranks beside torch.linalg, teachers beside kl_div.

torch.optim has none of these names, so ours stand in no facade, and `tinytorch.optim.compression` is
compared here. torch keeps what was pruned in `weight_orig`, and a hook makes the weight anew in each
pass; ours is multiplied by its mask in place, and `KeepZeros` does it again after each step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tinytorch.core
import tinytorch.nn
import tinytorch.nn.functional
import tinytorch.optim
import tinytorch.optim.compression as ours
import torch
from test_signatures import mistakes, signatures_in_python
from torch.nn.utils import prune as theirs

Pair = tuple[Any, Any]  # the same in our library, and in torch's
LIBRARIES = {"ours": (tinytorch.core, ours), "torch's": (torch, theirs)}


def both(kind: str, *sizes: int, seed: int = 0, dtype: str = "float32") -> Pair:
    """A layer of ours and one of torch's, with the same weights."""
    mine = getattr(tinytorch.nn, kind)(*sizes).to(dtype)
    torchs = getattr(torch.nn, kind)(*sizes).to(getattr(torch, dtype))
    random = np.random.default_rng(seed)
    state = {name: random.normal(size=t.shape) for name, t in mine.state_dict().items()}
    mine.load_state_dict({name: tinytorch.core.tensor(a) for name, a in state.items()})
    torchs.load_state_dict({name: torch.tensor(a) for name, a in state.items()})
    return mine, torchs


def same(found: Any, expected: Any, rtol: float = 0, atol: float = 0) -> None:
    found, expected = found.detach().numpy(), expected.detach().numpy()
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol, atol)


def same_layer(mine: Any, torchs: Any) -> None:
    for name in "weight", "bias":
        same(getattr(mine, name), getattr(torchs, name))
        if hasattr(torchs, f"{name}_mask"):
            same(getattr(mine, f"{name}_mask"), getattr(torchs, f"{name}_mask"))
        else:
            assert not hasattr(mine, f"{name}_mask")
    assert ours.is_pruned(mine) == theirs.is_pruned(torchs)


def some_pruning(
    random: np.random.Generator, shape: tuple[int, ...], dtype: str
) -> Callable[[Any, Any, Any], Any]:
    """A call of one of the functions, for either library and its layer."""
    amount = [0.3, 0.5, 0.05, 0, 1, 2][random.integers(6)]
    scores = random.normal(size=shape).astype(dtype)
    given = random.random() < 0.3

    def importance(lib: Any) -> dict[str, Any]:
        return {"importance_scores": lib.tensor(scores)} if given else {}

    def smallest(lib: Any, prune: Any, layer: Any) -> Any:
        return prune.l1_unstructured(layer, "weight", amount, **importance(lib))

    def slices(lib: Any, prune: Any, layer: Any) -> Any:
        return prune.ln_structured(layer, "weight", min(amount, 1), n, dim, **importance(lib))

    def by_hand(lib: Any, prune: Any, layer: Any) -> Any:
        return prune.custom_from_mask(layer, "weight", mask=lib.tensor(scores > -1))

    n = [1, 2, float("inf"), 3][random.integers(4)]
    dim = int(random.integers(-len(shape), len(shape)))
    return [smallest, slices, by_hand][random.integers(3)]


@pytest.mark.parametrize("seed", range(60))
def test_masks_one_after_the_other(seed: int) -> None:
    random = np.random.default_rng(seed)
    kind, sizes = [("Linear", (9, 7)), ("Conv2d", (4, 6, 3))][seed % 2]
    dtype = ["float32", "float64"][seed // 2 % 2]
    layers = both(kind, *sizes, seed=seed, dtype=dtype)
    for _ in range(4):
        call = some_pruning(random, tuple(layers[0].weight.shape), dtype)
        for (lib, prune), layer in zip(LIBRARIES.values(), layers, strict=True):
            assert call(lib, prune, layer) is layer
        same_layer(*layers)
    assert ours.remove(layers[0], "weight") is layers[0]
    theirs.remove(layers[1], "weight")
    same_layer(*layers)
    assert set(layers[0].state_dict()) == set(layers[1].state_dict()) == {"weight", "bias"}


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 10, 50])
def test_amounts_are_rounded_as_torch_does(size: int) -> None:
    for amount in [*range(size + 1), *np.linspace(0, 1, 23), 0.5, np.float32(0.5), np.int64(1)]:
        layers = both("Linear", size, 1)
        for (_, prune), layer in zip(LIBRARIES.values(), layers, strict=True):
            prune.l1_unstructured(layer, "weight", amount)
        same(layers[0].weight_mask, layers[1].weight_mask)


@pytest.mark.parametrize(
    "call",
    [
        lambda prune, layer: prune.l1_unstructured(layer, "weight", "half"),
        lambda prune, layer: prune.l1_unstructured(layer, "weight", -1),
        lambda prune, layer: prune.l1_unstructured(layer, "weight", 1.5),
        lambda prune, layer: prune.l1_unstructured(layer, "weight", -0.1),
        lambda prune, layer: prune.l1_unstructured(layer, "weight", 13),
        lambda prune, layer: prune.random_unstructured(layer, "weight", 13),
        lambda prune, layer: prune.ln_structured(layer, "weight", 5, 2, 0),
        lambda prune, layer: prune.ln_structured(layer, "weight", 1, 2, 2),
        lambda prune, layer: prune.ln_structured(layer, "bias", 1, 2, 0),
        lambda prune, layer: prune.l1_unstructured(layer, "nothing", 1),
        lambda prune, layer: prune.l1_unstructured(layer, "weight", 1, layer.bias),
        lambda prune, layer: prune.custom_from_mask(layer, "weight", layer.bias),
        lambda prune, layer: prune.remove(layer, "weight"),
        lambda prune, layer: prune.global_unstructured(
            [(layer, "weight")], prune.LnStructured, amount=1, n=1
        ),
    ],
)
def test_what_torch_refuses_we_refuse(call: Callable[[Any, Any], Any]) -> None:
    mine, torchs = both("Linear", 3, 4)
    with pytest.raises(Exception) as expected:  # noqa: PT011  # whatever torch says
        call(theirs, torchs)
    with pytest.raises(expected.type):
        call(ours, mine)
    assert not ours.is_pruned(mine)


@pytest.mark.parametrize("seed", range(10))
def test_of_equal_weights_as_many_go(seed: int) -> None:
    """Which of them, torch does not say."""
    random = np.random.default_rng(seed)
    weight = random.integers(-3, 4, (6, 8)).astype(np.float32)
    mine, torchs = both("Linear", 8, 6)
    for lib, layer in (tinytorch.core, mine), (torch, torchs):
        layer.weight.detach().copy_(lib.tensor(weight))
    for amount in 0.3, 5, 0.5:
        ours.l1_unstructured(mine, "weight", amount)
        theirs.l1_unstructured(torchs, "weight", amount)
        left = [np.sort(np.abs(weight[layer.weight_mask.numpy() == 1])) for layer in (mine, torchs)]
        np.testing.assert_array_equal(*left)


@pytest.mark.parametrize("seed", range(12))
def test_one_ranking_for_many(seed: int) -> None:
    random = np.random.default_rng(seed)
    layers = [both("Linear", 9, 7, seed=seed), both("Conv2d", 4, 6, 3, seed=seed + 1)]
    scores = random.normal(size=(7, 9)).astype(np.float32)
    for amount in [0.4, 30, 0.2, 0][: 2 + seed % 3]:
        for which, (lib, prune) in enumerate(LIBRARIES.values()):
            first, second = (pair[which] for pair in layers)
            parameters = [(first, "weight"), (second, "weight"), (second, "bias")]
            given = {"importance_scores": {parameters[0]: lib.tensor(scores)}} if seed % 2 else {}
            result = prune.global_unstructured(
                parameters, pruning_method=prune.L1Unstructured, amount=amount, **given
            )
            assert result is None
        for pair in layers:
            same_layer(*pair)


@pytest.mark.parametrize("PRUNING_TYPE", ["unstructured", "global"])
def test_a_method_of_ones_own(PRUNING_TYPE: str) -> None:
    layers = both("Linear", 5, 4)
    for (_, prune), layer in zip(LIBRARIES.values(), layers, strict=True):

        class EverySecond(prune.BasePruningMethod):  # type: ignore[name-defined,misc]
            def compute_mask(self, t: Any, default_mask: Any) -> Any:
                mask = default_mask.clone()
                mask.view(-1)[::2] = 0
                return mask

        EverySecond.PRUNING_TYPE = PRUNING_TYPE
        for _ in range(2):
            assert isinstance(EverySecond.apply(layer, "weight"), prune.BasePruningMethod)
    same_layer(*layers)


def test_by_chance_as_many_go_as_torch_takes() -> None:
    mine, torchs = both("Linear", 20, 30)
    for amount in 0.25, 100, 0.5:
        ours.random_unstructured(mine, "weight", amount)
        theirs.random_unstructured(torchs, "weight", amount)
        assert mine.weight_mask.sum().item() == torchs.weight_mask.sum().item()
    per_row = mine.weight_mask.numpy().sum(1)
    assert per_row.std() > 0.5, "they go by chance, not in order"


OPTIMIZERS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.01}),
    ("Adam", {"lr": 0.01, "weight_decay": 0.1}),
    ("AdamW", {"lr": 0.01, "amsgrad": True}),
]


@pytest.mark.parametrize(("name", "options"), OPTIMIZERS)
def test_what_is_left_learns_as_it_does_behind_torchs_masks(
    name: str, options: dict[str, Any]
) -> None:
    """Pruned, trained, pruned more, trained on: the same weights after each step."""
    random = np.random.default_rng(4)
    x, y = random.normal(size=(16, 6)), random.integers(0, 3, 16)
    pairs = [both("Linear", 6, 8, dtype="float64"), both("Linear", 8, 3, seed=1, dtype="float64")]
    nets = [lib.Sequential(pair[i], lib.Tanh(), second[i]) for pair, second in [pairs]
            for i, lib in enumerate((tinytorch.nn, torch.nn))]  # fmt: skip
    steps: list[Callable[[], None]] = []
    for net, lib, optim, functional in (
        (nets[0], tinytorch.core, tinytorch.optim, tinytorch.nn.functional),
        (nets[1], torch, torch.optim, torch.nn.functional),
    ):
        optimizer = getattr(optim, name)(net.parameters(), **options)
        inputs, labels = lib.tensor(x), lib.tensor(y)

        def step(net: Any = net, optimizer: Any = optimizer, loss: Any = functional.cross_entropy,
                 inputs: Any = inputs, labels: Any = labels) -> None:  # fmt: skip
            optimizer.zero_grad()
            loss(net(inputs), labels).backward()
            optimizer.step()

        steps.append(step)
    keep = ours.KeepZeros(nets[0])
    for amount in 0.5, 0.4:
        for prune, net in (ours, nets[0]), (theirs, nets[1]):
            weights = [(net[0], "weight"), (net[2], "weight")]
            prune.global_unstructured(weights, prune.L1Unstructured, amount=amount)
        for _ in range(12):
            for step in steps:
                step()
            keep.step()
            nets[1](torch.tensor(x))  # torch's weights are made anew in each pass
            for mine, torchs in pairs:
                same(mine.weight, torchs.weight, 1e-9, 1e-12)
                same(mine.bias, torchs.bias, 1e-9, 1e-12)
    assert ours.sparsity([nets[0][0].weight, nets[0][2].weight]) == pytest.approx(50 / 72)


def test_a_shrunk_network_is_one_of_torchs_with_fewer_units() -> None:
    """Its state fits, and torch's small network answers what torch's masked one does."""
    random = np.random.default_rng(6)

    def network(nn: Any, first: int = 8, second: int = 6, third: int = 5) -> Any:
        return nn.Sequential(
            nn.Conv2d(2, first, 3, padding=1, bias=False), nn.BatchNorm2d(first), nn.ReLU(),
            nn.MaxPool2d(2), nn.Conv2d(first, second, 3), nn.GELU(), nn.AvgPool2d(2), nn.Flatten(),
            nn.Dropout(0.3), nn.Linear(second, third), nn.Tanh(), nn.Linear(third, 3),
        )  # fmt: skip

    def into_torch(model: Any, like: Any) -> Any:
        state = {n: torch.tensor(t.numpy()) for n, t in model.state_dict().items()}
        like.load_state_dict({n: t for n, t in state.items() if not n.endswith("_mask")})
        return like.eval()

    mine = network(tinytorch.nn)
    images = random.normal(size=(7, 2, 8, 8)).astype(np.float32)
    mine(tinytorch.core.tensor(images))  # the norm has seen something
    mine.eval()
    ours.prune_units(mine, 0.5)
    small = ours.shrink(mine)
    expected = into_torch(mine, network(torch.nn))(torch.tensor(images))
    theirs_small = into_torch(small, network(torch.nn, 4, 3, 3))  # 2 of 5 are 2.5: 2 go
    same(theirs_small(torch.tensor(images)), expected, 1e-5, 1e-6)
    same(small(tinytorch.core.tensor(images)), expected, 1e-5, 1e-6)


def test_ranks_are_those_of_torchs_decomposition() -> None:
    random = np.random.default_rng(8)
    for shape in (6, 9), (9, 6), (5, 5):
        matrix = random.normal(size=shape)
        u, sigma, vh = torch.linalg.svd(torch.tensor(matrix), full_matrices=False)
        for rank in range(min(shape) + 1):
            left, right = ours.low_rank(matrix, rank)
            expected = (u[:, :rank] * sigma[:rank]) @ vh[:rank]
            np.testing.assert_allclose(left @ right, expected.numpy(), atol=1e-12)
            off = (torch.linalg.norm(sigma[rank:]) / torch.linalg.norm(sigma)).item()
            assert ours.rank_for(matrix, off + 1e-9) == rank
            if rank:
                more = (torch.linalg.norm(sigma[rank - 1 :]) / torch.linalg.norm(sigma)).item()
                assert ours.rank_for(matrix, more - 1e-9) == rank


@pytest.mark.parametrize("temperature", [1.0, 2.0, 7.5])
@pytest.mark.parametrize("alpha", [0.0, 0.4, 1.0])
def test_a_teachers_loss_and_gradient(temperature: float, alpha: float) -> None:
    random = np.random.default_rng(9)
    pupil, teacher = 3 * random.normal(size=(2, 6, 10))
    labels, results = random.integers(0, 10, 6), []
    mine = tinytorch.core.tensor(pupil, requires_grad=True)
    results.append((mine, ours.distillation_loss(
        mine, tinytorch.core.tensor(teacher), tinytorch.core.tensor(labels), temperature, alpha
    )))  # fmt: skip
    F, torchs = torch.nn.functional, torch.tensor(pupil, requires_grad=True)
    divergence = F.kl_div(
        F.log_softmax(torchs / temperature, 1),
        F.log_softmax(torch.tensor(teacher) / temperature, 1),
        reduction="batchmean", log_target=True,
    )  # fmt: skip
    hard = F.cross_entropy(torchs, torch.tensor(labels))
    results.append((torchs, alpha * temperature**2 * divergence + (1 - alpha) * hard))
    for _, loss in results:
        loss.backward()
    same(results[0][1], results[1][1], 1e-12)
    same(results[0][0].grad, results[1][0].grad, 1e-9, 1e-12)


@pytest.mark.parametrize(
    "name",
    ["l1_unstructured", "random_unstructured", "ln_structured", "global_unstructured",
     "custom_from_mask", "is_pruned", "remove", "L1Unstructured", "RandomUnstructured",
     "LnStructured", "CustomFromMask", "L1Unstructured.compute_mask", "LnStructured.compute_mask",
     "CustomFromMask.compute_mask", "BasePruningMethod.apply"],
)  # fmt: skip
def test_parameters_are_torchs(name: str) -> None:
    mine, torchs = ours, theirs
    for part in name.split("."):
        mine, torchs = getattr(mine, part), getattr(torchs, part)
    [signature], [torchs_signature] = map(signatures_in_python, (mine, torchs))
    assert list(mistakes(signature, torchs_signature)) == []


def test_where_we_keep_one_weight_torch_keeps_two() -> None:
    """On purpose: no hook, and nothing of a module is replaced. The parameter stays the same object."""
    mine, torchs = both("Linear", 3, 2)
    weight = mine.weight
    ours.l1_unstructured(mine, "weight", 2)
    theirs.l1_unstructured(torchs, "weight", 2)
    assert list(mine.state_dict()) == ["weight", "bias", "weight_mask"]
    assert sorted(torchs.state_dict()) == ["bias", "weight_mask", "weight_orig"]
    assert mine.weight is weight
    assert "weight" not in dict(torchs.named_parameters())
