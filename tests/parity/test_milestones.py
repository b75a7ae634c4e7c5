"""A milestone is an ordinary PyTorch program: with other imports, it runs on torch."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import tinytorch_core
import tinytorch_nn
from tinytorch.core import training

CORE, NN = (Path(package.__file__).parent for package in (tinytorch_core, tinytorch_nn))
IMPORTS = {
    r"^from tinytorch\.core import Trainer$": "from trainer import Trainer",
    r"^import tinytorch\.core as torch$": "import torch",
    r"^import tinytorch\.nn\.functional as F$": "import torch.nn.functional as F",
    r"^from tinytorch(\.core)? import ": "from torch import ",
    r"^from tinytorch\.data import ": "from torch.utils.data import ",
    r"^from tinytorch\.(nn|optim)": r"from torch.\1",
}
SAYS = {
    CORE
    / "milestones"
    / "1969_xor": "With a hidden layer, all answers are right, from every start.",
    CORE / "milestones" / "1986_mlp": "right on average",
    NN / "milestones" / "1998_cnn": "Look at loss.svg",
}


def on_torch(source: Path, to: Path) -> None:
    """Write the program there, with other import lines and nothing else changed."""
    text = source.read_text(encoding="utf-8")
    for ours, theirs in IMPORTS.items():
        text = re.sub(ours, theirs, text, flags=re.MULTILINE)
    assert not re.search(r"\btinytorch\b", text)
    to.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("folder", SAYS, ids=lambda folder: folder.name)
def test_a_milestone_runs_on_torch(folder: Path, tmp_path: Path) -> None:
    """With our Trainer, which torch hasn't: it is a program, too."""
    for source in [*CORE.glob("*.py"), *(NN / "vision").glob("*.py"), NN / "__init__.py"]:
        copy = tmp_path / source.relative_to(CORE.parent if CORE in source.parents else NN.parent)
        copy.parent.mkdir(parents=True, exist_ok=True)
        on_torch(source, copy)
    (tmp_path / CORE.name / "data").symlink_to(CORE / "data")
    for source in folder.glob("*.py"):
        on_torch(source, tmp_path / source.name)
    trainer = tmp_path / "trainer.py"
    on_torch(Path(str(training.__file__)), trainer)
    with trainer.open("a", encoding="utf-8") as file:
        file.write("\nfrom torch.nn.utils import clip_grad_norm_\n")  # ours is for our tensors
    done = subprocess.run(
        [sys.executable, "milestone.py"], cwd=tmp_path, env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, encoding="utf-8", timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert SAYS[folder] in done.stdout
