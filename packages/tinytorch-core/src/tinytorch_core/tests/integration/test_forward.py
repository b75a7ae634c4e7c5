"""A small network, from its input to its loss, gives what plain NumPy gives."""

import numpy as np
import pytest
import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch import nn

REQUIRES = ("tensor", "activations", "layers", "losses")

INPUT = np.random.default_rng(7).standard_normal((5, 3, 2))
LABELS = np.array([0, 3, 1, 1, 2])


def network():
    """Pictures of 3×2 pixels in, four scores out, everything in float64."""
    torch.manual_seed(1)
    layers = [nn.Flatten(), nn.Linear(6, 8), nn.GELU(), nn.Dropout(0.5), nn.Linear(8, 4)]
    return nn.Sequential(*layers).double()


def by_hand(model):
    """The network's scores, computed from its parameters without a line of tinytorch."""
    weight1, bias1, weight2, bias2 = (p.detach().numpy() for p in model.parameters())
    hidden = INPUT.reshape(5, 6) @ weight1.T + bias1
    # Φ(x), the bell curve's area to the left of x, summed up with the trapezoid rule.
    grid = np.linspace(-12, 12, 200_001)
    bell = np.exp(-grid * grid / 2) / np.sqrt(2 * np.pi)
    steps = (bell[1:] + bell[:-1]) / 2 * (grid[1] - grid[0])
    area = np.interp(hidden, grid, np.concatenate([[0], np.cumsum(steps)]))
    return hidden * area @ weight2.T + bias2


def by_hand_log_softmax(scores):
    return scores - np.log(np.exp(scores).sum(1, keepdims=True))


def close(got, expected, what):
    got = got.detach().numpy()
    assert got.shape == np.shape(expected), f"{what} has the shape {got.shape}"
    worst = np.max(np.abs(got - expected))
    assert worst < 1e-8, f"{what} is off by up to {worst:.3g} from the same thing in NumPy"


def test_scores_are_what_numpy_computes():
    model = network().eval()
    close(model(torch.tensor(INPUT)), by_hand(model), "what Flatten, Linear and GELU make together")


def test_probabilities_are_what_numpy_computes():
    model = network().eval()
    expected = np.exp(by_hand_log_softmax(by_hand(model)))
    close(F.softmax(model(torch.tensor(INPUT)), 1), expected, "softmax of the network's scores")


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_cross_entropy_of_the_scores(reduction):
    model = network().eval()
    losses = -by_hand_log_softmax(by_hand(model))[np.arange(5), LABELS]
    expected = {"mean": losses.mean(), "sum": losses.sum(), "none": losses}[reduction]
    got = nn.CrossEntropyLoss(reduction=reduction)(model(torch.tensor(INPUT)), torch.tensor(LABELS))
    close(got, expected, f"cross-entropy with reduction={reduction!r}")


def test_three_ways_to_one_loss():
    """Cross-entropy, nll of log-softmax, and the labels' own entries of log-softmax."""
    scores, labels = network().eval()(torch.tensor(INPUT)), torch.tensor(LABELS)
    expected = F.cross_entropy(scores, labels).item()
    logs = F.log_softmax(scores, 1)
    two_steps = F.nll_loss(logs, labels).item()
    assert two_steps == pytest.approx(expected), "nll_loss of log_softmax is another loss"
    picked = -(logs * torch.tensor(np.eye(4)[LABELS])).sum(1).mean().item()
    assert picked == pytest.approx(expected), "the labels' entries of log_softmax, averaged"


def test_a_neuron_that_says_yes_or_no():
    """sigmoid and its loss in two steps, in one stable step, and in NumPy."""
    model = nn.Linear(6, 1).double()
    weight, bias = (p.detach().numpy() for p in model.parameters())
    flat, yes = INPUT.reshape(5, 6), LABELS[:, None] % 2.0
    scores = flat @ weight.T + bias
    losses = np.log1p(np.exp(scores)) - yes * scores
    got = model(torch.tensor(flat))
    stable = F.binary_cross_entropy_with_logits(got, torch.tensor(yes))
    close(stable, losses.mean(), "binary_cross_entropy_with_logits of a Linear")
    close(F.binary_cross_entropy(torch.sigmoid(got), torch.tensor(yes)), losses.mean(),
          "binary_cross_entropy of sigmoid of a Linear")  # fmt: skip


def test_dropout_acts_in_training_and_never_after_eval():
    model, x = network(), torch.tensor(INPUT)
    calm = model.eval()(x).tolist()
    assert model(x).tolist() == calm, "after eval() two calls give two results"
    torch.manual_seed(3)
    first = model.train()(x).tolist()
    assert first != calm, "after train() dropout has dropped nothing"
    torch.manual_seed(3)
    assert model(x).tolist() == first, "the same seed drops other neurons"


def test_large_scores_overflow_nowhere():
    scores, labels = torch.tensor([[1e4, -1e4, 0.0]]), torch.tensor([1])
    assert F.cross_entropy(scores, labels).item() == 2e4, "the loss of large scores is not exact"
    assert F.softmax(scores, 1).tolist() == [[1.0, 0.0, 0.0]], "softmax of large scores"
