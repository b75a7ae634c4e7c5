"""Where the tests keep gradebooks: in SQLite, or in PostgreSQL if `TITO_TEST_POSTGRES` is set.

The variable holds a server's URL with `{}` in the place of a database, as `postgres.py` sets it.
"""

from __future__ import annotations

import os
import re
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, make_url, text

from tito.grading.course import MARKER, CourseFolder, read_course

SERVER = os.environ.get("TITO_TEST_POSTGRES", "")
_numbers = count()


def own_gradebook(root: Path, like: Path | None = None) -> CourseFolder:
    """The course in this folder, with a gradebook that no other course has; at first it is equal to
    that of the course `like`, of which the folder is a copy."""
    if SERVER:
        marker, name = root / MARKER, f"course_{next(_numbers)}"
        template = make_url(read_course(like).gradebook).database if like else "template0"
        _command(f"CREATE DATABASE {name} TEMPLATE {template}")
        kept = re.sub("(?m)^gradebook = .*\n", "", marker.read_text())
        marker.write_text(f'{kept}gradebook = "{SERVER.format(name)}"\n')
    return read_course(root)


def lose_gradebook(course: CourseFolder) -> None:
    """It is empty now, as after a crash of its disk."""
    url = make_url(course.gradebook)
    if SERVER:
        _command(f"DROP DATABASE {url.database}", f"CREATE DATABASE {url.database}")
    else:
        Path(url.database or "").unlink()


def _command(*statements: str) -> None:
    engine = create_engine(SERVER.format("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    """Of a gradebook, sorted; whatever it is kept in, equal values are equal here."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            found = connection.execute(text(query)).all()
        return sorted((tuple(map(_plain, row)) for row in found), key=repr)
    finally:
        engine.dispose()


def _plain(value: Any) -> Any:
    """As SQLite has it."""
    if isinstance(value, datetime):
        return value.isoformat(" ", "microseconds")
    return int(value) if isinstance(value, bool) else value
