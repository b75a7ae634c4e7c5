"""Where an author's module is tried: a workspace in which nothing but its requirements is there."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tito.curriculum.installed import Installed
from tito.learner.desk import Desk, desk_of
from tito.model import Module
from tito.workspace.find import MARKER, read_workspace, render


@contextmanager
def workshop(found: Installed, module: Module) -> Iterator[Desk]:
    """What the module requires is provided, all the rest is locked. It is gone in the end."""
    with tempfile.TemporaryDirectory(prefix="tito-") as folder:
        needed = sorted(found.course().requirements(module.id) - {module.id})
        tiers = tuple(each.tier.id for each in found.tiers)
        text = render(tiers) + f"provided = {json.dumps(needed)}\n"
        (Path(folder) / MARKER).write_text(text, encoding="utf-8")
        yield desk_of(read_workspace(Path(folder)))
