"""How an instructor wants submissions graded. Part of what a result depends on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What one submission may use. `cell` is the wall time of one cell in seconds; `cpu` is seconds
    of processor time and `wall` seconds in all; sizes are bytes, `output` is characters a cell."""

    cell: float = 30.0
    wall: float = 300.0
    cpu: int = 300
    memory: int = 2048 * MIB
    file: int = 64 * MIB
    processes: int = 64
    output: int = 20_000


@dataclass(frozen=True, slots=True)
class Settings:
    """`stderr="fail"` is nbgrader's rule: a test that writes to stderr earns nothing. `against="own"`
    runs a module on the student's own earlier modules instead of the reference. `analysis` is whether
    cells that only measure are run, too: they take most of the time, and no test needs them."""

    stderr: Literal["ignore", "fail"] = "ignore"
    analysis: bool = False
    against: Literal["reference", "own"] = "reference"
    limits: Limits = field(default_factory=Limits)
