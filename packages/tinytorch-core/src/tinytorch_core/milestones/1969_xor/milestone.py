"""1969: no single layer can learn exclusive or, and a hidden layer can, on your own modules."""

import sys
from copy import deepcopy

import numpy as np
import tinytorch.core as torch
import tinytorch.nn.functional as F
from checks import check_modules
from network import CORNERS, XOR, hidden_layer, one_layer, sgd
from proof import prove
from tinytorch_core.pictures import curves, regions, save

STEPS = 300
SEEDS = range(5)


def main():
    prove()
    check_modules()
    print(f"\nTraining, {STEPS} steps each:\n")
    print("              start  loss at first  in the end  right answers  at best")
    lines = [learn("one layer", one_layer(seed), seed) for seed in SEEDS]
    networks = [learn("hidden layer", hidden_layer(seed), seed) for seed in SEEDS]
    judge(lines, networks)
    arrived = [train(hidden_layer(seed, units=2))["right"][-1] == 4 for seed in range(20)]
    print(f"With only two hidden units, {sum(arrived)} of {len(arrived)} starts get there.")
    show(lines[0], networks[0])


def learn(name, model, start):
    """Train it, and tell how that went."""
    run = train(model)
    losses, right = run["losses"], run["right"]
    print(
        f"{name:12}  {start:5}  {losses[0]:13.4f}  {losses[-1]:10.4f}"
        f"  {right[-1] / 4:13.0%}  {max(right) / 4:7.0%}"
    )
    return run


def train(model):
    """Each step's loss and number of right answers; the model at its best, and as it ended."""
    optimizer, losses, right, best = sgd(model), [], [], None
    x, t = torch.tensor(CORNERS), torch.tensor(XOR)
    for _ in range(STEPS):
        optimizer.zero_grad()
        score = model(x)
        right.append(int(((score.detach().numpy() > 0) == (XOR > 0)).sum()))
        if right[-1] > max(right[:-1], default=-1):
            best = deepcopy(model)
        loss = F.binary_cross_entropy_with_logits(score, t)
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
    return {"losses": losses, "right": right, "best": best, "last": model}


def judge(lines, networks):
    """End unless the lines did what was proved, and the networks what they can."""
    if max(max(run["right"]) for run in lines) > 3:
        sys.exit("\na single layer got all four right: nn.Linear, of module 'layers', isn't linear")
    if min(run["right"][-1] for run in networks) < 4:
        sys.exit(
            "\na hidden layer did not learn all four answers, although all parts agreed with NumPy:"
            "\n`tito module test` tells more about each of them"
        )
    print(f"\nA coin has the loss ln 2 = {np.log(2):.4f}, and a single layer ends as one.")
    print("With a hidden layer, all answers are right, from every start.")


def show(line, network):
    """What each of them says all over the plane, and how the loss fell."""
    pictures = {
        "one-layer": regions(chance_of(line["best"]), CORNERS, XOR, "one layer, at its best"),
        "hidden-layer": regions(chance_of(network["last"]), CORNERS, XOR, "with a hidden layer"),
        "loss": curves(
            {"one layer": line["losses"], "hidden layer": network["losses"]},
            "the loss of exclusive or",
            "step",
            "binary cross-entropy",
        ),
    }
    save(pictures)


def chance_of(model):
    """How likely a yes is at each position, says the model."""

    def chance(positions):
        with torch.no_grad():
            return F.sigmoid(model(torch.tensor(positions.astype(np.float32)))).numpy()

    return chance


main()
