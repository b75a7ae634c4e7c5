"""When a submission was handed in, as nbgrader notes it: `timestamp.txt` beside the notebook."""

from __future__ import annotations

import os
import stat
from datetime import datetime
from pathlib import Path

from tito.grading.intake import SAFELY

LONGEST = 200  # bytes


def handed_in(submitted: Path) -> datetime | None:
    """In UTC, without a zone; None if nothing there says it. The file is the student's: neither a
    link nor a pipe nor nonsense does any harm."""
    from nbgrader.utils import parse_utc

    try:
        descriptor = os.open(submitted / "timestamp.txt", SAFELY)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            text = file.read(LONGEST).decode().strip()
        found = parse_utc(text) if text else None
    except (OSError, ValueError, OverflowError, TypeError):
        return None
    return found if isinstance(found, datetime) else None
