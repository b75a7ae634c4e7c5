"""No model: what asking costs without one."""

import numpy as np


def load(weights):
    return lambda images: np.zeros((len(images), 10), np.float32)
