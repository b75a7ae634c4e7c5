"""Keeps what took long to make, under a digest of what it was made from.

The engine is not part of that digest: to run everything anew, delete the folder.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any


def digest(files: Iterable[Path]) -> str:
    """Of the files' contents, in this order, and of the Python that runs them."""
    made = hashlib.sha256(sys.version.encode())
    for path in files:
        made.update(hashlib.sha256(path.read_bytes()).digest())
    return made.hexdigest()[:32]


def kept(folder: Path, name: str, make: Callable[[], Any]) -> Any:
    """What `make` returned when it was first asked for under this name. It must fit into JSON."""
    path = folder / f"{name}.json"
    if not path.is_file():
        made = make()
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(made), encoding="utf-8")
    return json.loads(path.read_text(encoding="utf-8"))
