"""Fetches what pages need from npm, so that a page asks no other host: `vendored.py FOLDER`.

Each file comes with the license of its package. What is there already is not fetched again.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

# package and version → file in it → what it is called here
FILES = {
    "mathjax@3": {"es5/tex-svg.js": "mathjax.js"},
    "mermaid@11": {"dist/mermaid.min.js": "mermaid.js"},
    "@fontsource-variable/inter@5": {
        f"files/inter-{letters}-wght-normal.woff2": f"inter-{letters}.woff2"
        for letters in ("latin", "latin-ext", "greek")
    },
    "@fontsource/noto-emoji@5": {"files/noto-emoji-emoji-400-normal.woff2": "emoji.woff2"},
    # Lessons draw with characters, and this font has all of them in one width.
    "dejavu-fonts-ttf@2": {
        "ttf/DejaVuSansMono.ttf": "mono.ttf",
        "ttf/DejaVuSansMono-Bold.ttf": "mono-bold.ttf",
    },
}


def vendor(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for package, files in FILES.items():
        wanted = {**files, "LICENSE": license_of(package)}
        if not all((folder / name).is_file() for name in wanted.values()):
            fetch(package, wanted, folder)


def license_of(package: str) -> str:
    return package.rpartition("@")[0].lstrip("@").replace("/", "-") + "-LICENSE"


def fetch(package: str, files: dict[str, str], folder: Path) -> None:
    with tempfile.TemporaryDirectory() as packed:
        command = ["npm", "pack", "--silent", "--pack-destination", packed, package]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(packed).glob("*.tgz")
        with tarfile.open(archive) as tar:
            for path, name in files.items():
                inside = tar.extractfile(f"package/{path}")
                assert inside, f"{package} has no {path}"
                (folder / name).write_bytes(inside.read())


if __name__ == "__main__":
    vendor(Path(sys.argv[1]))
