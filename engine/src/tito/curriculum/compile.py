"""Compiles a curriculum folder: reads every source, finds everything that is wrong, makes the views."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from tito.curriculum import rules
from tito.curriculum.anatomy import anatomy
from tito.curriculum.config import MilestoneConfig, ModuleConfig, TierConfig, read_config
from tito.curriculum.draft import Draft, draft
from tito.curriculum.installed import source_digests
from tito.curriculum.integration import integration_files, requirements
from tito.curriculum.manifest import FORMAT_VERSION, Manifest
from tito.curriculum.public import is_dotted_name, public_names
from tito.curriculum.source import Cell, Unreadable, read_percent
from tito.curriculum.views import LEARNER, view
from tito.errors import SourceError
from tito.model import Finding, Milestone, Module, Test, Tier
from tito.model.course import conflicts, unmet

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
    findings: list[Finding] = []
    configs = _each([package / "tier.yaml"], _tier_config, findings)
    namespace = configs[0].namespace if configs else ""
    compiled = _each(
        _folders(package / "modules"), lambda folder: compile_module(folder, namespace), findings
    )
    milestones = _each(_folders(package / "milestones"), _milestone, findings)
    facades = _each([package.parent / namespace], _facades, findings) if namespace else []
    _each(integration_files(package), requirements, findings)
    if findings:
        raise SourceError(findings)
    config = configs[0]
    tier = Tier(
        id=config.id,
        title=config.title,
        namespace=config.namespace,
        order=config.order,
        distribution=distribution,
        version=version,
        requires=config.requires,
        successors=config.successors,
        facades=facades[0],
        modules=tuple(sorted((c.module for c in compiled), key=lambda module: module.number)),
        milestones=tuple(milestones),
    )
    # What a tier that builds on others lacks can only be told among them.
    if findings := [*conflicts((tier,)), *(() if tier.requires else unmet((tier,)))]:
        raise SourceError(findings)
    return CompiledTier(Manifest(FORMAT_VERSION, tier, source_digests(package)), tuple(compiled))


def _folders(parent: Path) -> list[Path]:
    """Those of a tier's parts, and not what editors leave behind: `.ipynb_checkpoints`."""
    return sorted(path for path in parent.glob("[!._]*") if path.is_dir())


def _tier_config(path: Path) -> TierConfig:
    config: TierConfig = read_config(TierConfig, path)
    findings = []
    if not is_dotted_name(config.namespace) or "." in config.namespace:
        message = f"the namespace {config.namespace!r} is no name that Python can import"
        findings.append(Finding(message, f"{path}: namespace"))
    for needed, versions in config.requires.items():
        try:
            SpecifierSet(versions)
        except InvalidSpecifier:
            message = f"{versions!r} is no range of versions"
            findings.append(Finding(message, f"{path}: requires.{needed}", "'>=0.1,<0.2' is one"))
    if findings:
        raise SourceError(findings)
    return config


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
        extends=made.config.extends,
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


def _facades(folder: Path) -> tuple[str, ...]:
    """The subpackages that the tier starts: those for which it ships an `__init__.py`."""
    stray = folder / "__init__.py"
    if stray.exists():
        fix = f"delete it: {folder.name} is a namespace package that no distribution owns"
        message = f"a stray __init__.py hides every tier of {folder.name}"
        raise SourceError(Finding(message, str(stray), fix))
    found = sorted(path.parent.relative_to(folder.parent) for path in folder.rglob("__init__.py"))
    return tuple(".".join(path.parts) for path in found)


def _milestone(folder: Path) -> Milestone:
    config: MilestoneConfig = read_config(MilestoneConfig, folder / "milestone.yaml")
    for what, path in (("program", folder / "milestone.py"), ("page", folder / "ABOUT.md")):
        if not path.is_file():
            raise SourceError(Finding(f"the milestone has no {what}", str(path)))
    return Milestone(
        folder.name,
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
