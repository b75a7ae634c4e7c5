"""Measures a model beside the reference and beside no model at all, in turns.

A turn is a fresh process in the sandbox that is asked, and ends before the next one begins: whatever
a submission leaves running, or keeps in mind, it has no hand in another's turn. All answers that are
timed count for accuracy as well, so that nobody gains by a quick wrong one; and every question is
new, so that nothing is gained by remembering.
"""

from dataclasses import dataclass
from time import monotonic

import numpy as np

from tinytorch_profiling.olympics.inputs import fresh, nudged, training_images
from tinytorch_profiling.olympics.line import HungUp, Line, Stopped
from tinytorch_profiling.olympics.runner import CLASSES
from tito.grading.wire import Ended
from tito.kernel import how_it_ended

WARM = 3  # questions of each kind that come first, and are not timed
LOAD, ANSWER, TURN = 15.0, 5.0, 20.0  # seconds, at most
LONGEST = 1 << 20


@dataclass(frozen=True)
class Effort:
    """How many turns each contestant has, and in each how many questions are timed."""

    turns: int = 20
    batches: int = 8
    singles: int = 40


@dataclass(frozen=True)
class Exam:
    """The questions of a turn, none of which comes twice. A batch is the nudged and the fresh images, in
    an order of its own: `orders[i][k]` is the place in batch i of image k of these. `alone` are numbers
    of fresh images of the first batch, which are asked one by one, before it. `plain` are the images
    as everybody has them: they come last, and are not timed, because they are the same in each turn.
    With them come fresh versions of some training images, of which `learned` are the labels."""

    batches: list
    orders: list
    alone: np.ndarray
    plain: np.ndarray
    known: np.ndarray
    learned: np.ndarray

    @classmethod
    def new(cls, images, effort, random):
        batches, orders = [], []
        for _ in range(WARM + effort.batches):
            both = np.concatenate([nudged(images, random), fresh(images, random)])
            order = random.permutation(len(both))
            batch = np.empty_like(both)
            batch[order] = both
            batches.append(batch)
            orders.append(order)
        alone = random.permutation(len(images))[: WARM + effort.singles]
        known, learned = training_images()
        some = random.permutation(len(known))[: len(images)]
        return cls(batches, orders, alone, images, fresh(known[some], random), learned[some])

    def single(self, number):
        """A fresh image of the first batch, as a batch of one."""
        place = self.orders[0][len(self.plain) + number]
        return self.batches[0][place : place + 1]


@dataclass(frozen=True)
class Turn:
    """The seconds of one image and of a batch, and all scores, in the order of the images: `batches`
    (batch, version, image, class), `alone`, `plain` and `known` (image, class)."""

    one: float
    many: float
    batches: np.ndarray
    alone: np.ndarray
    plain: np.ndarray
    known: np.ndarray


def take_turn(warden, code, weights, exam):
    """Raises Stopped with what is wrong with the model."""
    try:
        wire = warden.child(LONGEST)
    except Ended:
        raise Stopped("the sandbox has ended") from None
    try:
        return answers(Line(wire.end, monotonic() + TURN), code, weights, exam)
    except HungUp as error:
        code = warden.end_child(gone=True)
        raise Stopped(how_it_ended(code) or str(error)) from None
    finally:
        warden.end_child()
        wire.close()


def answers(line, code, weights, exam):
    line.ask(code, 0, LOAD)
    line.ask(weights, 0, LOAD)
    alone, one = asked(line, [exam.single(number) for number in exam.alone])
    batches, many = asked(line, exam.batches)
    (known, plain), _ = asked(line, [exam.known, exam.plain])
    in_order = [batch[order] for batch, order in zip(batches, exam.orders, strict=True)]
    shape = (len(batches), 2, -1, CLASSES)
    return Turn(one, many, np.array(in_order).reshape(shape), np.concatenate(alone), plain, known)


def asked(line, questions):
    """The scores of each question, and the median time of an answer."""
    scores, times = [], []
    for images in questions:
        data, seconds = line.ask(images.tobytes(), 4 * CLASSES * len(images), ANSWER)
        scores.append(np.frombuffer(data, np.float32).reshape(-1, CLASSES))
        times.append(seconds)
    return scores, float(np.median(times[WARM:] or times))


def right(scores, labels):
    """Whether the largest score is the label's. Scores that are no numbers are wrong."""
    known = np.isfinite(scores).all(-1)
    return known & (np.where(known[..., None], scores, 0).argmax(-1) == labels)
