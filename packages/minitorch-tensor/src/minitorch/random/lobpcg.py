"""A few of the largest or smallest eigenvalues of a symmetric matrix: LOBPCG.

Follows Knyazev, Toward the optimal preconditioned eigensolver (2001),
https://doi.org/10.1137/S1064827500366124
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._types.dtype import finfo
from ..autograd.grad_mode import no_grad
from ..ops.broadcasting import broadcast_shapes
from ..ops.decompositions import eigh, linalg_cholesky
from ..ops.joining import cat, stack
from ..ops.linalg import solve_triangular
from ..ops.matmul import matmul, transposed
from ..ops.matrix_norm import matrix_norm
from ..ops.vector_norm import vector_norm
from .functions import randn

if TYPE_CHECKING:
    from .._tensor import Tensor

__all__ = ["lobpcg"]


def lobpcg(
    A: Tensor, k: int | None = None, B: Tensor | None = None, X: Tensor | None = None,
    n: int | None = None, iK: Tensor | None = None, niter: int | None = None,
    tol: float | None = None, largest: bool | None = None, method: str | None = None,
    tracker: Callable[[Any], None] | None = None, ortho_iparams: dict[str, int] | None = None,
    ortho_fparams: dict[str, float] | None = None, ortho_bparams: dict[str, bool] | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """``k`` eigenvalues of ``A x = e B x`` and their vectors, as columns.

    Where gradients are asked for all eigenvalues are computed, by ``linalg.eigh``.

    Args:
        A: (*, m, m), symmetric.
        k: by default as many as ``X`` has columns, or 1.
        B: positive-definite, the identity by default.
        X: (*, m, n), where the search begins; random by default.
        iK: about the inverse of ``A``, which makes the search quicker.
        niter: the most iterations; none given or -1, as many as it takes.
        tol: the error, relative to ``A`` and ``B``, by default the root of the dtype's epsilon.
        largest: the largest eigenvalues (default) or the smallest.

    Raises:
        ValueError: ``m < 3 n``.
        NotImplementedError: ``tracker`` or parameters of the orthogonalization are given.

    Example:
        >>> import minitorch
        >>> A = minitorch.diag(minitorch.arange(1.0, 10.0))
        >>> E, X = minitorch.lobpcg(A, k=2)
        >>> [round(e, 3) for e in E.tolist()]
        [9.0, 8.0]
    """
    if tracker is not None or ortho_iparams or ortho_fparams or ortho_bparams:
        raise NotImplementedError("lobpcg: tracker and ortho_*params are not supported")
    if method not in (None, "basic", "ortho"):
        raise ValueError(f"lobpcg: method is 'basic' or 'ortho', not {method!r}")
    m = A.shape[-1]
    k = (1 if X is None else X.shape[-1]) if k is None else k
    n = X.shape[-1] if X is not None else k if n is None else n
    if m < 3 * n:
        raise ValueError(
            f"LPBPCG algorithm is not applicable when the number of A rows (={m}) is smaller than "
            f"3 x the number of requested eigenpairs (={n})"
        )
    largest = largest is not False
    if A.requires_grad or (B is not None and B.requires_grad):
        return _of_all(A, B, k, largest)
    tol = finfo(A.dtype).eps ** 0.5 if tol is None else tol
    limit = 1000 if niter is None or niter < 0 else niter
    if A.ndim == 2:
        start = randn(m, n, dtype=A.dtype) if X is None else X
        return _search(A, B, start, iK, k, largest, tol, limit)
    batch = broadcast_shapes(A.shape[:-2], () if B is None else B.shape[:-2])
    start = randn(*batch, m, n, dtype=A.dtype) if X is None else X.expand(*batch, m, n)
    count = math.prod(batch)

    def rows(x: Any) -> list[Any]:
        if x is None:
            return [None] * count
        return list(x.expand(*batch, *x.shape[-2:]).reshape(count, *x.shape[-2:]))

    each = [
        _search(a, b, x, inverse, k, largest, tol, limit)
        for a, b, x, inverse in zip(rows(A), rows(B), rows(start), rows(iK), strict=True)
    ]
    values, vectors = (stack(list(found)) for found in zip(*each, strict=True))
    return values.reshape(*batch, k), vectors.reshape(*batch, m, k)


def _of_all(A: Tensor, B: Tensor | None, k: int, largest: bool) -> tuple[Tensor, Tensor]:
    """From all eigenvalues of ``L^-1 A L'^-1`` with ``B = L L'``."""
    L = None if B is None else linalg_cholesky(B)
    if L is not None:
        half = solve_triangular(L, A, upper=False)
        A = solve_triangular(L, transposed(half), upper=False)
    values, vectors = eigh((A + transposed(A)) / 2)
    if largest:
        values, vectors = values.flip(-1), vectors.flip(-1)
    values, vectors = values[..., :k], vectors[..., :k]
    if L is not None:
        vectors = solve_triangular(transposed(L), vectors, upper=True)
    return values, vectors


@no_grad()
def _search(
    A: Any, B: Any, X: Any, iK: Any, k: int, largest: bool, tol: float, limit: int
) -> tuple[Tensor, Tensor]:
    n = X.shape[1]
    size_a = matrix_norm(A)
    size_b = 1.0 if B is None else matrix_norm(B)
    values, C = _ritz(A, B, X, n, largest)
    X, P = matmul(X, C), None
    for _ in range(limit):
        BX = X if B is None else matmul(B, X)
        R = matmul(A, X) - BX * values
        error = vector_norm(R, 2, 0) / (vector_norm(X, 2, 0) * (size_a + abs(values) * size_b))
        if bool((error[:k] < tol).all()):
            break
        W = R if iK is None else matmul(iK, R)
        S = cat([X, W] if P is None else [X, W, P], 1)
        values, C = _ritz(A, B, S, n, largest)
        P = matmul(S[:, n:], C[n:])
        X = matmul(S, C)
    return values[:k], X[:, :k]


def _ritz(A: Any, B: Any, S: Any, n: int, largest: bool) -> tuple[Any, Any]:
    """The ``n`` best eigenvalues within the span of ``S``, and their vectors' coordinates there."""
    S_t = transposed(S)
    scale = vector_norm(S, 2, 0)
    gram = matmul(S_t, S if B is None else matmul(B, S)) / (scale[:, None] * scale)
    lengths, basis = eigh(gram)
    kept = lengths > lengths[-1] * finfo(S.dtype).eps * 10
    basis = basis[:, kept] / lengths[kept].sqrt() / scale[:, None]
    values, vectors = eigh(matmul(transposed(basis), matmul(matmul(S_t, matmul(A, S)), basis)))
    if largest:
        values, vectors = values.flip(0), vectors.flip(1)
    return values[:n], matmul(basis, vectors[:, :n])
