"""The pictures: what each entry costs and keeps, and how long one more token takes."""

import numpy as np
import tinytorch.core as torch
from audit import stored
from tinytorch.profiling import bootstrap, pareto_front
from tinytorch_core.evidence import compare
from tinytorch_core.pictures import curves, save, tradeoff


def draw(results, waits):
    """results: {task: (models, right, times of answering all at once)}."""
    pictures = {}
    for task, (models, right, times) in results.items():
        torch.manual_seed(0)
        wrong = {name: in_percent(truths) for name, truths in right.items()}
        sizes = {name: [stored(model)] * 3 for name, model in models.items()}
        waits_for_all = {
            name: with_ends(times[:, place] * 1e6) for place, name in enumerate(models)
        }
        for what, costs, across in (
            ("size", sizes, "bytes, as stored"),
            ("time", waits_for_all, "µs for all test images"),
        ):
            front = unbeaten({name: (costs[name][0], wrong[name][0]) for name in models})
            both = {name: (costs[name], wrong[name]) for name in models}
            title = f"{task}: what mistakes cost in {what}, and what nothing beats"
            pictures[f"{task.replace(' ', '-')}-{what}"] = tradeoff(
                both, front, title, across, "% of answers wrong"
            )
        all_three = {
            name: (sizes[name][0], waits_for_all[name][0], wrong[name][0]) for name in models
        }
        words = "; ".join(unbeaten(all_three))
        print(f"\n{task.capitalize()}, bytes, time and mistakes together: nothing beats {words}.")
    pictures["cache"] = curves(
        waits, "how long one more token takes", "tokens before it, in fours", "µs"
    )
    save(pictures)


def in_percent(truths):
    """(wrong answers in percent, low, high), of truths (starts, images): images are drawn anew."""
    wrong = 100 * (1 - truths.mean(0))
    return wrong.mean(), *bootstrap(wrong, np.mean)


def with_ends(values):
    return np.median(values), *bootstrap(values)


def unbeaten(points):
    """The names of points, {name: numbers of which less is better}, that no other one beats."""
    rows = np.array([*points.values()])
    front = pareto_front(rows)
    beaten = [any((o <= r).all() and (o < r).any() for o in rows) for r in rows]
    compare("benchmarking", "the Pareto front", front * 1, np.logical_not(beaten) * 1, 0)
    return [name for name, kept in zip(points, front, strict=True) if kept]
