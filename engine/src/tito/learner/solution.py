"""Our solution beside the learner's, exercise by exercise."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from tito.curriculum.compile import read_draft
from tito.curriculum.views import SOLVED, view
from tito.errors import UsageError
from tito.learner.desk import Desk
from tito.model import Finding, Module, Task
from tito.names import pick
from tito.workspace.find import MARKER

AROUND = 2  # lines that are the same, shown around those that differ
Row = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two solutions of an exercise; `yours` is empty if its cell is gone."""

    task: Task
    yours: str
    ours: str


def refuse_if_switched_off(desk: Desk) -> None:
    """Raises UsageError if the workspace says that solutions are not shown."""
    if not desk.workspace.solutions:
        where = str(desk.workspace.root / MARKER)
        message = "this course shows no solutions: solutions = false"
        raise UsageError(Finding(message, where, "tito hint"))


def task_named(module: Module, name: str) -> Task:
    """The exercise with this id, number (`3.2`, or `2` alone) or unique prefix of its id."""
    names = {task.id: task for task in module.tasks}
    names |= {task.number: task for task in module.tasks}
    names |= {task.number.partition(".")[2]: task for task in module.tasks}
    return pick(name, names, "exercise", f"tito solution {module.id}")


def pairs(desk: Desk, module: Module, tasks: tuple[Task, ...]) -> list[Pair]:
    """The learner's and our solution of each of these exercises."""
    own = desk.read(desk.learner_file(module)).by_grade_id
    package = desk.installed.of(desk.course.tier_of(module).id).package
    solved = view(read_draft(package / "modules" / module.folder).lesson, SOLVED)
    ours = {cell.grade_id: cell.plain_text for cell in solved}
    return [Pair(t, own[t.id].plain_text if t.id in own else "", ours[t.id]) for t in tasks]


def rows(yours: str, ours: str) -> list[Row]:
    """(a line of theirs, a mark if the two differ, a line of ours); `…` where both are the same."""
    left, right = yours.splitlines(), ours.splitlines()
    made: list[Row] = []
    for tag, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        mark = "" if tag == "equal" else "|"
        sides = zip_longest(left[a:b], right[c:d], fillvalue="")
        made += [(mine, mark, its) for mine, its in sides]
    return _folded(made)


def _folded(made: list[Row]) -> list[Row]:
    """Without the lines that are far from any difference."""
    differ = [at for at, row in enumerate(made) if row[1]]
    near = [any(abs(at - other) <= AROUND for other in differ) for at in range(len(made))]
    folded: list[Row] = []
    for row, shown in zip(made, near, strict=True):
        if shown:
            folded.append(row)
        elif not folded or folded[-1] != ("…", "", "…"):
            folded.append(("…", "", "…"))
    return folded
