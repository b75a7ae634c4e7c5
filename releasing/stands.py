"""Which wheels stand together: those of this checkout, and those that were released last."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from email.parser import Parser
from functools import cached_property
from pathlib import Path
from zipfile import ZipFile

from packaging.requirements import Requirement
from packaging.version import Version
from projects import projects
from repository import ROOT, releases, worktree
from wheels import build

NOW = "engine and tiers as they are"
OLD_TIERS, OLD_ENGINE = "the tiers that were released last", "the engine that was released last"


@dataclass(frozen=True)
class Wheel:
    path: Path

    @cached_property
    def _metadata(self) -> Mapping[str, str]:
        with ZipFile(self.path) as archive:
            name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
            return Parser().parsestr(archive.read(name).decode())

    @property
    def name(self) -> str:
        return self._metadata["Name"]

    @property
    def version(self) -> Version:
        return Version(self._metadata["Version"])

    @property
    def requires(self) -> list[Requirement]:
        """Without those of extras."""
        lines = self._metadata.get_all("Requires-Dist", [])  # type: ignore[attr-defined]
        found = (Requirement(line) for line in lines)
        return [each for each in found if not each.marker or each.marker.evaluate({"extra": ""})]


@dataclass(frozen=True)
class Stand:
    """A folder with one wheel of each distribution, and the journeys that its engine is played by."""

    title: str
    folder: Path

    @cached_property
    def wheels(self) -> dict[str, Wheel]:
        found = map(Wheel, sorted(self.folder.glob("*.whl")))
        return {wheel.name: wheel for wheel in found}

    @property
    def learner(self) -> Path:
        return self.folder / "journeys" / "learner.py"

    def needed(self, name: str) -> set[str]:
        """The distribution and those of ours that it requires, directly or not."""
        ours = [each.name for each in self.wheels[name].requires if each.name in self.wheels]
        return {name}.union(*map(self.needed, ours))

    def forbidden(self, names: set[str]) -> list[str]:
        """What the declared ranges say against these wheels together."""
        return [
            f"{name} {self.wheels[name].version} requires {requirement}"
            for name in sorted(names)
            for requirement in self.wheels[name].requires
            if requirement.name in names
            and self.wheels[requirement.name].version not in requirement.specifier
        ]


def stands(place: Path, root: Path = ROOT) -> list[Stand]:
    """Builds them. Where nothing has been released, there is one."""
    now = _made(place / "now", root)
    last = {name: tags[0] for name in projects(root) if (tags := releases(name, root))}
    released = {name: _released(tag, place / tag, root) for name, tag in last.items()}
    engine = next(iter(projects(root)))
    found = [now]
    for title in (OLD_TIERS, OLD_ENGINE):
        old = {name for name in released if (name == engine) == (title == OLD_ENGINE)}
        if old:
            folder = shutil.copytree(now.folder, place / title.replace(" ", "-"))
            for name in old:
                _replace(folder, released[name].wheels[name].path)
            if engine in old:
                shutil.rmtree(folder / "journeys")
                shutil.copytree(released[engine].folder / "journeys", folder / "journeys")
            found.append(Stand(title, folder))
    return found


def _made(folder: Path, tree: Path, title: str = NOW) -> Stand:
    folder.mkdir(parents=True)
    build(folder, tree)
    shutil.copytree(tree / "tests" / "journeys", folder / "journeys")
    return Stand(title, folder)


def _released(tag: str, folder: Path, root: Path) -> Stand:
    with worktree(tag, root) as tree:
        return _made(folder, tree, tag)


def _replace(folder: Path, wheel: Path) -> None:
    for old in folder.glob(f"{wheel.name.split('-')[0]}-*"):
        old.unlink()
    shutil.copy(wheel, folder)
