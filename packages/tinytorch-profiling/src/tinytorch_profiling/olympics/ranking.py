"""Places that mean something: whoever is beaten by nobody beyond doubt is first."""

from tinytorch_profiling.olympics.events import EVENTS, MAY_LOSE, MODELS

ROUNDING = 1e-9


def through_the_gate(result):
    """Whether it is accurate enough beside the reference, on the same images, to have a place."""
    lost = result.reference.accuracy.value - result.measured.accuracy.value
    return lost <= MAY_LOSE + ROUNDING


def beats(one, other, smaller_wins):
    """Whether one figure is better for certain: not even the bounds of the two meet."""
    return one.high < other.low if smaller_wins else one.low > other.high


def places(event, results):
    """The place of each result, in their order; None for one that is not through the gate."""
    figures = [getattr(result.measured, event.figure) for result in results]
    within = [through_the_gate(result) for result in results]
    rivals = [figure for figure, counts in zip(figures, within, strict=True) if counts]

    def place(own):
        return 1 + sum(beats(other, own, event.smaller_wins) for other in rivals)

    return [place(own) if counts else None for own, counts in zip(figures, within, strict=True)]


def table(event, results):
    """(place, result) of each, the best first; those without a place come last."""

    def order(row):
        place, result = row
        value = getattr(result.measured, event.figure).value
        return place is None, value if event.smaller_wins else -value, result.name

    return sorted(zip(places(event, results), results, strict=True), key=order)


def standings(results):
    """Model → event → table, for the models that somebody competes with."""
    groups = {id: [result for result in results if result.model == id] for id in MODELS}
    return {
        id: {event.id: table(event, group) for event in EVENTS.values()}
        for id, group in groups.items()
        if group
    }


def front(results, figure):
    """Those than which none is at least as good in this figure and in accuracy, and better in one of
    them; the smallest figure first."""
    points = [(getattr(result.measured, figure).value, result) for result in results]
    points.sort(key=lambda point: (point[0], -point[1].measured.accuracy.value))
    best, kept = -1.0, []
    for _, result in points:
        if result.measured.accuracy.value > best:
            best = result.measured.accuracy.value
            kept.append(result)
    return kept
