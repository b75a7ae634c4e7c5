"""One of n parts of a class, for n machines: always the same students, whoever else is in it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from tito.errors import UsageError
from tito.model import Finding

WRITTEN = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `number` (from 1) of `count`."""

    number: int = 1
    count: int = 1

    def has(self, student: str) -> bool:
        digest = hashlib.sha256(student.encode("utf-8", "surrogateescape")).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.number - 1

    def __str__(self) -> str:
        return f"{self.number}-of-{self.count}"


def parse_shard(text: str) -> Shard:
    """`3/8` is the third of eight parts. Raises UsageError."""
    match = WRITTEN.fullmatch(text)
    number, count = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= count:
        fix = "the first of eight parts is 1/8, the last is 8/8"
        raise UsageError(Finding(f"there is no part {text!r}", "--shard", fix))
    return Shard(number, count)
