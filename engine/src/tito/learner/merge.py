"""Takes a new version of a lesson into a learner's file, cell by cell, and loses nothing of theirs.

Three versions decide: `base`, which the learner began with, `own`, which they made of it, and `new`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tito.curriculum.regions import functions
from tito.curriculum.source import Cell, Source
from tito.learner.lines import merge_lines
from tito.learner.matching import alike, by_id, by_task, by_text, places
from tito.learner.restore import ungraded

# What a learner did to a cell leaves its id. What an author did may give it to another cell.
ANY = alike("code", "markdown", "raw")
OWN_TO_BASE = (by_task, by_id, by_text, ANY)
BASE_TO_NEW = (by_task, by_text, ANY)

STUB = re.compile(r'(?<=raise NotImplementedError\("Task )[\d.]+(?=:)')
MARK = "**`tito module update`**: "
OURS = f"{MARK}this cell is new, and you had changed the old one. Yours stands above; the new one:"
YOURS = f"{MARK}the cell above is new, and you had changed the old one. Yours was:"
LEFT = f"{MARK}the new lesson has no such cell any more. Yours stands above."


@dataclass(frozen=True, slots=True)
class Placed:
    """A cell of the result, the learner's cell that it was, and what they have to look at."""

    cell: Cell
    own: Cell | None = None
    conflict: str = ""


def merge(base: Source, own: Source, new: Source) -> list[Placed]:
    """The cells of the new lesson in its order, with what the learner wrote; cells that they added
    follow the cell they stood behind."""
    return list(_Merge(base, own, new).cells())


class _Merge:
    """The three versions, and who is who: `mine` and `before` map a place in the new lesson to the
    learner's cell and to the cell that they began with, `added` to the cells behind it."""

    def __init__(self, base: Source, own: Source, new: Source):
        self.new = new
        self.mine: dict[int, Cell] = {}
        self.before: dict[int, Cell] = {}
        self.added: dict[int, list[Placed]] = {}
        homes = places(base.cells, new.cells, BASE_TO_NEW)
        self.before = {n: base.cells[at] for at, n in enumerate(homes) if n is not None}
        self._sort_out(base, own, homes)

    def _sort_out(self, base: Source, own: Source, homes: list[int | None]) -> None:
        """Whatever the learner has is one of ours, or one that we took out, or their own."""
        found = places(own.cells, base.cells, OWN_TO_BASE)
        last = -1
        for cell, at in zip(own.cells, found, strict=True):
            if at is None:
                self._add(last, Placed(self._as_theirs(cell), cell))
            elif (home := homes[at]) is not None:
                self.mine[home], last = cell, home
            elif not _equal(cell, base.cells[at]):
                self._add(
                    last, Placed(self._as_theirs(cell), cell, "the new lesson has it no more")
                )
                self._add(last, Placed(_note(LEFT, cell)))

    def _as_theirs(self, cell: Cell) -> Cell:
        """Worth no points, and without an id that names a cell of the new lesson."""
        taken = any(cell.id == given.id for given in self.new.cells)
        return replace(cell, metadata=ungraded(cell), id="" if taken else cell.id)

    def _add(self, place: int, placed: Placed) -> None:
        self.added.setdefault(place, []).append(placed)

    def cells(self) -> Iterator[Placed]:
        yield from self.added.get(-1, ())
        for n, given in enumerate(self.new.cells):
            before = self.before.get(n)
            if before and n in self.mine:
                yield from _settled(before, self.mine[n], given)
            elif not (before and _equal(before, given)):  # what they deleted and is as it was
                yield Placed(given)
            yield from self.added.get(n, ())


def _settled(before: Cell, mine: Cell, given: Cell) -> Iterator[Placed]:
    """What becomes of a cell that both may have changed."""
    metadata = _metadata(before, mine, given)
    own, old = _renumbered(mine, given), _renumbered(before, given)

    def placed(cell: Cell, conflict: str = "") -> Placed:
        return Placed(replace(cell, metadata=metadata, id=given.id), mine, conflict)

    if _equal(own, given) or _equal(old, own):
        yield placed(given)
    elif _equal(old, given):
        yield placed(own)
    elif given.is_test or own.kind != given.kind:
        yield placed(given, "both changed it; the new one counts")
        yield Placed(_note(YOURS, mine))
    elif both := _both(old, own, given):
        yield placed(replace(given, text=both))
    else:
        yield placed(own, "both changed it; yours counts")
        yield Placed(_note(OURS, given))


def _both(old: Cell, own: Cell, new: Cell) -> str:
    """The text with both changes, if that can be; empty if not.

    A solution was written for its stub: if the code of that changed, and not only what is said of
    it or what is given around it, the learner has to look.
    """
    if new.is_solution and _stubs(old) != _stubs(new):
        return ""
    merged = merge_lines(old.text, own.text, new.text) or ""
    spoiled = new.kind == "code" and _parses(own) and not _parses(replace(new, text=merged))
    return "" if spoiled else merged


def _stubs(cell: Cell) -> dict[str, str]:
    """Each function that the learner has to write, by its name, without what its docstring says."""
    if not _parses(cell):
        return {}
    stubs = {}
    for function, name in functions(cell.python):
        for node in ast.walk(function):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                node.value = ast.Constant(None)
        code = ast.unparse(function)
        if STUB.search(code.replace("'", '"')):
            stubs[name] = code
    return stubs


def _parses(cell: Cell) -> bool:
    try:
        ast.parse(cell.python)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True


def _renumbered(cell: Cell, given: Cell) -> Cell:
    """With the number that the task has in the new lesson."""
    number = STUB.search(given.text)
    return replace(cell, text=STUB.sub(number[0], cell.text)) if number else cell


def _equal(one: Cell, other: Cell) -> bool:
    return (one.kind, one.plain_text) == (other.kind, other.plain_text)


def _metadata(before: Cell, mine: Cell, given: Cell) -> dict[str, object]:
    """The given cell's, and what else the learner's tools have noted."""
    kept = {k: v for k, v in ungraded(mine).items() if before.metadata.get(k) != v}
    return {**kept, **given.metadata}


def _note(mark: str, cell: Cell) -> Cell:
    """A cell that shows another one, and runs nothing."""
    if mark == LEFT:
        text = mark
    elif cell.kind == "code":
        text = f"{mark}\n\n````python\n{cell.text}\n````"
    else:
        text = f"{mark}\n\n{cell.text}"
    return Cell("markdown", text, cell.file, 0, 0)
