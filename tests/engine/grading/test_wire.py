"""Messages are lines of JSON; nothing else that comes is taken for one."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tito.grading.wire import Ended, Garbled, Late, Wire

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@pytest.fixture
def ends() -> Iterator[tuple[Wire, Wire]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Wire(ours, 1000), Wire(theirs)


@given(st.lists(st.dictionaries(st.text(), JSON), max_size=4))
def test_what_is_sent_arrives_in_order(messages: list[dict[str, object]]) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for message in messages:
            Wire(ours).send(message)
        wire = Wire(theirs)
        assert [wire.receive() for _ in messages] == messages


@pytest.mark.parametrize("line", [b"no", b"[1]", b"1", b'"a"', b"\xff", b"[" * 500])
def test_anything_else_is_garbled(ends: tuple[Wire, Wire], line: bytes) -> None:
    ours, theirs = ends
    theirs.end.sendall(line + b"\n")
    with pytest.raises(Garbled):
        ours.receive()


def test_a_line_without_end_is_garbled_before_it_fills_memory(ends: tuple[Wire, Wire]) -> None:
    ours, theirs = ends
    theirs.end.sendall(b"x" * 2000)
    with pytest.raises(Garbled, match="more than 1000 bytes"):
        ours.receive()


def test_nobody_and_nothing(ends: tuple[Wire, Wire]) -> None:
    ours, theirs = ends
    theirs.end.sendall(b'{"half": ')
    start = time.monotonic()
    with pytest.raises(Late):
        ours.receive(start + 0.05)
    assert time.monotonic() - start < 2
    theirs.end.close()
    with pytest.raises(Ended):
        ours.receive()
    with pytest.raises(Ended):
        ours.send({"a": "b" * 1_000_000})


def test_a_descriptor_comes_with_a_message(ends: tuple[Wire, Wire]) -> None:
    ours, theirs = ends
    reading, writing = os.pipe()
    ours.send({"do": "start"}, [reading])
    os.close(reading)
    assert theirs.receive() == {"do": "start"}
    os.write(writing, b"x")
    os.close(writing)
    with open(theirs.take(), "rb") as file:
        assert file.read() == b"x"
