"""Module 11 against torch: lookups, their gradients, and a language model that learns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle import OURS, THEIRS, Program, assert_same, both

RNG = np.random.default_rng(11)
WEIGHT = RNG.normal(size=(7, 3)).astype("float32")
IDS = np.array([[1, 6, 1, 0], [1, 0, 3, 1]])
UPSTREAM = RNG.normal(size=(2, 4, 3)).astype("float32")

LOOKUPS: dict[str, Program] = {
    "values": lambda lib, ids, w: [lib.F.embedding(ids, w), lib.F.embedding(ids[0, 2], w)],
    "padding": lambda lib, ids, w: [lib.F.embedding(ids, w, p) for p in (0, -1, 6, -7)],
    "no ids": lambda lib, ids, w: lib.F.embedding(ids[:0], w),
    "int32": lambda lib, ids, w: lib.F.embedding(ids.to(lib.torch.int32), w),
    "float64": lambda lib, ids, w: lib.F.embedding(ids, w.to(lib.torch.float64)),
    "id too large": lambda lib, ids, w: lib.F.embedding(ids + 1, w),
    "id below 0": lambda lib, ids, w: lib.F.embedding(ids - 1, w),
    "ids of floats": lambda lib, ids, w: lib.F.embedding(ids.float(), w),
    "ids of int8": lambda lib, ids, w: lib.F.embedding(ids.to(lib.torch.int8), w),
    "weight of one dimension": lambda lib, ids, w: lib.F.embedding(ids, w[0]),
    "padding too large": lambda lib, ids, w: lib.F.embedding(ids, w, 7),
    "padding too small": lambda lib, ids, w: lib.F.embedding(ids, w, padding_idx=-8),
}


@pytest.mark.parametrize("name", LOOKUPS)
def test_lookups(name: str) -> None:
    ours, theirs = both(LOOKUPS[name], IDS, WEIGHT)
    assert_same(ours, theirs)
    if isinstance(theirs, Exception):
        assert type(ours) is type(theirs)


@pytest.mark.parametrize("padding", [None, 0, 1, -1, -7])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_of_repeated_ids(padding: int | None, dtype: str) -> None:
    def program(lib: Any, ids: Any, weight: Any, upstream: Any) -> Any:
        weight.requires_grad_()
        output = lib.F.embedding(ids, weight, padding) * lib.F.embedding(ids, weight)
        output.backward(upstream)
        return [output, weight.grad]

    assert_same(*both(program, IDS, WEIGHT.astype(dtype), UPSTREAM.astype(dtype)))


@given(st.data())
def test_gradients_for_any_sizes(data: st.DataObject) -> None:
    rows, width = data.draw(st.integers(1, 9)), data.draw(st.integers(0, 5))
    shape = tuple(data.draw(st.lists(st.integers(0, 4), max_size=3)))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))

    def program(lib: Any, ids: Any, weight: Any, upstream: Any) -> Any:
        weight.requires_grad_()
        lib.F.embedding(ids, weight).backward(upstream)
        return weight.grad

    ids, upstream = rng.integers(0, rows, shape), rng.normal(size=(*shape, width))
    assert_same(*both(program, np.asarray(ids), np.ones((rows, width)), upstream), 1e-9)


LAYERS: dict[str, Program] = {
    "repr": lambda lib, w: [repr(lib.nn.Embedding(5, 2)), repr(lib.nn.Embedding(5, 2, -1))],
    "state": lambda lib, w: list(lib.nn.Embedding(5, 2).state_dict()),
    "parameters": lambda lib, w: [
        [name, list(p.shape), p.requires_grad]
        for name, p in lib.nn.Embedding(5, 2, padding_idx=3).named_parameters()
    ],
    "sizes": lambda lib, w: [
        [layer.num_embeddings, layer.embedding_dim, layer.padding_idx]
        for layer in (lib.nn.Embedding(5, 2), lib.nn.Embedding(5, 2, -2))
    ],
    "padding is 0": lambda lib, w: lib.nn.Embedding(5, 2, 4).weight[4],
    "wrong padding": lambda lib, w: lib.nn.Embedding(5, 2, 5),
    "pretrained": lambda lib, w: [
        lib.nn.Embedding.from_pretrained(w)(lib.torch.tensor([1, 2])),
        lib.nn.Embedding.from_pretrained(w).weight.requires_grad,
        lib.nn.Embedding.from_pretrained(w, freeze=False, padding_idx=-1).weight.requires_grad,
        lib.nn.Embedding.from_pretrained(w, padding_idx=0).padding_idx,
        repr(lib.nn.Embedding.from_pretrained(w)),
    ],
    "a pretrained table is shared": lambda lib, w: [
        lib.nn.Embedding.from_pretrained(w).weight.detach().zero_(), w
    ],
    "pretrained padding keeps its row": lambda lib, w: lib.nn.Embedding.from_pretrained(
        w, padding_idx=0
    ).weight,
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name: str) -> None:
    ours, theirs = both(LAYERS[name], WEIGHT)
    if name in ("repr", "state", "parameters", "sizes"):
        assert ours == theirs
    else:
        assert_same(ours, theirs)


def test_the_first_vectors_have_torchs_distribution() -> None:
    for library in (OURS, THEIRS):
        library["torch"].manual_seed(0)
        weight = library["nn"].Embedding(200, 300).weight.detach().numpy()
        assert abs(weight.mean()) < 0.01
        assert abs(weight.std() - 1) < 0.01
        assert abs((weight**4).mean() - 3) < 0.1  # the normal distribution's, and few others'


COSINES: dict[str, Program] = {
    "every dim": lambda lib, x, y: [
        lib.F.cosine_similarity(x, y, dim=d) for d in (0, 1, 2, -1, -3)
    ],
    "default": lambda lib, x, y: lib.F.cosine_similarity(x, y),
    "broadcast": lambda lib, x, y: lib.F.cosine_similarity(x[:, None], y[None], dim=-1),
    "eps": lambda lib, x, y: lib.F.cosine_similarity(x, y * 1e-3, eps=0.5),
    "nothing": lambda lib, x, y: lib.F.cosine_similarity(x * 0, y),
    "float64": lambda lib, x, y: lib.F.cosine_similarity(
        x.to(lib.torch.float64), y.to(lib.torch.float64), -1
    ),
}


@pytest.mark.parametrize("name", COSINES)
def test_cosines_and_their_gradients(name: str) -> None:
    def program(lib: Any, x: Any, y: Any) -> Any:
        x.requires_grad_()
        y.requires_grad_()
        outputs = COSINES[name](lib, x, y)
        outputs = outputs if isinstance(outputs, list) else [outputs]
        for output in outputs:
            output.sum().backward()
        return [*outputs, y.grad]

    assert_same(*both(program, UPSTREAM, RNG.normal(size=(2, 4, 3)).astype("float32")))


def test_positions_follow_the_formula() -> None:
    torch, table = THEIRS["torch"], OURS["F"].sinusoidal_positions(70, 12).numpy()
    position = torch.arange(70, dtype=torch.float64)[:, None]
    angle = position / 10000 ** (torch.arange(0, 12, 2, dtype=torch.float64) / 12)
    expected = torch.stack([angle.sin(), angle.cos()], -1).flatten(1)
    np.testing.assert_allclose(table, expected.numpy(), atol=1e-6)


def test_a_language_model_learns_the_same_numbers() -> None:
    """Token and position tables, a layer, cross-entropy over 30 steps of AdamW."""
    tokens = RNG.integers(0, 7, size=(6, 9))
    layer = RNG.normal(size=(7, 3)).astype("float32")
    places = RNG.normal(size=(8, 3)).astype("float32")

    def program(lib: Any, tokens: Any, token: Any, place: Any, weight: Any) -> Any:
        table = lib.nn.Embedding.from_pretrained(token, freeze=False, padding_idx=2)
        positions = lib.nn.Embedding.from_pretrained(place, freeze=False)
        last = lib.nn.Linear(3, 7, bias=False)
        last.load_state_dict({"weight": weight})
        parameters = [table.weight, positions.weight, last.weight]
        optimizer = lib.optim.AdamW(parameters, lr=0.05)
        losses = []
        for _ in range(30):
            x, y = tokens[:, :-1], tokens[:, 1:]
            scores = last(table(x) + positions(lib.torch.arange(8)))
            loss = lib.F.cross_entropy(scores.reshape(-1, 7), y.reshape(-1))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        return [*losses, *(p.detach() for p in parameters)]

    assert_same(*both(program, tokens, WEIGHT, places, layer), 1e-3)
