"""Grades some submissions now, whatever was graded before."""

from __future__ import annotations

from tito.errors import CourseFolderError
from tito.grading.choose import chosen_jobs
from tito.grading.course import CourseFolder
from tito.grading.executors import Where, executor
from tito.grading.journal import Journal
from tito.grading.run import run
from tito.grading.settings import Settings
from tito.grading.shard import parse_shard


def regrade(course: CourseFolder, name: str, students: list[str], settings: Settings) -> None:
    """One after the other, on this machine. Raises CourseFolderError if one cannot be graded."""
    jobs, findings = chosen_jobs(course, [name], students, parse_shard("1/1"), settings)
    journal = Journal(course.root / "results" / "journal.jsonl")
    summary = run(jobs, executor("local"), Where(jobs=1), journal, lambda event, about: None)
    if findings := [*findings, *summary.findings]:
        raise CourseFolderError(findings)
