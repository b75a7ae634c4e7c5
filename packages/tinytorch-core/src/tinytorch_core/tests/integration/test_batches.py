"""What a loader hands out in batches is the data set, no more and no less, and a network can eat it."""

import numpy as np
import pytest
import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch import nn
from tinytorch.data import DataLoader, TensorDataset, random_split

REQUIRES = ("tensor", "activations", "layers", "losses", "dataloader")

RANDOM = np.random.default_rng(11)
PICTURES = RANDOM.standard_normal((23, 2, 3))
LABELS = RANDOM.integers(0, 4, 23)


def dataset():
    return TensorDataset(torch.tensor(PICTURES), torch.tensor(LABELS))


def model():
    torch.manual_seed(1)
    layers = [nn.Flatten(), nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 4)]
    return nn.Sequential(*layers).double()


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("size", [1, 5, 23, 50])
def test_the_loss_of_an_epoch_is_that_of_the_whole_set(size, shuffle):
    network = model()
    whole = F.cross_entropy(network(torch.tensor(PICTURES)), torch.tensor(LABELS)).item()
    torch.manual_seed(2)
    total = 0.0
    for pictures, labels in DataLoader(dataset(), batch_size=size, shuffle=shuffle):
        total += F.cross_entropy(network(pictures), labels, reduction="sum").item()
    assert total / 23 == pytest.approx(whole), "an epoch in batches is not the whole set, each once"


def test_a_seed_fixes_the_order_of_an_epoch_and_the_next_has_another():
    loader = DataLoader(dataset(), batch_size=4, shuffle=True)

    def epoch():
        return [label for _, labels in loader for label in labels.tolist()]

    torch.manual_seed(3)
    first, second = epoch(), epoch()
    torch.manual_seed(3)
    assert epoch() == first, "the same seed gives another order"
    assert second != first, "two epochs come in one order"
    assert sorted(first) == sorted(LABELS.tolist()), "shuffling lost or doubled a sample"


def test_a_split_shares_the_set_out_without_overlap():
    parts = random_split(dataset(), [15, 8])
    seen = [float(picture[0, 0]) for part in parts for picture, _ in part]
    assert [len(part) for part in parts] == [15, 8], "the parts have other lengths"
    assert sorted(seen) == sorted(PICTURES[:, 0, 0].tolist()), "the parts are not the whole set"
