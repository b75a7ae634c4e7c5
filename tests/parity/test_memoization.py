"""Module 18 beside torch: whatever a cache went through, the logits are those of torch without one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tinytorch.core
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tinytorch.nn import GPT
from tinytorch.optim.memoization import (
    KVCache,
    beam_search,
    branch,
    generate,
    next_logits,
    read,
    reuse,
    step,
)

KINDS, CONTEXT, WIDTH, HEADS, LAYERS = 11, 9, 12, 3, 2
F = torch.nn.functional


def gpt(seed: int = 0, **options: Any) -> Any:
    """One that has opinions: a fresh one finds all tokens equally likely."""
    model, rng = (
        GPT(KINDS, CONTEXT, WIDTH, HEADS, LAYERS, **options).eval(),
        np.random.default_rng(seed),
    )
    for p in model.parameters():
        p.detach().copy_(tinytorch.core.tensor(rng.normal(0, 0.3, p.shape)))
    return model


def theirs(model: Any, tokens: np.ndarray) -> np.ndarray:
    """The logits of ours, by torch's parts with the same weights."""
    state = {name: torch.tensor(t.detach().numpy()) for name, t in model.state_dict().items()}
    length, dtype = tokens.shape[1], state["token.weight"].dtype
    late = torch.nn.Transformer.generate_square_subsequent_mask(length, dtype=dtype)
    x = state["token.weight"][torch.tensor(tokens)] + state["position.weight"][:length]
    for number in range(LAYERS):
        layer = torch.nn.TransformerEncoderLayer(
            WIDTH, HEADS, 4 * WIDTH, 0.0, gelu_tanh, batch_first=True, norm_first=True, dtype=dtype
        )
        here = f"blocks.{number}."
        mine = {k.removeprefix(here): v for k, v in state.items() if k.startswith(here)}
        layer.load_state_dict(mine)
        x = layer(x, late, is_causal=True)
    x = F.layer_norm(x, (WIDTH,), state["norm.weight"], state["norm.bias"])
    return np.asarray((x @ state["head.weight"].T).detach())


def gelu_tanh(x: torch.Tensor) -> torch.Tensor:
    return F.gelu(x, approximate="tanh")


def close(got: Any, expected: np.ndarray) -> None:
    """To 1e-5, as the cache promises."""
    assert got.dtype == expected.dtype
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("double", [True, False])
def test_a_prompt_and_then_steps(tied: bool, double: bool) -> None:
    model = gpt(tied=tied)
    model = model.double() if double else model
    tokens = np.random.default_rng(1).integers(0, KINDS, (4, CONTEXT))
    expected, cache = theirs(model, tokens), KVCache.of(model, 4)
    close(read(model, tinytorch.core.tensor(tokens[:, :3]), cache), expected[:, :3])
    for place in range(3, CONTEXT):
        close(step(model, tokens[:, place], cache), expected[:, place])


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.data())
def test_whatever_a_cache_went_through(data: st.DataObject) -> None:
    """It reads, goes back, branches, and its model changes, in any order."""
    model, rng = gpt(), np.random.default_rng(data.draw(st.integers(0, 99)))
    batch = data.draw(st.integers(1, 3))
    cache, text = KVCache.of(model, batch), rng.integers(0, KINDS, (batch, 1))
    for _ in range(data.draw(st.integers(1, 6))):
        what = data.draw(st.sampled_from(["longer", "other", "branch", "train"]))
        if what == "longer" and text.shape[1] < CONTEXT:
            new = data.draw(st.integers(1, CONTEXT - text.shape[1]))
            text = np.concatenate([text, rng.integers(0, KINDS, (len(text), new))], 1)
        elif what == "other":
            text = text[:, : data.draw(st.integers(1, text.shape[1]))].copy()
            row, place = (data.draw(st.integers(0, size - 1)) for size in text.shape)
            text[row, place] = (text[row, place] + 1) % KINDS
        elif what == "branch":
            rows = data.draw(st.lists(st.integers(0, len(text) - 1), min_size=1, max_size=4))
            cache, text = branch(cache, rows), text[rows]
        elif what == "train":
            for p in model.parameters():
                p.detach().mul_(0.9)
        reuse(cache, model, text)
        close(next_logits(model, text, cache), theirs(model, text)[:, -1])
        assert cache.length == text.shape[1]


@pytest.mark.parametrize("length", [1, 5, CONTEXT, CONTEXT + 3])
def test_greedy_texts_are_torchs_beyond_the_context_too(length: int) -> None:
    model, rng = gpt(3), np.random.default_rng(length)
    text = rng.integers(0, KINDS, (5, length))
    got = generate(model, tinytorch.core.tensor(text), 14, temperature=0)
    for _ in range(14):
        new = theirs(model, text[:, -CONTEXT:])[:, -1].argmax(1)
        text = np.concatenate([text, new[:, None]], 1)
    assert got.tolist() == text.tolist()


def test_a_beams_scores_are_torchs_log_probabilities() -> None:
    model, start = gpt(4), np.array([[1, 5, 2]])
    texts, scores = beam_search(model, tinytorch.core.tensor(start), 5, 6)
    chances = F.log_softmax(torch.tensor(theirs(model, texts.numpy()[:, :-1])), 2).numpy()
    chosen = np.take_along_axis(chances, texts.numpy()[:, 1:, None], 2)[:, 2:, 0]
    np.testing.assert_allclose(scores.numpy(), chosen.sum(1), atol=1e-4)
    assert scores.tolist() == sorted(scores.tolist(), reverse=True)
    assert len({str(text) for text in texts.tolist()}) == 6, "six different texts"
