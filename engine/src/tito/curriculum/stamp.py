"""The first line of every exported file: what it was made from. It tells the learner's own modules."""

from __future__ import annotations

import re

STAMP = re.compile(
    r"^# Made by tito from (?P<source>.+) \[(?P<module>\S+) (?P<digest>[0-9a-f]{64})\]$"
)


def stamp(module_id: str, source: str, text: str) -> str:
    """The line for a file with this text, made from this source."""
    import hashlib  # 3 ms that only an export pays

    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"# Made by tito from {source} [{module_id} {digest}]"


def stamped_module(first_line: str) -> str:
    """The id of the module that an exported file was made from; empty if tito did not make it."""
    match = STAMP.match(first_line.rstrip("\n"))
    return match["module"] if match else ""
