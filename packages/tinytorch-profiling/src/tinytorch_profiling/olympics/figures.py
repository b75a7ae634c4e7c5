"""What the turns come to: accuracy on each version of the images, and time beside the reference's."""

import math
from dataclasses import dataclass

import numpy as np

from tinytorch_profiling.olympics.measure import right
from tinytorch_profiling.olympics.spread import Figure, by_chance, exact, figure

UNLIKELY = 0.001
STEPS_APART = 3.1  # standard errors: as unlikely
SHORTEST = 1e-7  # seconds: less than that cannot be told from nothing
LOOKUP = "answers by lookup: it knows test images, and not what is in them"
LEARNED = "reads the test images better than those it may learn from: it has learned them"
HASTY = "answers worse when it is asked one by one; that is taken off"


@dataclass(frozen=True)
class Measured:
    """`bytes` and `parameters` are counted. `accuracy` is on fresh images, `plain` on those that are in
    everybody's hands, `nudged` on nearly the same. Times are shares of the reference's, `time` is both
    together (their geometric mean); `seconds_one` and `seconds_many` are what it took here. `tradeoff`
    is how many times as small and as fast it is as the reference: again the geometric mean."""

    bytes: Figure
    parameters: int
    accuracy: Figure
    plain: Figure
    nudged: Figure
    time: Figure
    time_one: Figure
    time_many: Figure
    tradeoff: Figure
    seconds_one: float
    seconds_many: float


@dataclass(frozen=True)
class Rights:
    """Of each image, how often the answer was right: in each version, and what it lost or won alone. Of
    the training images that were asked about, whether it was."""

    plain: np.ndarray
    nudged: np.ndarray
    fresh: np.ndarray
    change: np.ndarray
    asked: np.ndarray
    known: np.ndarray

    @classmethod
    def of(cls, turns, exams, labels):
        plain = np.mean([right(turn.plain, labels) for turn in turns], 0)
        nudged, fresh = np.concatenate([right(turn.batches, labels) for turn in turns]).mean(0)
        change, asked = np.zeros(len(labels)), np.zeros(len(labels))
        for turn, exam in zip(turns, exams, strict=True):
            together = right(turn.batches[0, 1], labels)[exam.alone]
            change[exam.alone] += right(turn.alone, labels[exam.alone]) * 1.0 - together
            asked[exam.alone] += 1
        known = [right(turn.known, e.learned) for turn, e in zip(turns, exams, strict=True)]
        return cls(plain, nudged, fresh, change, asked, np.concatenate(known))

    def official(self, samples):
        """On fresh images, less what is lost by asking one by one."""
        change = self.change[samples].sum(-1) / np.maximum(self.asked[samples].sum(-1), 1)
        return self.fresh[samples].mean(-1) + np.minimum(change, 0)

    def flags(self, public=True):
        """What is odd. Images that are not public may be easier than those that one learns from."""
        found = []
        if unlikely(
            (self.plain > 0.5) & (self.nudged < 0.5), (self.plain < 0.5) & (self.nudged > 0.5)
        ):
            found.append(LOOKUP)
        if unlikely(self.change < 0, self.change > 0):
            found.append(HASTY)
        if public and apart(self.fresh, self.known) > STEPS_APART:
            found.append(LEARNED)
        return tuple(found)


def apart(one, other):
    """By how many standard errors the mean of one is larger; both have values from 0 to 1."""
    share = (one.sum() + other.sum()) / (len(one) + len(other))
    error = math.sqrt(share * (1 - share) * (1 / len(one) + 1 / len(other)))
    return (one.mean() - other.mean()) / error if error else 0.0


def unlikely(worse, better):
    return by_chance(int(worse.sum()), int(better.sum())) < UNLIKELY


def measured(sizes, parameters, rights, turns, reference, idle):
    """Time without what asking costs, turn by turn beside the reference's in the same round. `sizes`
    are the bytes of this one and of the reference."""
    one, many = (
        shares(
            *(np.array([getattr(turn, kind) for turn in each]) for each in (turns, reference, idle))
        )
        for kind in ("one", "many")
    )
    images, rounds = len(rights.fresh), len(turns)
    time = figure(lambda s: np.sqrt(np.median(one[s], -1) * np.median(many[s], -1)), rounds)
    return Measured(
        exact(sizes[0]),
        parameters,
        figure(rights.official, images),
        figure(lambda samples: rights.plain[samples].mean(-1), images),
        figure(lambda samples: rights.nudged[samples].mean(-1), images),
        time,
        figure(lambda samples: np.median(one[samples], -1), rounds),
        figure(lambda samples: np.median(many[samples], -1), rounds),
        tradeoff(sizes[1] / sizes[0], time),
        float(np.median([turn.one for turn in turns])),
        float(np.median([turn.many for turn in turns])),
    )


def tradeoff(smaller, time):
    """What is worst for the time is worst for this, so the bounds change places."""
    return Figure(*(math.sqrt(smaller / each) for each in (time.value, time.high, time.low)))


def shares(turns, reference, idle):
    return np.maximum(turns - idle, SHORTEST) / np.maximum(reference - idle, SHORTEST)
