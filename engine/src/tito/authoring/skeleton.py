"""Projects and lessons to begin with. They are whole: they compile, keep every law, and install."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from string import Template

from packaging.version import Version

from tito.authoring.projects import project_root
from tito.build import curriculum_folder
from tito.curriculum.compile import MODULE_FOLDER
from tito.curriculum.config import TierConfig, read_config
from tito.curriculum.installed import Installed
from tito.errors import UsageError
from tito.model import Finding, Module
from tito.names import pick

DISTRIBUTION = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
MODULE = re.compile(r"[a-z][a-z0-9_]*")
ENGINE = "tinytorch-engine"
# Template → where it goes in a new project.
TIER = {
    "pyproject.toml.txt": "pyproject.toml",
    "README.md.txt": "README.md",
    "CHANGELOG.md.txt": "CHANGELOG.md",
    "gitignore.txt": ".gitignore",
    "init.py.txt": "src/$package/__init__.py",
    "plugin.py.txt": "src/$package/plugin.py",
    "tier.yaml.txt": "src/$package/tier.yaml",
    "facade.py.txt": "src/$namespace/$id/__init__.py",
    "test_laws.py.txt": "tests/test_laws.py",
}
LESSON = {
    "module.yaml.txt": "module.yaml",
    "ABOUT.md.txt": "ABOUT.md",
    "lesson.py.txt": "${id}_dev.py",
}


def new_tier(found: Installed, folder: Path, namespace: str, requires: Sequence[str]) -> None:
    """Make the project of a tier in a folder that is named like its distribution.

    Its id is the last word of the name, and it starts the facade `namespace.id`. It comes after all
    tiers that are installed. Raises UsageError for a name that cannot be used.
    """
    name = folder.name
    if not DISTRIBUTION.fullmatch(name):
        raise _no_name(name, "a distribution", "small letters, digits and hyphens: tinytorch-games")
    id = name.rpartition("-")[2]
    if not MODULE.fullmatch(id) or not MODULE.fullmatch(namespace):
        raise _no_name(id, "a package", "words of small letters, with hyphens between them")
    tiers = {each.tier.id: each.tier for each in found.tiers}
    if id in tiers:
        message = f"there is a tier {id!r} already, of {tiers[id].distribution}"
        raise UsageError(Finding(message, fix="let the name end in another word"))
    needed = [pick(each, tiers, "tier", "tito tier list") for each in requires]
    ranges = {each.id: _range(each.version) for each in needed}
    dependencies = [f"{each.distribution}{ranges[each.id]}" for each in needed]
    engine = ENGINE + _range(version(ENGINE))
    words = {
        "distribution": name,
        "package": name.replace("-", "_"),
        "id": id,
        "title": id.capitalize(),
        "namespace": namespace,
        "order": str(max((each.order for each in tiers.values()), default=0) + 1),
        "requires": json.dumps(ranges),
        "engine": engine,
        "dependencies": ", ".join(f'"{each}"' for each in [engine, *dependencies]),
    }
    _write(folder, "tier", TIER, words)


def new_module(
    found: Installed, name: str, requires: Sequence[str], number: int | None, project: Path
) -> Path:
    """Make a lesson in the project around `project`, after all lessons that are there.

    It is exported by the facade that the tier is named like. Returns its folder. Raises UsageError
    for a name or a number that cannot be used.
    """
    if not MODULE.fullmatch(name):
        raise _no_name(name, "a module", "small letters, digits and underscores: q_learning")
    package = curriculum_folder(project_root(project))
    tier: TierConfig = read_config(TierConfig, package / "tier.yaml")
    modules = {each.id: each for each in found.course().modules}
    here = {m["id"]: int(m["number"]) for m in map(_folder, package.glob("modules/*")) if m}
    if name in modules or name in here:
        message = f"there is a module {name!r} already"
        raise UsageError(Finding(message, fix="choose another name"))
    names = {each: each for each in (*here, *modules)}
    needed = [pick(each, names, "module", "tito module list") for each in requires]
    number = number or _next(here, modules)
    if taken := [each for each, used in _numbers(here, modules).items() if used == number]:
        message = f"{number} is the number of the module {taken[0]!r} already"
        raise UsageError(Finding(message, fix="give a free one with --number"))
    words = {
        "id": name,
        "slug": name.replace("_", "-"),
        "title": name.replace("_", " ").capitalize(),
        "number": f"{number:02}",
        "namespace": tier.namespace,
        "facade": tier.id,
        "target": f"{tier.id}.{name}",
        "requires": ", ".join(needed),
        "prerequisites": ", ".join(needed) or "none",
        "map": "\n".join(f"#     {each} --> {name}" for each in needed) or f"#     {name}",
    }
    return _write(package / "modules" / f"{number:02}_{name}", "module", LESSON, words)


def _numbers(here: Mapping[str, int], modules: Mapping[str, Module]) -> dict[str, int]:
    return {**{name: module.number for name, module in modules.items()}, **here}


def _next(here: Mapping[str, int], modules: Mapping[str, Module]) -> int:
    """The number after the last one; the first of another ten leaves room for the tiers before."""
    if here:
        return max(here.values()) + 1
    last = max((module.number for module in modules.values()), default=0)
    return (last // 10 + 1) * 10 + 1 if modules else 1


def _folder(path: Path) -> re.Match[str] | None:
    return MODULE_FOLDER.fullmatch(path.name)


def _range(text: str) -> str:
    """The versions that promise to go on as this one does: of 0.x the same minor, else the major."""
    major, minor, *_ = (*Version(text).release, 0)
    return f">=0.{minor},<0.{minor + 1}" if major == 0 else f">={major}.{minor},<{major + 1}"


def _write(folder: Path, kind: str, places: Mapping[str, str], words: Mapping[str, str]) -> Path:
    if folder.exists():
        message = "this is there already, and nothing is written over"
        raise UsageError(Finding(message, str(folder), "choose another name, or move it away"))
    templates = files("tito.authoring") / "templates" / kind
    for template, place in places.items():
        text = (templates / template).read_text(encoding="utf-8")
        path = folder / Template(place).substitute(words)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(text).substitute(words), encoding="utf-8")
    return folder


def _no_name(name: str, what: str, like: str) -> UsageError:
    return UsageError(Finding(f"{name!r} cannot be the name of {what}", fix=f"use {like}"))
