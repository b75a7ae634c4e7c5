"""What grading did and when, line by line: for people, and to know what the gradebook has already.

Nothing that counts depends on it: without a journal, the gradebook is written once more.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tito.errors import CourseFolderError
from tito.model import Finding


class Journal:
    """A file of JSON lines that only grows. A line that was cut off harms no other."""

    def __init__(self, path: Path):
        self.path = path

    def write(self, event: str, **about: Any) -> None:
        """One line in one write, so that lines of several processes do not mix."""
        line = json.dumps({"at": round(time.time(), 3), "event": event, **about}) + "\n"
        try:
            self._append(line.encode())
        except OSError as error:
            message = f"the journal cannot be written: {error.strerror or error}"
            fix = "make room or permission there, then type the command again: it goes on"
            raise CourseFolderError(Finding(message, str(self.path), fix)) from None

    def _append(self, line: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                line = b"\n" + line  # whoever wrote last was stopped in the middle
            while line := line[os.write(descriptor, line) :]:
                continue  # there was no room for all of it: the next attempt says why
        finally:
            os.close(descriptor)

    def read(self) -> Iterator[dict[str, Any]]:
        """The events that can be read."""
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return
        for line in text.splitlines():
            try:
                event = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(event, dict):
                yield event
