"""Classes that came with the answers and decide comparisons themselves, however they were made."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from gc import get_freeze_count, get_objects
from types import FunctionType
from typing import Any

from tito.grading.reach import PROTOCOL

_subclasses = type.__subclasses__  # of the class itself: a metaclass may say what it likes
_attributes = type.__dict__["__dict__"].__get__


def later(frozen: int) -> Iterable[type]:
    """The classes that were made after that many objects were frozen. To go through all classes takes
    ten times as long; that is for whoever froze something else."""
    if get_freeze_count() != frozen:
        return classes()
    return (each for each in get_objects() if issubclass(type(each), type))


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


def pretenders(frozen: int, before: Container[int], file: str) -> list[str]:
    """What classes that were not there before, by their ids, answer with code of this lesson."""
    new = (each for each in later(frozen) if id(each) not in before)
    return sorted({name for each in new for name in _answers(_attributes(each), file)})


def _answers(attributes: dict[str, Any], file: str) -> Iterator[str]:
    for name in PROTOCOL & attributes.keys():
        value = attributes[name]
        if isinstance(value, FunctionType):
            if value.__code__.co_filename.startswith(file):
                yield name
        elif attributes.get("__module__") == "__main__" and value is not None:
            yield name
