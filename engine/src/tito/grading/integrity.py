"""Whether what tests rely on is what it was: built-ins, NumPy, the provided modules, what the lesson
imports, and what its own cells define.

A snapshot is taken before any student's code runs. Comparing is by identity, never by `==`, which an
object may answer as it likes.
"""

from __future__ import annotations

import builtins
import signal
import sys
import threading
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import compress
from operator import is_not
from types import FunctionType, ModuleType
from typing import Any

from tito.grading.memory import KNOWN, Dicts, Functions, real_dict
from tito.grading.pretenders import classes

globals()["__builtins__"] = dict(vars(builtins))  # our functions' own: cells may change the others

RELIED_ON = {
    "builtins", "cmath", "collections", "contextlib", "copy", "functools", "inspect", "itertools",
    "math", "numbers", "numpy", "operator", "random", "re", "time", "timeit", "tracemalloc", "types",
    "unittest", "warnings",
}  # fmt: skip
PARTS = ("__code__", "__defaults__", "__kwdefaults__")


@dataclass(slots=True)
class Table:
    """The names of a module or class whose values are to stay: functions, classes, modules."""

    name: str
    owner: Any
    names: tuple[str, ...]
    values: tuple[Any, ...]
    size: int

    @classmethod
    def of(cls, name: str, owner: Any) -> Table:
        present = vars(owner)
        kept = {key: value for key, value in present.items() if _is_behaviour(value)}
        return cls(name, owner, tuple(kept), tuple(kept.values()), len(present))

    def changed(self) -> list[tuple[str, Any]]:
        """Each name that means something else now, with what it meant; None for a new one."""
        present = vars(self.owner)
        pairs = zip(self.names, self.values, strict=True)
        differ = map(is_not, map(present.get, self.names), self.values)
        return [*compress(pairs, differ), *self._added(present)]

    def _added(self, present: Mapping[str, Any]) -> Iterator[tuple[str, None]]:
        """New names of a plain module hide nothing; those of a class or a facade do."""
        if len(present) != self.size and type(self.owner) is not ModuleType:
            for name, value in present.items():
                if name not in self.names and _hides(value):
                    yield name, None

    def put_back(self, name: str, value: Any) -> None:
        kind = type if isinstance(self.owner, type) else ModuleType
        with suppress(TypeError, AttributeError):  # a built-in class, changed past Python
            if value is None:
                kind.__delattr__(self.owner, name)
            else:
                kind.__setattr__(self.owner, name, value)


def _is_behaviour(value: Any) -> bool:
    """Told from its class: an object may answer for its attributes with code of its own."""
    return _hides(value) or (isinstance(value, ModuleType) and not _is_forgotten(value.__name__))


def _is_forgotten(module: str) -> bool:
    """Whether a child has it no more when a student's code runs."""
    return module.startswith("tito.grading")


def _hides(value: Any) -> bool:
    """Whether, added to a class, it answers in the place of something else: a method, a property."""
    behaves = callable(value) or hasattr(type(value), "__get__")
    return behaves and not isinstance(value, ModuleType)


class Watch:
    """Modules, classes and functions as they are now. `wanted` are the packages whose classes count."""

    def __init__(self, wanted: Container[str]) -> None:
        self.wanted = wanted
        self.tables: list[Table] = []
        self.functions: list[tuple[FunctionType, tuple[Any, ...]]] = []
        self.known: set[int] = set()

    def add(self, table: Table) -> None:
        self.tables.append(table)
        for value in table.values:
            self.watch(value)

    def watch(self, value: Any) -> None:
        """A function, with those that it wraps, or a class with all that is in it."""
        if id(value) in self.known:
            return
        self.known.add(id(value))
        if isinstance(value, FunctionType):
            self.functions.append((value, _parts(value)))
            for part in value.__closure__ or ():
                with suppress(ValueError):  # it is empty
                    if isinstance(part.cell_contents, FunctionType):
                        self.watch(part.cell_contents)
        elif isinstance(value, type):
            if value.__module__.partition(".")[0] in self.wanted:
                self.add(Table.of(f"{value.__module__}.{value.__qualname__}", value))
        elif type(value).__module__.startswith("numpy"):  # one of its functions in C around Python
            self.watch(getattr(value, "__wrapped__", None))

    def restore_all(self, may: Container[str]) -> list[str]:
        """The names of what is different. It is put back, but for attributes that `may` change."""
        return [*self.restore_tables(self.tables, may), *self.restore_functions()]

    def restore_tables(self, tables: Iterable[Table], may: Container[str]) -> Iterator[str]:
        for table in tables:
            for name, value in table.changed():
                if name not in may:
                    table.put_back(name, value)
                    yield f"{table.name}.{name}"

    def restore_functions(self) -> Iterator[str]:
        for function, parts in self.functions:
            if any(map(is_not, _parts(function), parts)):
                for part, value in zip(PARTS, parts, strict=True):
                    setattr(function, part, value)
                yield f"the code of {function.__module__}.{function.__qualname__}"


class Kept:
    """A watch whose tables and functions are looked at in memory: what was not written to is as it
    was. Where memory is not known, all of them are compared."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.dicts, self.functions = Dicts(), Functions()
        self.known = 0, 0  # tables and functions
        self.learn()

    def learn(self) -> None:
        """What the watch has now, and not before."""
        if KNOWN:
            tables, functions = self.watch.tables, self.watch.functions
            new = tables[self.known[0] :], functions[self.known[1] :]
            if any(new):  # seldom, and the rest takes its time
                self.dicts.add(real_dict(vars(table.owner)) for table in new[0])
                self.functions.add(function for function, _ in new[1])
                self.known = len(tables), len(functions)

    def restore(self, may: Container[str]) -> list[str]:
        """The names of what is different. It is put back, but for attributes that `may` change."""
        if not KNOWN:
            return self.watch.restore_all(may)
        said: list[str] = []
        while written := self.dicts.written():
            said += self.watch.restore_tables([self.watch.tables[n] for n in written], may)
            self.dicts.look_again()
        if self.functions.written():
            said += self.watch.restore_functions()
        return said


class Snapshot(Watch):
    """What is loaded now, of the modules that tests rely on. `relied_on` are more of them."""

    def __init__(self, relied_on: Iterable[str]) -> None:
        super().__init__(RELIED_ON | set(relied_on))
        self.modules = {
            name: module
            for name, module in list(sys.modules.items())
            if isinstance(module, ModuleType)
            and name.partition(".")[0] in self.wanted
            and not _is_forgotten(name)
        }
        for name, module in self.modules.items():
            self.add(Table.of(name, module))
        self.machinery = _machinery()
        self.classes = frozenset(map(id, classes()))
        self.memory = Kept(self)
        self.registry = Dicts([sys.modules] if KNOWN else [])

    def restore(self, may: Container[str]) -> list[str]:
        said = [*self._restore_modules(), *self.memory.restore(may)]
        now = _machinery()
        return said + [what for what in now if now[what] != self.machinery[what]]

    def _restore_modules(self) -> list[str]:
        if KNOWN and sys.modules is self.registry.dicts[0] and not self.registry.written():
            return []
        present = sys.modules
        said = [name for name, module in self.modules.items() if present.get(name) is not module]
        present.update(self.modules)
        self.registry.look_again()
        return said


class Given:
    """What the lesson's own cells define: no exercise may put something else in its place."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.names: dict[str, Any] = {}
        self.watched = Watch(("__main__",))
        self.memory = Kept(self.watched)

    def learn(self, names: Iterable[str], scope: dict[str, Any]) -> None:
        for name in names:
            if name in scope:
                self.names[name] = scope[name]
                self.watched.watch(scope[name])
        self.memory.learn()

    def restore(self, scope: dict[str, Any], may: Container[str]) -> list[str]:
        changed = [n for n, value in self.names.items() if scope.get(n) is not value]
        scope.update(self.names)
        return [*changed, *self.memory.restore(may), *self.snapshot.restore(may)]


def _parts(function: FunctionType) -> tuple[Any, ...]:
    return function.__code__, function.__defaults__, function.__kwdefaults__


def _machinery() -> dict[str, Any]:
    """What can watch or change code while it runs, as numbers and texts."""
    return {
        "sys.meta_path": [id(finder) for finder in sys.meta_path],
        "sys.path_hooks": [id(hook) for hook in sys.path_hooks],
        "sys.settrace": id(sys.gettrace()),
        "sys.setprofile": id(sys.getprofile()),
        "threading.settrace": id(threading.gettrace()),
        "a signal's handler": [id(signal.getsignal(n)) for n in (signal.SIGALRM, signal.SIGPROF)],
    }
