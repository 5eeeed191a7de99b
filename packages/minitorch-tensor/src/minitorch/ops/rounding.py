"""Rounding, element by element: step functions, whose gradient is zero."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.out import dtype_of_result
from ..autograd.primitive import operation, primitive
from .choice import zeros_like_p
from .conversion import ELEMENTWISE, not_implemented, promote_floats_only

if TYPE_CHECKING:
    from .._tensor.tensor import Tensor

__all__ = ["ceil", "fix", "floor", "frac", "round", "trunc"]


def _rounding(ufunc: Any) -> Any:
    def kernel(x: Any) -> Any:
        if x.dtype.kind in "fV":
            return ufunc(x)
        if x.dtype.kind == "b":
            raise not_implemented(ufunc.__name__, x.dtype)
        if x.dtype.kind == "c":
            raise NotImplementedError(f"{ufunc.__name__} is not supported for complex inputs")
        return +x

    return kernel


def zero_gradient(g: Any) -> Any:
    """The rule of a step function."""
    return zeros_like_p(g)


@operation(_rounding(np.ceil), "x", zero_gradient, **ELEMENTWISE)
def ceil(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The least integer that is not below each element; the gradient is 0.

    Any shape; integers stay as they are.

    Example:
        >>> import minitorch
        >>> minitorch.ceil(minitorch.tensor([-1.5, 1.5]))
        tensor([-1.,  2.])
    """


@operation(_rounding(np.floor), "x", zero_gradient, **ELEMENTWISE)
def floor(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The greatest integer that is not above each element; the gradient is 0.

    Any shape; integers stay as they are.

    Example:
        >>> import minitorch
        >>> minitorch.floor(minitorch.tensor([-1.5, 1.5]))
        tensor([-2.,  1.])
    """


@operation(_rounding(np.trunc), "x", zero_gradient, **ELEMENTWISE)
def trunc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Each element without its fraction, rounded towards zero; the gradient is 0.

    Any shape; integers stay as they are.

    Example:
        >>> import minitorch
        >>> minitorch.trunc(minitorch.tensor([-1.5, 1.5]))
        tensor([-1.,  1.])
    """


fix = trunc


def _frac(x: Any) -> Any:
    if x.dtype.kind == "c":
        raise not_implemented("frac_cpu", x.dtype)
    return x - np.trunc(x)


@dtype_of_result
@operation(
    _frac, "x", lambda g: g,
    promote=promote_floats_only("frac_cpu"), floats=True, **ELEMENTWISE,
)  # fmt: skip
def frac(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The fraction of each element, ``x - trunc(x)``, with the sign of x; the derivative is 1.

    Any shape.

    Raises:
        NotImplementedError: ``input`` is not floating.

    Example:
        >>> import minitorch
        >>> minitorch.frac(minitorch.tensor([-1.5, 1.25]))
        tensor([-0.5000,  0.2500])
    """


def _round(x: Any, decimals: int) -> Any:
    if x.dtype.kind in "fV":
        return np.round(x, decimals)
    if decimals or x.dtype.kind in "bc":
        raise not_implemented("round_cpu", x.dtype)
    return +x


round_p = primitive(_round, "x | decimals", zero_gradient, name="round", **ELEMENTWISE)


def round(input: Tensor, *, decimals: int = 0, out: Tensor | None = None) -> Tensor:
    """The nearest number with that many decimals, halves to even; the gradient is 0.

    Example:
        >>> import minitorch
        >>> minitorch.round(minitorch.tensor([0.5, 1.5]))
        tensor([0., 2.])
    """
    made: Tensor = round_p(input, decimals)
    return made
