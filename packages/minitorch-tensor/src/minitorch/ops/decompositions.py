"""Decompositions of matrices: Cholesky, QR, eigenvalues, singular values."""

from __future__ import annotations

import functools
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import return_types
from ..autograd.out import castable
from ..autograd.primitive import primitive
from ..autograd.variable import Variable
from ..kernels import lapack
from ..kernels import linalg as kernels
from .complex_parts import complex_valued
from .diagonals import diagonal_p
from .linalg import (
    constant,
    linalg_solve_p,
    linalg_solve_triangular_p,
    matrices,
    one_dtype,
    square,
    triangle,
)
from .matmul import adjoint, column, row, transposed
from .shape import contiguous

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._tensor import Tensor
    from ..autograd.primitive import Operation

__all__ = ["cholesky", "cholesky_inverse", "cholesky_solve", "qr", "svd"]


def eye(x: Any, n: int, m: int | None = None) -> Any:
    """An identity that can be multiplied with ``x``."""
    return constant(np.eye(n, m), x)


def with_adjoints(rule: Callable[..., Any]) -> Callable[..., Any]:
    """A rule written, as the papers do, for gradients that are the conjugates of the engine's."""

    @functools.wraps(rule)
    def conjugated(g: Any, *saved: Any) -> Any:
        gs = tuple(each.conj() for each in g) if isinstance(g, tuple) else g.conj()
        return rule(gs, *saved).conj()

    return conjugated


def _diagonal(x: Any) -> Any:
    return diagonal_p(x, 0, -2, -1)


def phase_free(name: str, phases: Any) -> None:
    """Raises where a loss depends on the phases of complex vectors, which are arbitrary.

    ``phases`` are the derivatives by them.
    """
    values = phases._data if isinstance(phases, Variable) else phases
    if values.size and np.abs(values).max() > 1e-2:
        raise RuntimeError(
            f"{name}_backward: The vectors in the complex case are specified up to multiplication "
            "by e^{i phi}. The specified loss function depends on this quantity, so it is "
            "ill-defined."
        )


# --- Cholesky ------------------------------------------------------------------------------------


@with_adjoints
def _cholesky_rule(g: Any, out: Any, upper: bool) -> Any:
    # da = L'^-1 phi(L' g) L^-1 / 2, phi: the lower triangle on both sides
    # (Murray 2016, https://arxiv.org/abs/1602.07527)
    if upper:
        g, out = adjoint(g), adjoint(out)
    lt = adjoint(out)
    low = triangle(lt @ g, False)
    phi = low + adjoint(low - low * eye(g, g.shape[-1]))
    left = linalg_solve_triangular_p(lt, phi, True, False)
    return adjoint(linalg_solve_triangular_p(lt, adjoint(left), True, False)) * 0.5


def _upper_of(x: Any, upper: bool, factor: Callable[..., Any]) -> Any:
    return adjoint(factor(adjoint(x))) if upper else factor(x)


linalg_cholesky_ex_p = primitive(
    lambda x, upper, name: _upper_of(x, upper, lambda x: kernels.cholesky(x, name)),
    "x | upper name", _cholesky_rule, name="linalg_cholesky_ex",
)  # fmt: skip


def _cholesky_or_nan(x: Any) -> Any:
    good = _definite(x) == 0
    safe = np.where(good[..., None, None], x, np.eye(x.shape[-1], dtype=x.dtype))
    return np.where(good[..., None, None], lapack.cholesky(safe), np.nan).astype(x.dtype)


def _definite(x: Any) -> Any:
    def order(matrix: Any) -> int:
        k = 1
        while k < len(matrix) and kernels._positive(matrix[:k, :k]):
            k += 1
        return k

    return kernels.info(lapack.cholesky, x, order)


cholesky_or_nan_p = primitive(
    lambda x, upper: _upper_of(x, upper, _cholesky_or_nan), "x | upper", _cholesky_rule,
    name="cholesky_or_nan", label="LinalgCholeskyExBackward0",
)  # fmt: skip
linalg_cholesky_ex_info_p = primitive(_definite, "x", None, name="linalg_cholesky_ex_info")


def linalg_cholesky(input: Tensor, *, upper: bool = False, out: Tensor | None = None) -> Tensor:
    """The lower triangular ``L`` of ``input = L L'`` (with ``upper``, the upper one of ``U' U``).

    Raises:
        LinAlgError: a matrix is not positive-definite.
    """
    square("linalg.cholesky", input)
    return linalg_cholesky_ex_p(input, upper, "linalg.cholesky")


@castable
def cholesky(input: Tensor, upper: bool = False, *, out: Tensor | None = None) -> Tensor:
    """The Cholesky factor of positive-definite matrices."""
    warnings.warn(
        "torch.cholesky is deprecated in favor of torch.linalg.cholesky and will be removed in a "
        "future PyTorch release.",
        stacklevel=2,
    )
    square("cholesky", input)
    return linalg_cholesky_ex_p(input, upper, "cholesky")


def cholesky_ex(
    input: Tensor,
    *,
    upper: bool = False,
    check_errors: bool = False,
    out: tuple[Tensor, Tensor] | None = None,
) -> return_types.linalg_cholesky_ex:
    """``(L, info)``: ``info`` is 0 where the factor exists; elsewhere that is nan."""
    square("linalg.cholesky_ex", input)
    if check_errors:
        L = linalg_cholesky_ex_p(input, upper, "linalg.cholesky_ex")
    else:
        L = cholesky_or_nan_p(input, upper)
    return return_types.linalg_cholesky_ex(
        L, linalg_cholesky_ex_info_p(transposed(input) if upper else input)
    )


def _cholesky_solve(B: Any, L: Any, upper: bool) -> Any:
    L = adjoint(L) if upper else L
    half = kernels.solve_triangular(L, B, False, False)
    return kernels.solve_triangular(adjoint(L), half, True, False)


def _factor_rule(common: Any, L: Any, upper: bool) -> Any:
    """The gradient by L (U) of a function whose gradient by L L' (U' U) is -``common`` / 2.

    As PyTorch's, that of the whole matrix: the triangle that is not read is not masked.
    """
    return -(L @ common if upper else common @ L)


@with_adjoints
def _cholesky_solve_rule(g: Any, L: Any, out: Any, upper: bool) -> Any:
    product = cholesky_solve_p(g, L, upper) @ adjoint(out)
    return _factor_rule(product + adjoint(product), L, upper)


@with_adjoints
def _cholesky_inverse_rule(g: Any, L: Any, out: Any, upper: bool) -> Any:
    return _factor_rule(out @ (g + adjoint(g)) @ out, L, upper)


cholesky_solve_p: Operation = primitive(
    _cholesky_solve,
    "B L | upper",
    with_adjoints(lambda g, L, upper: cholesky_solve_p(g, L, upper)),
    _cholesky_solve_rule,
    name="cholesky_solve",
)
cholesky_inverse_p = primitive(
    lambda L, upper: _cholesky_solve(np.eye(L.shape[-1], dtype=L.dtype), L, upper),
    "L | upper",
    _cholesky_inverse_rule,
    name="cholesky_inverse",
)


@castable
def cholesky_solve(
    input: Tensor, input2: Tensor, upper: bool = False, *, out: Tensor | None = None
) -> Tensor:
    """The solution of ``A X = input`` from the Cholesky factor of ``A``."""
    square("cholesky_solve", input2)
    one_dtype("cholesky_solve", input, input2)
    return cholesky_solve_p(input, input2, upper)


@castable
def cholesky_inverse(input: Tensor, upper: bool = False, *, out: Tensor | None = None) -> Tensor:
    """The inverse of ``A`` from its Cholesky factor."""
    square("cholesky_inverse", input)
    return cholesky_inverse_p(input, upper)


# --- QR ------------------------------------------------------------------------------------------


def _qr(x: Any, mode: Any) -> tuple[Any, Any]:
    if mode == "r":
        return np.zeros(0, x.dtype), np.linalg.qr(x, "r")
    q, r = np.linalg.qr(x, mode)
    return q, r


@with_adjoints
def _qr_rule(g: Any, q: Any, r: Any, mode: str) -> Any:
    if mode == "r":
        raise RuntimeError(
            "The derivative of linalg.qr depends on Q, which is not computed when in mode='r'. "
            "Please use linalg.qr(A, mode='reduced') if you are going to require gradients through "
            "linalg.qr."
        )
    m, n = q.shape[-2], r.shape[-1]
    if mode == "complete" and m > n:
        raise RuntimeError(
            "The QR decomposition is not differentiable when mode='complete' and nrows > ncols"
        )
    gq, gr = g
    if m < n:  # a = [a1 a2], q r1 = a1, r2 = q' a2
        first, rest = eye(g[0], m, n), constant((np.arange(n, dtype=np.int64) >= m)[None, :], g[0])
        gq = gq + q @ (r * rest) @ adjoint(gr)
        return (
            _qr_square(gq, gr @ transposed(first), q, r @ transposed(first)) @ first
            + (q @ gr) * rest
        )
    return _qr_square(gq, gr, q, r)


def _qr_square(gq: Any, gr: Any, q: Any, r: Any) -> Any:
    # (gq + q sym(r gr' - gq' q)) r'^-1, sym: the lower triangle on both sides
    # (Walter and Lehmann 2010, https://arxiv.org/abs/1009.6112)
    low = triangle(r @ adjoint(gr) - adjoint(gq) @ q, False)
    sym = low + adjoint(low)
    sym = sym - sym * (eye(low, low.shape[-1]) * 0.5)
    return adjoint(linalg_solve_triangular_p(r, adjoint(gq + q @ sym), True, False))


linalg_qr_p = primitive(
    _qr, "x | mode -> q r", joint=lambda g, q, r, mode: (_qr_rule(g, q, r, mode),),
    name="linalg_qr",
)  # fmt: skip


def linalg_qr(
    A: Tensor, mode: str = "reduced", *, out: tuple[Tensor, Tensor] | None = None
) -> return_types.linalg_qr:
    """``Q`` with orthonormal columns and an upper triangular ``R``, ``A = Q R``.

    ``mode`` is "reduced", "complete" (a square Q) or "r" (R alone, Q is empty; no gradient).
    """
    matrices("linalg.qr", A)
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', "
            "or 'complete'"
        )
    return return_types.linalg_qr(*linalg_qr_p(A, mode))


def qr(
    input: Tensor, some: bool = True, *, out: tuple[Tensor, Tensor] | None = None
) -> return_types.qr:
    """The QR decomposition, reduced or (``some=False``) complete."""
    warnings.warn(
        "torch.qr is deprecated in favor of torch.linalg.qr and will be removed in a future "
        "PyTorch release: some=False is mode='complete' there.",
        stacklevel=2,
    )
    matrices("qr", input)
    return return_types.qr(*linalg_qr_p(input, "reduced" if some else "complete"))


# --- eigenvalues ---------------------------------------------------------------------------------


def _over(numerator: Any, gap: Any) -> Any:
    """``numerator / gap``, 0 where both are: equal eigenvalues whose vectors are not used."""
    return numerator / (gap + (gap == 0) * (numerator == 0))


@with_adjoints
def _eigh_rule(g: Any, values: Any, vectors: Any) -> Any:
    # v (diag(gl) + sym((v' gv) / gap)) v', gap_ij = l_j - l_i  (Giles 2008)
    gl, gv = g
    one = eye(gl, gl.shape[-1])
    vt = adjoint(vectors)
    a = vt @ gv
    if complex_valued(a):
        phase_free("linalg_eigh", _diagonal(a).imag)
    gap = row(values) - column(values) + one
    off = _over(a * (1 - one), gap)
    return vectors @ ((off + adjoint(off)) * 0.5 + row(gl) * one) @ vt


linalg_eigh_p = primitive(
    kernels.eigh, "x | uplo -> values vectors",
    joint=lambda g, values, vectors: (_eigh_rule(g, values, vectors),),
    name="linalg_eigh",
)  # fmt: skip


def symmetric_values(A: Any, uplo: str) -> Tensor:
    return linalg_eigh_p(A, uplo)[0]


def triangle_name(UPLO: str) -> str:
    if UPLO.upper() not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    return UPLO.upper()


def eigh(
    input: Tensor, UPLO: str = "L", *, out: tuple[Tensor, Tensor] | None = None
) -> return_types.linalg_eigh:
    """Eigenvalues, ascending, and orthonormal eigenvectors (columns) of symmetric matrices.

    Only the lower (``UPLO="U"``: upper) triangle is read. The gradient through the vectors is not
    finite where eigenvalues are equal.
    """
    square("linalg.eigh", input)
    return return_types.linalg_eigh(*linalg_eigh_p(input, triangle_name(UPLO)))


def eigvalsh(input: Tensor, UPLO: str = "L", *, out: Tensor | None = None) -> Tensor:
    """The eigenvalues of symmetric matrices, ascending."""
    square("linalg.eigvalsh", input)
    return symmetric_values(input, triangle_name(UPLO))


def _complex_of(x: Any) -> Any:
    return x.astype(np.result_type(x.dtype, np.complex64), copy=False)


def _eig(x: Any) -> tuple[Any, Any]:
    values, vectors = np.linalg.eig(x)
    return _complex_of(values), _complex_of(vectors)


@with_adjoints
def _eig_rule(g: Any, values: Any, vectors: Any, x_dtype: Any) -> Any:
    # v'^-1 (diag(gl) + (v' gv - v' v diag(Re(v' gv))) / conj(gap)) v', gap_ij = l_j - l_i; the
    # second term keeps the columns of v at length 1 (Boeddeker et al. 2017)
    gl, gv = g
    one = eye(gl, gl.shape[-1])
    vt = adjoint(vectors)
    a = vt @ gv
    phase_free("linalg_eig", _diagonal(a).imag)
    gap = (row(values) - column(values)).conj() + one
    inner = _over((a - vt @ vectors * row(_diagonal(a).real)) * (1 - one), gap)
    made = linalg_solve_p(vt, (inner + row(gl) * one) @ vt)
    return made if x_dtype.kind == "c" else made.real


linalg_eig_p = primitive(
    _eig, "x -> values vectors",
    joint=lambda g, values, vectors, x_dtype: (_eig_rule(g, values, vectors, x_dtype),),
    name="linalg_eig",
)  # fmt: skip


def eig(input: Tensor, *, out: tuple[Tensor, Tensor] | None = None) -> return_types.linalg_eig:
    """Eigenvalues and eigenvectors (columns of length 1) of square matrices, always complex.

    The gradient is not finite where eigenvalues are equal. A loss must not depend on the phases of
    the vectors, which are arbitrary.
    """
    square("linalg.eig", input)
    return return_types.linalg_eig(*linalg_eig_p(input))


def eigvals(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The eigenvalues of square matrices, always complex."""
    return eig(input).eigenvalues


# --- singular values -----------------------------------------------------------------------------


@with_adjoints
def _svd_rule(g: Any, u: Any, s: Any, vh: Any) -> Any:
    # with u = U, v = V and gap_ij = s_j^2 - s_i^2 (Townsend 2016, Differentiating the SVD):
    # u (skew(u' gu) / gap S + S skew(v' gv) / gap + diag(gs + i Im(u' gu) / S)) v'
    #   + (1 - u u') gu S^-1 v' + u S^-1 gv' (1 - v v')
    gu, gs, gvh = g
    k, m, n = s.shape[-1], u.shape[-2], vh.shape[-1]
    if u.shape[-1] > k or vh.shape[-2] > k:  # full matrices: the rest spans a space, no more
        u, gu, vh, gvh = u[..., :k], gu[..., :k], vh[..., :k, :], gvh[..., :k, :]
    one = eye(s, k)
    ut, v = adjoint(u), adjoint(vh)
    a, b = ut @ gu, adjoint(gvh @ v)
    gap = row(s) * row(s) - column(s) * column(s) + one
    left, right = a - adjoint(a), b - adjoint(b)
    inner = _over(left * (1 - one), gap) * row(s) + column(s) * _over(right * (1 - one), gap)
    inner = inner + row(gs) * one
    if complex_valued(a):
        phase_free("svd", _diagonal(a + b).imag)
        inner = inner + _over(left * one, row(s) * 2)
    made = u @ inner @ vh
    if m > k:
        made = made + _over(gu - u @ a, row(s)) @ vh
    if n > k:
        made = made + u @ _over(gvh - adjoint(b) @ vh, column(s))
    return made


linalg_svd_p = primitive(
    kernels.svd, "x | full_matrices -> u s vh", joint=lambda g, u, s, vh: (_svd_rule(g, u, s, vh),),
    name="linalg_svd",
)  # fmt: skip


def singular_values(A: Any) -> Tensor:
    return linalg_svd_p(A, False)[1]


def no_driver(name: str, driver: str | None) -> None:
    """Raises PyTorch's error where ``driver`` names one of cuSOLVER's."""
    if driver is not None:
        raise RuntimeError(
            f"torch.{name}: keyword argument `driver=` is only supported on CUDA inputs with "
            "cuSOLVER backend."
        )


def linalg_svd(
    A: Tensor,
    full_matrices: bool = True,
    *,
    driver: str | None = None,
    out: tuple[Tensor, Tensor, Tensor] | None = None,
) -> return_types.linalg_svd:
    """``U``, the singular values ``S`` (descending) and ``Vh``: ``A = U diag(S) Vh``.

    The gradient through U and Vh is not finite where singular values are equal, and with
    ``full_matrices`` none goes through the columns that belong to no singular value.
    """
    matrices("linalg.svd", A)
    no_driver("linalg.svd", driver)
    return return_types.linalg_svd(*linalg_svd_p(A, full_matrices))


def svdvals(A: Tensor, *, driver: str | None = None, out: Tensor | None = None) -> Tensor:
    """The singular values, descending."""
    matrices("linalg.svdvals", A)
    no_driver("linalg.svdvals", driver)
    return singular_values(A)


def svd(
    input: Tensor,
    some: bool = True,
    compute_uv: bool = True,
    *,
    out: tuple[Tensor, Tensor, Tensor] | None = None,
) -> return_types.svd:
    """``U``, ``S``, ``V``: ``input = U diag(S) V'``; without ``compute_uv`` zeros for U and V."""
    matrices("svd", input)
    if not compute_uv:
        m, n = input.shape[-2:]
        batch = tuple(input.shape[:-2])
        zeros = [constant(np.zeros((*batch, k, k)), input) for k in (m, n)]
        return return_types.svd(zeros[0], singular_values(input), zeros[1])
    U, S, Vh = linalg_svd_p(input, not some)
    return return_types.svd(U, S, contiguous(adjoint(Vh)))
