"""Singular values and principal components of low rank, by random projections.

Follows Halko, Martinsson, Tropp, Finding structure with randomness (2009),
https://arxiv.org/abs/0909.4061
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..ops.decompositions import linalg_qr, linalg_svd
from ..ops.matmul import adjoint, matmul
from ..ops.reduction import mean
from .functions import randn

if TYPE_CHECKING:
    from .._tensor import Tensor

__all__ = ["pca_lowrank", "svd_lowrank"]


def _basis(A: Tensor, q: int, niter: int) -> Tensor:
    """Orthonormal columns that span most of what ``A`` reaches: algorithm 4.4."""
    R = randn(A.shape[-1], q, dtype=A.dtype)
    Q = linalg_qr(matmul(A, R)).Q
    for _ in range(niter):
        Q = linalg_qr(matmul(adjoint(A), Q)).Q
        Q = linalg_qr(matmul(A, Q)).Q
    return Q


def svd_lowrank(
    A: Tensor, q: int | None = 6, niter: int | None = 2, M: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """``(U, S, V)`` with ``A - M`` about ``U diag(S) V'``, of rank ``q``: algorithm 5.1.

    Args:
        niter: the number of power iterations, each of which makes it more exact.
    """
    q, niter = 6 if q is None else q, 2 if niter is None else niter
    m, n = A.shape[-2:]
    if M is not None:
        A = A - M.expand(A.shape)
    wide = m < n
    if wide:
        A = adjoint(A)
    Q = _basis(A, q, niter)
    U, S, Vh = linalg_svd(matmul(adjoint(Q), A), full_matrices=False)
    U, V = matmul(Q, U), adjoint(Vh)
    return (V, S, U) if wide else (U, S, V)


def pca_lowrank(
    A: Tensor, q: int | None = None, center: bool = True, niter: int = 2
) -> tuple[Tensor, Tensor, Tensor]:
    """``(U, S, V)``: the first ``q`` (6 at most by default) principal directions are the columns of
    ``V``.
    """
    m, n = A.shape[-2:]
    if q is None:
        q = min(6, m, n)
    elif not 0 <= q <= min(m, n):
        raise ValueError(
            f"q(={q}) must be non-negative integer and not greater than min(m, n)={min(m, n)}"
        )
    if not niter >= 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    if A.dtype.category < 2:
        raise TypeError(f"input dtype must be floating point, but is {A.dtype}")
    return svd_lowrank(A - mean(A, -2, True) if center else A, q, niter)
