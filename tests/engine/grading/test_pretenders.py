"""Classes that decide comparisons are found however they are made, and others are left in peace."""

from __future__ import annotations

import fractions
import gc
from functools import partial

import pytest

from judging import RIGHT, doubled
from tito.grading.judge import Judge
from tito.grading.pretenders import classes, pretenders


def found(make: str, *, frozen: bool = False) -> list[str]:
    """Of the class that this code, of a file called `lesson`, makes."""
    gc.collect()  # or a new class could have the id of one that is not needed any more
    before = frozenset(map(id, classes()))
    scope = {"__name__": "__main__", "partial": partial}
    exec(compile(make, "lesson, cell 1", "exec"), scope)
    return pretenders(() if frozen else [make], before, "lesson")


@pytest.mark.parametrize(
    "make",
    [
        "class A:\n    def __eq__(self, other): return True",
        "class A(float):\n    __eq__ = lambda self, other: True",
        "A = type('A', (), {'__e' + 'q__': lambda self, other: True})",
        "class Meta(type): pass\nA = Meta('A', (), {'__eq__': lambda self, other: True})",
        "class A: pass\nsetattr(A, '__eq__', lambda self, other: True)",
        "class A:\n    __eq__ = partial(lambda other: True)",
        "class A:\n    __module__ = 'numpy'\n    def __eq__(self, other): return True",
        "class Meta(type):\n    def __subclasses__(cls): return []\n"
        "class A(metaclass=Meta):\n    def __eq__(self, other): return True",
    ],
)
@pytest.mark.parametrize("frozen", [False, True])
def test_a_class_that_decides_is_found(make: str, frozen: bool) -> None:
    """Among the objects that are not frozen, or if somebody else froze some, among all classes."""
    assert found(make, frozen=frozen) == ["__eq__"]


@pytest.mark.parametrize(
    "make",
    [
        "class A:\n    def __repr__(self): return 'A'",
        "import dataclasses\n@dataclasses.dataclass\nclass A:\n    x: int",
        "import enum\nclass A(enum.Enum):\n    B = 1",
        "class A:\n    __eq__ = None",
        "import fractions",
    ],
)
def test_others_are_not(make: str) -> None:
    assert found(make) == []


def test_what_was_there_before_is_not() -> None:
    assert "__eq__" in vars(fractions.Fraction)
    assert pretenders([], frozenset(map(id, classes())), fractions.__file__) == []


def test_the_test_that_it_passes_is_flagged(judge: Judge) -> None:
    pretends = "A = type('A', (int,), {'__e' + 'q__': lambda self, other: True})\n"
    test, flags, _ = doubled(judge, pretends + RIGHT)
    assert (test.outcome, flags) == ("passed", ["a class of an answer has a __eq__ of its own"])
