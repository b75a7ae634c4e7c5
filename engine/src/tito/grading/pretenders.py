"""Classes that came with the answers and decide comparisons themselves, however they were made."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from gc import get_objects
from itertools import compress, repeat
from operator import is_
from types import FunctionType
from typing import Any

from tito.grading.reach import PROTOCOL

_subclasses = type.__subclasses__  # of the class itself: a metaclass may say what it likes
_attributes = type.__dict__["__dict__"].__get__


def later(witness: object) -> Iterable[type]:
    """The classes among the objects that are not frozen, as the witness is not. To go through all
    classes takes ten times as long; that is for whoever froze them, too."""
    objects = get_objects()
    if not any(map(is_, objects, repeat(witness))):
        return classes()
    return compress(objects, map(issubclass, map(type, objects), repeat(type)))


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


def pretenders(witness: object, before: Container[int], file: str) -> list[str]:
    """What classes that were not there before, by their ids, answer with code of this lesson."""
    new = (each for each in later(witness) if id(each) not in before)
    return sorted({name for each in new for name in _answers(_attributes(each), file)})


def _answers(attributes: dict[str, Any], file: str) -> Iterator[str]:
    for name in PROTOCOL & attributes.keys():
        value = attributes[name]
        if isinstance(value, FunctionType):
            if value.__code__.co_filename.startswith(file):
                yield name
        elif attributes.get("__module__") == "__main__" and value is not None:
            yield name
