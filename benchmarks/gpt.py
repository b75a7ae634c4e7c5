"""A GPT of 65 tokens, 2 layers, width 64 and 4 heads: one step of training, and 64 tokens written.

The program is the same for both libraries: `lib` has the attributes torch, nn, F and optim.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

VOCABULARY, CONTEXT, WIDTH, HEADS, LAYERS, BATCH = 65, 64, 64, 4, 2, 8


def model(lib: Any) -> Any:
    nn = lib.nn

    def gelu(x: Any) -> Any:
        return lib.F.gelu(x, approximate="tanh")

    def block() -> Any:
        return nn.TransformerEncoderLayer(
            WIDTH, HEADS, 4 * WIDTH, 0.0, gelu, batch_first=True, norm_first=True
        )

    class GPT(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.token = nn.Embedding(VOCABULARY, WIDTH)
            self.position = nn.Embedding(CONTEXT, WIDTH)
            self.blocks = nn.ModuleList([block() for _ in range(LAYERS)])
            self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, VOCABULARY, bias=False)
            late = np.triu(np.full((CONTEXT, CONTEXT), -np.inf, np.float32), 1)
            self.register_buffer("late", lib.torch.tensor(late))

        def forward(self, tokens: Any) -> Any:
            length = tokens.shape[1]
            x = self.token(tokens) + self.position.weight[:length]
            for layer in self.blocks:
                x = layer(x, self.late[:length, :length], is_causal=True)
            return self.head(self.norm(x))

    return GPT()


def training(lib: Any) -> Callable[[], None]:
    """One step on 8 texts of 64 tokens."""
    texts = np.random.default_rng(0).integers(0, VOCABULARY, (BATCH, CONTEXT + 1))
    inputs, targets = lib.torch.tensor(texts[:, :-1]), lib.torch.tensor(texts[:, 1:].flatten())
    net = model(lib)
    moves = lib.optim.AdamW(net.parameters())

    def run() -> None:
        moves.zero_grad()
        lib.F.cross_entropy(net(inputs).flatten(0, 1), targets).backward()
        moves.step()

    return run


def writing(lib: Any) -> Callable[[], None]:
    """64 tokens, each the likeliest one after all that are there."""
    net = model(lib).eval()

    def run() -> None:
        tokens = lib.torch.tensor([[0]])
        with lib.torch.no_grad():
            for _ in range(CONTEXT):
                new = net(tokens)[:, -1].argmax(1)
                tokens = lib.torch.cat([tokens, new.unsqueeze(1)], 1)

    return run
