"""Where we differ from torch on purpose, and why. All else that differs is a mistake.

Each difference has an example. Once that comes out as in torch, the entry has to go.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from arguments import Case

ARITHMETIC = ("Tensor.__add__ Tensor.__sub__ Tensor.__mul__ Tensor.__truediv__ Tensor.__radd__"
              " Tensor.__rsub__ Tensor.__rmul__ Tensor.__rtruediv__ Tensor.__eq__ Tensor.__ne__"
              " Tensor.__lt__ Tensor.__le__ Tensor.__gt__ Tensor.__ge__")  # fmt: skip
IN_PLACE = ("Tensor.add_ Tensor.sub_ Tensor.mul_ Tensor.div_ Tensor.__iadd__ Tensor.__isub__"
            " Tensor.__imul__ Tensor.__itruediv__")  # fmt: skip
ALONG_DIMS = "sum mean var std max min argmax argmin squeeze transpose flatten"


@dataclass(frozen=True)
class Difference:
    """`excuses(case, ours, theirs)` says whether this is why the outcomes differ."""

    names: str
    reason: str
    excuses: Callable[[Case, Any, Any], bool]
    example: Case

    def covers(self, name: str) -> bool:
        return name in self.names.split()


def of_torch_and_tensor(names: str) -> str:
    return " ".join(f"torch.{name} Tensor.{name}" for name in names.split())


def failed(outcome: Any) -> bool:
    return isinstance(outcome, Exception)


def only_we_fail(case: Case, ours: Any, theirs: Any) -> bool:
    return failed(ours) and not failed(theirs)


def only_torch_fails(case: Case, ours: Any, theirs: Any) -> bool:
    return failed(theirs) and not failed(ours)


def both_fail(case: Case, ours: Any, theirs: Any) -> bool:
    return failed(ours) and failed(theirs)


def values_differ(case: Case, ours: Any, theirs: Any) -> bool:
    return not failed(ours) and not failed(theirs)


def is_empty(case: Case) -> bool:
    return any(array.size == 0 for array in case.tensors)


def numbers(*values: float, dtype: str = "float32") -> np.ndarray:
    return np.array(values, dtype)


def is_unsigned(case: Case) -> bool:
    return any(array.dtype == np.uint8 for array in case.tensors)


DIFFERENCES = [
    # Errors
    Difference(
        of_torch_and_tensor(f"{ALONG_DIMS} permute reshape pow masked_fill")
        + f" {IN_PLACE} Tensor.__setitem__ Tensor.copy_ Tensor.__bool__ Tensor.item Tensor.mT"
        " Tensor.view Tensor.__sub__ Tensor.__rsub__ Tensor.__pow__ torch.sub torch.where"
        " torch.cat torch.stack torch.gather torch.arange F.linear",
        "Where NumPy refuses what torch refuses too, its own error stands: a ValueError, TypeError"
        " or IndexError that says what is wrong. To turn each into a RuntimeError hides the idea.",
        lambda case, ours, theirs: failed(ours) and failed(theirs),
        Case([numbers(1, 2)], {"dim": (0, 0)}),
    ),
    Difference(
        "F.cross_entropy F.nll_loss F.binary_cross_entropy F.binary_cross_entropy_with_logits"
        " nn.CrossEntropyLoss nn.NLLLoss nn.BCELoss nn.BCEWithLogitsLoss F.batch_norm",
        "Where two arguments are wrong, another one may be named first; and one rule for the shape"
        " of targets, where torch's nll_loss has a second one, with another class, for one sample.",
        lambda case, ours, theirs: failed(ours) and failed(theirs),
        Case(
            [np.ones((2, 2)), numbers(0, -100, dtype="int64")],
            {"ignore_index": 1, "reduction": "average"},
        ),
    ),
    Difference(
        "F.avg_pool2d nn.AvgPool2d F.max_pool2d nn.MaxPool2d nn.Conv2d",
        "Images of a wrong shape, and paddings that cannot be, are a RuntimeError, wherever they are"
        " noticed; torch's average has an IndexError for some, and its layer a ValueError.",
        both_fail,
        Case([np.ones((1, 1), "float32")], {"kernel_size": 1}),
    ),
    Difference(
        "F.conv2d nn.Conv2d",
        "Where there are no images, torch does not look at the options; a dilation of 0 is wrong.",
        lambda case, ours, theirs: only_we_fail(case, ours, theirs) and is_empty(case),
        Case([np.ones((0, 1, 2, 2), "float32"), np.ones((1, 1, 1, 1), "float32")], {"dilation": 0}),
    ),
    Difference(
        "nn.MultiheadAttention nn.TransformerEncoderLayer nn.TransformerDecoderLayer"
        " nn.TransformerDecoder nn.Transformer",
        "A mask of a wrong shape is a RuntimeError, for one sentence as for a batch of them; torch has"
        " an AssertionError for the mask of each head of one sentence.",
        both_fail,
        Case(
            [np.ones((2, 4), "float32")],
            {},
            lambda lib, cls, x: cls(4, 2)(x, x, x, attn_mask=lib.torch.zeros(2, 2, 1)),
        ),
    ),
    Difference(
        "torch.arange",
        "A step that leads away from the end gives an empty range, as in Python; torch refuses.",
        only_torch_fails,
        Case([], {}, lambda lib, f: f(-3)),
    ),
    Difference(
        of_torch_and_tensor("clamp"),
        "Without limits, nothing is clamped; torch asks for one.",
        lambda case, ours, theirs: (
            only_torch_fails(case, ours, theirs) and set(case.options.values()) <= {None}
        ),
        Case([numbers(1)]),
    ),
    Difference(
        of_torch_and_tensor("pow") + " Tensor.__pow__",
        "No whole number of an empty tensor is raised to a negative power, so nothing is refused.",
        lambda case, ours, theirs: only_torch_fails(case, ours, theirs) and is_empty(case),
        Case([numbers(dtype="int64")], {}, lambda lib, f, x: f(x, -1)),
    ),
    Difference(
        "torch.sub Tensor.__sub__ Tensor.__rsub__",
        "torch refuses to subtract when one of the two is boolean. Ours counts True as 1, as both"
        " libraries do when they add.",
        only_torch_fails,
        Case([numbers(1, dtype="bool"), numbers(2)]),
    ),
    Difference(
        "torch.tensor",
        "Python's numbers become uint8 as NumPy's do, modulo 256; torch refuses those too large.",
        only_torch_fails,
        Case([], {}, lambda lib, f: f([300], dtype=lib.torch.uint8)),
    ),
    Difference(
        "utils.clip_grad_norm_",
        "The largest of no numbers is 0 when gradients are clipped; torch refuses to look for it.",
        lambda case, ours, theirs: only_torch_fails(case, ours, theirs) and is_empty(case),
        Case(
            [np.ones(0), np.ones(0)],
            {},
            lambda lib, f, x, g: [setattr(x, "grad", g.detach()), f([x], 1.0, float("inf"))],
        ),
    ),
    Difference(
        "Tensor.__setitem__",
        "Numbers put at places given by a list are cast, as those put at a slice are, in both"
        " libraries; torch insists on one dtype when there is a list.",
        only_torch_fails,
        Case(
            [numbers(1, 2, dtype="int64"), numbers(5)],
            {},
            lambda lib, f, x, value: f(x, [0], value[0]),
            learns=0,
        ),
    ),
    Difference(
        "Tensor.copy_",
        "NumPy drops leading dimensions of size 1 of what is assigned; torch refuses them.",
        only_torch_fails,
        Case([np.array(1.0), np.ones(1)], {}, lambda lib, f, x, src: f(x, src), learns=0),
    ),
    Difference(
        "F.conv2d F.max_pool2d F.avg_pool2d nn.Conv2d nn.MaxPool2d nn.AvgPool2d",
        "Images leave a convolution and a pool with the batch last in memory, which is why they are"
        " fast. A `view` that joins the batch with another dimension asks for `reshape`; torch does"
        " so only for images in channels_last.",
        lambda case, ours, theirs: (
            only_we_fail(case, ours, theirs) and str(ours).endswith("use reshape")
        ),
        Case(
            [np.ones((2, 1, 3, 3), "float32"), np.ones((2, 1, 2, 2), "float32")],
            {},
            lambda lib, f, x, weight: f(x, weight).view(-1),
        ),
    ),
    # Numbers
    Difference(
        of_torch_and_tensor(ALONG_DIMS) + " Tensor.mT F.cosine_similarity",
        "A number has no dimension 0. torch treats it as a vector when it is asked for one.",
        lambda case, ours, theirs: only_we_fail(case, ours, theirs) and case.tensors[0].ndim == 0,
        Case([np.array(1.0)], {"dim": 0}),
    ),
    Difference(
        f"{ARITHMETIC} {IN_PLACE} {of_torch_and_tensor('clamp')}"
        " torch.eq torch.ne torch.lt torch.le torch.gt torch.ge",
        "A negative number beside uint8 is an error, as in NumPy; torch takes it modulo 256, so that"
        " 1 > -3 holds and 1 + -3 is 254.",
        lambda case, ours, theirs: isinstance(ours, OverflowError) and is_unsigned(case),
        Case([numbers(1, dtype="uint8")], {}, lambda lib, f, x: f(x, -3), learns=0),
    ),
    Difference(
        "torch.div Tensor.__truediv__",
        "A single whole number takes the dtype of the array beside it, as in all arithmetic of both"
        " libraries. Before they divide, torch makes floats of both: -5 never is 251.",
        lambda case, ours, theirs: (
            values_differ(case, ours, theirs)
            and {array.dtype.kind for array in case.tensors} <= set("biu")
        ),
        Case([numbers(3, dtype="uint8"), np.array(-5)]),
    ),
    Difference(
        IN_PLACE,
        "Signed numbers are not written over unsigned ones, as in NumPy; torch wraps them around.",
        lambda case, ours, theirs: (
            isinstance(ours, TypeError) and case.tensors[0].dtype == np.uint8
        ),
        Case([numbers(1, dtype="uint8"), numbers(1, dtype="int64")], learns=0),
    ),
    Difference(
        "data.TensorDataset data.Subset Tensor.__getitem__",
        "An index beyond the end is refused; torch does not look where there is nothing to take.",
        lambda case, ours, theirs: only_we_fail(case, ours, theirs) and is_empty(case),
        Case([np.ones((1, 0))], {}, lambda lib, cls, x: cls(x)[[0, 1]]),
    ),
    Difference(
        "torch.cat",
        "torch leaves out empty vectors, whatever the dimension; ours wants all shapes to fit.",
        lambda case, ours, theirs: only_we_fail(case, ours, theirs) and is_empty(case),
        Case([numbers(), np.ones((1, 2))], {}, lambda lib, f, x, y: f([x, y])),
    ),
    Difference(
        "torch.matmul Tensor.__matmul__",
        "Two dtypes are refused, as torch refuses them unless there is nothing to multiply.",
        lambda case, ours, theirs: only_we_fail(case, ours, theirs) and is_empty(case),
        Case([np.ones((4, 0, 2, 3), "int64"), np.ones((4, 0, 3, 3), "float32")]),
    ),
    Difference(
        "F.mse_loss nn.MSELoss",
        "A single number beside an array takes the array's dtype, as in all arithmetic of both"
        " libraries; torch's loss makes an array of it first.",
        lambda case, ours, theirs: (
            values_differ(case, ours, theirs)
            and len({array.dtype for array in case.tensors}) > 1
            and any(array.ndim == 0 for array in case.tensors)
        ),
        Case([numbers(0), np.array(1.5)]),
    ),
    Difference(
        of_torch_and_tensor("max min"),
        "Of equal extremes the first gets the whole gradient, with dim and without; torch shares it"
        " among them when there is no dim. Both are right where the slope has a jump.",
        lambda case, ours, theirs: values_differ(case, ours, theirs) and not case.options,
        Case([numbers(2, 2)]),
    ),
    Difference(
        "Tensor.__getitem__",
        "A number and a list with a slice between them, as x[0, :, [1, 2]]: NumPy puts the dimension"
        " of the list first, torch leaves it where the list stands.",
        lambda case, ours, theirs: (
            values_differ(case, ours, theirs)
            and {int, list} <= set(map(type, case.options["index"]))
        ),
        Case(
            [np.ones((2, 3, 4))],
            {"index": (0, slice(None), [1, 2])},
            lambda lib, f, x, index: f(x, index),
        ),
    ),
    Difference(
        "torch.maximum torch.minimum",
        "Numbers that are equal only after rounding to the common dtype: torch shares the gradient.",
        lambda case, ours, theirs: (
            values_differ(case, ours, theirs) and case.tensors[0].dtype != case.tensors[1].dtype
        ),
        Case([numbers(0.1), np.array(0.1)]),
    ),
    Difference(
        of_torch_and_tensor("std"),
        "Where all numbers are equal, std has no slope, and the square root's rule says nan. torch"
        " has an exception that says 0.",
        lambda case, ours, theirs: (
            values_differ(case, ours, theirs)
            and np.isnan(np.concatenate([np.ravel(g) for g in ours[2]])).any()
        ),
        Case([numbers(3, 3)]),
    ),
    Difference(
        "F.cosine_similarity",
        "Of vectors shorter than eps, ours is the gradient of what is returned, the length being eps"
        " there; torch's is taken as if the length still changed.",
        lambda case, ours, theirs: values_differ(case, ours, theirs) and "eps" in case.options,
        Case([numbers(3, 4), numbers(4, 3)], {"dim": 0, "eps": 9.0}),
    ),
    Difference(
        of_torch_and_tensor("var std"),
        "A correction larger than the number of numbers divides by something negative; torch"
        " divides by 0.",
        lambda case, ours, theirs: (
            values_differ(case, ours, theirs)
            and min(case.tensors[0].shape, default=1) <= case.options.get("correction", 1)
        ),
        Case([numbers(3)], {"correction": 2}),
    ),
    Difference(
        of_torch_and_tensor("var std"),
        "torch's gradient is infinite when the dimensions are (): a mistake of torch's.",
        lambda case, ours, theirs: (
            values_differ(case, ours, theirs) and case.options.get("dim", 0) in ((), [])
        ),
        Case([numbers(0, 0, 2)], {"dim": ()}),
    ),
    Difference(
        of_torch_and_tensor("var std"),
        "The variances of no columns divide by their number, which is zero; torch has none, too.",
        lambda case, ours, theirs: isinstance(ours, ZeroDivisionError) and is_empty(case),
        Case([np.ones((3, 0))], {"dim": 0}),
    ),
]
