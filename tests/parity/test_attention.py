"""Module 12 against torch: outputs, weights, gradients, masks, states, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from oracle import OURS, THEIRS, Program, assert_same, both, outcome

RNG = np.random.default_rng(12)
QUERY, KEY, VALUE = (
    RNG.normal(size=size).astype("float32") for size in [(2, 3, 4, 8), (2, 3, 5, 8), (2, 3, 5, 6)]
)
MAY_LOOK = RNG.random((2, 1, 4, 5)) < 0.6
MAY_LOOK[0, 0, 1] = False  # a query that sees nothing
BIAS = RNG.normal(size=(4, 5)).astype("float32")
EMPTY_ROW = np.where(MAY_LOOK, 0, -np.inf).astype("float32")


def with_gradients(call: Callable[..., Any]) -> Program:
    """The result of call(lib, *tensors), and the gradient of each tensor of floats."""

    def program(lib: Any, *tensors: Any) -> Any:
        floats = [t.requires_grad_() for t in tensors if "float" in str(t.dtype)]
        output = call(lib, *tensors)
        weigh(lib, output)
        return [output, *(t.grad for t in floats)]

    return program


def weigh(lib: Any, output: Any) -> None:
    """Backward, with a gradient that is different for each element of the output."""
    numbers = np.linspace(-1, 1, int(np.prod(output.shape))).reshape(tuple(output.shape))
    output.backward(lib.torch.tensor(numbers.astype(str(output.dtype).rpartition(".")[2])))


def attend(**options: Any) -> Callable[..., Any]:
    return lambda lib, q, k, v, mask=None: lib.F.scaled_dot_product_attention(
        q, k, v, mask, **options
    )


FUNCTION: dict[str, tuple[Callable[..., Any], list[np.ndarray]]] = {
    "plain": (attend(), []),
    "causal": (attend(is_causal=True), []),
    "scale": (attend(scale=0.7), []),
    "booleans and an empty row": (attend(), [MAY_LOOK]),
    "floats that learn": (attend(), [BIAS]),
    "floats and an empty row": (attend(), [EMPTY_ROW]),
    "two dimensions": (lambda lib, q, k, v: attend()(lib, q[0, 0], k[0, 0], v[0, 0]), []),
    "broadcasting": (lambda lib, q, k, v: attend()(lib, q, k[:1, :1], v[:1, :1]), []),
    "self-attention": (lambda lib, q, k, v: attend(is_causal=True)(lib, q, q, q), []),
    "views": (lambda lib, q, k, v: attend()(lib, *(t.transpose(0, 1) for t in (q, k, v))), []),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FUNCTION)
def test_values_and_gradients(name: str, dtype: str) -> None:
    call, more = FUNCTION[name]
    arrays = [a.astype(dtype) if a.dtype.kind == "f" else a for a in (QUERY, KEY, VALUE, *more)]
    assert_same(*both(with_gradients(call), *arrays))


REFUSED: dict[str, Program] = {
    "two dtypes": lambda lib, q, k, v: attend()(lib, q, k.to(lib.torch.float64), v),
    "whole numbers": lambda lib, q, k, v: attend()(lib, q.long(), k.long(), v.long()),
    "a mask of whole numbers": lambda lib, q, k, v: attend()(lib, q, k, v, q.long()),
    "a mask of another float": lambda lib, q, k, v: attend()(
        lib, q, k, v, lib.torch.zeros(4, 5, dtype=lib.torch.float64)
    ),
    "a mask of another shape": lambda lib, q, k, v: attend()(lib, q, k, v, q[0, 0]),
    "one dimension": lambda lib, q, k, v: attend()(lib, q[0, 0, 0], k[0, 0, 0], v[0, 0, 0]),
    "another width": lambda lib, q, k, v: attend()(lib, q, k[..., :6], v),
    "too many dropped": lambda lib, q, k, v: attend(dropout_p=1.5)(lib, q, k, v),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    ours, theirs = both(REFUSED[name], QUERY, KEY, VALUE)
    assert isinstance(theirs, Exception), "torch takes it"
    assert isinstance(ours, Exception), "torch refuses it"


def test_values_too_few_for_the_keys() -> None:
    """torch's fast path on the CPU reads past the end of such values; its others refuse, as we do."""
    program = attend()
    ours = outcome(OURS, lambda lib, q, k, v: program(lib, q, k, v[:, :, :2]), (QUERY, KEY, VALUE))
    assert isinstance(ours, RuntimeError)


def test_dropout_everywhere() -> None:
    assert_same(*both(attend(dropout_p=1.0), QUERY, KEY, VALUE))


def test_dropout_keeps_the_mean() -> None:
    """Each weight is dropped for itself; what is left has the mean and the spread of torch's."""
    found = []
    for library in (OURS, THEIRS):
        library["torch"].manual_seed(0)
        ones = library["torch"].ones(1, 1, 300, 300)
        lib = type("Library", (), library)
        output = attend(dropout_p=0.3)(lib, ones, ones, ones).numpy()[0, 0, :, 0]
        found.append(output)
        assert abs(output.mean() - 1) < 0.01
    np.testing.assert_allclose(found[0].std(), found[1].std(), rtol=0.15)


def multihead(lib: Any, bias: bool = True, **options: Any) -> Any:
    """A layer of width 12 with 3 heads, and with weights that depend on nothing."""
    layer = lib.nn.MultiheadAttention(12, 3, bias=bias, **options)
    rng = np.random.default_rng(3)
    state = {
        key: lib.torch.tensor(rng.normal(size=tuple(value.shape)).astype("float32") / 3)
        for key, value in layer.state_dict().items()
    }
    layer.load_state_dict(state)
    return layer


BATCH, OTHER = RNG.normal(size=(2, 4, 12)).astype("f"), RNG.normal(size=(2, 5, 12)).astype("f")
HIDDEN = RNG.random((4, 5)) < 0.3
HIDDEN[:, 0] = False
EACH = RNG.random((6, 4, 5)) < 0.3
EACH[..., 0] = False
PADDED = np.array([[False, False, False, True, True], [False] * 5])


def run_layer(lib: Any, *tensors: Any, **options: Any) -> Any:
    """Outputs, weights, and all gradients of a layer, with the masks converted for it."""
    made = {name: options.pop(name) for name in ("bias", "batch_first", "swap") if name in options}
    swap = made.pop("swap", False)
    layer = multihead(lib, **made)
    masks = {n: lib.torch.tensor(m) for n, m in options.items() if isinstance(m, np.ndarray)}
    inputs = [t.requires_grad_() for t in tensors]
    given = [t.transpose(0, 1) for t in inputs] if swap else inputs
    query, key = given if len(given) == 2 else given * 2
    output, weights = layer(query, key, key, **{**options, **masks})
    weigh(lib, output if weights is None else output.sum() + (weights * weights).sum())
    parameters = {name: p.grad for name, p in layer.named_parameters()}
    return [output, weights, [t.grad for t in inputs], parameters]


LAYER: dict[str, tuple[list[np.ndarray], dict[str, Any]]] = {
    "self-attention": ([BATCH], {}),
    "cross-attention": ([BATCH, OTHER], {}),
    "time first": ([BATCH, OTHER], {"batch_first": False, "swap": True}),
    "no bias": ([BATCH, OTHER], {"bias": False}),
    "a mask": ([BATCH, OTHER], {"attn_mask": HIDDEN}),
    "a mask for each head": ([BATCH, OTHER], {"attn_mask": EACH}),
    "a mask to add": ([BATCH, OTHER], {"attn_mask": BIAS}),
    "padding": ([BATCH, OTHER], {"key_padding_mask": PADDED}),
    "both": ([BATCH, OTHER], {"attn_mask": HIDDEN, "key_padding_mask": PADDED}),
    "both to add": (
        [BATCH, OTHER],
        {"attn_mask": BIAS, "key_padding_mask": np.where(PADDED, -9, 0).astype("f")},
    ),
    "causal": ([BATCH], {"attn_mask": ~np.tri(4, dtype=bool), "is_causal": True}),
    "causal and padding": (
        [BATCH],
        {
            "attn_mask": ~np.tri(4, dtype=bool),
            "is_causal": True,
            "key_padding_mask": PADDED[:, 1:],
        },
    ),
    "one sentence": ([BATCH[0], OTHER[0]], {"attn_mask": HIDDEN}),
    "one sentence with padding": ([BATCH[0], OTHER[0]], {"key_padding_mask": PADDED[0]}),
    "one sentence, time first": ([BATCH[0], OTHER[0]], {"batch_first": False}),
}
WEIGHTS: dict[str, dict[str, Any]] = {
    "none": {"need_weights": False},
    "averaged": {},
    "of each head": {"average_attn_weights": False},
}


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("name", LAYER)
def test_the_layer(name: str, weights: str) -> None:
    arrays, options = LAYER[name]
    options = {"batch_first": True, **options, **WEIGHTS[weights]}
    assert_same(*both(lambda lib, *tensors: run_layer(lib, *tensors, **options), *arrays), 2e-5)


WRONG: dict[str, Program] = {
    "heads that do not divide": lambda lib, x: lib.nn.MultiheadAttention(10, 3),
    "no width": lambda lib, x: lib.nn.MultiheadAttention(0, 1),
    "another width": lambda lib, x: multihead(lib)(x[..., :8], x[..., :8], x[..., :8]),
    "another key than value": lambda lib, x: multihead(lib)(x, x, x[:1]),
    "another batch": lambda lib, x: multihead(lib)(x, x[:, :1], x[:, :1]),
    "four dimensions": lambda lib, x: multihead(lib)(x[None], x[None], x[None]),
    "a mask of another shape": lambda lib, x: multihead(lib)(
        x, x, x, attn_mask=lib.torch.zeros(3, 4)
    ),
    "padding of another shape": lambda lib, x: multihead(lib)(
        x, x, x, key_padding_mask=lib.torch.zeros(3, 4)
    ),
    "causal without a mask": lambda lib, x: multihead(lib)(x, x, x, is_causal=True),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_the_layer_refuses(name: str) -> None:
    ours, theirs = both(WRONG[name], BATCH)
    assert isinstance(theirs, Exception), "torch takes it"
    assert type(ours) is type(theirs), f"torch: {theirs!r}\nours: {ours!r}"


def test_the_state_has_torchs_names() -> None:
    for bias in (True, False):
        assert_same(*both(lambda lib, bias=bias: multihead(lib, bias).state_dict()))


def test_the_layer_starts_with_torchs_distribution() -> None:
    for library in (OURS, THEIRS):
        library["torch"].manual_seed(0)
        layer = library["nn"].MultiheadAttention(64, 4)
        state = {key: value.numpy() for key, value in layer.state_dict().items()}
        bound = (6 / (4 * 64)) ** 0.5
        assert not state["in_proj_bias"].any()
        assert not state["out_proj.bias"].any()
        for key, limit in [("in_proj_weight", bound), ("out_proj.weight", 1 / 8)]:
            assert np.abs(state[key]).max() <= limit
            assert abs(state[key].std() - limit / np.sqrt(3)) < 0.003


def test_dropout_of_the_layer() -> None:
    """In training, weights are dropped and returned so; in evaluation, all is as in torch."""

    def program(lib: Any, x: Any) -> Any:
        layer = multihead(lib, dropout=0.5)
        dropped = (layer(x, x, x, average_attn_weights=False)[1] == 0).sum().item()
        output, weights = layer.eval()(x, x, x)
        return [0 < dropped < 96, output, weights]

    assert_same(*both(program, BATCH))
