"""XOR with one hidden layer, and gradient descent written out by hand."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = torch.tensor([0.0, 1.0, 1.0, 0.0])


class Net(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.hidden = nn.Linear(2, hidden)
        self.output = nn.Linear(hidden, 1)

    def forward(self, x):
        return self.output(torch.tanh(self.hidden(x))).flatten()


rng = np.random.default_rng(1)
net = Net(hidden=8)
with torch.no_grad():
    for parameter in net.parameters():
        parameter.copy_(torch.tensor(rng.normal(size=tuple(parameter.shape))))

losses = []
for step in range(300):
    loss = F.binary_cross_entropy_with_logits(net(x), y)
    net.zero_grad()
    loss.backward()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter -= 0.5 * parameter.grad
    losses.append(loss.item())
    if step % 50 == 0:
        print(f"step {step}: {loss.item():.4f}")

with torch.no_grad():
    chances = torch.sigmoid(net(x))
predicted = (chances > 0.5).float()
print(net)
print("right:", (predicted == y).sum().item(), "of", len(y))
losses += chances.tolist()
