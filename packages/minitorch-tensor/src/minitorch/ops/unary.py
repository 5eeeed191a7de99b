"""Functions of one operand that are no more than arithmetic: roots, squares, rectified values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import return_types
from ..autograd.out import castable
from ..autograd.primitive import operation, primitive
from ..kernels.elementwise import FEW, constant
from .choice import between, where
from .conversion import ELEMENTWISE, FLOATS, cast
from .exponential import exp2

if TYPE_CHECKING:
    from .._tensor.tensor import Tensor

__all__ = ["frexp", "isfinite", "nan_to_num", "reciprocal", "relu", "rsqrt", "sqrt", "square"]

# --- powers -----------------------------------------------------------------------------------


@operation(np.sqrt, "x", lambda g, out: g / (2 * out), **FLOATS)
def sqrt(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The root ``r`` of each element, ``r^2 = x``; the derivative is 1 / (2 r).

    Any shape; integers become the default float dtype. NaN below 0.

    Example:
        >>> import minitorch
        >>> minitorch.sqrt(minitorch.tensor([4.0, 9.0]))
        tensor([2., 3.])
    """


@operation(lambda x: 1 / np.sqrt(x), "x", lambda g, out: g * (-0.5 * (out * out * out)), **FLOATS)
def rsqrt(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``1 / sqrt(x)`` of each element; the derivative is -x^(-3/2) / 2.

    Any shape; integers become the default float dtype. inf at 0, NaN below.

    Example:
        >>> import minitorch
        >>> minitorch.rsqrt(minitorch.tensor([4.0, 16.0]))
        tensor([0.5000, 0.2500])
    """


@operation(lambda x: 1 / x, "x", lambda g, out: -g * (out * out), **FLOATS)
def reciprocal(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``1 / x`` of each element; the derivative is -1 / x^2.

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.reciprocal(minitorch.tensor([2.0, 4.0]))
        tensor([0.5000, 0.2500])
    """


def _square(x: Any) -> Any:
    return x * x if x.dtype.kind != "b" else x.astype(np.int64)


@castable
@operation(_square, "x", lambda g, x: g * (2 * x), label="PowBackward0", **ELEMENTWISE)
def square(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``x^2`` of each element; the derivative is 2 x.

    Any shape; integers stay integers, bools become int64.

    Example:
        >>> import minitorch
        >>> minitorch.square(minitorch.tensor([-2.0, 3.0]))
        tensor([4., 9.])
    """


def _relu(x: Any) -> Any:
    if x.dtype.kind == "b":
        raise RuntimeError("Boolean inputs not supported for relu")
    return np.maximum(x, constant(0, x.dtype)) if x.size < FEW else between(x, 0, None)


@operation(_relu, "x", lambda g, out: where(out <= 0, 0, g), **ELEMENTWISE)
def relu(input: Tensor) -> Tensor:
    """``max(x, 0)`` of each element; the derivative is 1 above 0 and 0 elsewhere.

    Any shape; integers stay integers.

    Raises:
        RuntimeError: ``input`` is a bool tensor.

    Example:
        >>> import minitorch
        >>> minitorch.relu(minitorch.tensor([-2.0, 3.0]))
        tensor([0., 3.])

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.relu.html
    """


# --- floating-point parts ---------------------------------------------------------------------


@operation(np.isfinite, "x", None, **ELEMENTWISE)
def isfinite(input: Tensor) -> Tensor:
    """True where an element is neither infinite nor NaN; a bool tensor of the same shape.

    Example:
        >>> import minitorch
        >>> minitorch.isfinite(minitorch.tensor([1.0, float("inf"), float("nan")]))
        tensor([ True, False, False])
    """


def _nan_to_num(x: Any, nan: Any, posinf: Any, neginf: Any) -> Any:
    if x.dtype.kind in "biu":
        return x.copy()
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


nan_to_num_p = primitive(
    _nan_to_num,
    "x | nan posinf neginf",
    lambda g, x: where(isfinite(x), g, 0),
    name="nan_to_num",
    **ELEMENTWISE,
)


def nan_to_num(
    input: Tensor,
    nan: float | None = None,
    posinf: float | None = None,
    neginf: float | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """NaN and infinities replaced: by 0 and the dtype's extreme values where not told otherwise."""
    return nan_to_num_p(input, 0.0 if nan is None else nan, posinf, neginf)


frexp_p = primitive(
    np.frexp,
    "x -> mantissa exponent",
    lambda g, exponent: g / exp2(cast(exponent, np.dtype(g.dtype))),
    name="frexp",
    **ELEMENTWISE,
)


def frexp(input: Tensor, *, out: tuple[Tensor, Tensor] | None = None) -> return_types.frexp:
    """``(mantissa, exponent)`` with ``input = mantissa * 2 ** exponent`` and 1/2 <= |mantissa| < 1.

    Raises:
        RuntimeError: ``input`` is not floating.
    """
    if not input.dtype.is_floating_point:
        raise RuntimeError("torch.frexp() only supports floating-point dtypes")
    return return_types.frexp(*frexp_p(input))
