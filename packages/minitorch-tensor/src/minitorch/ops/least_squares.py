"""Matrices without an inverse: rank, pseudo-inverse, least squares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import return_types
from ..autograd.out import castable
from ..autograd.primitive import primitive
from ..kernels import linalg as kernels
from .choice import where
from .creation import literal
from .decompositions import eigh, singular_values, symmetric_values, with_adjoints
from .inspection import is_tensor
from .linalg import matrices, one_dtype
from .matmul import adjoint, column, matmul, row, transposed
from .reduction import sum
from .shape import view_p

if TYPE_CHECKING:
    from .._tensor import Tensor

__all__ = ["pinverse"]


def threshold(A: Any, largest: Any, atol: Any, rtol: Any) -> Any:
    """Below it a singular value counts as zero: ``max(atol, rtol * largest)``."""
    if rtol is None:
        eps = float(np.finfo(A.dtype.numpy).eps) * max(A.shape[-2:])
        rtol = eps if atol is None else (atol <= 0) * eps
    limit = largest * rtol
    return limit if atol is None else maximum_p(limit, atol)


maximum_p = primitive(
    lambda a, b: np.maximum(a, b).astype(a.dtype), "a b", None, None, name="maximum"
)


def _spectrum(A: Any, hermitian: bool) -> Tensor:
    """The singular values, detached; of symmetric matrices the eigenvalues' absolute values."""
    A = A.detach()
    return abs(symmetric_values(A, "L")) if hermitian else singular_values(A)


@castable
def matrix_rank(
    input: Tensor,
    tol: Tensor | float | None = None,
    hermitian: bool = False,
    *,
    atol: Tensor | float | None = None,
    rtol: Tensor | float | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """How many singular values are larger than ``max(atol, rtol * largest)``, int64."""
    matrices("linalg.matrix_rank", input)
    if tol is not None:
        atol, rtol = tol, 0.0
    s = _spectrum(input, hermitian)
    if not s.shape[-1]:
        return sum(s, -1).long()
    largest = s.amax(-1, keepdim=True)
    atol, rtol = (column(t) if is_tensor(t) and t.ndim else t for t in (atol, rtol))
    large: Tensor = s > threshold(input, largest, atol, rtol)
    return large.sum(-1)


def _pinv(x: Any, limit: Any) -> Any:
    u, s, vh = kernels.svd(x, False)
    large = s > limit
    scaled = np.where(large, 1 / np.where(large, s, 1), 0).astype(s.dtype)
    return np.matmul(vh.mT.conj() * scaled[..., None, :], u.mT.conj())


@with_adjoints
def _pinv_rule(g: Any, x: Any, out: Any) -> Any:
    # dp = -p dx p + p p' dx' (1 - x p) + (1 - p x) dx' p' p   (Golub and Pereyra 1973)
    pt, gt = adjoint(out), adjoint(g)
    first = gt @ out
    second = out @ gt
    return (first - x @ (out @ first)) @ pt + pt @ (second - (second @ out) @ x) - pt @ g @ pt


linalg_pinv_p = primitive(_pinv, "x limit", _pinv_rule, None, name="linalg_pinv")


@castable
def pinv(
    input: Tensor, rcond: Tensor | float | None = None, hermitian: bool = False, *,
    atol: Tensor | float | None = None, rtol: Tensor | float | None = None,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The pseudo-inverse; singular values up to ``max(atol, rtol * largest)`` count as zero."""
    matrices("linalg.pinv", input)
    rtol = rcond if rcond is not None else rtol
    if not input.shape[-1] or not input.shape[-2]:
        nothing: Tensor = transposed(input) * 1
        return nothing
    largest = _spectrum(input, hermitian).amax(-1, keepdim=True)
    atol, rtol = (column(t) if is_tensor(t) and t.ndim else t for t in (atol, rtol))
    if hermitian:  # Q diag(1 / values) Q', of the lower triangle
        values, vectors = eigh(input)
        kept = abs(values.detach()) > threshold(input, largest, atol, rtol)
        inverses = where(kept, 1 / where(kept, values, 1), 0)
        return matmul(vectors * row(inverses), adjoint(vectors))
    return linalg_pinv_p(input, threshold(input, largest, atol, rtol))


def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """The pseudo-inverse; singular values up to ``rcond * largest`` count as zero."""
    return pinv(input, rcond)


def lstsq(
    input: Tensor,
    b: Tensor,
    rcond: float | None = None,
    *,
    driver: str | None = None,
    out: tuple[Tensor, Tensor, Tensor, Tensor] | None = None,
) -> return_types.linalg_lstsq:
    """The ``X`` that makes ``input X - b`` smallest: ``(solution, residuals, rank,
    singular_values)``.

    As with PyTorch's drivers, "gelsy" (the default) gives the rank, "gels" the squared residuals of
    full rank, "gelsd" and "gelss" all of them; what is not given is empty.
    """
    if input.ndim < 2:
        raise RuntimeError("torch.linalg.lstsq: input must have at least 2 dimensions.")
    matrices("linalg.lstsq", input)
    one_dtype("linalg.lstsq", input, b)
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(
            "torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss), "
            f"not {driver}"
        )
    # LAPACK's: gels takes the rank to be full, the singular values' drivers eps for no tolerance
    if driver == "gels":
        rcond = None
    elif rcond is not None and driver in ("gelsd", "gelss"):
        if rcond < 0 or (driver == "gelsd" and not 0 < rcond < 1):
            rcond = float(np.finfo(input.dtype.numpy).eps)
    vector = input.ndim == b.ndim + 1
    target = column(b) if vector else b
    X = matmul(pinv(input, rcond), target)
    empty = literal(np.zeros(0, input.dtype.numpy))
    rank = literal(np.zeros(0, np.int64)) if driver == "gels" else matrix_rank(input, rtol=rcond)
    m, n = input.shape[-2:]
    residuals, values = empty, empty
    if driver in ("gels", "gelsd", "gelss") and m > n and bool((rank == n).all()):  # [] of gels
        difference = matmul(input, X) - target
        residuals = sum(abs(difference) ** 2, -2)
    if driver in ("gelsd", "gelss"):
        values = singular_values(input).detach()
    solution = view_p(X, X.shape[:-1]) if vector else X
    return return_types.linalg_lstsq(solution, residuals, rank, values)
