"""Activation layers."""

from __future__ import annotations

from typing import Any

import minitorch

from .. import functional as F
from ..module import Module
from ..parameter import Parameter

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


class _Activation(Module):
    """A layer without parameters; ``_options`` names its settings, in the order of its function."""

    _options: tuple[str, ...] = ()

    def extra_repr(self) -> str:
        """The settings."""
        shown = [f"{name}={getattr(self, name)!r}" for name in self._options if name != "inplace"]
        if getattr(self, "inplace", False):
            shown.append("inplace=True")
        return ", ".join(shown)


class CELU(_Activation):
    """max(0, x) + min(0, alpha (exp(x / alpha) - 1)).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.CELU.html
    """

    _options = ("alpha", "inplace")

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.celu(input, self.alpha, self.inplace)


class ELU(_Activation):
    """x where it is positive, alpha (exp(x) - 1) elsewhere.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.ELU.html
    """

    _options = ("alpha", "inplace")

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.elu(input, self.alpha, self.inplace)


class GELU(_Activation):
    """x Phi(x), Phi the normal distribution function; ``approximate="tanh"`` is faster.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.GELU.html
    """

    _options = ("approximate",)

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.gelu(input, self.approximate)


class GLU(_Activation):
    """a sigmoid(b), a and b the halves of the input along ``dim``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.GLU.html
    """

    _options = ("dim",)

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Any) -> Any:
        """Half the size along ``dim``."""
        return F.glu(input, self.dim)


class Hardshrink(_Activation):
    """x outside of [-lambd, lambd], 0 inside.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.Hardshrink.html
    """

    _options = ("lambd",)

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """The bound."""
        return str(self.lambd)


class Hardsigmoid(_Activation):
    """x / 6 + 1/2, held between 0 and 1.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.Hardsigmoid.html
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.hardsigmoid(input, self.inplace)


class Hardswish(_Activation):
    """x hardsigmoid(x).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.Hardswish.html
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.hardswish(input, self.inplace)


class Hardtanh(_Activation):
    """x, held between ``min_val`` and ``max_val``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.Hardtanh.html
    """

    _options: tuple[str, ...] = ("min_val", "max_val", "inplace")

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        if min_val >= max_val:
            raise AssertionError(f"max_val must be larger than min_val: {max_val}, {min_val}")
        self.min_val = min_val
        self.max_val = max_val
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)


class LeakyReLU(_Activation):
    """x where it is positive, ``negative_slope`` x elsewhere.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.LeakyReLU.html
    """

    _options = ("negative_slope", "inplace")

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.leaky_relu(input, self.negative_slope, self.inplace)


class LogSigmoid(_Activation):
    """log(sigmoid(x)).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.LogSigmoid.html
    """

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.logsigmoid(input)


class LogSoftmax(_Activation):
    """log(softmax(x)) along ``dim``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.LogSoftmax.html
    """

    _options = ("dim",)

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.log_softmax(input, self.dim, _stacklevel=5)


class Mish(_Activation):
    """x tanh(softplus(x)).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.Mish.html
    """

    _options = ("inplace",)

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.mish(input, self.inplace)


class PReLU(_Activation):
    """x where it is positive, a learned slope times x elsewhere.

    Args:
        num_parameters: one slope for all, or as many as there are channels (dimension 1).
        init: the slopes' first value.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.PReLU.html
    """

    _options = ("num_parameters",)

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

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.prelu(input, self.weight)


class RReLU(_Activation):
    """x where it is positive; elsewhere x times a slope from [lower, upper), random while training.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.RReLU.html
    """

    _options = ("lower", "upper", "inplace")

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, inplace: bool = False) -> None:
        super().__init__()
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)


class ReLU(_Activation):
    """max(0, x).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.ReLU.html
    """

    _options = ("inplace",)

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.relu_(input) if self.inplace else F.relu(input)


class ReLU6(Hardtanh):
    """x, held between 0 and 6.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.ReLU6.html
    """

    _options = ("inplace",)

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)


class SELU(_Activation):
    """``elu`` with constants that keep mean 0 and variance 1.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.SELU.html
    """

    _options = ("inplace",)

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.selu(input, self.inplace)


class SiLU(_Activation):
    """x sigmoid(x).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.SiLU.html
    """

    _options = ("inplace",)

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.silu(input, self.inplace)


class Sigmoid(_Activation):
    """1 / (1 + exp(-x)).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.Sigmoid.html
    """

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.sigmoid(input)


class Softmax(_Activation):
    """exp(x) over its sum along ``dim``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmax.html
    """

    _options = ("dim",)

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.softmax(input, self.dim, _stacklevel=5)


class Softmax2d(_Activation):
    """Softmax over the channels of (N, C, H, W) or (C, H, W).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmax2d.html
    """

    def forward(self, input: Any) -> Any:
        """The same shape."""
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.ndim}D instead")
        return F.softmax(input, -3)


class Softmin(_Activation):
    """softmax(-x) along ``dim``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmin.html
    """

    _options = ("dim",)

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.softmin(input, self.dim, _stacklevel=5)


class Softplus(_Activation):
    """log(1 + exp(beta x)) / beta; x itself where beta x is above ``threshold``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.Softplus.html
    """

    _options = ("beta", "threshold")

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.softplus(input, self.beta, self.threshold)


class Softshrink(_Activation):
    """x moved towards 0 by ``lambd``, 0 where it gets there.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.Softshrink.html
    """

    _options = ("lambd",)

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """The bound."""
        return str(self.lambd)


class Softsign(_Activation):
    """x / (1 + |x|).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.Softsign.html
    """

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.softsign(input)


class Tanh(_Activation):
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x)).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.Tanh.html
    """

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.tanh(input)


class Tanhshrink(_Activation):
    """x - tanh(x).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.Tanhshrink.html
    """

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.tanhshrink(input)


class Threshold(_Activation):
    """x where it is above ``threshold``, ``value`` elsewhere.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.Threshold.html
    """

    _options = ("threshold", "value", "inplace")

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.threshold(input, self.threshold, self.value, self.inplace)
