"""How a milestone checks the learner's modules: against an independent computation in NumPy."""

import sys
import traceback
from contextlib import contextmanager

import numpy as np


def fault(module, what, why):
    """End the milestone, and name the module that is to blame."""
    sys.exit(f"\n{what} went wrong, which is the work of module {module!r}: {why}")


@contextmanager
def checking(module, what):
    """Whatever goes wrong inside is told as the fault of this module, with the place."""
    try:
        yield
    except Exception as error:
        for frame in traceback.extract_tb(error.__traceback__)[-3:]:
            print(f"  {frame.filename}:{frame.lineno}  {frame.line}", file=sys.stderr)
        fault(module, what, error)


def compare(module, what, yours, expected, tolerance=1e-5):
    """Name the module unless the arrays have one shape and equal values."""
    with checking(module, what):
        yours, expected = np.asarray(yours), np.asarray(expected)
    if yours.shape != expected.shape:
        fault(module, what, f"its shape is {yours.shape}, and should be {expected.shape}")
    if not np.allclose(yours, expected, rtol=tolerance, atol=tolerance):
        worst = float(np.max(np.abs(yours - expected)))
        fault(module, what, f"it is off by up to {worst:.3g} from the same thing in NumPy")


def agree(module, what, yours, expected, tolerance=1e-5):
    """The same, and if all is well it is said."""
    compare(module, what, yours, expected, tolerance)
    print(f"  {what}: agrees with NumPy")


def compare_gradients(what, model, expected, module="autograd", tolerance=1e-5):
    """Name the module unless each parameter of the model has the expected gradient."""
    for (name, parameter), gradient in zip(model.named_parameters(), expected, strict=True):
        if parameter.grad is None:
            fault(module, what, f"{name} has no gradient")
        compare(module, f"{what} at {name}", parameter.grad.numpy(), gradient, tolerance)


def numbers(model):
    """Copies of the model's parameters, for NumPy."""
    return [parameter.detach().numpy().astype(np.float64) for parameter in model.parameters()]
