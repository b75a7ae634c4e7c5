"""A result is the same bytes each time, and anything else is refused."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from tito.grading.result import FORMAT, CellRun, Remark, Result, Score, dump, load

RESULT = Result(
    FORMAT, "31_count", "ada", "s" * 64, "g" * 64,
    (CellRun("up", "passed"), CellRun("up-test", "failed", error="no\ud800")),
    (Score("up-test", 3.0, 1.5), Score("why", 2.0, 0.0, manual=True)),
    (Remark("note", "up", "edited"), Remark("flag", "up-test", "patched")),
)  # fmt: skip


def test_there_and_back() -> None:
    assert load(dump(RESULT)) == RESULT
    assert dump(load(dump(RESULT))) == dump(RESULT)
    assert (RESULT.earned, RESULT.points) == (1.5, 5.0)
    assert RESULT.flags == (RESULT.remarks[1],)


@pytest.mark.parametrize("result", [RESULT, replace(RESULT, runs=(), scores=(), remarks=())])
def test_it_is_written_as_json_writes_it(result: Result) -> None:
    assert dump(result) == json.dumps(asdict(result), indent=1, sort_keys=True) + "\n"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda data: data.pop("runs"), "lacks the key runs"),
        (lambda data: data.update(student=3), "int where str belongs"),
        (lambda data: data.update(format=99), "format 99"),
        (lambda data: data["scores"][0].update(points="3"), "scores[0].points"),
    ],
)
def test_anything_else_is_refused(change, says) -> None:  # type: ignore[no-untyped-def]
    data = json.loads(dump(RESULT))
    change(data)
    with pytest.raises(ValueError, match=says.replace("[", r"\[")):
        load(json.dumps(data))


def test_half_a_file_is_refused() -> None:
    with pytest.raises(ValueError, match=r"delimiter|Expecting|Unterminated"):
        load(dump(RESULT)[:-20])
