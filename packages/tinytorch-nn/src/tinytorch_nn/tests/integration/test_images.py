"""A convolutional network, whole: it learns through loader, optimizer and trainer, and is saved."""

import pickle

import numpy as np
import pytest
import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch import nn, optim
from tinytorch.data import DataLoader, TensorDataset
from tinytorch_core.digits import load_digits, split

REQUIRES = ("losses", "dataloader", "optimizers", "training", "convolutions")


def small_cnn(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1, bias=False),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 8, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(8, 4),
    )


@pytest.fixture(scope="module")
def digits():
    """Images (N, 1, 8, 8) of 0, 1, 2 and 3, to learn from and to be tested on."""
    x, y, x_test, y_test = split(*load_digits())
    few, few_test = (np.flatnonzero(labels < 4) for labels in (y, y_test))
    arrays = x[few, None], y[few], x_test[few_test, None], y_test[few_test]
    return [torch.tensor(array) for array in arrays]


def trained(x, y, epochs, batch=32):
    model = small_cnn()
    batches = DataLoader(TensorDataset(x, y), batch, shuffle=True)
    optimizer = optim.AdamW(model.parameters(), lr=0.02)
    trainer = torch.Trainer(model, optimizer, F.cross_entropy)
    trainer.fit(batches, epochs, log=None)
    return model, trainer


def scores(model, x):
    with torch.no_grad():
        return model(x).numpy()


def test_it_learns_to_read(digits):
    x, y, x_test, y_test = digits
    model, trainer = trained(x, y, 6)
    measured = trainer.evaluate(DataLoader(TensorDataset(x_test, y_test), 50))
    assert measured["accuracy"] > 0.93, f"of four digits, it reads {measured['accuracy']:.1%}"
    model.eval()
    right = (scores(model, x_test).argmax(1) == y_test.numpy()).mean()
    assert measured["accuracy"] == pytest.approx(right), "evaluate measures the model in use"
    assert model.state_dict()["1.num_batches_tracked"].item() == 6 * -(-len(y) // 32), (
        "every batch of training counts, and none of evaluation"
    )


def test_in_use_an_answer_depends_on_its_image_alone(digits):
    x, y, x_test, _ = digits
    model, _ = trained(x, y, 1)
    in_training = scores(model, x_test[:20])
    assert np.abs(in_training[:2] - scores(model, x_test[:2])).max() > 1e-3, (
        "in training, each image is normalized together with the others of its batch"
    )
    model.eval()
    alone = np.concatenate([scores(model, x_test[n : n + 1]) for n in range(20)])
    np.testing.assert_allclose(alone, scores(model, x_test[:20]), 1e-4, 1e-5)


def test_a_state_brings_back_the_model_and_what_it_remembers(digits):
    x, y, x_test, _ = digits
    model, _ = trained(x, y, 1)
    other = small_cnn(seed=1)
    other.load_state_dict(pickle.loads(pickle.dumps(model.state_dict())))
    for each in (model, other):
        each.eval()
    np.testing.assert_array_equal(
        scores(other, x_test), scores(model, x_test), "weights and running moments are the state"
    )


def test_a_checkpoint_goes_on_to_the_same_bits(digits, tmp_path):
    """Momenta, random order, running moments: all of it is in the file."""
    x, y, *_ = (tensor[:100] for tensor in digits)

    def run(name, *epochs):
        for until in epochs:
            model = small_cnn()
            optimizer = optim.AdamW(model.parameters(), lr=0.02)
            trainer = torch.Trainer(model, optimizer, F.cross_entropy)
            batches = DataLoader(TensorDataset(x, y), 32, shuffle=True)
            trainer.fit(batches, until, checkpoint=tmp_path / name, log=None)
        return model.state_dict()

    whole, resumed = run("whole.npz", 3), run("resumed.npz", 1, 3)
    for name, tensor in whole.items():
        np.testing.assert_array_equal(
            resumed[name].numpy(), tensor.numpy(), f"{name} after a run in two pieces"
        )


def test_gradients_say_what_a_small_step_does(digits):
    """Each parameter moves a little in a direction of its own; the loss follows its gradient."""
    x, y = digits[0][:12].to(torch.float64), digits[1][:12]
    model, rng, eps = small_cnn().double(), np.random.default_rng(5), 1e-6
    F.cross_entropy(model(x), y).backward()
    for name, p in model.named_parameters():
        direction = torch.tensor(rng.normal(size=p.shape))
        losses = []
        for step in (eps, -2 * eps, eps):
            p.detach().add_(direction * step)
            losses.append(F.cross_entropy(model(x), y).item())
        slope = (losses[0] - losses[1]) / (2 * eps)
        told = torch.sum(p.grad * direction).item()
        assert abs(told - slope) < 1e-4 * abs(slope) + 1e-8, f"{name}: {told}, and really {slope}"


def test_a_moved_image_moves_what_is_seen(digits):
    """Convolve, pool and normalize in use: two pixels aside become one, with enough margin."""
    x = digits[0][:5].numpy()
    here, there = np.zeros((2, 5, 1, 20, 20), np.float32)
    here[..., 4:12, 4:12], there[..., 6:14, 2:10] = x, x
    eyes = small_cnn()[:4].eval()
    one, other = (scores(eyes, torch.tensor(images)) for images in (here, there))
    assert one.max() > 0.1, "it should see something"
    np.testing.assert_allclose(other[..., 1:, :-1], one[..., :-1, 1:], 1e-5, 1e-6)
