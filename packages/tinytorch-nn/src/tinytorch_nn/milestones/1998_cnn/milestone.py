"""1998: convolutions read the digits better than a hidden layer that learns as many numbers."""

import sys
from pathlib import Path

import numpy as np
import tinytorch.core as torch
from checks import check_convolutions
from networks import RECIPE, convolutional, hidden_layer
from tinytorch_core.checks import MANY, check_modules
from tinytorch_core.pictures import confusion, curves, gallery
from tinytorch_core.progress import steps
from tinytorch_core.recipe import ask, digits

STARTS = 10
NETWORKS = {"convolutions": convolutional, "hidden layer": hidden_layer}
MEAN, EACH = 0.98, 0.97
MOVES = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]


def main():
    x, y, x_test, y_test = digits()
    check_modules(hidden_layer, RECIPE)
    x, x_test = x[:, None], x_test[:, None]  # one channel
    check_convolutions(x[:MANY], y[:MANY])
    print(
        f"\n{len(x)} images to learn from, {len(x_test)} to be tested on; {STARTS} starts for each"
    )
    print("network, by the same recipe. The first convolutions, epoch by epoch:\n")
    competitors = compete(x, y, x_test, y_test)
    judge(*(right(them, y_test.numpy()) for them in competitors.values()))
    show(competitors, x_test, y_test.numpy())


def compete(*data):
    """{name: what each network from each start has learned}"""
    competitors = {name: [] for name in NETWORKS}

    def tell():
        return ", ".join(
            f"{name} {np.mean([one['share'] for one in them]):.1%}"
            for name, them in competitors.items()
        )

    for start in steps(STARTS, "starts", tell):
        for name, make in NETWORKS.items():
            log = print if not competitors[name] and name == "convolutions" else None
            competitors[name].append(learn(make(start), start, *data, log=log))
        shares = [f"{name} {them[-1]['share']:.1%}" for name, them in competitors.items()]
        print(f"start {start}, right on test images: {', '.join(shares)}")
    return competitors


def learn(model, start, x, y, x_test, y_test, log):
    torch.manual_seed(start)  # both see the images in the same order
    history, answers = RECIPE.learn(model, x, y, x_test, y_test, log)
    moved = [ask(model, move(x_test, *by)) for by in MOVES]
    share = (answers == y_test.numpy()).mean()
    return {"model": model, "history": history, "moved": moved, "share": share}


def move(images, down, right):
    """Each image by so many pixels. What leaves it is lost."""
    frame = np.pad(images.numpy(), [(0, 0), (0, 0), (1, 1), (1, 1)])
    top, left = 1 - down, 1 - right
    return torch.tensor(np.ascontiguousarray(frame[..., top : top + 8, left : left + 8]))


def right(them, labels):
    """Which share is right, for each start and each of the MOVES: (STARTS, 9)."""
    return np.array([[(answers == labels).mean() for answers in one["moved"]] for one in them])


def judge(convolutions, hidden):
    """End unless convolutions are good, and better than the hidden layer, beyond what chance does."""
    still = MOVES.index((0, 0))
    away = [number for number in range(len(MOVES)) if number != still]
    print(f"\nRight on images that they never learned from, over {STARTS} starts:\n")
    print("                       convolutions   hidden layer   difference in points")
    rows = {
        "on average": (convolutions[:, still], hidden[:, still]),
        "moved by one pixel": (convolutions[:, away].mean(1), hidden[:, away].mean(1)),
    }
    ahead = []
    for what, (ours, theirs) in rows.items():
        gaps = ours - theirs
        error = gaps.std(ddof=1) / len(gaps) ** 0.5
        ahead.append(gaps.mean() > 2 * error)
        print(
            f"{what:22} {ours.mean():12.1%}   {theirs.mean():12.1%}"
            f"   {100 * gaps.mean():+.2f}, give or take {200 * error:.2f}"
        )
    ours, theirs = rows["on average"]
    print(f"{'at worst':22} {ours.min():12.1%}   {theirs.min():12.1%}")
    print("\nGive or take: two standard errors of the mean over pairs that share a start.")
    show_moves(convolutions.mean(0), hidden.mean(0))
    if ours.mean() < MEAN or ours.min() < EACH or not all(ahead):
        sys.exit(
            f"\nThe convolutions should get {MEAN:.0%} right on average, {EACH:.0%} from every start,"
            "\nand be ahead of the hidden layer by more than chance makes. All parts agreed with NumPy,"
            "\nso it is the training: `tito module test` tells more about each module"
        )


def show_moves(convolutions, hidden):
    """Both shares for each move, laid out as the moves go."""
    print("\nMoved one pixel up, down, left, right, or aslant; in the middle not at all:\n")
    print("          convolutions                   hidden layer")
    for row in range(3):
        each = [shares[3 * row : 3 * row + 3] for shares in (convolutions, hidden)]
        left, right = ("  ".join(f"{share:6.1%}" for share in shares) for shares in each)
        print(f"    {left}         {right}")


def show(competitors, images, labels):
    """How the losses fell, what the kernels are and see, and what stays hard."""
    convolutions = competitors["convolutions"]
    still = MOVES.index((0, 0))
    answers = np.array([one["moved"][still] for one in convolutions])
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (np.broadcast_to(labels, answers.shape), answers), 1)
    first = convolutions[0]["model"]
    pictures = {
        "loss": losses(competitors),
        "filters": filters(first),
        "feature-maps": feature_maps(first, images[labels == 7][:1]),
        "confusion": confusion(counts, f"convolutions, {STARTS} starts together"),
    }
    times = (answers != labels).sum(0)
    if times.any():
        hard = np.argsort(-times, kind="stable")[: min(16, np.count_nonzero(times))]
        words = [f"{labels[i]}: {times[i]} of {STARTS}" for i in hard]
        pictures["mistakes"] = gallery(
            images.numpy()[hard, 0], "how many starts get it wrong", words
        )
    for name, picture in pictures.items():
        Path(f"{name}.svg").write_text(picture, encoding="utf-8")
    print(f"\nLook at {', '.join(f'{name}.svg' for name in pictures)}.")


def losses(competitors):
    """The mean over all starts, epoch by epoch."""
    lines = {}
    for name, them in competitors.items():
        for key, which in (("loss", "learned"), ("val_loss", "test")):
            values = [[row[key] for row in one["history"]] for one in them]
            lines[f"{name}, {which}"] = np.mean(values, 0)
    return curves(lines, f"the loss, mean of {STARTS} starts", "epoch", "cross-entropy")


def filters(model):
    kernels = model[0].weight.detach().numpy()[:, 0]
    title = "the kernels of the first layer: red wants ink, blue does not"
    return gallery(kernels, title, [str(number) for number in range(1, 17)], pixel=20)


def feature_maps(model, image):
    """One image, and what is left of it after each kernel, normalization and ReLU."""
    model.eval()
    with torch.no_grad():
        maps = model[2](model[1](model[0](image))).numpy()[0]
    words = ["the image", *(f"kernel {number}" for number in range(1, 17))]
    title = "where each kernel of the first layer finds what it looks for"
    return gallery(np.concatenate([image.numpy()[0], maps]), title, words, columns=6)


main()
