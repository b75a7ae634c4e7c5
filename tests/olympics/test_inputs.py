"""Nudged and fresh images are images of the same digits, and never the same images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tinytorch_profiling.olympics.errors import Refused
from tinytorch_profiling.olympics.inputs import (
    NUDGES,
    SHIFT,
    fresh,
    nudged,
    read_images,
    shifted,
)
from tinytorch_profiling.olympics.inputs import (
    test_images as the_test_images,
)


def both() -> list[tuple[str, np.ndarray, np.ndarray]]:
    images, _ = the_test_images()
    random = np.random.default_rng(0)
    return [("nudged", images, nudged(images, random)), ("fresh", images, fresh(images, random))]


def test_they_are_on_the_grid_of_the_data() -> None:
    for name, images, made in both():
        assert (made.dtype, made.shape) == (images.dtype, images.shape), name
        assert 0 <= made.min() <= made.max() <= 1, name
        assert np.array_equal(made * 16, np.rint(made * 16)), name


def test_none_of_them_is_an_image_that_anybody_has() -> None:
    for name, images, made in both():
        known = {image.tobytes() for image in images}
        assert not known & {image.tobytes() for image in made}, name


def test_nudged_ones_differ_in_a_few_pixels_by_one_step() -> None:
    _, images, made = both()[0]
    steps = np.rint((made - images) * 16)
    assert set(np.unique(steps)) <= {-1, 0, 1}
    assert set((steps != 0).reshape(len(steps), -1).sum(1)) == {NUDGES}


def test_a_shift_is_that_of_a_mixture_of_neighbours() -> None:
    row = np.arange(8.0)[None, None, :].repeat(8, 1)
    right = shifted(row, np.full((1, 1, 1), 0.25), 2)[0, 0]
    assert np.allclose(right, [0, *(np.arange(1, 8) - 0.25)])
    left = shifted(row, np.full((1, 1, 1), -0.25), 2)[0, 0]
    assert np.allclose(left, [*(np.arange(7) + 0.25), 7 * 0.75])
    assert np.allclose(shifted(row.swapaxes(1, 2), np.full((1, 1, 1), 0.25), 1)[0, :, 0], right)


def test_fresh_ones_are_moved_in_all_directions_and_differ_each_time() -> None:
    dot = np.zeros((4000, 8, 8), np.float32)
    dot[:, 4, 4] = 1
    random = np.random.default_rng(0)
    made = fresh(dot, random)
    sides = [made[:, 4, 3], made[:, 4, 5], made[:, 3, 4], made[:, 5, 4]]
    # Half of them go to each side, by half of the largest shift on average; a corner takes its part.
    expected = SHIFT / 4 * (1 - SHIFT / 2)
    for side in sides:
        assert side.mean() == pytest.approx(expected, abs=0.02)
        assert 0.9 * SHIFT < np.quantile(side, 0.99) < SHIFT + 0.1
    assert not np.array_equal(made, fresh(dot, random))


def test_a_verifiers_own_images_are_read(tmp_path: Path) -> None:
    file = tmp_path / "own.npz"
    given = np.random.default_rng(0).integers(0, 17, (5, 8, 8)).astype(np.uint8)
    np.savez(file, images=given, labels=np.arange(5, dtype=np.uint8))
    images, labels = read_images(file)
    assert np.array_equal(images * 16, given)
    assert (images.dtype, labels.dtype) == (np.float32, np.int64)


@pytest.mark.parametrize(
    ("images", "labels", "said"),
    [
        (np.ones((2, 8, 8)) * 9, np.arange(3), "no images"),
        (np.ones((2, 64)) * 9, np.arange(2), "no images"),
        (np.ones((2, 8, 8)) * 9, np.arange(2) + 9, "labels not 0 to 9"),
        (np.ones((2, 8, 8)) * 17, np.arange(2), "not 0 to 16"),
        (np.ones((2, 8, 8)) * 0.5, np.arange(2), "not 0 to 16"),
        (np.ones((2, 8, 8)), np.arange(2), "not 0 to 16"),
    ],
)
def test_images_that_do_not_fit_are_refused(
    images: np.ndarray, labels: np.ndarray, said: str, tmp_path: Path
) -> None:
    np.savez(tmp_path / "own.npz", images=images, labels=labels)
    with pytest.raises(Refused, match=said):
        read_images(tmp_path / "own.npz")
