"""What answers reach for is told before they have it, by whatever names; and nothing else is."""

from __future__ import annotations

import pytest

from judging import ANSWER, RIGHT, STUB, TEST, answered, assignment, doubled
from tito.grading.judge import Judge

HIDDEN = """
parts = getattr(np.testing, "_pri" + "vate").utils
loaded = getattr(parts.sys, "mod" + "ules")
"""


@pytest.mark.parametrize(
    ("reach", "heard"),
    [
        ("getattr(parts.sys, '_get' + 'frame')()", "sys._getframe"),
        ("getattr(parts.gc, 'get_' + 'objects')()", "gc.get_objects"),
        ("getattr(double, '__co' + 'de__')", "__code__"),
        ("getattr((i for i in ()), 'gi_fr' + 'ame')", "gi_frame"),
        ("loaded['so' + 'cket'].socket()", "socket.__new__"),
        ("getattr(loaded['o' + 's'], 'sys' + 'tem')('true')", "os.system"),
        ("loaded['built' + 'ins'].__dict__['ev' + 'al']('1')", "compile"),
    ],
)
def test_it_is_heard_though_no_word_of_it_is_written(judge: Judge, reach: str, heard: str) -> None:
    _, flags, _ = doubled(judge, f"{RIGHT}{HIDDEN}{reach}\n")
    assert f"an answer uses {heard} while it runs: no exercise needs that" in flags


@pytest.mark.parametrize(
    "harmless",
    [
        "import collections\ncollections.namedtuple('Point', 'x y')(1, 2)",
        "import dataclasses\n@dataclasses.dataclass\nclass A:\n    x: int\nA(1) == A(2)",
        "import enum\nclass E(enum.Enum):\n    A = 1",
        "import typing\nT = typing.NamedTuple('T', [('a', int)])",
        "import warnings\nwarnings.warn('look')",
        "import logging\nlogging.warning('look')",
        "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    print(error.__traceback__)",
        "np.testing.assert_allclose(np.random.default_rng(1).normal(size=3).shape, (3,))",
    ],
)
def test_what_the_library_does_for_itself_is_not(judge: Judge, harmless: str) -> None:
    test, flags, _ = doubled(judge, f"{RIGHT}{harmless}\n")
    assert (test.outcome, flags) == ("passed", [])


def test_what_the_lesson_does_is_allowed(judge: Judge) -> None:
    given = assignment(
        "import gc\ngc.get_objects()", (STUB, ANSWER), ("assert double(2) == 4", TEST)
    )
    right = RIGHT + "import gc\ngc.get_objects()\n"
    assert judge.run(given, answered(given, right))[1] == []
