"""Interpolations with missing values, and a controlled differential equation."""

import torch
import torchcde
from torch import nn

torch.manual_seed(0)
times = torch.linspace(0, 1, 12)
series = torch.stack([times.expand(5, 12), torch.sin(4 * times + torch.rand(5, 1))], -1)
series[0, 3, 1] = float("nan")


class Field(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(6, 12)

    def forward(self, t, z):
        return self.linear(z).tanh().unflatten(-1, (6, 2))


field, initial = Field(), nn.Linear(2, 6)
for coefficients, path in (
    (torchcde.hermite_cubic_coefficients_with_backward_differences, torchcde.CubicSpline),
    (torchcde.natural_cubic_coeffs, torchcde.CubicSpline),
    (torchcde.linear_interpolation_coeffs, torchcde.LinearInterpolation),
):
    control = path(coefficients(series))
    start = initial(control.evaluate(control.interval[0]))
    end = torchcde.cdeint(
        control, field, start, control.interval, method="rk4", options={"step_size": 1.0}
    )
    field.zero_grad()
    end[:, -1].square().mean().backward()
    print(end[:, -1].mean().item(), field.linear.weight.grad.norm().item())
