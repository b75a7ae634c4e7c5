"""Tells from memory whether a dict or a function was written to, and touches no object for it.

To compare ten thousand values by `is` counts references, writes to their memory, and so makes a fork
copy the pages that it shared with its parent: 7 ms in each child. To read the bytes costs 0.2 ms.
The layout is CPython's own business: `KNOWN` is whether it is what we think, found by trying it.
"""

from __future__ import annotations

import builtins
import gc
import sys
from collections.abc import Iterable, Mapping
from ctypes import Array, c_char, c_size_t
from types import FunctionType
from typing import Any

globals()["__builtins__"] = dict(vars(builtins))  # our functions' own: cells may change the others

View = Array[c_char]
HEAD = 16  # bytes of reference count and type, which every object begins with
KEYS_HEAD = 32  # the keys' own counts; one of them changes when code is specialised


def _view(address: int, size: int) -> View:
    return (c_char * size).from_address(address)


def _dict_head(found: dict[str, Any]) -> View:
    return _view(id(found) + HEAD, dict.__basicsize__ - HEAD)


def _dict_keys(found: dict[str, Any]) -> View:
    """The hashes, keys and values: what the last but one pointer of the head points to."""
    keys = c_size_t.from_address(id(found) + dict.__basicsize__ - 16).value
    size = found.__sizeof__() - dict.__basicsize__
    return _view(keys + KEYS_HEAD, max(size - KEYS_HEAD, 0))


def real_dict(found: Mapping[str, Any]) -> dict[str, Any]:
    """The dict behind the view of it that a class gives."""
    if isinstance(found, dict):
        return found
    (behind,) = gc.get_referents(found)
    assert isinstance(behind, dict)
    return behind


class Dicts:
    """Dicts as they were when they were last looked at."""

    def __init__(self, dicts: Iterable[dict[str, Any]]) -> None:
        self.dicts = list(dicts)
        self.heads = [_dict_head(each) for each in self.dicts]
        self.keys = [_dict_keys(each) for each in self.dicts]
        self._save()

    def _save(self) -> None:
        self.saved_heads = b"".join(self.heads)
        self.saved_keys = b"" if VERSIONED else b"".join(self.keys)

    def written(self) -> list[int]:
        """The places of those that were written to since. Look at them, then `look_again`."""
        if b"".join(self.heads) != self.saved_heads:  # only then may its keys be gone
            return self._different(self.heads, self.saved_heads)
        return [] if VERSIONED else self._different(self.keys, self.saved_keys)

    def _different(self, views: list[View], saved: bytes) -> list[int]:
        if b"".join(views) == saved:
            return []
        found, start = [], 0
        for place, view in enumerate(views):
            end = start + len(view)
            if bytes(view) != saved[start:end]:
                found.append(place)
            start = end
        return found

    def look_again(self, places: Iterable[int]) -> None:
        for place in places:
            self.heads[place] = _dict_head(self.dicts[place])
            self.keys[place] = _dict_keys(self.dicts[place])
        self._save()


class Functions:
    """Code, defaults and closure of functions."""

    def __init__(self, functions: Iterable[FunctionType]) -> None:
        self.views: list[View] = []
        self.saved = b""
        self.add(functions)

    def add(self, functions: Iterable[FunctionType]) -> None:
        new = [_view(id(each) + PARTS_AT, 32) for each in functions]
        self.views += new
        self.saved += b"".join(new)

    def written(self) -> bool:
        return b"".join(self.views) != self.saved


def _parts_at() -> int:
    """Where in a function's memory code, defaults, keyword defaults and closure stand; 0 if unknown."""
    held = object()

    def probe(a: int = 1, *, b: int = 2) -> object:
        return held

    parts = (probe.__code__, probe.__defaults__, probe.__kwdefaults__, probe.__closure__)
    wanted = b"".join(id(part).to_bytes(8, sys.byteorder) for part in parts)
    memory = bytes(_view(id(probe), FunctionType.__basicsize__))
    return max(memory.find(wanted), 0)


def _is_versioned() -> bool:
    """Whether the head has a number that changes with every write, as up to Python 3.13."""
    tried = {"a": object()}
    head = _dict_head(tried)
    before = bytes(head)
    tried["a"] = object()
    return bytes(head) != before


def _dicts_are_known() -> bool:
    tried = {str(n): object() for n in range(20)}
    dicts = Dicts([tried])
    before = dicts.written()
    tried["7"] = object()
    changed = dicts.written()
    dicts.look_again(changed)
    tried["new"] = object()
    return (before, changed, dicts.written()) == ([], [0], [0])


PARTS_AT = _parts_at() if sys.implementation.name == "cpython" else 0
VERSIONED = _is_versioned() if PARTS_AT else False
KNOWN = bool(PARTS_AT) and c_size_t(0).value == 0 and sys.maxsize > 1 << 32 and _dicts_are_known()
