"""A line through noisy points, by SGD with momentum on random batches."""

import numpy as np
import torch
from torch import optim

rng = np.random.default_rng(0)
SLOPES, OFFSET = np.array([2.0, -3.0, 0.5]), 4.0
inputs = rng.normal(size=(200, 3))
x = torch.tensor(inputs, dtype=torch.float32)
y = torch.tensor(inputs @ SLOPES + OFFSET + rng.normal(size=200) * 0.1, dtype=torch.float32)

weight = torch.zeros(3, requires_grad=True)
bias = torch.zeros(1, requires_grad=True)
optimizer = optim.SGD([weight, bias], lr=0.05, momentum=0.8)

losses = []
for epoch in range(10):
    order = rng.permutation(200)
    for start in range(0, 200, 25):
        batch = torch.tensor(order[start : start + 25])
        prediction = x[batch] @ weight + bias
        loss = ((prediction - y[batch]) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(f"epoch {epoch}: {loss.item():.4f}")

with torch.no_grad():
    residual = y - (x @ weight + bias)
    print("noise", residual.std().item(), "slopes", weight.tolist(), "offset", bias.item())
    losses += [residual.abs().max().item(), *weight.tolist(), bias.item()]
    print("all slopes found:", torch.allclose(weight, torch.tensor([2.0, -3.0, 0.5]), atol=0.05))
