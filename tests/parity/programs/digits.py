"""Handwritten digits: a dataset of one's own, batches, Adam, a schedule, and a test at the end."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from tinytorch_core.digits import load_digits, split
from torch.optim import Adam
from torch.optim.lr_scheduler import CosineAnnealingLR
from torch.utils.data import DataLoader, Dataset


class Digits(Dataset):
    def __init__(self, images, labels):
        self.images, self.labels = images, labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return torch.from_numpy(self.images[index]), self.labels[index]


def initialize(model, seed):
    rng = np.random.default_rng(seed)
    state = {}
    for name, value in model.state_dict().items():
        scale = value.shape[-1] ** -0.5 if value.ndim > 1 else 0.0
        state[name] = torch.tensor(rng.normal(size=tuple(value.shape)) * scale, dtype=value.dtype)
    missing, unexpected = model.load_state_dict(state)
    print("missing:", missing, "unexpected:", unexpected)


def accuracy(model, loader):
    model.eval()
    right = seen = 0
    with torch.no_grad():
        for images, labels in loader:
            right += (model(images).argmax(dim=1) == labels).sum().item()
            seen += len(labels)
    model.train()
    return right / seen


x, y, x_test, y_test = split(*load_digits())
loader = DataLoader(Digits(x, y), batch_size=64)
test_loader = DataLoader(Digits(x_test, y_test), batch_size=256)

model = nn.Sequential(
    nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.0), nn.Linear(32, 10)
)
initialize(model, seed=2)
optimizer = Adam(model.parameters(), lr=0.01)
scheduler = CosineAnnealingLR(optimizer, T_max=5)

losses = []
for epoch in range(5):
    for images, labels in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    scheduler.step()
    print(f"epoch {epoch}: loss {losses[-1]:.4f}, next lr {scheduler.get_last_lr()[0]:.5f}")
losses.append(accuracy(model, test_loader))
print(f"test accuracy {losses[-1]:.1%}")
