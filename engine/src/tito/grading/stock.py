"""nbgrader's own commands on a course, through its API: the exchange, and feedback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

from tito.errors import CourseFolderError, UsageError
from tito.grading.collect import Collected, Collection, put
from tito.grading.course import CourseFolder
from tito.grading.intake import MOST_BYTES, SAFELY
from tito.grading.layouts import is_notebook
from tito.grading.people import unsafe
from tito.model import Finding


def api(course: CourseFolder) -> Any:
    """nbgrader's API with the course's own `nbgrader_config.py`. Raises UsageError without nbgrader."""
    try:
        from nbgrader.apps import NbGraderAPI
    except ImportError:
        fix = "pip install 'tinytorch-engine[grading]'"
        raise UsageError(Finding("nbgrader is not installed", fix=fix)) from None
    from tito.grading.configure import nbgrader_config

    return NbGraderAPI(config=nbgrader_config(course))


def last_line(done: dict[str, Any]) -> str:
    """What one of the API's calls says went wrong."""
    said = (done.get("error") or done.get("log") or "nbgrader failed").strip()
    return str(said.split("\n")[-1])


def collect_from_exchange(course: CourseFolder, assignment: str) -> Collection:
    """The last submission of each student in nbgrader's exchange.

    nbgrader finds them; we copy, because it would follow a student's links with our permissions.
    """
    found = api(course)
    collection = Collection("exchange")
    for record in _records(found, assignment):
        student = record["username"]
        folder = Path(record["folder"])
        try:
            if why := unsafe(student):
                raise OSError(None, f"{student!a} cannot be a student's name: {why}")
            files = dict(_files(folder))
            if not files:
                raise OSError(None, "there is no notebook in it")
        except OSError as error:
            message = f"this is not taken: {error.strerror}"
            collection.findings.append(Finding(message, str(folder)))
            continue
        at = record["timestamp"].replace(tzinfo=UTC).timestamp()
        outcome = put(course, assignment, student, files, at)
        collection.students.append(Collected(student, student, sorted(files)[0], False, outcome))
    return collection


def _records(found: Any, assignment: str) -> Iterator[dict[str, Any]]:
    from nbgrader.exchange import ExchangeError
    from nbgrader.utils import temp_attrs

    with temp_attrs(found.coursedir, assignment_id=assignment):
        collector = found.exchange.Collect(
            coursedir=found.coursedir, authenticator=found.authenticator, parent=found
        )
        try:
            collector.init_src()
        except ExchangeError as error:
            fix = "say where the exchange is, in nbgrader_config.py, or collect from a folder"
            raise CourseFolderError(Finding(f"nbgrader's exchange: {error}", fix=fix)) from None
        for record in collector.src_records:
            folder = os.path.join(collector.inbound_path, record["filename"])
            yield record | {"folder": folder}


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for name in sorted(os.listdir(folder)):
        if is_notebook(name) and not name.startswith("."):
            with open(os.open(folder / name, SAFELY), "rb") as file:
                yield name, file.read(MOST_BYTES)
