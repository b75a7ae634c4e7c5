"""What a student's code may see of this machine: Python, the packages, the provided modules.

Not a course's files, not anybody's home, and of the tiers no source, no lesson, and no reference of a
module that is not provided.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tito.curriculum.installed import InstalledTier

SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/nix/store")
SETTINGS = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime")


@dataclass(frozen=True, slots=True)
class Outlook:
    """`shown` are files and folders; of what lies in them, `hidden` is not shown."""

    shown: tuple[Path, ...]
    hidden: tuple[Path, ...]

    def pieces(self) -> list[Path]:
        """What is shown without what is hidden, as folders and files that need no exception."""
        return [piece for path in self.shown for piece in _around(path, self.hidden)]


def import_paths() -> list[str]:
    """Where this process imports from, but for the folder it stands in and that of its script."""
    not_these = {os.path.realpath("."), os.path.dirname(os.path.realpath(sys.argv[0]))}
    found = dict.fromkeys(os.path.realpath(path) for path in sys.path if path)
    return [path for path in found if path not in not_these and os.path.exists(path)]


def outlook(
    tiers: Iterable[InstalledTier], provided: frozenset[str], more: frozenset[Path] = frozenset()
) -> Outlook:
    """`more` is hidden besides solutions."""
    present = (Path(path) for path in (*SYSTEM, *SETTINGS) if os.path.exists(path))
    python = [Path(sys.base_prefix).resolve(), *map(Path, import_paths())]
    shown = _outermost([*present, *python])
    hidden = {path.resolve() for tier in tiers for path in secrets(tier, provided)}
    hidden |= {path.resolve() for path in more}
    kept = sorted(_outermost(path for path in hidden if path.exists()))
    return Outlook(tuple(shown), tuple(kept))


def secrets(tier: InstalledTier, provided: frozenset[str]) -> Iterator[Path]:
    """The files of a tier that hold solutions."""
    yield tier.package / "modules"
    yield tier.compiled / "lessons"
    for module in tier.tier.modules:
        if module.id not in provided:
            file = tier.reference_file(module)
            yield file
            yield from file.parent.glob(f"__pycache__/{file.stem}.*")


def _outermost(paths: Iterable[Path]) -> list[Path]:
    """Without those that lie within another. A link is what it is: it may lie where it likes."""
    kept: list[Path] = []
    for path in sorted(set(paths), key=lambda path: len(path.parts)):
        if not any(path.is_relative_to(other) for other in kept):
            kept.append(path)
    return kept


def _around(path: Path, hidden: tuple[Path, ...]) -> Iterator[Path]:
    real = path.resolve()
    if any(real == each or real.is_relative_to(each) for each in hidden):
        return
    if not any(each.is_relative_to(real) for each in hidden):
        yield path
    else:
        for entry in sorted(real.iterdir()):
            yield from _around(entry, hidden)
