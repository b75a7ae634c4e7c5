"""Quantization, whole: networks that see and write, trained, converted, saved and loaded."""

import numpy as np
import pytest
import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch import nn, optim
from tinytorch.data import DataLoader, TensorDataset
from tinytorch.nn.transformer import generate, next_token_loss
from tinytorch.optim.quantization import (
    Observed,
    QuantizedLinear,
    convert,
    prepare,
    quantize_dynamic,
)
from tinytorch_core.digits import load_digits, split

REQUIRES = (
    "losses", "dataloader", "optimizers", "training", "convolutions", "transformers", "quantization",
)  # fmt: skip


@pytest.fixture(scope="module")
def digits():
    x, y, x_test, y_test = split(*load_digits())
    return [torch.tensor(array) for array in (x[:, None], y, x_test[:, None], y_test)]


def conv_then_linear():
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(96, 32), nn.ReLU(), nn.Linear(32, 10),
    )  # fmt: skip


@pytest.fixture(scope="module")
def trained(digits):
    model, (x, y, *_) = conv_then_linear(), digits
    batches = DataLoader(TensorDataset(x, y), 64, shuffle=True)
    optimizer = optim.AdamW(model.parameters(), lr=0.01)
    torch.Trainer(model, optimizer, F.cross_entropy).fit(batches, 8, log=None)
    return model


def accuracy(model, digits):
    with torch.no_grad():
        return torch.accuracy(model(digits[2]), digits[3])


def statically(model, digits):
    prepared = prepare(model)
    for (batch,) in DataLoader(TensorDataset(digits[0][:256]), 64):
        prepared(batch)
    return convert(prepared)


def rounded(weight):
    """By hand: each row on a grid of its own, symmetric, with 255 steps."""
    scale = np.abs(weight).max(1, keepdims=True) / 127.5
    return np.clip(np.round(weight / scale), -128, 127) * scale


def test_it_reads_digits_as_well_as_before(trained, digits):
    exact = accuracy(trained, digits)
    assert exact > 0.95, "the network hasn't learnt: look at earlier modules first"
    for model in (quantize_dynamic(trained), statically(trained, digits)):
        assert abs(accuracy(model, digits) - exact) <= 0.01, "more than a point was lost"
        kinds = [type(module) for module in model if list(module.state_dict())]
        assert kinds == [nn.Conv2d, QuantizedLinear, QuantizedLinear]


def test_the_weights_mean_what_rounding_by_hand_gives(trained, digits):
    by_hand = conv_then_linear()
    by_hand.load_state_dict(trained.state_dict())
    for place in (4, 6):
        weight = by_hand[place].weight.detach()
        weight.copy_(rounded(weight.numpy()))
    with torch.no_grad():
        expected = by_hand(digits[2]).numpy()
    for model in (quantize_dynamic(trained), statically(trained, digits)):
        apart = np.abs(model(digits[2]).detach().numpy() - expected)
        spread = expected.std()
        assert np.sqrt((apart**2).mean()) < 0.02 * spread, (
            "the inputs' grids are too coarse, or wrong"
        )


def test_a_file_is_small_and_brings_the_answers_back(trained, digits, tmp_path):
    sizes, answers = {}, {}
    kinds = {
        "float": lambda model: model,
        "dynamic": quantize_dynamic,
        "static": lambda model: statically(model, digits),
    }
    for name, kind in kinds.items():
        model = kind(trained)
        np.savez(tmp_path / f"{name}.npz", **{n: t.numpy() for n, t in model.state_dict().items()})
        answers[name] = model(digits[2]).detach().numpy()
        with np.load(tmp_path / f"{name}.npz") as file:
            state = {n: torch.tensor(file[n]) for n in file.files}
        sizes[name] = sum(t.nbytes for n, t in state.items() if n in ("4.weight", "6.weight"))
        twin = kind(conv_then_linear())
        twin.load_state_dict(state)
        np.testing.assert_array_equal(twin(digits[2]).detach().numpy(), answers[name])
    assert sizes["float"] == 4 * sizes["dynamic"] == 4 * sizes["static"]


def test_the_model_goes_on_learning_where_it_was(trained, digits):
    before = {n: t.numpy().copy() for n, t in trained.state_dict().items()}
    small = statically(trained, digits)
    small(digits[2][:3])
    for name, value in trained.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[name])
    assert not any(isinstance(each, Observed | QuantizedLinear) for each in trained.modules())
    loss = F.cross_entropy(trained(digits[0][:32]), digits[1][:32])
    loss.backward()
    assert all(parameter.grad is not None for parameter in trained.parameters())
    answers = small(digits[0][:32])
    assert not answers.requires_grad
    with pytest.raises(RuntimeError):
        F.cross_entropy(answers, digits[1][:32]).backward()


def test_a_gpt_writes_the_same_with_whole_numbers():
    torch.manual_seed(3)
    model = nn.GPT(5, 16, d_model=16, nhead=2, num_layers=2)
    texts = torch.tensor((np.arange(64)[:, None] + np.arange(17)) % 5)
    optimizer = optim.AdamW(model.parameters(), lr=0.01)
    for _ in range(40):
        optimizer.zero_grad()
        loss = next_token_loss(model, texts)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1, "it hasn't learnt to count"
    model.eval()
    small = quantize_dynamic(model)
    assert sum(isinstance(each, QuantizedLinear) for each in small.modules()) >= 5
    with torch.no_grad():
        exact, found = (next_token_loss(each, texts).item() for each in (model, small))
    assert abs(found - exact) < 0.02
    text = generate(small, torch.tensor([[0, 1, 2]]), 8, temperature=0).numpy()
    np.testing.assert_array_equal(text, [np.arange(11) % 5])
