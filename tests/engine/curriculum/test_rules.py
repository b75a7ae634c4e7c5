"""Each thing that can be wrong in a source is found, at its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tito.curriculum.compile import compile_tier
from tito.errors import SourceError
from tito.model import Finding

Broken = Callable[..., list[Finding]]

SOURCE = "modules/01_counter/counter_dev.py"
CONFIG = "modules/01_counter/module.yaml"
HEADER = '# %% nbgrader={"grade_id": "counter-count"}'
TEST_HEADER = '# %% nbgrader={"grade_id": "test-counter-count", "points": 60}'
SOLUTION = """\
        ### BEGIN SOLUTION
        self.value += 1
        return self.value
        ### END SOLUTION
"""
DEF = "def counter(value=0):"
TEST = "def test_unit_count():"
TOGETHER = "def test_unit_together():\n"
IDEA = "# ## 1. Counting\n"


def line_of(package: Path, text: str) -> str:
    """Where a text stands, as a finding says it; the source as a whole if it stands nowhere."""
    lines = (package / SOURCE).read_text(encoding="utf-8").split("\n")
    found = [number for number, line in enumerate(lines, 1) if text and text in line]
    return f"counter_dev.py:{found[0]}" if found else "counter_dev.py"


# (what stands there, what is written instead, what is found, the line where: "" for none)
WRONG = {
    "no Python": (DEF, f"{DEF}:", "this cell is not Python: invalid syntax", DEF),
    "a magic": (DEF, f"%time\n{DEF}", "this cell is not Python", "%time"),
    "a null byte": (DEF, f"\0\n{DEF}", "this cell is not Python", "\0"),
    "a return nowhere": (DEF, f"return 7\n{DEF}", "'return' outside function", "return 7"),
    "a late future": (
        DEF,
        f"from __future__ import annotations\n{DEF}",
        "from __future__ imports must occur at the beginning",
        "from __future__",
    ),
    "what Python warns of": (DEF, f"X = '\\d'\n{DEF}", "invalid escape sequence '\\d'", "'\\d'"),
    "a header with a typo": (
        HEADER,
        '# %% nbgrader={"grade_id": counter-count}',
        "the header of this cell cannot be read",
        "# %% nbgrader",
    ),
    "a header of another shape": (
        HEADER,
        '# %% nbgrader="counter-count"',
        "the header of this cell cannot be read",
        "# %% nbgrader",
    ),
    "graded text": (
        f"# %% [markdown]\n{IDEA}",
        f'# %% [markdown] nbgrader={{"grade_id": "q", "points": 5}}\n{IDEA}# Write, and draw.\n',
        "a markdown cell cannot be graded",
        '"grade_id": "q"',
    ),
    "an unknown nbgrader key": (
        '"points": 60',
        '"points": 60, "point": 6',
        "nbgrader has no metadata 'point' with the value 6",
        '"point": 6',
    ),
    "an nbgrader value of another type": (
        '"points": 60',
        '"points": 60, "locked": "no"',
        "nbgrader has no metadata 'locked' with the value 'no'",
        '"locked"',
    ),
    "a region without an end": (
        "        ### END SOLUTION\n",
        "",
        "the region '### BEGIN SOLUTION' never ends",
        "### BEGIN SOLUTION",
    ),
    "an end without a region": (
        "        ### BEGIN SOLUTION\n",
        "",
        "'### END SOLUTION' ends a region that never began",
        "### END SOLUTION",
    ),
    "a region in a region": (
        "        return self.value\n        ### END",
        "        ### BEGIN HIDDEN TESTS\n        ### END HIDDEN TESTS\n        ### END",
        "'### BEGIN HIDDEN TESTS' inside a region that is still open",
        "### BEGIN HIDDEN TESTS",
    ),
    "a mark beside code": (
        "self.value += 1\n",
        "self.value += 1  ### BEGIN SOLUTION\n",
        "must stand alone on its line",
        "+= 1  ###",
    ),
    "marks in text": (
        IDEA,
        f"{IDEA}# ### BEGIN SOLUTION\n# 42\n# ### END SOLUTION\n",
        "a region in a markdown cell, where learners would see it",
        "# ### BEGIN SOLUTION",
    ),
    "an unknown directive": (
        "#| export\nclass",
        "#| exports\nclass",
        "unknown directive '#| exports'; there are '#| default_exp', '#| export'",
        "#| exports",
    ),
    "an export to elsewhere": (
        "#| export\nclass",
        "#| export core.other\nclass",
        "'#| export' takes no value",
        "core.other",
    ),
    "a directive after a comment": (
        "#| export\nclass",
        "# first\n#| export\nclass",
        "a directive after other lines has no effect",
        "#| export",
    ),
    "a directive in a function": (
        '    """A counter that',
        '    #| hide\n    """A counter that',
        "a directive after other lines has no effect",
        "#| hide",
    ),
    "no target": (
        "#| default_exp core.counter",
        "x = 1",
        "the source has no '#| default_exp'",
        "# %% [markdown]",
    ),
    "a second target": (
        DEF,
        f"X = 1\n\n# %%\n#| default_exp core.counter\n\n# %%\n#| export\n{DEF}",
        "a second '#| default_exp'",
        None,
    ),
    "another target": (
        "#| default_exp core.counter",
        "#| default_exp core.conter",
        "'#| default_exp core.conter' and module.yaml's target 'core.counter' disagree",
        "core.conter",
    ),
    "a relative import": (DEF, f"from .x import y\n{DEF}", "a relative import", "from .x"),
    "a star": (DEF, f"from math import *\n{DEF}", "'import *' hides", "from math"),
    "a future that shares its line": (
        "#| export\nclass",
        "#| export\nfrom __future__ import annotations; X = 1\nclass",
        "a '__future__' import shares its line",
        "from __future__",
    ),
    "a grade id in capitals": (
        '"grade_id": "counter-count"',
        '"grade_id": "Counter count"',
        "grade id 'Counter count' is not made of a-z, 0-9 and '-' (at most 56)",
        "#| export",
    ),
    "a grade id that is too long": (
        '"grade_id": "counter-count"',
        '"grade_id": "' + "c" * 57 + '"',
        "is not made of a-z, 0-9 and '-' (at most 56)",
        "#| export",
    ),
    "no grade id": (HEADER, "# %%", "grade id '' is not made of", "#| export"),
    "a grade id twice": (
        '"test-counter-together"',
        '"test-counter-count"',
        "grade id 'test-counter-count' is used twice, first in counter_dev.py:53",
        "test_unit_together",
    ),
    "a solution at the top level": (
        DEF,
        f"### BEGIN SOLUTION\nX = 1\n### END SOLUTION\n{DEF}",
        "a solution region outside of any function",
        None,
    ),
    "a solution that is none": (
        '{"grade_id": "counter-count"}',
        '{"grade_id": "counter-count", "solution": false}',
        "a solution region in a cell whose header says that it is no solution",
        "### BEGIN SOLUTION",
    ),
    "an exercise without a region": (
        SOLUTION,
        "        return self.value\n",
        "'counter-count' has neither points nor a solution region",
        "#| export",
    ),
    "a test that is worth nothing": (
        ', "points": 60',
        "",
        "'test-counter-count' has neither points nor a solution region",
        TEST,
    ),
    "a solution without a region": (
        HEADER,
        f'# %% nbgrader={{"grade_id": "empty", "solution": true}}\nX = 1\n\n{HEADER}',
        "a solution cell without a solution region",
        "X = 1",
    ),
    "a mark at another indentation": (
        "        ### BEGIN SOLUTION",
        "### BEGIN SOLUTION",
        "the stub of a solution region would not raise in its function",
        "### BEGIN SOLUTION",
    ),
    "half a statement": (
        SOLUTION,
        "        ### BEGIN SOLUTION\n        if self:\n            ### END SOLUTION\n"
        "            self.value += 1\n",
        "the stub of a solution region would not raise in its function",
        "### BEGIN SOLUTION",
    ),
    "marks in a string": (
        SOLUTION,
        f'        x = """\n{SOLUTION}        """\n        self.value += 1\n        return x\n',
        "the stub of a solution region would not raise in its function",
        "### BEGIN SOLUTION",
    ),
    "points for a solution": (
        '{"grade_id": "counter-count"}',
        '{"grade_id": "counter-count", "points": 5}',
        "a solution cell with points",
        "#| export",
    ),
    "a test without points": (
        '"points": 60',
        '"grade": true',
        "test 'test-counter-count' has no points",
        TEST,
    ),
    "no points at all": ('"points": 60', '"points": 0', "has no points", TEST),
    "half points": ('"points": 60', '"points": 60.5', "has no points", TEST),
    "a truth for points": ('"points": 60', '"points": true', "has no points", TEST),
    "a test without a heading": (
        "# ### 🧪 Unit Test: Counter.count",
        "# ### Counter.count",
        "test 'test-counter-count' has no heading",
        TEST,
    ),
    "a test that does not stand under its heading": (
        TEST_HEADER,
        f"# %%\nx = 1\n\n{TEST_HEADER}",
        "test 'test-counter-count' has no heading",
        TEST,
    ),
    "an assert that says nothing": (
        'assert counter(7).count() == 8, "after 7 comes 8"',
        "assert counter(7).count() == 8",
        "an assert without a message",
        "counter(7)",
    ),
    "an exported test": (
        TEST_HEADER,
        f"{TEST_HEADER}\n#| export",
        "test 'test-counter-count' is exported",
        None,
    ),
    "hidden tests that are not in a test": (
        "        self.value = value\n",
        "        self.value = value\n        ### BEGIN HIDDEN TESTS\n        ### END HIDDEN TESTS\n",
        "hidden tests in a cell that is no test",
        "### BEGIN HIDDEN TESTS",
    ),
    "an exercise without a test": (
        f"# %% [markdown]\n{IDEA}",
        f"# %% [markdown]\n{IDEA}\n{HEADER.replace('count', 'zero')}\ndef zero():\n"
        "    ### BEGIN SOLUTION\n    return 0\n    ### END SOLUTION\n\n# %% [markdown]\n# Text\n",
        "exercise 'zeroer-zero' has no test before the next exercise",
        "def zero",
    ),
    "no points to add up": ('"points": 60', '"grade": true', "add up to 40, not 100", ""),
    "too few points": ('"points": 60', '"points": 59', "add up to 99, not 100", ""),
    "too many points": ('"points": 60', '"points": 61', "add up to 101, not 100", ""),
    "nbdev's _all_": (DEF, f"_all_ = ['x']\n{DEF}", "nbdev's '_all_' is not read", "#| export"),
    "a name exported twice": (
        "# %% [markdown]\n# ### 🧪 Unit Test: Counter.count",
        "# %%\n#| export\nCounter = 1\n\n# %% [markdown]\n# ### 🧪 Unit Test: Counter.count",
        "'Counter' is exported twice, first in counter_dev.py:26",
        None,
    ),
    "a helper that is not exported": (
        "# %% [markdown]\n# ### 🧪 Unit Test: Counter.count",
        "# %%\none = 1\n\n# %%\n#| export\nstep = one\n\n"
        "# %% [markdown]\n# ### 🧪 Unit Test: Counter.count",
        "exported code uses 'one', whose cell is not exported: counter_dev.py:",
        "step = one",
    ),
    "a source without end": (
        IDEA,
        IDEA + "# and on\n" * 900,
        "lines; a lesson stays under 900",
        "",
    ),
}


@pytest.mark.parametrize(("old", "new", "message", "at"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_in_a_source_is_found_at_its_line(
    broken: Broken, package: Path, old: str, new: str, message: str, at: str | None
) -> None:
    found = broken(SOURCE, old, new)
    matching = [finding for finding in found if message in finding.message]
    assert len(matching) == 1, found
    if at is not None:
        assert matching[0].where == line_of(package, at)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("a second target", "#| default_exp core.counter"),
        ("a solution at the top level", "### BEGIN SOLUTION"),
        ("an exported test", "#| export"),
        ("a name exported twice", "#| export"),
    ],
)
def test_of_two_like_lines_the_second_is_blamed(
    broken: Broken, package: Path, name: str, line: str
) -> None:
    old, new, message, _ = WRONG[name]
    [finding] = [each for each in broken(SOURCE, old, new) if message in each.message]
    lines = (package / SOURCE).read_text(encoding="utf-8").split("\n")
    second = [number for number, text in enumerate(lines, 1) if text == line][-1]
    assert finding.where == f"counter_dev.py:{second}"


CONFIG_WRONG = {
    "another target": (
        "target: core.counter",
        "target: core.my-counter",
        "the target 'core.my-counter' is no name that Python can import",
        "target",
    ),
    "a name that is not exported": (
        "core: [Counter, counter]",
        "core: [Counter, count]",
        "the facade 'core' offers 'count', which the source does not export",
        "exports.core",
    ),
    "a private name": (
        "core: [Counter, counter]",
        "core: [_Counter, counter]",
        "the facade 'core' offers '_Counter', which the source does not export",
        "exports.core",
    ),
    "an extension of what is not required": (
        "target: core.counter",
        "extends: total\ntarget: core.counter",
        "the module extends 'total', and does not require it",
        "extends",
    ),
    "no hints": (
        "counter-count:",
        "counter-cuont:",
        "the exercise 'counter-count' has no hints",
        "hints",
    ),
    "hints for nothing": (
        "counter-count:",
        "counter-cuont:",
        "hints for 'counter-cuont', which is no exercise of the module",
        "hints",
    ),
    "a rubric too many": (
        "minutes: 5",
        "minutes: 5\nrubrics: [As far as memory reaches., As far as time does.]",
        "there are 2 rubrics for 1 questions to think about",
        "rubrics",
    ),
}


@pytest.mark.parametrize(
    ("old", "new", "message", "key"), CONFIG_WRONG.values(), ids=CONFIG_WRONG.keys()
)
def test_what_module_yaml_and_source_disagree_on_is_found_at_its_key(
    broken: Broken, old: str, new: str, message: str, key: str
) -> None:
    found = {finding.message: finding.where for finding in broken(CONFIG, old, new)}
    assert found[message] == f"01_counter/module.yaml: {key}"


def test_everything_that_is_wrong_in_a_source_is_said_at_once(broken: Broken) -> None:
    found = broken(
        SOURCE,
        f"{TEST_HEADER}\n{TEST}",
        f'# %% nbgrader={{"grade_id": "Test", "points": 10}}\n#| hide\n{TEST}\n    assert 1',
    )
    parts = ["unknown directive", "grade id 'Test'", "without a message", "add up to 50"]
    assert len(found) == len(parts)
    for part, finding in zip(parts, found, strict=True):
        assert part in finding.message


SOUND = {
    "a directive in a string": ('"""A counter that', '"""\n#| hide\nA counter that'),
    "two blank lines before a directive": (f"{HEADER}\n", f"{HEADER}\n\n\n"),
    "a comment at the end of a solution": (
        "        ### END SOLUTION",
        "        # and so on\n\n        ### END SOLUTION",
    ),
    "a directive without a blank": ("#| export\nclass", "#|export\nclass"),
    "assignments that add to a name": (DEF, f"LIMIT = 1\nLIMIT += 1\n{DEF}"),
    "an indented marker of cells in a string": (DEF, f'X = """\n    # %%\n"""\n{DEF}'),
    "a future of its own": (
        "#| export\nclass",
        "#| export\nfrom __future__ import annotations\nclass",
    ),
    "a nested function": (
        SOLUTION,
        f"        def step():\n    {SOLUTION.replace(chr(10), chr(10) + '    ').rstrip()}\n"
        "\n        return step()\n",
    ),
}


@pytest.mark.parametrize(("old", "new"), SOUND.values(), ids=SOUND.keys())
def test_what_is_unusual_but_sound_compiles(package: Path, old: str, new: str) -> None:
    path = package / SOURCE
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert compile_tier(package, "abacus-base", "0.1.0").modules[0].module.points == 100


@pytest.mark.parametrize(("lines", "sound"), [(899, True), (900, False)])
def test_a_source_stays_under_900_lines(package: Path, lines: int, sound: bool) -> None:
    path = package / SOURCE
    text = path.read_text(encoding="utf-8")
    more = "# more\n" * (lines - text.count("\n"))
    path.write_text(text.replace(IDEA, IDEA + more), encoding="utf-8")
    if sound:
        assert compile_tier(package, "abacus-base", "0.1.0")
    else:
        with pytest.raises(SourceError, match="the source has 900 lines"):
            compile_tier(package, "abacus-base", "0.1.0")
