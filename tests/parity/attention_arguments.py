"""Arguments for what the Architecture tier's modules on attention and transformers offer."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from arguments import FLOATS, Case, Draw, array, covers, one_of, shape, some_of


def seldom(draw: Draw) -> bool:
    return one_of(draw, *[False] * 11, True)


def chance(draw: Draw, size: tuple[int, ...], share: float) -> np.ndarray:
    """Booleans, of which about this share is True."""
    return np.asarray(np.random.default_rng(draw(st.integers(0, 999))).random(size) < share)


@covers("F.layer_norm")
def rows(draw: Draw) -> Case:
    def program(lib: Any, f: Any, x: Any, *more: Any, size: Any, **options: Any) -> Any:
        return f(x, size, *more, **options)

    size = shape(draw, least=1, most=2, sizes=(2, 3, 5))
    kind = ("float64",)  # in float32, rows of nearly equal numbers are mostly rounding
    sizes = [(*shape(draw, most=2), *size), size, size][: draw(st.integers(1, 3))]
    given = [array(draw, each, kind) for each in sizes]
    options = {"size": one_of(draw, size, list(size))} | some_of(draw, eps=(1e-5, 0.1, 1.0))
    if seldom(draw):
        options["size"] = shape(draw, most=2)
    return Case(given, options, program)


@covers("nn.LayerNorm")
def norms(draw: Draw) -> Case:
    def program(lib: Any, cls: Any, x: Any, size: Any, **options: Any) -> Any:
        layer = cls(size, **options).double()
        shown = repr(layer).replace(", bias=True", "").replace(", bias=False", "")
        return [layer(x), list(layer.state_dict()), layer.normalized_shape, layer.eps, shown]

    width = one_of(draw, 2, 3, 5)
    x = array(draw, (2, 3, width), ("float64",))
    size = one_of(draw, width, (width,), [3, width], (2, 3, width), 7)
    more = some_of(draw, eps=(1e-5, 0.1), elementwise_affine=(True, False), bias=(True, False))
    return Case([x], {"size": size} | more, program)


@covers("F.scaled_dot_product_attention")
def looks(draw: Draw) -> Case:
    """Masks of all kinds; rows that see nothing; shapes that seldom do not fit."""

    def program(lib: Any, f: Any, q: Any, k: Any, v: Any, *mask: Any, **options: Any) -> Any:
        return f(q, k, v, *mask, **options)

    kind = (one_of(draw, *FLOATS),)
    batch = shape(draw, most=2, sizes=(1, 2, 3))
    queries, keys, width = (one_of(draw, 1, 2, 3, 5) for _ in range(3))
    sizes = [(*batch, queries, width), (*batch, keys, width), (*batch, keys, width)]
    if seldom(draw):
        sizes[1] = (*batch, keys, width + 1)
    tensors = [array(draw, size, kind) for size in sizes]
    options = some_of(draw, scale=(None, 0.5, 1.0), dropout_p=(0.0, 1.0))
    masked = one_of(draw, "", "causal", "may look", "hidden", "added")
    last = (queries, keys) if one_of(draw, True, False) else (*batch, queries, keys)
    if masked == "causal":
        options["is_causal"] = True
    elif masked == "may look":
        tensors.append(chance(draw, last, 0.6))
    elif masked == "hidden":
        tensors.append(np.where(chance(draw, last, 0.6), 0, -np.inf).astype(kind[0]))
    elif masked == "added":
        tensors.append(array(draw, last, kind))
    return Case(tensors, options, program, learns=4 if masked == "added" else 3)


def filled(lib: Any, module: Any, like: Any) -> Any:
    """The module in the dtype of its input, with weights that depend on nothing but their order."""
    random = np.random.default_rng(4)
    module.to(like.dtype)
    for parameter in module.parameters():
        numbers = random.normal(size=tuple(parameter.shape)) / 3
        parameter.detach().copy_(lib.torch.tensor(numbers.astype("float32")))
    return module


def tensors(lib: Any, masks: dict[str, Any], like: Any) -> dict[str, Any]:
    """Masks that are added take the input's dtype."""
    found = {name: lib.torch.tensor(mask) for name, mask in masks.items()}
    added = {name for name, mask in masks.items() if mask.dtype.kind == "f"}
    return {name: m.to(like.dtype) if name in added else m for name, m in found.items()}


def sequences(draw: Draw, first: bool) -> tuple[np.ndarray, np.ndarray]:
    """Two inputs of width 6: (N, T, 6), or (T, N, 6) unless first, or (T, 6)."""
    batch, here, there = (one_of(draw, 1, 2, 3) for _ in range(3))
    sizes = [(batch, here, 6), (batch, there, 6)]
    if not first:
        sizes = [(size[1], size[0], 6) for size in sizes]
    if one_of(draw, *[False] * 4, True):
        sizes = [(here, 6), (there, 6)]
    one, other = (array(draw, size, ("float32",)) for size in sizes)
    return one, other


def masks(draw: Draw, query: np.ndarray, key: np.ndarray, first: bool) -> dict[str, Any]:
    """Some of the two masks, as arrays. Each query sees at least the first key."""
    batched = query.ndim == 3
    place = 1 if first and batched else 0
    queries, keys = query.shape[place], key.shape[place]
    batch = query.shape[0 if first else 1] if batched else 1
    shapes = {
        "attn_mask": one_of(draw, (queries, keys), (2 * batch, queries, keys)),
        "key_padding_mask": (batch, keys) if batched else (keys,),
    }
    found = {}
    for name in some_of(draw, attn_mask=(True,), key_padding_mask=(True,)):
        hidden = chance(draw, shapes[name], 0.4)
        hidden[..., 0] = False
        found[name] = hidden if one_of(draw, True, False) else (hidden * -9).astype("float32")
    if "attn_mask" in found and seldom(draw):
        found["attn_mask"] = found["attn_mask"][..., :-1]
    return found


def prefixed(found: dict[str, Any], prefix: str) -> dict[str, Any]:
    """The masks as a layer calls them that has several: src_mask, src_key_padding_mask."""
    return {f"{prefix}_{name.removeprefix('attn_')}": mask for name, mask in found.items()}


@covers("nn.MultiheadAttention")
def heads(draw: Draw) -> Case:
    def program(lib: Any, cls: Any, q: Any, k: Any, build: Any, give: Any, masks: Any) -> Any:
        layer = filled(lib, cls(6, 2, **build), q)
        return [*layer(q, k, k, **tensors(lib, masks, q), **give), list(layer.state_dict())]

    first = one_of(draw, True, False)
    query, key = sequences(draw, first)
    build = {"batch_first": first} | some_of(draw, bias=(True, False), dropout=(0.0,))
    give = some_of(draw, need_weights=(True, False), average_attn_weights=(True, False))
    found = masks(draw, query, key, first)
    if seldom(draw):
        give["is_causal"] = True
        found.pop("attn_mask", None)  # it has to be refused
    return Case([query, key], {"build": build, "give": give, "masks": found}, program)


BLOCK = {
    "norm_first": (True, False),
    "activation": ("relu", "gelu"),
    "layer_norm_eps": (1e-5, 0.1),
    "bias": (True, False),
}


@covers("nn.TransformerEncoderLayer")
def blocks(draw: Draw) -> Case:
    def program(lib: Any, cls: Any, x: Any, build: Any, found: Any) -> Any:
        layer = filled(lib, cls(6, 2, 8, 0.0, **build), x)
        return [layer(x, **tensors(lib, found, x)), list(layer.state_dict())]

    first = one_of(draw, True, False)
    x, _ = sequences(draw, first)
    found = prefixed(masks(draw, x, x, first), "src")
    build = {"batch_first": first} | some_of(draw, **BLOCK)
    return Case([x], {"build": build, "found": found}, program)


@covers("nn.TransformerEncoder")
def stacks(draw: Draw) -> Case:
    def program(lib: Any, cls: Any, x: Any, build: Any, last: bool, layers: int, late: Any) -> Any:
        block = lib.nn.TransformerEncoderLayer(6, 2, 8, 0.0, batch_first=True, **build)
        norm = lib.nn.LayerNorm(6) if last else None
        stack = filled(lib, cls(block, layers, norm), x)
        mask = lib.torch.tensor(~np.tri(x.shape[1], dtype=bool))
        options = {} if late is False else {"mask": mask, "is_causal": late}
        return [stack(x, **options), list(stack.state_dict())]

    x = array(draw, (one_of(draw, 1, 2), one_of(draw, 1, 2, 4), 6), ("float32",))
    more = {"last": one_of(draw, True, False), "layers": one_of(draw, 1, 2, 3)}
    late = one_of(draw, False, True, None)
    return Case([x], {"build": some_of(draw, **BLOCK), "late": late} | more, program)


def decoding(draw: Draw, first: bool) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """What is written, what it looks at, and some of the four masks."""
    tgt, memory = sequences(draw, first)
    found = prefixed(masks(draw, tgt, tgt, first), "tgt")
    return tgt, memory, found | prefixed(masks(draw, tgt, memory, first), "memory")


@covers("nn.TransformerDecoderLayer")
def blocks_with_memory(draw: Draw) -> Case:
    def program(lib: Any, cls: Any, x: Any, m: Any, build: Any, found: Any, give: Any) -> Any:
        layer = filled(lib, cls(6, 2, 8, 0.0, **build), x)
        return [layer(x, m, **tensors(lib, found, x), **give), list(layer.state_dict())]

    first = one_of(draw, True, False)
    tgt, memory, found = decoding(draw, first)
    build, give = {"batch_first": first} | some_of(draw, **BLOCK), {}
    if seldom(draw):
        side = one_of(draw, "tgt", "memory")
        give[f"{side}_is_causal"] = True
        found.pop(f"{side}_mask", None)  # it has to be refused
    return Case([tgt, memory], {"build": build, "found": found, "give": give}, program)


@covers("nn.TransformerDecoder")
def stacks_with_memory(draw: Draw) -> Case:
    def program(
        lib: Any, cls: Any, x: Any, m: Any, build: Any, last: bool, layers: int, found: Any
    ) -> Any:
        block = lib.nn.TransformerDecoderLayer(6, 2, 8, 0.0, **build)
        norm = lib.nn.LayerNorm(6) if last else None
        stack = filled(lib, cls(block, layers, norm), x)
        return [stack(x, m, **tensors(lib, found, x)), list(stack.state_dict())]

    first = one_of(draw, True, False)
    tgt, memory, found = decoding(draw, first)
    more = {"last": one_of(draw, True, False), "layers": one_of(draw, 1, 2, 3), "found": found}
    return Case(
        [tgt, memory], {"build": {"batch_first": first} | some_of(draw, **BLOCK)} | more, program
    )


@covers("nn.Transformer")
def two_stacks(draw: Draw) -> Case:
    """All six masks, the causal one among them; batches and widths that seldom do not fit."""

    def program(
        lib: Any, cls: Any, src: Any, tgt: Any, build: Any, found: Any, late: bool | None
    ) -> Any:
        model = filled(lib, cls(6, 2, dim_feedforward=8, dropout=0.0, **build), src)
        given = tensors(lib, found, src)
        if late is not False:
            length = tgt.shape[1 if build["batch_first"] and tgt.ndim == 3 else 0]
            given["tgt_mask"] = cls.generate_square_subsequent_mask(length, dtype=src.dtype)
        return [model(src, tgt, **given, tgt_is_causal=late), list(model.state_dict()),
                [name for name, _ in model.named_modules()], model.d_model, model.nhead]  # fmt: skip

    first = one_of(draw, True, False)
    tgt, src, found = decoding(draw, first)
    found |= prefixed(masks(draw, src, src, first), "src")
    late = one_of(draw, False, True, None)
    wrong = one_of(draw, *[""] * 9, "batch", "width")
    if wrong == "batch":
        src = np.concatenate([src, src], 0 if first or src.ndim == 2 else 1)
    elif wrong == "width":
        src = src[..., :5]
    layers = some_of(draw, num_encoder_layers=(1, 2), num_decoder_layers=(1, 3))
    layers = {"num_encoder_layers": 1, "num_decoder_layers": 1} | layers
    build = {"batch_first": first} | layers | some_of(draw, **BLOCK)
    return Case([src, tgt], {"build": build, "found": found, "late": late}, program)
