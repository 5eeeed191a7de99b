"""Matrices without an inverse: rank, pseudo-inverse, least squares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import return_types
from ..autograd.out import castable
from ..autograd.primitive import primitive
from ..autograd.variable import wrap
from ..kernels import linalg as kernels
from .decompositions import singular_values, symmetric_values, with_adjoints
from .inspection import is_tensor
from .linalg import matrices, one_dtype
from .matmul import adjoint, column, matmul, transposed
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
    A: Tensor,
    tol: Tensor | float | None = None,
    hermitian: bool = False,
    *,
    atol: Tensor | float | None = None,
    rtol: Tensor | float | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """How many singular values are larger than ``max(atol, rtol * largest)``, int64."""
    matrices("linalg.matrix_rank", A)
    if tol is not None:
        atol, rtol = tol, 0.0
    s = _spectrum(A, hermitian)
    if not s.shape[-1]:
        return sum(s, -1).long()
    largest = s.amax(-1, keepdim=True)
    atol, rtol = (column(t) if is_tensor(t) and t.ndim else t for t in (atol, rtol))
    large: Tensor = s > threshold(A, largest, atol, rtol)
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
    A: Tensor, rcond: Tensor | float | None = None, hermitian: bool = False, *,
    atol: Tensor | float | None = None, rtol: Tensor | float | None = None,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The pseudo-inverse; singular values up to ``max(atol, rtol * largest)`` count as zero."""
    matrices("linalg.pinv", A)
    rtol = rcond if rcond is not None else rtol
    if not A.shape[-1] or not A.shape[-2]:
        nothing: Tensor = transposed(A) * 1
        return nothing
    largest = _spectrum(A, hermitian).amax(-1, keepdim=True)
    atol, rtol = (column(t) if is_tensor(t) and t.ndim else t for t in (atol, rtol))
    return linalg_pinv_p(A, threshold(A, largest, atol, rtol))


def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """The pseudo-inverse; singular values up to ``rcond * largest`` count as zero."""
    return pinv(input, rcond)


def lstsq(
    A: Tensor,
    B: Tensor,
    rcond: float | None = None,
    *,
    driver: str | None = None,
    out: tuple[Tensor, Tensor, Tensor, Tensor] | None = None,
) -> return_types.linalg_lstsq:
    """The ``X`` that makes ``A X - B`` smallest: ``(solution, residuals, rank, singular_values)``.

    As with PyTorch's drivers, "gelsy" (the default) gives the rank, "gels" the squared residuals of
    full rank, "gelsd" and "gelss" all of them; what is not given is empty.
    """
    matrices("linalg.lstsq", A)
    one_dtype("linalg.lstsq", A, B)
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(
            "torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss), "
            f"not {driver}"
        )
    vector = A.ndim == B.ndim + 1
    target = column(B) if vector else B
    X = matmul(pinv(A, rcond), target)
    empty = wrap(np.zeros(0, A.dtype.numpy))
    rank = wrap(np.zeros(0, np.int64)) if driver == "gels" else matrix_rank(A, rtol=rcond)
    m, n = A.shape[-2:]
    residuals, values = empty, empty
    if driver in ("gels", "gelsd", "gelss") and m > n and bool((matrix_rank(A) == n).all()):
        difference = matmul(A, X) - target
        residuals = sum(difference * difference, -2)
    if driver in ("gelsd", "gelss"):
        values = singular_values(A).detach()
    solution = view_p(X, X.shape[:-1]) if vector else X
    return return_types.linalg_lstsq(solution, residuals, rank, values)
