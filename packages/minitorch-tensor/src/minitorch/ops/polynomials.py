"""Orthogonal polynomials of a degree per element, by their three-term recurrences."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..autograd.primitive import operation
from .conversion import FLOATS, not_differentiable

if TYPE_CHECKING:
    pass

if TYPE_CHECKING:
    from .._tensor.tensor import Tensor

F = TypeVar("F", bound=Callable[..., Any])

__all__ = [
    "chebyshev_polynomial_t", "chebyshev_polynomial_u", "chebyshev_polynomial_v",
    "chebyshev_polynomial_w", "hermite_polynomial_h", "hermite_polynomial_he",
    "laguerre_polynomial_l", "legendre_polynomial_p", "shifted_chebyshev_polynomial_t",
    "shifted_chebyshev_polynomial_u", "shifted_chebyshev_polynomial_v",
    "shifted_chebyshev_polynomial_w",
]  # fmt: skip


def polynomials(
    first: Callable[[Any], Any], following: Callable[[int, Any, Any, Any], Any]
) -> Callable[..., Any]:
    """The kernel of p_n(x): p_0 = 1, p_1 = first(x), p_k+1 = following(k, x, p_k, p_k-1);
    0 for a negative n, which counts whole.
    """

    def kernel(x: Any, n: Any) -> Any:
        dtype = np.result_type(x, n)
        x, degree = np.broadcast_arrays(np.asarray(x, dtype), np.trunc(n))
        before, now = np.ones_like(x), np.asarray(first(x), dtype)
        made = np.zeros_like(x)
        np.copyto(made, before, where=degree == 0)
        np.copyto(made, now, where=degree == 1)
        for k in range(1, int(np.nanmax(degree, initial=0))):
            before, now = now, np.asarray(following(k, x, now, before), dtype)
            np.copyto(made, now, where=degree == k + 1)
        return made[()]

    return kernel


def chebyshev(first: Callable[[Any], Any], shift: bool = False) -> Callable[..., Any]:
    """p_k+1 = 2 x p_k - p_k-1, on [-1, 1] or, where ``shift`` says so, on [0, 1]."""
    kernel = polynomials(first, lambda k, x, now, before: 2 * x * now - before)
    return (lambda x, n: kernel(x + x - 1, n)) if shift else kernel


def polynomial(kernel: Callable[..., Any], name: str) -> Callable[[F], F]:
    """The decorator of a polynomial's def; PyTorch has no derivatives of them."""
    name = f"special_{name}"
    return operation(kernel, "x n", *(not_differentiable(name),) * 2, name=name, **FLOATS)


@polynomial(chebyshev(lambda x: x), "chebyshev_polynomial_t")
def chebyshev_polynomial_t(
    input: Tensor | complex, n: Tensor | complex, *, out: Tensor | None = None
) -> Tensor:
    """The Chebyshev polynomials of the first kind, T_n(cos a) = cos(n a).

    Shapes broadcast; integers become the default float dtype; one of the two may be a number.

    Example:
        >>> import minitorch
        >>> minitorch.special.chebyshev_polynomial_t(minitorch.tensor([1.0, 2.0]), 2)
        tensor([1., 7.])
    """


@polynomial(chebyshev(lambda x: x, True), "shifted_chebyshev_polynomial_t")
def shifted_chebyshev_polynomial_t(
    input: Tensor | complex, n: Tensor | complex, *, out: Tensor | None = None
) -> Tensor:
    """The Chebyshev polynomials of the first kind on [0, 1], T_n(2 x - 1).

    Shapes broadcast; integers become the default float dtype; one of the two may be a number.

    Example:
        >>> import minitorch
        >>> minitorch.special.shifted_chebyshev_polynomial_t(minitorch.tensor([1.0, 2.0]), 2)
        tensor([ 1., 17.])
    """


@polynomial(chebyshev(lambda x: 2 * x), "chebyshev_polynomial_u")
def chebyshev_polynomial_u(
    input: Tensor | complex, n: Tensor | complex, *, out: Tensor | None = None
) -> Tensor:
    """The Chebyshev polynomials of the second kind, U_n(cos a) sin(a) = sin((n + 1) a).

    Shapes broadcast; integers become the default float dtype; one of the two may be a number.

    Example:
        >>> import minitorch
        >>> minitorch.special.chebyshev_polynomial_u(minitorch.tensor([1.0, 2.0]), 2)
        tensor([ 3., 15.])
    """


@polynomial(chebyshev(lambda x: 2 * x, True), "shifted_chebyshev_polynomial_u")
def shifted_chebyshev_polynomial_u(
    input: Tensor | complex, n: Tensor | complex, *, out: Tensor | None = None
) -> Tensor:
    """The Chebyshev polynomials of the second kind on [0, 1], U_n(2 x - 1).

    Shapes broadcast; integers become the default float dtype; one of the two may be a number.

    Example:
        >>> import minitorch
        >>> minitorch.special.shifted_chebyshev_polynomial_u(minitorch.tensor([1.0, 2.0]), 2)
        tensor([ 3., 35.])
    """


@polynomial(chebyshev(lambda x: 2 * x - 1), "chebyshev_polynomial_v")
def chebyshev_polynomial_v(
    input: Tensor | complex, n: Tensor | complex, *, out: Tensor | None = None
) -> Tensor:
    """The Chebyshev polynomials of the third kind, V_n(cos a) cos(a / 2) = cos((n + 1/2) a).

    Shapes broadcast; integers become the default float dtype; one of the two may be a number.

    Example:
        >>> import minitorch
        >>> minitorch.special.chebyshev_polynomial_v(minitorch.tensor([1.0, 2.0]), 2)
        tensor([ 1., 11.])
    """


@polynomial(chebyshev(lambda x: 2 * x - 1, True), "shifted_chebyshev_polynomial_v")
def shifted_chebyshev_polynomial_v(
    input: Tensor | complex, n: Tensor | complex, *, out: Tensor | None = None
) -> Tensor:
    """The Chebyshev polynomials of the third kind on [0, 1], V_n(2 x - 1).

    Shapes broadcast; integers become the default float dtype; one of the two may be a number.

    Example:
        >>> import minitorch
        >>> minitorch.special.shifted_chebyshev_polynomial_v(minitorch.tensor([1.0, 2.0]), 2)
        tensor([ 1., 29.])
    """


@polynomial(chebyshev(lambda x: 2 * x + 1), "chebyshev_polynomial_w")
def chebyshev_polynomial_w(
    input: Tensor | complex, n: Tensor | complex, *, out: Tensor | None = None
) -> Tensor:
    """The Chebyshev polynomials of the fourth kind, W_n(cos a) sin(a / 2) = sin((n + 1/2) a).

    Shapes broadcast; integers become the default float dtype; one of the two may be a number.

    Example:
        >>> import minitorch
        >>> minitorch.special.chebyshev_polynomial_w(minitorch.tensor([1.0, 2.0]), 2)
        tensor([ 5., 19.])
    """


@polynomial(chebyshev(lambda x: 2 * x + 1, True), "shifted_chebyshev_polynomial_w")
def shifted_chebyshev_polynomial_w(
    input: Tensor | complex, n: Tensor | complex, *, out: Tensor | None = None
) -> Tensor:
    """The Chebyshev polynomials of the fourth kind on [0, 1], W_n(2 x - 1).

    Shapes broadcast; integers become the default float dtype; one of the two may be a number.

    Example:
        >>> import minitorch
        >>> minitorch.special.shifted_chebyshev_polynomial_w(minitorch.tensor([1.0, 2.0]), 2)
        tensor([ 5., 41.])
    """


@polynomial(
    polynomials(lambda x: 2 * x, lambda k, x, now, before: 2 * x * now - 2 * k * before),
    "hermite_polynomial_h",
)
def hermite_polynomial_h(
    input: Tensor | complex, n: Tensor | complex, *, out: Tensor | None = None
) -> Tensor:
    """The physicist's Hermite polynomials.

    Shapes broadcast; integers become the default float dtype; one of the two may be a number.

    Example:
        >>> import minitorch
        >>> minitorch.special.hermite_polynomial_h(minitorch.tensor([1.0, 2.0]), 2)
        tensor([ 2., 14.])
    """


@polynomial(
    polynomials(lambda x: x, lambda k, x, now, before: x * now - k * before),
    "hermite_polynomial_he",
)
def hermite_polynomial_he(
    input: Tensor | complex, n: Tensor | complex, *, out: Tensor | None = None
) -> Tensor:
    """The probabilist's Hermite polynomials.

    Shapes broadcast; integers become the default float dtype; one of the two may be a number.

    Example:
        >>> import minitorch
        >>> minitorch.special.hermite_polynomial_he(minitorch.tensor([1.0, 2.0]), 2)
        tensor([0., 3.])
    """


@polynomial(
    polynomials(
        lambda x: 1 - x, lambda k, x, now, before: ((2 * k + 1 - x) * now - k * before) / (k + 1)
    ),
    "laguerre_polynomial_l",
)
def laguerre_polynomial_l(
    input: Tensor | complex, n: Tensor | complex, *, out: Tensor | None = None
) -> Tensor:
    """The Laguerre polynomials.

    Shapes broadcast; integers become the default float dtype; one of the two may be a number.

    Example:
        >>> import minitorch
        >>> minitorch.special.laguerre_polynomial_l(minitorch.tensor([1.0, 2.0]), 2)
        tensor([-0.5000, -1.0000])
    """


@polynomial(
    polynomials(
        lambda x: x, lambda k, x, now, before: ((2 * k + 1) * x * now - k * before) / (k + 1)
    ),
    "legendre_polynomial_p",
)
def legendre_polynomial_p(
    input: Tensor | complex, n: Tensor | complex, *, out: Tensor | None = None
) -> Tensor:
    """The Legendre polynomials.

    Shapes broadcast; integers become the default float dtype; one of the two may be a number.

    Example:
        >>> import minitorch
        >>> minitorch.special.legendre_polynomial_p(minitorch.tensor([1.0, 2.0]), 2)
        tensor([1.0000, 5.5000])
    """
