"""The distributions of this repository: where each one lies, its version, and its tags."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import InvalidVersion, Version
from repository import ROOT, Refused

VERSION = re.compile(r'^version = "(?P<version>[^"]+)"$', re.MULTILINE)
PARTS = ("major", "minor", "patch")


@dataclass(frozen=True)
class Project:
    folder: Path

    @property
    def _metadata(self) -> dict[str, object]:
        text = (self.folder / "pyproject.toml").read_text(encoding="utf-8")
        return dict(tomllib.loads(text)["project"])

    @property
    def name(self) -> str:
        return str(self._metadata["name"])

    @property
    def version(self) -> Version:
        return Version(str(self._metadata["version"]))

    @property
    def requires(self) -> list[Requirement]:
        return [Requirement(str(each)) for each in self._metadata["dependencies"]]  # type: ignore[attr-defined]

    @property
    def fragments(self) -> list[Path]:
        return sorted(self.folder.glob("changelog.d/*.md"))

    def tag(self, version: Version) -> str:
        return f"{self.name}-v{version}"

    def bump(self, version: Version) -> None:
        """Write the version into the one place where it stands."""
        path = self.folder / "pyproject.toml"
        text = path.read_text(encoding="utf-8")
        new, count = VERSION.subn(f'version = "{version}"', text)
        if count != 1:
            raise Refused(
                f"{path}: there must be one line 'version = \"…\"', and there are {count}"
            )
        path.write_text(new, encoding="utf-8")


def projects(root: Path = ROOT) -> dict[str, Project]:
    """Every distribution by its name, the engine first."""
    folders = [root / "engine", *sorted(p.parent for p in root.glob("packages/*/pyproject.toml"))]
    found = [Project(folder) for folder in folders]
    return {project.name: project for project in found}


def following(version: Version, word: str) -> Version:
    """The version after this one: `major`, `minor`, `patch`, or one that is written out."""
    if word in PARTS:
        place = PARTS.index(word)
        numbers = (*version.release, 0, 0)[:3]
        kept = (*numbers[:place], numbers[place] + 1, 0, 0)[:3]
        return Version(".".join(map(str, kept)))
    try:
        wanted = Version(word)
    except InvalidVersion:
        raise Refused(
            f"'{word}' is no version: say {', '.join(PARTS)}, or one like 1.2.3"
        ) from None
    if wanted < version:
        raise Refused(f"{wanted} is older than {version}: say a newer version")
    return wanted
