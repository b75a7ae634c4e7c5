"""One thing that is wrong, with place and fix: the one shape for doctor, lint and build errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, or of a numbered cell of a notebook. Numbers start at 1; 0 means none."""

    file: str
    line: int = 0
    cell: int = 0

    def __str__(self) -> str:
        if self.cell:
            line = f", line {self.line}" if self.line else ""
            return f"{self.file}, cell {self.cell}{line}"
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, where (a place or a key), and what to do next."""

    message: str
    where: str = ""
    fix: str = ""
    level: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        lines = [f"{self.level}: {self.message}"]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.fix:
            lines.append(f"  next:  {self.fix}")
        return "\n".join(lines)
