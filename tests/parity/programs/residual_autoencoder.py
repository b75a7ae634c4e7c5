"""An autoencoder of residual blocks, float64, with clipped gradients and gradients accumulated."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils import clip_grad_norm_
from torch.optim import SGD
from torch.optim.lr_scheduler import LambdaLR


class Block(nn.Module):
    """x plus what two layers say of it."""

    def __init__(self, width):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))
        self.scale = nn.Parameter(torch.ones(1) * 0.5)

    def forward(self, x):
        return x + self.scale * self.layers(x)


class Autoencoder(nn.Module):
    def __init__(self, size, width, code):
        super().__init__()
        self.encoder = nn.ModuleList([nn.Linear(size, width), Block(width), nn.Linear(width, code)])
        self.decoder = nn.ModuleList([nn.Linear(code, width), Block(width), nn.Linear(width, size)])
        self.register_buffer("mean", torch.zeros(size))

    def forward(self, x):
        x = x - self.mean
        for layer in self.encoder:
            x = layer(x)
        for layer in self.decoder:
            x = layer(x)
        return x + self.mean


rng = np.random.default_rng(4)
hidden = rng.normal(size=(96, 3))
data = torch.tensor(np.sin(hidden @ rng.normal(size=(3, 12))) + 2)
model = Autoencoder(12, 16, 3).double()
with torch.no_grad():
    model.mean.copy_(data.mean(dim=0))
    for name, parameter in model.named_parameters():
        if name.endswith("weight"):
            parameter.copy_(torch.tensor(rng.normal(size=tuple(parameter.shape))) * 0.3)
        elif name.endswith("bias"):
            parameter.zero_()

optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-4)
scheduler = LambdaLR(optimizer, lambda step: min(1.0, 0.1 + 0.09 * step))  # warm-up
losses = []
for step in range(60):
    optimizer.zero_grad()
    for part in range(2):  # two half batches, one step
        half = data[part::2]
        smooth = sum((p**2).sum() for p in model.encoder.parameters())
        loss = (F.mse_loss(model(half), half) + 1e-4 * smooth) / 2
        loss.backward()
    norm = clip_grad_norm_(model.parameters(), max_norm=1.0)
    optimizer.step()
    scheduler.step()
    losses += [loss.item(), norm.item(), optimizer.param_groups[0]["lr"]]
    if step % 20 == 0:
        print(f"step {step}: loss {loss.item():.4f}, norm {norm.item():.3f}")
losses.append(F.mse_loss(model(data), data, reduction="sum").item())
