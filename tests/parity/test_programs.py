"""Whole programs: run as they stand on torch, and with their import lines swapped on TinyTorch.

Each is a program that somebody might write. It leaves a list of numbers called `losses`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.py"))
SWAPS = {
    r"^import torch$": "import tinytorch.core as torch",
    r"^(import|from) torch\.utils\.data": r"\1 tinytorch.data",
    r"^from torch\.(profiler|utils\.(flop_counter|benchmark))": "from tinytorch.profiling",
    r"^(import|from) torch\b": r"\1 tinytorch",
}


def swapped(program: str) -> str:
    """The program with other import lines. Nothing else changes."""
    for line, other in SWAPS.items():
        program = re.sub(line, other, program, flags=re.MULTILINE)
    return program


def run(text: str, path: Path) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(text, path, "exec"), names)
    return names


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_program_gives_the_same_losses(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = path.read_text(encoding="utf-8")
    theirs, printed = run(text, path), capsys.readouterr().out
    ours = run(swapped(text), path)
    assert theirs["torch"].__name__ == "torch"
    assert ours["torch"].__name__ == "tinytorch.core"
    np.testing.assert_allclose(ours["losses"], theirs["losses"], rtol=1e-5, atol=1e-5)
    assert without_decimals(capsys.readouterr().out) == without_decimals(printed)


def without_decimals(text: str) -> str:
    """What was printed, with floats cut short: their last digits may differ."""
    return re.sub(r"\d+\.\d+", lambda number: f"{float(number[0]):.2f}", text)


def test_only_import_lines_are_swapped() -> None:
    for path in PROGRAMS:
        text = path.read_text(encoding="utf-8")
        pairs = zip(text.split("\n"), swapped(text).split("\n"), strict=True)
        changed = [one for one, other in pairs if one != other]
        assert changed
        assert all(line.startswith(("import torch", "from torch")) for line in changed)
