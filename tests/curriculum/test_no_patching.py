"""Law 8: no module changes an attribute of a class that an earlier module has made.

That holds within a tier as it does between tiers: what is built once stays as it was built.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("patched.py")


def lines(code: str = "") -> list[str]:
    """What the script prints of the reference, and of this code after it."""
    environment = {**os.environ, "TITO_WORKSPACE": ""}
    command = [sys.executable, str(SCRIPT), code]
    return subprocess.check_output(command, env=environment, encoding="utf-8").splitlines()


def test_no_module_changes_an_earlier_class() -> None:
    *changed, count = lines()
    assert changed == []
    assert int(count.split()[0]) > 40, "the classes of all modules are looked at"


def test_a_change_would_be_seen() -> None:
    code = (
        "from tinytorch.core import Tensor\nfrom tinytorch.nn import Module\n"
        "Tensor.sum = None\nTensor.news = 1\ndel Module.train"
    )
    assert lines(code)[:-1] == [
        "the code at the end changes tinytorch.core.tensor.Tensor.news",
        "the code at the end changes tinytorch.core.tensor.Tensor.sum",
        "the code at the end changes tinytorch.nn.layers.Module.train",
    ]
