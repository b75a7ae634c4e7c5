"""A composed package: it offers names from several tiers, each looked up when it is asked for.

Names are not cached in the package, or IPython's autoreload would go on showing old ones.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

from tito.composition import guidance
from tito.composition.finder import finder, imported
from tito.composition.gate import Gate
from tito.model import Module


class Offer:
    """A name of a facade whose module is known: Python finds it on the class, which is quick."""

    def __init__(self, target: str, name: str):
        self.target = target
        self.name = name

    def __get__(self, facade: Facade, kind: type | None = None) -> Any:
        try:
            return getattr(sys.modules[self.target], self.name)
        except (KeyError, AttributeError):  # unloaded, or the name was lost when it was reloaded
            return facade._looked_up(self.name)


def compose(package: str) -> None:
    """Make the package that is being imported a facade of all installed tiers."""
    parent, _, name = package.rpartition(".")
    import_module(parent)  # waits for another thread that is still composing it
    found = finder()
    found.packages.add(package)  # first: a plugin that is loaded now must not import past the gate
    gate = found.gate(package)
    if not any(package in each.tier.facades for each in gate.installed.tiers):
        raise ImportError(guidance.not_started(gate, package), name=package)
    module = sys.modules[package]
    module.__class__ = type("Facade", (Facade,), {})  # a class of its own, for its offers
    module.__path__ = list(dict.fromkeys([*_portions(gate, package), *module.__path__]))
    # Python binds it a moment after other threads may take it for imported; this is before that.
    setattr(sys.modules[parent], name, module)


def _portions(gate: Gate, package: str) -> Iterator[str]:
    """The package's folder in the workspace, then in every installed distribution."""
    roots = [gate.workspace.root] if gate.workspace else []
    roots += [found.portion for found in gate.installed.tiers]
    for root in roots:
        path = root.joinpath(*package.split("."))
        if path.is_dir():
            yield str(path)


class Facade(ModuleType):
    """PEP 562 as a class, so that a name may also be called like a module: `core.tensor`."""

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":
            return self._open_names()
        if name.startswith("_"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return self._looked_up(name)

    def _looked_up(self, name: str) -> Any:
        """The long way, once a name: afterwards there is an offer, and `F.relu` costs little."""
        package = self.__name__
        gate = finder().gate(package)
        module = gate.course.facades.get(package, {}).get(name)
        if module and gate.file(module):
            try:
                home = imported(module.target)
            except ImportError as error:
                if gate.is_locked(error.name or ""):  # `from … import` asks the finder next
                    raise AttributeError(str(error)) from None
                raise
            except AttributeError as error:  # hasattr would take it for its answer
                message = f"{module.target} cannot be imported: AttributeError: {error}"
                raise ImportError(message, name=module.target) from error
            if hasattr(home, name):
                setattr(type(self), name, Offer(module.target, name))
                return getattr(home, name)
        if f"{package}.{name}" in gate.course.facades:  # `nn.functional` needs no import in torch
            return import_module(f"{package}.{name}")
        raise AttributeError(guidance.explain(gate, package, name))

    def __setattr__(self, name: str, value: Any) -> None:
        """Importing `core.tensor` binds the module in its package: a facade's name goes first."""
        if not (isinstance(value, ModuleType) and name in self._offered()):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        """The names that can be had now; not the name of the composing function."""
        inner = (name for name in super().__dir__() if name.startswith("__"))
        return sorted({*inner, *self._open_names(), *self._subpackages()})

    def _offered(self) -> dict[str, Module]:
        return finder().gate(self.__name__).course.facades.get(self.__name__, {})

    def _subpackages(self) -> list[str]:
        start = f"{self.__name__}."
        facades = finder().gate(self.__name__).course.facades
        names = (facade.removeprefix(start) for facade in facades if facade.startswith(start))
        return [name for name in names if "." not in name]

    def _open_names(self) -> list[str]:
        """The facade's names that can be had now."""
        here = finder().gate(self.__name__).open_modules()
        return sorted(name for name, module in self._offered().items() if module.id in here)
