"""What a submission's code may import. This is kindness: what holds the code is the sandbox."""

import ast
import os

from tinytorch_profiling.olympics.errors import refused
from tito.grading.apart import apart

MOST_BYTES = 256 << 10
IMPORTS = ("numpy", "tinytorch", "collections", "dataclasses", "functools", "itertools", "math",
           "typing")  # fmt: skip


def check_code(code, where):
    """Raises Refused for what will not run there."""
    if len(code) > MOST_BYTES:
        raise refused(f"the code is longer than {MOST_BYTES >> 10} KiB", where, "shorten it")
    try:
        seen = read(code)
    except Exception as error:  # a parser may say anything to a text that is no program
        raise refused(
            f"the code cannot be read: {error}"[:500], where, "try it in Python"
        ) from None
    for name in seen["imports"]:
        if name not in IMPORTS:
            allowed = ", ".join(IMPORTS)
            raise refused(f"the code imports {name}", where, f"it can import {allowed}")
    if not seen["loads"]:
        raise refused("the code defines no function load(weights)", where, "write one")


def read(code):
    """In a process apart, where there are such: nobody wrote the parser for hostile programs."""
    if not hasattr(os, "fork"):
        return look_at(code)

    return apart(lambda: look_at(code))


def look_at(code):
    tree = ast.parse(code.decode("utf-8"))
    nodes = list(ast.walk(tree))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [
        "." * node.level + (node.module or "") for node in nodes if isinstance(node, ast.ImportFrom)
    ]
    loads = any(isinstance(node, ast.FunctionDef) and node.name == "load" for node in tree.body)
    imports = sorted({name.split(".")[0] or "." for name in names} - {"__future__"})
    return {"imports": imports, "loads": loads}
