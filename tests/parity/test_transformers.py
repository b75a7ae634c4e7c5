"""Module 13 against torch: layer norm, blocks, and a GPT with the same weights in both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tinytorch.core
import torch
from tinytorch.nn import GPT
from tinytorch.nn.transformer import next_token_loss

from oracle import OURS, Program, assert_same, both

RNG = np.random.default_rng(13)
INPUT = RNG.normal(1, 3, size=(2, 4, 6)).astype("float32")
ROW, MATRIX = ((RNG.normal(size=s).astype("float32")) for s in [(2, 6), (2, 4, 6)])


def with_gradients(call: Callable[..., Any]) -> Program:
    """The result of call(lib, *tensors), and the gradient of each tensor."""

    def program(lib: Any, *tensors: Any) -> Any:
        inputs = [t.requires_grad_() for t in tensors]
        output = call(lib, *inputs)
        weigh(lib, output)
        return [output, [t.grad for t in inputs]]

    return program


def weigh(lib: Any, output: Any) -> None:
    """Backward, with a gradient that is different for each element of the output."""
    numbers = np.sin(np.arange(int(np.prod(output.shape)))).reshape(tuple(output.shape))
    output.backward(lib.torch.tensor(numbers.astype(str(output.dtype).rpartition(".")[2])))


NORM: dict[str, tuple[Callable[..., Any], list[np.ndarray]]] = {
    "plain": (lambda lib, x: lib.F.layer_norm(x, [6]), []),
    "eps": (lambda lib, x: lib.F.layer_norm(x, (6,), eps=0.3), []),
    "weight": (lambda lib, x, w: lib.F.layer_norm(x, (6,), w), [ROW[0]]),
    "weight and bias": (lambda lib, x, w, b: lib.F.layer_norm(x, (6,), w, b), list(ROW)),
    "bias": (lambda lib, x, b: lib.F.layer_norm(x, (6,), bias=b), [ROW[1]]),
    "matrices": (lambda lib, x, w, b: lib.F.layer_norm(x, (4, 6), w, b), list(MATRIX)),
    "everything": (lambda lib, x: lib.F.layer_norm(x, (2, 4, 6)), []),
    "a view": (lambda lib, x, w: lib.F.layer_norm(x.transpose(0, 1), (6,), w), [ROW[0]]),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NORM)
def test_layer_norm(name: str, dtype: str) -> None:
    call, more = NORM[name]
    assert_same(*both(with_gradients(call), *(a.astype(dtype) for a in (INPUT, *more))), 2e-5)


REFUSED: dict[str, Program] = {
    "another size": lambda lib, x: lib.F.layer_norm(x, (5,)),
    "no size": lambda lib, x: lib.F.layer_norm(x, ()),
    "more dimensions": lambda lib, x: lib.F.layer_norm(x[0, 0], (4, 6)),
    "another weight": lambda lib, x: lib.F.layer_norm(x, (6,), lib.torch.ones(5)),
    "another bias": lambda lib, x: lib.F.layer_norm(x, (6,), None, lib.torch.ones(1, 6)),
    "whole numbers": lambda lib, x: lib.F.layer_norm(x.long(), (6,)),
    "an unknown activation": lambda lib, x: lib.nn.TransformerEncoderLayer(6, 2, 8, 0.0, "elu"),
    "causal without a mask": lambda lib, x: block(lib)(x, is_causal=True),
    "causal writing without a mask": lambda lib, x: decoder(lib)(x, x, tgt_is_causal=True),
    "causal looking without a mask": lambda lib, x: decoder(lib)(x, x, memory_is_causal=True),
    "two batches": lambda lib, x: transformer(lib)(x[:1], x),
    "two batches, time first": lambda lib, x: transformer(lib, batch_first=False)(x[:, :1], x),
    "too narrow a source": lambda lib, x: transformer(lib)(x[..., :4], x),
    "too narrow a target": lambda lib, x: transformer(lib)(x, x[..., :4]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    ours, theirs = both(REFUSED[name], INPUT)
    assert isinstance(theirs, RuntimeError), f"torch: {theirs!r}"
    assert isinstance(ours, RuntimeError), f"ours: {ours!r}"


MODULES: dict[str, Program] = {
    "norm": lambda lib: lib.nn.LayerNorm(6),
    "norm of matrices": lambda lib: lib.nn.LayerNorm((4, 6), eps=1e-3),
    "norm without bias": lambda lib: lib.nn.LayerNorm(6, bias=False),
    "norm that learns nothing": lambda lib: lib.nn.LayerNorm(6, elementwise_affine=False),
}


@pytest.mark.parametrize("name", MODULES)
def test_the_layer_norm_module(name: str) -> None:
    def program(lib: Any, x: Any) -> Any:
        layer = MODULES[name](lib)
        return [repr(layer).replace(", bias=True", "").replace(", bias=False", ""),
                dict(layer.state_dict()), layer(x)]  # fmt: skip

    assert_same(*both(program, INPUT), 2e-5)


def fill(lib: Any, module: Any) -> Any:
    """The module, with weights that depend on nothing but their place."""
    rng = np.random.default_rng(5)
    state = {
        key: lib.torch.tensor(rng.normal(size=tuple(value.shape)).astype("float32") / 3)
        for key, value in module.state_dict().items()
    }
    module.load_state_dict(state)
    return module


def block(lib: Any, dropout: float = 0.0, **options: Any) -> Any:
    options = {"batch_first": True, **options}
    return fill(lib, lib.nn.TransformerEncoderLayer(6, 2, 8, dropout, **options))


def run(lib: Any, module: Any, x: Any, *masks: Any, **options: Any) -> Any:
    """The output, and the gradients of the input and of every parameter."""
    x.requires_grad_()
    given = [None if m is None else lib.torch.tensor(m) for m in masks]
    output = module(x, *given, **options)
    weigh(lib, output)
    return [output, x.grad, {name: p.grad for name, p in module.named_parameters()}]


LATE = ~np.tri(4, dtype=bool)
PADDED = np.array([[False, False, False, True], [False] * 4])
BLOCKS: dict[str, tuple[dict[str, Any], list[Any], dict[str, Any]]] = {
    "as in 2017": ({}, [], {}),
    "norms first": ({"norm_first": True}, [], {}),
    "gelu": ({"norm_first": True, "activation": "gelu"}, [], {}),
    "time first": ({"batch_first": False}, [], {}),
    "another eps": ({"layer_norm_eps": 0.1}, [], {}),
    "no bias": ({"bias": False, "norm_first": True}, [], {}),
    "a mask": ({}, [LATE], {}),
    "a mask that is causal": ({"norm_first": True}, [LATE], {"is_causal": True}),
    "padding": ({}, [None, PADDED], {}),
    "both": ({"norm_first": True}, [LATE, PADDED], {}),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks(name: str) -> None:
    options, masks, more = BLOCKS[name]
    assert_same(
        *both(lambda lib, x: run(lib, block(lib, **options), x, *masks, **more), INPUT), 5e-5
    )


def test_an_activation_of_ones_own() -> None:
    def program(lib: Any, x: Any) -> Any:
        return run(lib, block(lib, activation=lib.F.tanh), x)

    assert_same(*both(program, INPUT), 5e-5)


@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize("causal", [True, None])
def test_the_stack(norm: bool, causal: bool | None) -> None:
    def program(lib: Any, x: Any) -> Any:
        last = lib.nn.LayerNorm(6) if norm else None
        stack = lib.nn.TransformerEncoder(block(lib), 3, last)
        return run(lib, fill(lib, stack), x, LATE, is_causal=causal)

    assert_same(*both(program, INPUT), 5e-5)


def test_the_state_has_torchs_names() -> None:
    def program(lib: Any) -> Any:
        return dict(fill(lib, lib.nn.TransformerEncoder(block(lib), 2)).state_dict())

    assert_same(*both(program))


def decoder(lib: Any, **options: Any) -> Any:
    options = {"batch_first": True, **options}
    return fill(lib, lib.nn.TransformerDecoderLayer(6, 2, 8, 0.0, **options))


def run_two(lib: Any, module: Any, one: Any, other: Any, **options: Any) -> Any:
    """The output of two texts, and the gradients of both and of every parameter."""
    given = {k: lib.torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
    for each in (one, other):
        each.requires_grad_()
    output = module(one, other, **given)
    weigh(lib, output)
    gradients = {name: p.grad for name, p in module.named_parameters()}
    return [output, one.grad, other.grad, gradients]


MEMORY = RNG.normal(1, 2, size=(2, 5, 6)).astype("float32")
FAR = np.abs(np.arange(4)[:, None] - np.arange(5)) > 2
GONE = np.array([[False] * 5, [False, False, False, True, True]])
ALL_FOUR = {
    "tgt_mask": LATE,
    "memory_mask": FAR,
    "tgt_key_padding_mask": PADDED,
    "memory_key_padding_mask": GONE,
}
DECODERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "as in 2017": ({}, {}),
    "norms first": ({"norm_first": True}, {}),
    "gelu, no bias": ({"activation": "gelu", "bias": False, "layer_norm_eps": 0.1}, {}),
    "a mask for itself": ({"norm_first": True}, {"tgt_mask": LATE}),
    "a mask for the memory": ({}, {"memory_mask": FAR}),
    "padding": ({}, {"tgt_key_padding_mask": PADDED, "memory_key_padding_mask": GONE}),
    "everything": ({"norm_first": True}, ALL_FOUR),
    "masks that are causal": (
        {},
        {
            "tgt_mask": LATE,
            "tgt_is_causal": True,
            "memory_mask": ~np.tri(4, 5, dtype=bool),
            "memory_is_causal": True,
        },
    ),
}


@pytest.mark.parametrize("name", DECODERS)
def test_blocks_with_memory(name: str) -> None:
    options, given = DECODERS[name]

    def program(lib: Any, tgt: Any, memory: Any) -> Any:
        return run_two(lib, decoder(lib, **options), tgt, memory, **given)

    assert_same(*both(program, INPUT, MEMORY), 5e-5)


@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize("causal", [True, False, None])
def test_the_stack_with_memory(norm: bool, causal: bool | None) -> None:
    def program(lib: Any, tgt: Any, memory: Any) -> Any:
        last = lib.nn.LayerNorm(6) if norm else None
        stack = fill(lib, lib.nn.TransformerDecoder(decoder(lib), 3, last))
        return run_two(lib, stack, tgt, memory, **ALL_FOUR, tgt_is_causal=causal)

    assert_same(*both(program, INPUT, MEMORY), 5e-5)


def transformer(lib: Any, **options: Any) -> Any:
    options = {"batch_first": True, **options}
    return lib.nn.Transformer(6, 2, 2, 3, 8, 0.0, **options)


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("batch_first", [True, False])
def test_the_transformer(norm_first: bool, batch_first: bool) -> None:
    """Output, every gradient, and the state, with all six masks and both promises."""
    given = {**ALL_FOUR, "src_mask": ~np.eye(5, dtype=bool)[::-1], "src_key_padding_mask": GONE}

    def program(lib: Any, src: Any, tgt: Any) -> Any:
        model = fill(lib, transformer(lib, norm_first=norm_first, batch_first=batch_first))
        late = model.generate_square_subsequent_mask(4)
        options = {**given, "tgt_mask": late, "tgt_is_causal": True}
        return [run_two(lib, model, src, tgt, **options), dict(model.state_dict())]

    order = (0, 1, 2) if batch_first else (1, 0, 2)
    assert_same(*both(program, MEMORY.transpose(order), INPUT.transpose(order)), 1e-4)


def test_stacks_of_ones_own() -> None:
    def program(lib: Any, src: Any, tgt: Any) -> Any:
        class Twice(lib.nn.Module):
            def forward(self, src: Any, *, mask: Any, is_causal: Any, **padding: Any) -> Any:
                assert mask is is_causal is padding["src_key_padding_mask"] is None
                return src * 2

        class Sum(lib.nn.Module):
            def forward(self, tgt: Any, memory: Any, *, memory_is_causal: Any, **masks: Any) -> Any:
                assert set(masks.values()) == {None}
                assert memory_is_causal is False
                return tgt + memory.mean(1, keepdim=True)

        whole = transformer(lib, custom_encoder=Twice(), custom_decoder=Sum())
        half = fill(lib, transformer(lib, custom_encoder=Twice()))
        return [whole(src, tgt), half(src, tgt), list(half.state_dict())]

    assert_same(*both(program, MEMORY, INPUT), 5e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_causal_mask(dtype: str) -> None:
    def program(lib: Any) -> Any:
        make = lib.nn.Transformer.generate_square_subsequent_mask
        return [make(1), make(5), make(3, dtype=getattr(lib.torch, dtype)), make(0)]

    assert_same(*both(program))


def test_a_transformer_begins_as_torchs() -> None:
    """Matrices are uniform, as far as Glorot and Bengio say; all else begins as in its own layer."""
    layers = {"num_encoder_layers": 1, "num_decoder_layers": 1}
    sizes = {"d_model": 64, "nhead": 4, "batch_first": True, **layers}
    ours, theirs = OURS["nn"].Transformer(**sizes), torch.nn.Transformer(**sizes)
    expected = dict(theirs.named_parameters())
    assert [name for name, _ in ours.named_parameters()] == list(expected)
    for name, parameter in ours.named_parameters():
        a, b = parameter.detach().numpy(), expected[name].detach().numpy()
        assert a.shape == b.shape, name
        if a.ndim > 1:  # thousands of numbers each
            np.testing.assert_allclose([a.std(), a.max(), a.min()],
                                       [b.std(), b.max(), b.min()], rtol=0.05, err_msg=name)  # fmt: skip


class TheirGPT(torch.nn.Module):
    """nn.GPT once more, of torch's parts and under the same names."""

    def __init__(self, vocab_size: int, context: int, d_model: int, nhead: int, num_layers: int):
        super().__init__()
        nn = torch.nn
        self.token, self.position = (
            nn.Embedding(vocab_size, d_model),
            nn.Embedding(context, d_model),
        )
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                d_model, nhead, 4 * d_model, 0.0, gelu_tanh, batch_first=True, norm_first=True
            )
            for _ in range(num_layers)
        )
        self.norm, self.head = nn.LayerNorm(d_model), nn.Linear(d_model, vocab_size, bias=False)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        length = tokens.shape[1]
        mask = torch.nn.Transformer.generate_square_subsequent_mask(length)
        x = self.token(tokens) + self.position.weight[:length]
        for layer in self.blocks:
            x = layer(x, mask, is_causal=True)
        return self.head(self.norm(x))


def gelu_tanh(x: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.gelu(x, approximate="tanh")


@pytest.mark.parametrize("tied", [True, False])
def test_gpt(tied: bool) -> None:
    """Logits, loss and every gradient agree to 1e-4, and each gradient points the same way."""
    sizes = {"d_model": 32, "nhead": 4, "num_layers": 3}
    ours, theirs = GPT(50, 24, **sizes, tied=tied), TheirGPT(50, 24, **sizes)
    if tied:
        theirs.head.weight = theirs.token.weight
    rng = np.random.default_rng(1)
    state = {k: rng.normal(size=v.shape).astype("f") * 0.2 for k, v in ours.state_dict().items()}
    if tied:
        state["head.weight"] = state["token.weight"]
    ours.load_state_dict({k: OURS["torch"].tensor(v) for k, v in state.items()})
    theirs.load_state_dict({k: torch.tensor(v) for k, v in state.items()})
    tokens = rng.integers(0, 50, (3, 25))
    loss = next_token_loss(ours, tinytorch.core.tensor(tokens))
    logits = theirs(torch.tensor(tokens[:, :-1]))
    expected = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), torch.tensor(tokens[:, 1:].flatten())
    )
    assert_same(ours(tinytorch.core.tensor(tokens[:, :-1])).detach().numpy(),
                logits.detach().numpy(), 1e-4)  # fmt: skip
    assert abs(loss.item() - expected.item()) < 1e-4
    loss.backward()
    expected.backward()
    gradients = dict(theirs.named_parameters())
    assert [name for name, _ in ours.named_parameters()] == list(gradients)
    for name, parameter in ours.named_parameters():
        a, b = parameter.grad.numpy().ravel(), gradients[name].grad.numpy().ravel()
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4, err_msg=name)
        if name.endswith("in_proj_bias"):  # a bias of all keys changes no weight: its gradient is 0
            a, b = (np.delete(x, range(32, 64)) for x in (a, b))
        cosine = a @ b / np.sqrt((a @ a) * (b @ b))
        assert cosine > 0.9999, f"{name}: {cosine}"


@pytest.mark.parametrize("length", [2, 24])
def test_gpt_never_looks_ahead(length: int) -> None:
    tinytorch.core.manual_seed(0)
    model, rng = GPT(50, 24, 32, 4, 2), np.random.default_rng(2)
    tokens = rng.integers(0, 50, (2, length))
    before = model(tinytorch.core.tensor(tokens)).detach().numpy()
    for place in range(length):
        other = tokens.copy()
        other[:, place:] = (other[:, place:] + rng.integers(1, 50, other[:, place:].shape)) % 50
        after = model(tinytorch.core.tensor(other)).detach().numpy()
        assert np.array_equal(before[:, :place], after[:, :place])
        assert not np.array_equal(before[:, place], after[:, place])
