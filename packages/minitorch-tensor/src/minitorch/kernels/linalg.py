"""Matrix kernels: what NumPy's LAPACK calls need around them, and what NumPy lacks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import lapack
from .memory import packed

Array = Any


class LinAlgError(RuntimeError):
    """A matrix is singular, not positive-definite, or an iteration did not converge."""


def first_failure(function: Callable[..., Any], x: Array) -> tuple[str, Array]:
    """``"(Batch element 1): "`` and the first matrix that NumPy refuses."""
    for k, matrix in enumerate(x.reshape(-1, *x.shape[-2:])):
        try:
            function(matrix)
        except np.linalg.LinAlgError:
            return (f"(Batch element {k}): " if x.ndim > 2 else ""), matrix
    return "", x


def slogdet(x: Array) -> tuple[Array, Array]:
    sign, logabsdet = map(np.asarray, np.linalg.slogdet(x))
    if not np.isfinite(logabsdet).all():  # LAPACK also takes some matrices with nan for singular
        unknown = np.isnan(x).any((-2, -1))
        sign[unknown], logabsdet[unknown] = 0, np.nan
    return sign, logabsdet


def det(x: Array) -> Array:
    made = np.asarray(np.linalg.det(x))
    if not made.all():
        made[np.isnan(x).any((-2, -1))] = np.nan
    return made


def elimination(x: Array) -> tuple[Array, Array]:
    """``(lu, order)`` of one matrix: ``x[order] = l @ u``; columns without a pivot stay."""
    lu, order = np.array(x), np.arange(len(x), dtype=np.int64)
    for k in range(len(x)):
        p = k + int(np.argmax(np.abs(lu[k:, k])))
        if lu[p, k] == 0:
            continue
        lu[[k, p]], order[[k, p]] = lu[[p, k]], order[[p, k]]
        lu[k + 1 :, k] /= lu[k, k]
        lu[k + 1 :, k + 1 :] -= np.outer(lu[k + 1 :, k], lu[k, k + 1 :])
    return lu, order


def zero_pivot(x: Array) -> int:
    """The first diagonal element, counted from 1, that is zero in the elimination of ``x``."""
    zero = np.diagonal(elimination(x)[0]) == 0
    return int(np.argmax(zero)) + 1 if zero.any() else len(x)


def inv(x: Array) -> Array:
    try:
        return lapack.inv(x)
    except np.linalg.LinAlgError:
        where, matrix = first_failure(lapack.inv, x)
        raise LinAlgError(
            f"linalg.inv: {where}The diagonal element {zero_pivot(matrix)} is zero, the inversion "
            "could not be completed because the input matrix is singular."
        ) from None


def inv_or_inf(x: Array) -> Array:
    """The inverse; of singular matrices what division by their zero pivots gives, inf and nan."""
    try:
        return lapack.inv(x)
    except np.linalg.LinAlgError:
        n = x.shape[-1]
        made = np.empty_like(x)
        for matrix, out in zip(x.reshape(-1, n, n), made.reshape(-1, n, n), strict=True):
            lu, order = elimination(matrix)
            inverse_of_l = solve_triangular(lu, np.eye(n, dtype=x.dtype)[order], False, True)
            out[...] = solve_triangular(lu, inverse_of_l, True, False)
        return made


def solve(a: Array, b: Array) -> Array:
    """``x`` of ``a @ x = b``, matrices."""
    try:
        return packed(lapack.solve(a, b))
    except np.linalg.LinAlgError:
        where, _ = first_failure(lapack.inv, a)
        raise LinAlgError(
            f"torch.linalg.solve: {where}The solver failed because the input matrix is singular."
        ) from None


def solve_triangular(a: Array, b: Array, upper: bool, unitriangular: bool) -> Array:
    """``x`` of ``a @ x = b``, with one triangle of ``a`` alone; inf or nan where singular."""
    a = np.triu(a, 1 if unitriangular else 0) if upper else np.tril(a, -1 if unitriangular else 0)
    if unitriangular:
        a = a + np.eye(a.shape[-1], dtype=a.dtype)
    try:
        return lapack.solve(a, b)
    except np.linalg.LinAlgError:
        n = a.shape[-1]
        x = np.array(np.broadcast_to(b, np.matmul(a, b).shape))
        for k in range(n)[:: -1 if upper else 1]:
            known = slice(k + 1, n) if upper else slice(0, k)
            x[..., k, :] -= np.matmul(a[..., k : k + 1, known], x[..., known, :])[..., 0, :]
            x[..., k, :] /= a[..., k, k, None]
        return x


def cholesky(x: Array, name: str) -> Array:
    try:
        return lapack.cholesky(x)
    except np.linalg.LinAlgError:
        where, matrix = first_failure(lapack.cholesky, x)
        order = 1
        while order < len(matrix) and _positive(matrix[:order, :order]):
            order += 1
        raise LinAlgError(
            f"{name}: {where}The factorization could not be completed because the input is not "
            f"positive-definite (the leading minor of order {order} is not positive-definite)."
        ) from None


def _positive(x: Array) -> bool:
    try:
        lapack.cholesky(x)
    except np.linalg.LinAlgError:
        return False
    return True


def eigh(x: Array, uplo: Any) -> tuple[Array, Array]:
    try:
        values, vectors = lapack.eigh(x, UPLO=uplo)
        return values, vectors
    except np.linalg.LinAlgError:
        where, _ = first_failure(lapack.eigh, x)
        raise LinAlgError(
            f"linalg.eigh: {where}The algorithm failed to converge because the input matrix is "
            "ill-conditioned or has too many repeated eigenvalues."
        ) from None


def svd(x: Array, full_matrices: bool) -> tuple[Array, Array, Array]:
    try:
        u, s, vh = lapack.svd(x, full_matrices)
        return u, s, vh
    except np.linalg.LinAlgError:
        where, _ = first_failure(lapack.svd, x)
        raise LinAlgError(
            f"linalg.svd: {where}The algorithm failed to converge because the input matrix "
            "contained non-finite values."
        ) from None


def others(s: Array) -> Array:
    """For each element of the last dimension, the product of all others."""
    ones = np.ones_like(s[..., :1])
    before = np.cumprod(np.concatenate([ones, s[..., :-1]], -1), -1)
    after = np.cumprod(np.concatenate([ones, s[..., :0:-1]], -1), -1)[..., ::-1]
    return before * after


def _svd_or_nan(x: Array) -> tuple[Array, Array, Array]:
    """Of matrices that are not finite the singular values are nan."""
    try:
        u, s, vh = lapack.svd(x)
    except np.linalg.LinAlgError:
        finite = np.isfinite(x).all((-2, -1), keepdims=True)
        u, s, vh = lapack.svd(np.where(finite, x, np.eye(x.shape[-1], dtype=x.dtype)))
        s = np.where(finite[..., 0], s, s.dtype.type(np.nan))
    return u, s, vh


def cofactor(x: Array) -> Array:
    """The gradient of the determinant, ``det(x) * inv(x).T``, of singular matrices too.

    With ``x = U diag(s) Vh`` it is ``det(U) det(Vh) conj(U diag(c) Vh)``, where c_i is the product
    of the other s.
    """
    if not x.shape[-1]:
        return x
    u, s, vh = _svd_or_nan(x)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    u, vh = u.conj(), vh.conj()
    return np.matmul(u * (others(s) * sign[..., None])[..., None, :], vh)


def cofactor_gradient(g: Array, x: Array) -> Array:
    """The gradient of ``(g * cofactor(x)).sum()``.

    In the bases of the singular vectors, with p_ij the product of all s but s_i and s_j, the
    derivative of the cofactors along m is ``-p_ij m_ji``, on the diagonal ``sum_j p_ij m_jj`` over
    the j other than i.
    """
    n = x.shape[-1]
    if not n:
        return x
    u, s, vh = _svd_or_nan(x)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    u, vh = u.conj(), vh.conj()
    eye = np.eye(n, dtype=bool)
    p = others(np.where(eye, 1, s[..., None, :])) * ~eye
    m = np.matmul(np.matmul(u.mT, g), vh.mT)
    inner = -p * m.mT
    diagonal = np.matmul(p, np.diagonal(m, 0, -2, -1)[..., None])[..., 0]
    inner[..., range(n), range(n)] = diagonal
    return np.matmul(np.matmul(u, inner * sign[..., None, None]), vh)


# Coefficients of the numerator of the Padé approximant [13/13] of exp (Higham 2005).
PADE_13 = (
    64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0,
    129060195264000.0, 10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0, 40840800.0,
    960960.0, 16380.0, 182.0, 1.0,
)  # fmt: skip


def matrix_exp(x: Array) -> Array:
    """Scaling and squaring with a Padé approximant, in double precision.

    N. J. Higham, The scaling and squaring method for the matrix exponential revisited, 2005.
    """
    if not x.size:
        return x.copy()
    a = x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)
    finite = np.isfinite(a).all((-2, -1), keepdims=True)
    a = np.where(finite, a, 0)
    norm = np.abs(a).sum(-2).max(-1)
    powers = np.where(norm > 5.4, np.ceil(np.log2(np.maximum(norm, 1) / 5.371920351148152)), 0)
    powers = powers.astype(np.int64)
    a = a / np.exp2(powers)[..., None, None]
    b = PADE_13
    one = np.eye(a.shape[-1])
    a2 = a @ a
    a4 = a2 @ a2
    a6 = a2 @ a4
    odd = a6 @ (b[13] * a6 + b[11] * a4 + b[9] * a2)
    odd += b[7] * a6 + b[5] * a4 + b[3] * a2 + b[1] * one
    even = a6 @ (b[12] * a6 + b[10] * a4 + b[8] * a2)
    even += b[6] * a6 + b[4] * a4 + b[2] * a2 + b[0] * one
    odd = a @ odd
    made = lapack.solve(even - odd, even + odd)
    for k in range(int(powers.max(initial=0))):
        made = np.where((powers > k)[..., None, None], made @ made, made)
    return np.where(finite, made, np.nan).astype(x.dtype)


def info(function: Callable[[Array], Any], x: Array, failure: Callable[[Array], int]) -> Array:
    """Per matrix 0 or, where ``function`` fails, LAPACK's number for it."""
    count = math.prod(x.shape[:-2])
    found = np.zeros(count, np.int32)
    for k, matrix in enumerate(x.reshape(count, *x.shape[-2:])):
        try:
            function(matrix)
        except (LinAlgError, np.linalg.LinAlgError):
            found[k] = failure(matrix)
    return found.reshape(x.shape[:-2])
