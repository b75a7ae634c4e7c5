"""`tito nbgrader autograde`: from submissions to results."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import click

from tito.cli.out import say_findings, say_table, seconds
from tito.cli.progress import Progress
from tito.grading.course import CourseFolder, find_course
from tito.model import Finding

if TYPE_CHECKING:
    from tito.grading.run import Summary, Tell
    from tito.grading.shard import Shard


WEAK = Finding(
    "the sandbox is weak: what students wrote could read whatever you can",
    "this machine",
    "install bubblewrap, or grade on Linux; --require-sandbox grades nothing without",
    level="warning",
)


@dataclass(frozen=True)
class Options:
    """What was typed, under the names of the options."""

    assignment: tuple[str, ...]
    student: tuple[str, ...]
    jobs: int
    shard: str
    results: Path | None
    executor: str
    scheduler: str
    force: bool
    stderr: Any
    against: Any
    require_sandbox: bool
    as_json: bool


@click.command()
@click.argument("assignments", metavar="[ASSIGNMENT]…", nargs=-1)
@click.option("--assignment", metavar="NAME", multiple=True, help="Only this one; may be repeated.")
@click.option("--student", metavar="NAME", multiple=True, help="Only this one; may be repeated.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=None,
    metavar="N",
    help="How many are graded at a time.  [default: all CPUs]",
)
@click.option("--shard", default="1/1", metavar="I/N", help="Only part I of N of the class.")
@click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write results there instead; `tito nbgrader merge DIR` brings them back.",
)
@click.option("--executor", default="local", metavar="NAME", help="Where to grade: local, dask.")
@click.option("--scheduler", default="", metavar="ADDRESS", help="Of the Dask cluster.")
@click.option("--force", is_flag=True, help="Grade again what is graded.")
@click.option(
    "--stderr",
    type=click.Choice(["ignore", "fail"]),
    help="Whether a test that writes to stderr fails, as in nbgrader.  [default: the course's]",
)
@click.option(
    "--against",
    type=click.Choice(["reference", "own"]),
    help="What earlier modules come from: ours, or the student's.  [default: the course's]",
)
@click.option("--require-sandbox", is_flag=True, help="Do not grade without a full sandbox.")
@click.option(
    "--engine",
    type=click.Choice(["tito", "nbgrader"]),
    default="tito",
    help="nbgrader: its own autograde, without a sandbox, to compare.  [default: tito]",
)
@click.option("--json", "as_json", is_flag=True, help="Print events as JSON lines, for scripts.")
def autograde(assignments: tuple[str, ...], engine: str, **typed: Any) -> None:
    """Grade what was submitted and is not graded yet.

    Stop it at any time: typed again, it goes on. Writes one file for each submission in results/,
    and then nbgrader's gradebook. Without ASSIGNMENT, grades all.
    """
    typed |= {"assignment": (*assignments, *typed["assignment"]), "jobs": typed["jobs"] or 0}
    options = Options(**typed)
    course = find_course()
    sys.exit(_stock(course, options) if engine == "nbgrader" else _autograde(course, options))


def _stock(course: CourseFolder, options: Options) -> int:
    """Nothing of the course is changed: nbgrader works in a copy."""
    from tito.grading import oracle

    click.echo("Without a sandbox: what students wrote may do all that you may.", err=True)
    ungraded = 0
    for name in options.assignment or course.assignments():
        assignment = course.assignment(name)
        students = [s for s in course.students(assignment) if s in (options.student or (s,))]
        with oracle.copied(course, assignment, students) as copy:
            start = time.perf_counter()
            if students:
                oracle.autograde(copy, assignment)
            took = time.perf_counter() - start
            grades = oracle.grades(copy, assignment)
        rows = [(s, sum(g or 0 for g in grades[s].values())) for s in students if s in grades]
        say_table((assignment, "points"), rows)
        click.echo(f"{len(rows)} of {len(students)} graded by nbgrader in {seconds(took)}")
        ungraded += len(students) - len(rows)
    return 1 if ungraded else 0


def _autograde(course: CourseFolder, options: Options) -> int:
    from tito.grading.choose import chosen_jobs
    from tito.grading.executors import Where, executor
    from tito.grading.journal import Journal
    from tito.grading.record import recorded
    from tito.grading.run import pending, run
    from tito.grading.settings import Settings
    from tito.grading.shard import parse_shard

    shard = parse_shard(options.shard)
    settings = Settings(
        stderr=options.stderr or course.config.stderr,
        against=options.against or course.config.against,
    )
    chosen, findings = chosen_jobs(
        course,
        options.assignment,
        options.student,
        shard,
        settings,
        require_sandbox=options.require_sandbox,
        results=options.results,
    )
    waiting = pending(chosen, options.force)
    journal = Journal((options.results or course.root / "results") / _journal(shard))
    where = Where(options.jobs, options.scheduler)
    writes = shard.count == 1 and not options.results
    if writes and waiting and options.executor == "local":
        # nbgrader takes two seconds to import, and so do workers to begin
        Thread(target=_import_gradebook, daemon=True).start()
    with _telling(len(waiting), len(chosen), options.as_json) as tell:
        summary = run(waiting, executor(options.executor), where, journal, tell)
    summary.findings[:0] = [*findings, *[WEAK] * summary.weak]
    if writes:
        names = dict.fromkeys(job.stack.name for job in chosen)
        summary.findings += recorded(course, names, options.student or None)
    _say(summary, options.as_json)
    return 1 if any(finding.level == "error" for finding in summary.findings) else 0


def _import_gradebook() -> None:
    with suppress(
        Exception
    ):  # it is imported again where it is used, and what is wrong is told there
        import_module("tito.grading.gradebook")


def _journal(shard: Shard) -> str:
    return "journal.jsonl" if shard.count == 1 else f"journal-{shard}.jsonl"


@contextmanager
def _telling(waiting: int, chosen: int, as_json: bool) -> Iterator[Tell]:
    """A function that tells what happens, event by event."""
    if as_json:
        _say_event("began", {"submissions": chosen, "pending": waiting})
        yield _say_event
        return
    if held := chosen - waiting:
        click.echo(f"{held} of {chosen} submissions are graded already.")
    with Progress(waiting, "submissions") as progress:

        def tell(event: str, about: dict[str, Any]) -> None:
            progress.say(f"Sandbox: {about.get('sandbox')}" if about.get("sandbox") else "")
            progress.step()

        yield tell


def _say_event(event: str, about: dict[str, Any]) -> None:
    click.echo(json.dumps({"event": event, **about}))


def _say(summary: Summary, as_json: bool) -> None:
    counts = {name: summary.counts[name] for name in ("graded", "flagged", "unreadable", "lost")}
    if as_json:
        messages = [finding.message for finding in summary.findings]
        _say_event("ended", {**counts, "sandbox": summary.sandbox, "findings": messages})
    else:
        click.echo(
            f"{counts['graded']} graded, {counts['flagged']} flagged for a person to look at, "
            f"{counts['unreadable']} that could not be read"
        )
    say_findings(summary.findings)
