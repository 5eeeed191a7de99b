"""Arithmetic of two operands: sums, products, quotients, powers."""

from __future__ import annotations

import operator
from typing import Any

from ..autograd.primitive import primitive
from .conversion import promote, promote_to_float

__all__ = ["add", "div", "divide", "mul", "multiply", "neg", "negative", "sub", "subtract"]
__all__ += ["true_divide"]

ELEMENTWISE = {"traits": ("elementwise",), "promote": promote}

# operator.add, not np.add: on NumPy scalars, the values of 0-dim results, it takes a tenth
plus = primitive(operator.add, "a b", lambda g: g, lambda g: g, name="add", **ELEMENTWISE)
minus = primitive(operator.sub, "a b", lambda g: g, lambda g: -g, name="sub", **ELEMENTWISE)
mul = multiply = primitive(
    operator.mul, "a b", lambda g, b: g * b, lambda g, a: g * a, **ELEMENTWISE
)
true_divide = primitive(
    operator.truediv,
    "a b",
    lambda g, b: g / b,
    lambda g, b, out: -g * (out / b),
    name="div",
    promote=promote_to_float,
    floats=True,
    traits=("elementwise",),
)
neg = negative = primitive(operator.neg, "x", lambda g: -g, traits=("elementwise", "linear"))


def add(input: Any, other: Any, *, alpha: float = 1) -> Any:
    """``input + alpha * other``, broadcast.

    Example:
        >>> import minitorch
        >>> minitorch.add(minitorch.tensor([1.0, 2.0]), 10, alpha=2)
        tensor([21., 22.])

    Follows https://docs.pytorch.org/docs/stable/generated/torch.add.html
    """
    return plus(input, other if alpha == 1 else mul(other, alpha))


def sub(input: Any, other: Any, *, alpha: float = 1) -> Any:
    """``input - alpha * other``, broadcast.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.sub.html
    """
    return minus(input, other if alpha == 1 else mul(other, alpha))


subtract = sub


def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    """``input / other``, broadcast; integers give the default float dtype.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.div.html
    """
    if rounding_mode is None:
        return true_divide(input, other)
    raise NotImplementedError(f"div: rounding_mode={rounding_mode!r}")


divide = div
