"""What the last test of a module ran on, and which exercise its first failure is about."""

from __future__ import annotations

from tito.curriculum.source import Cell, Source
from tito.errors import LearnerFileError
from tito.learner.desk import Desk
from tito.model import CellResult, Module, Test, TestReport
from tito.workspace.state import State, Tested


def digest_of_work(desk: Desk, module: Module) -> str:
    """Changes with the learner's file, with the lesson, and with the own modules that it builds on."""
    import hashlib  # 3 ms that commands which only list save

    digest = hashlib.sha256(module.digest.encode())
    needed = desk.course.requirements(*module.requires)
    own = (desk.workspace.own_file(each) for each in desk.course.modules if each.id in needed)
    for path in (desk.learner_file(module), *own):
        digest.update(b"\0" + (path.read_bytes() if path.is_file() else b""))
    return digest.hexdigest()


def last_tested(desk: Desk, module: Module, state: State) -> Tested | None:
    """How the last test ended, if it ran on what is there now."""
    last = state.tested.get(module.id)
    return last if last and last.digest == digest_of_work(desk, module) else None


def tested(desk: Desk, module: Module, report: TestReport, digest: str) -> Tested:
    """What to remember of a test that ran on what has this digest."""
    first = next(((t, r) for t, r in report.tests if r.outcome != "passed"), None)
    if report.passed or first is None:
        return Tested(digest, report.passed)
    path = desk.learner_file(module)
    try:
        own = desk.read(path)
    except LearnerFileError:  # damaged while its tests ran
        return Tested(digest, False, first[0].id)
    given = desk.handed_out(module, path.suffix)
    return Tested(digest, False, first[0].id, failing_task(module, report, own, given, *first))


def failing_task(
    module: Module, report: TestReport, own: Source, given: Source, test: Test, result: CellResult
) -> str:
    """The id of the exercise that the first failure is about; empty if it may be any.

    A stub says its number. A line that failed stands in an exercise, or makes a cell before the test
    fail. Otherwise it is what stands between this test and the one before it.
    """
    for task in module.tasks:
        if result.error.startswith(f"Task {task.number}: "):
            return task.id
    end = next((c.number for c in own.cells if c.grade_id == test.id), len(own.cells))
    for each in (*report.problems, result):
        cell = _cell_at(own, each.where)
        if cell and cell.is_solution and cell.number < end:
            return cell.grade_id
    between = _exercises_before(given, test)
    stubs = [c.grade_id for c in between if _is_untouched(c, own)]
    return (stubs or [each.grade_id for each in reversed(between)] or [""])[0]


def _cell_at(source: Source, where: str) -> Cell | None:
    """The cell with this line."""
    for cell in source.cells:
        lines = (str(cell.place(offset)) for offset in range(cell.text.count("\n") + 1))
        if where in {str(cell.origin), *lines}:
            return cell
    return None


def _exercises_before(given: Source, test: Test) -> list[Cell]:
    """Those between the test and the one before it."""
    found: list[Cell] = []
    for cell in given.cells:
        if cell.grade_id == test.id:
            return found
        if cell.is_test:
            found = []
        elif cell.is_solution:
            found.append(cell)
    return []


def _is_untouched(given: Cell, own: Source) -> bool:
    mine = own.by_grade_id.get(given.grade_id)
    return mine is not None and mine.plain_text == given.plain_text
