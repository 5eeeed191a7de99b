"""Exponentials and logarithms, element by element."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.out import castable
from ..autograd.primitive import operation, primitive
from ..kernels.elementwise import FEW, constant, exp_into, over_elements
from .choice import where
from .conversion import FLOATS

if TYPE_CHECKING:
    from .._tensor.tensor import Tensor

__all__ = ["exp", "exp2", "expm1", "log", "log1p", "log2", "log10", "logit", "sigmoid"]

LOG2, LOG10 = math.log(2), math.log(10)


@operation(np.exp, "x", lambda g, out: g * out, compiled="elementwise.exp", **FLOATS)
def exp(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``e^x`` of each element; d/dx e^x = e^x.

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.exp(minitorch.tensor([0.0, 1.0]))
        tensor([1.0000, 2.7183])
    """


@operation(np.exp2, "x", lambda g, out: g * out * LOG2, **FLOATS)
def exp2(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``2^x`` of each element; d/dx 2^x = 2^x log 2.

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.exp2(minitorch.tensor([0.0, 3.0]))
        tensor([1., 8.])
    """


@operation(np.expm1, "x", lambda g, out: g * (out + 1), **FLOATS)
def expm1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``e^x - 1`` of each element, exact for small x too; the derivative is e^x.

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.expm1(minitorch.tensor([0.0, 1.0]))
        tensor([0.0000, 1.7183])
    """


@operation(np.log, "x", lambda g, x: g / x, compiled="elementwise.log", **FLOATS)
def log(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The natural logarithm of each element; d/dx log x = 1 / x.

    Any shape; integers become the default float dtype. -inf at 0, NaN below.

    Example:
        >>> import minitorch
        >>> minitorch.log(minitorch.tensor([1.0, 2.0]))
        tensor([0.0000, 0.6931])
    """


@operation(np.log2, "x", lambda g, x: g / (x * LOG2), **FLOATS)
def log2(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The logarithm to base 2 of each element; the derivative is 1 / (x log 2).

    Any shape; integers become the default float dtype. -inf at 0, NaN below.

    Example:
        >>> import minitorch
        >>> minitorch.log2(minitorch.tensor([1.0, 8.0]))
        tensor([0., 3.])
    """


@operation(np.log10, "x", lambda g, x: g / (x * LOG10), **FLOATS)
def log10(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The logarithm to base 10 of each element; the derivative is 1 / (x log 10).

    Any shape; integers become the default float dtype. -inf at 0, NaN below.

    Example:
        >>> import minitorch
        >>> minitorch.log10(minitorch.tensor([1.0, 10.0]))
        tensor([0., 1.])
    """


def _log1p(x: Any) -> Any:
    if x.dtype.kind != "c":
        return np.log1p(x)
    # log |1 + z| from |1 + z|^2 - 1 = x (2 + x) + y^2, which keeps small z
    small = 0.5 * np.log1p(x.real * (2 + x.real) + x.imag * x.imag)
    real = np.where(np.abs(x) < 0.5, small, np.log(np.hypot(1 + x.real, x.imag)))
    return (real + 1j * np.arctan2(x.imag, 1 + x.real)).astype(x.dtype)[()]


@operation(_log1p, "x", lambda g, x: g / (x + 1), **FLOATS)
def log1p(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``log(1 + x)`` of each element, exact for small x too; the derivative is 1 / (1 + x).

    Any shape; integers become the default float dtype. -inf at -1, NaN below.

    Example:
        >>> import minitorch
        >>> minitorch.log1p(minitorch.tensor([0.0, 1.0]))
        tensor([0.0000, 0.6931])
    """


# --- the logistic function and its inverse ----------------------------------------------------


def _sigmoid(x: Any) -> Any:
    if x.size < FEW or not x.flags.c_contiguous:
        one = constant(1, x.dtype)
        return one / (np.exp(-x) + one)
    out = np.empty_like(x)
    over_elements(_sigmoid_into, 5, x, out)
    return out


def _sigmoid_into(x: Any, out: Any) -> None:
    exp_into(x, out, -1.0)
    out += 1
    np.divide(1, out, out=out)


@operation(
    _sigmoid,
    "x",
    lambda g, out: g * (out * (1 - out)),
    compiled="elementwise.sigmoid elementwise.sigmoid_rule",
    **FLOATS,
)
def sigmoid(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The logistic function ``s(x) = 1 / (1 + e^-x)`` of each element; s' = s (1 - s).

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.sigmoid(minitorch.tensor([0.0, 2.0]))
        tensor([0.5000, 0.8808])
    """


def _logit(x: Any, eps: float | None) -> Any:
    if eps is not None:
        x = np.clip(x, eps, 1 - eps)
    return np.log(x / (1 - x))


def _logit_rule(g: Any, x: Any, eps: float | None) -> Any:
    slope = g / (x * (1 - x))
    if eps is None:
        return where((x >= 0) & (x <= 1), slope, math.nan)
    return where((x < eps) | (x > 1 - eps), 0.0, slope)


logit_p = primitive(_logit, "x | eps", _logit_rule, name="logit", **FLOATS)


@castable
def logit(input: Tensor, eps: float | None = None, *, out: Tensor | None = None) -> Tensor:
    """``log(x / (1 - x))`` of each element, the inverse of ``sigmoid``; of ``x`` brought into
    [eps, 1 - eps] where ``eps`` is given. The derivative is 1 / (x (1 - x)).

    Example:
        >>> import minitorch
        >>> minitorch.logit(minitorch.tensor([0.5, 0.8808]))
        tensor([0.0000, 2.0001])
    """
    made: Tensor = logit_p(input, eps)
    return made
