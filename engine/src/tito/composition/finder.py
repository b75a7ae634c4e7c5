"""The one finder on `sys.meta_path`: it answers for modules inside composed packages.

It looks a module up in the manifests and returns its own or its reference file, so the order of
`sys.path` never decides.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import spec_from_file_location
from types import ModuleType

from tito.composition import guidance
from tito.composition.gate import Gate, gate
from tito.curriculum.installed import Installed, installed
from tito.errors import TitoError
from tito.model import Finding
from tito.workspace.find import find_workspace


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
                return spec_from_file_location(name, file)
            raise ImportError(guidance.locked(composition, module, name), name=name)
        if text := guidance.left_out(composition, name):
            raise ImportError(text, name=name)
        if spec := PathFinder.find_spec(name, path, target):
            return spec
        if last.startswith("__"):
            return None
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
