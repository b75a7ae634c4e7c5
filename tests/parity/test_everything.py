"""Everything that we export and torch has, called in both with random arguments.

Values, shapes, dtypes, what requires grad, the gradients of all leaves, and errors have to agree.
`*_arguments.py` say what to call a name with; a name without arguments fails here.
"""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import attention_arguments  # noqa: F401  (they fill the table)
import convolution_arguments  # noqa: F401  (they fill the table)
import data_arguments  # noqa: F401
import nn_arguments  # noqa: F401
import optim_arguments  # noqa: F401
import profiling_arguments  # noqa: F401
import tensor_arguments  # noqa: F401
import text_arguments  # noqa: F401
import training_arguments  # noqa: F401
from arguments import TABLE, Case, all_tensors, thing
from differences import DIFFERENCES, Difference
from oracle import OURS, THEIRS, assert_same, plain, shared_attributes, shared_names

NAMES = [f"{key}.{name}" for key, name in shared_names()]
NAMES += [f"Tensor.{name}" for name in shared_attributes("torch", "Tensor")]
# The same examples each time. To look further: PARITY_EXAMPLES=2000 pytest tests/parity
EXAMPLES = int(os.environ.get("PARITY_EXAMPLES", "40"))


def outcome(libraries: dict[str, Any], name: str, case: Case) -> Any:
    """Outputs, which of them require grad, and the gradients of all leaves; or an exception."""
    library = type("Library", (), dict(libraries))
    tensors = [library.torch.tensor(array) for array in case.tensors]
    for tensor, array in zip(tensors[: case.learns], case.tensors, strict=False):
        tensor.requires_grad_(array.dtype.kind == "f")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            output = case.program(library, thing(libraries, name), *tensors, **case.options)
            found = list(all_tensors(library, output))
            # what backward gives, before it changes the gradients that `output` may hold
            values = plain(output), [tensor.requires_grad for tensor in found]
            pull(library, found)
            learning = (t for t in [*tensors, *found] if t.is_leaf and t.requires_grad)
            leaves = {id(tensor): tensor for tensor in learning}
            return [*values, [plain(leaf.grad) for leaf in leaves.values()]]
    except Exception as error:
        return error


def pull(library: Any, outputs: list[Any]) -> None:
    """Backward from each output, with random weights."""
    random = np.random.default_rng(1)
    for output in outputs:
        if output.requires_grad:
            weight = random.uniform(0.5, 1.5, tuple(output.shape))
            gradient = library.torch.tensor(np.asarray(weight), dtype=output.dtype)
            output.backward(gradient, retain_graph=True)


def compare(name: str, case: Case) -> None:
    """Raise AssertionError if the outcomes differ, unless one of the differences is why."""
    ours, theirs = outcome(OURS, name, case), outcome(THEIRS, name, case)
    try:
        assert_equal(ours, theirs)
    except AssertionError:
        if not any(each.covers(name) and each.excuses(case, ours, theirs) for each in DIFFERENCES):
            raise


def assert_equal(ours: Any, theirs: Any) -> None:
    assert_same(ours, theirs, tolerance=1e-4)
    if isinstance(theirs, Exception):
        assert isinstance(ours, type(theirs)), f"torch: {theirs!r}\nours: {ours!r}"


def test_every_name_that_torch_has_stands_in_the_table() -> None:
    assert [name for name in NAMES if name not in TABLE] == []
    assert [name for name in TABLE if name not in NAMES] == [], "of these, one library has none"


@pytest.mark.parametrize("name", [name for name in NAMES if name in TABLE])
def test_torch_says_the_same(name: str) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(TABLE[name])
    def both_agree(case: Case) -> None:
        compare(name, case)

    both_agree()


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda difference: difference.reason[:40])
def test_each_difference_is_still_one(difference: Difference) -> None:
    for name in difference.names.split()[:1]:
        ours, theirs = (outcome(each, name, difference.example) for each in (OURS, THEIRS))
        with pytest.raises(AssertionError):
            assert_equal(ours, theirs)
        assert difference.excuses(difference.example, ours, theirs)
