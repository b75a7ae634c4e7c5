"""A class in which an honest classmate sits beside each attacker, graded as any class is."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest import mock

from grading.adversarial.suite import HONEST, NAME, NOTEBOOK, Attack, answered
from support import OUR_TIERS, ROOT, forget, install, project
from tito.grading.choose import chosen_jobs
from tito.grading.course import CourseFolder
from tito.grading.executors import Local, Where
from tito.grading.generate import generate
from tito.grading.journal import Journal
from tito.grading.new import new_course
from tito.grading.result import Result, dump, load
from tito.grading.run import Summary, run
from tito.grading.settings import MIB, Limits, Settings
from tito.grading.shard import Shard
from tito.grading.syllabus import syllabus

LIMITS = Limits(cell=2, wall=7, cpu=6, memory=256 * MIB, file=MIB, processes=16, output=2000)
CLASSMATE = "classmate"
SUBREAPER = 36  # prctl: whoever loses their parent becomes ours


@contextmanager
def hostile_course(root: Path) -> Iterator[tuple[CourseFolder, Path]]:
    """A course of the base tier whose second lesson is there to be attacked, and the tier's site."""
    site = root / "site"
    site.mkdir(parents=True)
    tier = project("base-tier", root)
    lesson = tier / "src" / "abacus_base" / "modules" / NAME / "total_dev.py"
    shutil.copy(ROOT / "tests" / "data" / "hostile-lesson" / "total_dev.py", lesson)
    install(tier, site)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TITO_")}
    kept |= {"PYTHONPATH": str(site), "TITO_DISABLE_PLUGINS": OUR_TIERS}
    with (
        mock.patch.dict(os.environ, kept, clear=True),
        mock.patch.object(sys, "path", [str(site), *sys.path]),
    ):
        course = new_course(root / "course", "hostile", ("base",))
        taught = syllabus(course)
        generate(taught, taught.module("total"))
        yield course, site
    forget("abacus")


@dataclass
class HostileClass:
    """What grading came to. `alone` is the classmate's result without any attacker."""

    course: CourseFolder
    alone: str
    summary: Summary = field(default_factory=Summary)
    seconds: dict[str, float] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)
    left: list[str] = field(default_factory=list)

    def text(self, student: str) -> str:
        return self.course.result(student, NAME).read_text()

    def result(self, student: str) -> Result:
        return load(self.text(student))

    def as_classmate(self, student: str) -> str:
        """The result of this student, as if it were the classmate's."""
        return dump(replace(self.result(student), student=CLASSMATE))


def student(number: int, attack: Attack) -> str:
    return f"{number:03}-{attack.name}"


def beside(number: int, attack: Attack) -> str:
    """The classmate who is graded right after, on the same judge or at the same time on the other."""
    return f"{student(number, attack)}-{CLASSMATE}"


def graded_class(
    root: Path, course: CourseFolder, site: Path, attacks: list[Attack]
) -> HostileClass:
    put_classmate(course, CLASSMATE)
    made = HostileClass(course, "")
    _grade(made)
    made.alone = made.text(CLASSMATE)
    made.seconds.clear()
    outside, temporary = root / "outside", root / "tmp"
    for folder in (outside, temporary):
        folder.mkdir()
        folder.chmod(0o777)
    said = words(course.root, site, outside)
    for number, attack in enumerate(attacks):
        attack.put(course.submitted(student(number, attack), NAME), course.release(NAME), said)
        put_classmate(course, beside(number, attack))
    before, ours = _files(root), _children()
    with mock.patch.dict(os.environ, {"TMPDIR": str(temporary)}):
        _grade(made)
    after = _files(root)
    made.written = {path for path in before | after if before.get(path) != after.get(path)}
    made.left = sorted(_children() - ours)
    return made


def words(course: Path, site: Path, outside: Path) -> dict[str, str]:
    """What stands for these places in the texts of attacks, and for brackets that never close."""
    places = {"@COURSE@": str(course), "@TIER@": str(site), "@OUTSIDE@": str(outside)}
    return {**places, "@DEEP@": "(" * 50_000}


def put_classmate(course: CourseFolder, name: str) -> None:
    folder = course.submitted(name, NAME)
    folder.mkdir(parents=True)
    answers = {cell: f"# {CLASSMATE}-4711\n{text}" for cell, text in HONEST.items()}
    (folder / NOTEBOOK).write_text(answered(course.release(NAME), answers))


def _grade(made: HostileClass) -> None:
    """Everybody, with two workers."""

    def tell(event: str, about: dict[str, object]) -> None:
        made.seconds[str(about["student"])] = float(str(about.get("seconds", 0)))

    jobs, findings = chosen_jobs(made.course, [NAME], [], Shard(), Settings(limits=LIMITS))
    assert not findings
    journal = Journal(made.course.root / "results" / "journal.jsonl")
    _adopt()
    made.summary = run(jobs, Local(), Where(2), journal, tell)


def _adopt() -> None:
    """Whatever outlives its parent becomes ours, so that `_children` finds it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)


def _children() -> set[str]:
    """Those that live: one that has ended waits for somebody to ask how, and that is nobody's harm."""
    found = Path("/proc/self/task").glob("*/children")
    return {each for path in found for each in path.read_text().split() if _lives(each)}


def _lives(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _files(root: Path) -> dict[str, str]:
    """Every file that is there, with what it holds; links as where they lead."""
    found = {}
    for path in root.rglob("*"):
        about = "a folder" if path.is_dir() else "something else"
        if path.is_symlink():
            about = os.readlink(path)
        elif path.is_file() and path.stat().st_size < 1 << 24:
            about = hashlib.sha256(path.read_bytes()).hexdigest()
        found[str(path.relative_to(root))] = about
    return found
