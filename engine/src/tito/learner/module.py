"""Starting, completing and resetting a module. Beside this, only `update` writes a learner's file."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path

from tito.curriculum import files
from tito.curriculum.source import Source
from tito.curriculum.undefined import undefined
from tito.errors import LearnerFileError
from tito.export import export
from tito.learner.desk import SUFFIXES, Desk
from tito.learner.progress import is_changed_by_hand
from tito.learner.restore import restore
from tito.learner.run import run_tests
from tito.model import Finding, Module, TestReport
from tito.workspace.files import free_name, write_atomically
from tito.workspace.given import write_lesson


def start(desk: Desk, module: Module, suffix: str) -> tuple[Path, bool]:
    """(the learner's file, whether it is new). An existing one is left as it is."""
    if desk.learner_files(module):
        return desk.learner_file(module), False
    path = desk.workspace.folder(module) / f"{module.id}{suffix}"
    text = lesson_text(desk, module, suffix)
    write_lesson(desk.workspace, module, path, text, text)
    return path, True


def lesson_text(desk: Desk, module: Module, suffix: str) -> str:
    """The module as handed out, made when its tier was built: nothing is parsed here."""
    path = desk.lesson_file(module, suffix)
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        tier = desk.course.tier_of(module)
        fix = f"pip install --force-reinstall {tier.distribution}"
        message = f"the installed tier lacks the lesson {module.id}: {error.strerror}"
        raise LearnerFileError(Finding(message, str(path), fix)) from None


@dataclass(frozen=True, slots=True)
class Completed:
    """A report, and if it passed, the file that the module was exported to. `kept` is the copy of an
    earlier export that somebody had changed by hand."""

    report: TestReport
    file: Path | None = None
    kept: Path | None = None


def complete(desk: Desk, module: Module, time_limit: float) -> Completed:
    """Test the learner's file, and if it passes, export it. What is written replaces the old file
    in one step, so another process sees the old module or the new one."""
    path = desk.learner_file(module)
    source = desk.read(path)
    report = run_tests(desk, module, time_limit)
    if not report.passed:
        return Completed(report)
    if desk.read(path) != source:
        message = f"{path.name} was saved while its tests ran; nothing was exported"
        fix = f"tito module complete {module.id}"
        raise LearnerFileError(Finding(message, source.file, fix))
    target = desk.workspace.own_file(module)
    check_exported(source)
    by_hand = desk.gate.is_complete(module) and is_changed_by_hand(target)
    kept = copy_aside(target, "by-hand") if by_hand else None
    write_atomically(target, export(source.cells, module, source.file))
    # Python trusts its cached bytecode if size and second agree, and two exports may well agree.
    Path(cache_from_source(str(target))).unlink(missing_ok=True)
    return Completed(report, target, kept)


def check_exported(source: Source) -> None:
    """Raises LearnerFileError for what runs in a notebook and not in a module: a line like `%time`,
    and a name that only a cell which is not exported defines."""
    findings = []
    for cell in source.cells:
        try:
            ast.parse(cell.text if cell.is_exported else "")
        except SyntaxError as error:
            line = (error.text or "").strip()
            message = f"this cell is exported, and a Python module cannot hold the line: {line}"
            fix = "move the line into a cell of its own, without '#| export'"
            findings.append(Finding(message, str(cell.place((error.lineno or 1) - 1)), fix))
    for each in undefined(source.cells):
        message = (
            f"{each.name!r} is used in an exported cell, and the cell that defines it is not "
            f"exported: {each.home}"
        )
        fix = "make '#| export' the first line of that cell, or move its code into this one"
        findings.append(Finding(message, str(each.used), fix))
    if findings:
        raise LearnerFileError(findings)


def reset(desk: Desk, module: Module) -> tuple[Path, Path | None]:
    """(the learner's file as handed out, the backup of what stood there)."""
    if desk.learner_files(module):
        path = desk.learner_file(module)
    else:
        path = desk.workspace.folder(module) / f"{module.id}{SUFFIXES[0]}"
    return _rewrite(desk, module, path, lesson_text(desk, module, path.suffix))


def reset_tests(desk: Desk, module: Module) -> tuple[Path, Path | None]:
    """The same, but the learner's solutions and added cells stay."""
    path = desk.learner_file(module)
    cells = restore(desk.read(path), desk.handed_out(module, path.suffix))
    writers: dict[str, Callable[..., str]] = {".ipynb": files.notebook, ".py": files.percent}
    return _rewrite(desk, module, path, writers[path.suffix](cells))


def _rewrite(desk: Desk, module: Module, path: Path, text: str) -> tuple[Path, Path | None]:
    """Write over a learner's file after keeping what stands there under another name."""
    kept = copy_aside(path, "before-reset") if path.exists() else None
    given = lesson_text(desk, module, path.suffix)
    write_lesson(desk.workspace, module, path, text, given)
    return path, kept


def copy_aside(path: Path, why: str) -> Path:
    kept = free_name(path, why)
    shutil.copy2(path, kept)
    return kept
