"""A model of text: tables of characters and positions, padding, AdamW, the nearest neighbours."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils import clip_grad_norm_
from torch.optim import AdamW
from torch.utils.data import DataLoader, Dataset

LINES = ["the cat sat", "the rat sat on the mat", "a cat", "that rat ate the mat", "the hat"]
PADDING, CONTEXT = 0, 24
characters = ["<pad>", *sorted(set("".join(LINES)))]
ids = {character: number for number, character in enumerate(characters)}


class Lines(Dataset):
    """Each line, filled up with padding: what to read, and what comes next."""

    def __len__(self):
        return len(LINES)

    def __getitem__(self, index):
        numbers = [ids[character] for character in LINES[index]]
        numbers += [PADDING] * (CONTEXT + 1 - len(numbers))
        return torch.tensor(numbers[:-1]), torch.tensor(numbers[1:])


class Model(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.tokens = nn.Embedding(len(characters), width, padding_idx=PADDING)
        self.positions = nn.Embedding(CONTEXT, width)
        self.body = nn.Sequential(nn.Linear(2 * width, 32), nn.ReLU(), nn.Linear(32, width))

    def forward(self, x):
        h = self.tokens(x) + self.positions(torch.arange(x.shape[1]))
        before = torch.cat([torch.zeros(x.shape[0], 1, h.shape[2]), h[:, :-1]], dim=1)
        return self.body(torch.cat([before, h], dim=2)) @ self.tokens.weight.T


rng = np.random.default_rng(6)
model = Model(12)
with torch.no_grad():
    for parameter in model.parameters():
        parameter.copy_(torch.tensor(rng.normal(size=tuple(parameter.shape)) * 0.3))
    model.tokens.weight[PADDING] = 0.0

optimizer = AdamW(model.parameters(), lr=0.01, weight_decay=0.01)
losses = []
for epoch in range(30):
    for x, y in DataLoader(Lines(), batch_size=2):
        scores = model(x)
        loss = F.cross_entropy(scores.flatten(0, 1), y.flatten(), ignore_index=PADDING)
        optimizer.zero_grad()
        loss.backward()
        clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    if epoch % 10 == 0:
        print(f"epoch {epoch}: {loss.item():.3f}")

table = model.tokens.weight.detach()
near = F.cosine_similarity(table[ids["c"]].unsqueeze(0), table)
losses += near.tolist()
frozen = nn.Embedding.from_pretrained(table, padding_idx=PADDING)
print(frozen, "may learn:", frozen.weight.requires_grad)
losses += frozen(torch.tensor([ids["t"], PADDING])).sum(dim=1).tolist()
