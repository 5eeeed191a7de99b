"""Activations made of exponentials, with their derivatives, and softsign, their rational cousin.

The rules take arrays and tensors alike, so the second derivatives come from them too.
"""

from __future__ import annotations

from typing import Any

import minitorch
import numpy as np
from minitorch import Tensor, exp, sgn, sigmoid, tanh, where
from minitorch.extend import inplace, numpy_names, primitive, promote_to_float, select

from ..kernels.dtypes import check_float
from .activation import ELEMENTWISE, activation, in_place

__all__ = [
    "celu",
    "celu_",
    "elu",
    "elu_",
    "glu",
    "logsigmoid",
    "mish",
    "selu",
    "selu_",
    "sigmoid",
    "silu",
    "softplus",
    "softsign",
    "tanh",
    "tanhshrink",
]

# scale * (x where positive, alpha * (exp(rate * x) - 1) elsewhere)
elu_p = activation(
    # one of the two terms is zero: quicker than a choice
    lambda x, alpha, scale, rate: (
        np.expm1(np.minimum(x, 0) * rate) * (alpha * scale) + np.maximum(x, 0) * scale
    ),
    "x | alpha scale rate",
    lambda g, x, alpha, scale, rate: where(
        x <= 0, g * (rate * alpha * scale) * exp(where(x <= 0, x * rate, 0.0)), g * scale
    ),
    name="elu",
)
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """``x`` where it is positive, alpha (exp(x) - 1) elsewhere."""
    if inplace:
        return in_place(elu_p, input, alpha, 1.0, 1.0)
    return elu_p(input, alpha, 1.0, 1.0)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """``x`` where it is positive, alpha (exp(x / alpha) - 1) elsewhere."""
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    if inplace:
        return in_place(elu_p, input, alpha, 1.0, 1 / alpha)
    return elu_p(input, alpha, 1.0, 1 / alpha)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """``elu`` with the two constants that keep mean 0 and variance 1 (Klambauer et al., 2017)."""
    if inplace:
        return in_place(elu_p, input, SELU_ALPHA, SELU_SCALE, 1.0)
    return elu_p(input, SELU_ALPHA, SELU_SCALE, 1.0)


elu_ = inplace(elu)
celu_ = inplace(celu)
selu_ = inplace(selu)


# --- sigmoid, softplus and products with them -----------------------------------------------


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _softplus(x: Any, beta: float, threshold: float) -> Any:
    y = x * beta
    return select(y > threshold, x, np.log1p(np.exp(np.minimum(y, threshold))) / beta)


softplus_p = activation(
    _softplus,
    "x | beta threshold",
    lambda g, x, beta, threshold: where(x * beta > threshold, g, g * sigmoid(x * beta)),
    name="softplus",
)
logsigmoid_p = activation(
    lambda x: np.minimum(x, 0) - np.log1p(np.exp(-abs(x))),
    "x",
    lambda g, x: g * sigmoid(-x),
    name="logsigmoid",
    label="LogSigmoidBackward0",
)
silu_p = activation(
    lambda x: x * _sigmoid(x),
    "x",
    lambda g, x: (s := sigmoid(x)) * (x * (1 - s) + 1) * g,
    name="silu",
    kinds="fVc",
    compiled="elementwise.silu elementwise.silu_rule",
)


def _mish_slope(x: Any) -> Any:
    t = tanh(softplus_p(x, 1.0, 20.0))
    return t + x * sigmoid(x) * (1 - t * t)


mish_p = activation(
    lambda x: x * np.tanh(_softplus(x, 1.0, 20.0)),
    "x",
    lambda g, x: g * _mish_slope(x),
    name="mish",
)


def softplus(
    input: Tensor, beta: float = 1.0, threshold: float = 20.0, *, out: Tensor | None = None
) -> Tensor:
    """log(1 + exp(beta x)) / beta; x itself where beta x is above ``threshold``."""
    return softplus_p(input, beta, threshold)


def logsigmoid(input: Tensor, *, out: Tensor | None = None) -> Any:
    """log(sigmoid(x)), exact for large negative x too."""
    return logsigmoid_p(input)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """``x`` sigmoid(x) (swish)."""
    return in_place(silu_p, input) if inplace else silu_p(input)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """``x`` tanh(softplus(x))."""
    return in_place(mish_p, input) if inplace else mish_p(input)


def _softsign_rule(g: Any, x: Any) -> Any:
    size = abs(x)
    if getattr(x.dtype, "numpy", x.dtype).kind != "c":
        return g / (size + 1) ** 2
    # z / (1 + |z|): beside the change of z there is that of |z|, Re(conj(sgn z) dz)
    return g / (size + 1) - (g * x).real / (size + 1) ** 2 * sgn(x).conj()


softsign_p = primitive(
    lambda x: x / (abs(x) + 1),
    "x",
    _softsign_rule,
    name="softsign",
    promote=promote_to_float,
    floats=True,
    traits=ELEMENTWISE,
)


def softsign(input: Tensor) -> Tensor:
    """``x`` / (1 + |x|)."""
    return softsign_p(input)


def tanhshrink(input: Tensor) -> Tensor:
    """``x`` - tanh(x)."""
    return input - tanh(input)


@numpy_names
def glu(input: Tensor, dim: int = -1) -> Tensor:
    """``a sigmoid(b)``, where a and b are the halves of ``input`` along ``dim``."""
    check_float(input, "glu")
    if not input.ndim:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    if input.shape[dim] % 2:
        raise RuntimeError(
            f"Halving dimension must be even, but dimension {dim} is size {input.shape[dim]}"
        )
    a, b = minitorch.chunk(input, 2, dim)
    return a * sigmoid(b)
