"""Every layer that has parameters, small, in float64, and with inputs: for law 4.

The parameters are filled with random numbers, because ones and zeros hide mistakes; a layer whose
parameters are random anyway could still begin with a bias of zeros.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tinytorch.core as torch
from tinytorch import nn
from tinytorch.nn import functional as F
from tinytorch.nn.transformer import next_token_loss


@dataclass(frozen=True)
class Layer:
    """`call(layer, *inputs)` is differentiated by all floating inputs and by all parameters."""

    build: Callable[[], Any]
    inputs: tuple[np.ndarray, ...]
    call: Callable[..., Any] = lambda layer, *inputs: layer(*inputs)

    def filled(self) -> Any:
        layer, random = self.build().double(), np.random.default_rng(5)
        for parameter in layer.parameters():
            parameter.detach().numpy()[...] = random.normal(size=tuple(parameter.shape)) / 2
        return layer


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(len(shape)).normal(size=shape)


def used(layer: Any) -> Any:
    """The layer as it is in use, with running moments of a batch."""
    layer(torch.tensor(numbers(3, 2, 2, 2).astype("float32") * 2 + 1))
    return layer.eval()


def block(**options: Any) -> Any:
    return nn.TransformerEncoderLayer(4, 2, 6, 0.0, batch_first=True, **options)


HIDDEN = np.array([[False, True, False], [False, False, True], [False, False, False]])
PADDED = np.array([[False, False, True], [False, False, False]])
IDS = np.array([[4, 0, 2], [3, 4, 4]])
SEQUENCE = numbers(2, 3, 4)

# A name, and after a colon what is tried of it.
LAYERS: dict[str, Layer] = {
    "nn.Linear": Layer(lambda: nn.Linear(3, 2), (numbers(2, 3),)),
    "nn.Conv2d": Layer(lambda: nn.Conv2d(2, 3, (3, 2), padding=1), (numbers(2, 2, 4, 5),)),
    "nn.Conv2d: groups": Layer(
        lambda: nn.Conv2d(4, 6, 2, stride=2, groups=2, dilation=2, bias=False),
        (numbers(1, 4, 6, 5),),
    ),
    "nn.BatchNorm2d": Layer(lambda: nn.BatchNorm2d(2), (numbers(3, 2, 2, 2),)),
    "nn.BatchNorm2d: in use": Layer(lambda: used(nn.BatchNorm2d(2)), (numbers(3, 2, 2, 2),)),
    "nn.Embedding": Layer(lambda: nn.Embedding(5, 3), (IDS,)),
    "nn.Embedding: padding": Layer(lambda: nn.Embedding(5, 3, padding_idx=1), (IDS,)),
    "nn.LearnedPositions": Layer(lambda: nn.LearnedPositions(5, 4), (SEQUENCE,)),
    "nn.LearnedPositions: later": Layer(
        lambda: nn.LearnedPositions(5, 4), (SEQUENCE,), lambda layer, x: layer(x, start=2)
    ),
    "nn.SinusoidalPositions": Layer(lambda: nn.SinusoidalPositions(5, 4), (SEQUENCE,)),
    "nn.LayerNorm": Layer(lambda: nn.LayerNorm(4), (SEQUENCE,)),
    "nn.LayerNorm: two dimensions": Layer(lambda: nn.LayerNorm((3, 4), bias=False), (SEQUENCE,)),
    "nn.MultiheadAttention": Layer(
        lambda: nn.MultiheadAttention(4, 2, batch_first=True),
        (SEQUENCE, numbers(2, 3, 4) * 2, numbers(2, 3, 4) * 3),
    ),
    "nn.MultiheadAttention: masks": Layer(
        lambda: nn.MultiheadAttention(4, 2, batch_first=True),
        (SEQUENCE, HIDDEN, PADDED),
        lambda layer, x, hidden, padded: layer(
            x, x, x, attn_mask=hidden, key_padding_mask=padded, average_attn_weights=False
        ),
    ),
    "nn.MultiheadAttention: causal, without weights": Layer(
        lambda: nn.MultiheadAttention(4, 2, bias=False),
        (numbers(3, 4),),
        lambda layer, x: layer(
            x, x, x, need_weights=False, is_causal=True, attn_mask=torch.tensor(~np.tri(3, dtype=bool))
        )[0],
    ),
    "nn.TransformerEncoderLayer": Layer(block, (SEQUENCE,)),
    "nn.TransformerEncoderLayer: norm first": Layer(
        lambda: block(norm_first=True, activation=F.gelu),
        (SEQUENCE, PADDED),
        lambda layer, x, padded: layer(x, src_key_padding_mask=padded),
    ),
    "nn.TransformerEncoder": Layer(
        lambda: nn.TransformerEncoder(block(), 2, nn.LayerNorm(4)),
        (SEQUENCE, HIDDEN),
        lambda layer, x, hidden: layer(x, mask=hidden),
    ),
    "nn.GPT": Layer(lambda: nn.GPT(5, 4, 4, 2, 2), (IDS,)),
    "nn.GPT: not tied, and its loss": Layer(
        lambda: nn.GPT(5, 4, 4, 2, 1, tied=False), (IDS,), next_token_loss
    ),
}  # fmt: skip
