"""The pictures: how the losses fell, what the kernels are and see, and what stays hard."""

import numpy as np
import tinytorch.core as torch
from tinytorch_core.pictures import confusion, counted, curves, gallery, save


def draw(competitors, images, labels):
    convolutions = competitors["convolutions"]
    answers = np.array([one["answers"] for one in convolutions])
    first, starts = convolutions[0]["model"].eval(), len(convolutions)
    pictures = {
        "loss": losses(competitors),
        "filters": filters(first),
        "feature-maps": feature_maps(first, images[labels == 7][:1]),
        "confusion": confusion(counted(labels, answers), f"convolutions, {starts} starts together"),
    }
    if (answers != labels).any():
        pictures["mistakes"] = mistakes(answers, images.numpy()[:, 0], labels)
    save(pictures)


def losses(competitors):
    """The mean over all starts, epoch by epoch."""
    lines = {}
    for name, them in competitors.items():
        for key, which in (("loss", "learned"), ("val_loss", "test")):
            values = [[row[key] for row in one["history"]] for one in them]
            lines[f"{name}, {which}"] = np.mean(values, 0)
    return curves(lines, f"the loss, mean of {len(them)} starts", "epoch", "cross-entropy")


def filters(model):
    kernels = model[0].weight.detach().numpy()[:, 0]
    title = "the kernels of the first layer: red wants ink, blue does not"
    return gallery(kernels, title, [str(number) for number in range(1, 17)], pixel=20)


def feature_maps(model, image):
    """One image, and what is left of it after each kernel, normalization and ReLU."""
    with torch.no_grad():
        maps = model[:3](image).numpy()[0]
    words = ["the image", *(f"kernel {number}" for number in range(1, 17))]
    title = "where each kernel of the first layer finds what it looks for"
    return gallery(np.concatenate([image.numpy()[0], maps]), title, words, columns=6)


def mistakes(answers, images, labels):
    """The images that are missed most often."""
    times = (answers != labels).sum(0)
    hard = np.argsort(-times, kind="stable")[: min(16, np.count_nonzero(times))]
    words = [f"{labels[i]}: {times[i]} of {len(answers)}" for i in hard]
    return gallery(images[hard], "how many starts get it wrong", words)
