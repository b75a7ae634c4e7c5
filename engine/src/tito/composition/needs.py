"""Whether what needs some modules can run now, and if not, why and what to type next."""

from __future__ import annotations

from collections.abc import Iterable

from tito.composition import guidance
from tito.composition.gate import Gate
from tito.model import Finding


def unmet(gate: Gate, ids: Iterable[str], where: str) -> Finding | None:
    """Why not; None if every module of these ids, and all that they require, is own or provided."""
    course = gate.course
    for name in ids:
        if name not in course.by_id:
            why, fix = guidance.no_module(gate, name)
            return Finding(why, where, fix, level="warning")
    needed = course.requirements(*ids)
    locked = [m for m in course.modules if m.id in needed and gate.status(m) == "locked"]
    if not locked:
        return None
    names = ", ".join(module.id for module in locked)
    message = f"it needs {names}, which {'is' if len(locked) == 1 else 'are'} not complete"
    return Finding(message, where, guidance.command(gate, locked[0]), level="warning")
