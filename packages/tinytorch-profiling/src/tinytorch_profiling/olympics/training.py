"""Trains a reference: `python -m tinytorch_profiling.olympics.training MODEL FILE`.

In a process of its own that has no workspace, so that it is our library which is trained, whoever
verifies. The same seed gives the same weights.
"""

import os
import runpy
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tinytorch_profiling.olympics.errors import refused
from tito.grading.outlook import import_paths

MOST_SECONDS = 300


def trained(model):
    """The bytes of an .npz file with the reference's weights."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "weights.npz")
        command = [sys.executable, "-P", "-m", __name__, model, str(file)]
        alone = {**os.environ, "TITO_WORKSPACE": "", "TITO_UNDER_TEST": "", "PYTHONPATH": where()}
        done = subprocess.run(
            command, env=alone, cwd=folder, capture_output=True, text=True, timeout=MOST_SECONDS
        )
        if done.returncode:
            reason = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
            raise refused(
                f"the reference {model} cannot be trained: {reason[0]}", fix="tito doctor"
            )
        return file.read_bytes()


def where():
    """Where this process imports from, but for a folder that somebody stands in by chance."""
    return os.pathsep.join(import_paths())


def train(model, file):
    import numpy as np
    from tinytorch_core.recipe import Recipe, digits, perceptron

    data = digits()
    if model == "1986_mlp":
        network = perceptron(0, 64)
        recipe = Recipe(batch=32, epochs=20, learning_rate=0.01, weight_decay=0.1, max_norm=0.5)
    else:
        networks = milestone_1998()
        network, recipe = networks["convolutional"](0), networks["RECIPE"]
        data = [t.reshape(-1, 1, 8, 8) if t.ndim == 3 else t for t in data]
    recipe.learn(network, *data)
    np.savez(file, **{name: tensor.numpy() for name, tensor in network.state_dict().items()})


def milestone_1998():
    import tinytorch_nn

    folder = Path(tinytorch_nn.__file__).parent / "milestones" / "1998_cnn"
    return runpy.run_path(str(folder / "networks.py"))


if __name__ == "__main__":
    train(*sys.argv[1:])
