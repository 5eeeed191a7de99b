"""Powers: of tensors and numbers, by tensors and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._types.dtype import complex128, float64
from ..autograd.primitive import operation, primitive
from ..autograd.variable import Variable
from .arithmetic import ELEMENTWISE, has_number
from .choice import where, zeros_like_p
from .conversion import as_operand, common_dtype, not_implemented, promote, to
from .exponential import log
from .unary import sqrt

if TYPE_CHECKING:
    from .._tensor.tensor import Tensor

__all__ = ["float_power", "pow"]


def promote_powers(base: Any, exponent: Any) -> tuple[Any, ...]:
    """``promote``, and no negative number as exponent of integers."""
    base, exponent = as_operand(base), as_operand(exponent)
    if type(exponent) is int and exponent < 0 and common_dtype(base).category < 2:
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    return promote(base, exponent)


def _power(a: Any, b: Any) -> Any:
    if (type(b) is int or type(b) is float) and b == 3:
        return a * a * a  # as PyTorch; NumPy's pow takes twenty times as long
    if type(b) is float and b == -0.5:
        return 1 / np.sqrt(a)  # of -0 and -inf another value than a**b
    if isinstance(a, int | float | complex) or a.dtype.kind in "fVc":
        return a**b
    return _integer_power(a, b)


def _integer_power(a: Any, b: Any) -> Any:
    if a.dtype.kind == "b":
        if isinstance(b, np.bool_):  # a number: x ** True is x, x ** False is True
            return a | ~b
        raise not_implemented("pow", np.bool_)
    if (b >= 0).all():
        return np.power(a, b)
    sign = np.where(b % 2, a, 1)  # only 1 and -1 have an integer for their inverse
    return np.where(b >= 0, np.power(a, np.maximum(b, 0)), np.where(abs(a) == 1, sign, 0)).astype(
        a.dtype
    )


def _base_rule(g: Any, a: Any, b: Any) -> Any:
    if type(b) is float or type(b) is int:
        if b == 2:
            return g * (2 * a)
        if b == 0.5:
            return g * (0.5 / sqrt(a))
        return g * (b * a ** (b - 1)) if b else zeros_like_p(g)
    return where(b == 0, 0.0, g * (b * a ** (b - 1)))


def _exponent_rule(g: Any, a: Any, b: Any, out: Any) -> Any:
    """g out log(a), and 0 where 0 ** b stays 0."""
    if type(a) is float or type(a) is int:
        return g * out * float(np.log(a)) if a else where(b.real >= 0, 0.0, g * out * -np.inf)
    return where((a == 0) & (b.real >= 0), 0.0, g * out * log(a))


def _power_name(node: Any) -> str:
    """PyTorch's names: 0 for a number as exponent, 1 for two tensors, 2 for a number as base."""
    which = 1 if not has_number(node) else 0 if node.parents[0] is not None else 2
    return f"PowBackward{which}"


@operation(
    _power, "a b", _base_rule, _exponent_rule,
    label=_power_name, promote=promote_powers, traits=("elementwise",),
)  # fmt: skip
def pow(
    input: Tensor | complex, exponent: Tensor | complex, *, out: Tensor | None = None
) -> Tensor:
    """``input ** exponent``; the derivatives are b a^(b - 1) and a^b log a.

    Shapes broadcast, dtypes are promoted; one of the two may be a number.

    Raises:
        RuntimeError: integers and a negative number as exponent.

    Example:
        >>> import minitorch
        >>> minitorch.pow(minitorch.tensor([1.0, 2.0]), 3)
        tensor([1., 8.])
    """


rpow_p = primitive(
    lambda a, b: _power(b, a),
    "a b",
    lambda g, a, b, out: _exponent_rule(g, b, a, out),
    lambda g, a, b: _base_rule(g, b, a),
    name="pow",
    label="PowBackward2",
    **ELEMENTWISE,
)


def float_power(input: Tensor, exponent: Tensor | complex, *, out: Tensor | None = None) -> Tensor:
    """``input ** exponent`` in double precision."""
    category = common_dtype(as_operand(input), as_operand(exponent)).category
    double = complex128 if category == 3 else float64
    base, power_ = (to(x, double) if isinstance(x, Variable) else x for x in (input, exponent))
    return pow(base, power_)


def float_power_(input: Any, exponent: Any) -> Any:
    """``float_power`` for the in-place form, which needs a double to write to."""
    category = common_dtype(as_operand(input), as_operand(exponent)).category
    required = "ComplexDouble" if category == 3 else "Double"
    if input.dtype.type_name != required:
        raise RuntimeError(
            f"the base given to float_power_ has dtype {input.dtype.type_name} but the operation's "
            f"result requires dtype {required}"
        )
    return float_power(input, exponent)
