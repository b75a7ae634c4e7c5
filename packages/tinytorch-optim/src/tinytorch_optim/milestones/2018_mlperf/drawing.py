"""The pictures: what each entry costs and keeps, and how long one more token takes."""

import numpy as np
import tinytorch.core as torch
from audit import stored
from contest import lost
from tinytorch.profiling import bootstrap, pareto_front
from tinytorch_core.evidence import compare
from tinytorch_core.pictures import curves, save, tradeoff


def draw(results, waits):
    """results: {task: (models, right, times of answering all at once)}."""
    pictures = {}
    for task, (models, right, times) in results.items():
        torch.manual_seed(0)
        losses = {name: lost(right, name, "whole") for name in models}
        costs = {
            "bytes, as stored": {name: [stored(model)] * 3 for name, model in models.items()},
            "µs for all test images": {
                name: with_ends(column * 1e6) for name, column in zip(models, times.T, strict=True)
            },
        }
        for what, (across, paid) in zip(("size", "time"), costs.items(), strict=True):
            points = {name: (paid[name], losses[name]) for name in models}
            title = f"{task}: what is lost, by {what}; the line joins what nothing beats"
            front = unbeaten({name: (paid[name][0], losses[name][0]) for name in models})
            picture = tradeoff(points, front, title, across, "right answers lost, of 100")
            pictures[f"{task.replace(' ', '-')}-{what}"] = picture
        numbers = {
            name: (losses[name][0], *(paid[name][0] for paid in costs.values())) for name in models
        }
        words = "; ".join(unbeaten(numbers))
        print(
            f"\n{task.capitalize()}, in bytes, time and answers together, nothing beats: {words}."
        )
    pictures["cache"] = curves(waits, "how long one more token takes", "tokens before it", "µs")
    save(pictures)


def with_ends(values):
    return np.median(values), *bootstrap(values)


def unbeaten(points):
    """The names of points, {name: numbers of which less is better}, that no other one beats."""
    rows = np.array([*points.values()])
    front = pareto_front(rows)
    beaten = [any((o <= r).all() and (o < r).any() for o in rows) for r in rows]
    compare("benchmarking", "the Pareto front", front * 1, np.logical_not(beaten) * 1, 0)
    return [name for name, kept in zip(points, front, strict=True) if kept]
