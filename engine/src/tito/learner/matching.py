"""Which cell of one version of a lesson is which cell of another."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Sequence

from tito.curriculum.source import Cell

Found = list[int | None]
Step = Callable[[Sequence[Cell], Sequence[Cell], Found], None]


def places(own: Sequence[Cell], given: Sequence[Cell], steps: Sequence[Step]) -> Found:
    """For each cell of `own`, the place in `given` of the cell that it is; None for one without.

    Each step finds more, among the cells that those before it left alone.
    """
    found: Found = [None] * len(own)
    for step in steps:
        step(own, given, found)
    return found


def by(key: Callable[[Cell], Hashable]) -> Step:
    """Cells with equal keys, the first with the first. A key that is None equals no other."""

    def step(own: Sequence[Cell], given: Sequence[Cell], found: Found) -> None:
        free: dict[Hashable, deque[int]] = defaultdict(deque)
        for place in sorted(set(range(len(given))) - set(found)):
            free[key(given[place])].append(place)
        free.pop(None, None)
        for at, cell in enumerate(own):
            if found[at] is None and (waiting := free.get(key(cell))):
                found[at] = waiting.popleft()

    return step


def _task(cell: Cell) -> Hashable:
    return cell.grade_id or None


def _id(cell: Cell) -> Hashable:
    return None if cell.grade_id else cell.id or None


def _text(cell: Cell) -> Hashable:
    return None if cell.grade_id else (cell.kind, cell.plain_text)


def alike(*kinds: str) -> Step:
    """Edited cells of these kinds, between the same neighbours: nothing else names a cell of a
    script, nor one that was moved when a lesson was written anew."""

    def step(own: Sequence[Cell], given: Sequence[Cell], found: Found) -> None:
        for at, cell in enumerate(own):
            if found[at] is None and cell.kind in kinds and not cell.grade_id:
                before = next((n for n in reversed(found[:at]) if n is not None), -1)
                after = next((n for n in found[at:] if n is not None), len(given))
                free = (n for n in range(before + 1, after) if n not in found)
                found[at] = next((n for n in free if _is_alike(cell, given[n])), None)

    return step


def _is_alike(mine: Cell, given: Cell) -> bool:
    """Whether one is the other, edited: most lines of the shorter one stand in both."""
    if given.kind != mine.kind or given.grade_id:
        return False
    lines = [{line for line in c.plain_text.splitlines() if line} for c in (mine, given)]
    shorter = min(map(len, lines))
    return shorter > 0 and 2 * len(lines[0] & lines[1]) >= shorter


by_task, by_id, by_text = by(_task), by(_id), by(_text)
