"""What the journeys share: commands are typed, shown with their output, and must end as expected."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

# The commands of this environment, whatever else is on the PATH.
ENVIRONMENT = {
    **{key: value for key, value in os.environ.items() if not key.startswith("TITO_")},
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
}


class Shell:
    """A person at a terminal in this folder."""

    def __init__(self, folder: Path):
        self.folder = folder

    def tito(self, *arguments: object, cwd: Path | None = None, fails: str = "", shows: str = ""):
        words = [str(argument) for argument in arguments]
        self._run(["tito", *words], f"tito {' '.join(words)}", cwd or self.folder, fails, shows)

    def python(self, code: str, fails: str = "", shows: str = ""):
        shown = f'python -c "{code}"'
        self._run([sys.executable, "-c", code], shown, self.folder, fails, shows)

    def pip(self, *arguments: str):
        quiet = ["--quiet", "--disable-pip-version-check"]
        command = [sys.executable, "-m", "pip", *arguments, *quiet]
        self._run(command, f"pip {' '.join(arguments)}", self.folder, "", "")

    def told(self, *arguments: str) -> Any:
        """What a command says with --json, which is not for reading."""
        done = subprocess.run(
            ["tito", *arguments, "--json"], cwd=self.folder, env=ENVIRONMENT, check=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, encoding="utf-8",
        )  # fmt: skip
        return json.loads(done.stdout)

    def _run(self, command: list[str], shown: str, cwd: Path, fails: str, shows: str):
        """Show a command. It must fail if `fails` is given; the texts must be in its output."""
        print(f"$ {shown}")
        done = subprocess.run(
            command, cwd=cwd, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8",
        )  # fmt: skip
        said = done.stdout
        print(textwrap.indent(said, "  "), flush=True)
        if bool(done.returncode) != bool(fails) or fails not in said or shows not in said:
            to = f"fail with {fails!r}" if fails else f"succeed{f' with {shows!r}' * bool(shows)}"
            sys.exit(f"this command was expected to {to}, and ended with {done.returncode}")


def say(text: str) -> None:
    print(f"\n=== {text}\n", flush=True)


def check(holds: bool, what: str) -> None:
    if not holds:
        sys.exit(f"this does not hold: {what}")
    print(f"  ({what})\n", flush=True)
