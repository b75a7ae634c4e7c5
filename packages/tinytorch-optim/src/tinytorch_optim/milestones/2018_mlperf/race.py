"""How long answers take, measured in turns; and which entries nothing else beats."""

import numpy as np
import tinytorch.core as torch
from tinytorch.profiling import draw_verdicts, interleave, judge_all, peak_memory
from tinytorch_core.evidence import compare
from tinytorch_core.recipe import ask

ROUNDS = 40
SCENARIOS = {"one image at a time": (1, 40), "all test images at once": (None, 2)}  # calls a round


def race(task, models):
    """Say what can be said of times. Those of the last scenario, (rounds, models), in seconds."""
    _, _, x_test, _ = task.data()
    torch.manual_seed(0)
    for scenario, (images, number) in SCENARIOS.items():
        x = x_test[:images]
        calls = [lambda model=model, x=x: ask(model, x) for model in models.values()]
        times = interleave(calls, ROUNDS, 3, number)
        verdicts = judge_all(times, list(models))
        check_verdicts(verdicts, times)
        print(f"\n{task.name.capitalize()}, {scenario}; the whole one: {spread(times[:, 0])}\n")
        for verdict in verdicts:
            print(f"  {verdict}")
        print("\n" + draw_verdicts(verdicts))
    needs = {name: peak_memory(lambda model=model: ask(model, x)) for name, model in models.items()}
    print("\nBytes that it takes at most to answer all at once:")
    print("  " + "; ".join(f"{name} {need:,}" for name, need in needs.items()))
    return times


def check_verdicts(verdicts, times):
    """They are of pairs: each time over that of the first one in the same round."""
    middle = np.exp(np.median(np.log(times[:, :1] / times[:, 1:]), 0))
    found = [verdict.ratio for verdict in verdicts]
    compare("benchmarking", "how many times as fast", found, middle)
    for verdict, ratio in zip(verdicts, middle, strict=True):
        compare("benchmarking", "an interval", int(verdict.low <= ratio <= verdict.high), 1, 0)


def spread(times):
    low, middle, high = np.quantile(times, (0.25, 0.5, 0.75)) * 1e6
    return f"{middle:.0f} µs, the middle half {low:.0f} to {high:.0f}"
