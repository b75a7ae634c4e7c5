"""Small runs of a Trainer, for tests and for the processes that they start: without torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import tinytorch.core
import tinytorch.nn
import tinytorch.optim
from tinytorch.core import Trainer
from tinytorch.data import TensorDataset
from tinytorch.nn.functional import cross_entropy


def spirals(count: int) -> TensorDataset:
    rng = np.random.default_rng(count)
    arm, far = rng.integers(0, 3, count), rng.random(count)
    angle = 4 * far + 2 * np.pi / 3 * arm
    points = np.stack([far * np.cos(angle), far * np.sin(angle)], 1).astype("f")
    return TensorDataset(tinytorch.core.tensor(points), tinytorch.core.tensor(arm))


def trainer(**options: Any) -> Trainer:
    tinytorch.core.manual_seed(3)
    net = tinytorch.nn.Sequential(
        tinytorch.nn.Linear(2, 16), tinytorch.nn.Dropout(0.2), tinytorch.nn.Linear(16, 3)
    )
    optimizer = tinytorch.optim.AdamW(net.parameters(), lr=0.02)
    return Trainer(net, optimizer, cross_entropy, **options)
