"""Checks that a lesson imports only what its module requires."""

from __future__ import annotations

from collections.abc import Iterator

from tito.model import Course, Finding, Module


def check_imports(module: Module, course: Course) -> Iterator[Finding]:
    allowed = course.requirements(module.id) - {module.id}
    for name in module.imports:
        owner = course.owner(name)
        if owner and owner.id not in allowed:
            yield Finding(
                f"{module.id} imports {name}, which {owner.id} builds and {module.id} does not require",
                f"{module.folder}/{module.id}_dev.py",
                f"add {owner.id} to requires in {module.folder}/module.yaml",
            )
