"""Compiles a curriculum folder: reads every source, finds everything that is wrong, makes the views."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tito.curriculum import rules
from tito.curriculum.anatomy import anatomy
from tito.curriculum.config import MilestoneConfig, ModuleConfig, TierConfig, read_config
from tito.curriculum.draft import Draft, draft
from tito.curriculum.installed import source_digests
from tito.curriculum.manifest import FORMAT_VERSION, Manifest
from tito.curriculum.public import public_names
from tito.curriculum.source import Cell, Unreadable, read_percent
from tito.curriculum.views import LEARNER, view
from tito.errors import SourceError
from tito.model import Finding, Milestone, Module, Test, Tier
from tito.model.course import conflicts

T = TypeVar("T")
MODULE_FOLDER = re.compile(r"(?P<number>\d\d)_(?P<id>[a-z][a-z0-9_]*)")


@dataclass(frozen=True, slots=True)
class CompiledModule:
    module: Module
    draft: Draft


@dataclass(frozen=True, slots=True)
class CompiledTier:
    manifest: Manifest
    modules: tuple[CompiledModule, ...]


def compile_tier(package: Path, distribution: str, version: str) -> CompiledTier:
    """Raises SourceError with every finding in the whole tier."""
    config: TierConfig = read_config(TierConfig, package / "tier.yaml")
    findings: list[Finding] = []
    folders = sorted(path for path in package.glob("modules/*") if path.is_dir())
    compiled = _each(folders, lambda folder: compile_module(folder, config.namespace), findings)
    folders = sorted(package.glob("milestones/*/milestone.yaml"))
    milestones = _each(folders, _milestone, findings)
    if findings:
        raise SourceError(findings)
    tier = Tier(
        id=config.id,
        title=config.title,
        namespace=config.namespace,
        order=config.order,
        distribution=distribution,
        version=version,
        requires=config.requires,
        successors=config.successors,
        facades=tuple(_facades(package, config.namespace)),
        modules=tuple(sorted((c.module for c in compiled), key=lambda module: module.number)),
        milestones=tuple(milestones),
    )
    if findings := conflicts((tier,)):
        raise SourceError(findings)
    return CompiledTier(Manifest(FORMAT_VERSION, tier, source_digests(package)), tuple(compiled))


def compile_module(folder: Path, namespace: str) -> CompiledModule:
    """One module's folder. Raises SourceError with everything that is wrong in it."""
    made = read_draft(folder)
    if findings := list(check(made)):
        raise SourceError(findings)
    return CompiledModule(_module(made, namespace), made)


def read_draft(folder: Path) -> Draft:
    match = MODULE_FOLDER.fullmatch(folder.name)
    if not match:
        message = f"the module folder {folder.name!r} is not named like '01_tensor'"
        raise SourceError(Finding(message, str(folder)))
    config: ModuleConfig = read_config(ModuleConfig, folder / "module.yaml")
    path = folder / f"{match['id']}_dev.py"
    try:
        text = path.read_text(encoding="utf-8")
        source = read_percent(text, path.name)
    except FileNotFoundError:
        raise SourceError(Finding("the module has no source", str(path))) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(Finding(f"the source cannot be read: {error}", str(path))) from None
    except Unreadable as error:
        raise SourceError(error.finding) from None
    config_file = f"{folder.name}/module.yaml"
    lines = text.count("\n")
    return draft(match["id"], int(match["number"]), config, config_file, source, lines)


def check(made: Draft) -> Iterator[Finding]:
    """Every rule's findings; the later rules need what the first ones make sure of."""
    first = [finding for rule in rules.FIRST for finding in rule(made)]
    yield from first
    if not first:
        for rule in (*rules.THEN, anatomy):
            yield from rule(made)


def _module(made: Draft, namespace: str) -> Module:
    cells = made.lesson.cells
    exported = "\n\n".join(cell.text for cell in cells if cell.is_exported)
    handed_out = view(made.lesson, LEARNER)
    everything = "\0".join(f"{c.kind}\0{c.metadata}\0{c.text}" for c in cells)
    return Module(
        id=made.id,
        number=made.lesson.number,
        title=made.config.title,
        summary=made.config.summary,
        requires=made.config.requires,
        target=f"{namespace}.{made.config.target}",
        exports={f"{namespace}.{f}": names for f, names in made.config.exports.items()},
        names=tuple(public_names(exported)),
        imports=tuple(sorted(_imports(made.code, namespace))),
        minutes=made.config.minutes,
        tasks=tuple(made.lesson.tasks.values()),
        tests=tuple(_tests(handed_out)),
        hints=made.config.hints,
        digest=_sha256(everything),
    )


def _tests(cells: Iterable[Cell]) -> Iterator[Test]:
    """The graded tests, each called like the heading above it."""
    title = ""
    for cell in cells:
        if cell.kind == "markdown" and (match := rules.UNIT_TEST.search(cell.text)):
            title = match["component"].strip()
        if cell.is_test:
            yield Test(cell.grade_id, title, cell.nbgrader["points"])


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _imports(cells: Iterable[Cell], namespace: str) -> set[str]:
    """Full names that the lesson's code imports from the course's namespace."""
    found = set()
    for node in (node for cell in cells for node in ast.walk(ast.parse(cell.text))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] == namespace}


def _facades(package: Path, namespace: str) -> Iterator[str]:
    """The subpackages that the tier starts: those for which it ships an `__init__.py`."""
    root = package.parent
    for path in sorted(root.joinpath(namespace).rglob("__init__.py")):
        name = ".".join(path.parent.relative_to(root).parts)
        if name == namespace:
            fix = f"delete it: {namespace} is a namespace package that no distribution owns"
            raise SourceError(
                Finding(f"a stray __init__.py hides every tier of {namespace}", str(path), fix)
            )
        yield name


def _milestone(path: Path) -> Milestone:
    config: MilestoneConfig = read_config(MilestoneConfig, path)
    script = path.parent / "milestone.py"
    if not script.is_file():
        raise SourceError(Finding("the milestone has no program", str(script)))
    return Milestone(
        path.parent.name,
        config.year,
        config.title,
        config.summary,
        config.requires,
        config.minutes,
    )


def _each(things: Iterable[Path], call: Callable[[Path], T], findings: list[Finding]) -> list[T]:
    """The calls' values; what they raise joins the findings."""
    values = []
    for thing in things:
        try:
            values.append(call(thing))
        except SourceError as error:
            findings += error.findings
    return values
