"""`tito nbgrader feedback`: pages for students."""

from __future__ import annotations

import sys

import click

from tito.cli.nbgrader import require_nbgrader
from tito.cli.out import say_findings
from tito.cli.progress import Progress
from tito.grading.course import find_course


@click.command()
@click.argument("assignments", metavar="[ASSIGNMENT]…", nargs=-1)
@click.option("--student", metavar="NAME", multiple=True, help="Only this one; may be repeated.")
@click.option("--release", is_flag=True, help="Put the pages into nbgrader's exchange, too.")
def feedback(assignments: tuple[str, ...], student: tuple[str, ...], release: bool) -> None:
    """Write an HTML page for each graded submission.

    It has the answers, what tests said, points and comments. Without ASSIGNMENT, for all.
    Hidden tests stay hidden unless course.toml says otherwise.
    """
    require_nbgrader()
    from tito.grading.feedback import release_feedback, write_feedback

    course = find_course()
    findings = []
    for name in [course.assignment(each) for each in assignments] or course.assignments():
        graded = [s for s in course.students(name) if course.autograded(s, name).exists()]
        chosen = [each for each in graded if each in (student or (each,))]
        with Progress(len(chosen), "pages") as progress:
            missing = write_feedback(course, name, chosen, progress.step)
        findings += missing
        count = len(chosen) - len(missing)
        click.echo(f"{name}: feedback for {count} students, in {course.root / 'feedback'}")
        if release and (finding := release_feedback(course, name)):
            findings.append(finding)
    say_findings(findings)
    sys.exit(1 if findings else 0)
