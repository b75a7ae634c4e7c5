"""Hands assignments out, and remembers that it did: from then on, they do not change unnoticed."""

from __future__ import annotations

import json
import os
import time
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path

from tito.curriculum.structure import Mismatch, structure
from tito.errors import CourseFolderError
from tito.grading.course import CourseFolder
from tito.model import Finding
from tito.workspace.files import keep_aside, write_atomically

EPOCH = (1980, 1, 1, 0, 0, 0)  # so that the same assignment gives the same archive


@dataclass(frozen=True, slots=True)
class Released:
    """Where an assignment was put, and when: seconds since 1970."""

    to: str
    at: float


def released(course: CourseFolder) -> dict[str, Released]:
    """Assignment → when it was handed out last. A record that cannot be read counts as none."""
    try:
        data = json.loads(_record(course).read_text(encoding="utf-8"))
        found: dict[str, Released] = structure(dict[str, Released], data, "")
    except (OSError, ValueError, RecursionError, Mismatch):
        return {}
    return found


def _record(course: CourseFolder) -> Path:
    return course.root / ".tito" / "released.json"


def release_to_exchange(course: CourseFolder, name: str, force: bool) -> str:
    """Put it where students of nbgrader fetch it. Returns where that is."""
    from tito.grading.stock import api, last_line

    nbgrader = api(course)
    nbgrader.config.ExchangeReleaseAssignment.force = force
    done = nbgrader.release_assignment(name)
    if not done["success"]:
        fix = "say where the exchange is, in nbgrader_config.py, or release --to FOLDER"
        if "already exists" in done.get("log", ""):
            fix = f"to release it anew: tito nbgrader release {name} --force"
        message = f"nbgrader's exchange did not take {name}: {last_line(done)}"
        raise CourseFolderError(Finding(message, str(course.root / "nbgrader_config.py"), fix))
    _remember(course, name, "nbgrader's exchange")
    return f"nbgrader's exchange, {nbgrader.exchange_root}"


def release_to(course: CourseFolder, names: list[str], to: Path) -> list[str]:
    """Put them into a folder, each as `01_tensor/tensor.ipynb`, or, if that ends in `.zip`, into an
    archive. Returns what is in it now."""
    texts = {f"{name}/{course.release(name).name}": _text(course, name) for name in names}
    if to.suffix == ".zip":
        _write_archive(to, texts)
    else:
        for inside, text in texts.items():
            write_atomically(to / inside, text)
    for name in names:
        _remember(course, name, str(to))
    return list(texts)


def _text(course: CourseFolder, name: str) -> str:
    path = course.release(name)
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"the assignment {name} cannot be read: {error}"
        raise CourseFolderError(
            Finding(message, str(path), f"tito nbgrader generate {name}")
        ) from None


def _write_archive(to: Path, texts: dict[str, str]) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    made = to.with_name(f".{to.name}.new")
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for inside, text in texts.items():
            archive.writestr(zipfile.ZipInfo(inside, EPOCH), text, zipfile.ZIP_DEFLATED)
    os.replace(made, to)


def _remember(course: CourseFolder, name: str, to: str) -> None:
    """A record that cannot be read is kept aside."""
    path, known = _record(course), released(course)
    if not known and path.exists():
        keep_aside(path, "unreadable")
    known[name] = Released(to, time.time())
    data = {each: asdict(record) for each, record in known.items()}
    write_atomically(path, json.dumps(data, indent=1, sort_keys=True) + "\n")
