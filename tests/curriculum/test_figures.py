"""Law 5: every figure that a lesson shows was measured or computed where it stands.

What can be decided: nobody has written a number with a unit of time, of memory or of comparison into
prose, a comment or a string ("3 ms", "40 MB", "97 %", "20 times as fast"), and what is printed before
such a unit is computed: no literal, and no name that only ever stands for literals.

What cannot: whether a computation is an honest one, a figure in words ("a hundred times"), and numbers
without a unit, such as those of a worked example, which the lesson's own tests have to check. What a
test says if it fails, and questions to think about, may be about numbers that nobody has measured.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator

import pytest

from curriculum_support import folder, modules
from tito.curriculum.anatomy import ANALYSIS, headings
from tito.curriculum.compile import read_draft
from tito.curriculum.source import MAGIC
from tito.model import Module

UNIT = r"""
    (?: \s? (?: ms | µs | us | ns | [KMGT]i?B | G?FLOPS? | %(?!\s*\d) | ×(?!\s*[\w(`]) )
      | \s s | \s seconds?
      | [-\s] (?: times\s(?: as | the | \w+er ) | fold )
    ) (?! [\w(] )"""
FIGURE = re.compile(rf"(?<! [\w.·] ) \d [\d.,]* {UNIT}", re.VERBOSE)
STARTS_WITH_UNIT = re.compile(UNIT, re.VERBOSE)
QUESTIONS = "🤔 Questions to think about"


def figures(module: Module) -> Iterator[str]:
    """Where, and what was typed in."""
    draft = read_draft(folder(module))
    starts = {place.line: title for marks, title, place in headings(draft) if marks == "##"}
    code = [cell for cell in draft.lesson.cells if cell.kind == "code" and not cell.is_test]
    typed = typed_names([cell.text for cell in code])
    section = ""
    for cell in draft.lesson.cells:
        lines = range(cell.line, cell.line + cell.text.count("\n") + 1)
        section = next((starts[line] for line in lines if line in starts), section)
        found: Iterator[str] = iter(())
        if cell.kind == "markdown" and section != QUESTIONS:
            found = in_text(cell.text)
        elif cell in code:
            found = in_code(cell.text, typed)
        yield from (f"{cell.place()}: {each}" for each in found)


def in_text(text: str) -> Iterator[str]:
    return (match[0] for match in FIGURE.finditer(text))


def in_code(text: str, typed: set[str]) -> Iterator[str]:
    text = MAGIC.sub(r"\1pass  # ", text)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield from in_text(token.string)
    tree = ast.parse(text)
    placed = (node for node in ast.walk(tree) if isinstance(node, ast.FormattedValue))
    specs = {id(part) for node in placed for part in ast.walk(node.format_spec or ast.Tuple())}
    for node in ast.walk(tree):
        if id(node) in specs:
            continue
        if isinstance(node, ast.JoinedStr):
            yield from in_f_string(node, typed)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from in_text(node.value)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "print":
            yield from (f"print({ast.unparse(a)})" for a in node.args if is_number(a))


def in_f_string(node: ast.JoinedStr, typed: set[str]) -> Iterator[str]:
    """A placeholder before a unit, with nothing computed in it."""
    for value, after in zip(node.values, [*node.values[1:], None], strict=True):
        if isinstance(value, ast.FormattedValue):
            follows = after.value if isinstance(after, ast.Constant) else ""
            spec = ast.unparse(value.format_spec) if value.format_spec else ""
            if is_typed(value.value, typed) and (STARTS_WITH_UNIT.match(follows) or "%" in spec):
                yield f"{ast.unparse(value)}{follows}"


def is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def is_typed(node: ast.expr, typed: set[str]) -> bool:
    """Whether an expression is made of literals, and of names that stand for literals, alone."""
    calls = any(isinstance(each, ast.Call | ast.Attribute) for each in ast.walk(node))
    names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return not calls and names <= typed


def typed_names(cells: list[str]) -> set[str]:
    """The names to which a lesson only ever binds numbers that are typed in."""
    typed: set[str] = set()
    computed: set[str] = set()
    for text in cells:
        for node in ast.walk(ast.parse(MAGIC.sub(r"\1pass  # ", text))):
            for target, value in bindings(node):
                literal = is_number(value) or isinstance(value, ast.Tuple | ast.List)
                literal = literal and not any(isinstance(n, ast.Call) for n in ast.walk(value))
                for each in ast.walk(target):
                    if isinstance(each, ast.Name):
                        (typed if literal else computed).add(each.id)
    return typed - computed


def bindings(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """(what is bound, what to): an assignment, a loop, a comprehension, an argument's default."""
    if isinstance(node, ast.Assign):
        yield from ((target, node.value) for target in node.targets)
    elif isinstance(node, ast.For | ast.comprehension):
        yield node.target, node.iter
    elif isinstance(node, ast.arguments):
        for arg in [*node.posonlyargs, *node.args, *node.kwonlyargs]:
            yield ast.Name(arg.arg), ast.Name(arg.arg)


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.id)
def test_law_5_no_figure_is_typed_in(module: Module) -> None:
    assert list(figures(module)) == []


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.id)
def test_law_5_the_analysis_measures(module: Module) -> None:
    """At least one cell of the analysis prints something that it has computed."""
    draft = read_draft(folder(module))
    begin = next(place.line for _, title, place in headings(draft) if title == ANALYSIS)
    after = [cell.text for cell in draft.lesson.cells if cell.kind == "code" and cell.line > begin]
    printed = [node for text in after for node in ast.walk(ast.parse(text)) if prints(node)]
    assert any(isinstance(each, ast.FormattedValue) for node in printed for each in ast.walk(node))


def prints(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "print"


@pytest.mark.parametrize(
    "code",
    [
        'print("a step takes 3 ms")',
        'print("it is 20 times as fast")',
        'print("97 % of the digits")',
        'print(f"{3.5} ms")',
        'print(f"{speed:.1f} µs")',
        'for size in (4, 8):\n    print(f"{size} MB")',
        'print(f"{0.97:.1%}")',
        "print(0.97)",
        "x = 1  # 40 times faster",
    ],
)
def test_what_is_typed_in_is_found(code: str) -> None:
    assert list(in_code(code, typed_names(["speed = 2.5", code])))


@pytest.mark.parametrize(
    "code",
    [
        'print(f"{seconds * 1e3:.1f} ms")',
        'print(f"n = {n}: {best(n):.1f} µs for 8×8 and (3 × 4)")',
        'print("in ms, for a batch of 64:")',
        'print(f"{100 * right / len(labels):.1f} %")',
        "x = 5 % 3  # modulo 5 % 3",
    ],
)
def test_what_is_computed_may_be_shown(code: str) -> None:
    names = typed_names(["seconds = best(step)", "n = 3", "right = sum(hits)", code])
    assert list(in_code(code, names)) == []
