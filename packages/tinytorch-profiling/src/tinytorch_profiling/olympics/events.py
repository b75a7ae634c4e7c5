"""What one can compete in. All else reads it from here."""

from dataclasses import dataclass
from pathlib import Path

REFERENCES = Path(__file__).parent / "references"
MARGIN = 0.02  # how much less accurate than the reference a model may be, and still compete


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
    """`rule` says what wins. `bounded`: who is less accurate than the margin allows is not ranked."""

    id: str
    title: str
    rule: str
    bounded: bool = True


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
        Event("smallest", "Smallest", "fewest bytes of weights and code"),
        Event("fastest", "Fastest", "least time, one image at a time and many together"),
        Event("accurate", "Most accurate", "most images right that nobody has seen", bounded=False),
        Event("balanced", "Best trade-off", "least bytes × time × mistakes"),
    )
}
