"""Two dozen optimizers on Rosenbrock's function."""

import warnings

import torch
import torch_optimizer

warnings.simplefilter("ignore")  # it calls add_(number, tensor)
NAMES = """AccSGD AdaBelief AdaBound AdaMod AdamP AggMo DiffGrad Lamb LARS MADGRAD NovoGrad PID
QHAdam QHM RAdam Ranger RangerQH RangerVA SGDP SGDW SWATS Shampoo Yogi"""
for name in NAMES.split():
    point = torch.tensor([[-1.0, 1.5]], requires_grad=True)
    optimizer = getattr(torch_optimizer, name)([point], lr=1e-2)
    for _ in range(6):
        optimizer.zero_grad()
        loss = (1 - point[0, 0]) ** 2 + 3 * (point[0, 1] - point[0, 0] ** 2) ** 2
        loss.backward()
        optimizer.step()
    print(name, loss.item(), point.tolist())
