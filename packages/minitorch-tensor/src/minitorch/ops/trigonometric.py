"""Trigonometric and hyperbolic functions, element by element."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.primitive import operation
from .choice import where
from .conversion import FLOATS
from .unary import sqrt

if TYPE_CHECKING:
    from .._tensor.tensor import Tensor

__all__ = ["acos", "acosh", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh"]
__all__ += ["asin", "asinh", "atan", "atanh", "cos", "cosh", "deg2rad", "rad2deg", "sin", "sinc"]
__all__ += ["sinh", "tan", "tanh"]

# --- circular functions -----------------------------------------------------------------------


@operation(np.sin, "x", lambda g, x: g * cos(x), **FLOATS)
def sin(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The sine of each element, which is in radians; sin' = cos.

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.sin(minitorch.tensor([0.0, 1.0]))
        tensor([0.0000, 0.8415])
    """


@operation(np.cos, "x", lambda g, x: g * -sin(x), **FLOATS)
def cos(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The cosine of each element, which is in radians; cos' = -sin.

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.cos(minitorch.tensor([0.0, 1.0]))
        tensor([1.0000, 0.5403])
    """


@operation(np.tan, "x", lambda g, out: g * (1 + out * out), **FLOATS)
def tan(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The tangent of each element, which is in radians; tan' = 1 + tan^2.

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.tan(minitorch.tensor([0.0, 1.0]))
        tensor([0.0000, 1.5574])
    """


@operation(np.arcsin, "x", lambda g, x: g / sqrt(1 - x * x), **FLOATS)
def asin(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle in [-pi/2, pi/2] that has each element for its sine; the derivative is
    1 / sqrt(1 - x^2).

    Any shape; integers become the default float dtype. NaN outside of [-1, 1].

    Example:
        >>> import minitorch
        >>> minitorch.asin(minitorch.tensor([0.0, 1.0]))
        tensor([0.0000, 1.5708])
    """


@operation(np.arccos, "x", lambda g, x: -g / sqrt(1 - x * x), **FLOATS)
def acos(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle in [0, pi] that has each element for its cosine; the derivative is
    -1 / sqrt(1 - x^2).

    Any shape; integers become the default float dtype. NaN outside of [-1, 1].

    Example:
        >>> import minitorch
        >>> minitorch.acos(minitorch.tensor([1.0, 0.0]))
        tensor([0.0000, 1.5708])
    """


@operation(np.arctan, "x", lambda g, x: g / (1 + x * x), **FLOATS)
def atan(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle in (-pi/2, pi/2) that has each element for its tangent; the derivative is
    1 / (1 + x^2).

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.atan(minitorch.tensor([0.0, 1.0]))
        tensor([0.0000, 0.7854])
    """


# --- hyperbolic functions ---------------------------------------------------------------------


@operation(np.sinh, "x", lambda g, x: g * cosh(x), **FLOATS)
def sinh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``(e^x - e^-x) / 2`` of each element; sinh' = cosh.

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.sinh(minitorch.tensor([0.0, 1.0]))
        tensor([0.0000, 1.1752])
    """


@operation(np.cosh, "x", lambda g, x: g * sinh(x), **FLOATS)
def cosh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``(e^x + e^-x) / 2`` of each element; cosh' = sinh.

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.cosh(minitorch.tensor([0.0, 1.0]))
        tensor([1.0000, 1.5431])
    """


@operation(
    np.tanh,
    "x",
    lambda g, out: g * (1 - out * out),
    compiled="elementwise.tanh elementwise.tanh_rule",
    **FLOATS,
)
def tanh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``sinh(x) / cosh(x)`` of each element; tanh' = 1 - tanh^2.

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.tanh(minitorch.tensor([0.0, 1.0]))
        tensor([0.0000, 0.7616])
    """


@operation(np.arcsinh, "x", lambda g, x: g / sqrt(x * x + 1), **FLOATS)
def asinh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of ``sinh``; the derivative is 1 / sqrt(x^2 + 1).

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.asinh(minitorch.tensor([0.0, 1.0]))
        tensor([0.0000, 0.8814])
    """


@operation(np.arccosh, "x", lambda g, x: g / sqrt(x * x - 1), **FLOATS)
def acosh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of ``cosh``; the derivative is 1 / sqrt(x^2 - 1).

    Any shape; integers become the default float dtype. NaN below 1.

    Example:
        >>> import minitorch
        >>> minitorch.acosh(minitorch.tensor([1.0, 2.0]))
        tensor([0.0000, 1.3170])
    """


@operation(np.arctanh, "x", lambda g, x: g / (1 - x * x), **FLOATS)
def atanh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of ``tanh``; the derivative is 1 / (1 - x^2).

    Any shape; integers become the default float dtype. Infinite at -1 and 1, NaN beyond.

    Example:
        >>> import minitorch
        >>> minitorch.atanh(minitorch.tensor([0.0, 0.5]))
        tensor([0.0000, 0.5493])
    """


arcsin, arccos, arctan = asin, acos, atan
arcsinh, arccosh, arctanh = asinh, acosh, atanh

# --- sin(x) / x, and units --------------------------------------------------------------------


def _sinc_rule(g: Any, x: Any) -> Any:
    t = x * math.pi
    slope = (t * cos(t) - sin(t)) / (t * x)
    return where(t * x == 0, 0.0, g * slope)


@operation(lambda x: np.sinc(x).astype(x.dtype), "x", _sinc_rule, **FLOATS)
def sinc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``sin(pi x) / (pi x)`` of each element, 1 at 0; the derivative is
    (cos(pi x) - sinc(x)) / x, 0 at 0.

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.sinc(minitorch.tensor([0.0, 0.5]))
        tensor([1.0000, 0.6366])
    """


LINEAR: Any = {**FLOATS, "traits": ("elementwise", "linear")}


@operation(lambda x: x * (math.pi / 180), "x", lambda g: g * (math.pi / 180), **LINEAR)
def deg2rad(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Degrees as radians, ``x pi / 180``; the derivative is pi / 180.

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.deg2rad(minitorch.tensor([0.0, 180.0]))
        tensor([0.0000, 3.1416])
    """


@operation(lambda x: x * (180 / math.pi), "x", lambda g: g * (180 / math.pi), **LINEAR)
def rad2deg(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Radians as degrees, ``180 x / pi``; the derivative is 180 / pi.

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.rad2deg(minitorch.tensor([0.0, 3.14159265]))
        tensor([  0., 180.])
    """
