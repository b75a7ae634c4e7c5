"""Words of different lengths, spelled backwards by an encoder and a decoder that looks at it."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim import AdamW

PAD, START, LETTERS, LONGEST, WIDTH = 0, 1, 8, 5, 32


class Speller(nn.Module):
    def __init__(self):
        super().__init__()
        self.letters = nn.Embedding(LETTERS, WIDTH, padding_idx=PAD)
        self.places = nn.Parameter(torch.zeros(LONGEST + 1, WIDTH))
        self.core = nn.Transformer(
            WIDTH,
            nhead=4,
            num_encoder_layers=1,
            num_decoder_layers=1,
            dim_feedforward=64,
            dropout=0.0,
            batch_first=True,
            norm_first=False,
        )
        self.head = nn.Linear(WIDTH, LETTERS)

    def place(self, tokens):
        return self.letters(tokens) + self.places[: tokens.shape[1]]

    def forward(self, words, written):
        late = self.core.generate_square_subsequent_mask(written.shape[1], dtype=torch.float64)
        gone = words == PAD
        output = self.core(
            self.place(words),
            self.place(written),
            tgt_mask=late,
            src_key_padding_mask=gone,
            memory_key_padding_mask=gone,
            tgt_is_causal=True,
        )
        return self.head(output)


def some_words(count):
    """Words (count, LONGEST), and the same backwards; both end in padding."""
    words = np.zeros((count, LONGEST), "int64")
    turned = words.copy()
    for row, length in enumerate(rng.integers(2, LONGEST + 1, count)):
        letters = rng.integers(2, LETTERS, length)
        words[row, :length], turned[row, :length] = letters, letters[::-1]
    return torch.tensor(words), torch.tensor(turned)


def shifted(turned):
    """What the decoder has written before each letter: the start, and all letters but the last."""
    start = torch.full((turned.shape[0], 1), START)
    return torch.cat([start, turned[:, :-1]], dim=1)


rng = np.random.default_rng(2017)
model = Speller().double()  # so that rounding does not grow over the steps
with torch.no_grad():
    for name, parameter in model.named_parameters():
        if "norm" not in name:
            numbers = rng.normal(size=tuple(parameter.shape))
            parameter.copy_(torch.tensor(numbers / max(parameter.shape) ** 0.5))

optimizer = AdamW(model.parameters(), lr=3e-3)
losses = []
for step in range(160):
    words, turned = some_words(32)
    scores = model(words, shifted(turned))
    loss = F.cross_entropy(scores.flatten(0, 1), turned.flatten(), ignore_index=PAD)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
    if step % 50 == 0:
        print(f"step {step}: {loss.item():.2f}")

words, turned = some_words(64)
written = torch.full((64, 1), START)
with torch.no_grad():
    for _ in range(LONGEST):
        best = model(words, written)[:, -1].argmax(dim=1)
        written = torch.cat([written, best.unsqueeze(1)], dim=1)
right = (written[:, 1:] == turned)[turned != PAD].float().mean().item()
print(f"letters that are right: {right:.2f}")
losses.append(right)
