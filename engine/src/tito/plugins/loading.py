"""Finds the plugins, and keeps a broken one from taking anything else down.

Standard library only: `import tinytorch.nn` passes through here.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

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
            if hook := getattr(module, "tito_tiers", None):
                value, finding = guarded(name, "tito_tiers", hook)
                folders += [(name, os.fspath(folder)) for folder in value or ()]
                findings += [finding] if finding else []
        return folders, findings


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
        module, finding = guarded(entry.name, f"loading {entry.value}", entry.load)
        if not finding and entry.name in modules:
            finding = _name_taken(entry)
        if finding:
            findings.append(finding)
        else:
            modules[entry.name] = module
    return Plugins(modules, tuple(findings))


def guarded(name: str, what: str, call: Callable[[], Any]) -> tuple[Any, Finding | None]:
    """The call's value, or a finding that blames the plugin. Ctrl-C still gets through."""
    try:
        return call(), None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin may raise anything, and may even exit
        return None, Finding(
            f"plugin {name!r} failed: {type(error).__name__}: {error}",
            where=f"plugin {name!r}, {what}",
            fix=f"update or uninstall it, or go on without it: TITO_DISABLE_PLUGINS={name}",
            level="warning",
        )


def _name_taken(entry: EntryPoint) -> Finding:
    distribution = entry.dist.name if entry.dist else "a distribution"
    return Finding(
        f"two plugins are called {entry.name!r}; the one of {distribution} is left out",
        where=f"entry point {entry.name!r} = {entry.value}",
        fix=f"uninstall one of them, for example: pip uninstall {distribution}",
        level="warning",
    )
