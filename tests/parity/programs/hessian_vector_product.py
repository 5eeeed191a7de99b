"""Curvature: Hessian-vector products three ways, and Newton's method with conjugate gradients."""

import torch
import torch.nn as nn
from torch.autograd.functional import hessian, hvp
from torch.func import functional_call, grad, jvp, vmap
from torch.nn.utils import parameters_to_vector, vector_to_parameters

torch.manual_seed(11)
torch.set_default_dtype(torch.float64)
x = torch.randn(40, 3)
y = torch.sin(x.sum(1, keepdim=True)) + 0.05 * torch.randn(40, 1)
model = nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 1))


def loss_fn():
    penalty = sum((p**2).sum() for p in model.parameters())
    return ((model(x) - y) ** 2).mean() + 1e-2 * penalty


def product(v):
    grads = torch.autograd.grad(loss_fn(), model.parameters(), create_graph=True)
    flat = torch.cat([g.reshape(-1) for g in grads])
    return torch.cat([g.reshape(-1) for g in torch.autograd.grad(flat @ v, model.parameters())])


def conjugate_gradients(b, damping, steps=10):
    solution = torch.zeros_like(b)
    residual, direction = b.clone(), b.clone()
    for _ in range(steps):
        image = product(direction) + damping * direction
        alpha = residual @ residual / (direction @ image)
        solution += alpha * direction
        after = residual - alpha * image
        direction = after + (after @ after) / (residual @ residual) * direction
        residual = after
    return solution


for _ in range(8):
    loss = loss_fn()
    model.zero_grad()
    loss.backward()
    flat = torch.cat([p.grad.reshape(-1) for p in model.parameters()])
    step = conjugate_gradients(flat, damping=0.5)
    with torch.no_grad():
        vector_to_parameters(parameters_to_vector(model.parameters()) - step, model.parameters())
    print("loss", loss.item())
    print("loss", (flat @ step).item())

names = {name: p.detach() for name, p in model.named_parameters()}
tangent = {name: torch.randn_like(p) for name, p in names.items()}


def functional_loss(params):
    return ((functional_call(model, params, (x,)) - y) ** 2).mean()


_, forward_over_reverse = jvp(grad(functional_loss), (names,), (tangent,))
for value in forward_over_reverse.values():
    print("loss", value.norm().item())


def rosenbrock(z):
    return (100 * (z[1:] - z[:-1] ** 2) ** 2 + (1 - z[:-1]) ** 2).sum()


z = torch.tensor([0.2, -0.3, 0.5])
value, image = hvp(rosenbrock, z, torch.ones(3))
print("loss", value.item(), *image.tolist())
print("loss", *hessian(rosenbrock, z).flatten().tolist())
per_point = vmap(grad(rosenbrock))(torch.randn(5, 3))
print("loss", *per_point.flatten().tolist())
