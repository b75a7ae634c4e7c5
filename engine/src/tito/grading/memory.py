"""Tells from memory whether a dict or a function was written to, and touches no object for it.

To compare ten thousand values by `is` counts references, writes to their memory, and so makes a fork
copy the pages that it shared with its parent: 7 ms in each child. NumPy reads the bytes in 0.02 ms.
The layout is CPython's own business: `KNOWN` is whether it is what we think, found by trying it, and
whether there is NumPy.
"""

from __future__ import annotations

import builtins
import gc
import sys
from array import array
from collections.abc import Iterable, Mapping
from ctypes import c_size_t, c_uint64, string_at
from itertools import pairwise
from types import FunctionType
from typing import Any

try:
    from numpy import frombuffer
except ImportError:  # of no use to this curriculum
    frombuffer = None  # type: ignore[assignment]

globals()["__builtins__"] = dict(vars(builtins))  # our functions' own: cells may change the others

Region = tuple[int, int]  # address and bytes, each a multiple of eight
HEAD = 16  # bytes of reference count and type, which every object begins with
KEYS_HEAD = 32  # the keys' own counts; one of them changes when code is specialised
FIRST, LAST = 1 << 12, 1 << 47  # addresses that a process may have


class Memory:
    """Regions of this process's memory, and how they were when they were last looked at."""

    def __init__(self) -> None:
        self.saved, self._now = bytearray(), bytearray()
        self.ends = [0]  # of each region, among the bytes that are saved
        self._words = array("q")

    def add(self, regions: Iterable[Region]) -> None:
        new = array("q")
        for address, size in regions:
            new.extend(range((address - FIRST) // 8, (address - FIRST + size) // 8))
            self.ends.append((len(self._words) + len(new)) * 8)
        self.saved += _read(new, bytearray(8 * len(new)))
        self._words = self._words + new
        self._now = bytearray(len(self.saved))

    def look_again(self) -> None:
        _read(self._words, self.saved)

    def written(self) -> list[int]:
        """The numbers of the regions that differ."""
        now = _read(self._words, self._now)
        if now == self.saved:
            return []
        bounds = enumerate(pairwise(self.ends))
        return [n for n, (begin, end) in bounds if now[begin:end] != self.saved[begin:end]]


def _read(words: array[int], into: bytearray) -> bytearray:
    if words:
        EVERYTHING.take(frombuffer(words, "q"), None, frombuffer(into, "Q"), "clip")
    return into


def _dict_head(found: dict[str, Any]) -> Region:
    return id(found) + HEAD, dict.__basicsize__ - HEAD


def _dict_keys(found: dict[str, Any]) -> Region:
    """The hashes, keys and values: what the last but one pointer of the head points to."""
    keys = c_size_t.from_address(id(found) + dict.__basicsize__ - 16).value
    size = found.__sizeof__() - dict.__basicsize__
    return keys + KEYS_HEAD, max(size - KEYS_HEAD, 0)


def real_dict(found: Mapping[str, Any]) -> dict[str, Any]:
    """The dict behind the view of it that a class gives."""
    if isinstance(found, dict):
        return found
    (behind,) = gc.get_referents(found)
    assert isinstance(behind, dict)
    return behind


class Dicts:
    """Dicts as they were when they were last looked at."""

    def __init__(self, dicts: Iterable[dict[str, Any]] = ()) -> None:
        self.dicts: list[dict[str, Any]] = []
        self.heads, self.keys = Memory(), Memory()
        self.add(dicts)

    def add(self, dicts: Iterable[dict[str, Any]]) -> None:
        new = list(dicts)
        self.dicts += new
        self.heads.add(map(_dict_head, new))
        self.keys.add(() if VERSIONED else map(_dict_keys, new))

    def written(self) -> list[int]:
        """The places of those that were written to since. Look at them, then `look_again`."""
        return (
            self.heads.written() or self.keys.written()
        )  # of a new head, the old keys may be gone

    def look_again(self) -> None:
        self.heads.look_again()
        if not VERSIONED:
            self.keys = Memory()
            self.keys.add(map(_dict_keys, self.dicts))


class Functions:
    """Code, defaults and closure of functions."""

    def __init__(self, functions: Iterable[FunctionType] = ()) -> None:
        self.parts = Memory()
        self.add(functions)

    def add(self, functions: Iterable[FunctionType]) -> None:
        self.parts.add((id(each) + PARTS_AT, 32) for each in functions)

    def written(self) -> bool:
        return bool(self.parts.written())


def _parts_at() -> int:
    """Where in a function's memory code, defaults, keyword defaults and closure stand; 0 if unknown."""
    held = object()

    def probe(a: int = 1, *, b: int = 2) -> object:
        return held

    parts = (probe.__code__, probe.__defaults__, probe.__kwdefaults__, probe.__closure__)
    wanted = b"".join(id(part).to_bytes(8, sys.byteorder) for part in parts)
    memory = string_at(id(probe), FunctionType.__basicsize__)
    return max(memory.find(wanted), 0)


def _is_versioned() -> bool:
    """Whether the head has a number that changes with every write, as up to Python 3.13."""
    tried = {"a": object()}
    before = string_at(*_dict_head(tried))
    tried["a"] = object()
    return string_at(*_dict_head(tried)) != before


def _dicts_are_known() -> bool:
    tried = {str(n): object() for n in range(20)}
    dicts = Dicts([{}, tried])
    before = dicts.written()
    tried["7"] = object()
    changed = dicts.written()
    dicts.look_again()
    tried["new"] = object()
    return (before, changed, dicts.written()) == ([], [1], [1])


LIKELY = sys.implementation.name == "cpython" and sys.maxsize > 1 << 32 and frombuffer is not None
PARTS_AT = _parts_at() if LIKELY else 0
VERSIONED = not PARTS_AT or _is_versioned()
# All there is, as an array, of which nothing is read but what is asked for.
ADDRESSES: Any = (c_uint64 * ((LAST - FIRST) // 8)).from_address(FIRST)
EVERYTHING: Any = frombuffer(ADDRESSES, "Q") if PARTS_AT else None
KNOWN = bool(PARTS_AT) and _dicts_are_known()
