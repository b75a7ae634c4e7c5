"""A learner's folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tito.model.tier import Module


@dataclass(frozen=True, slots=True)
class Workspace:
    """`tiers` are the ones the learner builds; what these require, and `provided`, is given.
    `solutions` is whether `tito solution` shows any."""

    root: Path
    tiers: tuple[str, ...]
    provided: tuple[str, ...] = ()
    solutions: bool = True

    def folder(self, module: Module) -> Path:
        return self.root / "modules" / module.folder

    def own_file(self, module: Module) -> Path:
        """Where the learner's finished module is exported to."""
        return self.root.joinpath(*module.target.split(".")).with_suffix(".py")
