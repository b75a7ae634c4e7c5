"""Runs a submitted model: the end of the connection that lies in the sandbox.

It says nothing but scores, and is not believed in anything: the other end has the labels and the
clock. An answer carries the ticket of its question, which nobody can know before it is asked.

A question is a ticket and so many bytes; an answer, the ticket, a kind, and so many bytes.
"""

import encodings.cp437  # noqa: F401  # reading an archive asks for it: here once, and not in each child
import io
import struct
import traceback
import zipfile  # noqa: F401  # and np.load for this

import numpy as np

from tito.grading.wire import Ended

QUESTION, ANSWER = struct.Struct("<16sQ"), struct.Struct("<16sBQ")
SCORES, PROBLEM = 0, 1
SIDE, CLASSES = 8, 10
CODE = "model.py"
LONGEST = 500  # characters of a message


def serve(wire):
    """The first question brings code, the second weights; each one after that, images."""
    end = wire.end
    ticket, code = question(end)
    reply(end, ticket, b"")
    ticket, weights = question(end)
    try:
        model = load(bytes(code), bytes(weights))
    except BaseException as error:
        return give_up(end, ticket, error)
    reply(end, ticket, b"")
    while True:
        ticket, data = question(end)
        try:
            answer = scores(model, np.frombuffer(data, np.float32).reshape(-1, SIDE, SIDE))
        except BaseException as error:
            return give_up(end, ticket, error)
        reply(end, ticket, answer)


def load(code, weights):
    scope = {"__name__": "model"}
    exec(compile(code, CODE, "exec", dont_inherit=True), scope)
    with np.load(io.BytesIO(weights), allow_pickle=False) as file:
        return scope["load"](dict(file))


def scores(model, images):
    found = model(images)
    found = found.detach().numpy() if hasattr(found, "detach") else found
    found = np.ascontiguousarray(found, np.float32)
    if found.shape != (len(images), CLASSES):
        wanted = (len(images), CLASSES)
        raise ValueError(f"for {len(images)} images the scores are {found.shape}, not {wanted}")
    return found.tobytes()


def question(end):
    ticket, length = QUESTION.unpack(exactly(end, QUESTION.size))
    return ticket, exactly(end, length)


def exactly(end, length):
    """So many bytes. Raises Ended if the other end has gone."""
    data = bytearray(length)
    view = memoryview(data)
    while view:
        if not (got := end.recv_into(view)):
            raise Ended
        view = view[got:]
    return data


def reply(end, ticket, data, kind=SCORES):
    end.sendall(ANSWER.pack(ticket, kind, len(data)) + data)


def give_up(end, ticket, error):
    lines = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == CODE]
    place = f" ({CODE}, line {lines[-1].lineno})" if lines else ""
    text = f"{type(error).__name__}: {error}"[:LONGEST] + place
    reply(end, ticket, text.encode(errors="replace"), PROBLEM)
