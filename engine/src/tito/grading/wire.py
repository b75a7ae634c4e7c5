"""Messages between the judge, its server and the children: one JSON object a line, never pickle."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterable
from typing import Any

Message = dict[str, Any]


class Ended(Exception):
    """Nobody is at the other end any more."""


class Late(Exception):
    """Nothing whole came in time."""


class Garbled(Exception):
    """What came is no message of ours."""


class Wire:
    """One end of a connection. `most` bytes are the longest line that is read from it."""

    def __init__(self, end: socket.socket, most: int = 1 << 26):
        self.end = end
        self.most = most
        self._read = bytearray()
        self._descriptors: list[int] = []

    def send(self, message: Message, descriptors: Iterable[int] = ()) -> None:
        """Raises Ended, or Late if the end has a time limit and nobody reads."""
        line = memoryview(json.dumps(message).encode() + b"\n")
        try:
            if descriptors:
                line = line[socket.send_fds(self.end, [line], list(descriptors)) :]
            self.end.sendall(line)
        except TimeoutError:
            raise Late from None
        except OSError:
            raise Ended from None

    def receive(self, until: float | None = None) -> Message:
        """The next message. `until` is on the monotonic clock. Raises Ended, Late or Garbled."""
        while (length := self._read.find(b"\n")) < 0:
            if len(self._read) > self.most:
                raise Garbled(f"it sent a line of more than {self.most} bytes")
            self._more(until)
        line = bytes(self._read[:length])
        del self._read[: length + 1]
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            raise Garbled("it sent a line that is not JSON") from None
        if not isinstance(message, dict):
            raise Garbled("it sent JSON that is no message")
        return message

    def take(self) -> int:
        """The descriptor that came with the last message."""
        return self._descriptors.pop()

    def _more(self, until: float | None) -> None:
        try:
            self.end.settimeout(None if until is None else max(until - time.monotonic(), 1e-3))
            data, descriptors, _, _ = socket.recv_fds(self.end, 1 << 16, 1)
        except TimeoutError:
            raise Late from None
        except OSError:
            raise Ended from None
        self._descriptors += descriptors
        if not data:
            raise Ended
        self._read += data

    def close(self) -> None:
        self.end.close()
        for descriptor in self._descriptors:
            os.close(descriptor)
