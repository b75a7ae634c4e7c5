"""1998: convolutions read the digits better than a hidden layer that learns as many numbers."""

import sys

import numpy as np
import tinytorch.core as torch
from drawing import draw
from tinytorch_core.checks import MANY, check_modules
from tinytorch_core.evidence import fault
from tinytorch_core.progress import steps
from tinytorch_core.recipe import ask, digits
from tinytorch_nn.vision.checks import check_convolutions
from tinytorch_nn.vision.networks import RECIPE, convolutional, hidden_layer

STARTS = 10
NETWORKS = {"convolutions": convolutional, "hidden layer": hidden_layer}
MEAN, EACH = 0.98, 0.97
MOVES = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]


def main():
    check_modules(hidden_layer, RECIPE)
    x, y, x_test, y_test = digits()
    x, x_test = x[:, None], x_test[:, None]  # one channel
    check_convolutions(x[:MANY], y[:MANY])
    check_sizes()
    print(
        f"\n{len(x)} images to learn from, {len(x_test)} to be tested on; {STARTS} starts for each"
    )
    print("network, by the same recipe. The first convolutions, epoch by epoch:\n")
    competitors = compete(x, y, x_test, y_test)
    judge(*(np.array([one["shares"] for one in them]) for them in competitors.values()))
    draw(competitors, x_test, y_test.numpy())


def size(model):
    """How many numbers it learns."""
    return sum(parameter.numel() for parameter in model.parameters())


def check_sizes():
    """Neither has an advantage by a unit."""
    convolutions, hidden = size(convolutional(0)), size(hidden_layer(0))
    unit = 64 + 1 + 10  # its weights, its bias, and what goes out from it
    if not convolutions <= hidden < convolutions + unit:
        fault("convolutions", "counting", f"the networks have {convolutions} and {hidden} numbers")
    for what, count in (("the convolutions", convolutions), ("the hidden layer", hidden)):
        print(f"  {what}: {count:,} numbers to learn")


def compete(*data):
    """{name: what each network from each start has learned}"""
    competitors = {name: [] for name in NETWORKS}
    for start in steps(STARTS, "starts"):
        for name, make in NETWORKS.items():
            first = start == 0 and name == "convolutions"
            competitors[name].append(learn(make(start), start, *data, log=print if first else None))
        right = [f"{name} {them[-1]['right']:.1%}" for name, them in competitors.items()]
        print(f"start {start}, right on test images: {', '.join(right)}")
    return competitors


def learn(model, start, x, y, x_test, y_test, log):
    """Train the network. `shares` says how much is right after each of the MOVES."""
    torch.manual_seed(start)  # both see the images in the same order
    history, answers = RECIPE.learn(model, x, y, x_test, y_test, log)
    labels = y_test.numpy()
    shares = [(ask(model, move(x_test, *by)) == labels).mean() for by in MOVES]
    right = (answers == labels).mean()
    return {
        "model": model,
        "history": history,
        "answers": answers,
        "right": right,
        "shares": shares,
    }


def move(images, down, right):
    """Each image by so many pixels. What leaves it is lost."""
    frame = np.pad(images.numpy(), [(0, 0), (0, 0), (1, 1), (1, 1)])
    top, left = 1 - down, 1 - right
    return torch.tensor(np.ascontiguousarray(frame[..., top : top + 8, left : left + 8]))


def judge(convolutions, hidden):
    """End unless convolutions are good, and better than the hidden layer, beyond what chance does."""
    print(f"\nRight on images that they never learned from, over {STARTS} starts:\n")
    print("                       convolutions   hidden layer   difference in points")
    still = MOVES.index((0, 0))
    ours, theirs = convolutions[:, still], hidden[:, still]
    moved = [np.delete(shares, still, 1).mean(1) for shares in (convolutions, hidden)]
    ahead = print_row("on average", ours, theirs), print_row("moved by one pixel", *moved)
    print(f"{'at worst':22} {ours.min():12.1%}   {theirs.min():12.1%}")
    print("\nGive or take: two standard errors of the mean, over pairs that share a start.")
    print_moves(convolutions.mean(0), hidden.mean(0))
    if ours.mean() < MEAN or ours.min() < EACH or not all(ahead):
        sys.exit(
            f"\nThe convolutions should get {MEAN:.0%} right on average, {EACH:.0%} from every start,"
            "\nand be ahead of the hidden layer by more than chance makes. All parts agreed with NumPy,"
            "\nso it is the training: `tito module test` tells more about each module"
        )


def print_row(what, ours, theirs):
    """Print both means, and tell whether ours is ahead by more than two standard errors."""
    gaps = ours - theirs
    error = gaps.std(ddof=1) / len(gaps) ** 0.5
    print(
        f"{what:22} {ours.mean():12.1%}   {theirs.mean():12.1%}"
        f"   {100 * gaps.mean():+.2f}, give or take {200 * error:.2f}"
    )
    return gaps.mean() > 2 * error


def print_moves(convolutions, hidden):
    """Both shares for each move, laid out as the moves go."""
    print("\nMoved one pixel up, down, left, right, or aslant; in the middle not at all:\n")
    print("          convolutions                   hidden layer")
    for row in range(3):
        each = [shares[3 * row : 3 * row + 3] for shares in (convolutions, hidden)]
        left, right = ("  ".join(f"{share:6.1%}" for share in shares) for shares in each)
        print(f"    {left}         {right}")


main()
