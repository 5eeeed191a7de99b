"""The gamma function's family."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.out import castable
from ..autograd.primitive import operation, primitive
from ..kernels import gamma
from .conversion import FLOATS, floats_only, not_differentiable
from .exponential import exp, log
from .shape import contiguous

if TYPE_CHECKING:
    from .._tensor.tensor import Tensor
    from ..autograd.primitive import Operation

__all__ = ["digamma", "igamma", "igammac", "lgamma", "mvlgamma", "polygamma"]


@operation(gamma.lgamma, "x", lambda g, x: g * digamma(x), **FLOATS)
def lgamma(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``log |Gamma(x)|`` of each element; the derivative is ``digamma``.

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.lgamma(minitorch.tensor([3.0, 4.0]))
        tensor([0.6931, 1.7918])
    """


@operation(gamma.digamma, "x", lambda g, x: g * polygamma(1, x), **FLOATS)
def digamma(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The derivative of ``lgamma``; its own is ``polygamma(1, x)``.

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.digamma(minitorch.tensor([1.0, 2.0]))
        tensor([-0.5772,  0.4228])
    """


polygamma_p: Operation = primitive(
    gamma.polygamma, "x | n", lambda g, x, n: g * polygamma_p(x, n + 1), name="polygamma",
    **FLOATS,
)  # fmt: skip


@operation(
    gamma.zeta, "x q", not_differentiable("zeta: self"),
    lambda g, x, q: g * -x * zeta(x + 1, q), name="special_zeta", **FLOATS,
)  # fmt: skip
def zeta(input: Tensor | complex, other: Tensor | complex, *, out: Tensor | None = None) -> Tensor:
    """Hurwitz' zeta function, the sum of ``(k + other)^-input`` over k = 0, 1, ...; the derivative
    by ``other`` is -input zeta(input + 1, other), by ``input`` there is none.

    Shapes broadcast; integers become the default float dtype; one of the two may be a number.

    Example:
        >>> import minitorch
        >>> minitorch.special.zeta(minitorch.tensor([2.0, 4.0]), 1)
        tensor([1.6449, 1.0823])
    """


@castable
def polygamma(n: int, input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The derivative of order ``n`` of ``digamma``.

    Raises:
        RuntimeError: ``n`` is negative.
    """
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    return polygamma_p(input, n)


def polygamma_method(self: Any, n: int) -> Any:
    """``polygamma`` with the order last."""
    return polygamma(n, self)


@castable
def mvlgamma(input: Tensor, p: int, *, out: Tensor | None = None) -> Tensor:
    """The logarithm of the multivariate gamma function with dimension ``p``."""
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    constant = p * (p - 1) / 4 * math.log(math.pi)
    total: Any = sum((lgamma(input - j / 2) for j in range(p)), constant)
    return contiguous(total)


def from_scipy(name: str) -> Any:
    """A kernel that SciPy has; imported when it is first wanted."""

    def kernel(*arrays: Any) -> Any:
        try:
            from scipy import special  # type: ignore[import-untyped]  # SciPy has no types
        except ImportError:
            raise ImportError(
                f"{name} needs SciPy: install it, or minitorch-tensor with the extra "
                "minitorch-tensor[scipy]"
            ) from None
        made = getattr(special, name)(*arrays)
        made = made[0] if type(made) is tuple else made  # of Ai, Ai', Bi, Bi'
        return made.astype(np.result_type(*arrays))

    return kernel


def _gamma_density(a: Any, x: Any) -> Any:
    """x^(a - 1) exp(-x) / Gamma(a)."""
    return exp((a - 1) * log(x) - x - lgamma(a))


@operation(
    from_scipy("gammainc"), "a x", not_differentiable("igamma: input"),
    lambda g, a, x: g * _gamma_density(a, x), numbers="", **floats_only("igamma_cpu"),
)  # fmt: skip
def igamma(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The regularized lower incomplete gamma function P(a, x), a = ``input``, x = ``other``; the
    derivative by x is x^(a - 1) e^-x / Gamma(a), by a there is none.

    Shapes broadcast. Needs SciPy.

    Raises:
        ImportError: SciPy is not installed.
        NotImplementedError: the dtype is not floating.

    Example:
        >>> import minitorch
        >>> minitorch.igamma(minitorch.tensor([1.0]), minitorch.tensor([1.0]))
        tensor([0.6321])
    """


@operation(
    from_scipy("gammaincc"), "a x", not_differentiable("igammac: input"),
    lambda g, a, x: -g * _gamma_density(a, x), numbers="", **floats_only("igammac_cpu"),
)  # fmt: skip
def igammac(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The regularized upper incomplete gamma function, ``1 - igamma(input, other)``; the derivative
    by ``other`` is that of ``igamma`` with the other sign.

    Shapes broadcast. Needs SciPy.

    Raises:
        ImportError: SciPy is not installed.
        NotImplementedError: the dtype is not floating.

    Example:
        >>> import minitorch
        >>> minitorch.igammac(minitorch.tensor([1.0]), minitorch.tensor([1.0]))
        tensor([0.3679])
    """
