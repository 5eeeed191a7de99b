"""Functions of square matrices: determinants, powers, the exponential."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import return_types
from ..autograd.out import castable
from ..autograd.primitive import primitive
from ..autograd.variable import Variable
from ..kernels import linalg as kernels
from ..kernels.half import in_single
from ..kernels.memory import filled
from .arithmetic import mul
from .complex_parts import complex_valued
from .linalg import constant, inverse, linalg_inv_ex_p, linalg_inv_p, matrices, square
from .matmul import matmul, transposed
from .reduction import sum
from .shape import view_p

if TYPE_CHECKING:
    from .._tensor import Tensor

__all__ = ["det", "logdet", "matrix_exp", "matrix_power", "slogdet"]


# --- determinants --------------------------------------------------------------------------------


def entire(g: Any) -> Any:
    """A number per matrix, as something that multiplies the matrix."""
    return view_p(g, (*g.shape, 1, 1))


def _cofactor_rule(g: Any, x: Any, out: Any) -> Any:
    if isinstance(g, Variable):  # derivatives of any order, for matrices that have an inverse
        w = transposed(linalg_inv_p(x))
        return sum(g * out, (-2, -1), True) * w - out @ transposed(g) @ w
    return kernels.cofactor_gradient(g, x)


cofactor_p = primitive(kernels.cofactor, "x", _cofactor_rule, name="cofactor")
linalg_det_p = primitive(
    kernels.det, "x", lambda g, x: entire(g) * cofactor_p(x), name="linalg_det"
)


def _slogdet_rule(g: Any, x: Any, sign: Any) -> Any:
    # logabsdet = Re log det, sign = exp(i Im log det): constant where it is real
    slope = g[1] + (g[0] * sign).imag * 1j if complex_valued(x) else g[1]
    return entire(slope) * linalg_inv_ex_p(transposed(x))


linalg_slogdet_p = primitive(
    kernels.slogdet, "x -> sign logabsdet", _slogdet_rule, name="linalg_slogdet"
)


def det(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The determinant of square matrices. Its gradient is right for singular ones too."""
    square("linalg.det", input)
    return linalg_det_p(input)


def linalg_det(A: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The determinant of square matrices. Its gradient is right for singular ones too."""
    return det(A)


def linalg_slogdet(
    A: Tensor, *, out: tuple[Tensor, Tensor] | None = None
) -> return_types.linalg_slogdet:
    """The sign of the determinant and the logarithm of its absolute value."""
    square("linalg.slogdet", A)
    return return_types.linalg_slogdet(*linalg_slogdet_p(A))


def slogdet(input: Tensor, *, out: tuple[Tensor, Tensor] | None = None) -> return_types.slogdet:
    """The sign of the determinant and the logarithm of its absolute value."""
    square("linalg.slogdet", input)
    return return_types.slogdet(*linalg_slogdet_p(input))


logdet_p = primitive(
    lambda x: _signed_log(*kernels.slogdet(x)),
    "x",
    lambda g, x: entire(g) * linalg_inv_ex_p(transposed(x)),
    name="logdet",
)


def _signed_log(sign: Any, logabsdet: Any) -> Any:
    if np.iscomplexobj(sign):
        return logabsdet + np.log(sign)
    return np.where(sign < 0, np.asarray(np.nan, logabsdet.dtype), logabsdet)


def logdet(input: Tensor) -> Tensor:
    """The logarithm of the determinant: nan where that is negative, -inf where it is zero."""
    square("logdet", input)
    return logdet_p(input)


# --- powers and the exponential ------------------------------------------------------------------


def _matrix_exp_rule(g: Any, x: Any) -> Any:
    # exp([[x', g], [0, x']]) has the gradient in its upper right corner (Mathias 1996)
    n = x.shape[-1]
    both = np.eye(2 * n)
    first, second = constant(both[:, :n], x), constant(both[:, n:], x)
    xt = transposed(x)
    block = first @ xt @ transposed(first) + second @ xt @ transposed(second)
    block = block + first @ g @ transposed(second)
    return transposed(first) @ linalg_matrix_exp_p(block) @ second


linalg_matrix_exp_p = primitive(
    in_single(kernels.matrix_exp), "x", _matrix_exp_rule, name="linalg_matrix_exp"
)


def matrix_exp(input: Tensor) -> Tensor:
    """The exponential ``1 + A + A A / 2 + ...`` of square matrices."""
    square("linalg.matrix_exp", input, low=True)
    return linalg_matrix_exp_p(input)


eye_like_p = primitive(
    lambda x: filled(np.empty_like(x, order="C"), np.eye(x.shape[-1], dtype=x.dtype)),
    "x",
    lambda g: g * 0,
    name="eye_like",
)


@castable
def matrix_power(input: Tensor, n: int, *, out: Tensor | None = None) -> Tensor:
    """Square matrices to the integer power ``n``; negative powers are those of the inverse."""
    matrices("linalg.matrix_power", input, False)
    if input.shape[-1] != input.shape[-2]:
        raise RuntimeError(
            "linalg.matrix_power: A must be batches of square matrices, but they are "
            f"{input.shape[-2]} by {input.shape[-1]} matrices"
        )
    if n == 0:
        return eye_like_p(input)
    if n < 0:
        input, n = inverse(input), -n
    if n == 1:
        return mul(input, 1)
    half = matrix_power(matmul(input, input), n // 2)
    return matmul(half, input) if n % 2 else half


def vander(x: Tensor, N: int | None = None) -> Tensor:
    """The Vandermonde matrix: the powers ``0 ... N - 1`` of the elements of ``x``, a row each."""
    if not x.ndim:
        x = view_p(x, (1,))
    count = x.shape[-1] if N is None else N
    if count <= 1 and N is not None:
        raise RuntimeError(f"N must be greater than 1, but got {N}")
    return linalg_vander_p(x, count)


def _powers(x: Any, count: int) -> Any:
    if x.dtype.kind in "bui":
        x = x.astype(np.int64)
    made = np.ones((*x.shape, count), x.dtype)
    if count > 1:
        made[..., 1:] = x[..., None]
    return np.cumprod(made, -1)


def _powers_rule(g: Any, x: Any, count: int) -> Any:
    # the derivatives of 1, x, x^2, x^3, ... are 0, 1, 2x, 3x^2, ...
    return sum(
        g[..., 1:]
        * linalg_vander_p(x, count - 1)
        * constant(np.arange(1, count, dtype=np.int64), x),
        -1,
    )


linalg_vander_p = primitive(_powers, "x | count", _powers_rule, name="linalg_vander")
