"""Sentences of different lengths through a transformer's encoder: padding, a mean, classes."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim import SGD

WIDTH, WORDS, CLASSES, LONGEST = 16, 12, 3, 7


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(WORDS, WIDTH, padding_idx=0)
        block = nn.TransformerEncoderLayer(
            WIDTH, nhead=4, dim_feedforward=32, dropout=0.0, activation="gelu", batch_first=True
        )
        self.encoder = nn.TransformerEncoder(block, num_layers=2, norm=nn.LayerNorm(WIDTH))
        self.look = nn.MultiheadAttention(WIDTH, 2)
        self.question = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.head = nn.Linear(WIDTH, CLASSES)

    def forward(self, sentences, padding):
        x = self.encoder(self.words(sentences), src_key_padding_mask=padding)
        x = x.transpose(0, 1)  # time comes first unless one says otherwise
        question = torch.cat([self.question] * x.shape[1], dim=1)
        answer, weights = self.look(question, x, x, key_padding_mask=padding)
        return self.head(answer[0]), weights


rng = np.random.default_rng(12)
model = Reader()
with torch.no_grad():
    for parameter in model.parameters():
        parameter.copy_(torch.tensor(rng.normal(size=tuple(parameter.shape)) * 0.3))
    model.words.weight[0] = 0.0

lengths = rng.integers(2, LONGEST + 1, 24)
sentences = rng.integers(1, WORDS, (24, LONGEST)) * (np.arange(LONGEST) < lengths[:, None])
x, y = torch.tensor(sentences), torch.tensor(sentences[:, 0] % CLASSES)
padding = x == 0
optimizer = SGD(model.parameters(), lr=0.05, momentum=0.9)
losses = []
for step in range(30):
    scores, weights = model(x, padding)
    loss = F.cross_entropy(scores, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
    if step % 10 == 0:
        print(f"step {step}: {loss.item():.2f}")

losses += weights.mean(dim=0).flatten().tolist()
losses += [float((weights[:, 0] * padding.float()).sum().item())]
print("keys:", [key for key in model.state_dict() if key.startswith("encoder.layers.1")])
