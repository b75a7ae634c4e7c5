"""The tutorial's commands, run as they stand there, with nothing but the engine's wheel."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from environments import Environment
from support import ROOT, environment

TUTORIAL = ROOT / "docs" / "tutorial"
EXIT = re.compile(r"\[exit code (\d+)\]")


@dataclass
class Step:
    """A command of the page, lines of what it prints, and how it ends."""

    command: str
    shown: list[str] = field(default_factory=list)
    code: int = 0


def steps(page: str) -> Iterator[Step]:
    step = None
    for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                if step:
                    yield step
                step = Step(line[2:])
            elif step and (ended := EXIT.fullmatch(line)):
                step.code = int(ended[1])
            elif step:
                step.shown.append(line)
    if step:
        yield step


def test_every_command_of_the_tutorial_does_what_the_page_says(
    tmp_path: Path, wheelhouse: Path
) -> None:
    made = Environment(tmp_path / "venv", wheelhouse)
    assert made.pip("install", "tinytorch-engine", "hatchling", "editables").code == 0
    variables = environment(
        PATH=f"{made.python.parent}{os.pathsep}{os.environ['PATH']}",
        TUTORIAL=str(TUTORIAL),
        PIP_NO_INDEX="1",
        PIP_FIND_LINKS=str(wheelhouse),
        PYTHONPATH="",
    )
    at, count = tmp_path, 0
    for step in steps((TUTORIAL / "README.md").read_text(encoding="utf-8")):
        script = f"{step.command}\ncode=$?; pwd > {tmp_path}/at; exit $code"
        done = subprocess.run(
            ["bash", "-c", script], cwd=at, env=variables, capture_output=True, text=True
        )
        said = done.stdout + done.stderr
        assert done.returncode == step.code, f"$ {step.command}\n{said}"
        for line in step.shown:
            assert line in said, f"$ {step.command}\n{said}"
        at, count = Path((tmp_path / "at").read_text().strip()), count + 1
    assert count > 20
