"""What a worker is told, by value: it reads no file of the course, so it may be anywhere.

A brief is said once an assignment, a paper once a submission; both travel as JSON.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from tito.grading.assignment import Assignment
from tito.grading.grade import Paper
from tito.grading.intake import Submission
from tito.grading.result import FORMAT, Remark
from tito.grading.settings import Limits, Settings
from tito.model import Course


@dataclass(frozen=True, slots=True)
class Brief:
    """`tiers` are those of the course; `texts` are source and release of the assignment, and with
    `against="own"` of those before it.

    `grader` names all that results depend on; a worker that has something else must not grade.
    """

    assignment: str
    tiers: tuple[str, ...]
    texts: dict[str, tuple[str, str]]
    settings: Settings
    grader: dict[str, Any]
    require_sandbox: bool = False

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps(self.grader, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Work:
    """A paper with what was handed in before it: assignment → submission."""

    paper: Paper
    earlier: dict[str, Submission]


def earlier_modules(course: Course, module: str) -> list[str]:
    """The ids of the modules on which this one stands, in teaching order."""
    needed = course.requirements(module) - {module}
    return [each.id for each in course.modules if each.id in needed]


def grader(assignments: list[Assignment], settings: Settings, course: Course) -> dict[str, Any]:
    """All that a result of the last of these assignments depends on besides the submission."""
    module = assignments[-1].module
    return {
        "format": FORMAT,
        "engine": version("tinytorch-engine"),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "numpy": _version("numpy"),
        "assignments": {each.name: each.digest for each in assignments},
        "settings": asdict(settings),
        "modules": {id: course.by_id[id].digest for id in earlier_modules(course, module)},
    }


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def dump_brief(brief: Brief) -> str:
    return json.dumps(asdict(brief))


def load_brief(text: str) -> Brief:
    data = json.loads(text)
    settings = data["settings"] | {"limits": Limits(**data["settings"]["limits"])}
    texts = {name: (source, release) for name, (source, release) in data["texts"].items()}
    tiers = tuple(data["tiers"])
    return Brief(
        data["assignment"],
        tiers,
        texts,
        Settings(**settings),
        data["grader"],
        data["require_sandbox"],
    )


def dump_work(work: Work) -> str:
    paper = work.paper
    return json.dumps(
        {
            "student": paper.student,
            "digest": paper.digest,
            "submission": _plain(paper.submission),
            "earlier": {name: _plain(each) for name, each in work.earlier.items()},
        }
    )


def load_work(text: str) -> Work:
    data = json.loads(text)
    paper = Paper(data["student"], _submission(data["submission"]), data["digest"])
    return Work(paper, {name: _submission(each) for name, each in data["earlier"].items()})


def _plain(submission: Submission) -> dict[str, Any]:
    return asdict(submission) | {"data": base64.b64encode(submission.data).decode()}


def _submission(data: dict[str, Any]) -> Submission:
    remarks = tuple(Remark(**remark) for remark in data["remarks"])
    return Submission(**data | {"data": base64.b64decode(data["data"]), "remarks": remarks})
