"""The hand-written YAML files of a tier: `tier.yaml`, `module.yaml`, `milestone.yaml`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tito.curriculum.structure import Mismatch, structure
from tito.errors import SourceError
from tito.model import Finding, Place


@dataclass(frozen=True, slots=True)
class TierConfig:
    """`tier.yaml`. `requires` maps tier ids to version ranges."""

    id: str
    title: str
    namespace: str
    order: int
    requires: dict[str, str] = field(default_factory=dict)
    successors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModuleConfig:
    """`module.yaml`. `exports` maps facades to the names that they offer from this module;
    `rubrics` say how answers to the questions to think about are graded, one each."""

    title: str
    summary: str
    target: str
    minutes: int
    requires: tuple[str, ...] = ()
    extends: str = ""
    exports: dict[str, tuple[str, ...]] = field(default_factory=dict)
    hints: dict[str, tuple[str, ...]] = field(default_factory=dict)
    rubrics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MilestoneConfig:
    """`milestone.yaml`. `requires` names the modules that it runs on."""

    title: str
    summary: str
    year: int
    minutes: int
    requires: tuple[str, ...]


def read_config(kind: type, path: Path) -> Any:
    """The file as an instance of `kind`. Raises SourceError with the line, or the key."""
    try:
        return structure(kind, _parsed(path.read_text(encoding="utf-8"), path), "")
    except FileNotFoundError:
        finding = Finding(f"{path.name} is missing", str(path))
    except (OSError, UnicodeDecodeError) as error:
        finding = Finding(f"{path.name} cannot be read: {error}", str(path))
    except Mismatch as error:
        finding = Finding(f"{path.name} {error}", f"{path}: {error.key or 'the whole file'}")
    raise SourceError(finding) from None


def _parsed(text: str, path: Path) -> Any:
    try:
        return yaml.safe_load(text)
    except Exception as error:  # yaml raises whatever its constructors meet, as for 2000-13-45
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or error
        where = Place(str(path), mark.line + 1 if mark else 0)
        raise SourceError(Finding(f"{path.name} is not YAML: {problem}", str(where))) from None
