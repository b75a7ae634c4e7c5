"""The judge's end of a sandbox: one server, and one child of it at a time."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from tito.grading.sandbox import Rung, launch
from tito.grading.watch import Watch
from tito.grading.wire import Ended, Garbled, Late, Message, Wire

START = 60.0  # seconds for the server to be there
END = 10.0  # and to end a child


class NotHeld(Exception):
    """This rung of the ladder does not hold here; the text says why."""


class Box:
    """Raises NotHeld if there is no server within it."""

    def __init__(self, rung: Rung, workspace: Path, under_test: str, plan: Message) -> None:
        self.rung = rung
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            launched = launch(rung, workspace, under_test, self.errors)
        except OSError as error:
            self.errors.close()
            raise NotHeld(str(error)) from None
        self.process, self.wire = launched.process, Wire(launched.connection)
        try:
            self.wire.send({**plan, "boxed": rung.boxed})
            self.facts = self.wire.receive(time.monotonic() + START)
        except (Ended, Late, Garbled):
            self._end()
            raise NotHeld(self._last_words() or "it did not answer") from None
        self.watch = Watch(self.process.pid, plan["limits"]["memory"])

    def _last_words(self) -> str:
        with self.errors:
            self.errors.seek(0)
            return self.errors.read(1 << 16).decode(errors="replace").strip()[-2000:]

    def load(self, modules: list[str], packages: list[str], **about: Any) -> list[Message]:
        """Import these modules into the server; the packages are among what has to stay as it is. Then
        it is told `about` the assignment. Returns what the cells showed that it ran for all children.

        Raises Ended if the server is gone.
        """
        self.wire.send({"do": "load", "modules": modules, "packages": packages, **about})
        try:
            begun: list[Message] = self.wire.receive(time.monotonic() + START)["begun"]
        except (Late, Garbled):
            self.stop()
            raise Ended from None
        return begun

    def child(self, most: int) -> Wire:
        """A connection to a fresh child. `most` is the longest line that is read from it."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self.wire.send({"do": "start"}, [theirs.fileno()])
            except Ended:
                ours.close()
                raise
        return Wire(ours, most)

    def end_child(self, gone: bool) -> int:
        """How it ended; -SIGKILL if it was still there. `gone` is whether it hung up.

        Raises Ended if the server is gone, too.
        """
        self.wire.send({"do": "end", "gone": gone})
        try:
            return int(self.wire.receive(time.monotonic() + END)["status"])
        except (Late, Garbled):
            self.stop()
            raise Ended from None

    def stop(self) -> None:
        """End the server, and with it all that is in the box."""
        self.watch.stop()
        self._end()
        self.errors.close()

    def _end(self) -> None:
        self.wire.close()
        try:
            self.process.wait(1)
        except Exception:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
