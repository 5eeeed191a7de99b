"""A differentiable inner loop: MAML, and the gradient of a learning rate."""

import higher
import torch
from torch import nn

torch.manual_seed(0)
network = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))
outer = torch.optim.Adam(network.parameters(), 1e-2)
inner = torch.optim.SGD(network.parameters(), lr=0.1)
for tasks in torch.randn(3, 2, 10, 3):
    outer.zero_grad()
    for x in tasks:
        with higher.innerloop_ctx(network, inner, copy_initial_weights=False) as (copy, steps):
            for _ in range(3):
                steps.step((copy(x[:5]) - x[:5].sum(1, keepdim=True)).square().mean())
            loss = (copy(x[5:]) - x[5:].sum(1, keepdim=True)).square().mean()
            loss.backward()
    outer.step()
    print(loss.item(), network[0].weight.grad.norm().item())
rate = torch.tensor(0.05, requires_grad=True)
for make in (torch.optim.Adam, torch.optim.RMSprop, torch.optim.Adagrad):
    optimizer = make(network.parameters(), 1e-2)
    with higher.innerloop_ctx(network, optimizer, override={"lr": [rate]}) as (copy, steps):
        steps.step(copy(x).square().mean())
        print(torch.autograd.grad(copy(x).square().mean(), rate)[0].item())
