"""Arithmetic of two operands: sums, products, quotients, remainders."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from .._types.dtype import bfloat16, float16, float32
from ..autograd.dispatch import NEVER
from ..autograd.out import castable
from ..autograd.primitive import labelled, operation, primitive
from ..autograd.variable import Variable
from .choice import zeros_like_p
from .conversion import (
    FITS,
    as_operand,
    common_dtype,
    fitted,
    not_implemented,
    promote,
    promote_to_float,
    to,
)
from .inspection import is_tensor
from .unary import reciprocal

if TYPE_CHECKING:
    from .._tensor.tensor import Tensor

__all__ = ["add", "addcdiv", "addcmul", "div", "divide", "floor_divide", "fmod"]
__all__ += ["lerp", "mul", "multiply", "neg", "negative", "positive", "remainder", "rsub"]
__all__ += ["sub", "subtract", "true_divide"]

ELEMENTWISE: Any = {"traits": ("elementwise",), "promote": promote}

# --- sums and differences ---------------------------------------------------------------------

NO_BOOLS = (
    "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
    "`logical_xor()` operator instead."
)
NO_BOOL = (
    "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to "
    "invert a mask, use the `~` or `logical_not()` operator instead."
)


def promote_numbers(*operands: Any) -> tuple[Any, ...]:
    """``promote``, for an operation that bools do not have."""
    bools = [
        x is True or x is False or (isinstance(x, Variable) and x._data.dtype.kind == "b")
        for x in map(as_operand, operands)
    ]
    if any(bools):
        raise RuntimeError(NO_BOOLS if all(bools) else NO_BOOL)
    return promote(*operands)


def _neg(x: Any) -> Any:
    try:
        return -x
    except TypeError:
        raise RuntimeError(NO_BOOL.replace("Subtraction", "Negation")) from None


# operator.add, not np.add: on NumPy scalars, the values of 0-dim results, it takes a tenth
add_p = primitive(
    operator.add, "a b", lambda g: g, lambda g: g, name="add", numbers="both", **ELEMENTWISE
)
DIFFERENCE: Any = {"traits": ("elementwise",), "promote": promote_numbers, "floats": True}
sub_p = primitive(
    operator.sub, "a b", lambda g: g, lambda g: -g, name="sub", numbers="both", **DIFFERENCE
)
rsub_p = primitive(
    lambda a, b: b - a,
    "a b",
    lambda g: -g,
    lambda g: g,
    name="rsub",
    label="RsubBackward1",
    **DIFFERENCE,
)
rsub_tensor_p = labelled(rsub_p, "RsubBackward0")


@operation(_neg, "x", lambda g: -g, traits=("elementwise", "linear"))
def neg(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``-input``; the derivative is -1.

    Any shape.

    Raises:
        RuntimeError: ``input`` is a bool tensor.

    Example:
        >>> import minitorch
        >>> minitorch.neg(minitorch.tensor([1.0, -2.0]))
        tensor([-1.,  2.])
    """


negative = neg


def scaled(other: Any, alpha: Any, input: Any) -> Any:
    """``alpha * other``, with PyTorch's conditions on ``alpha``."""
    if type(alpha) is int and alpha == 1:
        return other
    dtype = common_dtype(as_operand(input), as_operand(other))
    category = dtype.category
    if isinstance(alpha, bool) and category:
        raise RuntimeError("Boolean alpha only supported for Boolean results.")
    if isinstance(alpha, float) and category < 2:
        raise RuntimeError(
            "For integral input tensors, argument alpha must not be a floating point number."
        )
    if isinstance(alpha, complex) and category < 3:
        raise RuntimeError(
            "For non-complex input tensors, argument alpha must not be a complex number."
        )
    alpha = fitted(alpha, dtype)
    return other * alpha if isinstance(other, int | float | complex) else mul(other, alpha)


@castable
def add(
    input: Tensor | complex,
    other: Tensor | complex,
    *,
    alpha: complex | None = 1,
    out: Tensor | None = None,
) -> Tensor:
    """``input + alpha * other``, broadcast.

    Example:
        >>> import minitorch
        >>> minitorch.add(minitorch.tensor([1.0, 2.0]), 10, alpha=2)
        tensor([21., 22.])
    """
    return add_p(input, scaled(other, alpha, input))


@castable
def sub(
    input: Tensor | complex,
    other: Tensor | complex,
    *,
    alpha: complex | None = 1,
    out: Tensor | None = None,
) -> Tensor:
    """``input - alpha * other``, broadcast.

    Raises:
        RuntimeError: one of them is a bool.
    """
    return sub_p(input, scaled(other, alpha, input))


def rsub(input: Tensor, other: Tensor | complex, *, alpha: complex = 1) -> Tensor:
    """``other - alpha * input``, broadcast."""
    if not isinstance(input, Variable):
        raise TypeError(f"rsub(): argument 'input' must be Tensor, not {type(input).__name__}")
    difference = rsub_tensor_p if isinstance(other, Variable) else rsub_p
    return difference(scaled(input, alpha, other), other)


subtract = sub


def positive(input: Tensor) -> Tensor:
    """``input`` itself."""
    if input.dtype.category == 0:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


# --- products and quotients -------------------------------------------------------------------


def in_float32(op: Any, a: Any, b: Any) -> Any:
    """``op(a, b)`` of float16 and a number that float16 does not hold (or not as precisely),
    rounded to float16 in the end; None for any other two.
    """
    for x, y in ((a, b), (b, a)):
        if not is_tensor(x) or x._data.dtype.char != "e":
            continue
        if isinstance(y, Variable):
            beyond = y._data.dtype.char in "fd" and not y._data.ndim and x._data.ndim
        else:
            beyond = type(y) in (int, float) and y and not 2**-14 <= abs(y) <= FITS
        if beyond:
            return to(op(*(to(z, float32) if z is x else z for z in (a, b))), float16)
    return None


@operation(
    operator.mul,
    "a b",
    lambda g, b: g * b,
    lambda g, a: g * a,
    widen=in_float32,
    numbers="both",
    **ELEMENTWISE,
)
def mul(input: Tensor | complex, other: Tensor | complex, *, out: Tensor | None = None) -> Tensor:
    """``input * other``; the derivatives are ``other`` and ``input``.

    Shapes broadcast, dtypes are promoted; one of the two may be a number.

    Example:
        >>> import minitorch
        >>> minitorch.mul(minitorch.tensor([1.0, 2.0]), 10)
        tensor([10., 20.])
    """


multiply = mul
QUOTIENT: Any = {"traits": ("elementwise",), "promote": promote_to_float, "floats": True}


@operation(
    operator.truediv, "a b", lambda g, b: g / b, lambda g, a, b: -g * (a / b / b), name="div",
    widen=in_float32, numbers="both", **QUOTIENT,
)  # fmt: skip
def true_divide(
    input: Tensor | complex, other: Tensor | complex, *, out: Tensor | None = None
) -> Tensor:
    """``input / other``; the derivatives are 1 / other and -input / other^2.

    Shapes broadcast, dtypes are promoted, integers to the default float dtype; one of the two may
    be a number.

    Example:
        >>> import minitorch
        >>> minitorch.true_divide(minitorch.tensor([1, 2]), 4)
        tensor([0.2500, 0.5000])
    """


def divide_into(a: Any, b: Any) -> Tensor:
    """``b / a``, as ``b`` times the reciprocal: neither ``a`` nor the result is saved."""
    return mul(reciprocal(a), b)


def _floats(a: Any) -> bool:
    """Whether a kernel's operand is floating: a number is, once it has been promoted."""
    return isinstance(a, int | float) or a.dtype.kind in "fV"


def _divisible(a: Any, b: Any, name: str) -> None:
    """Raises PyTorch's errors where integers or bools ``a`` cannot be divided by ``b``."""
    if a.dtype.kind in "bc":
        raise not_implemented(name, a.dtype)
    if not b.all():
        raise RuntimeError(
            f"ZeroDivisionError: {name} of integers ({a.dtype}) by a divisor with zeros in it"
        )


def _floor_divide(a: Any, b: Any) -> Any:
    if not _floats(a):
        _divisible(a, b, "div_floor")
    return np.floor_divide(a, b)


def _trunc_divide(a: Any, b: Any) -> Any:
    if _floats(a):
        return np.trunc(np.true_divide(a, b))
    _divisible(a, b, "div_trunc")
    quotient = np.floor_divide(a, b)
    return quotient + ((quotient < 0) & (quotient * b != a)).astype(quotient.dtype)


def _remainder(a: Any, b: Any) -> Any:
    if not _floats(a):
        _divisible(a, b, "remainder")
    return np.remainder(a, b)


def _fmod(a: Any, b: Any) -> Any:
    if not _floats(a):
        _divisible(a, b, "fmod")
    return np.fmod(a, b)


def of_number_or_tensor(node: Any) -> str:
    """PyTorch's names: 0 for a number as the last operand, 1 for a tensor."""
    return f"{type(node).__name__[:-1]}{int(not has_number(node))}"


def has_number(node: Any) -> bool:
    # numbers have no version; where none was saved, an operand without gradient counts as one
    versions = node.versions
    return None in node.parents and (not versions or any(v is NEVER for v, _ in versions))


def _no_derivative(name: str) -> Any:
    def rule(g: Any) -> Any:
        raise NotImplementedError(f"derivative for {name} is not implemented")

    return rule


STEP = (lambda g: zeros_like_p(g),) * 2  # a step function's rules
div_floor_p = primitive(_floor_divide, "a b", *STEP, name="div", numbers="both", **ELEMENTWISE)
div_trunc_p = primitive(_trunc_divide, "a b", *STEP, name="div", numbers="both", **ELEMENTWISE)


@operation(
    _floor_divide, "a b", *(_no_derivative("floor_divide"),) * 2, numbers="both", **ELEMENTWISE
)
def floor_divide(
    input: Tensor | complex, other: Tensor | complex, *, out: Tensor | None = None
) -> Tensor:
    """``input / other`` rounded down; it has no gradient (``div(..., rounding_mode="floor")`` has).

    Shapes broadcast, dtypes are promoted; one of the two may be a number.

    Raises:
        RuntimeError: integers are divided by zero.

    Example:
        >>> import minitorch
        >>> minitorch.floor_divide(minitorch.tensor([-7, 7]), 2)
        tensor([-4,  3])
    """


@operation(
    _remainder, "a b", lambda g: g, lambda g, a, b: -g * div_floor_p(a, b),
    label=of_number_or_tensor, **ELEMENTWISE,
)  # fmt: skip
def remainder(
    input: Tensor | complex, other: Tensor | complex, *, out: Tensor | None = None
) -> Tensor:
    """``input - other * floor(input / other)``, with the sign of ``other``; the derivatives are 1
    and -floor(input / other).

    Shapes broadcast, dtypes are promoted; one of the two may be a number.

    Raises:
        RuntimeError: integers are divided by zero.

    Example:
        >>> import minitorch
        >>> minitorch.remainder(minitorch.tensor([-7, 7]), 3)
        tensor([2, 1])
    """


@operation(
    _fmod, "a b", lambda g: g, lambda g, a, b: -g * div_trunc_p(a, b),
    label=of_number_or_tensor, numbers="other", **ELEMENTWISE,
)  # fmt: skip
def fmod(input: Tensor, other: Tensor | complex, *, out: Tensor | None = None) -> Tensor:
    """``input - other * trunc(input / other)``, with the sign of ``input``; the derivatives are 1
    and -trunc(input / other).

    Shapes broadcast, dtypes are promoted; ``other`` may be a number.

    Raises:
        RuntimeError: integers are divided by zero.

    Example:
        >>> import minitorch
        >>> minitorch.fmod(minitorch.tensor([-7, 7]), 3)
        tensor([-1,  1])
    """


def floor_divide_into(a: Any, b: Any) -> Tensor:
    """``b // a``."""
    return floor_divide(b, a)


def remainder_into(a: Any, b: Any) -> Tensor:
    """``b % a``."""
    return remainder(b, a)


@castable
def div(
    input: Tensor | float,
    other: Tensor | float,
    *,
    rounding_mode: str | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """``input / other``, broadcast; integers give the default float dtype.

    ``rounding_mode`` ``"floor"`` or ``"trunc"`` rounds the quotient down or towards zero and keeps
    integers; the gradient is zero then.

    Raises:
        RuntimeError: another rounding mode; integers divided by zero and rounded.

    Example:
        >>> import minitorch
        >>> minitorch.div(minitorch.tensor([-7, 7]), 2, rounding_mode="trunc")
        tensor([-3,  3])
    """
    if rounding_mode is None:
        return true_divide(input, other)
    if rounding_mode == "floor":
        return div_floor_p(input, other)
    if rounding_mode == "trunc":
        return div_trunc_p(input, other)
    raise RuntimeError(
        "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found "
        f"{rounding_mode!r}"
    )


divide = div

# --- three operands ---------------------------------------------------------------------------


addcmul_p = labelled(add_p, "AddcmulBackward0")
addcdiv_p = labelled(add_p, "AddcdivBackward0")


@castable
def addcmul(
    input: Tensor,
    tensor1: Tensor,
    tensor2: Tensor,
    *,
    value: complex = 1,
    out: Tensor | None = None,
) -> Tensor:
    """``input + value * tensor1 * tensor2``, broadcast."""
    dtype = common_dtype(*map(as_operand, (input, tensor1, tensor2)))
    if dtype in (bfloat16, float16):  # rounded once
        wide = (to(x, float32) for x in (input, tensor1, tensor2))
        return to(addcmul(*wide, value=value), dtype)
    return addcmul_p(input, _times(mul(to(tensor1, dtype), tensor2), value))


@castable
def addcdiv(
    input: Tensor,
    tensor1: Tensor,
    tensor2: Tensor,
    *,
    value: complex = 1,
    out: Tensor | None = None,
) -> Tensor:
    """``input + value * tensor1 / tensor2``, broadcast.

    Raises:
        RuntimeError: both tensors are integers.
    """
    if tensor1.dtype.category < 2 and tensor2.dtype.category < 2:
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported: divide by a float, or use "
            "(input + value * torch.trunc(tensor1 / tensor2)).to(input.dtype)."
        )
    dtype = common_dtype(*map(as_operand, (input, tensor1, tensor2)))
    if dtype in (bfloat16, float16):  # rounded once
        wide = (to(x, float32) for x in (input, tensor1, tensor2))
        return to(addcdiv(*wide, value=value), dtype)
    return addcdiv_p(input, _times(true_divide(tensor1, tensor2), value))


def _times(x: Any, value: Any) -> Any:
    """``value * x`` in the dtype of ``x``."""
    if type(value) is int and value == 1:
        return x
    return mul(x, fitted(value, x.dtype))


lerp_p = primitive(
    lambda a, b, w: np.where(abs(w) < 0.5, a + w * (b - a), b - (b - a) * (1 - w))[()],
    "a b w",
    lambda g, w: g * (1 - w),
    lambda g, w: g * w,
    lambda g, a, b: g * (b - a),
    name="lerp",
    label=of_number_or_tensor,
    traits=("elementwise",),
)


@castable
def lerp(
    input: Tensor, end: Tensor, weight: Tensor | complex, *, out: Tensor | None = None
) -> Tensor:
    """``input + weight * (end - input)``, broadcast; ``weight`` is a tensor or a number.

    Raises:
        RuntimeError: the dtypes differ.
    """
    for name, x in (("end", end), ("weight", weight)):
        if isinstance(x, Variable) and x.dtype != input.dtype and (x.ndim or name == "end"):
            raise RuntimeError(
                f"expected dtype {input.dtype.type_name.lower()} for `{name}` but got dtype "
                f"{x.dtype.type_name.lower()}"
            )
    if input.dtype.category < 2:
        raise not_implemented("lerp_kernel", input.dtype)
    if input.dtype in (bfloat16, float16):  # rounded once
        wide: Any = (to(x, float32) if isinstance(x, Variable) else x for x in (input, end, weight))
        return to(lerp(*wide), input.dtype)
    return lerp_p(*promote(input, end, weight))
