"""The moving average of a trained network, saved and loaded."""

import torch
from ema_pytorch import EMA

torch.manual_seed(0)
network = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.BatchNorm1d(8))
average = EMA(network, beta=0.99, update_after_step=3, update_every=2)
optimizer = torch.optim.SGD(network.parameters(), 0.1)
x = torch.randn(16, 8)
for _ in range(12):
    optimizer.zero_grad()
    (network(x) - x).square().mean().backward()
    optimizer.step()
    average.update()
print(average.step.item(), average(x).sum().item(), network(x).square().sum().item())
other = EMA(network)
other.load_state_dict(average.state_dict())
print(other(x).norm().item())
