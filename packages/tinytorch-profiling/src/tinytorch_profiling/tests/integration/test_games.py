"""The Olympics, whole: intervals that hold, the same questions for all, files, judges, cheats."""

from math import comb
from types import SimpleNamespace

import numpy as np
import pytest
import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch import nn, optim
from tinytorch.data import DataLoader, TensorDataset
from tinytorch.optim.quantization import quantize_dynamic
from tinytorch.profiling import (
    EVENTS,
    Entry,
    Figure,
    fresh,
    geometric_mean,
    leaderboard,
    npz,
    opened,
    places,
    race,
    share_right,
    submission,
    verify,
    wilson,
)
from tinytorch.profiling.olympics import moved, stored, unzipped, zipped
from tinytorch_core.digits import load_digits, split

from tinytorch_profiling.olympics.errors import Refused
from tinytorch_profiling.olympics.inputs import shifted
from tinytorch_profiling.olympics.ranking import places as judged
from tinytorch_profiling.olympics.submission import parse

REQUIRES = (
    "losses", "dataloader", "optimizers", "training", "convolutions", "quantization",
    "benchmarking", "olympics",
)  # fmt: skip

CODE = """
import tinytorch.core as torch
from tinytorch import nn
from tinytorch.optim.quantization import quantize_dynamic

def network():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(128, 10),
    )

def load(weights):
    net = network()
    net = quantize_dynamic(net) if "5.scale" in weights else net
    net.load_state_dict({name: torch.tensor(array) for name, array in weights.items()})
    net.eval()
    return torch.no_grad()(lambda images: net(torch.tensor(images[:, None])))
"""
TABLE = """
import numpy as np

def load(weights):
    pairs = zip(weights["images"], weights["labels"], strict=True)
    known = {image.tobytes(): label for image, label in pairs}
    return lambda images: np.eye(10)[[known.get(image.tobytes(), 0) for image in images]]
"""
EVEN = Figure(1.0, 0.95, 1.05)


@pytest.fixture(scope="module")
def digits():
    return split(*load_digits())


@pytest.fixture(scope="module")
def entries(digits):
    x, y, x_test, y_test = digits
    exec(CODE, names := {})
    torch.manual_seed(1)
    model = names["network"]()
    data = TensorDataset(torch.tensor(x[:, None]), torch.tensor(y))
    optimizer = optim.AdamW(model.parameters(), lr=0.01)
    batches = DataLoader(data, 64, shuffle=True)
    torch.Trainer(model, optimizer, F.cross_entropy).fit(batches, 6, log=None)
    model.eval()
    parts = {
        "float": (CODE, arrays(model)),
        "int8": (CODE, arrays(quantize_dynamic(model))),
        "table": (TABLE, {"images": x_test, "labels": y_test}),
    }
    return {name: Entry("1998_cnn", "smallest", name, {}, *each) for name, each in parts.items()}


def arrays(model):
    return {name: tensor.numpy() for name, tensor in model.state_dict().items()}


def scores(entry):
    exec(entry.code, names := {})
    return names["load"](entry.weights)


def judge(entry, entries, digits):
    first = entries["float"]
    return verify(submission(entry), scores(first), stored(first), *digits[2:], lambda *given: EVEN)


def test_an_interval_holds_as_often_as_it_says():
    """By the probabilities of all outcomes, exactly."""
    for total in (40, 150):
        held = []
        for p in np.linspace(0.02, 0.98, 49):
            ends = [wilson(right, total)[1:] for right in range(total + 1)]
            chance = [comb(total, k) * p**k * (1 - p) ** (total - k) for k in range(total + 1)]
            within = [low <= p <= high for low, high in ends]
            held.append(np.dot(chance, within))
        assert min(held) > 0.89, "for some share, the interval misses too often"
        assert abs(np.mean(held) - 0.95) < 0.01, "on average, it should hold 95 times of 100"


def test_the_ranking_does_not_depend_on_the_baseline():
    needs = np.random.default_rng(2).uniform(0.1, 10, (6, 3))
    orders = set()
    for baseline in needs:
        means = [geometric_mean([Figure(n, n, n) for n in baseline / own]).value for own in needs]
        orders.add(tuple(np.argsort(means).tolist()))
    assert len(orders) == 1


def test_images_move_as_far_as_they_should(digits):
    images = digits[0][:50]
    by = np.random.default_rng(3).uniform(-0.9, 0.9, (50, 1, 1))
    for axis in (1, 2):
        np.testing.assert_allclose(moved(images, by, axis), shifted(images, by, axis), atol=1e-6)
    new = fresh(images, 9)
    assert new.dtype == np.float32
    assert new.min() >= 0
    assert new.max() <= 1
    np.testing.assert_array_equal(new, fresh(images, 9))
    ink = [each.sum((1, 2)) for each in (new, images)]
    assert np.corrcoef(*ink)[0, 1] > 0.9, "they are no longer the same digits"


def test_places_are_those_of_the_official_judge():
    rng = np.random.default_rng(4)
    for _ in range(50):
        results, official = {}, []
        for name in map(str, range(rng.integers(1, 9))):
            low, value, high = np.sort(rng.integers(0, 12, 3)).tolist()
            figure, lost = Figure(value, low, high), rng.choice([0.0, 0.02, 0.03])
            figures = dict.fromkeys(("bytes", "time", "tradeoff"), figure)
            figures |= {"accuracy": Figure(0.9 - lost, low, high), "lost": Figure(lost, lost, lost)}
            results[name] = figures
            best = SimpleNamespace(accuracy=Figure(0.9, 0.9, 0.9))
            official.append(SimpleNamespace(measured=SimpleNamespace(**figures), reference=best))
        for event in EVENTS:
            assert [*places(event, results).values()] == judged(event, official), event.name


def test_the_official_judge_reads_the_same_file(entries, digits):
    for entry in entries.values():
        claims = {"bytes": stored(entry), "accuracy": 0.5}
        data = submission(entry._replace(claims=claims))
        official = parse(data, "the lesson's file")
        assert (official.entry.name, official.entry.claims) == (entry.name, claims)
        assert official.bytes == stored(entry)
        assert judge(entry._replace(claims=claims), entries, digits).refuted == ["accuracy"]


def test_what_comes_out_of_a_file_computes_the_same(entries, digits):
    for entry in entries.values():
        again = opened(submission(entry))
        np.testing.assert_array_equal(
            np.asarray(scores(again)(digits[2])), np.asarray(scores(entry)(digits[2]))
        )
        assert npz(again.weights) == npz(entry.weights)


def test_int8_is_smaller_and_a_table_has_no_place(entries, digits):
    results = {name: judge(entry, entries, digits).figures for name, entry in entries.items()}
    plain = share_right(scores(entries["table"]), *digits[2:])
    assert plain.value == 1, "the table knows every test image"
    assert results["table"]["accuracy"].high < 0.2, "and no other"
    smallest, accurate = EVENTS[0], EVENTS[2]
    assert places(smallest, results) == {"float": 2, "int8": 1, "table": None}
    assert places(accurate, results) == {"float": 1, "int8": 1, "table": None}
    rows = leaderboard(results).splitlines()
    assert [row.split()[0] for row in rows[1:]] == ["int8", "float", "table"]


def test_the_questions_follow_from_the_submission(entries, digits):
    entry = entries["float"]
    one, again = (judge(entry, entries, digits).figures for _ in range(2))
    assert one == again
    asked = []

    def spy(scores, baseline, images):
        asked.append(images)
        return EVEN

    for noise in (0, 1e-7):
        weights = entry.weights | {"5.bias": entry.weights["5.bias"] + np.float32(noise)}
        verify(submission(entry._replace(weights=weights)), scores(entry), 1, *digits[2:], spy)
    assert (asked[0] != asked[1]).any(), "other weights should be asked other questions"


def test_a_forged_file_is_refused_by_both_judges(entries):
    files, other = (unzipped(submission(entries[name])) for name in ("float", "int8"))
    for forged in (
        files | {"weights.npz": other["weights.npz"]},
        files | {"model.py": files["model.py"] + b"#"},
        files | {"../model.py": files["model.py"]},
        {name: files[name] for name in files if name != "model.py"},
    ):
        with pytest.raises(ValueError, match=r"model\.py|weights\.npz"):
            opened(zipped(forged))
        with pytest.raises(Refused):
            parse(zipped(forged), "forged")


def test_a_race_against_oneself_is_a_tie(entries, digits):
    one = scores(entries["float"])
    figure = race(one, one, digits[2][:32], rounds=12)
    assert 0 < figure.low < figure.value < figure.high
    assert figure.high / figure.low > 1.1, "a time is never known better than that"


def test_a_learner_can_go_on_with_what_was_handed_in(entries):
    model = nn.Linear(3, 2)
    data = npz(arrays(model))
    assert data == npz(dict(reversed(arrays(model).items())))
    assert zipped(unzipped(data)) == data
    assert entries["int8"].weights["5.weight"].dtype == np.int8
