"""A small network is trained, and measured: what its steps compute, and how often."""

import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.profiler import ProfilerActivity, profile, record_function
from torch.utils.flop_counter import FlopCounterMode

x = torch.arange(60).reshape(12, 5).float() / 30 - 1
y = torch.tensor([0, 1, 2] * 4)
net = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 3))
with torch.no_grad():
    for p in net.parameters():
        p.copy_(torch.tanh(torch.arange(p.numel()).float() - p.numel() / 2).reshape(p.shape))
optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
losses = []


def step():
    optimizer.zero_grad()
    with record_function("forward"):
        loss = F.cross_entropy(net(x), y)
    with record_function("backward"):
        loss.backward()
    optimizer.step()
    losses.append(loss.item())


counter = FlopCounterMode(display=False)
with counter:
    step()
print(counter.get_total_flops(), "FLOPs in a step")
with counter, torch.no_grad():
    net(x)
print(counter.get_total_flops(), "FLOPs in an answer")

with profile(activities=[ProfilerActivity.CPU], with_flops=True, profile_memory=True) as prof:
    for _ in range(5):
        step()
rows = prof.key_averages()
for row in rows:
    if row.key in ("forward", "backward"):
        print(row.key, row.count, row.cpu_time_total >= row.self_cpu_time_total > 0)
times = [row.self_cpu_time_total for row in rows]
print(abs(sum(times) - rows.self_cpu_time_total) < 0.001 * sum(times))
longest = max(rows, key=lambda row: row.cpu_time_total)
print(longest.key in rows.table(sort_by="cpu_time_total", row_limit=1))
