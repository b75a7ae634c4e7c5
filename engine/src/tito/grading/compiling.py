"""Cells as code that leaves a canary at its end.

The assignment's own cells are the same for a whole class: the judge compiles them once, and sends
each child that code with a canary of its own. What a student wrote is compiled in a child only.
"""

from __future__ import annotations

import ast
import re
import secrets
import warnings
from binascii import a2b_base64, b2a_base64  # by their names: a cell may change what is in modules
from collections.abc import Iterable
from contextlib import suppress
from marshal import dumps, loads
from types import CodeType
from typing import Any

from tito.curriculum.source import Cell
from tito.grading.controls import taken_away
from tito.kernel import code_name

Code = tuple[CodeType, CodeType | None]
CANARY = "_canary"
INSIDE = {"", " ", "\t", "#", ")", "]", "}"}  # no statement begins with these
DEFINITION = re.compile(r"(?:def|class)\s+(\w+)")


def new_token() -> str:
    """Always of the same length."""
    return secrets.token_hex(8)


def compiled(cell: Cell, canary: str) -> Code:
    """The cell's statements, and its last expression if that is to be shown, as IPython does.

    Whichever comes last leaves the canary: what comes first in a tuple is evaluated first.
    """
    text, name = cell.python, code_name(cell)
    text = "\n" * (cell.place().line - 1) + text
    if code := _with_a_definition_last(text, name, canary):
        return code, None
    tree: Any = compile(text, name, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr) or text.rstrip().endswith(";"):
        tree.body += ast.parse(f"{CANARY} = {canary!r}").body
        return compile(tree, name, "exec", dont_inherit=True), None
    shown: Any = ast.parse(f"(None, {CANARY} := {canary!r})[0]", mode="eval")
    shown.body.value.elts[0] = tree.body.pop().value
    body = compile(tree, name, "exec", dont_inherit=True)
    return body, compile(shown, name, "eval", dont_inherit=True)


def _with_a_definition_last(text: str, name: str, canary: str) -> CodeType | None:
    """As most answers are: then nothing is shown, and no tree is needed to know, which takes twice
    as long as all the rest. None for other cells, and for those that are no Python."""
    if text.endswith("\\") or "\r" in text or "\f" in text:
        return None  # these would make other lines of it
    lines = text.split("\n")
    begins = [n for n, line in enumerate(lines) if line[:1] not in INSIDE]
    if not begins or not (defined := DEFINITION.match(lines[first := begins.pop()])):
        return None
    while begins and lines[begins[-1]][0] == "@":
        first = begins.pop()
    with suppress(Exception):  # whoever asked finds out what is wrong with it
        code = compile(f"{text}\n{CANARY} = {canary!r}", name, "exec", dont_inherit=True)
        made = [each for each in code.co_consts if isinstance(each, CodeType)]
        if (defined[1], first + 1) in [(each.co_name, each.co_firstlineno) for each in made]:
            return code  # so it was no line of a text
    return None


class Ready:
    """A given cell, compiled for whatever canary. It is empty if that fails, or warns: then each
    child does it again, and shows that."""

    def __init__(self, cell: Cell) -> None:
        self.blank = new_token()
        self.code = b""
        with suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("error")
            self.code = dumps(compiled(cell, self.blank))

    def with_canary(self, canary: str) -> str:
        return as_text(self.code.replace(self.blank.encode(), canary.encode()))


def replacements(stubs: Iterable[Cell]) -> list[str]:
    """Code that puts each stub where the student's functions were."""
    made = []
    for stub in stubs:
        with suppress(SyntaxError):
            code = compile(taken_away(stub), stub.file, "exec", dont_inherit=True)
            made.append(as_text(dumps(code)))
    return made


def as_text(code: bytes) -> str:
    return b2a_base64(code, newline=False).decode()


def from_text(text: str) -> Any:
    """For a child: what the judge compiled."""
    return loads(a2b_base64(text))
