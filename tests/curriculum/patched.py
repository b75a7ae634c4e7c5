"""Imports the course in a fresh interpreter and prints each class that a later module has changed.

    python tests/curriculum/patched.py ["code to run at the end"]

A class is looked at when its module has run, and again when each later module has.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.machinery import SourceFileLoader
from types import ModuleType
from typing import Any

from tito.curriculum.installed import installed

TARGETS = [module.target for module in installed().course().modules]
run = SourceFileLoader.exec_module
seen: dict[type, dict[str, Any]] = {}


def run_and_look(loader: SourceFileLoader, module: ModuleType) -> None:
    """Extensions load by themselves, in the middle of an import: so look whenever one has run."""
    run(loader, module)
    if module.__name__ in TARGETS:
        report(module.__name__)
        own = [each for each in vars(module).values() if isinstance(each, type)]
        seen.update({cls: dict(vars(cls)) for cls in own if cls.__module__ == module.__name__})


def report(by: str) -> None:
    for cls in seen:
        for change in changes(cls):
            print(f"{by} changes {cls.__module__}.{cls.__qualname__}.{change}")


def changes(cls: type) -> Iterator[str]:
    before, now = seen[cls], dict(vars(cls))
    for name in sorted(before.keys() | now.keys()):
        if before.get(name, cls) is not now.get(name, cls):
            yield name
    seen[cls] = now


SourceFileLoader.exec_module = run_and_look  # type: ignore[method-assign]
for target in TARGETS:
    import_module(target)
assert {cls.__module__ for cls in seen} <= set(TARGETS)
exec("".join(sys.argv[1:]))
report("the code at the end")
print(f"{len(seen)} classes")
