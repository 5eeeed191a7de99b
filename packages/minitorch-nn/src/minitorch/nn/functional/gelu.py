"""GELU: x times the normal distribution function (Hendrycks and Gimpel, 2016)."""

from __future__ import annotations

import math

import minitorch
from minitorch import Tensor
from minitorch.extend import fused

from ..kernels import gelu as kernels
from ..kernels.dtypes import of_floats
from .arguments import keeps_channels_last

__all__ = ["gelu"]

gelu_p = fused(
    of_floats(kernels.gelu, "gelu"),
    "x",
    kernels.gelu_backward,
    lambda x: x * (0.5 + 0.5 * minitorch.erf(x * math.sqrt(0.5))),
    name="gelu",
    residuals="slope",
    traits=("elementwise",),
    compiled="elementwise.gelu elementwise.gelu_backward",
)
gelu_tanh_p = fused(
    of_floats(kernels.gelu_tanh, "gelu"),
    "x",
    kernels.gelu_backward,
    lambda x: 0.5 * x * (1 + minitorch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x))),
    name="gelu",
    residuals="slope",
    traits=("elementwise",),
    compiled="elementwise.gelu_tanh elementwise.gelu_backward",
)


@keeps_channels_last
def gelu(input: Tensor, approximate: str = "none", *, out: Tensor | None = None) -> Tensor:
    """``x`` Phi(x), with Phi the standard normal distribution function.

    Args:
        input: any shape.
        approximate: ``"tanh"`` for x/2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).
    """
    if approximate == "none":
        return gelu_p(input)
    if approximate == "tanh":
        return gelu_tanh_p(input)
    raise RuntimeError("approximate argument must be either none or tanh.")
