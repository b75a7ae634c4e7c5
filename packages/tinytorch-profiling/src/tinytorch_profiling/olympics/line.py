"""Asks a model in the sandbox, and takes the time: our clock, from the question's first byte to the
answer's last."""

import secrets
from time import monotonic, perf_counter

from tinytorch_profiling.olympics.runner import ANSWER, PROBLEM, QUESTION

MOST_TEXT = 4096  # bytes of a message


class Stopped(Exception):
    """The model is of no more use; the text says why."""


class HungUp(Stopped):
    """Its process has ended; how, the warden knows."""


class Line:
    """`until` is when all of its time is over, on the monotonic clock."""

    def __init__(self, end, until):
        self.end, self.until = end, until

    def ask(self, data, expected, seconds):
        """The answer, which has as many bytes as are expected, and how long it took."""
        ticket = secrets.token_bytes(16)
        message = QUESTION.pack(ticket, len(data)) + data
        limit = min(monotonic() + seconds, self.until)
        try:
            began = perf_counter()
            self.end.settimeout(max(limit - monotonic(), 0.001))
            self.end.sendall(message)
            answer = self._answer(ticket, expected, limit)
            return answer, perf_counter() - began
        except TimeoutError:
            if limit == self.until:
                raise Stopped("its time is over: it is too slow, or never ends") from None
            raise Stopped(f"it took more than {seconds:g} s to answer") from None
        except OSError:
            raise HungUp("its process has ended") from None

    def _answer(self, ticket, expected, limit):
        came, kind, length = ANSWER.unpack(self._exactly(ANSWER.size, limit))
        if came != ticket or kind not in (0, PROBLEM):
            raise Stopped("something else than the runner answered for it")
        if kind == PROBLEM:
            text = self._exactly(min(length, MOST_TEXT), limit)
            raise Stopped(text.decode(errors="replace"))
        if length != expected:
            raise Stopped(f"its answer has {length} bytes where {expected} belong")
        return self._exactly(length, limit)

    def _exactly(self, length, limit):
        data = bytearray(length)
        view = memoryview(data)
        while view:
            if monotonic() > limit:
                raise TimeoutError
            if not (got := self.end.recv_into(view)):
                raise ConnectionResetError
            view = view[got:]
        return data
