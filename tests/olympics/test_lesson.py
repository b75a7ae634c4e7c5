"""What module 20 writes is what `tito olympics` takes, and the other way round."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tinytorch.profiling import olympics as lesson
from tinytorch_profiling.olympics import submission
from tinytorch_profiling.olympics.arrays import read_arrays
from tinytorch_profiling.olympics.events import EVENTS, MAY_LOSE
from tinytorch_profiling.olympics.ranking import places

from contenders import HONEST, weights
from results import a_result

ABOUT = ("1986_mlp", "balanced", "Ärmel", {"accuracy": 0.97})


def test_a_lessons_submission_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "lesson.olympics.zip"
    entry = lesson.Entry(*ABOUT, HONEST, weights())
    path.write_bytes(lesson.submission(entry))
    found = submission.read(path)
    assert found.entry == submission.Entry(*ABOUT)
    assert found.code.decode() == HONEST
    arrays = read_arrays(found.weights, "it")
    assert all(np.array_equal(arrays[name], array) for name, array in weights().items())


def test_a_lesson_opens_what_tito_writes(tmp_path: Path) -> None:
    path = tmp_path / "ours.olympics.zip"
    submission.write(path, submission.Entry(*ABOUT), HONEST, weights())
    found = lesson.opened(path.read_bytes())
    assert found[:5] == (*ABOUT, HONEST)
    assert all(np.array_equal(found.weights[name], array) for name, array in weights().items())


def test_both_have_the_same_events_gate_and_places() -> None:
    assert [tuple(event) for event in lesson.EVENTS] == [
        (event.id, event.figure, event.smaller_wins) for event in EVENTS.values()
    ]
    assert pytest.approx(MAY_LOSE) == lesson.MAY_LOSE
    random = np.random.default_rng(0)
    results = [
        a_result(f"{n}", bytes=int(bytes), accuracy=0.93 + 0.06 * share, time=0.5 + share)
        for n, (bytes, share) in enumerate(
            zip(random.integers(500, 520, 30), random.random(30), strict=True)
        )
    ]

    def figures(result: object) -> dict[str, object]:
        own, lost = (
            result.measured,
            result.reference.accuracy.value - result.measured.accuracy.value,
        )  # type: ignore[attr-defined]
        named = {event.figure: getattr(own, event.figure) for event in EVENTS.values()}
        return named | {"lost": lesson.Figure(lost, lost, lost)}

    for ours, theirs in zip(EVENTS.values(), lesson.EVENTS, strict=True):
        expected = lesson.places(theirs, {result.name: figures(result) for result in results})
        assert places(ours, results) == list(expected.values())
