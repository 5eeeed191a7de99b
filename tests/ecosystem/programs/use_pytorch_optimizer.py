"""Three dozen of its optimizers on one network."""

import pytorch_optimizer
import torch
from torch import nn

NAMES = """adabelief adabound adai adamg adamp adams adan adanorm ademamix adopt aida amos apollodqn
avagrad came diffgrad exadam fira fromage gravity grokfastadamw lamb lars lion madgrad
nero novograd prodigy qhadam qhm radam ranger21 scionlight shampoo signsgd sgdp srmm swats tiger
yogi"""
torch.manual_seed(0)
x, y = torch.randn(32, 6), torch.randn(32, 2)
for name in NAMES.split():
    torch.manual_seed(1)
    network = nn.Sequential(nn.Linear(6, 10), nn.Tanh(), nn.Linear(10, 2))
    more = {"num_iterations": 4} if name == "ranger21" else {}
    optimizer = pytorch_optimizer.load_optimizer(name)(network.parameters(), lr=1e-2, **more)
    for _ in range(4):
        optimizer.zero_grad()
        (network(x) - y).square().mean().backward()
        optimizer.step()
    print(name, (network(x) - y).square().mean().item())
