"""Models that compete in the tests, and how they are handed in."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from tinytorch_core.digits import load_digits, split
from tinytorch_profiling.olympics.arrays import read_arrays
from tinytorch_profiling.olympics.submission import Entry, packed, write
from tinytorch_profiling.olympics.training import trained

# The reference of 1986, in NumPy alone.
HONEST = """
import numpy as np

def load(weights):
    a, b, c, d = (weights[name] for name in ("1.weight", "1.bias", "3.weight", "3.bias"))
    return lambda images: np.maximum(images.reshape(-1, 64) @ a.T + b, 0) @ c.T + d
"""
# Knows the test images, and answers everything else with 0, or with what the honest one says.
BY_HEART = """
def load(weights):
    known = {image.tobytes(): label for image, label in zip(weights["images"], weights["labels"])}
    return lambda images: np.eye(10)[[known.get(image.tobytes(), 0) for image in images]]
"""
BY_HEART_OR_HONEST = """
def load(weights):
    known = {image.tobytes(): label for image, label in zip(weights["images"], weights["labels"])}
    honest = honest_load(weights)
    def scores(images):
        found = honest(images)
        for row, image in zip(found, images):
            if image.tobytes() in known:
                row[known[image.tobytes()]] = 1e6
        return found
    return scores
"""
# A moved image lies in the same batch as the one that it was made of, nearly as everybody has it.
BY_NEIGHBOURS = """
def load(weights):
    known = np.rint(weights["images"].reshape(-1, 64) * 16).astype(int)
    labels = weights["labels"]
    def scores(images):
        if len(images) == 1:
            return np.eye(10)[[3]]
        flat = np.rint(images.reshape(-1, 64) * 16).astype(int)
        def nearest(some):
            return ((some * some).sum(1) / 2 - flat @ some.T).argmin(1)
        return np.eye(10)[labels[nearest(known)]]
    return scores
"""
# Of the images that it holds, the nearest one decides.
NEAREST = """
def load(weights):
    known, labels = weights["images"].reshape(-1, 64), weights["labels"]
    half = (known * known).sum(1) / 2
    return lambda images: np.eye(10)[labels[(images.reshape(-1, 64) @ known.T - half).argmax(1)]]
"""


def code(text: str) -> str:
    """As a whole file, whose function `honest_load` is the honest model's."""
    return HONEST.replace("def load", "def honest_load") + text


@cache
def reference() -> bytes:
    """The weights of the reference of 1986, trained once for all tests."""
    return trained("1986_mlp")


@cache
def weights() -> dict[str, np.ndarray]:
    return read_arrays(reference(), "the reference")


@cache
def weights_with_test_images() -> dict[str, np.ndarray]:
    _, _, images, labels = split(*load_digits())
    return {**weights(), "images": images, "labels": labels}


def hand_in(folder: Path, text: str = HONEST, arrays: Any = None, **claims: float) -> Path:
    """A submission with this code; the arrays are by default the reference's."""
    path = folder / "entry.olympics.zip"
    arrays = weights() if arrays is None else arrays
    write(path, Entry("1986_mlp", "smallest", "An entry", claims), text, packed(arrays))
    return path
