"""Fresh environments, into which wheels are installed."""

from __future__ import annotations

import os
import venv
from pathlib import Path

from support import Run, run


class Environment:
    """A fresh virtual environment that reaches no index."""

    def __init__(self, folder: Path, wheelhouse: Path):
        venv.create(folder, with_pip=True, symlinks=os.name != "nt")
        self.folder, self.wheelhouse = folder, wheelhouse
        self.python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    def pip(self, *arguments: object) -> Run:
        where = ("--no-index", "--find-links", self.wheelhouse)
        quiet = ("-m", "pip", "--disable-pip-version-check")
        more = where if arguments[0] == "install" else ()
        return run(self.python, *quiet, *arguments, *more, cwd=self.folder, timeout=300)

    def run(self, *arguments: object, timeout: float = 120, **variables: str) -> Run:
        variables = {"PYTHONPATH": "", **variables}
        return run(self.python, *arguments, cwd=self.folder, timeout=timeout, **variables)
