"""A milestone is an ordinary PyTorch program: with other imports, it runs on torch."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import tinytorch_core

MILESTONES = Path(tinytorch_core.__file__).parent / "milestones"
IMPORTS = {
    r"^import tinytorch\.core as torch$": "import torch",
    r"^import tinytorch\.nn\.functional as F$": "import torch.nn.functional as F",
    r"^from tinytorch import ": "from torch import ",
}


def test_exclusive_or_runs_on_torch(tmp_path: Path) -> None:
    for source in (MILESTONES / "1969_xor").glob("*.py"):
        text = source.read_text(encoding="utf-8")
        for ours, theirs in IMPORTS.items():
            text = re.sub(ours, theirs, text, flags=re.MULTILINE)
        assert not re.search(r"\btinytorch\b", text)
        (tmp_path / source.name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "milestone.py"], cwd=tmp_path, env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, encoding="utf-8", timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "With a hidden layer, all answers are right, from every start." in done.stdout
