"""Choice between values, element by element: where, masks, bounds, extrema of two."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from ..autograd.grad_mode import current
from ..autograd.out import castable, into
from ..autograd.primitive import operation, primitive
from ..autograd.variable import Variable
from ..kernels.elementwise import over_elements
from ..kernels.memory import packed
from ..kernels.select import select
from .arguments import check_tensors
from .conversion import (
    NUMBERS,
    as_operand,
    common_dtype,
    element,
    fitted,
    number,
    promote,
    to_dtype,
)
from .creation import literal
from .inspection import is_tensor

if TYPE_CHECKING:
    from .._tensor.tensor import Tensor
    from .._types.dtype import dtype
    from ..autograd.primitive import Operation

__all__ = ["clamp", "clamp_max", "clamp_min", "clip", "fill", "fmax", "fmin", "masked_fill"]
__all__ += ["maximum", "minimum", "where"]

ELEMENTWISE: Any = {"traits": ("elementwise",), "promote": promote}

zeros_like_p: Operation = primitive(
    lambda x: np.zeros_like(x)[()], "x", lambda g: zeros_like_p(g), name="zeros_like",
    traits=("elementwise", "linear"),
)  # fmt: skip


def _choose(condition: Any, a: Any, b: Any) -> Any:
    chosen = select(condition, a, b)
    return chosen if chosen.ndim else chosen[()]


where_p = primitive(
    _choose,
    "condition a b",
    None,
    lambda g, condition: where(condition, g, 0),
    lambda g, condition: where(condition, 0, g),
    name="where",
    traits=("elementwise",),
)


def _nonzero(xs: Any) -> tuple[Any, ...]:
    return tuple(i.astype(np.int64, copy=False) for i in np.nonzero(np.atleast_1d(xs[0])))


nonzero_p = primitive(_nonzero, "*conditions -> places", name="nonzero", traits=("values",))


@overload
def where(condition: Tensor) -> tuple[Tensor, ...]: ...
@overload
def where(condition: Tensor, input: Tensor | complex, other: Tensor | complex) -> Tensor: ...
def where(
    condition: Tensor,
    input: Tensor | complex | None = None,
    other: Tensor | complex | None = None,
    *,
    out: Tensor | None = None,
) -> tuple[Tensor, ...] | Tensor:
    """``input`` where ``condition`` is set and ``other`` elsewhere, broadcast.

    With the condition alone, the indices of its nonzero elements, a tensor per dimension.

    Raises:
        RuntimeError: the condition is not a bool tensor.

    Example:
        >>> import minitorch
        >>> x = minitorch.tensor([-1.0, 2.0])
        >>> minitorch.where(x > 0, x, 0)
        tensor([0., 2.])
    """
    if out is not None:
        into(out, where, condition, input, other)
        return out
    if input is None and other is None:
        check_tensors("where", condition=condition)
        return (*nonzero_p([condition]),)
    tensors = isinstance(condition, Variable)
    if tensors or isinstance(input, Variable) or isinstance(other, Variable):
        if tensors and condition._data.dtype.kind != "b":
            if condition._data.dtype != np.uint8:
                raise RuntimeError(
                    "where expected condition to be a boolean tensor, but got a tensor with dtype "
                    f"{condition.dtype.type_name}"
                )
            warnings.warn(
                "where received a uint8 condition tensor. This behavior is deprecated and will be "
                "removed in a future version of PyTorch. Use a boolean condition instead.",
                stacklevel=2,
            )
            condition = to_dtype(condition, np.dtype(np.bool_))
        if not tensors and not current.state.arrays:
            check_tensors("where", condition=condition)
        operands = as_operand(input), as_operand(other)
        dtype = common_dtype(*operands)
        input, other = (
            to_dtype(element(x, dtype) if type(x) in NUMBERS else x, dtype.numpy) for x in operands
        )
        if not isinstance(input, Variable):
            input = literal(number(input, dtype.numpy))
        elif dtype.numpy.kind == "V" and not isinstance(other, Variable):
            other = literal(number(other, dtype.numpy))  # to NumPy a number beside it is float64
    return where_p(condition, input, other)


def where_method(self: Tensor, condition: Tensor, other: Tensor | complex) -> Tensor:
    """``where`` with ``self`` as the values chosen."""
    return where(condition, self, other)


# --- masks and constants ----------------------------------------------------------------------

masked_fill_p = primitive(
    lambda x, mask, value: packed(_choose(mask, value, x)),
    "x mask value",
    lambda g, mask: where(mask, 0, g),
    None,
    lambda g, mask: where(mask, g, 0),
    name="masked_fill",
    traits=("elementwise",),
)

OVERFLOW = "value cannot be converted to type {} without overflow"


def constant(value: Any, dtype: dtype, name: str) -> Any:
    """The number or 0-dim tensor ``value`` in ``dtype``."""
    if not is_tensor(value):
        return current.state.without_warnings(dtype.numpy.type, fitted(value, dtype))
    if value.ndim:
        raise RuntimeError(
            f"{name} only supports a 0-dimensional value tensor, but got tensor with {value.ndim} "
            "dimension(s)."
        )
    if value.dtype.is_complex and not dtype.is_complex:
        raise RuntimeError(OVERFLOW.format(dtype.type_name.lower()))
    return to_dtype(value, dtype.numpy)


def masked_fill(input: Tensor, mask: Tensor, value: Tensor | complex) -> Tensor:
    """``input`` with ``value``, a number or a 0-dim tensor, where ``mask`` is set; broadcast.

    Raises:
        RuntimeError: ``mask`` is not a bool tensor, or ``value`` has dimensions.
    """
    if is_tensor(input):
        check_tensors("masked_fill", mask=mask)
        if mask.dtype.category:
            raise RuntimeError(
                "masked_fill_ only supports boolean masks, but got mask with dtype "
                f"{mask.dtype.type_name.lower()}"
            )
        value = constant(value, input.dtype, "masked_fill_")
    return masked_fill_p(input, mask, value)


fill_p = primitive(
    lambda x, value: np.full_like(x, value)[()],
    "x value",
    lambda g: zeros_like_p(g),
    lambda g: g,
    name="fill",
    traits=("elementwise",),
)


def fill(input: Tensor, value: Tensor | complex) -> Tensor:
    """A tensor like ``input`` whose elements are all ``value``, a number or a 0-dim tensor."""
    return fill_p(input, constant(value, input.dtype, "fill_"))


# --- extrema of two ---------------------------------------------------------------------------
# maximum and minimum give each of two equal operands half of the gradient; NaN wins, except in
# fmax and fmin, where it loses


def _ordered(name: str) -> Any:
    """What operations have in common that need an order of the numbers."""

    def promoted(a: Any, b: Any) -> tuple[Any, ...]:
        a, b = promote(a, b)
        if a.dtype.kind == "c" if isinstance(a, np.ndarray) else a.dtype.is_complex:
            raise RuntimeError(f"{name} not implemented for complex tensors.")
        return a, b

    return {"traits": ("elementwise",), "promote": promoted, "floats": True}


def _half_of_ties(g: Any, mine: Any, other: Any, loses: Any) -> Any:
    return where(loses, 0, where(mine == other, g / 2, g))


@operation(
    np.maximum, "a b",
    lambda g, a, b: _half_of_ties(g, a, b, a < b),
    lambda g, a, b: _half_of_ties(g, a, b, b < a),
    numbers="", **_ordered("maximum"),
)  # fmt: skip
def maximum(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The larger of two elements, or NaN where one is; the gradient goes to it, half and half to
    equal ones.

    Shapes broadcast, dtypes are promoted.

    Example:
        >>> import minitorch
        >>> minitorch.maximum(minitorch.tensor([1.0, 4.0]), minitorch.tensor([2.0, 3.0]))
        tensor([2., 4.])
    """


@operation(
    np.minimum, "a b",
    lambda g, a, b: _half_of_ties(g, a, b, a > b),
    lambda g, a, b: _half_of_ties(g, a, b, b > a),
    numbers="", **_ordered("minimum"),
)  # fmt: skip
def minimum(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The smaller of two elements, or NaN where one is; the gradient goes to it, half and half to
    equal ones.

    Shapes broadcast, dtypes are promoted.

    Example:
        >>> import minitorch
        >>> minitorch.minimum(minitorch.tensor([1.0, 4.0]), minitorch.tensor([2.0, 3.0]))
        tensor([1., 3.])
    """


@operation(
    np.fmax, "a b",
    lambda g, a, b: where((a >= b) | (b != b), g, 0),
    lambda g, a, b: where((a >= b) | (b != b), 0, g),
    numbers="", **_ordered("fmax"),
)  # fmt: skip
def fmax(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The larger of two elements, or the one that is not NaN; the gradient goes to it, to
    ``input`` where both are equal.

    Shapes broadcast, dtypes are promoted.

    Example:
        >>> import minitorch
        >>> minitorch.fmax(minitorch.tensor([1.0, 4.0]), minitorch.tensor([2.0, 3.0]))
        tensor([2., 4.])
    """


@operation(
    np.fmin, "a b",
    lambda g, a, b: where((a <= b) | (b != b), g, 0),
    lambda g, a, b: where((a <= b) | (b != b), 0, g),
    numbers="", **_ordered("fmin"),
)  # fmt: skip
def fmin(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The smaller of two elements, or the one that is not NaN; the gradient goes to it, to
    ``input`` where both are equal.

    Shapes broadcast, dtypes are promoted.

    Example:
        >>> import minitorch
        >>> minitorch.fmin(minitorch.tensor([1.0, 4.0]), minitorch.tensor([2.0, 3.0]))
        tensor([1., 3.])
    """


# --- bounds -----------------------------------------------------------------------------------


def _clamp(x: Any, low: Any, high: Any) -> Any:
    if x.dtype.kind == "c":
        raise NotImplementedError(
            "clamp is not supported for complex types: clamp .real and .imag, or .abs()"
        )
    if low is not None:
        x = np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


def between(x: Any, low: Any, high: Any) -> Any:
    """``x`` brought between two numbers, of which one may be None."""
    if x.size < 8192 or x.dtype.kind not in "fV" or not x.flags.c_contiguous:
        return _clamp(x, low, high)
    # clip with two numbers of the dtype takes a third of maximum's time
    kind, out = x.dtype.type, np.empty_like(x)
    bounds = kind(-math.inf if low is None else low), kind(math.inf if high is None else high)
    over_elements(lambda part, made: np.clip(part, *bounds, out=made), 1, x, out)
    return out


def _within(x: Any, low: Any, high: Any) -> Any:
    if low is None or high is None:
        return x <= high if low is None else x >= low
    return (x >= low) & (x <= high)


clamp_p = primitive(
    between,
    "x | low high",
    lambda g, x, low, high: where(_within(x, low, high), g, 0),
    name="clamp",
    label="ClampBackward1",
    traits=("elementwise",),
)
clamp_tensors_p = primitive(
    _clamp,
    "x low high",
    lambda g, x, low, high: where((x >= low) & (x <= high), g, 0),
    lambda g, x, low, high: where((x < low) & (low < high), g, 0),
    lambda g, x, low, high: where((x > high) | (high < low), g, 0),
    name="clamp",
    traits=("elementwise",),
)
clamp_min_p = primitive(
    np.maximum,
    "x low",
    lambda g, x, low: where(x >= low, g, 0),
    lambda g, x, low: where(x < low, g, 0),
    name="clamp_min",
    **ELEMENTWISE,
)
clamp_max_p = primitive(
    np.minimum,
    "x high",
    lambda g, x, high: where(x <= high, g, 0),
    lambda g, x, high: where(x > high, g, 0),
    name="clamp_max",
    **ELEMENTWISE,
)


@castable
def clamp(
    input: Tensor,
    min: Tensor | complex | None = None,
    max: Tensor | complex | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """``input`` with what lies outside of [min, max] set to the bound; bounds broadcast.

    The gradient is that of the element itself inside the bounds and on them. Where ``min > max``
    the result is ``max``.

    Raises:
        RuntimeError: neither bound is given.
    """
    if type(input) in NUMBERS:
        raise TypeError(f"clamp(): argument 'input' must be Tensor, not {type(input).__name__}")
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if isinstance(min, Variable) or isinstance(max, Variable):
        if max is None:
            return clamp_min_p(input, min)
        if min is None:
            return clamp_max_p(input, max)
        return clamp_tensors_p(*promote(input, min, max))
    bounds = [as_operand(b) for b in (min, max) if b is not None]
    dtype = input.dtype
    if dtype.category < 2:
        dtype = common_dtype(input, *bounds)
        input = to_dtype(input, dtype.numpy)
        bounds = [number(fitted(b, dtype), dtype.numpy) for b in bounds]
    else:
        bounds = [fitted(b, dtype) for b in bounds]
    return clamp_p(input, None if min is None else bounds[0], None if max is None else bounds[-1])


@castable
def clamp_min(input: Tensor, min: Tensor | complex, *, out: Tensor | None = None) -> Tensor:
    """``clamp`` from below alone."""
    return clamp(input, min)


@castable
def clamp_max(input: Tensor, max: Tensor | complex, *, out: Tensor | None = None) -> Tensor:
    """``clamp`` from above alone."""
    return clamp(input, None, max)


clip = clamp
