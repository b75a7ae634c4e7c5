"""Grades a course on a disk that is full after some results, and again when there is room.

    python tests/grading/full_disk.py COURSE ROOM

The disk is a small one in memory at `results/`, which bubblewrap makes for a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from grading.chaos import GRADE, results
from tito.grading.course import CourseFolder

SIZE = 64 << 20  # bytes of the disk


@dataclass(frozen=True)
class Full:
    """How grading ended when the disk was full, what it said, and what was there then and later."""

    code: int
    errors: str
    written: dict[str, str]
    left: list[str]
    code_later: int
    written_later: dict[str, str]


def graded_on_a_full_disk(course: CourseFolder, room: int) -> Full:
    """`room` is how many bytes results may have at first."""
    disk = course.root / "results"
    disk.mkdir(exist_ok=True)
    box = ("bwrap", "--dev-bind", "/", "/", "--size", str(SIZE), "--tmpfs", str(disk))
    inner = (sys.executable, __file__, str(course.root), str(room))
    done = subprocess.run([*box, "--", *inner], check=True, capture_output=True)
    return Full(**json.loads(done.stdout))


def inside(root: Path, room: int) -> Full:
    disk = root / "results"
    filler = disk / "something else"
    filler.write_bytes(bytes(SIZE - room))
    first, written = grade(root), texts(disk)
    left = [path.name for path in disk.glob("*/.*")]
    filler.unlink()
    again = grade(root)
    return Full(first.returncode, first.stderr, written, left, again.returncode, texts(disk))


def grade(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(GRADE, cwd=root, capture_output=True, encoding="utf-8")


def texts(disk: Path) -> dict[str, str]:
    return {name: data.decode() for name, data in results(disk).items()}


if __name__ == "__main__":
    print(json.dumps(asdict(inside(Path(sys.argv[1]), int(sys.argv[2])))))
