"""What one can compete in. All else reads it from here."""

from dataclasses import dataclass
from pathlib import Path

REFERENCES = Path(__file__).parent / "references"
MAY_LOSE = 0.02  # of accuracy, against the reference: who loses more has no place in any event


@dataclass(frozen=True)
class Model:
    """A milestone's model. Its reference is code that could be handed in, and weights that are trained
    when a submission is verified."""

    id: str
    title: str

    @property
    def code(self):
        return (REFERENCES / f"{self.id}.py").read_bytes()


@dataclass(frozen=True)
class Event:
    """`figure` is what decides, and `rule` says it in words."""

    id: str
    title: str
    figure: str
    smaller_wins: bool
    rule: str


MODELS = {
    model.id: model
    for model in (
        Model("1986_mlp", "The MLP of 1986"),
        Model("1998_cnn", "The CNN of 1998"),
    )
}
EVENTS = {
    event.id: event
    for event in (
        Event("smallest", "Smallest", "bytes", True, "the fewest bytes of weights and code"),
        Event("fastest", "Fastest", "time", True, "the least time, one by one and many together"),
        Event("accurate", "Most accurate", "accuracy", False, "the most fresh images right"),
        Event(
            "balanced", "Best trade-off", "tradeoff", False, "how many times as small and as fast"
        ),
    )
}
