"""The digits that ship with this tier, ready for a milestone."""

from pathlib import Path

import numpy as np

FILE = Path(__file__).parent / "data" / "digits.npz"


def load_digits():
    """images: float32 (1797, 8, 8) with values from 0 to 1; labels: int64 (1797,)."""
    with np.load(FILE, allow_pickle=False) as data:
        return data["images"].astype(np.float32) / 16, data["labels"].astype(np.int64)


def split(images, labels, seed=0, share=0.8):
    """Shuffled, the first `share` for training: (x, y, x_test, y_test)."""
    order = np.random.default_rng(seed).permutation(len(labels))
    cut = int(share * len(labels))
    train, test = order[:cut], order[cut:]
    return images[train], labels[train], images[test], labels[test]
