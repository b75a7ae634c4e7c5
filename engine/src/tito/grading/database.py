"""nbgrader's gradebook as a database: its own tables, opened and made as nbgrader does."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nbgrader import api
from sqlalchemy import Connection, Engine, create_engine, insert, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from tito.errors import CourseFolderError
from tito.grading.course import CourseFolder
from tito.model import Finding

DEFAULT_COURSE = "default_course"  # the one that nbgrader's preprocessors open
PATIENCE = 60  # seconds to wait for somebody else who writes, as formgrader does
NAMES = uuid.UUID("6f7d8a52-3c1e-5b0a-9c57-0d1f6c2b9a11")


def new_id(*parts: str) -> str:
    """An id as nbgrader's, always the same for the same thing: a gradebook that is made again from
    the results is equal to the first one."""
    return uuid.uuid5(NAMES, "\0".join(parts)).hex


@contextmanager
def transaction(course: CourseFolder) -> Iterator[Connection]:
    """Everything that is written through the connection is there in the end, or nothing of it.

    Raises CourseFolderError if the database is not to be had.
    """
    engine = _engine(course)
    try:
        with engine.begin() as connection:
            _make(connection, course)
            yield connection
    except SQLAlchemyError as error:
        message = f"the gradebook cannot be used: {error}"
        fix = "is formgrader writing? wait and try again; after an update: nbgrader db upgrade"
        raise CourseFolderError(Finding(message, shown(engine), fix)) from None
    finally:
        engine.dispose()


def _engine(course: CourseFolder) -> Engine:
    try:
        is_file = course.gradebook.startswith("sqlite")
        return create_engine(
            course.gradebook, connect_args={"timeout": PATIENCE} if is_file else {}
        )
    except (SQLAlchemyError, ImportError) as error:
        message = f"the gradebook's URL cannot be used: {error}"
        fix = "correct 'gradebook' in course.toml, or install the database's driver"
        raise CourseFolderError(Finding(message, str(course.root), fix)) from None


def shown(engine: Engine) -> str:
    """The database's URL without its password."""
    return engine.url.render_as_string(hide_password=True)


def _make(connection: Connection, course: CourseFolder) -> None:
    """nbgrader's tables, if there are none, with the mark by which `nbgrader db upgrade` knows
    them; and the course.

    Its preprocessors enter a course of their own where they find none, and fail if two of them do so
    at once, as when pages of feedback are made side by side. So it is there from the start.
    """
    if not inspect(connection).get_table_names():
        api.Base.metadata.create_all(connection)
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        mark = text("INSERT INTO alembic_version (version_num) VALUES (:head)")
        connection.execute(mark, {"head": _version()})
    courses = api.Course.__table__
    there = set(connection.execute(select(courses.c.id)).scalars())
    for name in sorted({course.config.name, DEFAULT_COURSE} - there):
        connection.execute(insert(courses).values(id=name))


def _version() -> str:
    """nbgrader asks the program `alembic` for it, which need not be on the path."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(Path(api.__file__).with_name("alembic")))
    return str(scripts.get_current_head())
