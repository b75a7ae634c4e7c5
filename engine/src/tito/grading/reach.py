"""Reads a student's answers for what no exercise needs: ways to reach the grader, or to please it.

The judge does this in its own process, where nothing of the student's runs. It proves nothing: what
it finds is for a person to look at, and who knows Python well enough gets past it.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Container, Iterable, Iterator
from typing import Any
from unicodedata import normalize

from tito.curriculum.source import Cell

MOST_TEXT = 100_000  # characters of an answer that are read
MODULES = {
    "ast", "atexit", "bdb", "builtins", "code", "codeop", "ctypes", "dis", "faulthandler", "gc",
    "imp", "importlib", "inspect", "linecache", "marshal", "mmap", "multiprocessing", "os",
    "pdb", "pickle", "posix", "pty", "pytest", "resource", "runpy", "signal", "site", "socket",
    "subprocess", "sys", "tito", "trace", "traceback", "tracemalloc", "types", "unittest",
    "weakref", "_thread",
}  # fmt: skip
NAMES = {
    "__builtins__", "__import__", "__loader__", "__spec__", "breakpoint", "compile", "eval",
    "exec", "globals",
}  # fmt: skip
ATTRIBUTES = {
    "_current_frames", "_exit", "_getframe", "__builtins__", "__closure__", "__code__",
    "__defaults__", "__dict__", "__globals__", "__import__", "__kwdefaults__", "__loader__",
    "__spec__", "__subclasses__", "addaudithook", "ag_frame", "cell_contents", "cr_frame",
    "f_back", "f_builtins", "f_code", "f_globals", "f_locals", "get_objects", "get_referents",
    "get_referrers", "gi_frame", "meta_path", "path_hooks", "setprofile", "settrace", "sys",
    "tb_frame", "tb_next",
}  # fmt: skip
PROTOCOL = {
    "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__bool__", "__array__",
    "__array_ufunc__", "__array_function__", "__array_priority__", "__instancecheck__",
    "__subclasscheck__", "__class__", "__sub__", "__rsub__", "__contains__", "__format__",
}  # fmt: skip
ATTRIBUTES_ONLY = PROTOCOL | ATTRIBUTES
ANYTHING = ATTRIBUTES_ONLY | NAMES
WORD = re.compile(r"\w+")
# The end of a string, and the beginning of another with nothing between that counts.
PIECES = re.compile(r"""[\w"']["'](?:\s|\#[^\n]*)*[rbfu]{0,2}["'][\w"']""", re.IGNORECASE)


def reaches(cell: Cell, known: Container[str], own: Container[str]) -> list[str]:
    """What of this the answer does, each in a few words; nothing that the assignment does itself.

    `known` are the words of all the assignment's cells, `own` those of this answer's stub.
    """
    if len(cell.text) > MOST_TEXT:
        return [f"has {len(cell.text)} characters"]
    if _has_nothing_to_find(cell.text, known, own):
        return []
    try:
        with warnings.catch_warnings():  # such as an escape in a text that is none
            warnings.simplefilter("ignore")
            tree = ast.parse(cell.python)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []  # it will not run either
    return list(dict.fromkeys(_reaches(tree, known, own)))


def _has_nothing_to_find(text: str, known: Container[str], own: Container[str]) -> bool:
    """Whether no word for which we look stands in the text, which is seen in a tenth of the time. In a
    text with strings in pieces, which are one to Python, a word may stand without being seen."""
    written = WORD.findall(text)
    if not text.isascii():
        written += WORD.findall(normalize("NFKC", text))  # as Python reads names
    suspect = ANYTHING.intersection(written)
    if "import" in written or any(
        word not in (own if word in PROTOCOL else known) for word in suspect
    ):
        return False
    return "\\" not in text and not PIECES.search(text.replace('"""', "'"))


def words(tree: ast.AST) -> Iterator[str]:
    """Every name, attribute and module that occurs in the code."""
    for node in _nodes(tree):
        yield from _names(node)


def _nodes(tree: ast.AST) -> list[ast.AST]:
    """As `ast.walk` gives them, in half of the time: each answer of a class is read like this."""
    found = [tree]
    for node in found:
        for value in vars(node).values():
            if isinstance(value, ast.AST):
                found.append(value)
            elif isinstance(value, list):
                found += [each for each in value if isinstance(each, ast.AST)]
    return found


NAMED: dict[type[ast.AST], Callable[[Any], Iterable[str]]] = {
    ast.Name: lambda node: (node.id,),
    ast.Attribute: lambda node: (node.attr,),
    ast.FunctionDef: lambda node: (node.name,),
    ast.ClassDef: lambda node: (node.name,),
    ast.Import: lambda node: [_root(each.name) for each in node.names],
    ast.ImportFrom: lambda node: [_root(node.module or ""), *(each.name for each in node.names)],
    ast.Constant: lambda node: (node.value,) if _is_a_name(node.value) else (),
}


def _names(node: ast.AST) -> Iterable[str]:
    named = NAMED.get(type(node))
    return named(node) if named else ()


def _root(module: str) -> str:
    return module.partition(".")[0]


def _is_a_name(value: object) -> bool:
    return isinstance(value, str) and value.isidentifier()


def _reaches(tree: ast.AST, known: Container[str], own: Container[str]) -> Iterator[str]:
    for node in _nodes(tree):
        words = set(_names(node))
        if not words:
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (f"imports {name}" for name in sorted(words & MODULES) if name not in known)
            if "numpy" in words and "testing" in ast.unparse(node):
                yield "imports numpy.testing"
            continue
        # A method may be called as a built-in function is: `model.eval()`.
        suspect = ATTRIBUTES_ONLY if isinstance(node, ast.Attribute) else ANYTHING
        for word in sorted(words & suspect):
            if word not in (own if word in PROTOCOL else known):
                yield f"uses {word}"
