"""Parameters' moving average, stored and restored."""

import torch
from torch_ema import ExponentialMovingAverage

torch.manual_seed(0)
network, x = torch.nn.Linear(4, 2), torch.randn(8, 4)
average = ExponentialMovingAverage(network.parameters(), decay=0.9)
optimizer = torch.optim.SGD(network.parameters(), 0.1)
for _ in range(6):
    optimizer.zero_grad()
    network(x).square().mean().backward()
    optimizer.step()
    average.update()
with average.average_parameters():
    print(network(x).norm().item())
print(network(x).norm().item())
