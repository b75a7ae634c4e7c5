"""Classes that came with the answers and decide comparisons themselves, however they were made."""

from __future__ import annotations

from collections.abc import Container, Iterator
from types import FunctionType
from typing import Any

from tito.grading.reach import PROTOCOL

_subclasses = type.__subclasses__  # of the class itself: a metaclass may say what it likes
_attributes = type.__dict__["__dict__"].__get__  # type: ignore[attr-defined]


def classes() -> Iterator[type]:
    """Every class that there is."""
    waiting, seen = [object], {id(object)}
    while waiting:
        one = waiting.pop()
        yield one
        for each in _subclasses(one):
            if id(each) not in seen:
                seen.add(id(each))
                waiting.append(each)


def pretenders(before: Container[int], file: str) -> list[str]:
    """What classes that were not there before, by their ids, answer with code of this lesson."""
    new = (each for each in classes() if id(each) not in before)
    return sorted({name for each in new for name in _answers(_attributes(each), file)})


def _answers(attributes: dict[str, Any], file: str) -> Iterator[str]:
    for name in PROTOCOL & attributes.keys():
        value = attributes[name]
        if isinstance(value, FunctionType):
            if value.__code__.co_filename.startswith(file):
                yield name
        elif attributes.get("__module__") == "__main__" and value is not None:
            yield name
