"""Runs one submission's cells, one at a time as they come. All of it under the student's eyes.

A process of its own, forked from the server and confined. What it says is checked by the judge.
"""

from __future__ import annotations

import ast
import linecache
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout
from types import CodeType
from typing import Any

from tito.curriculum.source import Cell
from tito.grading.wire import Message, Wire
from tito.kernel import MOST_ERROR, Bounded, code_name, fresh_scope, in_words, remember_lines

CANARY = "_canary"
MOST_FRAMES = 20


def serve(wire: Wire, output: int) -> None:
    """Answer the judge until it has no more questions. `output` is how much of a cell's is kept."""
    scope: dict[str, Any] = {}
    while True:
        asked = wire.receive()
        cell = Cell(kind="code", **asked["cell"])
        scope = scope or fresh_scope(cell.file)
        wire.send({"ticket": asked["ticket"], **run(cell, scope, asked["canary"], output)})


def run(cell: Cell, scope: dict[str, Any], canary: str, output: int) -> Message:
    """What the cell shows. A cell that ran to its end has left the canary."""
    remember_lines(cell)
    out, err = Bounded(output), Bounded(output)
    value = error = trace = ""
    try:
        with redirect_stdout(out), redirect_stderr(err):
            body, last = compiled(cell, canary)
            exec(body, scope)
            value = shown(eval(last, scope), output) if last else ""
    except BaseException as problem:  # a cell may exit, or interrupt itself
        error, trace = in_words(problem), own_lines(problem, cell)
    return {
        "outcome": "failed" if error else "passed",
        "stdout": out.kept(),
        "stderr": err.kept(),
        "value": value,
        "error": error,
        "traceback": trace,
        "canary": str(scope.pop(CANARY, "")),
    }


def compiled(cell: Cell, canary: str) -> tuple[CodeType, CodeType | None]:
    """The cell's statements, and its last expression if that is to be shown, as IPython does."""
    text, name = cell.python, code_name(cell)
    text = "\n" * (cell.place().line - 1) + text
    tree = compile(text, name, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    leave = ast.parse(f"{CANARY} = {canary!r}").body
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr) or text.rstrip().endswith(";"):
        tree.body += leave
        return compile(tree, name, "exec", dont_inherit=True), None
    # The value is kept until the canary is there: `(_canary := '…', value)[1]` would run it first.
    expression = ast.parse(f"(None, {CANARY} := {canary!r})[0]", mode="eval").body
    assert isinstance(expression, ast.Subscript)
    assert isinstance(expression.value, ast.Tuple)
    expression.value.elts[0] = tree.body.pop().value  # type: ignore[attr-defined]
    whole = ast.Expression(expression)
    return (
        compile(tree, name, "exec", dont_inherit=True),
        compile(whole, name, "eval", dont_inherit=True),
    )


def shown(value: object, most: int) -> str:
    """The repr of a cell's last expression. None shows nothing."""
    if value is None:
        return ""
    try:
        text = repr(value)
    except Exception as problem:  # the cell itself has passed
        text = f"[repr() fails: {in_words(problem)}]"
    return text if len(text) <= most else f"{text[:most]}\n[the rest is cut off]"


def own_lines(error: BaseException, cell: Cell) -> str:
    """The lines of the notebook through which the error came, the innermost last."""
    if isinstance(error, SyntaxError) and error.filename == code_name(cell):
        found = [(code_name(cell), error.lineno or 1, "")]
    else:
        frames = traceback.extract_tb(error.__traceback__)
        own = (frame for frame in frames if frame.filename.startswith(cell.file))
        found = [(frame.filename, frame.lineno or 1, frame.name) for frame in own]
    cut = "…\n" if len(found) > MOST_FRAMES else ""
    return cut + "".join(map(_place, found[-MOST_FRAMES:]))


def _place(frame: tuple[str, int, str]) -> str:
    file, line, function = frame
    inside = f", in {function}" if function and not function.startswith("<module") else ""
    source = linecache.getline(file, line).strip()[:MOST_ERROR]
    return f"{file}, line {line}{inside}\n    {source}\n"


def forget_ourselves() -> None:
    """Student's code finds none of this by its name."""
    for name in [name for name in sys.modules if name.startswith("tito.grading")]:
        del sys.modules[name]
