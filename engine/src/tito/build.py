"""Compiles a tier and writes what comes of it: the reference, the manifest, the lessons, the stubs.

_generated/
  tinytorch/core/tensor.py          the reference portion; in the wheel beside the facades
  tinytorch/core/__init__.pyi       what a type checker knows of a facade that the tier starts
  compiled/manifest.json            in the wheel: <package>/_compiled/manifest.json
  compiled/lessons/tensor.ipynb     the module as handed out, and as a percent script
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from tito.curriculum import files, manifest
from tito.curriculum.compile import CompiledModule, CompiledTier, compile_tier
from tito.curriculum.views import LEARNER, REFERENCE, view
from tito.errors import TitoError
from tito.export import export
from tito.model import Finding, Tier

GENERATED = "_generated"


def build(root: Path, distribution: str, version: str) -> CompiledTier:
    """Build the tier of the project in `root` into its `_generated` folder.

    Everything is compiled before anything is written; raises SourceError with all findings.
    """
    tier = compile_tier(curriculum_folder(root), distribution, version)
    outputs = dict(_outputs(tier))
    generated = root / GENERATED
    shutil.rmtree(generated, ignore_errors=True)
    for name, text in outputs.items():
        path = generated / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return tier


def curriculum_folder(root: Path) -> Path:
    """The one package under `src` that has a `tier.yaml`."""
    found = sorted(root.glob("src/*/tier.yaml"))
    if len(found) != 1:
        message = f"a tier's project has one src/*/tier.yaml; here are {len(found)}"
        raise TitoError(Finding(message, str(root)))
    return found[0].parent


def _outputs(tier: CompiledTier) -> Iterator[tuple[str, str]]:
    """(path under `_generated`, text) of every file that is made.

    The manifest comes last: without it, a build that was cut short is noticed.
    """
    for compiled in tier.modules:
        yield from _module_outputs(compiled)
    for facade in tier.manifest.tier.facades:
        folder = facade.replace(".", "/")
        yield f"{folder}/__init__.pyi", facade_stub(tier.manifest.tier, facade)
        yield f"{folder}/py.typed", ""
    yield "compiled/manifest.json", manifest.dump(tier.manifest)


def _module_outputs(compiled: CompiledModule) -> Iterator[tuple[str, str]]:
    module, lesson = compiled.module, compiled.draft.lesson
    handed_out = view(lesson, LEARNER)
    yield f"compiled/lessons/{module.id}.ipynb", files.notebook(handed_out)
    yield f"compiled/lessons/{module.id}.py", files.percent(handed_out)
    reference = export(view(lesson, REFERENCE), module, compiled.draft.file)
    yield f"{module.target.replace('.', '/')}.py", reference


def facade_stub(tier: Tier, facade: str) -> str:
    """The facade's names that its own tier brings; whatever other tiers add is Any."""
    lines = ["from typing import Any", ""]
    for inner in tier.facades:
        package, _, name = inner.rpartition(".")
        if package == facade:
            lines.append(f"from {package} import {name} as {name}")
    for module in tier.modules:
        for name in module.exports.get(facade, ()):
            lines.append(f"from {module.target} import {name} as {name}")
    lines += ["", "def __getattr__(name: str) -> Any: ..."]
    return "\n".join(lines) + "\n"
