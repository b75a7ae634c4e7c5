"""The test images in three versions: plain as everybody has them, nudged, and fresh.

Whoever looks the plain ones up finds no nudged one, although no reader of digits would notice a
difference; a fresh one is moved and noisy, so that it is nearly an image that nobody has seen.
All of them lie on the grid of the data: multiples of 1/16 from 0 to 1.
"""

import numpy as np
from tinytorch_core.digits import load_digits, split

from tinytorch_profiling.olympics.arrays import read_arrays
from tinytorch_profiling.olympics.errors import refused
from tinytorch_profiling.olympics.submission import contents

STEPS = 16
NUDGES = 6  # pixels, by one step
SHIFT = 0.25  # of a pixel, at most, along each axis
NOISE = 0.03  # standard deviation


def training_images():
    """(images, labels): those that every model may learn from."""
    return split(*load_digits())[:2]


def test_images():
    """(images, labels): those that no model may have learned from."""
    return split(*load_digits())[2:]


def read_images(path):
    """(images, labels) from an .npz file with `images`, (N, 8, 8), whole numbers from 0 to 16, and
    `labels`, (N,), from 0 to 9: those of a verifier who has some that nobody else knows."""
    arrays = read_arrays(contents(path), path)
    images, labels = arrays.get("images"), arrays.get("labels")
    if images is None or labels is None or images.shape != (len(labels), 8, 8) or not len(labels):
        raise refused("it has no images (N, 8, 8) with labels (N,)", path, "write both by np.savez")
    known = set(range(STEPS + 1)), set(range(10))
    if not set(images.flat) <= known[0] or images.max() <= 1 or not set(labels.flat) <= known[1]:
        raise refused("its images are not 0 to 16, or its labels not 0 to 9", path, "mend that")
    return images.astype(np.float32) / STEPS, labels.astype(np.int64)


def nudged(images, random):
    """A few pixels of each image one step brighter, or darker where they were white."""
    flat = images.reshape(len(images), -1).copy()
    which = random.random(flat.shape).argsort(1)[:, :NUDGES]
    rows = np.arange(len(flat))[:, None]
    flat[rows, which] += np.where(flat[rows, which] < 1, 1, -1).astype(np.float32) / STEPS
    return flat.reshape(images.shape)


def fresh(images, random):
    """Each image moved by a part of a pixel, in a direction of its own, and noise in every pixel."""
    down, right = random.uniform(-SHIFT, SHIFT, (2, len(images), 1, 1))
    moved = shifted(shifted(images, down, 1), right, 2)
    return on_grid(moved + random.normal(0, NOISE, images.shape))


def shifted(images, by, axis):
    """Moved along the axis by less than one pixel: a mixture of each pixel and its neighbour."""
    padding = [(0, 0), (0, 0), (0, 0)]
    padding[axis] = (1, 1)
    wide = np.pad(images, padding)
    before, after = (np.take(wide, range(start, start + 8), axis) for start in (0, 2))
    return images * (1 - abs(by)) + np.where(by > 0, before, after) * abs(by)


def on_grid(images):
    return (np.clip(np.round(images * STEPS), 0, STEPS) / STEPS).astype(np.float32)
