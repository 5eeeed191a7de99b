"""Activation layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import minitorch
from minitorch import Tensor

from .. import functional as F
from ..module import Module
from ..parameter import Parameter
from .attention import MultiheadAttention
from .softmax import GLU, LogSoftmax, Softmax, Softmax2d, Softmin

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "MultiheadAttention",
    "PReLU",
    "RReLU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softmax2d",
    "Softmin",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "Threshold",
]


def showing(*names: str) -> Callable[[Any], str]:
    def extra_repr(self: Any) -> str:
        """The settings."""
        shown = [f"{name}={getattr(self, name)!r}" for name in names]
        if getattr(self, "inplace", False):
            shown.append("inplace=True")
        return ", ".join(shown)

    return extra_repr


class _Activation(Module):
    """An activation; ``repr`` shows whether it overwrites its input."""

    __function__: ClassVar[Callable[..., Tensor]]

    extra_repr = showing()

    def forward(self, input: Tensor) -> Tensor:
        """The same shape."""
        return type(self).__function__(input)


class _InPlace(_Activation):
    """An activation that may overwrite its input."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """The same shape."""
        return type(self).__function__(input, self.inplace)


class _Exponential(_Activation):
    """An activation that approaches -alpha."""

    extra_repr = showing("alpha")

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """The same shape."""
        return type(self).__function__(input, self.alpha, self.inplace)


class _Shrink(_Activation):
    """An activation that is 0 in [-lambd, lambd]."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def extra_repr(self) -> str:
        """The bound."""
        return str(self.lambd)

    def forward(self, input: Tensor) -> Tensor:
        """The same shape."""
        return type(self).__function__(input, self.lambd)


class CELU(_Exponential):
    """max(0, x) + min(0, alpha (exp(x / alpha) - 1))."""

    __function__ = F.celu


class ELU(_Exponential):
    """x where it is positive, alpha (exp(x) - 1) elsewhere."""

    __function__ = F.elu


class GELU(_Activation):
    """x Phi(x), Phi the normal distribution function; ``approximate="tanh"`` is faster."""

    extra_repr = showing("approximate")

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """The same shape."""
        return F.gelu(input, self.approximate)


class Hardshrink(_Shrink):
    """x outside of [-lambd, lambd], 0 inside."""

    __function__ = F.hardshrink


class Hardsigmoid(_InPlace):
    """x / 6 + 1/2, held between 0 and 1."""

    __function__ = F.hardsigmoid


class Hardswish(_InPlace):
    """x hardsigmoid(x)."""

    __function__ = F.hardswish


class Hardtanh(_Activation):
    """x, held between ``min_val`` and ``max_val``."""

    extra_repr = showing("min_val", "max_val")

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        if min_val >= max_val:
            raise AssertionError(f"max_val must be larger than min_val: {max_val}, {min_val}")
        self.min_val = min_val
        self.max_val = max_val
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """The same shape."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)


class LeakyReLU(_Activation):
    """x where it is positive, ``negative_slope`` x elsewhere."""

    extra_repr = showing("negative_slope")

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """The same shape."""
        return F.leaky_relu(input, self.negative_slope, self.inplace)


class LogSigmoid(_Activation):
    """log(sigmoid(x))."""

    __function__ = F.logsigmoid


class Mish(_InPlace):
    """x tanh(softplus(x))."""

    __function__ = F.mish


class PReLU(_Activation):
    """x where it is positive, a learned slope times x elsewhere.

    Args:
        num_parameters: one slope for all, or as many as there are channels (dimension 1).
        init: the slopes' first value.
    """

    extra_repr = showing("num_parameters")

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(minitorch.empty(num_parameters, dtype=dtype, device=device))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Sets the slopes to their first value."""
        minitorch.nn.init.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        """The same shape."""
        return F.prelu(input, self.weight)


class RReLU(_Activation):
    """x where it is positive; elsewhere x times a slope from [lower, upper), random while
    training."""

    extra_repr = showing("lower", "upper")

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, inplace: bool = False) -> None:
        super().__init__()
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """The same shape."""
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)


class ReLU(_InPlace):
    """max(0, x)."""

    def forward(self, input: Tensor) -> Tensor:
        """The same shape."""
        return F.relu_(input) if self.inplace else F.relu(input)


class ReLU6(Hardtanh):
    """x, held between 0 and 6."""

    extra_repr = showing()

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)


class SELU(_InPlace):
    """``elu`` with constants that keep mean 0 and variance 1."""

    __function__ = F.selu


class SiLU(_InPlace):
    """x sigmoid(x)."""

    __function__ = F.silu


class Sigmoid(_Activation):
    """1 / (1 + exp(-x))."""

    __function__ = F.sigmoid


class Softplus(_Activation):
    """log(1 + exp(beta x)) / beta; x itself where beta x is above ``threshold``."""

    extra_repr = showing("beta", "threshold")

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Tensor:
        """The same shape."""
        return F.softplus(input, self.beta, self.threshold)


class Softshrink(_Shrink):
    """x moved towards 0 by ``lambd``, 0 where it gets there."""

    __function__ = F.softshrink


class Softsign(_Activation):
    """x / (1 + |x|)."""

    __function__ = F.softsign


class Tanh(_Activation):
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x))."""

    __function__ = F.tanh


class Tanhshrink(_Activation):
    """x - tanh(x)."""

    __function__ = F.tanhshrink


class Threshold(_Activation):
    """x where it is above ``threshold``, ``value`` elsewhere."""

    extra_repr = showing("threshold", "value")

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """The same shape."""
        return F.threshold(input, self.threshold, self.value, self.inplace)
