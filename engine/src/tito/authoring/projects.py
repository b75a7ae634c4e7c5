"""Builds and checks the tiers of projects on disk."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from tito.build import build, curriculum_folder
from tito.curriculum.compile import CompiledTier, compile_tier
from tito.curriculum.installed import Installed, installed, is_editable
from tito.errors import SourceError, TitoError, UsageError
from tito.learner.desk import module_named
from tito.model import Course, Finding, Module
from tito.plugins.hooks import Hooks


def editable_projects() -> list[Path]:
    """The project folders of every tier that is installed in editable mode."""
    folders, _ = installed().plugins.tier_folders()
    return [Path(folder).parents[1] for _, folder in folders if is_editable(Path(folder))]


def project_root(path: Path) -> Path:
    """The project around a path: the folder itself or the nearest above with a pyproject.toml."""
    for folder in (path.absolute(), *path.absolute().parents):
        if (folder / "pyproject.toml").is_file() and any(folder.glob("src/*/tier.yaml")):
            return folder
    message = "no tier's project is here: no pyproject.toml with a src/*/tier.yaml beside it"
    raise UsageError(Finding(message, str(path), "name the project's folder"))


def metadata(root: Path) -> tuple[str, str]:
    """(distribution name, version) from the project's pyproject.toml."""
    path = root / "pyproject.toml"
    try:
        project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
        return project["name"], project["version"]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError) as error:
        message = f"pyproject.toml gives no name and version ({error})"
        raise TitoError(Finding(message, str(path), "give both under [project]")) from None


def build_project(path: Path) -> CompiledTier:
    """Refresh the `_generated` folder of the project around `path`."""
    root = project_root(path)
    return build(root, *metadata(root))


def check_project(path: Path) -> Iterator[Finding]:
    """Everything that is wrong with the project's tier, alone and among the installed ones."""
    root = project_root(path)
    package = curriculum_folder(root)
    try:
        compiled = compile_tier(package, *metadata(root))
    except SourceError as error:
        yield from error.findings
        return
    found = installed()
    tier = compiled.manifest.tier
    others = (each.tier for each in found.tiers if each.tier.id != tier.id)
    course = Course((*others, tier))
    hooks = Hooks(found.plugins)
    for each in compiled.modules:
        folder = package / "modules" / each.module.folder
        arguments = {"module": each.module, "course": course, "folder": folder}
        yield from hooks.call("tito_module_checks", Finding, **arguments)
    yield from hooks.findings


def lessons(
    found: Installed, paths: Iterable[Path], names: Iterable[str]
) -> list[tuple[Module, Path]]:
    """The modules of the projects around these paths, in the order in which they are taught, and
    their folders; `names` choose some.

    Raises TitoError for a project whose tier is not installed, or was not built since it changed.
    """
    all_of_them: dict[str, tuple[Module, Path]] = {}
    for root in map(project_root, paths):
        name, _ = metadata(root)
        tier = next((t.tier for t in found.tiers if t.tier.distribution == name), None)
        if tier is None:
            finding = Finding(f"{name} is not installed", str(root), f"pip install -e {root}")
            raise TitoError(found.findings or finding)
        folder = curriculum_folder(root) / "modules"
        all_of_them |= {module.id: (module, folder / module.folder) for module in tier.modules}
    chosen = [module_named(found.course(), name).id for name in names] or list(all_of_them)
    if others := [module for module in chosen if module not in all_of_them]:
        raise UsageError(Finding(f"the module {others[0]!r} is in no project that was named"))
    found_lessons = [all_of_them[module] for module in chosen]
    return sorted(found_lessons, key=lambda lesson: lesson[0].number)
