"""Builds the distribution that a tag names, from the tag, and uploads it with twine.

    python releasing/upload.py tinytorch-nn-v0.2.0

Where to, and as whom, twine takes from its own settings.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from projects import projects
from repository import Refused, releases, worktree
from wheels import build


def main() -> None:
    tag = sys.argv[1] if len(sys.argv) == 2 else ""
    names = [name for name in projects() if tag in releases(name)]
    if not names:
        raise Refused(f"'{tag}' is no release: say a tag like tinytorch-nn-v0.2.0")
    with worktree(tag) as tree, tempfile.TemporaryDirectory() as folder:
        build(
            Path(folder), tree
        )  # the others, too: it is built with them, and not with what is published
        files = map(str, Path(folder).glob(f"{names[0].replace('-', '_')}-*"))
        sys.exit(subprocess.run(["twine", "upload", *files]).returncode)


if __name__ == "__main__":
    main()
