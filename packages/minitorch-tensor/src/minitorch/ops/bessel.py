"""Modified Bessel functions of the first kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..autograd.primitive import operation
from ..kernels import bessel
from .choice import where
from .complex_parts import sgn
from .conversion import FLOATS

if TYPE_CHECKING:
    from .._tensor.tensor import Tensor

__all__ = ["i0"]


def _ratio_at_zero(value: Any, x: Any) -> Any:
    """``value / x``, and its limit 1/2 at 0."""
    zero = x == 0
    return where(zero, 0.5, value / where(zero, 1.0, x))


@operation(bessel.i0, "x", lambda g, x: g * i1(x), **FLOATS)
def i0(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The modified Bessel function of the first kind, order 0; the derivative is ``i1``.

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.i0(minitorch.tensor([0.0, 1.0]))
        tensor([1.0000, 1.2661])
    """


@operation(
    bessel.i1, "x", lambda g, x, out: g * (i0(x) - _ratio_at_zero(out, x)),
    name="special_i1", **FLOATS,
)  # fmt: skip
def i1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The modified Bessel function of the first kind, order 1; the derivative is
    i0(x) - i1(x) / x.

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.special.i1(minitorch.tensor([0.0, 1.0]))
        tensor([0.0000, 0.5652])
    """


@operation(
    bessel.i0e, "x", lambda g, x, out: g * (i1e(x) - sgn(x) * out), name="special_i0e", **FLOATS
)
def i0e(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The modified Bessel function of order 0 times ``e^-|x|``, finite for large x; the derivative
    is i1e(x) - sgn(x) i0e(x).

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.special.i0e(minitorch.tensor([0.0, 1.0]))
        tensor([1.0000, 0.4658])
    """


@operation(
    bessel.i1e, "x", lambda g, x, out: g * (i0e(x) - sgn(x) * out - _ratio_at_zero(out, x)),
    name="special_i1e", **FLOATS,
)  # fmt: skip
def i1e(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The modified Bessel function of order 1 times ``e^-|x|``, finite for large x; the derivative
    is i0e(x) - sgn(x) i1e(x) - i1e(x) / x.

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.special.i1e(minitorch.tensor([0.0, 1.0]))
        tensor([0.0000, 0.2079])
    """
