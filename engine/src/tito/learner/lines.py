"""Brings two changes of one text together, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import pairwise

Change = tuple[int, int, tuple[str, ...]]


def merge_lines(base: str, own: str, new: str) -> str | None:
    """`base` with both changes; None if they meet and differ, so that nobody knows what comes first."""
    lines = _lines(base)
    changes = sorted({*_changes(lines, own), *_changes(lines, new)})
    if any(_meet(*pair) for pair in pairwise(changes)):
        return None
    for begin, end, put in reversed(changes):
        lines[begin:end] = put
    return "\n".join(lines)


def _meet(first: Change, second: Change) -> bool:
    """Whether both change a line, or both put something in one place."""
    return first[1] > second[0] or first[:2] == second[:2]


def _changes(lines: Sequence[str], other: str) -> list[Change]:
    """(first line, line after the last, what stands there in the other text) of each difference."""
    others = _lines(other)
    codes = SequenceMatcher(None, lines, others, autojunk=False).get_opcodes()
    return [(a, b, tuple(others[c:d])) for tag, a, b, c, d in codes if tag != "equal"]


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").split("\n")
