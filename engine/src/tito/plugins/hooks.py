"""Calls hooks through pluggy, each implementation on its own, so that one failure stays one finding."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import pluggy

from tito.model.finding import Finding
from tito.plugins import hookspecs
from tito.plugins.loading import Plugins, guarded

ENGINE = "engine"  # the entry-point name of the engine's own plugin
T = TypeVar("T")


class _Manager(pluggy.PluginManager):
    """A function that is named like a hook implements it, with no marker to import."""

    def parse_hookimpl_opts(self, plugin: object, name: str) -> Any:
        if name.startswith("tito_") and callable(getattr(plugin, name)):
            return {
                "wrapper": False,
                "hookwrapper": False,
                "optionalhook": False,
                "tryfirst": False,
                "trylast": False,
                "specname": None,
            }
        return None


class Hooks:
    """The hooks of the given plugins. `findings` grows with whatever goes wrong in them."""

    def __init__(self, plugins: Plugins):
        self._manager = _Manager("tito")
        self._manager.add_hookspecs(hookspecs)
        self.findings = list(plugins.findings)
        for name, module in plugins.modules.items():
            register = partial(self._manager.register, module, name)
            self._guard(name, "its hooks", register)
        for name, module in plugins.modules.items():
            self._unknown(name, module)

    def call(self, hook: str, kind: type[T], **arguments: Any) -> list[T]:
        """All items that the implementations return: the engine's, then by their plugins' names."""
        items: list[T] = []
        for implementation in sorted(
            getattr(self._manager.hook, hook).get_hookimpls(),
            key=lambda i: (i.plugin_name != ENGINE, i.plugin_name),
        ):
            wanted = {name: arguments[name] for name in implementation.argnames}
            run = partial(implementation.function, **wanted)
            read = partial(_items, run, kind)
            items += self._guard(implementation.plugin_name, hook, read) or ()
        return items

    def _guard(self, name: str, what: str, call: Any) -> Any:
        value, failed = guarded(name, what, call)
        self.findings += failed
        return value

    def _unknown(self, name: str, module: object) -> None:
        for attribute in vars(module):
            if attribute.startswith("tito_") and not hasattr(hookspecs, attribute):
                self.findings.append(
                    Finding(
                        f"plugin {name!r} implements {attribute!r}, which is no hook of this engine",
                        where=f"{module.__name__}.{attribute}",  # type: ignore[attr-defined]
                        fix="correct the name, or update tinytorch-engine",
                        level="warning",
                    )
                )


def _items(hook: Callable[[], Any], kind: type[T]) -> list[T]:
    """What the hook returns, if all of it is of this kind; nothing at all is fine too."""
    items = list(hook() or ())
    for item in items:
        if not isinstance(item, kind):
            raise TypeError(f"it gave {item!r}, which is no {kind.__name__}")
    return items
