"""Which of two classes? Logistic regression with weight decay, stopped when validation gets worse."""

import copy

import numpy as np
import torch
from torch import nn
from torch.optim import AdamW
from torch.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(3)
inputs = rng.normal(size=(120, 20))
chances = 1 / (1 + np.exp(-2 * inputs[:, 0] + inputs[:, 1]))  # the other 18 are noise
labels = (rng.random(120) < chances).astype("float32")
x, y = torch.tensor(inputs).float(), torch.tensor(labels)
train, valid = TensorDataset(x[:60], y[:60]), (x[60:], y[60:])

model = nn.Linear(20, 1)
model.load_state_dict({"weight": torch.zeros(1, 20), "bias": torch.zeros(1)})
optimizer = AdamW(
    [
        {"params": [model.weight], "weight_decay": 0.1},
        {"params": [model.bias], "weight_decay": 0.0},
    ],
    lr=0.03,
)
loss_fn = nn.BCEWithLogitsLoss()


def validation_loss():
    with torch.no_grad():
        return loss_fn(model(valid[0]).squeeze(1), valid[1]).item()


losses, best, best_state, patience = [], float("inf"), None, 5
while patience and len(losses) < 200:
    for inputs, targets in DataLoader(train, batch_size=20):
        loss = loss_fn(model(inputs).squeeze(1), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    losses.append(validation_loss())
    if losses[-1] < best:
        best, best_state, patience = losses[-1], copy.deepcopy(model.state_dict()), 5
    else:
        patience -= 1

model.load_state_dict(best_state)
print(f"stopped after {len(losses)} epochs; best validation loss {validation_loss():.4f}")
assert len(losses) < 200, "it should stop early"
losses += [validation_loss(), *model.weight.flatten().tolist()]
