"""Penalties for late submissions, by the plugin that the course has for nbgrader."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from tito.grading.book import ASSIGNMENTS, GRADES, PAPERS, SUBMISSIONS
from tito.grading.configure import nbgrader_config
from tito.grading.course import CourseFolder


def apply_penalties(connection: Connection, course: CourseFolder, name: str) -> None:
    """Set the penalty of every submission of an assignment that has a due date."""
    due = connection.execute(select(ASSIGNMENTS.c.duedate).filter_by(name=name)).scalar()
    if due is None:
        return
    plugin, changed = _plugin(course), []
    for row in connection.execute(_submissions(name)):
        extended = due + row.extension if row.extension else due
        late = (row.timestamp - extended).total_seconds() if row.timestamp else 0
        penalty = None
        if late > 0:
            given = plugin.late_submission_penalty(row.student_id, row.score, late)
            penalty = None if given is None else min(max(given, 0), row.score)
        if penalty != row.late_submission_penalty:
            changed.append({"paper": row.id, "penalty": penalty})
    if changed:
        paper = update(PAPERS).where(PAPERS.c.id == bindparam("paper"))
        connection.execute(paper.values(late_submission_penalty=bindparam("penalty")), changed)


def _submissions(name: str) -> Any:
    """Each with its score as nbgrader adds it up."""
    score = func.coalesce(GRADES.c.manual_score, GRADES.c.auto_score, 0.0)
    extra = func.coalesce(GRADES.c.extra_credit, 0.0)
    columns = (PAPERS.c.id, PAPERS.c.late_submission_penalty, SUBMISSIONS.c.student_id)
    return (
        select(*columns, SUBMISSIONS.c.timestamp, SUBMISSIONS.c.extension)
        .add_columns(func.coalesce(func.sum(score + extra), 0.0).label("score"))
        .join_from(PAPERS, SUBMISSIONS, SUBMISSIONS.c.id == PAPERS.c.assignment_id)
        .join(ASSIGNMENTS, ASSIGNMENTS.c.id == SUBMISSIONS.c.assignment_id)
        .join(GRADES, GRADES.c.notebook_id == PAPERS.c.id)
        .where(ASSIGNMENTS.c.name == name)
        .group_by(*columns, SUBMISSIONS.c.timestamp, SUBMISSIONS.c.extension)
    )


def _plugin(course: CourseFolder) -> Any:
    from nbgrader.preprocessors import AssignLatePenalties

    penalties = AssignLatePenalties(config=nbgrader_config(course))
    penalties.init_plugin()
    return penalties.plugin_inst
