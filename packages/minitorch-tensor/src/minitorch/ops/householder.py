"""QR by Householder's reflections, as LAPACK keeps it: Q = H_1 H_2 ..., H = 1 - tau v v'."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import return_types
from ..autograd.out import castable
from ..autograd.primitive import primitive
from ..kernels.memory import packed
from .conversion import not_differentiable
from .decompositions import eye
from .linalg import matrices, one_dtype, triangle
from .matmul import adjoint, matmul

if TYPE_CHECKING:
    from .._tensor import Tensor

__all__ = ["geqrf", "orgqr", "ormqr"]


def _geqrf(x: Any) -> tuple[Any, Any]:
    h, tau = np.linalg.qr(x, mode="raw")
    return packed(np.swapaxes(h, -1, -2)), tau


geqrf_p = primitive(_geqrf, "x -> a tau", not_differentiable("geqrf"), name="geqrf")


def geqrf(input: Tensor, *, out: tuple[Tensor, Tensor] | None = None) -> return_types.geqrf:
    """``(a, tau)``: ``R`` in the upper triangle of ``a``, the vectors of the reflections below
    it."""
    matrices("geqrf", input)
    return return_types.geqrf(*geqrf_p(input))


def _reflected(vectors: Any, tau: Any, x: Any, order: Any) -> Any:
    """``x`` under the reflections, one after the other."""
    if not tau.shape[-1]:  # no reflection, but the result is one of both
        x = x + (vectors.sum() + tau.sum()) * 0
    for k in order:
        v = vectors[..., k : k + 1]
        x = x - tau[..., k, None, None] * matmul(v, matmul(adjoint(v), x))
    return x


@castable
def householder_product(input: Tensor, tau: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The first columns of ``Q``, as many as ``input`` has: what ``geqrf`` gave, multiplied out."""
    name = "torch.linalg.householder_product"
    matrices(name, input)
    one_dtype(name, input, tau)
    m, n = input.shape[-2:]
    if n > m:
        raise RuntimeError(
            f"{name}: input.shape[-2] must be greater than or equal to input.shape[-1]"
        )
    if tau.shape[-1] > n:
        raise RuntimeError(
            f"{name}: input.shape[-1] must be greater than or equal to tau.shape[-1]"
        )
    if tuple(tau.shape[:-1]) != tuple(input.shape[:-2]):
        raise RuntimeError(
            f"{name}: Expected batch dimensions of tau to be equal to input.shape[:-2], but got "
            f"{list(tau.shape[:-1])}"
        )
    vectors = triangle(input, False, True) + eye(input, m, n)
    return _reflected(vectors, tau, eye(input, m, n), range(tau.shape[-1] - 1, -1, -1))  # type: ignore[no-any-return]  # a Tensor


def orgqr(input: Tensor, input2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``linalg.householder_product``, by LAPACK's name."""
    return householder_product(input, input2)


def ormqr(
    input: Tensor, input2: Tensor, input3: Tensor, left: bool = True, transpose: bool = False, *,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """``Q @ input3``, or ``input3 @ Q`` where not ``left``, with all columns of the ``Q`` of what
    ``geqrf`` gave, or of its transpose.
    """
    matrices("torch.ormqr", input)
    matrices("torch.ormqr", input3)
    one_dtype("torch.ormqr", input, input2)
    one_dtype("torch.ormqr", input, input3)
    m, n = input.shape[-2:]
    if input3.shape[-2 if left else -1] != m:
        side = -2 if left else -1
        raise RuntimeError(
            f"torch.ormqr: other.shape[{side}] must be equal to input.shape[-2]: the shapes are "
            f"{list(input3.shape)} and {list(input.shape)}"
        )
    vectors = triangle(input, False, True) + eye(input, m, n)
    count = range(input2.shape[-1])
    if left is transpose:  # h' = 1 - conj(tau) v v'
        input2 = input2.conj()
    if left:
        return _reflected(vectors, input2, input3, count if transpose else reversed(count))  # type: ignore[no-any-return]  # a Tensor
    turned = _reflected(vectors, input2, adjoint(input3), reversed(count) if transpose else count)
    return adjoint(turned)  # type: ignore[no-any-return]  # a Tensor
