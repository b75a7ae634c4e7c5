"""The head of every exported file: what it was made from, and a digest of what follows.

It tells the learner's own modules, and whether somebody changed them after they were tested.
"""

from __future__ import annotations

import re

STAMP = re.compile(
    r"^# Made by tito from (?P<source>.+) \[(?P<module>\S+) (?P<digest>[0-9a-f]{64})\]$"
)


NOTE = "# Edit that file, not this one.\n\n"


def stamped(module_id: str, source: str, text: str) -> str:
    """The whole file with this text, made from this source."""
    return f"# Made by tito from {source} [{module_id} {_digest(text)}]\n{NOTE}{text}"


def stamped_module(first_line: str) -> str:
    """The id of the module that an exported file was made from; empty if tito did not make it."""
    match = STAMP.match(first_line.rstrip("\n"))
    return match["module"] if match else ""


def is_intact(file: str) -> bool:
    """Whether the text of an exported file is as it was written."""
    first_line, _, rest = file.partition("\n")
    match = STAMP.match(first_line)
    if not match or not rest.startswith(NOTE):
        return False
    return _digest(rest.removeprefix(NOTE)) == match["digest"]


def _digest(text: str) -> str:
    """The same whatever ends the lines: git and editors may change that."""
    import hashlib  # 3 ms that an import of a learner's module saves

    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return hashlib.sha256(lines.encode()).hexdigest()
