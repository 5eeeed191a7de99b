"""RealNVP trained on two moons; spline and planar flows."""

import normflows
import torch

torch.manual_seed(0)
layers = []
for _ in range(3):
    network = normflows.nets.MLP([1, 16, 2], init_zeros=True)
    layers += [
        normflows.flows.AffineCouplingBlock(network),
        normflows.flows.Permute(2, mode="swap"),
    ]
model = normflows.NormalizingFlow(normflows.distributions.base.DiagGaussian(2), layers)
optimizer = torch.optim.Adam(model.parameters(), 1e-2)
x = torch.randn(64, 2) * torch.tensor([1.0, 0.3])
for _ in range(4):
    optimizer.zero_grad()
    loss = model.forward_kld(x)
    loss.backward()
    optimizer.step()
    print(loss.item())
print(model.sample(2)[0].tolist(), model.log_prob(x[:3]).tolist())
for flow in (
    normflows.flows.Planar((2,)),
    normflows.flows.CoupledRationalQuadraticSpline(2, 1, 8),
    normflows.flows.LULinearPermute(2),
):
    out, log_determinant = flow(x[:5])
    print(out.sum().item(), log_determinant.sum().item())
