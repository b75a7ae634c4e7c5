"""The one finder on `sys.meta_path`: it answers for modules inside composed packages.

It looks a module up in the manifests and returns its own or its reference file, so the order of
`sys.path` never decides.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Sequence
from importlib import import_module, reload
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

from tito.composition import guidance
from tito.composition.gate import Gate, gate
from tito.curriculum.installed import Installed, installed
from tito.errors import TitoError
from tito.model import Finding, Module
from tito.workspace.find import find_workspace


class _Loading(threading.local):
    """What this thread is loading: how many modules, one within the other, and what is to follow."""

    depth = 0

    def __init__(self) -> None:
        self.pending: list[str] = []


_loading = _Loading()


class ExtendedLoader(SourceFileLoader):
    """Loads a module, and then those that extend it: again, if it is loaded again.

    An extension may need the very modules that are on their way here, so it waits for all of them.
    """

    def __init__(self, name: str, file: Path, extensions: Iterable[Module]):
        super().__init__(name, str(file))
        self.extensions = [module.target for module in extensions]
        self.executed = False

    def exec_module(self, module: ModuleType) -> None:
        again = hasattr(module, "__all__")
        _loading.depth += 1
        try:
            super().exec_module(module)
        finally:
            _loading.depth -= 1
        self.executed = True
        _loading.pending += self.extensions
        if not _loading.depth:
            extensions, _loading.pending = _loading.pending, []
            try:
                while extensions:
                    _extend(extensions[0], again)
                    del extensions[0]
            finally:  # one that failed is tried again with the next import: it must not get lost
                _loading.pending += extensions


def _extend(target: str, again: bool) -> None:
    """A thread that is loading the extension already, and waits for this one, will finish it."""
    if again and target in sys.modules:
        reload(sys.modules[target])
        return
    try:
        import_module(target)
    except RuntimeError as error:
        if type(error).__name__ != "_DeadlockError":  # Python gives it no public name
            raise


def imported(target: str) -> ModuleType:
    """The module, as soon as its own code has run.

    It does not wait for extensions: another thread may be loading one, and that is who asks.
    """
    module = sys.modules.get(target)
    loader = getattr(getattr(module, "__spec__", None), "loader", None)
    if module and getattr(loader, "executed", False):
        return module
    return import_module(target)


class Finder:
    """Installed once a process. `packages` are those that have been composed."""

    def __init__(self) -> None:
        self.packages: set[str] = set()
        self._installed: Installed | None = None
        self._gate: Gate | None = None
        self._lock = threading.RLock()  # loading a plugin may lead here again
        self._reading = False

    def gate(self, asked: str) -> Gate:
        """The composition as it is now: the workspace may change, what is installed may not.

        Raises ImportError, for the module `asked` for, if the tiers or the workspace are unusable.
        """
        try:
            workspace = find_workspace()
            with self._lock:
                self._installed = self._installed or self._read()
                if self._gate is None or self._gate.workspace != workspace:
                    self._gate = gate(self._installed, workspace)
                return self._gate
        except TitoError as error:
            raise ImportError(f"{asked} cannot be composed.\n{error}", name=asked) from None

    def _read(self) -> Installed:
        """What is installed. Raises TitoError for a plugin that imports what it should bring."""
        if self._reading:
            message = "a plugin imports the course while the course is being put together"
            raise TitoError(Finding(message, fix="import it inside of the hook that needs it"))
        self._reading = True
        try:
            return installed()
        finally:
            self._reading = False

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, last = name.rpartition(".")
        if package not in self.packages:
            return None
        import_module(package)  # waits for another thread that is still composing it
        composition = self.gate(name)
        if module := composition.course.by_target.get(name):
            if file := composition.file(module):
                loader = ExtendedLoader(name, file, composition.extensions(module))
                return spec_from_file_location(name, file, loader=loader)
            raise ImportError(guidance.locked(composition, module, name), name=name)
        if text := guidance.left_out(composition, name):
            raise ImportError(text, name=name)
        if spec := PathFinder.find_spec(name, path, target):
            return spec
        if last.startswith("__"):
            return None
        if (home := composition.course.owner(name)) and composition.file(home):
            imported(home.target)  # if a locked module behind it is why, this says so
        raise ImportError(guidance.explain(composition, package, last), name=name)


_finding = threading.Lock()


def finder() -> Finder:
    """This process's finder, in front of all others."""
    with _finding:
        for candidate in sys.meta_path:
            if isinstance(candidate, Finder):
                return candidate
        made = Finder()
        sys.meta_path.insert(0, made)
        return made
