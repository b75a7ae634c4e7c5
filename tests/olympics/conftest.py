"""A stadium that all tests share: its sandbox takes a second to start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tinytorch_profiling.olympics.events import MODELS
from tinytorch_profiling.olympics.measure import Effort
from tinytorch_profiling.olympics.verify import Code, Stadium

from contenders import reference

EFFORT = Effort(turns=3, batches=2, singles=30)


@pytest.fixture(scope="session")
def stadium() -> Iterator[Stadium]:
    with Stadium(EFFORT) as made:
        made.references["1986_mlp"] = Code(MODELS["1986_mlp"].code, reference())
        yield made
