"""A GPT written by hand: fused attention with a causal mask, tied weights, accumulated gradients."""

import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

TEXT = "the quick brown fox jumps over the lazy dog. " * 4
CONTEXT, WIDTH, HEADS, LAYERS = 16, 24, 3, 2
letters = sorted(set(TEXT))
ids = np.array([letters.index(letter) for letter in TEXT])


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.ask = nn.Linear(WIDTH, 3 * WIDTH)
        self.tell = nn.Linear(WIDTH, WIDTH)

    def forward(self, x):
        batch, length, width = x.shape
        apart = self.ask(x).view(batch, length, 3, HEADS, width // HEADS).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(apart[0], apart[1], apart[2], is_causal=True)
        return self.tell(mixed.transpose(1, 2).reshape(batch, length, width))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attention = Attention()
        self.think = nn.Sequential(
            nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(approximate="tanh"), nn.Linear(4 * WIDTH, WIDTH)
        )

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.think(self.norm2(x))


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.token = nn.Embedding(len(letters), WIDTH)
        self.position = nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.Sequential(*[Block() for _ in range(LAYERS)])
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, len(letters), bias=False)
        self.head.weight = self.token.weight

    def forward(self, tokens):
        positions = self.position(torch.arange(tokens.shape[1]))
        return self.head(self.norm(self.blocks(self.token(tokens) + positions)))


rng = np.random.default_rng(11)
model = GPT()
with torch.no_grad():
    for name, parameter in model.named_parameters():
        if "norm" not in name:  # those start the same everywhere
            parameter.copy_(torch.tensor(rng.normal(size=tuple(parameter.shape)) * 0.1))
print(sum(parameter.numel() for parameter in model.parameters()), "parameters")

decayed = [p for p in model.parameters() if p.dim() == 2]
others = [p for p in model.parameters() if p.dim() != 2]
optimizer = AdamW(
    [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}], lr=5e-3
)
schedule = LambdaLR(optimizer, lambda step: min(1, (step + 1) / 5) * math.cos(step / 40))
losses = []
for step in range(40):
    for _ in range(2):
        begins = rng.integers(0, len(ids) - CONTEXT - 1, 4)
        texts = torch.tensor(np.stack([ids[b : b + CONTEXT + 1] for b in begins]))
        logits = model(texts[:, :-1])
        loss = F.cross_entropy(logits.view(-1, len(letters)), texts[:, 1:].reshape(-1)) / 2
        loss.backward()
        losses.append(loss.item())
    optimizer.step()
    optimizer.zero_grad()
    schedule.step()
    if step % 10 == 0:
        print(f"step {step}: {loss.item():.2f}")

tokens = torch.tensor(ids[None, :4])
model.eval()
with torch.no_grad():
    for _ in range(12):
        likeliest = model(tokens)[:, -1].argmax(dim=-1)
        tokens = torch.cat([tokens, likeliest.unsqueeze(1)], dim=1)
print("".join(letters[number] for number in tokens[0].tolist()))
