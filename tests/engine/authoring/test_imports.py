"""A module imports only what it requires, directly or not."""

import pytest

from support import a_module, a_tier
from tito.authoring.imports import check_imports
from tito.model import Course

TENSOR = a_module("tensor", 1, exports={"lib.core": ("Tensor",)})
LAYERS = a_module("layers", 2, ("tensor",), exports={"lib.core": ("Linear",)})
LOSSES = a_module("losses", 3, exports={"lib.nn": ("mse",)})


def found(*imports: str, requires: tuple[str, ...] = ("layers",)) -> list[str]:
    own = a_module("own", 4, requires, imports=imports, exports={"lib.nn": ("Own",)})
    tier = a_tier("base", TENSOR, LAYERS, LOSSES, own, facades=("lib.core", "lib.nn"))
    return [finding.message for finding in check_imports(own, Course((tier,)))]


@pytest.mark.parametrize(
    "name",
    [
        "lib.core.Linear",
        "lib.core.Tensor",  # required by what is required
        "lib.core.layers",
        "lib.core.layers._private",
        "lib.nn",  # which names of it are used, only running the lesson tells
        "lib",
        "numpy.linalg",
    ],
)
def test_what_is_required_may_be_imported(name: str) -> None:
    assert found(name) == []


@pytest.mark.parametrize(
    "name", ["lib.nn.mse", "lib.core.losses", "lib.core.losses.mse", "lib.core.losses._private"]
)
def test_what_is_not_required_is_found_with_its_builder(name: str) -> None:
    message = f"own imports {name}, which losses builds and own does not require"
    assert found(name) == [message]
    assert found(name, requires=("losses",)) == []


def test_a_module_does_not_import_itself() -> None:
    message = "own imports lib.nn.Own, which own builds and own does not require"
    assert found("lib.nn.Own") == [message]


def test_every_import_that_is_wrong_is_said_with_file_and_fix() -> None:
    own = a_module("own", 4, imports=("lib.nn.mse", "lib.core.Linear"))
    course = Course((a_tier("base", TENSOR, LAYERS, LOSSES, own, facades=("lib.core", "lib.nn")),))
    first, second = check_imports(own, course)
    assert first.where == second.where == "04_own/own_dev.py"
    assert first.fix == "add losses to requires in 04_own/module.yaml"
    assert second.fix == "add layers to requires in 04_own/module.yaml"
