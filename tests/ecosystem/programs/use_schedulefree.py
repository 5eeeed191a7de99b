"""Schedule-free AdamW and SGD."""

import schedulefree
import torch

torch.manual_seed(0)
x = torch.randn(8, 4)
for make in (schedulefree.AdamWScheduleFree, schedulefree.SGDScheduleFree):
    network = torch.nn.Linear(4, 2)
    optimizer = make(network.parameters(), lr=1e-2)
    optimizer.train()
    for _ in range(6):
        optimizer.zero_grad()
        network(x).square().mean().backward()
        optimizer.step()
    optimizer.eval()
    print(network.weight.tolist())
