"""Finds the plugins, and keeps a broken one from taking anything else down.

Standard library only: `import tinytorch.nn` passes through here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

from tito.errors import TitoError
from tito.model.finding import Finding

GROUP = "tito"


@dataclass(frozen=True)
class Plugins:
    """The plugins that loaded, by entry-point name, and a finding for each that did not."""

    modules: dict[str, ModuleType]
    findings: tuple[Finding, ...]

    def tier_folders(self) -> tuple[list[tuple[str, str]], list[Finding]]:
        """(plugin name, curriculum folder) pairs: what each `tito_tiers` returns."""
        folders: list[tuple[str, str]] = []
        findings: list[Finding] = []
        for name, module in self.modules.items():
            value, failed = guarded(name, "tito_tiers", partial(_folders, module))
            folders += [(name, folder) for folder in value or ()]
            findings += failed
        return folders, findings


def _folders(module: ModuleType) -> list[str]:
    hook: Callable[[], Iterable[str | os.PathLike[str]]] = getattr(module, "tito_tiers", tuple)
    return [os.fspath(folder) for folder in hook()]


def load_plugins() -> Plugins:
    """Load every plugin of the group `tito` that `TITO_DISABLE_PLUGINS` does not name.

    The variable holds entry-point names, separated by commas, or `all`.
    """
    disabled = {name.strip() for name in os.environ.get("TITO_DISABLE_PLUGINS", "").split(",")}
    modules: dict[str, ModuleType] = {}
    findings: list[Finding] = []
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        if entry.name in disabled or "all" in disabled:
            continue
        load = partial(_load, entry)
        module, failed = guarded(entry.name, f"loading {entry.value}", load)
        if not failed and entry.name in modules:
            failed = [_name_taken(entry)]
        if not failed:
            modules[entry.name] = module
        findings += failed
    return Plugins(modules, tuple(findings))


def _load(entry: EntryPoint) -> ModuleType:
    plugin = entry.load()
    if not isinstance(plugin, ModuleType):
        raise TypeError("the entry point does not name a module")
    return plugin


def guarded(name: str, what: str, call: Callable[[], Any]) -> tuple[Any, list[Finding]]:
    """The call's value, or findings: its own, or one that blames the plugin. Ctrl-C gets through."""
    try:
        return call(), []
    except KeyboardInterrupt:
        raise
    except TitoError as error:
        return None, list(error.findings)
    except BaseException as error:  # a plugin may raise anything, and may even exit
        finding = Finding(
            f"plugin {name!r} failed: {type(error).__name__}: {error}",
            where=f"plugin {name!r}, {what}",
            fix=f"update or uninstall it, or go on without it: TITO_DISABLE_PLUGINS={name}",
            level="warning",
        )
        return None, [finding]


def _name_taken(entry: EntryPoint) -> Finding:
    distribution = entry.dist.name if entry.dist else "a distribution"
    return Finding(
        f"two plugins are called {entry.name!r}; the one of {distribution} is left out",
        where=f"entry point {entry.name!r} = {entry.value}",
        fix=f"uninstall one of them, for example: pip uninstall {distribution}",
        level="warning",
    )
