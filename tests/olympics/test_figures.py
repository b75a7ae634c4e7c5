"""Spreads, places, and what the turns come to: against simulations and cases done by hand."""

from __future__ import annotations

import numpy as np
import pytest
from tinytorch_profiling.olympics.events import EVENTS
from tinytorch_profiling.olympics.figures import HASTY, LEARNED, LOOKUP, Rights, measured, tradeoff
from tinytorch_profiling.olympics.measure import Effort, Exam, Turn, right
from tinytorch_profiling.olympics.ranking import front, places, standings, table
from tinytorch_profiling.olympics.result import refuted
from tinytorch_profiling.olympics.spread import Figure, by_chance, exact, figure

from results import a_result
from results import measured as some_figures

LABELS = np.arange(40) % 10
EFFORT = Effort(turns=4, batches=3, singles=10)


def scores(answers: np.ndarray) -> np.ndarray:
    return np.eye(10, dtype=np.float32)[answers]


def exams() -> list[Exam]:
    random = np.random.default_rng(1)
    return [Exam.new(np.zeros((40, 8, 8), np.float32), EFFORT, random) for _ in range(EFFORT.turns)]


def turns_of(
    given: list[Exam], plain: float, nudged: float, fresh: float, alone: float, known: float = 1.0
) -> list[Turn]:
    """Of a model that knows the first so many in a hundred of the images in each version."""

    def answers(share: float, which: np.ndarray | None = None) -> np.ndarray:
        known = np.where(np.arange(40) < share * 40, LABELS, (LABELS + 1) % 10)
        return scores(known if which is None else known[which])

    return [
        Turn(
            1.0,
            1.0,
            np.stack([np.stack([answers(nudged), answers(fresh)])] * len(exam.batches)),
            answers(alone, exam.alone),
            answers(plain),
            scores(np.where(np.arange(40) < known * 40, exam.learned, (exam.learned + 1) % 10)),
        )
        for exam in given
    ]


# Spreads


def test_bounds_hold_as_often_as_they_say() -> None:
    """The mean of what was drawn from a known distribution: 95 of 100 intervals contain it."""
    random, inside = np.random.default_rng(0), 0
    for seed in range(300):
        data = random.exponential(1.0, 60)
        found = figure(lambda samples, data=data: data[samples].mean(-1), 60, seed)
        inside += found.low <= 1.0 <= found.high
    assert 0.90 < inside / 300 < 0.98


def test_a_figure_of_equal_things_is_exact() -> None:
    data = np.full(7, 0.25)
    assert figure(lambda samples: data[samples].mean(-1), 7) == exact(0.25)


def test_chance_is_that_of_a_fair_coin() -> None:
    assert by_chance(0, 0) == 1
    assert by_chance(0, 5) == 1
    assert by_chance(5, 0) == 1 / 32
    assert by_chance(8, 2) == (45 + 10 + 1) / 1024


# What answers come to


def test_right_is_the_largest_score_and_no_nan() -> None:
    given = scores(np.array([3, 3, 3]))
    given[1, 7] = np.nan
    given[2, 3] = np.inf
    assert right(given, np.array([3, 3, 3])).tolist() == [True, False, False]
    assert right(given[:1], np.array([4])).tolist() == [False]


def test_questions_and_answers_find_each_other() -> None:
    """A batch is shuffled; put back in order, each image stands where its label does."""
    images = np.arange(40, dtype=np.float32)[:, None, None].repeat(8, 1).repeat(8, 2) / 64
    exam = Exam.new(images, EFFORT, np.random.default_rng(0))
    for batch, order in zip(exam.batches, exam.orders, strict=True):
        nudged, fresh = batch[order].reshape(2, 40, 8, 8)
        assert np.abs(nudged - images).max() < 0.07
        assert np.abs(fresh[:, 2:6, 2:6] - images[:, 2:6, 2:6]).max() < 0.25
        assert not np.array_equal(order, np.sort(order))
    for number in exam.alone:
        assert np.abs(exam.single(number)[0, 2:6, 2:6] - images[number, 2:6, 2:6]).max() < 0.25


def test_accuracy_is_that_on_fresh_images() -> None:
    given = exams()
    rights = Rights.of(turns_of(given, 0.9, 0.8, 0.6, 0.6), given, LABELS)
    assert (rights.plain.mean(), rights.nudged.mean(), rights.fresh.mean()) == (0.9, 0.8, 0.6)
    assert rights.official(np.arange(40)) == pytest.approx(0.6)
    assert rights.flags() == ()


def test_what_is_lost_one_by_one_is_taken_off_and_what_is_won_is_not_given() -> None:
    given = exams()
    worse = Rights.of(turns_of(given, 1, 1, 1, 0), given, LABELS)
    assert worse.official(np.arange(40)) == pytest.approx(0)
    assert worse.flags() == (HASTY,)
    better = Rights.of(turns_of(given, 0.5, 0.5, 0.5, 1), given, LABELS)
    assert better.official(np.arange(40)) == pytest.approx(0.5)
    assert better.flags() == ()


def test_lookup_is_a_gap_that_chance_does_not_explain() -> None:
    given = exams()

    def flags(plain: float, nudged: float) -> tuple[str, ...]:
        return Rights.of(turns_of(given, plain, nudged, nudged, nudged), given, LABELS).flags()

    assert flags(1, 0.1) == (LOOKUP,)
    assert flags(1, 0.7) == (LOOKUP,)
    assert flags(1, 0.9) == ()  # four of forty: one in sixteen
    assert flags(0.5, 1) == ()


def test_test_images_that_are_read_better_than_training_images_were_learned() -> None:
    given = exams()

    def flags(fresh: float, known: float) -> tuple[str, ...]:
        return Rights.of(turns_of(given, fresh, fresh, fresh, fresh, known), given, LABELS).flags()

    assert flags(0.9, 1) == flags(0.9, 0.9) == flags(1, 1) == flags(0, 0) == ()
    assert flags(1, 0.5) == (LEARNED,)
    assert flags(1, 0.9) == ()  # of so few images, that may be chance


def test_time_is_a_share_of_the_reference_without_what_asking_costs() -> None:
    given = exams()
    rights = Rights.of(turns_of(given, 1, 1, 1, 1), given, LABELS)

    def taking(one: float, many: float) -> list[Turn]:
        return [
            Turn(one + n, many + n, *[np.empty(0)] * 4) for n in range(4)
        ]  # a machine that tires

    found = measured((500, 1000), 7, rights, taking(12, 16), taking(14, 22), taking(10, 10))
    assert (found.time_one, found.time_many) == (exact(0.5), exact(0.5))
    assert found.time == exact(0.5)
    assert found.tradeoff == exact(2.0)
    assert (found.bytes, found.parameters) == (exact(500), 7)
    assert found.seconds_one == pytest.approx(13.5)


def test_bounds_of_a_tradeoff_change_places() -> None:
    found = tradeoff(2, Figure(0.5, 0.25, 1.0))
    assert found == Figure(2.0, 2**0.5, 8**0.5)


# Claims


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({}, ()),
        ({"bytes": 1000}, ()),
        ({"bytes": 999}, ("bytes",)),
        ({"accuracy": 0.98}, ()),
        ({"accuracy": 0.981}, ("accuracy",)),
        ({"time": 0.9}, ()),
        ({"time": 0.89, "tradeoff": 99}, ("time", "tradeoff")),
    ],
)
def test_a_claim_outside_of_the_bounds_is_refuted(
    claims: dict[str, float], expected: tuple[str, ...]
) -> None:
    assert refuted(claims, some_figures()) == expected


# Places


def ranked(event: str, *results: object) -> dict[str, int | None]:
    found = table(EVENTS[event], list(results))
    return {result.name: place for place, result in found}


def test_a_place_is_one_more_than_those_who_are_better_for_certain() -> None:
    times = {"A": (0.3, 0.4), "B": (0.35, 0.45), "C": (0.42, 0.5), "D": (0.6, 0.65)}
    results = [
        a_result(name, time=Figure((low + high) / 2, low, high))
        for name, (low, high) in times.items()
    ]
    assert ranked("fastest", *reversed(results)) == {"A": 1, "B": 1, "C": 2, "D": 4}
    assert list(ranked("fastest", *reversed(results))) == ["A", "B", "C", "D"]
    assert ranked("smallest", *results) == dict.fromkeys("ABCD", 1)


def test_larger_wins_where_larger_is_better() -> None:
    results = [
        a_result("A", accuracy=0.95),
        a_result("B", accuracy=0.99),
        a_result("C", accuracy=0.98),
    ]
    assert ranked("accurate", *results) == {"B": 1, "C": 1, "A": 3}
    small = [a_result("A", bytes=100), a_result("B", bytes=900)]
    assert ranked("balanced", *small) == {"A": 1, "B": 2}


def test_who_is_much_less_accurate_than_the_reference_has_no_place_and_beats_nobody() -> None:
    results = [a_result("A", bytes=1, accuracy=0.949), a_result("B", bytes=500, accuracy=0.95)]
    for event in EVENTS.values():
        assert places(event, results) == [None, 1]
    assert list(ranked("smallest", *results)) == ["B", "A"]


def test_models_are_ranked_apart() -> None:
    results = [a_result("A", bytes=1), a_result("B", model="1998_cnn")]
    found = standings(results)
    assert list(found) == ["1986_mlp", "1998_cnn"]
    assert found["1998_cnn"]["smallest"] == [(1, results[1])]


def test_the_front_is_nobody_beaten_in_both() -> None:
    """Against the definition, pair by pair."""
    random = np.random.default_rng(0)
    results = [
        a_result(
            f"{n}",
            bytes=int(random.integers(1, 30)) * 10,
            accuracy=int(random.integers(80, 95)) / 100,
        )
        for n in range(60)
    ]

    def point(result: object) -> tuple[float, float]:
        return result.measured.bytes.value, -result.measured.accuracy.value  # type: ignore[attr-defined]

    points = {point(result) for result in results}
    expected = {
        p for p in points if not any(q[0] <= p[0] and q[1] <= p[1] and q != p for q in points)
    }
    found = [point(result) for result in front(results, "bytes")]
    assert set(found) == expected
    assert found == sorted(found)
