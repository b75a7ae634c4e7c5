"""Benchmarking, whole: experiments whose truth is known, and models that were trained and made small."""

import numpy as np
import pytest
import tinytorch.core as torch
from tinytorch import nn, optim
from tinytorch.nn.functional import cross_entropy
from tinytorch.optim.quantization import quantize_dynamic
from tinytorch.profiling import (
    Compare,
    FlopCounterMode,
    SimulatedClock,
    Timer,
    bootstrap,
    draw_front,
    draw_verdicts,
    interleave,
    judge,
    judge_all,
    model_size,
    pareto_front,
)
from tinytorch_core.digits import load_digits, split

REQUIRES = ("losses", "optimizers", "profiling", "quantization", "benchmarking")


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def mlp(width):
    torch.manual_seed(width)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))


@pytest.mark.parametrize("draw", ["exponential", "normal", "lognormal"])
def test_an_interval_holds_about_as_often_as_it_says(draw):
    rng = np.random.default_rng(0)
    truth = np.median(getattr(rng, draw)(size=1_000_001))
    for level, least, most in [(0.5, 0.38, 0.62), (0.95, 0.89, 0.99)]:
        held = 0
        for number in range(200):
            times = getattr(rng, draw)(size=41)
            low, high = bootstrap(times, np.median, 400, level, seeded(number))
            held += low <= truth <= high
        assert least <= held / 200 <= most, f"{held} of 200 intervals at {level} hold"


def test_pairs_find_nothing_where_there_is_nothing_and_blocks_do():
    """On a noisy machine that gets slower, a program is compared with itself."""
    wrong = {"pairs": 0, "one after the other": 0}
    for seed in range(60):
        clock = SimulatedClock(noise=0.03, drift=0.002, generator=seeded(seed))
        same = clock.work(1)
        times = interleave([same, same], 40, timer=clock, generator=seeded(seed))
        options = {"n_resamples": 400, "generator": seeded(seed)}
        wrong["pairs"] += judge(*times.T, **options).faster is not None
        first, second = (interleave([same], 40, timer=clock)[:, 0] for _ in range(2))
        wrong["one after the other"] += judge(first, second, **options).faster == "A"
    assert wrong["pairs"] <= 9, wrong
    assert wrong["one after the other"] >= 55, wrong


def test_a_clock_of_flops_gives_the_ratio_of_flops():
    """Any clock will do: this one counts, so that real models have times that can be computed."""
    x = torch.randn(6, 64)
    models = {f"width {width}": mlp(width) for width in (8, 16, 40)}
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        times = interleave(
            [lambda model=model: model(x) for model in models.values()],
            rounds=9,
            timer=counter.get_total_flops,
        )
        found = Timer(
            "model(x)",
            timer=counter.get_total_flops,
            globals={"model": models["width 16"], "x": x},
            label="FLOPs",
            description="six digits",
        ).timeit(5)
    assert times.tolist() == [[2 * 6 * 74 * width for width in (8, 16, 40)]] * 9
    assert found.median == 2 * 6 * 74 * 16
    double, five = judge_all(times, list(models))
    assert (double.faster, five.faster) == ("width 8", "width 8")
    got = [double.low, double.high, five.low, five.high]
    np.testing.assert_allclose(got, [1 / 2, 1 / 2, 1 / 5, 1 / 5])
    assert str(double).startswith("width 8 is 2.000 times as fast as width 16 (97.5 %: 2.000 to")
    assert f"{found.median:,.1f}" in str(Compare([found]))
    drawn = draw_verdicts([double, five]).splitlines()[2:]
    places = [line.index("●") for line in drawn]
    assert places[1] < places[0] < drawn[0].index("┊"), "slower is further to the left"


def test_real_time_passes_and_nothing_is_said_about_how_much():
    found = Timer("sum(range(50))").blocked_autorange(min_run_time=0.001)
    low, high = bootstrap(found.times, generator=seeded(0))
    assert 0 < low <= found.median <= high
    assert sum(found.raw_times) >= 0.001


def test_small_and_right_models_make_a_front():
    x, y, x_test, y_test = map(torch.tensor, split(*load_digits()))
    models, rng = {}, np.random.default_rng(0)
    for width in (4, 32):
        model = models[f"{width}"] = mlp(width)
        optimizer = optim.AdamW(model.parameters(), lr=0.01)
        for rows in np.array_split(rng.permutation(len(x)), 60) * 4:
            optimizer.zero_grad()
            cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
        models[f"{width} int8"] = quantize_dynamic(model)
    with torch.no_grad():
        right = [(model(x_test).numpy().argmax(1) == y_test.numpy()) for model in models.values()]
    shares, sizes = np.mean(right, 1), [model_size(model).bytes for model in models.values()]
    front = pareto_front(np.column_stack([sizes, shares]), maximize=[1])
    by_hand = [
        not any(
            s <= size and r >= share and (s, r) != (size, share)
            for s, r in zip(sizes, shares, strict=True)
        )
        for size, share in zip(sizes, shares, strict=True)
    ]
    assert front.tolist() == by_hand
    assert front[1], "the smallest of all can't be dominated"
    assert front[2] or front[3], "one of the best stays"
    drawing = draw_front(sizes, shares, models, front).splitlines()
    assert sum("B" in line for line in drawing[:12]) == 1, "the smallest one, as a capital"
    assert drawing[-1] == "a 4, b 4 int8, c 32, d 32 int8"
    low, high = bootstrap(right[2].astype(int) - right[0], np.mean, generator=seeded(1))
    assert 0 < low < high, "32 hidden units read better than four, whichever images one takes"
