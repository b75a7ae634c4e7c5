"""What stands in for the student's functions raises as the stubs do, or gives what equals nothing."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pytest

from judging import STUB, assignment
from tito.grading.compiling import from_text, replacements
from tito.grading.controls import NOTHING, Nothing, take_away
from tito.grading.controls import STUB as RAISES


def scope(stub: str, kind: str, **names: Any) -> dict[str, Any]:
    codes = replacements(assignment(stub).cells)
    take_away(map(from_text, codes), kind, names, first=True)
    return names


def test_the_stub_raises_again() -> None:
    names = scope(STUB, RAISES, double=len)
    with pytest.raises(NotImplementedError, match="Task 1"):
        names["double"]("a")


def test_nothing_comes_back_from_functions_and_methods_and_all_else_stays() -> None:
    stub = """
class A:
    size = 3
    def whole(self): return self.size
    def part(self, x):
        if x < 0: raise NotImplementedError('later')
        raise NotImplementedError("Task 2.1: A.part")
"""
    made = scope(stub, NOTHING)["A"]()
    assert made.whole() == 3
    assert isinstance(made.part(1), Nothing)
    with pytest.raises(NotImplementedError, match="later"):
        made.part(-1)


@pytest.mark.parametrize("after", ["", 'raise NotImplementedError("Task 1: x")'])
def test_from_one_kind_to_the_other(after: str) -> None:
    codes = [from_text(each) for each in replacements(assignment(STUB + after).cells)]
    names: dict[str, Any] = {}
    take_away(codes, RAISES, names, first=True)
    with pytest.raises(NotImplementedError, match="Task 1"):
        names["double"](1)
    take_away(codes, NOTHING, names, first=False)
    assert isinstance(names["double"](1), Nothing)
    take_away(codes, RAISES, names, first=False)
    with pytest.raises(NotImplementedError, match="Task 1"):
        names["double"](1)


def test_an_exercise_at_the_cells_own_level_does_nothing() -> None:
    assert "after" in scope('raise NotImplementedError("Task 1: x")\nafter = 1', NOTHING)
    assert "after" not in scope('raise NotImplementedError("Task 1: x")\nafter = 1', RAISES)


def test_nothing_equals_nothing() -> None:
    nothing = Nothing()
    for other in (nothing, 0, None, "", [], np.zeros(2), float("nan")):
        assert (nothing == other) is False
        assert (nothing != other) is True
    assert not nothing
    assert not any((nothing < 1, nothing > 1, nothing <= 1, nothing >= 1, 1 in nothing))
    assert not np.allclose(nothing, [1.0])
    assert not np.array_equal(nothing, nothing)
    assert math.isnan(nothing)


def test_it_goes_through_whatever_is_done_with_it() -> None:
    nothing: Any = Nothing()
    x = nothing.shape[0] + 1
    x -= 2 * nothing
    x = (-x @ nothing)(1, a=2).mean(0).T ** 2
    x[0] = 1
    with x as inside:
        assert isinstance(inside, Nothing)
    assert list(x) == []
    assert len(x) == 0
    assert repr(copy.copy(x)) == "nothing"
