"""A GPT writes 64 tokens with a cache: beside torch with a cache, and beside itself without one.

    python benchmarks/cached.py

The three write the same tokens, or the program ends. torch's side is written as one would for speed:
heads by one product, its own attention on views of arrays that are there from the start, a text with
room for all tokens, and `inference_mode`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import tinytorch.core as tiny
import torch
import torch.nn.functional as F
from tinytorch.nn import GPT
from tinytorch.nn.transformer import generate
from tinytorch.optim import memoization
from torch import nn

from paired import calls, in_turns

ROUNDS = 25
VOCABULARY, CONTEXT, WIDTH, HEADS, LAYERS = 65, 64, 64, 4, 2
BESIDE_TORCH, TIMES_AS_FAST = 0.8, 2.3

Cache = list[tuple[torch.Tensor, torch.Tensor]]


class Block(nn.Module):
    """A block of module 13, whose parameters have the same names."""

    def __init__(self) -> None:
        super().__init__()
        self.self_attn = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.linear1, self.linear2 = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)

    def forward(self, x: Any, keys: torch.Tensor, values: torch.Tensor, past: int) -> Any:
        attention, (batch, new, _) = self.self_attn, x.shape
        heads = F.linear(self.norm1(x), attention.in_proj_weight, attention.in_proj_bias)
        query, key, value = heads.view(batch, new, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        keys[:, :, past : past + new], values[:, :, past : past + new] = key, value
        seen = keys[:, :, : past + new], values[:, :, : past + new]
        mixed = F.scaled_dot_product_attention(query, *seen, is_causal=new > 1)
        x = x + attention.out_proj(mixed.transpose(1, 2).reshape(batch, new, WIDTH))
        hidden = F.gelu(self.linear1(self.norm2(x)), approximate="tanh")
        return x + self.linear2(hidden)


class Theirs(nn.Module):
    """The GPT of module 13 in torch, which loads its state."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Embedding(VOCABULARY, WIDTH)
        self.position = nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.ModuleList([Block() for _ in range(LAYERS)])
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, VOCABULARY, bias=False)

    def forward(self, tokens: torch.Tensor, cache: Cache, past: int) -> Any:
        x = self.token(tokens) + self.position.weight[past : past + tokens.shape[1]]
        for block, (keys, values) in zip(self.blocks, cache, strict=True):
            x = block(x, keys, values, past)
        return self.head(self.norm(x))

    @torch.inference_mode()
    def generate(self, tokens: torch.Tensor, max_new_tokens: int) -> torch.Tensor:
        """The likeliest token, so many times."""
        batch, length = tokens.shape
        size = batch, HEADS, CONTEXT, WIDTH // HEADS
        cache = [(torch.empty(size), torch.empty(size)) for _ in self.blocks]
        text = torch.empty((batch, length + max_new_tokens), dtype=torch.int64)
        text[:, :length] = tokens
        past = 0
        for end in range(length, length + max_new_tokens):
            text[:, end] = self(text[:, past:end], cache, past)[:, -1].argmax(1)
            past = end
        return text


def writers() -> dict[str, Callable[[], list[list[int]]]]:
    """Three ways to the same 64 tokens after one."""
    ours, theirs = GPT(VOCABULARY, CONTEXT, WIDTH, HEADS, LAYERS).eval(), Theirs().eval()
    state = {name: torch.tensor(t.numpy()) for name, t in ours.state_dict().items()}
    theirs.load_state_dict(state)
    mine, other = tiny.tensor([[0]]), torch.tensor([[0]])
    return {
        "cached": lambda: memoization.generate(ours, mine, CONTEXT, temperature=0).tolist(),
        "torch": lambda: theirs.generate(other, CONTEXT).tolist(),
        "uncached": lambda: generate(ours, mine, CONTEXT, temperature=0).tolist(),
    }


def table() -> tuple[list[str], bool]:
    """The rows, and whether both goals were reached."""
    torch.set_num_threads(1)
    tiny.manual_seed(0)
    ways = writers()
    if len({str(write()) for write in ways.values()}) > 1:
        sys.exit("the three don't write the same tokens")
    numbers = {"cached": 3, "torch": 3, "uncached": 1}
    runs = {name: calls(write, numbers[name]) for name, write in ways.items()}
    times = in_turns(runs, ROUNDS)
    cached, beside, without = (times[name] for name in ways)
    ratio, gain = cached.ratio(beside), without.ratio(cached)
    reached = ratio <= BESIDE_TORCH, gain >= TIMES_AS_FAST
    ends = ["" if good else " (missed)" for good in reached]
    return [
        "| 64 tokens with a cache | with it, ms | the other, ms | | goal |",
        "| --- | --- | --- | --- | --- |",
        f"| beside torch with a cache | {cached.typical * 1e3:.3g} | {beside.typical * 1e3:.3g} | "
        f"{ratio:.2f} of its time | ≤ {BESIDE_TORCH}{ends[0]} |",
        f"| beside TinyTorch without one | {cached.typical * 1e3:.3g} | "
        f"{without.typical * 1e3:.3g} | {gain:.2f} times as fast | ≥ {TIMES_AS_FAST}{ends[1]} |",
    ], all(reached)


if __name__ == "__main__":
    rows, reached = table()
    print("\n".join(rows))
    sys.exit(not reached)
