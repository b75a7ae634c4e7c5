"""Every small mistake that can be made in a cell's solutions, as a change of its text.

An operator, a constant, a boundary, a condition, a statement or an argument is another one, or is
gone. What stands inside of an f-string is left alone; the string as a whole is a constant.
Annotations and docstrings compute nothing, and `from None` behind a raise changes a traceback only:
they are left alone, too.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise

from tito.curriculum.regions import SOLUTION, regions
from tito.curriculum.source import Cell

ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*", "//": "/", "%": "//", "**": "*", "@": "*"}
BITS = {"&": "|", "|": "&", "^": "&", "<<": ">>", ">>": "<<"}
WORDS = {"and": "or", "or": "and", "is": "is not", "is not": "is", "in": "not in", "not in": "in"}
BOUNDARIES = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
ATOMS = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Constant)
BRACKETED = (ast.List, ast.Tuple, ast.Dict, ast.Set, ast.ListComp, ast.GeneratorExp)
SIMPLE = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Raise, ast.Delete, ast.Assert)
SCOPES = (ast.Global, ast.Nonlocal)
LOOPS = (ast.For, ast.AsyncFor, ast.While)
OPERATOR = re.compile(r"(not\b|[-+~])\s*")


@dataclass(frozen=True, slots=True)
class Edit:
    """Put `text` in place of what stands from `start` to `end`."""

    start: int
    end: int
    text: str


class Edits:
    """The changes to a cell's solutions."""

    def __init__(self, cell: Cell):
        self.text = cell.text
        self.lines = cell.text.split("\n")
        self.starts = [0, *accumulate(len(line) + 1 for line in self.lines)]
        self.regions = [r for r in regions(cell) if r.kind == SOLUTION]
        tokens = tokenize.generate_tokens(io.StringIO(cell.text).readline)
        self.tokens = [
            (self.starts[token.start[0] - 1] + token.start[1], token.string)
            for token in tokens
            if token.type in (tokenize.OP, tokenize.NAME)
        ]

    def all(self) -> list[Edit]:
        """From the first place in the text to the last."""
        found = self._below(ast.parse(self.text))
        return sorted(found, key=lambda edit: (edit.start, edit.end))

    def _below(self, node: ast.AST) -> Iterator[Edit]:
        for child in self._children(node):
            if self._inside(child):
                yield from self._changes(child, node)
            yield from self._below(child)

    def _children(self, node: ast.AST) -> Iterator[ast.AST]:
        """Those that compute something, and of which Python 3.11 knows the place."""
        if isinstance(node, ast.JoinedStr):
            return
        for name, value in ast.iter_fields(node):
            if name not in ("annotation", "returns", "cause"):
                yield from (v for v in (value if isinstance(value, list) else [value]) if _is(v))

    def _inside(self, node: ast.AST) -> bool:
        first, last = getattr(node, "lineno", None), getattr(node, "end_lineno", None)
        if first is None or last is None:
            return isinstance(node, ast.comprehension)  # it has no place; its parts have
        return any(r.begin < first - 1 and last - 1 < r.end for r in self.regions)

    def _changes(self, node: ast.AST, parent: ast.AST) -> Iterator[Edit]:
        match node:
            case ast.BinOp():
                yield from self._swapped(node.left, node.right)
                for operand in (node.left, node.right):
                    yield self._instead(node, self._atom(operand))
            case ast.AugAssign():
                yield from self._augmented(node)
            case ast.Compare():
                for left, right in pairwise((node.left, *node.comparators)):
                    yield from self._swapped(left, right)
            case ast.BoolOp():
                yield from self._bool_op(node)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                yield from self._constant(node, -value)
            case ast.UnaryOp():
                if operator := OPERATOR.match(self.text, self._start(node)):
                    yield Edit(operator.start(), operator.end(), "")
            case ast.Constant() if not _stays(node, parent):
                yield from self._constant(node, node.value)
            case ast.JoinedStr():
                yield self._instead(node, '""')
            case ast.If() | ast.IfExp():
                yield from self._condition(node.test, "True", "False")
            case ast.While():  # fixed to True, it would only cost time
                yield from self._condition(node.test, "False")
            case ast.comprehension():
                for condition in node.ifs:
                    if self._inside(condition):
                        yield from self._condition(condition, "True", "False")
            case ast.Call():
                yield from self._call(node, isinstance(parent, ast.Raise))
        if isinstance(node, ast.stmt):
            yield from self._statement(node, parent)

    def _swapped(self, left: ast.expr, right: ast.expr) -> Iterator[Edit]:
        """Other operators between the two."""
        start, operator = self._operator(self._end(left), self._start(right))
        for other in _swaps(operator):
            yield Edit(start, start + len(operator), other)

    def _operator(self, start: int, end: int) -> tuple[int, str]:
        found = [(at, text) for at, text in self.tokens if start <= at < end and text not in "()"]
        return found[0][0], " ".join(text for _, text in found)

    def _augmented(self, node: ast.AugAssign) -> Iterator[Edit]:
        start, operator = self._operator(self._end(node.target), self._start(node.value))
        for other in (*_swaps(operator[:-1]), ""):
            yield Edit(start, start + len(operator), f"{other}=")

    def _bool_op(self, node: ast.BoolOp) -> Iterator[Edit]:
        """`and` for `or`, and each operand left out."""
        for left, right in pairwise(node.values):
            yield from self._swapped(left, right)
        word = " and " if isinstance(node.op, ast.And) else " or "
        for gone in node.values:
            yield self._instead(
                node, word.join(self._operand(v) for v in node.values if v is not gone)
            )

    def _constant(self, node: ast.expr, value: object) -> Iterator[Edit]:
        """Numbers one higher and one lower, the other truth, strings emptied, None to 0."""
        match value:
            case bool():
                others: list[object] = [not value]
            case int() | float() | complex():
                others = [value + 1, value - 1]
            case str() | bytes():
                others = [type(value)()] if value else ["x" if value == "" else b"x"]
            case None:
                others = [0]
            case _:  # an Ellipsis
                others = [None]
        for other in others:
            yield self._instead(node, repr(other).replace("''", '""').replace("'x'", '"x"'))

    def _condition(self, test: ast.expr, *fixed: str) -> Iterator[Edit]:
        """Turned round, unless an operator of its own can be; always true; always false."""
        single = isinstance(test, ast.Compare) and len(test.ops) == 1
        if not single and not isinstance(test, ast.UnaryOp):
            yield self._instead(test, f"not {self._atom(test)}")
        for value in fixed:
            yield self._instead(test, value)

    def _call(self, node: ast.Call, raised: bool) -> Iterator[Edit]:
        """Without each keyword, each `*`, and the last of several arguments; `f(x)` and `x.f()`
        become `x`.

        The message of an exception is emptied already, as a constant; without its second argument
        `isinstance` can only fail.
        """
        arguments: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
        several = len(node.args) > 1 and not raised and self._text(node.func) != "isinstance"
        for gone in arguments:
            last = several and gone is node.args[-1]
            if last or isinstance(gone, ast.keyword | ast.Starred):
                kept = ", ".join(
                    self._text(argument) for argument in arguments if argument is not gone
                )
                yield self._instead(node, f"{self._atom(node.func)}({kept})")
        match node:
            case ast.Call(args=[x], keywords=[]) if not (raised or isinstance(x, ast.Starred)):
                yield self._instead(node, self._atom(x))
            case ast.Call(func=ast.Attribute(value=x), args=[], keywords=[]):
                yield self._instead(node, self._text(x))

    def _statement(self, node: ast.stmt, parent: ast.AST) -> Iterator[Edit]:
        """Left out; for a `with`, what it stands around stays."""
        match node:
            case ast.Return():
                if node.value:
                    yield self._instead(node, "return None")
                if not _is_last(node, parent):
                    yield self._instead(node, "pass")
            case ast.Expr() if not isinstance(node.value, ast.Constant):
                yield self._instead(node, "pass")
            case ast.Break():
                yield from (self._instead(node, other) for other in ("continue", "pass"))
            case ast.Continue():
                yield from (self._instead(node, other) for other in ("break", "pass"))
            case ast.With() | ast.AsyncWith():
                start, end = self._start(node), self._start(node.body[0])
                colon = max(at for at, text in self.tokens if text == ":" and at < end)
                yield Edit(start, colon, "if True")
            case ast.stmt() if isinstance(node, (*SIMPLE, *SCOPES, *LOOPS)):
                yield self._instead(node, "pass")

    def _instead(self, node: ast.AST, text: str) -> Edit:
        return Edit(self._start(node), self._end(node), text)

    def _operand(self, node: ast.expr) -> str:
        loose = isinstance(node, ast.BoolOp | ast.IfExp | ast.Lambda | ast.NamedExpr)
        return f"({self._text(node)})" if loose else self._text(node)

    def _atom(self, node: ast.expr) -> str:
        text = self._text(node)
        return text if isinstance(node, (*ATOMS, *BRACKETED)) else f"({text})"

    def _text(self, node: ast.AST) -> str:
        return self.text[self._start(node) : self._end(node)]

    def _start(self, node: ast.AST) -> int:
        return self._position(node.lineno, node.col_offset)  # type: ignore[attr-defined]

    def _end(self, node: ast.AST) -> int:
        return self._position(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def _position(self, line: int, column: int) -> int:
        """Columns of the syntax tree count bytes of UTF-8."""
        text = self.lines[line - 1]
        return self.starts[line - 1] + len(text.encode()[:column].decode())


def _swaps(operator: str) -> list[str]:
    tables = (ARITHMETIC, BITS, WORDS, BOUNDARIES, NEGATED)
    return [table[operator] for table in tables if operator in table]


def _is(value: object) -> bool:
    return isinstance(value, ast.AST)


def _is_last(node: ast.stmt, parent: ast.AST) -> bool:
    """Whether the statement ends a function, where to leave out a return is to return None."""
    function = isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef)
    return function and node is parent.body[-1]  # type: ignore[attr-defined]


def _stays(node: ast.Constant, parent: ast.AST) -> bool:
    """A docstring; the number in `-1`, which is changed as a whole; None in `is None`, where 0 is
    no more than a condition that is always false."""
    if isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.USub):
        return isinstance(node.value, int | float)
    return isinstance(parent, ast.Expr) or (isinstance(parent, ast.Compare) and node.value is None)
