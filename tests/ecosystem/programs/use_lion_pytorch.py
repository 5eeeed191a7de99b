"""Lion's steps."""

import torch
from lion_pytorch import Lion

torch.manual_seed(0)
network, x = torch.nn.Linear(4, 2), torch.randn(8, 4)
optimizer = Lion(network.parameters(), lr=1e-3, weight_decay=1e-2)
for _ in range(5):
    optimizer.zero_grad()
    network(x).square().mean().backward()
    optimizer.step()
print(network.weight.tolist())
