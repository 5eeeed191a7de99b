"""Functions of two operands made of exponentials, logarithms and roots."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.out import dtype_of_result
from ..autograd.primitive import operation
from ..kernels.softmax import log_add_exp
from .choice import where, zeros_like_p
from .conversion import FLOATS, floats_only, not_differentiable
from .exponential import exp2, log, sigmoid

if TYPE_CHECKING:
    from .._tensor.tensor import Tensor

__all__ = ["arctan2", "atan2", "copysign", "heaviside", "hypot", "ldexp", "logaddexp"]
__all__ += ["logaddexp2", "nextafter", "xlogy"]

LOG_2 = math.log(2)

# --- x log y and its kin ----------------------------------------------------------------------


def _x_log(log: Any) -> Any:
    """The kernel of x log(y), which is 0 where x is 0 unless y is NaN."""

    def kernel(x: Any, y: Any) -> Any:
        out = np.where((x == 0) & (y == y), 0, x * log(y))
        return out.astype(np.result_type(x, y), copy=False)[()]

    return kernel


@operation(
    _x_log(np.log), "x y",
    lambda g, x, y: where((x == 0) & (y <= 0), 0.0, xlogy(g, y)),
    lambda g, x, y: g * x / y, **FLOATS,
)  # fmt: skip
def xlogy(input: Tensor | complex, other: Tensor | complex, *, out: Tensor | None = None) -> Tensor:
    """``input * log(other)``, which is 0 where ``input`` is 0 (unless ``other`` is NaN); the
    derivatives are log(other) and input / other.

    Shapes broadcast; integers become the default float dtype; one of the two may be a number.

    Example:
        >>> import minitorch
        >>> minitorch.xlogy(minitorch.tensor([0.0, 2.0]), minitorch.tensor([0.0, 1.0]))
        tensor([0., 0.])
    """


@operation(
    _x_log(np.log1p), "x y",
    lambda g, x, y: where((x == 0) & (y <= -1), 0.0, xlog1py(g, y)),
    lambda g, x, y: g * x / (y + 1), name="special_xlog1py", **FLOATS,
)  # fmt: skip
def xlog1py(
    input: Tensor | complex, other: Tensor | complex, *, out: Tensor | None = None
) -> Tensor:
    """``input * log(1 + other)``, which is 0 where ``input`` is 0 (unless ``other`` is NaN); the
    derivatives are log(1 + other) and input / (1 + other).

    Shapes broadcast; integers become the default float dtype; one of the two may be a number.

    Example:
        >>> import minitorch
        >>> minitorch.special.xlog1py(minitorch.tensor([0.0, 2.0]), minitorch.tensor([-1.0, 1.0]))
        tensor([0.0000, 1.3863])
    """


def _entr(x: Any) -> Any:
    return np.where(x > 0, -x * np.log(x), np.where(x == 0, 0, np.where(x < 0, -np.inf, x)))[
        ()
    ].astype(x.dtype)


@operation(_entr, "x", lambda g, x: g * (-log(x) - 1), name="special_entr", **FLOATS)
def entr(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``-x log x`` of each element, 0 at 0 and -inf below; the derivative is -log x - 1.

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.special.entr(minitorch.tensor([1.0, 0.5]))
        tensor([-0.0000, 0.3466])
    """


@operation(
    log_add_exp, "a b",
    lambda g, a, b: g * sigmoid(a - b), lambda g, a, b: g * sigmoid(b - a),
    name="logaddexp", numbers="", **floats_only("logaddexp_cpu", "fVc"),
)  # fmt: skip
def logaddexp(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``log(e^a + e^b)``, without overflow; the derivatives are sigmoid(a - b) and sigmoid(b - a).

    Shapes broadcast, dtypes are promoted.

    Raises:
        NotImplementedError: the dtype is not floating.

    Example:
        >>> import minitorch
        >>> minitorch.logaddexp(minitorch.tensor([0.0]), minitorch.tensor([0.0]))
        tensor([0.6931])
    """


@operation(
    np.logaddexp2, "a b",
    lambda g, a, b: g * sigmoid((a - b) * LOG_2), lambda g, a, b: g * sigmoid((b - a) * LOG_2),
    numbers="", **floats_only("logaddexp2_cpu"),
)  # fmt: skip
def logaddexp2(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``log2(2^a + 2^b)``, without overflow; the derivatives are sigmoid((a - b) log 2) and
    sigmoid((b - a) log 2).

    Shapes broadcast, dtypes are promoted.

    Raises:
        NotImplementedError: the dtype is not floating.

    Example:
        >>> import minitorch
        >>> minitorch.logaddexp2(minitorch.tensor([0.0]), minitorch.tensor([0.0]))
        tensor([1.])
    """


# --- two floating-point operands --------------------------------------------------------------


@operation(
    np.hypot, "a b", lambda g, a, out: g * (a / out), lambda g, b, out: g * (b / out),
    numbers="", **floats_only("hypot_cpu"),
)  # fmt: skip
def hypot(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``h = sqrt(input^2 + other^2)``, without overflow; the derivatives are input / h, other / h.

    Shapes broadcast, dtypes are promoted.

    Raises:
        NotImplementedError: the dtype is not floating.

    Example:
        >>> import minitorch
        >>> minitorch.hypot(minitorch.tensor([3.0]), minitorch.tensor([4.0]))
        tensor([5.])
    """


def _over_square(a: Any, y: Any, x: Any) -> Any:
    """``a / (x^2 + y^2)``, and 0 at the origin, as PyTorch has it."""
    square = x * x + y * y
    return where(square == 0, 0.0, a / square)


@operation(
    np.arctan2, "y x",
    lambda g, y, x: _over_square(g * x, y, x), lambda g, y, x: _over_square(-g * y, y, x),
    numbers="", **FLOATS,
)  # fmt: skip
def atan2(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle of the point (x, y) = (``other``, ``input``), in [-pi, pi]; the derivatives are
    x / (x^2 + y^2) by y and -y / (x^2 + y^2) by x.

    Shapes broadcast; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.atan2(minitorch.tensor([1.0]), minitorch.tensor([-1.0]))
        tensor([2.3562])
    """


arctan2 = atan2


def _copysign_rule(g: Any, a: Any, out: Any) -> Any:
    return g * where(a == 0, 0.0, out / a)


@operation(np.copysign, "a b", _copysign_rule, lambda g: zeros_like_p(g), numbers="other", **FLOATS)
def copysign(input: Tensor, other: Tensor | complex, *, out: Tensor | None = None) -> Tensor:
    """``|input|`` with the sign of ``other``; the derivative by ``input`` is 1 or -1, as the sign
    changes (0 at 0), that by ``other`` is 0.

    Shapes broadcast; integers become the default float dtype; ``other`` may be a number.

    Example:
        >>> import minitorch
        >>> minitorch.copysign(minitorch.tensor([1.0, 2.0]), -1)
        tensor([-1., -2.])
    """


@operation(
    np.nextafter, "a b", lambda g, a, b: where(a == b, 0, g), lambda g: zeros_like_p(g),
    numbers="", **floats_only("nextafter_cpu"),
)  # fmt: skip
def nextafter(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The next floating-point number after ``input`` in the direction of ``other``; the derivative
    by ``input`` is 1, 0 where both are equal.

    Shapes broadcast, dtypes are promoted.

    Raises:
        NotImplementedError: the dtype is not floating.

    Example:
        >>> import minitorch
        >>> minitorch.nextafter(minitorch.tensor([1.0]), minitorch.tensor([2.0]))
        tensor([1.0000])
    """


def _heaviside(x: Any, values: Any) -> Any:
    return np.where(x == 0, values, x > 0).astype(x.dtype)[()]


def same_dtype(a: Any, b: Any) -> tuple[Any, Any]:
    """Raises where the dtypes of ``heaviside``'s operands differ, or are complex."""
    if a.dtype.is_complex or b.dtype.is_complex:
        raise RuntimeError("heaviside is not yet implemented for complex tensors.")
    if a.dtype != b.dtype:
        raise RuntimeError(
            f"heaviside is not yet implemented for tensors with different dtypes: {a.dtype} and "
            f"{b.dtype}"
        )
    return a, b


@dtype_of_result
@operation(
    _heaviside, "x values", not_differentiable("heaviside"), not_differentiable("heaviside"),
    numbers="", promote=same_dtype, floats=True, traits=("elementwise",),
)  # fmt: skip
def heaviside(input: Tensor, values: Tensor, *, out: Tensor | None = None) -> Tensor:
    """0 below zero, ``values`` at zero and 1 above; broadcast. It has no gradient.

    Raises:
        RuntimeError: the dtypes differ.

    Example:
        >>> import minitorch
        >>> minitorch.heaviside(minitorch.tensor([-1.0, 0.0, 2.0]), minitorch.tensor([0.5]))
        tensor([0.0000, 0.5000, 1.0000])
    """


@operation(
    lambda a, b: a * 2.0**b, "a b", lambda g, b: g * exp2(b), lambda g, out: g * (out * LOG_2),
    numbers="", **FLOATS,
)  # fmt: skip
def ldexp(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``input * 2^other``; the derivatives are 2^other and input 2^other log 2.

    Shapes broadcast; the result is floating.

    Raises:
        TypeError: ``other`` is no tensor.

    Example:
        >>> import minitorch
        >>> minitorch.ldexp(minitorch.tensor([1.0, 3.0]), minitorch.tensor([1, 2]))
        tensor([ 2., 12.])
    """
