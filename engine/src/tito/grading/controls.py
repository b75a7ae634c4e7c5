"""Negative controls: a test that passed must fail without the student's functions.

If it passes all the same, it was not they that it tested: something keeps it from failing. A control
runs in a fork of the submission's process, so that whatever was done to the test's tools is there.

- `stub`: the exercises as they were handed out, which raise NotImplementedError.
- `nothing`: the same functions return an object that goes through everything and equals nothing.

The first shows a test that does not reach the functions, or whose errors are swallowed; the second,
checks that accept anything.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from types import CodeType
from typing import Any

from tito.curriculum.source import Cell

STUB, NOTHING = KINDS = ("stub", "nothing")
NAME = "_nothing"


class Nothing:
    """Whatever is done with it gives nothing again, and nothing is equal to it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # or NumPy and copy would take it for one of theirs
            raise AttributeError(name)
        return self

    def _again(self, *_: Any, **__: Any) -> Any:
        return self

    def _no(self, *_: Any) -> bool:
        return False

    __call__ = __getitem__ = __enter__ = _again
    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __exit__ = _no
    __bool__ = _no
    __hash__ = object.__hash__

    def __ne__(self, other: object) -> bool:
        return True

    def __setitem__(self, *_: Any) -> None: ...

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Any:
        return iter(())

    def __index__(self) -> int:
        return -1

    def __float__(self) -> float:
        return float("nan")

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        import numpy

        return numpy.array(float("nan"))

    def __repr__(self) -> str:
        return "nothing"


for _name in (
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift",
    "rshift", "neg", "pos", "abs", "invert",
):  # fmt: skip
    for _prefix in ("", "r", "i"):
        setattr(Nothing, f"__{_prefix}{_name}__", Nothing._again)


def taken_away(stub: Cell) -> ast.Module:
    """The exercise as it was handed out, as a syntax tree, but that it raises only as long as there is
    no `_nothing`, which its functions return then."""
    tree = ast.parse(stub.python)
    _Returning().visit(tree)
    return ast.fix_missing_locations(tree)


class _Returning(ast.NodeTransformer):
    inside = False

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        before, self.inside = self.inside, True
        self.generic_visit(node)
        self.inside = before
        return node

    def visit_Raise(self, node: ast.Raise) -> ast.AST | list[ast.AST]:
        if "NotImplementedError('Task " not in ast.unparse(node):
            return node
        if not self.inside:
            return ast.If(_is_nothing(ast.Is()), [node], [])
        return [
            ast.If(_is_nothing(ast.IsNot()), [ast.Return(ast.Name(NAME, ast.Load()))], []),
            node,
        ]


def _is_nothing(operator: ast.cmpop) -> ast.expr:
    return ast.Compare(ast.Name(NAME, ast.Load()), [operator], [ast.Constant(None)])


def take_away(stubs: Iterable[CodeType], kind: str, scope: dict[str, Any], first: bool) -> None:
    """Put the stubs into the scope, where the student's functions were. To go on with another kind
    takes no more than the name, unless an exercise raises at its own level."""
    scope[NAME] = Nothing() if kind == NOTHING else None
    codes = list(stubs)
    if not first and not any(NAME in code.co_names for code in codes):
        return
    for code in codes:
        try:
            exec(code, scope)
        except Exception:  # an exercise that is more than definitions stops where it raises
            continue
