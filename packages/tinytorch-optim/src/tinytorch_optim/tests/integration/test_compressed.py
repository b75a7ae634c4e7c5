"""Compression, whole: networks that see and write, pruned as they learn, stopped, saved, made small."""

from copy import deepcopy

import numpy as np
import pytest
import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch import nn, optim
from tinytorch.data import DataLoader, TensorDataset
from tinytorch.nn.transformer import next_token_loss
from tinytorch.optim.compression import (
    GradualPruning,
    KeepZeros,
    L1Unstructured,
    distillation_loss,
    factorize,
    global_unstructured,
    masked,
    pack,
    prune_units,
    remove,
    shrink,
    sparsity,
    unpack,
)
from tinytorch.optim.quantization import quantize_dynamic
from tinytorch.profiling import FlopCounterMode
from tinytorch_core.digits import load_digits, split

REQUIRES = (
    "losses", "dataloader", "optimizers", "training", "convolutions", "transformers", "profiling",
    "quantization", "compression",
)  # fmt: skip


@pytest.fixture(scope="module")
def digits():
    x, y, x_test, y_test = split(*load_digits())
    return [torch.tensor(array) for array in (x[:, None], y, x_test[:, None], y_test)]


def network(first=12, second=16):
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(1, first, 3, padding=1, bias=False), nn.BatchNorm2d(first), nn.ReLU(),
        nn.MaxPool2d(2), nn.Conv2d(first, second, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(second * 4, 10),
    )  # fmt: skip


def trainer(model, *schedulers, lr=0.01):
    optimizer = optim.AdamW(model.parameters(), lr=lr)
    return torch.Trainer(model, optimizer, F.cross_entropy, schedulers=schedulers)


def batches(digits):
    return DataLoader(TensorDataset(*digits[:2]), 64, shuffle=True)


def accuracy(model, digits):
    with torch.no_grad():
        return torch.accuracy(model.eval()(digits[2]), digits[3])


def weights(model):
    return [(each, "weight") for each in model if isinstance(each, nn.Linear | nn.Conv2d)]


@pytest.fixture(scope="module")
def trained(digits):
    model = network()
    trainer(model).fit(batches(digits), 6, log=None)
    return model


def test_half_of_all_units_leave_and_nobody_hears_it(trained, digits):
    exact = accuracy(trained, digits)
    assert exact > 0.95, "the network hasn't learnt: look at earlier modules first"
    model = deepcopy(trained)
    prune_units(model, 0.5)
    trainer(model, KeepZeros(model), lr=0.003).fit(batches(digits), 3, log=None)
    small = shrink(model.eval())
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        answers = small(digits[2])
    np.testing.assert_allclose(
        answers.numpy(), model(digits[2]).detach().numpy(), atol=1e-4,
        err_msg="shrink: a network without its silent units should answer as before",
    )  # fmt: skip
    by_hand = 64 * 6 * 9 + 16 * 8 * 6 * 9 + 32 * 10
    assert counter.get_total_flops() == len(digits[2]) * 2 * by_hand, "6 and 8 channels are left"
    assert exact - accuracy(small, digits) <= 0.02, "more than two points were lost"
    twin = network(6, 8)
    twin.load_state_dict({n: t for n, t in small.state_dict().items() if "mask" not in n})
    np.testing.assert_array_equal(twin.eval()(digits[2]).detach().numpy(), answers.numpy())
    trainer(small, lr=0.003).fit(batches(digits), 1, log=None)
    assert exact - accuracy(small, digits) <= 0.02, "the smaller network should be able to go on"


def test_a_pruning_that_is_stopped_goes_on_where_it_was(digits, tmp_path):
    """Masks are in the model's state, steps in the pruning's: both runs end with the same weights."""
    ends = []
    for stops in ([2, 4], [4]):
        for epochs in stops:
            torch.manual_seed(5)
            model = network()
            pruning = GradualPruning(weights(model), 0.8, 60)
            loader = DataLoader(
                TensorDataset(*digits[:2]), 64, shuffle=True, generator=torch.Generator()
            )
            loader.generator.manual_seed(3)
            file = tmp_path / f"{stops}.npz"
            trainer(model, pruning).fit(loader, epochs, checkpoint=str(file), log=None)
        ends.append({name: value.numpy() for name, value in model.state_dict().items()})
        gone = sparsity(parameter for _, _, parameter, _ in masked(model))
        assert abs(gone - 0.8) < 1e-3, "GradualPruning: four fifths should be gone in the end"
    for name, value in ends[0].items():
        np.testing.assert_array_equal(value, ends[1][name], f"{name}, stopped and gone on")


def test_a_file_without_zeros_brings_the_answers_back(trained, digits, tmp_path):
    """Floats, and int8 codes on top: what is 0 has the code 0, and takes a bit."""
    model = deepcopy(trained)
    global_unstructured(weights(model), L1Unstructured, amount=0.75)
    for layer, name in weights(model):
        remove(layer, name)
    sizes = {}
    for kind, convert in ("float", deepcopy), ("int8", quantize_dynamic):
        converted = convert(model).eval()
        np.savez(tmp_path / f"{kind}.npz", **pack(converted.state_dict()))
        twin = convert(network()).eval()
        with np.load(tmp_path / f"{kind}.npz") as file:
            sizes[kind] = sum(file[name].nbytes for name in file.files)
            twin.load_state_dict(unpack(file))
        answers = [each(digits[2]).detach().numpy() for each in (converted, twin)]
        np.testing.assert_array_equal(*answers, f"{kind}: pack and unpack should lose nothing")
    whole = sum(tensor.nbytes for tensor in trained.state_dict().values())
    assert sizes["float"] < 0.4 * whole, "a quarter of the weights, a bit each, biases and norms"
    assert sizes["int8"] < sizes["float"], "codes of the dense layer take a byte each"


def test_a_gpt_keeps_its_zeros_while_it_learns():
    torch.manual_seed(2)
    model = nn.GPT(11, 12, d_model=16, nhead=4, num_layers=2)
    pairs = [(m, n) for m in model.modules() for n, p in m.named_parameters(recurse=False)
             if p.ndim == 2 and not isinstance(m, nn.Embedding)]  # fmt: skip
    global_unstructured(pairs, L1Unstructured, amount=0.5)
    before = [getattr(module, name).detach().numpy().copy() for module, name in pairs]
    optimizer, keep = optim.AdamW(model.parameters(), lr=0.01), KeepZeros(model)
    text = torch.tensor(np.random.default_rng(0).integers(0, 11, (1, 13)))
    for _ in range(30):
        optimizer.zero_grad()
        loss = next_token_loss(model, text)
        loss.backward()
        optimizer.step()
        keep.step()
    assert loss.item() < 0.5, "with half of its weights it should learn one text by heart"
    for (module, name), old in zip(pairs, before, strict=True):
        new = getattr(module, name).detach().numpy()
        np.testing.assert_array_equal(new == 0, old == 0, f"{name} of {module}: the same zeros")


def test_a_pupil_learns_from_answers_alone(trained, digits):
    """No label is looked at: alpha is 1. And a layer of low rank is a pupil, too."""
    x, _, x_test, y_test = digits
    teacher = deepcopy(trained).eval()
    torch.manual_seed(7)
    first = factorize(nn.Linear(64, 24), 12)
    pupil = nn.Sequential(nn.Flatten(), first, nn.ReLU(), nn.Linear(24, 10))
    optimizer = optim.AdamW(pupil.parameters(), lr=0.01)
    nonsense = torch.tensor(np.zeros(len(x), np.int64))
    with torch.no_grad():
        answers = teacher(x)
    for _ in range(8):
        for batch in np.array_split(np.random.default_rng(0).permutation(len(x)), 45):
            optimizer.zero_grad()
            loss = distillation_loss(pupil(x[batch]), answers[batch], nonsense[batch], 4.0, 1.0)
            loss.backward()
            optimizer.step()
    right = (pupil(x_test).detach().numpy().argmax(1) == y_test.numpy()).mean()
    assert right > 0.9, f"from a teacher's answers it should learn to read: {right:.1%}"


@pytest.mark.parametrize(
    "between",
    [
        [nn.Linear(4, 4), nn.Sigmoid()],
        [nn.Linear(4, 4), nn.Softmax(1)],
        [nn.Conv2d(4, 4, 1, groups=2), nn.Flatten()],
        [nn.Conv2d(4, 4, 1), nn.ReLU()],
        [nn.Linear(4, 4), nn.ModuleList()],
    ],
)
def test_units_stay_where_nobody_could_tell_what_goes_with_them(between):
    model = nn.Sequential(*between, nn.Linear(4, 4))
    before = {name: value.numpy().copy() for name, value in model.state_dict().items()}
    for call in (lambda: prune_units(model, 0.5)), (lambda: shrink(model)):
        with pytest.raises(ValueError, match=r"taken out|Flatten"):
            call()
    assert list(model.state_dict()) == list(before), "what is refused gets no masks"
    shrink(nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2), nn.Softmax(1)))
