"""The error function and the normal distribution."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..autograd.out import castable
from ..autograd.primitive import operation, primitive
from ..kernels import error_function
from .conversion import FLOATS
from .exponential import exp

if TYPE_CHECKING:
    from .._tensor.tensor import Tensor

__all__ = ["erf", "erfc", "erfinv"]

SQRT_PI, SQRT_2, SQRT_2PI = math.sqrt(math.pi), math.sqrt(2), math.sqrt(2 * math.pi)


@operation(
    error_function.erf,
    "x",
    lambda g, x: g * (2 / SQRT_PI * exp(-x * x)),
    compiled="elementwise.erf",
    **FLOATS,
)
def erf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The error function, 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to each element; the
    derivative is 2 / sqrt(pi) e^(-x^2).

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.erf(minitorch.tensor([0.0, 1.0]))
        tensor([0.0000, 0.8427])
    """


@operation(error_function.erfc, "x", lambda g, x: g * (-2 / SQRT_PI * exp(-x * x)), **FLOATS)
def erfc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``1 - erf(x)``, exact for large x too; the derivative is -2 / sqrt(pi) e^(-x^2).

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.erfc(minitorch.tensor([0.0, 1.0]))
        tensor([1.0000, 0.1573])
    """


@operation(
    error_function.erfinv, "x", lambda g, x: g * (SQRT_PI / 2 * exp(erfinv(x) ** 2)), **FLOATS
)
def erfinv(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of ``erf``; the derivative is sqrt(pi) / 2 e^(erfinv(x)^2).

    Any shape; integers become the default float dtype. Infinite at -1 and 1, NaN beyond.

    Example:
        >>> import minitorch
        >>> minitorch.erfinv(minitorch.tensor([0.0, 0.5]))
        tensor([0.0000, 0.4769])
    """


@operation(
    error_function.erfcx, "x", lambda g, x, out: g * (2 * x * out - 2 / SQRT_PI),
    name="special_erfcx", **FLOATS,
)  # fmt: skip
def erfcx(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The complementary error function times ``e^(x^2)``, finite for large x; the derivative is
    2 x erfcx(x) - 2 / sqrt(pi).

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.special.erfcx(minitorch.tensor([0.0, 1.0]))
        tensor([1.0000, 0.4276])
    """


special_ndtr_p = primitive(
    lambda x: 0.5 * error_function.erfc(x), "x", lambda g, x: g * (exp(-x * x) / -SQRT_PI),
    name="special_ndtr", **FLOATS,
)  # fmt: skip


@castable
def ndtr(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The area under the standard normal density below each element; the derivative is that
    density, e^(-x^2 / 2) / sqrt(2 pi).

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.special.ndtr(minitorch.tensor([0.0, 1.0]))
        tensor([0.5000, 0.8413])
    """
    made: Tensor = special_ndtr_p(input * (-1 / SQRT_2))
    return made


@operation(
    error_function.log_ndtr, "x",
    lambda g, x: g / erfcx(x * (-1 / SQRT_2)) * math.sqrt(2 / math.pi),
    name="special_log_ndtr", **FLOATS,
)  # fmt: skip
def log_ndtr(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``log(ndtr(x))``, exact far below 0 too; the derivative is
    sqrt(2 / pi) / erfcx(-x / sqrt(2)).

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.special.log_ndtr(minitorch.tensor([0.0, 1.0]))
        tensor([-0.6931, -0.1728])
    """


@operation(
    error_function.ndtri, "x", lambda g, out: g * (SQRT_2PI * exp(0.5 * out * out)),
    name="special_ndtri", **FLOATS,
)  # fmt: skip
def ndtri(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of ``ndtr``; the derivative is sqrt(2 pi) e^(ndtri(x)^2 / 2).

    Any shape; integers become the default float dtype. Infinite at 0 and 1, NaN beyond.

    Example:
        >>> import minitorch
        >>> minitorch.special.ndtri(minitorch.tensor([0.5, 0.8413]))
        tensor([0.0000, 0.9998])
    """
