"""mypy and pyright know the names that a facade's own tier brings; every other name is Any."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from support import install, run

PROGRAM = """
import abacus.core
import abacus.core as core
from abacus.core import Counter, counter, nothing, tally, total
from abacus.core.more import mean
from abacus.more import Tally

one = Counter()
reveal_type(one)
reveal_type(counter)
reveal_type(abacus.core.counter)
reveal_type(total([one]))
reveal_type(mean([one]))
reveal_type(Tally().value)
reveal_type(core.more.mean([one]))
reveal_type(tally)
reveal_type(nothing)
reveal_type(core.whatever.it.may.be)
one.misspelt
"""


@pytest.fixture
def program(base: Path, second: Path, site: Path, tmp_path: Path) -> Path:
    """A program that uses both tiers, in a folder of its own."""
    install(base, site)
    install(second, site)
    own = tmp_path / "work" / "abacus" / "core"  # beside it, as in a workspace, one export
    own.mkdir(parents=True)
    shutil.copy(site / "abacus" / "core" / "counter.py", own)
    path = tmp_path / "work" / "program.py"
    path.write_text(PROGRAM)
    return path


def test_mypy_knows_the_names(program: Path, site: Path, tmp_path: Path) -> None:
    options = ("--config-file=", f"--cache-dir={tmp_path / 'cache'}")
    ran = run(
        sys.executable, "-m", "mypy", *options, program, cwd=program.parent, MYPYPATH=str(site)
    )
    assert re.findall(r'Revealed type is "(.*)"', ran.out) == [
        "abacus.core.counter.Counter",
        "def (value: Any =) -> Any",
        "def (value: Any =) -> Any",
        "int",
        "float",
        "Any",
        "float",
        "Any",
        "Any",
        "Any",
    ], ran.out + ran.err
    assert re.findall(r"error: (.*)", ran.out) == [
        '"Counter" has no attribute "misspelt"  [attr-defined]'
    ]


def test_pyright_knows_the_names(program: Path, site: Path) -> None:
    """pyright also infers what is not annotated."""
    (program.parent / "pyrightconfig.json").write_text(json.dumps({"extraPaths": [str(site)]}))
    ran = run(sys.executable, "-m", "pyright", "--outputjson", program, cwd=program.parent)
    said = json.loads(ran.out)["generalDiagnostics"]
    revealed = [entry["message"] for entry in said if entry["severity"] == "information"]
    assert [re.sub(r'.* is "(.*)"', r"\1", message) for message in revealed] == [
        "Counter",
        "(value: int = 0) -> Counter",
        "(value: int = 0) -> Counter",
        "int",
        "float",
        "int",
        "float",
        "Any",
        "Any",
        "Any",
    ]
    (error,) = [entry["message"] for entry in said if entry["severity"] == "error"]
    assert error.startswith('Cannot access attribute "misspelt" for class "Counter"')
