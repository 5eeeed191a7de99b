"""Comparison, tests of values, and logic. Results are bools, which have no gradient."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.out import castable
from ..autograd.primitive import operation, primitive
from ..autograd.variable import Variable
from .conversion import ELEMENTWISE, NUMBERS, not_implemented, promote

if TYPE_CHECKING:
    from .._tensor.tensor import Tensor

__all__ = ["allclose", "eq", "equal", "ge", "greater", "greater_equal", "gt", "isclose"]
__all__ += ["isinf", "isnan", "isneginf", "isposinf", "isreal", "le", "less"]
__all__ += ["less_equal", "logical_and", "logical_not", "logical_or", "logical_xor", "lt", "ne"]
__all__ += ["not_equal", "signbit"]


def promote_ordered(a: Any, b: Any) -> tuple[Any, ...]:
    """``promote``, for numbers that have an order."""
    a, b = promote(a, b)
    for x in (a, b):
        if isinstance(x, Variable) and x._data.dtype.kind == "c":
            raise not_implemented("comparison", x._data.dtype)
    return a, b


OTHER: Any = {**ELEMENTWISE, "numbers": "other"}
ORDERED: Any = {**OTHER, "promote": promote_ordered, "floats": True}


@operation(operator.eq, "a b", None, None, promote=promote, **OTHER)
def eq(input: Tensor, other: Tensor | complex, *, out: Tensor | None = None) -> Tensor:
    """``input == other``, element by element and broadcast; a bool tensor.

    Example:
        >>> import minitorch
        >>> minitorch.eq(minitorch.tensor([1, 2, 3]), 2)
        tensor([False,  True, False])
    """


@operation(operator.ne, "a b", None, None, promote=promote, **OTHER)
def ne(input: Tensor, other: Tensor | complex, *, out: Tensor | None = None) -> Tensor:
    """``input != other``, element by element and broadcast; a bool tensor.

    Example:
        >>> import minitorch
        >>> minitorch.ne(minitorch.tensor([1, 2, 3]), 2)
        tensor([ True, False,  True])
    """


@operation(operator.lt, "a b", None, None, **ORDERED)
def lt(input: Tensor, other: Tensor | complex, *, out: Tensor | None = None) -> Tensor:
    """``input < other``, element by element and broadcast; a bool tensor.

    Example:
        >>> import minitorch
        >>> minitorch.lt(minitorch.tensor([1, 2, 3]), 2)
        tensor([ True, False, False])
    """


@operation(operator.le, "a b", None, None, **ORDERED)
def le(input: Tensor, other: Tensor | complex, *, out: Tensor | None = None) -> Tensor:
    """``input <= other``, element by element and broadcast; a bool tensor.

    Example:
        >>> import minitorch
        >>> minitorch.le(minitorch.tensor([1, 2, 3]), 2)
        tensor([ True,  True, False])
    """


@operation(operator.gt, "a b", None, None, **ORDERED)
def gt(input: Tensor, other: Tensor | complex, *, out: Tensor | None = None) -> Tensor:
    """``input > other``, element by element and broadcast; a bool tensor.

    Example:
        >>> import minitorch
        >>> minitorch.gt(minitorch.tensor([1, 2, 3]), 2)
        tensor([False, False,  True])
    """


@operation(operator.ge, "a b", None, None, **ORDERED)
def ge(input: Tensor, other: Tensor | complex, *, out: Tensor | None = None) -> Tensor:
    """``input >= other``, element by element and broadcast; a bool tensor.

    Example:
        >>> import minitorch
        >>> minitorch.ge(minitorch.tensor([1, 2, 3]), 2)
        tensor([False,  True,  True])
    """


not_equal, less, less_equal, greater, greater_equal = ne, lt, le, gt, ge


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether shapes and all elements are equal, as a Python bool."""
    return input.shape == other.shape and bool(eq(input, other).all())


# --- tests ------------------------------------------------------------------------------------


@operation(np.isnan, "x", None, **ELEMENTWISE)
def isnan(input: Tensor) -> Tensor:
    """True where an element is NaN; a bool tensor of the same shape.

    Example:
        >>> import minitorch
        >>> minitorch.isnan(minitorch.tensor([1.0, float("nan")]))
        tensor([False,  True])
    """


@operation(np.isinf, "x", None, **ELEMENTWISE)
def isinf(input: Tensor) -> Tensor:
    """True where an element is infinite, of either sign; a bool tensor of the same shape.

    Example:
        >>> import minitorch
        >>> minitorch.isinf(minitorch.tensor([1.0, -float("inf")]))
        tensor([False,  True])
    """


@operation(lambda x: x < 0 if x.dtype.kind not in "fV" else np.signbit(x), "x", None, **ELEMENTWISE)
def signbit(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """True where the sign bit is set, that of -0.0 too; a bool tensor of the same shape.

    Example:
        >>> import minitorch
        >>> minitorch.signbit(minitorch.tensor([-1.0, -0.0, 0.0]))
        tensor([ True,  True, False])
    """


@operation(np.isreal, "x", None, **ELEMENTWISE)
def isreal(input: Tensor) -> Tensor:
    """True where the imaginary part is zero; a bool tensor of the same shape.

    Example:
        >>> import minitorch
        >>> minitorch.isreal(minitorch.tensor([1j, 1.0]))
        tensor([False,  True])
    """


def _is_infinity(x: Any, infinity: float, name: str) -> Any:
    if x.dtype.kind == "c":
        raise RuntimeError(f"{name} does not support complex inputs.")
    return x == infinity


@operation(lambda x: _is_infinity(x, np.inf, "isposinf"), "x", None, **ELEMENTWISE)
def isposinf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """True where an element is infinity; a bool tensor of the same shape.

    Raises:
        RuntimeError: ``input`` is complex.

    Example:
        >>> import minitorch
        >>> minitorch.isposinf(minitorch.tensor([float("inf"), -float("inf")]))
        tensor([ True, False])
    """


@operation(lambda x: _is_infinity(x, -np.inf, "isneginf"), "x", None, **ELEMENTWISE)
def isneginf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """True where an element is minus infinity; a bool tensor of the same shape.

    Raises:
        RuntimeError: ``input`` is complex.

    Example:
        >>> import minitorch
        >>> minitorch.isneginf(minitorch.tensor([float("inf"), -float("inf")]))
        tensor([False,  True])
    """


def _isclose(a: Any, b: Any, rtol: float, atol: float, equal_nan: bool) -> Any:
    close = a == b
    if a.dtype.kind in "fVc":
        limit = atol + abs(rtol * b)
        close = close | (np.isfinite(a) & np.isfinite(b) & (abs(a - b) <= limit))
        if equal_nan:
            close = close | (np.isnan(a) & np.isnan(b))
    elif a.dtype.kind != "b" and (rtol or atol):
        a, b = a.astype(np.float64), b.astype(np.float64)
        close = close | (abs(a - b) <= atol + abs(rtol * b))
    return close


isclose_p = primitive(
    _isclose, "a b | rtol atol equal_nan", None, None, name="isclose", **ELEMENTWISE
)


def isclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Tensor:
    """``|input - other| <= atol + rtol * |other|``, element by element.

    Raises:
        RuntimeError: the dtypes differ, or a tolerance is negative.
    """
    for name, value in (("input", input), ("other", other)):
        if type(value) in NUMBERS:
            raise TypeError(f"isclose(): argument '{name}' must be Tensor, not {value!r}")
    if input.dtype != other.dtype:
        raise RuntimeError(f"{input.dtype.type_name} did not match {other.dtype.type_name}")
    for name, tolerance in (("rtol", rtol), ("atol", atol)):
        if isinstance(tolerance, Variable) and tolerance.requires_grad:
            raise TypeError(f"isclose(): argument '{name}' must be float, not a Tensor with grad")
        if tolerance < 0:
            raise RuntimeError(f"{name} must be greater than or equal to zero, but got {tolerance}")
    return isclose_p(input, other, float(rtol), float(atol), equal_nan)


def allclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """Whether ``isclose`` holds everywhere, as a Python bool."""
    return bool(isclose(input, other, rtol, atol, equal_nan).all())


# --- logic: what is not zero counts as true ---------------------------------------------------


@castable
@operation(np.logical_and, "a b", None, None, numbers="", **ELEMENTWISE)
def logical_and(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether both are true, element by element and broadcast; a bool tensor.

    Example:
        >>> import minitorch
        >>> minitorch.logical_and(minitorch.tensor([0, 1, 2]), minitorch.tensor([0, 0, 1]))
        tensor([False, False,  True])
    """


@castable
@operation(np.logical_or, "a b", None, None, numbers="", **ELEMENTWISE)
def logical_or(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether at least one is true, element by element and broadcast; a bool tensor.

    Example:
        >>> import minitorch
        >>> minitorch.logical_or(minitorch.tensor([0, 1, 2]), minitorch.tensor([0, 0, 1]))
        tensor([False,  True,  True])
    """


@castable
@operation(np.logical_xor, "a b", None, None, numbers="", **ELEMENTWISE)
def logical_xor(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether just one is true, element by element and broadcast; a bool tensor.

    Example:
        >>> import minitorch
        >>> minitorch.logical_xor(minitorch.tensor([0, 1, 2]), minitorch.tensor([0, 0, 1]))
        tensor([False,  True, False])
    """


@castable
@operation(np.logical_not, "x", None, **ELEMENTWISE)
def logical_not(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether each element is zero; a bool tensor of the same shape.

    Example:
        >>> import minitorch
        >>> minitorch.logical_not(minitorch.tensor([0, 1, 2]))
        tensor([ True, False, False])
    """
