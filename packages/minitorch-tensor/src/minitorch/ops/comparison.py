"""Comparison, tests of values, and logic. Results are bools, which have no gradient."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..autograd.primitive import primitive
from ..autograd.variable import Variable
from .conversion import NUMBERS, not_implemented, promote, takes_tensors
from .unary import finite

__all__ = ["allclose", "eq", "equal", "ge", "greater", "greater_equal", "gt", "isclose"]
__all__ += ["isfinite", "isinf", "isnan", "isneginf", "isposinf", "isreal", "le", "less"]
__all__ += ["less_equal", "logical_and", "logical_not", "logical_or", "logical_xor", "lt", "ne"]
__all__ += ["not_equal", "signbit"]

TRAITS: Any = {"traits": ("elementwise",)}


def promote_ordered(a: Any, b: Any) -> tuple[Any, ...]:
    """``promote``, for numbers that have an order."""
    a, b = promote(a, b)
    for x in (a, b):
        if isinstance(x, Variable) and x._data.dtype.kind == "c":
            raise not_implemented("comparison", x._data.dtype)
    return a, b


ORDERED: Any = {**TRAITS, "promote": promote_ordered, "floats": True}
# the operators
equal_to = primitive(operator.eq, "a b", None, None, name="eq", promote=promote, **TRAITS)
unequal_to = primitive(operator.ne, "a b", None, None, name="ne", promote=promote, **TRAITS)
less_than = primitive(operator.lt, "a b", None, None, name="lt", **ORDERED)
at_most = primitive(operator.le, "a b", None, None, name="le", **ORDERED)
greater_than = primitive(operator.gt, "a b", None, None, name="gt", **ORDERED)
at_least = primitive(operator.ge, "a b", None, None, name="ge", **ORDERED)
# the functions
eq = takes_tensors(equal_to, numbers="other")
ne = not_equal = takes_tensors(unequal_to, numbers="other")
lt = less = takes_tensors(less_than, numbers="other")
le = less_equal = takes_tensors(at_most, numbers="other")
gt = greater = takes_tensors(greater_than, numbers="other")
ge = greater_equal = takes_tensors(at_least, numbers="other")


def equals(self: Any, other: Any) -> Any:
    """``self == other``; with what is no operand, such as None, Python's own False."""
    if not isinstance(other, Variable | int | float | complex | np.ndarray | np.generic):
        return NotImplemented
    return equal_to(self, other)


def differs(self: Any, other: Any) -> Any:
    """``self != other``; with what is no operand, such as None, Python's own True."""
    if not isinstance(other, Variable | int | float | complex | np.ndarray | np.generic):
        return NotImplemented
    return unequal_to(self, other)


def equal(input: Any, other: Any) -> bool:
    """Whether shapes and all elements are equal, as a Python bool.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.equal.html
    """
    return input.shape == other.shape and bool(eq(input, other).all())


# --- tests ------------------------------------------------------------------------------------

isfinite = finite
isnan = primitive(np.isnan, "x", None, name="isnan", **TRAITS)
isinf = primitive(np.isinf, "x", None, name="isinf", **TRAITS)
signbit = primitive(lambda x: x < 0 if x.dtype.kind != "f" else np.signbit(x), "x", None,
                    name="signbit", **TRAITS)  # fmt: skip
isreal = primitive(np.isreal, "x", None, name="isreal", **TRAITS)


def _is_infinity(x: Any, infinity: float, name: str) -> Any:
    if x.dtype.kind == "c":
        raise RuntimeError(f"{name} does not support complex inputs.")
    return x == infinity


isposinf = primitive(
    lambda x: _is_infinity(x, np.inf, "isposinf"), "x", None, name="isposinf", **TRAITS
)
isneginf = primitive(
    lambda x: _is_infinity(x, -np.inf, "isneginf"), "x", None, name="isneginf", **TRAITS
)


def _isclose(a: Any, b: Any, rtol: float, atol: float, equal_nan: bool) -> Any:
    close = a == b
    if a.dtype.kind in "fc":
        limit = atol + abs(rtol * b)
        close = close | (np.isfinite(a) & np.isfinite(b) & (abs(a - b) <= limit))
        if equal_nan:
            close = close | (np.isnan(a) & np.isnan(b))
    elif a.dtype.kind != "b" and (rtol or atol):
        a, b = a.astype(np.float64), b.astype(np.float64)
        close = close | (abs(a - b) <= atol + abs(rtol * b))
    return close


closeness = primitive(_isclose, "a b | rtol atol equal_nan", None, None, name="isclose", **TRAITS)


def isclose(
    input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Any:
    """``|input - other| <= atol + rtol * |other|``, element by element.

    Raises:
        RuntimeError: the dtypes differ, or a tolerance is negative.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.isclose.html
    """
    for name, value in (("input", input), ("other", other)):
        if type(value) in NUMBERS:
            raise TypeError(f"isclose(): argument '{name}' must be Tensor, not {value!r}")
    if input.dtype != other.dtype:
        raise RuntimeError(f"{input.dtype.type_name} did not match {other.dtype.type_name}")
    for name, value in (("rtol", rtol), ("atol", atol)):
        if value < 0:
            raise RuntimeError(f"{name} must be greater than or equal to zero, but got {value}")
    return closeness(input, other, rtol, atol, equal_nan)


def allclose(
    input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """Whether ``isclose`` holds everywhere, as a Python bool.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.allclose.html
    """
    return bool(isclose(input, other, rtol, atol, equal_nan).all())


# --- logic: what is not zero counts as true ---------------------------------------------------

logical_and = takes_tensors(primitive(np.logical_and, "a b", None, None, **TRAITS))
logical_or = takes_tensors(primitive(np.logical_or, "a b", None, None, **TRAITS))
logical_xor = takes_tensors(primitive(np.logical_xor, "a b", None, None, **TRAITS))
logical_not = primitive(np.logical_not, "x", None, **TRAITS)
