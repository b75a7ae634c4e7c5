"""Each kind of mistake, in the text of a solution."""

from __future__ import annotations

import textwrap

import pytest

from tito.authoring.edits import Edits
from tito.curriculum.source import Cell


def exercise(solution: str, given: str = "") -> Cell:
    """A cell whose function `f` is to be written."""
    region = f"### BEGIN SOLUTION\n{solution}\n### END SOLUTION"
    text = f"def f(x, y):\n{textwrap.indent(region, '    ')}\n{given}"
    return Cell("code", text, "lesson_dev.py", 10, 3)


def changed(solution: str) -> list[str]:
    """The solution after each edit of it."""
    cell = exercise(solution)
    texts = [
        cell.text[: edit.start] + edit.text + cell.text[edit.end :] for edit in Edits(cell).all()
    ]
    return [
        textwrap.dedent(
            text.partition("### BEGIN SOLUTION\n")[2].rpartition("\n    ### END SOLUTION")[0]
        )
        for text in texts
    ]


def expressions(code: str) -> set[str]:
    """What `x = CODE` becomes, without what can happen to any assignment."""
    found = {text.removeprefix("x = ") for text in changed(f"x = {code}")}
    assert "pass" in found
    return found - {"pass"}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a + b", {"a - b", "a", "b"}),
        ("a - b", {"a + b", "a", "b"}),
        ("a * b", {"a / b", "a", "b"}),
        ("a / b", {"a * b", "a", "b"}),
        ("a // b", {"a / b", "a", "b"}),
        ("a % b", {"a // b", "a", "b"}),
        ("a ** b", {"a * b", "a", "b"}),
        ("a @ b", {"a * b", "a", "b"}),
        ("a & b", {"a | b", "a", "b"}),
        ("a << b", {"a >> b", "a", "b"}),
        ("(a) + (b)", {"(a) - (b)", "a", "b"}),
        ("a * b + c", {"a * b - c", "a / b + c", "(a * b)", "c", "a + c", "b + c"}),
        ("π + 'é'", {"π - 'é'", 'π + ""', "π", "'é'"}),
    ],
)
def test_arithmetic(code: str, expected: set[str]) -> None:
    assert expressions(code) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a < b", {"a <= b", "a >= b"}),
        ("a <= b", {"a < b", "a > b"}),
        ("a > b", {"a >= b", "a <= b"}),
        ("a >= b", {"a > b", "a < b"}),
        ("a == b", {"a != b"}),
        ("a != b", {"a == b"}),
        ("a is b", {"a is not b"}),
        ("a is not None", {"a is None"}),
        ("a in b", {"a not in b"}),
        ("a not in b", {"a in b"}),
        ("a < b < c", {"a <= b < c", "a >= b < c", "a < b <= c", "a < b >= c"}),
    ],
)
def test_comparisons_and_their_boundaries(code: str, expected: set[str]) -> None:
    assert expressions(code) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a and b", {"a or b", "a", "b"}),
        ("a or b or c", {"a and b or c", "a or b and c", "b or c", "a or c", "a or b"}),
        ("(a or b) and c", {"(a and b) and c", "(a) and c", "(b) and c", "(a or b) or c"}
         | {"(a or b)", "c"}),
        ("not a", {"a"}),
        ("not(a)", {"(a)"}),
        ("-a", {"a"}),
        ("~a", {"a"}),
    ],
)  # fmt: skip
def test_boolean_and_unary_operators(code: str, expected: set[str]) -> None:
    assert expressions(code) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("7", {"8", "6"}),
        ("-1", {"0", "-2"}),
        ("0.5", {"1.5", "-0.5"}),
        ("True", {"False"}),
        ("None", {"0"}),
        ("...", {"None"}),
        ("'word'", {'""'}),
        ("''", {'"x"'}),
        ("b'word'", {'b""'}),
        ("f'{a + 1} words'", {'""'}),
        ("a[1:]", {"a[2:]", "a[0:]"}),
    ],
)
def test_constants(code: str, expected: set[str]) -> None:
    assert expressions(code) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("f(a, b)", {"f(a)"}),
        ("f(a)", {"a"}),
        ("f(a + b)", {"f(a - b)", "f(a)", "f(b)", "(a + b)"}),
        ("a.f()", {"a"}),
        ("f(a, n=b)", {"f(a)"}),
        ("f(*a)", {"f()"}),
        ("f(*a, **b)", {"f(*a)", "f(**b)"}),
        ("isinstance(a, b)", set()),
        ("f()", set()),
    ],
)
def test_arguments_and_calls(code: str, expected: set[str]) -> None:
    assert expressions(code) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a if b else c", {f"a if {b} else c" for b in ("not b", "True", "False")}),
        ("a if b < c else d", {f"a if {b} else d" for b in ("b <= c", "b >= c", "True", "False")}),
        ("[a for a in b if c]", {f"[a for a in b if {c}]" for c in ("not c", "True", "False")}),
        ("[a for a in b if not c]", {f"[a for a in b if {c}]" for c in ("c", "True", "False")}),
    ],
)
def test_conditions(code: str, expected: set[str]) -> None:
    assert expressions(code) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("x += y", {"pass", "x -= y", "x = y"}),
        ("x.f(y)", {"pass", "y"}),
        ("x: int = y", {"pass"}),
        ("raise x", {"pass"}),
        ("raise X(f'{y}') from None", {"pass", 'raise X("") from None'}),
        ("raise", {"pass"}),
        ("return x", {"return None"}),
        ("if x:\n    return y\nelse:\n    return", {
            *(f"if {c}:\n    return y\nelse:\n    return" for c in ("not x", "True", "False")),
            "if x:\n    return None\nelse:\n    return", "if x:\n    pass\nelse:\n    return",
            "if x:\n    return y\nelse:\n    pass"}),
        ("while x:\n    break", {
            "while not x:\n    break", "while False:\n    break", "while x:\n    continue",
            "while x:\n    pass", "pass"}),
        ("for _ in x:\n    continue", {
            "for _ in x:\n    break", "for _ in x:\n    pass", "pass"}),
        ("with x, y[1:2]:\n    x.f(y)", {
            "if True:\n    x.f(y)", "with x, y[1:2]:\n    pass", "with x, y[1:2]:\n    y",
            *(f"with x, y[{a}]:\n    x.f(y)" for a in ("2:2", "0:2", "1:3", "1:1"))}),
        ("global z\nz = x", {"pass\nz = x", "global z\npass"}),
        ('"""Words."""', set()),
        ("import os", set()),
    ],
)  # fmt: skip
def test_statements(code: str, expected: set[str]) -> None:
    assert set(changed(code)) == expected


def test_only_what_stands_in_a_solution_is_changed() -> None:
    cell = exercise("y = x + 1", "    y = y + 2\n    return y if y else 3\n")
    assert [cell.text[edit.start : edit.end] for edit in Edits(cell).all()] == [
        "y = x + 1",
        "x + 1",
        "x + 1",
        "+",
        "1",
        "1",
    ]


def test_annotations_are_left_alone() -> None:
    function = "def g(a: Literal[1] = 2) -> Literal['b']:\n    return a"
    assert set(changed(function)) == {
        function.replace("2", "3"),
        function.replace("2", "1"),
        function.replace("return a", "return None"),
    }
