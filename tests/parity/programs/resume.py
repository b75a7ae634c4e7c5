"""Training that is interrupted, saved, loaded into fresh objects, and goes on as if nothing had been."""

import io

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim import Adam
from torch.optim.lr_scheduler import StepLR

rng = np.random.default_rng(5)
x = torch.tensor(rng.normal(size=(64, 5)), dtype=torch.float32)
y = torch.tensor(rng.integers(0, 3, 64))
START = [rng.normal(size=size) * 0.5 for size in [(16, 5), (16,), (3, 16), (3,)]]


def fresh():
    model = nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Linear(16, 3))
    for parameter, value in zip(model.parameters(), START, strict=True):
        parameter.data = torch.tensor(value, dtype=torch.float32)
    optimizer = Adam(model.parameters(), lr=0.05, amsgrad=True)
    return model, optimizer, StepLR(optimizer, step_size=5, gamma=0.5)


def train(model, optimizer, scheduler, steps):
    history = []
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        history.append(loss.item())
    return history


def weights_as_bytes(model):
    file = io.BytesIO()
    np.savez(file, **{name: value.numpy() for name, value in model.state_dict().items()})
    return file.getvalue()


def weights_of(saved):
    with np.load(io.BytesIO(saved)) as arrays:
        return {name: torch.tensor(arrays[name]) for name in arrays.files}


whole = train(*fresh(), steps=20)

model, optimizer, scheduler = fresh()
losses = train(model, optimizer, scheduler, steps=8)
saved = weights_as_bytes(model)
optimizer_state, scheduler_state = optimizer.state_dict(), scheduler.state_dict()

model, optimizer, scheduler = fresh()
model.load_state_dict(weights_of(saved))
optimizer.load_state_dict(optimizer_state)
scheduler.load_state_dict(scheduler_state)
losses += train(model, optimizer, scheduler, steps=12)

print("as if nothing had been:", np.allclose(losses, whole))
assert np.allclose(losses, whole)
